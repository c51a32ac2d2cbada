#pragma once
// The samples of every operation in the index (ops.def) as cases that a test can run, vary and count.

#include <cmath>
#include <cstdint>
#include <iostream>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/array/tensor_data.hpp>
#include <fornax/cpu/cpu.hpp>
#include <fornax/cpu/tag.hpp>
#include <fornax/ops/functions.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::test {

using Random = std::mt19937_64;

/// One sample of an operation.
struct Case {
  Op op;
  std::vector<SampleInput> inputs;
  std::string_view page;  // the operation's name in the index
  int number;

  /// "Binary add 0: [2, 3] f64, [2, 3] f64".
  std::string label() const {
    std::string text = std::string(page) + " " + std::string(name(op)) + " " + std::to_string(number) + ":";
    for (const SampleInput& i : inputs) text += " " + i.shape.str() + " " + std::string(name(i.dtype));
    return text;
  }
};

template <class T> void add_cases(std::string_view page, std::vector<Case>& all) {
  int number = 0;
  for (const SampleOf<T>& s : T::samples()) all.push_back({s.op, s.inputs, page, number++});
}

/// Every sample of every operation.
inline const std::vector<Case>& all_cases() {
  static const std::vector<Case> cases = [] {
    std::vector<Case> all;
#define FORNAX_OP(name) add_cases<op::name>(#name, all);
#include <fornax/ops/ops.def>
#undef FORNAX_OP
    return all;
  }();
  return cases;
}

/// The names in the index; of those that are differentiable if `only_differentiable`.
inline std::set<std::string_view> pages(bool only_differentiable = false) {
  std::set<std::string_view> names;
  for (const Case& c : all_cases())
    if (!only_differentiable || differentiable(c.op)) names.insert(c.page);
  return names;
}

/// Counts what a check has run, and says so at the end: a check that skips everything is seen.
class Tally {
 public:
  explicit Tally(std::string check) : check_(std::move(check)) {}
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;
  ~Tally() {
    std::cout << "[ property ] " << check_ << ": " << runs_ << " runs, " << pairs_.size()
              << " (operation, sample) pairs, " << pages_.size() << " pages of the index\n";
  }
  void ran(const Case& c) {
    ++runs_;
    pairs_.insert({c.page, c.number});
    pages_.insert(c.page);
  }
  const std::set<std::string_view>& pages() const { return pages_; }

 private:
  std::string check_;
  int runs_ = 0;
  std::set<std::pair<std::string_view, int>> pairs_;
  std::set<std::string_view> pages_;
};

/// What the shape rule promises of each result.
inline Specs infer(const Op& op, Operands x) {
  return std::visit(
      [&]<class T>(const T& o) -> Specs {
        if constexpr (std::is_same_v<T, op::Custom>)
          throw ValueError("infer", "a custom operation has no shape rule");
        else
          return o.infer(x);
      },
      static_cast<const OpVariant&>(op));
}

inline std::vector<Operand> lend(const std::vector<Array>& x) { return {x.begin(), x.end()}; }
inline std::vector<Operand> give(std::vector<Array>& x) {
  std::vector<Operand> operands;
  for (Array& a : x) operands.emplace_back(std::move(a));
  return operands;
}

/// All results of an operation, one without inputs on the CPU.
inline std::vector<Array> execute(const Op& op, Operands x) {
  const Arrays y = x.empty() ? Cpu::interpreter().apply(op, x) : run_all(op, x);
  return {y.begin(), y.end()};
}

/// The elements of each array.
inline std::vector<TensorData> to_data(const std::vector<Array>& arrays) {
  std::vector<TensorData> data;
  for (const Array& a : arrays) data.push_back(a.to_data());
  return data;
}

inline Array upload(const TensorData& data) {
  return CpuBackend::instance().upload(data.dtype(), data.shape(), data.bytes(), {});
}
inline std::vector<Array> upload(const std::vector<TensorData>& data) {
  std::vector<Array> arrays;
  for (const TensorData& d : data) arrays.push_back(upload(d));
  return arrays;
}

/// A value under a decorator beside the same without: equal bits, but where the decorator records or follows the simpler
/// operations that a fused one lowers to, which round in other places.
inline void expect_same_value(const Op& op, const std::vector<TensorData>& got, const std::vector<TensorData>& plain) {
  ASSERT_EQ(got.size(), plain.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (lowers(op))
      EXPECT_NO_THROW(got[i].assert_approx_eq(plain[i], 1e-12, 1e-12));
    else
      EXPECT_EQ(got[i], plain[i]) << "the decorator changed the value";
  }
}

