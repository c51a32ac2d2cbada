#include <fornax/ops/describe.hpp>

#include <algorithm>
#include <concepts>
#include <type_traits>

#include <fornax/ops/op.hpp>

namespace fornax {

namespace {

// "name=value" pairs with commas between.
class List {
 public:
  List& add(std::string_view name, std::string value) {
    if (!text_.empty()) text_ += ", ";
    text_.append(name).append("=").append(value);
    return *this;
  }
  List& add(std::string_view name, const char* value) { return add(name, std::string(value)); }
  List& add(std::string_view name, bool value) { return add(name, std::string(value ? "true" : "false")); }
  template <std::integral T>
  requires(!std::same_as<T, bool>) List& add(std::string_view name, T value) {
    return add(name, std::to_string(value));
  }
  List& add(std::string_view name, double value) { return add(name, Scalar(value).str()); }
  List& add(std::string_view name, const Scalar& value) { return add(name, value.str()); }
  List& add(std::string_view name, const Shape& value) { return add(name, value.str()); }
  List& add(std::string_view name, DType value) { return add(name, std::string(fornax::name(value))); }
  List& add(std::string_view name, const SpatialSizes& sizes, int dims) {
    return add(name, Shape(std::span(sizes.data(), static_cast<std::size_t>(dims))).str());
  }
  std::string str() const { return text_; }

