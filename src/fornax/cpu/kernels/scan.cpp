#include <algorithm>
#include <cmath>
#include <limits>

#include <fornax/cpu/kernels/arithmetic.hpp>
#include <fornax/cpu/kernels/dispatch.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/kernels/runs.hpp>

namespace fornax::cpu {

namespace {

// Floats are accumulated in f64, integers as they are.
template <class T> using total_t = std::conditional_t<is_real<compute_t<T>>, double, T>;

template <class T> total_t<T> load(const std::byte* at) {
  return static_cast<total_t<T>>(static_cast<compute_t<T>>(*reinterpret_cast<const T*>(at)));
}
template <class T> void store(std::byte* at, total_t<T> value) {
  *reinterpret_cast<T*>(at) = static_cast<T>(static_cast<compute_t<T>>(value));
}

// The state of one running result. `next` takes the inputs at one place and gives the result there.
template <class T> struct RunningSum {
  using Result = T;
  total_t<T> sum{};
  total_t<T> next(total_t<T> x) { return sum = add(sum, x); }
};

template <class T> struct RunningProduct {
  using Result = T;
  total_t<T> product{1};
  total_t<T> next(total_t<T> x) { return product = mul(product, x); }
};

/// log(sum of exp) as the largest element so far and the sum relative to it.
template <class T> struct RunningLogSumExp {
  using Result = T;
  double largest = -std::numeric_limits<double>::infinity(), sum = 0;

  double next(double x) {
    if (x > largest) {
      sum = std::exp(largest - x) * sum + 1;
      largest = x;
    } else if (std::isinf(x) && x == largest) {
      sum = 1;  // inf - inf has no meaning; the result is that infinity
    } else {
      sum += std::exp(x - largest);  // NaN here, and from here on
    }
    return largest + std::log(sum);
  }
};

template <class T> struct RunningRecurrence {
  using Result = T;
  double y = 0;
  bool begun = false;

  double next(double a, double b) {
    y = begun && a != 0 ? a * y + b : b;
    begun = true;
    return y;
  }
};

template <class T, bool largest> struct RunningExtreme {
  using Result = std::int64_t;
  total_t<T> best{};
  std::int64_t place = -1, i = 0;

  std::int64_t next(total_t<T> x) {
    if (place < 0 || x != x || (best == best && (largest ? x >= best : x <= best))) {
      best = x;
      place = i;
    }
    ++i;
    return place;
  }
};

/// Runs State along a dim of N inputs of element type T. Neighbouring lanes advance together where the dim's elements
/// are not adjacent, so that whole cache lines are used.
template <class T, class State, std::size_t N>
void scan(const std::array<View, N>& x, const Array& y, int dim, bool reverse) {
  using R = typename State::Result;
  constexpr std::int64_t kLanes = 64;
  const Shape& shape = y.shape();
  const std::int64_t n = shape[dim];
  const auto d = static_cast<std::size_t>(dim);
  std::array<std::byte*, N + 1> data;
  std::array<const Strides*, N + 1> strides;
  std::array<std::size_t, N + 1> sizes;
  std::array<std::int64_t, N + 1> along;
  for (std::size_t i = 0; i <= N; ++i) {
    data[i] = i < N ? x[i].data : dense(y).data;
    strides[i] = i < N ? x[i].strides : &dense(y).strides;
    sizes[i] = i < N ? sizeof(T) : sizeof(R);
    along[i] = (*strides[i])[d] * static_cast<std::int64_t>(sizes[i]);
    if (reverse) {
      data[i] += along[i] * (n - 1);
      along[i] = -along[i];
    }
  }
  const std::int64_t group = (*strides[N])[d] == 1 ? 1 : kLanes;
  for_each_run<N + 1>(shape.with(dim, 1), data, strides, sizes, [&](auto at, const auto& step, std::int64_t lanes) {
    for (std::int64_t first = 0; first < lanes; first += group) {
      State states[kLanes] = {};
      const std::int64_t width = std::min(group, lanes - first);
      for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t l = 0; l < width; ++l) {
          const auto here = [&](std::size_t k) { return at[k] + (first + l) * step[k] + i * along[k]; };
          State& state = states[l];
          if constexpr (std::is_same_v<R, std::int64_t> && requires { state.place; })
            *reinterpret_cast<std::int64_t*>(here(N)) = state.next(load<T>(here(0)));
          else if constexpr (N == 1)
            store<R>(here(N), state.next(load<T>(here(0))));
          else
            store<R>(here(N), state.next(load<T>(here(0)), load<T>(here(1))));
        }
      }
    }
  });
}

}  // namespace

Array execute(const op::CumSum& op, const Spec& spec, Operands inputs) {
  const std::array<View, 1> x = {View(inputs[0].array())};
  const Array y = cpu_result(op.name(), spec, inputs);
  const int dim = checked_dim(op.name(), op.dim, spec.shape.rank());
  if (y.numel() == 0) return y;
  with_numeric_type(spec.dtype, [&]<class T>(T) { scan<T, RunningSum<T>>(x, y, dim, op.reverse); });
  return y;
}

Array execute(const op::Scan& op, const Spec& spec, Operands inputs) {
  const std::array<View, 1> x = {View(inputs[0].array())};
  const Array y = cpu_result(op.name(), spec, inputs);
  const int dim = checked_dim(op.name(), op.dim, spec.shape.rank());
  if (y.numel() == 0) return y;
  if (op.fn == ScanFn::Prod)
    with_numeric_type(spec.dtype, [&]<class T>(T) { scan<T, RunningProduct<T>>(x, y, dim, false); });
  else
    with_float_type(spec.dtype, [&]<class T>(T) { scan<T, RunningLogSumExp<T>>(x, y, dim, false); });
  return y;
}

Array execute(const op::Recurrence& op, const Spec& spec, Operands inputs) {
  const std::array<View, 2> x = {View(inputs[0].array()), View(inputs[1].array())};
  const Array y = cpu_result(op.name(), spec, inputs);
  const int dim = checked_dim(op.name(), op.dim, spec.shape.rank());
  if (y.numel() == 0) return y;
  with_float_type(spec.dtype, [&]<class T>(T) { scan<T, RunningRecurrence<T>>(x, y, dim, op.reverse); });
  return y;
}

Array execute(const op::ArgScan& op, const Spec& spec, Operands inputs) {
  const std::array<View, 1> x = {View(inputs[0].array())};
  const Array y = cpu_empty(op.name(), spec.shape, spec.dtype);
  const int dim = checked_dim(op.name(), op.dim, spec.shape.rank());
  if (y.numel() == 0) return y;
  with_numeric_type(x[0].dtype, [&]<class T>(T) {
    if (op.largest)
      scan<T, RunningExtreme<T, true>>(x, y, dim, false);
    else
      scan<T, RunningExtreme<T, false>>(x, y, dim, false);
  });
  return y;
}

}  // namespace fornax::cpu
