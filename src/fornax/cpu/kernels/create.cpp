#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>

#include <fornax/array/convert.hpp>
#include <fornax/array/dense.hpp>
#include <fornax/cpu/isa/random.hpp>
#include <fornax/cpu/kernels/dispatch.hpp>
#include <fornax/cpu/kernels/kernels.hpp>

namespace fornax::cpu {

namespace {

constexpr std::int64_t kChunk = 1024;  // random elements that are made at once

/// Element i of a chunk as a number on [0, 1): 24 bits of one word in float, 53 bits of two words in double.
template <class C> C unit(const std::uint32_t* words, std::int64_t i) {
  if constexpr (std::is_same_v<C, float>)
    return static_cast<float>(words[i] >> 8) * 0x1p-24f;
  else
    return static_cast<double>(((std::uint64_t{words[2 * i]} << 32) | words[2 * i + 1]) >> 11) * 0x1p-53;
}

/// The same on (0, 1], fit for a logarithm; in float from all 32 bits, because the smallest value bounds the normal tail.
template <class C> C positive_unit(const std::uint32_t* words, std::int64_t i) {
  if constexpr (std::is_same_v<C, float>)
    return (static_cast<float>(words[i]) + 1.0f) * 0x1p-32f;
  else
    return unit<double>(words, i) + 0x1p-53;
}

/// The largest number below `high` that a Float dtype stores.
double largest_below(double high, DType dtype) {
  double result = 0;
  with_float_type(dtype, [&]<class T>(T) {
    if constexpr (std::is_floating_point_v<T>) {
      result = static_cast<double>(std::nextafter(static_cast<T>(high), -std::numeric_limits<T>::infinity()));
    } else {
      T t(static_cast<float>(high));
      if ((t.bits & 0x7fff) == 0)
        t.bits = 0x8001;  // below either zero
      else
        t.bits = static_cast<std::uint16_t>(t.bits + (t.bits & 0x8000 ? 1 : -1));
      result = static_cast<double>(static_cast<float>(t));
    }
  });
  return result;
}

/// How a distribution turns the words of a chunk into its elements, computed as C.
template <class C> class Sampler {
 public:
  Sampler(const Distribution& d, DType dtype)
      : kind_(d.kind), whole_(is_int(dtype)), a_(static_cast<C>(d.a)), b_(static_cast<C>(d.b)) {
    if (kind_ != Distribution::Kind::Uniform) return;
    // Rounding must not reach `high`, which lies outside the interval.
    const double last = whole_ ? std::ceil(d.b) - 1 : is_float(dtype) ? largest_below(d.b, dtype) : d.b;
    first_ = whole_ ? std::floor(a_) : a_;
    last_ = std::max(first_, static_cast<C>(last));
  }

  void fill(const std::uint32_t* words, C* y, std::int64_t n) const {
    switch (kind_) {
      case Distribution::Kind::Uniform:
        for (std::int64_t i = 0; i < n; ++i) {
          const C u = unit<C>(words, i);
          const C v = a_ * (1 - u) + b_ * u;  // b - a may overflow
          y[i] = std::min(std::max(whole_ ? std::floor(v) : v, first_), last_);
        }
        break;
      case Distribution::Kind::Normal:
        // Box and Muller: two independent normal numbers from a radius and an angle.
        for (std::int64_t i = 0; i < n; i += 2) {
          const C radius = b_ * std::sqrt(-2 * std::log(positive_unit<C>(words, i)));
          const C angle = 2 * std::numbers::pi_v<C> * unit<C>(words, i + 1);
          y[i] = a_ + radius * std::cos(angle);
          y[i + 1] = a_ + radius * std::sin(angle);
        }
        break;
      case Distribution::Kind::Bernoulli:
        for (std::int64_t i = 0; i < n; ++i) y[i] = unit<C>(words, i) < a_ ? C(1) : C(0);
        break;
    }
  }

 private:
  Distribution::Kind kind_;
  bool whole_;
  C a_, b_, first_ = 0, last_ = 0;
};

/// Element i is a function of the draw and i alone. A block of Philox makes four elements in float or two in double.
template <class C> void random(const RandomSettings& settings, const Array& y) {
  constexpr std::int64_t per_block = std::is_same_v<C, float> ? 4 : 2;
  const Sampler<C> sampler(settings.distribution, y.dtype());
  const auto size = static_cast<std::int64_t>(size_of(y.dtype()));
  const RandomKernels& kernels = random_kernels(DType::F32, isa());
  std::uint32_t words[kChunk * 4 / per_block + kMostSurplus];
  C values[kChunk];
  for (std::int64_t start = 0; start < y.numel(); start += kChunk) {
    const std::int64_t n = std::min(kChunk, y.numel() - start);
    const std::uint64_t first = settings.draw.offset + static_cast<std::uint64_t>(start / per_block);
    const std::int64_t blocks = (n + per_block - 1) / per_block;
    kernels.words(settings.draw.seed, first, blocks, words);
    sampler.fill(words, values, n);
    convert_elements(reinterpret_cast<const std::byte*>(values), dtype_v<C>, dense(y).data + start * size, y.dtype(),
                     n);
  }
}

}  // namespace

Array execute(const op::Full& op, const Spec& spec, Operands) {
  Array y = cpu_empty(op.name(), spec.shape, spec.dtype);
  const bool real = op.value.kind == Scalar::Kind::Float;
  std::byte bits[sizeof(double)], element[sizeof(double)];
  if (real)
    std::memcpy(bits, &op.value.real, sizeof bits);
  else
    std::memcpy(bits, &op.value.integer, sizeof bits);
  convert_elements(bits, real ? DType::F64 : DType::I64, element, spec.dtype, 1);
  with_word(size_of(spec.dtype), [&]<class W>(W w) {
    std::memcpy(&w, element, sizeof w);
    std::fill_n(reinterpret_cast<W*>(dense(y).data), y.numel(), w);
  });
  return y;
}

Array execute(const op::Arange& op, const Spec& spec, Operands) {
  Array y = cpu_empty(op.name(), spec.shape, spec.dtype);
  with_numeric_type(spec.dtype, [&]<class T>(T) {
    auto* to = reinterpret_cast<T*>(dense(y).data);
    if constexpr (std::is_integral_v<T>) {
      const auto start = static_cast<std::uint64_t>(op.start.as_int()),
                 step = static_cast<std::uint64_t>(op.step.as_int());
      for (std::int64_t i = 0; i < op.count; ++i) to[i] = static_cast<T>(start + static_cast<std::uint64_t>(i) * step);
    } else {
      // In double, and by multiplication: a running sum would drift.
      const double start = op.start.as_double(), step = op.step.as_double();
      for (std::int64_t i = 0; i < op.count; ++i)
        to[i] = static_cast<T>(static_cast<compute_t<T>>(start + static_cast<double>(i) * step));
    }
  });
  return y;
}

Array execute(const op::Random& op, const Spec& spec, Operands) {
  Array y = cpu_empty(op.name(), spec.shape, spec.dtype);
  if (spec.dtype == DType::F64 || is_int(spec.dtype))
    random<double>(*op.settings, y);
  else
    random<float>(*op.settings, y);
  return y;
}

}  // namespace fornax::cpu