 private:
  std::string text_;
};

// One for each operation that has settings beyond what its name says.
std::string settings(const op::Unary&) { return {}; }
std::string settings(const op::Slope& o) { return List().add("fn", std::string(op::Unary{o.fn}.name())).str(); }
std::string settings(const op::Binary&) { return {}; }
std::string settings(const op::Custom&) { return {}; }
std::string settings(const op::WithScalar& o) { return List().add("scalar", o.scalar).str(); }
std::string settings(const op::Clamp& o) {
  List all;
  if (o.has_low) all.add("low", o.low);
  if (o.has_high) all.add("high", o.high);
  return all.str();
}
std::string settings(const op::Cast& o) { return List().add("dtype", o.dtype).str(); }
std::string settings(const op::Broadcast& o) { return List().add("shape", o.shape).str(); }
std::string settings(const op::Reshape& o) { return List().add("shape", o.shape).str(); }

// Entries from the rank on are zero, and there is only one zero among the dims before.
std::string settings(const op::Permute& o) {
  int rank = 1;
  for (int d = 0; d < kMaxRank; ++d)
    if (o.dims[static_cast<std::size_t>(d)] != 0)
      rank = std::max({rank, d + 1, o.dims[static_cast<std::size_t>(d)] + 1});
  std::string dims;
  for (int d = 0; d < rank; ++d) dims.append(d ? ", " : "").append(std::to_string(o.dims[static_cast<std::size_t>(d)]));
  return "dims=[" + dims + "]";
}

// "start:+count*step" of each dim, as far as any dim takes elements.
std::string slice_settings(const SliceDims& at) {
  std::size_t used = 0;
  for (std::size_t d = 0; d < at.dims.size(); ++d)
    if (at.dims[d].start != 0 || at.dims[d].count != 0) used = d + 1;
  std::string dims;
  for (std::size_t d = 0; d < used; ++d) {
    const SliceDim& s = at.dims[d];
    dims.append(d ? ", " : "").append(std::to_string(s.start)).append(":+").append(std::to_string(s.count));
    if (s.step != 1) dims.append("*").append(std::to_string(s.step));
  }
  return "at=[" + dims + "]";
}
std::string settings(const op::Slice& o) { return slice_settings(*o.at); }
std::string settings(const op::SliceAssign& o) { return slice_settings(*o.at); }
std::string settings(const op::Cat& o) { return List().add("dim", o.dim).str(); }

const char* text(Update update) {
  constexpr const char* names[] = {"assign", "add", "mul", "min", "max"};
  return names[static_cast<std::size_t>(update)];
}
std::string settings(const op::Gather& o) { return List().add("dim", o.dim).str(); }
std::string settings(const op::Scatter& o) { return List().add("dim", o.dim).add("update", text(o.update)).str(); }
std::string settings(const op::Select& o) { return List().add("dim", o.dim).str(); }
std::string settings(const op::SelectAssign& o) { return List().add("dim", o.dim).add("update", text(o.update)).str(); }

std::string settings(const op::Reduce& o) {
  std::string dims;
  for (int d = 0; d < kMaxRank; ++d)
    if (o.dims.has(d)) dims.append(dims.empty() ? "" : ", ").append(std::to_string(d));
  return "dims=[" + dims + "]";
}
std::string settings(const op::ArgReduce& o) { return List().add("dim", o.dim).str(); }
std::string settings(const op::ArgSort& o) {
  List all;
  all.add("dim", o.dim).add("descending", o.descending);
  if (o.count >= 0) all.add("count", o.count);
  return all.str();
}
std::string settings(const op::Linear& o) {
  List all;
  all.add("transposed", o.transposed);
  if (o.activation) all.add("activation", std::string(op::Unary{*o.activation}.name()));
  return all.str();
}
std::string settings(const op::QuantizedLinear& o) { return List().add("bias", o.bias).str(); }
std::string settings(const op::SearchSorted& o) { return List().add("right", o.right).str(); }
std::string settings(const op::CumSum& o) { return List().add("dim", o.dim).add("reverse", o.reverse).str(); }
std::string settings(const op::Scan& o) { return List().add("dim", o.dim).str(); }
std::string settings(const op::Recurrence& o) { return List().add("dim", o.dim).add("reverse", o.reverse).str(); }
std::string settings(const op::ArgScan& o) { return List().add("dim", o.dim).str(); }
std::string settings(const op::MeanCrossEntropy& o) { return List().add("slope", o.slope).str(); }
std::string settings(const op::NthDerivative& o) { return List().add("order", o.order).str(); }
std::string settings(const op::BesselI& o) { return List().add("order", o.order).add("scaled", o.scaled).str(); }
std::string settings(const op::MatMul& o) {
  return List().add("transpose_lhs", o.transpose_lhs).add("transpose_rhs", o.transpose_rhs).str();
}
std::string settings(const op::Softmax& o) { return List().add("dim", o.dim).str(); }
std::string settings(const op::BatchNorm& o) { return List().add("eps", o.eps).str(); }
std::string settings(const op::BatchNormGrad& o) { return List().add("eps", o.eps).str(); }
std::string attention_settings(const op::AttentionSettings& o) {
  List all;
  all.add("scale", o.scale).add("causal", o.causal);
  if (o.masked) all.add("masked", true);
  if (o.softcap != 0) all.add("softcap", o.softcap);
  if (o.dropout != 0) all.add("dropout", o.dropout);
  return all.str();
}
std::string settings(const op::Attention& o) { return attention_settings(o); }
std::string settings(const op::AttentionGrad& o) { return attention_settings(o); }
std::string settings(const op::Dropout& o) {
  List all;
  all.add("probability", o.probability);
  if (o.dims < kMaxRank) all.add("dims", o.dims);
  return all.str();
}
std::string settings(const op::Lstm& o) { return List().add("reverse", o.reverse).str(); }
std::string settings(const op::LstmGrad& o) { return List().add("reverse", o.reverse).str(); }
std::string settings(const op::Gru& o) {
  return List().add("reverse", o.reverse).add("reset_after", o.reset_after).str();
}
std::string settings(const op::GruGrad& o) {
  return List().add("reverse", o.reverse).add("reset_after", o.reset_after).str();
}
void add_decay(List& all, double l2, double shrink) {
  if (l2 != 0) all.add("l2", l2);
  if (shrink != 1) all.add("shrink", shrink);
}
std::string settings(const op::SgdStep& o) {
  List all;
  all.add("rate", o.rate).add("momentum", o.momentum);
  if (o.share != 1) all.add("share", o.share);
  all.add("nesterov", o.nesterov);
  add_decay(all, o.l2, o.shrink);
  return all.str();
}
std::string settings(const op::AdamStep& o) {
  List all;
  all.add("rate", o.rate).add("beta1", o.beta1).add("beta2", o.beta2).add("eps", o.eps);
  add_decay(all, o.l2, o.shrink);
  return all.str();
}
std::string settings(const op::GroupNorm& o) { return List().add("groups", o.groups).add("eps", o.eps).str(); }
std::string settings(const op::GroupNormGrad& o) { return List().add("groups", o.groups).add("eps", o.eps).str(); }

List conv_settings(const ConvSettings& s) {
  List all;
  all.add("stride", s.stride, s.dims).add("before", s.before, s.dims).add("after", s.after, s.dims);
  all.add("dilation", s.dilation, s.dims).add("groups", s.groups);
  if (s.kind != ConvKind::Forward) all.add("size", s.size, s.dims);
  return all;
}
std::string settings(const op::Conv& o) { return conv_settings(*o.settings).str(); }
std::string settings(const op::BiasedConv& o) {
  List all = conv_settings(*o.settings);
  if (o.activation) all.add("activation", std::string(op::Unary{*o.activation}.name()));
  return all.str();
}
std::string settings(const op::BiasedConvGrad& o) {
  return conv_settings(*o.settings).add("relu", o.relu).add("input", o.input).str();
}
List pool_settings(const PoolSettings& s) {
  List all;
  all.add("kernel", s.kernel, s.dims);
  if (s.adaptive) return all.add("adaptive", true);
  all.add("stride", s.stride, s.dims).add("padding", s.padding, s.dims).add("dilation", s.dilation, s.dims);
  return all.add("ceil_mode", s.ceil_mode);
}
std::string settings(const op::MaxPool& o) { return pool_settings(*o.settings).str(); }
std::string settings(const op::MaxPoolGrad& o) { return pool_settings(*o.settings).str(); }
std::string settings(const op::MaxPoolIndex& o) { return pool_settings(*o.settings).str(); }
std::string settings(const op::AvgPool& o) {
  const AvgPoolSettings& s = *o.settings;
  List all = pool_settings(s.windows);
  all.add("count_include_pad", s.count_include_pad);
  if (s.divisor) all.add("divisor", *s.divisor);
  if (s.transposed) all.add("size", s.size, s.windows.dims);
  return all.str();
}

std::string settings(const op::Fft& o) { return List().add("dim", o.dim).add("inverse", o.inverse).str(); }
std::string settings(const op::Cholesky& o) { return List().add("upper", o.upper).str(); }
std::string settings(const op::Qr& o) { return List().add("complete", o.complete).str(); }
std::string settings(const op::TriangularSolve& o) {
  return List().add("upper", o.upper).add("transpose", o.transpose).add("unit", o.unit).add("left", o.left).str();
}
std::string settings(const op::Solve& o) { return List().add("transpose", o.transpose).str(); }
std::string settings(const op::Pinv& o) { return List().add("rcond", o.rcond).str(); }
std::string settings(const op::Full& o) {
  return List().add("shape", o.spec->shape).add("dtype", o.spec->dtype).add("value", o.value).str();
}
std::string settings(const op::Arange& o) {
  return List().add("start", o.start).add("step", o.step).add("count", o.count).add("dtype", o.dtype).str();
}
std::string settings(const op::Random& o) {
  constexpr const char* kinds[] = {"uniform", "normal", "bernoulli"};
  const RandomSettings& s = *o.settings;
  List all;
  all.add("shape", s.spec.shape).add("dtype", s.spec.dtype);
  all.add("distribution", kinds[static_cast<std::size_t>(s.distribution.kind)]);
  return all.add("a", s.distribution.a).add("b", s.distribution.b).str();
}

template <class T> std::string settings(const T&) {
  static_assert(std::is_empty_v<T>, "an operation has settings that nobody prints: write settings() for it above");
  return {};
}

}  // namespace

std::string settings_text(const Op& op) {
  return visit(op, [](const auto& o) { return settings(o); });
}

}  // namespace fornax
