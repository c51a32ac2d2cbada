#pragma once
// Arrays from nothing: constants, ranges, random numbers. These have no inputs, so the backend that runs them is named.

#include <fornax/ops/rule.hpp>

namespace fornax {

/// A probability distribution. Units: those of its parameters.
struct Distribution {
  enum class Kind : std::uint8_t { Uniform, Normal, Bernoulli };

  Kind kind = Kind::Uniform;
  double a = 0, b = 1;

  /// Evenly on [low, high).
  static constexpr Distribution uniform(double low, double high) { return {Kind::Uniform, low, high}; }
  /// Gaussian with this mean and standard deviation.
  static constexpr Distribution normal(double mean, double deviation) { return {Kind::Normal, mean, deviation}; }
  /// 1 with this probability, else 0.
  static constexpr Distribution bernoulli(double probability) { return {Kind::Bernoulli, probability, 0}; }
  /// Uniform on [0, 1), as in Burn.
  static constexpr Distribution standard() { return {}; }
};

/// Where a draw starts in the stream of a generator: with the position an element's value is a pure function of both.
struct Draw {
  std::uint64_t seed = 0, offset = 0;
};

/// What Random needs: bulky, so boxed.
struct RandomSettings {
  Spec spec;
  Distribution distribution;
  Draw draw;
};

namespace op {

/// Every element equal to `value`.
struct Full {
  Ref<Box<Spec>> spec;
  Scalar value;
  static constexpr bool differentiable = false;
  static constexpr bool creates = true;

  std::string_view name() const { return "full"; }
  Spec infer(Operands x) const;
  static SamplesOf<Full> samples();
};

/// start, start + step, ... : `count` elements of rank 1.
struct Arange {
  Scalar start, step;
  std::int64_t count;
  DType dtype;
  Device device;
  static constexpr bool differentiable = false;
  static constexpr bool creates = true;

  std::string_view name() const { return "arange"; }
  Spec infer(Operands x) const;
  static SamplesOf<Arange> samples();
};

/// Independent draws from a distribution, by the counter-based generator Philox 4x32-10.
///
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
struct Random {
  Ref<Box<RandomSettings>> settings;
  static constexpr bool differentiable = false;
  static constexpr bool creates = true;

  std::string_view name() const { return "random"; }
  Spec infer(Operands x) const;
  static SamplesOf<Random> samples();
};

}  // namespace op
}  // namespace fornax