/// Evenly on [0, 1); the same on every standard library.
inline double uniform(Random& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

/// True for an input that holds positions, or codes of 8 bits.
inline bool is_index(const Op& op, std::size_t input) {
  const bool indexed =
      std::holds_alternative<op::Gather>(op) || std::holds_alternative<op::Scatter>(op) ||
      std::holds_alternative<op::Select>(op) || std::holds_alternative<op::SelectAssign>(op) ||
      std::holds_alternative<op::CrossEntropy>(op) || std::holds_alternative<op::CrossEntropyGrad>(op) ||
      std::holds_alternative<op::MeanCrossEntropy>(op) || std::holds_alternative<op::QuantizedLinear>(op);
  return indexed && input == 1;
}

/// Gives the matrices of row-major values their structure.
inline void impose(const SampleInput& input, std::vector<double>& values) {
  if (input.structure == Structure::None) return;
  const int rank = input.shape.rank();
  const auto rows = static_cast<std::size_t>(input.shape[rank - 2]),
             columns = static_cast<std::size_t>(input.shape[rank - 1]);
  for (std::size_t start = 0; start < values.size(); start += rows * columns) {
    for (std::size_t i = 0; i < std::min(rows, columns); ++i) {
      values[start + i * columns + i] += 2 + 1.5 * static_cast<double>(i);
      for (std::size_t j = 0; j < i && input.structure == Structure::Symmetric; ++j)
        values[start + i * columns + j] = values[start + j * columns + i];
    }
  }
}

/// Values for the inputs of a case. `apart` holds among all of them: a kink may lie where two inputs are equal.
inline std::vector<TensorData> draw(const Case& c, Random& random) {
  std::vector<TensorData> data;
  std::vector<double> taken{0.0};
  for (const SampleInput& input : c.inputs) {
    const auto n = static_cast<std::size_t>(input.shape.numel());
    if (is_float(input.dtype)) {
      std::vector<double> values(n);
      for (double& v : values) {
        const auto crowded = [&] {
          return std::any_of(taken.begin(), taken.end(), [&](double t) { return std::abs(v - t) < input.apart; });
        };
        do v = input.low + (input.high - input.low) * uniform(random);
        while (input.apart > 0 && crowded());
        taken.push_back(v);
      }
      impose(input, values);
      data.push_back(TensorData(values, input.shape).convert(input.dtype));
    } else {
      double low = std::ceil(input.low), high = std::max(std::ceil(input.high), low + 1);
      if (input.dtype == DType::U8) low = std::max(low, 0.0);
      if (input.dtype == DType::Bool) low = 0, high = 2;
      std::vector<std::int64_t> values(n);
      for (auto& v : values) v = static_cast<std::int64_t>(std::floor(low + (high - low) * uniform(random)));
      data.push_back(TensorData(values, input.shape).convert(input.dtype));
    }
  }
  return data;
}

/// True if the shape rule takes inputs of these shapes and dtypes.
inline bool fits(const Case& c) {
  std::vector<TensorData> data;
  for (const SampleInput& i : c.inputs) data.emplace_back(i.shape, i.dtype);
  const std::vector<Array> x = upload(data);
  try {
    static_cast<void>(infer(c.op, lend(x)));
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// The case on another dtype, its numbers made whole where that is an Int; none if the operation does not take it.
/// Positions keep theirs, and so do Bool inputs beside others, which are masks.
inline std::optional<Case> with_dtype(Case c, DType dtype) {
  if (c.inputs.empty()) return std::nullopt;
  bool only_bool = true;
  for (const SampleInput& i : c.inputs) only_bool = only_bool && i.dtype == DType::Bool;
  for (std::size_t i = 0; i < c.inputs.size(); ++i)
    if (!is_index(c.op, i) && (only_bool || c.inputs[i].dtype != DType::Bool))
      c.inputs[i].dtype = c.inputs[i].wide && is_float(dtype) ? wider(dtype, DType::F32) : dtype;
  if (!is_float(dtype)) {
    const auto whole = [](Scalar& s) { s = Scalar(static_cast<std::int64_t>(std::round(s.as_double()))); };
    if (auto* with_scalar = std::get_if<op::WithScalar>(&c.op)) whole(with_scalar->scalar);
    if (auto* clamp = std::get_if<op::Clamp>(&c.op)) whole(clamp->low), whole(clamp->high);
  }
  if (!fits(c)) return std::nullopt;
  return c;
}

/// The case with thousands of elements, so that kernels see several of their blocks and a remainder; none if the
/// operation's settings fix a size. The values are then no longer apart. Not for structured matrices: the larger they
/// are, the closer their eigenvalues.
inline std::optional<Case> enlarged(Case c) {
  if (c.inputs.empty()) return std::nullopt;
  const Shape shape = c.inputs[0].shape;
  const Shape large[] = {Shape{}, Shape{3001}, Shape{37, 211}, Shape{5, 301, 7}};
  if (shape.rank() == 0 || shape.rank() > 3) return std::nullopt;
  for (SampleInput& i : c.inputs) {
    if (!(i.shape == shape) || i.structure != Structure::None) return std::nullopt;
    i.shape = large[shape.rank()];
    i.apart = 0;
  }
  if (!fits(c)) return std::nullopt;
  return c;
}

enum class Sizes { Sampled, AlsoLarge };

/// Every sample in every dtype that the operation takes.
inline std::vector<Case> all_variants(Sizes sizes = Sizes::AlsoLarge) {
  std::vector<Case> all;
  for (const Case& c : all_cases()) {
    for (int t = 0; t < kDTypeCount; ++t) {
      const std::optional<Case> typed = with_dtype(c, static_cast<DType>(t));
      if (!typed) continue;
      all.push_back(*typed);
      if (sizes == Sizes::Sampled) continue;
      if (const std::optional<Case> large = enlarged(*typed)) all.push_back(*large);
    }
  }
  return all;
}

/// The case with every size `from` replaced by `to`; positions stay below the new size. None if nothing changes or the
/// shape rule refuses it.
inline std::optional<Case> resized(Case c, std::int64_t from, std::int64_t to) {
  bool changed = false;
  for (std::size_t i = 0; i < c.inputs.size(); ++i) {
    SampleInput& input = c.inputs[i];
    for (int d = 0; d < input.shape.rank(); ++d) {
      if (input.shape[d] != from) continue;
      input.shape = input.shape.with(d, to);
      changed = true;
    }
    if (is_index(c.op, i)) input.high = static_cast<double>(std::max<std::int64_t>(1, std::min<std::int64_t>(to, 3)));
  }
  if (!changed || !fits(c)) return std::nullopt;
  return c;
}

}  // namespace fornax::test
