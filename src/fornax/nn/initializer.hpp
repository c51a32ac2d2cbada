#pragma once
// Where parameters come from.

#include <cstdint>

#include <fornax/nn/config.hpp>
#include <fornax/nn/module.hpp>
#include <fornax/ops/generator.hpp>

namespace fornax::nn {

/// Where and of what dtype a module is made, and with which random numbers.
///
/// Example: auto net = config.init<B>({device, DType::F64, &generator});
struct InitOptions {
  Device device = {};
  DType dtype = DType::F32;
  Generator* generator = nullptr;  // the device's own if null

  InitOptions(Device d = {}, DType t = DType::F32, Generator* g = nullptr)  // NOLINT: implicit by design
      : device(d), dtype(t), generator(g) {}
};

enum class InitKind : std::uint8_t {
  Constant,
  Uniform,
  Normal,
  TruncatedNormal,
  KaimingUniform,
  KaimingNormal,
  XavierUniform,
  XavierNormal,
  Orthogonal,
};
FORNAX_ENUM(InitKind, Constant, Uniform, Normal, TruncatedNormal, KaimingUniform, KaimingNormal, XavierUniform,
            XavierNormal, Orthogonal)

/// kaiming_uniform with this gain stays within 1 / sqrt(fan_in): what linear and convolution layers usually have.
inline constexpr double kDefaultGain = 0.57735026918962576;  // 1 / sqrt(3)

/// A distribution for the first values of a parameter. fan_in and fan_out are the numbers of inputs of an output and of
/// outputs of an input; layers know theirs.
class Initializer {
 public:
  /// Zeros.
  Initializer() = default;
  static Initializer constant(double value) { return {InitKind::Constant, value, 0}; }
  static Initializer zeros() { return constant(0); }
  static Initializer ones() { return constant(1); }
  /// Evenly on [low, high).
  static Initializer uniform(double low, double high) { return {InitKind::Uniform, low, high}; }
  static Initializer normal(double mean, double deviation) { return {InitKind::Normal, mean, deviation}; }
  /// Normal without what lies outside of [low, high], by the inverse of the distribution function.
  static Initializer truncated_normal(double mean, double deviation, double low = -2, double high = 2) {
    return {InitKind::TruncatedNormal, mean, deviation, low, high};
  }
  /// Evenly within gain sqrt(3 / fan_in), and normal with deviation gain / sqrt(fan_in); of fan_out if so wanted. The gain
  /// is sqrt(2) before a relu; kDefaultGain is the default of linear layers.
  ///
  /// Source: He, Zhang, Ren, Sun, "Delving deep into rectifiers", 2015.
  static Initializer kaiming_uniform(double gain = 1.4142135623730951, bool fan_out_only = false) {
    return {InitKind::KaimingUniform, gain, 0, 0, 0, fan_out_only};
  }
  static Initializer kaiming_normal(double gain = 1.4142135623730951, bool fan_out_only = false) {
    return {InitKind::KaimingNormal, gain, 0, 0, 0, fan_out_only};
  }
  /// Evenly within gain sqrt(6 / (fan_in + fan_out)), and normal with deviation gain sqrt(2 / (fan_in + fan_out)).
  ///
  /// Source: Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
  static Initializer xavier_uniform(double gain = 1) { return {InitKind::XavierUniform, gain, 0}; }
  static Initializer xavier_normal(double gain = 1) { return {InitKind::XavierNormal, gain, 0}; }
  /// A matrix with orthonormal rows or columns, whichever are fewer, times gain; dims from the second on count as one.
  ///
  /// Source: Saxe, McClelland, Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural
  ///         networks", 2014.
  static Initializer orthogonal(double gain = 1) { return {InitKind::Orthogonal, gain, 0}; }

  InitKind kind() const { return kind_; }

  /// New values on a plain backend.
  ///
  /// Errors: ValueError for a setting out of range; DTypeError unless the dtype is Float; ShapeError if Orthogonal is asked
  ///         for fewer than 2 dims.
  Array init(const Shape& shape, std::int64_t fan_in, std::int64_t fan_out, const InitOptions& on,
             Interpreter& backend) const;

  /// Throws ValueError "config: field ..." for a setting out of range.
  void validate(std::string_view config, std::string_view field) const;
  /// In JSON: {"kind": "KaimingUniform", "gain": 1.4, "fan_out_only": false}.
  void pass(detail::ConfigIo& io, std::string_view name);

 private:
  Initializer(InitKind kind, double a, double b, double low = 0, double high = 0, bool fan_out_only = false)
      : kind_(kind), fan_out_only_(fan_out_only), a_(a), b_(b), low_(low), high_(high) {}

  InitKind kind_ = InitKind::Constant;
  bool fan_out_only_ = false;
  double a_ = 0, b_ = 0, low_ = 0, high_ = 0;  // the settings in the order of the factories
};

namespace detail {

Array init_parameter(const Initializer& initializer, const Shape& shape, std::int64_t fan_in, std::int64_t fan_out,
                     const InitOptions& on, Interpreter& backend, bool autodiff);

}  // namespace detail

/// A new parameter: a leaf if B is an Autodiff.
template <BackendType B, std::size_t D>
Tensor<B, D> init_parameter(const Initializer& initializer, const Index (&dims)[D], std::int64_t fan_in,
                            std::int64_t fan_out, const InitOptions& on) {
  return Tensor<B, D>::unchecked(detail::init_parameter(initializer, Shape(fornax::detail::list(dims)), fan_in, fan_out,
                                                        on, B::interpreter(), B::is_autodiff));
}
/// A parameter that needs no fans, with all elements equal, say.
template <BackendType B, std::size_t D>
Tensor<B, D> init_parameter(const Initializer& initializer, const Index (&dims)[D], const InitOptions& on) {
  return init_parameter<B, D>(initializer, dims, dims[D - 1], dims[0], on);
}

}  // namespace fornax::nn
