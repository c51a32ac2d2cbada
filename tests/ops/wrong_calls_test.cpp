// Wrong calls of every operation: each must throw the right error, before any work, and its message begins with the
// name of the operation.

#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <support/samples.hpp>

namespace fornax::test {
namespace {

enum class Wrong { Shape, DType, Index, Value };

struct Call {
  std::string_view page;  // in the index
  Op op;
  std::vector<TensorData> x;
  Wrong error;
  std::string_view named = {};  // what the message begins with, if it is not the operation's name
};

constexpr std::int64_t kHuge = std::int64_t{1} << 62;

TensorData of(const Shape& shape, DType dtype = DType::F64) { return TensorData(shape, dtype); }
TensorData positions(const std::vector<std::int64_t>& values) { return TensorData(values); }

ConvSettings conv(std::int64_t stride, std::int64_t dilation, std::int64_t padding, std::int64_t groups = 1) {
  ConvSettings s;
  s.stride = {stride, stride, stride}, s.dilation = {dilation, dilation, dilation};
  s.before = s.after = {padding, padding, padding}, s.groups = groups;
  return s;
}
ConvSettings of_weight() {
  ConvSettings s = conv(1, 1, 0);
  s.kind = ConvKind::Weight, s.size = {3, 3, 3};
  return s;
}
PoolSettings pool(std::int64_t kernel, std::int64_t stride, std::int64_t padding, std::int64_t dilation) {
  PoolSettings s;
  s.kernel = {kernel, kernel, kernel}, s.stride = {stride, stride, stride};
  s.padding = {padding, padding, padding}, s.dilation = {dilation, dilation, dilation};
  return s;
}
AvgPoolSettings mean(const PoolSettings& windows, std::optional<std::int64_t> divisor = {}) {
  AvgPoolSettings s;
  s.windows = windows, s.divisor = divisor;
  return s;
}
Ref<Box<SliceDims>> slices(SliceDim first) {
  SliceDims at{};
  at.dims[0] = first;
  return Ref(new Box<SliceDims>(at));
}
op::Permute order(std::int8_t a, std::int8_t b) {
  op::Permute p{};
  p.dims[0] = a, p.dims[1] = b;
  return p;
}
Ref<Box<RandomSettings>> draws(const Distribution& d, DType dtype = DType::F64) {
  RandomSettings s;
  s.spec = {Shape{3}, dtype}, s.distribution = d;
  return Ref(new Box<RandomSettings>(s));
}

// clang-format off
std::vector<Call> calls() {
  const DType i64 = DType::I64, b = DType::Bool, f32 = DType::F32, f16 = DType::F16, i8 = DType::I8;
  const TensorData v = of({3}), m = of({2, 3}), square = of({3, 3}), flags = of({3}, b), scalar = of({}), none = of({0});
  const TensorData picture = of({1, 2, 5, 5}), kernel = of({4, 2, 3, 3});
  return {
    {"Unary", op::Unary{UnaryFn::Exp}, {of({3}, i64)}, Wrong::DType},
    {"Unary", op::Unary{UnaryFn::Neg}, {flags}, Wrong::DType},
    {"Slope", op::Slope{UnaryFn::Gelu}, {of({3}, i64), of({3}, i64)}, Wrong::DType},
    {"Slope", op::Slope{UnaryFn::Gelu}, {v, of({3}, f32)}, Wrong::DType},
    {"Slope", op::Slope{UnaryFn::Gelu}, {v, m}, Wrong::Shape},
    {"Slope", op::Slope{UnaryFn::Exp}, {v, v}, Wrong::Value},
    {"Attention", op::Attention{{.scale = 1}}, {m, of({4, 2}), m}, Wrong::Shape},
    {"Attention", op::Attention{{.scale = 1}}, {m, of({0, 3}), of({0, 3})}, Wrong::Shape},
    {"Attention", op::Attention{{.scale = std::numeric_limits<double>::infinity()}}, {m, m, m}, Wrong::Value},
    {"Attention", op::Attention{{.scale = 1}}, {m, m, of({2, 3}, f32)}, Wrong::DType},
    {"AttentionGrad", op::AttentionGrad{{.scale = 1}}, {m, m, m, of({3}), of({2}), m}, Wrong::Shape},
    {"AttentionGrad", op::AttentionGrad{{.scale = 1}}, {m, m, m, of({2}), of({2}), square}, Wrong::Shape},
    {"AttentionGrad", op::AttentionGrad{{.scale = 1}}, {m, m, m, of({2}, f32), of({2}), m}, Wrong::DType},
    {"Attention", op::Attention{{.softcap = -1}}, {m, m, m}, Wrong::Value},
    {"Attention", op::Attention{{.dropout = 1.5}}, {m, m, m}, Wrong::Value},
    {"Attention", op::Attention{{.masked = true}}, {m, m, m, m}, Wrong::Shape},
    {"Attention", op::Attention{{.masked = true}}, {m, m, m, of({2, 2}, f32)}, Wrong::DType},
    {"Attention", op::Attention{}, {of({3, 2, 3}), of({2, 2, 3}), of({2, 2, 3})}, Wrong::Shape},
    {"AttentionGrad", op::AttentionGrad{{}, true}, {m, m, m, of({2}), of({2}), m}, Wrong::Value},
    {"AttentionGrad", op::AttentionGrad{{.masked = true}, true}, {m, m, m, of({2}), of({2}), m, of({2, 2}, DType::Bool)}, Wrong::DType},
    {"Linear", op::Linear{}, {m, m, v}, Wrong::Shape},
    {"Linear", op::Linear{true}, {m, of({4, 2}), of({4})}, Wrong::Shape},
    {"Linear", op::Linear{true}, {m, m, v}, Wrong::Shape},
    {"Linear", op::Linear{}, {scalar, square, v}, Wrong::Shape},
    {"Linear", op::Linear{}, {m, square, of({3}, f32)}, Wrong::DType},
    {"Linear", op::Linear{}, {m, of({3, 3}, f32), v}, Wrong::DType},
    {"Linear", op::Linear{false, UnaryFn::Exp}, {m, square, v}, Wrong::Value},
    {"QuantizedLinear", op::QuantizedLinear{}, {m, of({4, 2}, i8), of({4})}, Wrong::Shape},
    {"QuantizedLinear", op::QuantizedLinear{}, {scalar, of({4, 3}, i8), of({4})}, Wrong::Shape},
    {"QuantizedLinear", op::QuantizedLinear{}, {m, of({4, 3}, i8), of({3})}, Wrong::Shape},
    {"QuantizedLinear", op::QuantizedLinear{true}, {m, of({4, 3}, i8), of({4}), of({3})}, Wrong::Shape},
    {"QuantizedLinear", op::QuantizedLinear{}, {of({0, 65794}), of({0, 65794}, i8), of({0})}, Wrong::Shape},
    {"QuantizedLinear", op::QuantizedLinear{}, {m, of({4, 3}, i64), of({4})}, Wrong::DType},
    {"QuantizedLinear", op::QuantizedLinear{}, {m, of({4, 3}, i8), of({4}, f32)}, Wrong::DType},
    {"QuantizedLinear", op::QuantizedLinear{}, {of({2, 3}, i64), of({4, 3}, i8), of({4})}, Wrong::DType},
    {"Dropout", op::Dropout{1}, {m}, Wrong::Value},
    {"Dropout", op::Dropout{-0.1}, {m}, Wrong::Value},
    {"Dropout", op::Dropout{0.5, {}, -1}, {m}, Wrong::Value},
    {"Dropout", op::Dropout{0.5}, {of({3}, i64)}, Wrong::DType},
    {"Lstm", op::Lstm{}, {of({0, 2, 8}), of({8, 2}), of({2, 2}), of({2, 2})}, Wrong::Shape},
    {"Lstm", op::Lstm{}, {of({3, 2, 7}), of({8, 2}), of({2, 2}), of({2, 2})}, Wrong::Shape},
    {"Lstm", op::Lstm{}, {of({3, 2, 8}), of({2, 8}), of({2, 2}), of({2, 2})}, Wrong::Shape},
    {"Lstm", op::Lstm{}, {of({3, 2, 8}), of({8, 2}), of({2, 2}), of({2, 2}, f32)}, Wrong::DType},
    {"LstmGrad", op::LstmGrad{}, {of({8, 2}), of({2, 2}), of({3, 2, 2}), of({3, 2, 8}), of({2, 2, 2})}, Wrong::Shape},
    {"LstmGrad", op::LstmGrad{}, {of({8, 2}), of({2, 2}), of({3, 2, 2}), of({3, 8}), of({3, 2, 2})}, Wrong::Shape},
    {"LstmGrad", op::LstmGrad{}, {of({8, 2}, f16), of({2, 2}), of({3, 2, 2}), of({3, 2, 8}), of({3, 2, 2})}, Wrong::DType},
    {"Gru", op::Gru{}, {of({0, 2, 6}), of({6, 2}), of({6}), of({2, 2})}, Wrong::Shape},
    {"Gru", op::Gru{}, {of({3, 2, 7}), of({6, 2}), of({6}), of({2, 2})}, Wrong::Shape},
    {"Gru", op::Gru{}, {of({3, 2, 6}), of({6, 2}), of({5}), of({2, 2})}, Wrong::Shape},
    {"Gru", op::Gru{}, {of({3, 2, 6}), of({6, 2}), of({6}), of({2, 2}, f32)}, Wrong::DType},
    {"GruGrad", op::GruGrad{}, {of({6, 2}), of({2, 2}), of({3, 2, 2}), of({3, 2, 6}), of({3, 2, 2})}, Wrong::Shape},
    {"GruGrad", op::GruGrad{}, {of({6, 2}), of({2, 2}), of({3, 2, 2}), of({3, 2, 8}), of({2, 2, 2})}, Wrong::Shape},
    {"GruGrad", op::GruGrad{}, {of({6, 2}, f16), of({2, 2}), of({3, 2, 2}), of({3, 2, 8}), of({3, 2, 2})}, Wrong::DType},
    {"SgdStep", op::SgdStep{0.1, 0.9}, {v, v, m}, Wrong::Shape},
    {"SgdStep", op::SgdStep{0.1, 0.9}, {v, of({3}, f32), v}, Wrong::DType},
    {"SgdStep", op::SgdStep{0.1, 0.9}, {flags, flags, flags}, Wrong::DType},
    {"AdamStep", op::AdamStep{0.1, 0.9, 0.9, 0.1}, {v, v, v, m}, Wrong::Shape},
    {"AdamStep", op::AdamStep{0.1, 0.9, 0.9, 0.1}, {v, v, v, of({3}, f16)}, Wrong::DType},
    {"AdamStep", op::AdamStep{0.1, 0.9, 0.9, 0.1}, {of({3}, i64), v, v, v}, Wrong::DType},
    {"BatchNorm", op::BatchNorm{0.1}, {v, v, v}, Wrong::Shape},
    {"BatchNorm", op::BatchNorm{0.1}, {m, v, of({2})}, Wrong::Shape},
    {"BatchNorm", op::BatchNorm{-1}, {m, v, v}, Wrong::Value},
    {"BatchNormGrad", op::BatchNormGrad{0.1}, {m, v, v, v, of({2, 4})}, Wrong::Shape},
    {"BatchNormGrad", op::BatchNormGrad{0.1}, {m, v, v, of({2}), m}, Wrong::Shape},
    {"BatchNormGrad", op::BatchNormGrad{0.1}, {m, v, v, of({3}, f32), m}, Wrong::DType},
    {"GroupNorm", op::GroupNorm{1, 0.1}, {v}, Wrong::Shape},
    {"GroupNorm", op::GroupNorm{2, 0.1}, {m}, Wrong::Shape},
    {"GroupNorm", op::GroupNorm{0, 0.1}, {m}, Wrong::Value},
    {"GroupNorm", op::GroupNorm{1, -0.1}, {m}, Wrong::Value},
    {"GroupNorm", op::GroupNorm{1, 0.1, true, 1}, {m, of({2})}, Wrong::Shape},
    {"GroupNorm", op::GroupNorm{1, 0.1, true, 2}, {m, v, of({3}, f32)}, Wrong::DType},
    {"GroupNormGrad", op::GroupNormGrad{1, 0.1}, {m, of({2, 4})}, Wrong::Shape},
    {"GroupNormGrad", op::GroupNormGrad{-1, 0.1}, {m, m}, Wrong::Value, "group_norm_grad"},
    {"GroupNormGrad", op::GroupNormGrad{1, 0.1, false, true}, {m, of({2}), m}, Wrong::Shape, "rms_norm_grad"},
    {"Unary", op::Unary{UnaryFn::LogicalNot}, {v}, Wrong::DType},
    {"Unary", op::Unary{UnaryFn::BitwiseNot}, {v}, Wrong::DType},
    {"Unary", op::Unary{UnaryFn::IsNan}, {of({3}, i64)}, Wrong::DType},
    {"Binary", op::Binary{BinaryFn::Add}, {v, of({4})}, Wrong::Shape},
    {"Binary", op::Binary{BinaryFn::Mul}, {v, of({3}, f32)}, Wrong::DType},
    {"Binary", op::Binary{BinaryFn::Sub}, {flags, flags}, Wrong::DType},
    {"Binary", op::Binary{BinaryFn::Atan2}, {of({3}, i64), of({3}, i64)}, Wrong::DType},
    {"Binary", op::Binary{BinaryFn::And}, {v, v}, Wrong::DType},
    {"Binary", op::Binary{BinaryFn::ShiftLeft}, {flags, flags}, Wrong::DType},
    {"Binary", op::Binary{BinaryFn::Gcd}, {v, v}, Wrong::DType},
    {"Binary", op::Binary{BinaryFn::Div}, {of({3}, i64), of({3}, i64)}, Wrong::Value},
    {"WithScalar", op::WithScalar{ScalarFn::Add, 1.5}, {of({3}, i64)}, Wrong::DType},
    {"WithScalar", op::WithScalar{ScalarFn::Add, 1}, {flags}, Wrong::DType},
    {"WithScalar", op::WithScalar{ScalarFn::Div, 0}, {of({3}, i64)}, Wrong::Value},
    {"WithScalar", op::WithScalar{ScalarFn::Less, 0.5}, {of({3}, i64)}, Wrong::DType},
    {"Where", op::Where{}, {v, v, v}, Wrong::DType},
    {"Where", op::Where{}, {flags, v, of({3}, f32)}, Wrong::DType},
    {"Where", op::Where{}, {flags, v, of({4})}, Wrong::Shape},
    {"Where", op::Where{}, {of({4}, b), v, v}, Wrong::Shape},
    {"Clamp", op::Clamp{0.5, 1.5}, {of({3}, i64)}, Wrong::DType},
    {"Clamp", op::Clamp{0, 1}, {flags}, Wrong::DType},
    {"Clamp", op::Clamp{0, 1.5, false, true}, {of({3}, i64)}, Wrong::DType},
    {"Broadcast", op::Broadcast{Shape{2, 4}}, {v}, Wrong::Shape, "expand"},
    {"Broadcast", op::Broadcast{Shape{3}}, {m}, Wrong::Shape, "expand"},
    {"Broadcast", op::Broadcast{Shape{0}}, {v}, Wrong::Shape, "expand"},
    {"Reshape", op::Reshape{Shape{4, 2}}, {m}, Wrong::Shape},
    {"Reshape", op::Reshape{Shape{}}, {m}, Wrong::Shape},
    {"Reshape", op::Reshape{Shape{1}}, {none}, Wrong::Shape},
    {"Permute", order(0, 2), {m}, Wrong::Index},
    {"Permute", order(1, 1), {m}, Wrong::Index},
    {"Permute", order(0, -3), {m}, Wrong::Index},
    {"Slice", op::Slice{slices({0, 4, 1})}, {v}, Wrong::Index},
    {"Slice", op::Slice{slices({-1, 2, 1})}, {v}, Wrong::Index},
    {"Slice", op::Slice{slices({0, 2, kHuge})}, {v}, Wrong::Index},
    {"Slice", op::Slice{slices({0, -1, 1})}, {v}, Wrong::Index},
    {"SliceAssign", op::SliceAssign{slices({0, 4, 1})}, {v, of({4})}, Wrong::Index},
    {"SliceAssign", op::SliceAssign{slices({0, 2, 1})}, {v, v}, Wrong::Shape},
    {"SliceAssign", op::SliceAssign{slices({0, 2, 1})}, {v, of({2}, f32)}, Wrong::DType},
    {"Cat", op::Cat{2}, {m, m}, Wrong::Index},
    {"Cat", op::Cat{0}, {m, of({2, 4})}, Wrong::Shape},
    {"Cat", op::Cat{0}, {m, v}, Wrong::Shape},
    {"Cat", op::Cat{0}, {v, of({3}, f32)}, Wrong::DType},
    {"Cat", op::Cat{0}, {scalar, scalar}, Wrong::Shape},
    {"Gather", op::Gather{1}, {v, positions({0})}, Wrong::Index},
    {"Gather", op::Gather{0}, {v, positions({3})}, Wrong::Index},
    {"Gather", op::Gather{0}, {v, positions({-1})}, Wrong::Index},
    {"Gather", op::Gather{0}, {v, v}, Wrong::DType},
    {"Gather", op::Gather{0}, {m, positions({0})}, Wrong::Shape},
    {"Gather", op::Gather{0}, {none, positions({0})}, Wrong::Index},
    {"Scatter", op::Scatter{0, Update::Add}, {v, positions({3}), of({1})}, Wrong::Index},
    {"Scatter", op::Scatter{0, Update::Add}, {v, positions({0}), of({2})}, Wrong::Shape},
    {"Scatter", op::Scatter{0, Update::Add}, {v, positions({0}), of({1}, f32)}, Wrong::DType},
    {"Scatter", op::Scatter{0, Update::Max}, {flags, positions({0}), of({1}, b)}, Wrong::DType},
    {"Scatter", op::Scatter{1, Update::Assign}, {v, positions({0}), of({1})}, Wrong::Index},
    {"Select", op::Select{2}, {m, positions({0})}, Wrong::Index},
    {"Select", op::Select{0}, {m, positions({0, 2})}, Wrong::Index},
    {"Select", op::Select{0}, {m, of({1, 1}, i64)}, Wrong::Shape},
    {"Select", op::Select{0}, {m, of({1})}, Wrong::DType},
    {"Select", op::Select{0}, {scalar, positions({0})}, Wrong::Shape},
    {"SelectAssign", op::SelectAssign{0, Update::Add}, {m, positions({2}), of({1, 3})}, Wrong::Index},
    {"SelectAssign", op::SelectAssign{0, Update::Add}, {m, positions({0}), of({2, 3})}, Wrong::Shape},
    {"SelectAssign", op::SelectAssign{0, Update::Add}, {m, positions({0}), of({1, 3}, f32)}, Wrong::DType},
    {"Reduce", op::Reduce{ReduceFn::Sum, DimSet::of(0)}, {flags}, Wrong::DType},
    {"Reduce", op::Reduce{ReduceFn::Mean, DimSet::of(0)}, {of({3}, i64)}, Wrong::DType},
    {"Reduce", op::Reduce{ReduceFn::Any, DimSet::of(0)}, {v}, Wrong::DType},
    {"Reduce", op::Reduce{ReduceFn::Max, DimSet::of(0)}, {none}, Wrong::Value},
    {"Reduce", op::Reduce{ReduceFn::Min, DimSet::all(2)}, {of({2, 0})}, Wrong::Value},
    {"ArgReduce", op::ArgReduce{true, 1}, {v}, Wrong::Index},
    {"ArgReduce", op::ArgReduce{true, 0}, {flags}, Wrong::DType},
    {"ArgReduce", op::ArgReduce{false, 0}, {none}, Wrong::Value},
    {"ArgSort", op::ArgSort{1}, {v}, Wrong::Index},
    {"ArgSort", op::ArgSort{-2}, {v}, Wrong::Index},
    {"ArgSort", op::ArgSort{0, false, 4}, {v}, Wrong::Value},
    {"SearchSorted", op::SearchSorted{}, {v, of({2}, f32)}, Wrong::DType},
    {"SearchSorted", op::SearchSorted{}, {flags, flags}, Wrong::DType},
    {"SearchSorted", op::SearchSorted{}, {m, of({3, 3})}, Wrong::Shape},
    {"SearchSorted", op::SearchSorted{}, {scalar, v}, Wrong::Shape},
    {"CumSum", op::CumSum{1}, {v}, Wrong::Index},
    {"CumSum", op::CumSum{0}, {flags}, Wrong::DType},
    {"CumSum", op::CumSum{0}, {scalar}, Wrong::Shape},
    {"Scan", op::Scan{ScanFn::Prod, -2}, {v}, Wrong::Index},
    {"Scan", op::Scan{ScanFn::LogSumExp, 0}, {of({3}, i64)}, Wrong::DType},
    {"Scan", op::Scan{ScanFn::Prod, 0}, {scalar}, Wrong::Shape},
    {"Recurrence", op::Recurrence{1}, {v, v}, Wrong::Index},
    {"Recurrence", op::Recurrence{0}, {v, of({4})}, Wrong::Shape},
    {"Recurrence", op::Recurrence{0}, {of({3}, i64), of({3}, i64)}, Wrong::DType},
    {"ArgScan", op::ArgScan{true, 1}, {v}, Wrong::Index},
    {"ArgScan", op::ArgScan{true, 0}, {flags}, Wrong::DType},
    {"ArgScan", op::ArgScan{false, 0}, {scalar}, Wrong::Shape},
    {"NthDerivative", op::NthDerivative{SmoothFn::Lgamma, -1}, {v}, Wrong::Value},
    {"NthDerivative", op::NthDerivative{SmoothFn::Sinc, 171}, {v}, Wrong::Value},
    {"NthDerivative", op::NthDerivative{SmoothFn::Lgamma, 1}, {of({3}, i64)}, Wrong::DType},
    {"BesselI", op::BesselI{-1}, {v}, Wrong::Value},
    {"BesselI", op::BesselI{171}, {v}, Wrong::Value},
    {"BesselI", op::BesselI{0}, {flags}, Wrong::DType},
    {"MatMul", op::MatMul{}, {m, m}, Wrong::Shape},
    {"MatMul", op::MatMul{}, {v, m}, Wrong::Shape},
    {"MatMul", op::MatMul{}, {of({2, 3, 3}), of({4, 3, 3})}, Wrong::Shape},
    {"MatMul", op::MatMul{}, {square, of({3, 3}, f32)}, Wrong::DType},
    {"Softmax", op::Softmax{1}, {v}, Wrong::Index},
    {"Softmax", op::Softmax{0}, {of({3}, i64)}, Wrong::DType},
    {"Softmax", op::Softmax{0, true}, {scalar}, Wrong::Shape},
    {"CrossEntropy", op::CrossEntropy{}, {v, positions({0})}, Wrong::Shape},
    {"CrossEntropy", op::CrossEntropy{}, {m, m}, Wrong::DType},
    {"CrossEntropy", op::CrossEntropy{}, {of({3}, i64), of({}, i64)}, Wrong::DType},
    {"CrossEntropy", op::CrossEntropy{}, {of({1, 3}), positions({3})}, Wrong::Index},
    {"CrossEntropyGrad", op::CrossEntropyGrad{}, {of({1, 3}), positions({-1}), of({1, 2}), of({1})}, Wrong::Index},
    {"CrossEntropyGrad", op::CrossEntropyGrad{}, {of({1, 3}), positions({0}), of({1, 2}), of({2})}, Wrong::Shape},
    {"CrossEntropyGrad", op::CrossEntropyGrad{}, {of({1, 3}), positions({0}), of({1}), of({1})}, Wrong::Shape},
    {"CrossEntropyGrad", op::CrossEntropyGrad{}, {of({1, 3}), positions({0}), of({1, 2}), of({1}, f32)}, Wrong::DType},
    {"CrossEntropyGrad", op::CrossEntropyGrad{}, {of({1, 3}), positions({0}), of({1, 2}, f32), of({1})}, Wrong::DType},
    {"MeanCrossEntropy", op::MeanCrossEntropy{}, {v, positions({0})}, Wrong::Shape},
    {"MeanCrossEntropy", op::MeanCrossEntropy{}, {v, of({}, i64)}, Wrong::Shape},
    {"MeanCrossEntropy", op::MeanCrossEntropy{}, {m, m}, Wrong::DType},
    {"MeanCrossEntropy", op::MeanCrossEntropy{true}, {of({1, 3}), positions({3})}, Wrong::Index},
    {"Scaled", op::Scaled{}, {m, of({})}, Wrong::Shape},
    {"Scaled", op::Scaled{}, {v, of({1})}, Wrong::Shape},
    {"Scaled", op::Scaled{}, {m, of({1}, f32)}, Wrong::DType},
    {"Conv", op::Conv(conv(0, 1, 0)), {picture, kernel}, Wrong::Value},
    {"Conv", op::Conv(conv(-1, 1, 0)), {picture, kernel}, Wrong::Value},
    {"Conv", op::Conv(conv(1, 0, 0)), {picture, kernel}, Wrong::Value},
    {"Conv", op::Conv(conv(1, kHuge, 0)), {picture, kernel}, Wrong::Value},
    {"Conv", op::Conv(conv(1, 1, -1)), {picture, kernel}, Wrong::Value},
    {"Conv", op::Conv(conv(1, 1, 0, 0)), {picture, kernel}, Wrong::Value},
    {"Conv", op::Conv(conv(1, 1, 0, 3)), {picture, kernel}, Wrong::Shape},
    {"Conv", op::Conv(conv(1, 3, 0)), {picture, kernel}, Wrong::Shape},
    {"Conv", op::Conv(conv(1, 1, 0)), {of({1, 3, 5, 5}), kernel}, Wrong::Shape},
    {"Conv", op::Conv(conv(1, 1, 0)), {of({2, 5, 5}), kernel}, Wrong::Shape},
    {"Conv", op::Conv(conv(1, 1, 0)), {picture, of({4, 2, 3, 3}, f32)}, Wrong::DType},
    {"BiasedConv", op::BiasedConv(conv(1, 1, 0)), {picture, kernel, of({3})}, Wrong::Shape},
    {"BiasedConv", op::BiasedConv(conv(1, 1, 0)), {picture, kernel, of({4, 1})}, Wrong::Shape},
    {"BiasedConv", op::BiasedConv(conv(1, 1, 0)), {picture, kernel, of({4}, f32)}, Wrong::DType},
    {"BiasedConv", op::BiasedConv(conv(1, 1, 0), UnaryFn::Exp), {picture, kernel, of({4})}, Wrong::Value},
    {"BiasedConv", op::BiasedConv(conv(0, 1, 0)), {picture, kernel, of({4})}, Wrong::Value},
    {"BiasedConvGrad", op::BiasedConvGrad(conv(1, 1, 0), false, false), {picture, of({1, 4, 3, 3})}, Wrong::Value},
    {"BiasedConvGrad", op::BiasedConvGrad(of_weight(), false, false), {picture, of({1, 4, 2, 3})}, Wrong::Shape},
    {"BiasedConvGrad", op::BiasedConvGrad(of_weight(), true, false), {picture, of({1, 4, 3, 3}), of({1, 4, 3, 2})}, Wrong::Shape},
    {"BiasedConvGrad", op::BiasedConvGrad(of_weight(), true, false), {picture, of({1, 4, 3, 3}), of({1, 4, 3, 3}, f32)}, Wrong::DType},
    {"BiasedConvGrad", op::BiasedConvGrad(of_weight(), false, true), {picture, of({1, 4, 3, 3}), of({4, 2, 3, 2})}, Wrong::Shape},
    {"MaxPool", op::MaxPool(pool(2, 1, 2, 1)), {picture}, Wrong::Value},
    {"MaxPool", op::MaxPool(pool(6, 1, 0, 1)), {picture}, Wrong::Shape},
    {"MaxPool", op::MaxPool(pool(2, 1, 0, 1)), {of({1, 2, 5, 5}, b)}, Wrong::DType},
    {"MaxPoolGrad", op::MaxPoolGrad(pool(2, 0, 0, 1)), {picture, picture}, Wrong::Value},
    {"MaxPoolGrad", op::MaxPoolGrad(pool(2, 1, 0, 1)), {picture, picture}, Wrong::Shape},
    {"MaxPoolGrad", op::MaxPoolGrad(pool(2, 1, 0, 1)), {picture, of({1, 2, 4, 4}, f32)}, Wrong::DType},
    {"MaxPoolIndex", op::MaxPoolIndex(pool(0, 1, 0, 1)), {picture}, Wrong::Value},
    {"MaxPoolIndex", op::MaxPoolIndex(pool(2, 0, 0, 1)), {picture}, Wrong::Value},
    {"MaxPoolIndex", op::MaxPoolIndex(pool(2, 1, 2, 1)), {picture}, Wrong::Value},
    {"MaxPoolIndex", op::MaxPoolIndex(pool(2, 1, -1, 1)), {picture}, Wrong::Value},
    {"MaxPoolIndex", op::MaxPoolIndex(pool(3, 1, 0, kHuge)), {picture}, Wrong::Value},
    {"MaxPoolIndex", op::MaxPoolIndex(pool(6, 1, 0, 1)), {picture}, Wrong::Shape},
    {"MaxPoolIndex", op::MaxPoolIndex(pool(2, 1, 0, 1)), {of({1, 2, 0, 5})}, Wrong::Shape},
    {"MaxPoolIndex", op::MaxPoolIndex(pool(2, 1, 0, 1)), {of({1, 2, 5, 5}, b)}, Wrong::DType},
    {"AvgPool", op::AvgPool(mean(pool(2, 0, 0, 1))), {picture}, Wrong::Value},
    {"AvgPool", op::AvgPool(mean(pool(2, 1, 0, 2))), {picture}, Wrong::Value},
    {"AvgPool", op::AvgPool(mean(pool(2, 1, 0, 1), 0)), {picture}, Wrong::Value},
    {"AvgPool", op::AvgPool(mean(pool(6, 1, 0, 1))), {picture}, Wrong::Shape},
    {"AvgPool", op::AvgPool(mean(pool(2, 1, 0, 1))), {v}, Wrong::Shape},
    {"AvgPool", op::AvgPool(mean(pool(2, 1, 0, 1))), {of({1, 2, 5, 5}, i64)}, Wrong::DType},
    {"Fft", op::Fft{0}, {of({4, 3})}, Wrong::Shape},
    {"Fft", op::Fft{2}, {of({4, 2})}, Wrong::Index},
    {"Fft", op::Fft{0}, {of({4, 2}, i64)}, Wrong::DType},
    {"Fft", op::Fft{0}, {of({4, 2}, f16)}, Wrong::DType},
    {"Cholesky", op::Cholesky{}, {m}, Wrong::Shape},
    {"Cholesky", op::Cholesky{}, {v}, Wrong::Shape},
    {"Cholesky", op::Cholesky{}, {of({3, 3}, f16)}, Wrong::DType},
    {"Cholesky", op::Cholesky{}, {square}, Wrong::Value},
    {"Lu", op::Lu{}, {v}, Wrong::Shape},
    {"Lu", op::Lu{}, {scalar}, Wrong::Shape},
    {"Lu", op::Lu{}, {of({3, 3}, i64)}, Wrong::DType},
    {"Qr", op::Qr{}, {v}, Wrong::Shape},
    {"Qr", op::Qr{true}, {v}, Wrong::Shape},
    {"Qr", op::Qr{}, {scalar}, Wrong::Shape},
    {"Qr", op::Qr{}, {of({3, 3}, f16)}, Wrong::DType},
    {"Eigh", op::Eigh{}, {m}, Wrong::Shape},
    {"Eigh", op::Eigh{}, {v}, Wrong::Shape},
    {"Eigh", op::Eigh{}, {of({3, 3}, i64)}, Wrong::DType},
    {"Eig", op::Eig{}, {m}, Wrong::Shape},
    {"Eig", op::Eig{}, {v}, Wrong::Shape},
    {"Eig", op::Eig{}, {of({3, 3}, f16)}, Wrong::DType},
    {"Eig", op::Eig{}, {TensorData({{0.0, -1.0}, {1.0, 0.0}})}, Wrong::Value},
    {"Svd", op::Svd{}, {v}, Wrong::Shape},
    {"Svd", op::Svd{}, {scalar}, Wrong::Shape},
    {"Svd", op::Svd{}, {of({3, 3}, b)}, Wrong::DType},
    {"TriangularSolve", op::TriangularSolve{}, {m, m}, Wrong::Shape},
    {"TriangularSolve", op::TriangularSolve{}, {square, of({2, 1})}, Wrong::Shape},
    {"TriangularSolve", op::TriangularSolve{}, {square, of({3, 1}, f32)}, Wrong::DType},
    {"TriangularSolve", op::TriangularSolve{}, {square, of({3, 1})}, Wrong::Value},
    {"Solve", op::Solve{}, {square, v}, Wrong::Shape},
    {"Solve", op::Solve{}, {of({2, 3, 3}), of({4, 3, 1})}, Wrong::Shape},
    {"Solve", op::Solve{}, {square, of({3, 1}, f32)}, Wrong::DType},
    {"Solve", op::Solve{}, {square, of({3, 1})}, Wrong::Value},
    {"Det", op::Det{}, {m}, Wrong::Shape},
    {"Det", op::Det{}, {v}, Wrong::Shape},
    {"Det", op::Det{}, {of({3, 3}, i64)}, Wrong::DType},
    {"Cofactor", op::Cofactor{}, {m}, Wrong::Shape},
    {"Cofactor", op::Cofactor{}, {v}, Wrong::Shape},
    {"Cofactor", op::Cofactor{}, {of({3, 3}, f16)}, Wrong::DType},
    {"SlogDet", op::SlogDet{}, {m}, Wrong::Shape},
    {"SlogDet", op::SlogDet{}, {v}, Wrong::Shape},
    {"SlogDet", op::SlogDet{}, {of({3, 3}, i64)}, Wrong::DType},
    {"Pinv", op::Pinv{}, {v}, Wrong::Shape},
    {"Pinv", op::Pinv{-1}, {square}, Wrong::Value},
    {"Pinv", op::Pinv{}, {of({3, 3}, i64)}, Wrong::DType},
    {"MatrixExp", op::MatrixExp{}, {m}, Wrong::Shape},
    {"MatrixExp", op::MatrixExp{}, {v}, Wrong::Shape},
    {"MatrixExp", op::MatrixExp{}, {of({3, 3}, f16)}, Wrong::DType},
    {"Arange", op::Arange{0, 1, -1, i64, {}}, {}, Wrong::Value},
    {"Arange", op::Arange{0, 1, 3, b, {}}, {}, Wrong::DType},
    {"Arange", op::Arange{0, 1, kHuge, i64, {}}, {}, Wrong::Shape},
    {"Full", op::Full{Ref(new Box<Spec>({Shape{3}, i64})), 0.5}, {}, Wrong::DType},
    {"Random", op::Random{draws(Distribution::uniform(1, 0))}, {}, Wrong::Value, "uniform"},
    {"Random", op::Random{draws(Distribution::normal(0, -1))}, {}, Wrong::Value, "normal"},
    {"Random", op::Random{draws(Distribution::bernoulli(2))}, {}, Wrong::Value, "bernoulli"},
  };
}
// clang-format on

// Pages of which there are not three kinds of wrong calls, beside those with a wrong number of operands.
const std::map<std::string_view, std::string_view> kFewer = {
    {"Cast", "every dtype becomes every other"},
    {"Full", "takes any shape, and any number but a float for an Int; one row"},
};

template <class E> void expect_error(const Call& c) {
  const std::string begin(c.named.empty() ? name(c.op) : c.named);
  std::string label = std::string(c.page) + " " + begin + ":";
  for (const TensorData& d : c.x) label += " " + d.shape().str() + " " + std::string(name(d.dtype()));
  try {
    static_cast<void>(execute(c.op, lend(upload(c.x))));
    ADD_FAILURE() << label << " is accepted";
  } catch (const E& e) {
    EXPECT_EQ(std::string(e.what()).substr(0, begin.size() + 2), begin + ": ") << label << " says: " << e.what();
  } catch (const std::exception& e) {
    ADD_FAILURE() << label << " throws an error of another type: " << e.what();
  }
}

TEST(WrongCalls, ThrowTheRightErrorWithTheNameInFront) {
  for (const Call& c : calls()) {
    switch (c.error) {
      case Wrong::Shape: expect_error<ShapeError>(c); break;
      case Wrong::DType: expect_error<DTypeError>(c); break;
      case Wrong::Index: expect_error<IndexError>(c); break;
      case Wrong::Value: expect_error<ValueError>(c); break;
    }
  }
}

TEST(WrongCalls, AreAtLeastThreeForEveryOperation) {
  std::map<std::string_view, int> count;
  for (const Call& c : calls()) ++count[c.page];
  for (const std::string_view page : pages()) {
    if (kFewer.contains(page)) continue;
    EXPECT_GE(count[page], 3) << page;
  }
  for (const auto& [page, n] : count) EXPECT_TRUE(pages().contains(page)) << page << " is no page of the index";
}

TEST(WrongCalls, WithAnOperandTooManyOrTooFewAreRefused) {
  for (const Case& c : all_cases()) {
    if (c.page == "Cat") continue;  // takes any number but none
    SCOPED_TRACE(c.label());
    Random random(5);
    std::vector<Array> x = upload(draw(c, random));
    const auto expect_refused = [&] { EXPECT_THROW(require_fits(c.op, lend(x)), ValueError); };
    x.push_back(upload(of({3})));
    expect_refused();
    x.pop_back();
    if (x.empty()) continue;
    x.pop_back();
    expect_refused();
  }
  EXPECT_THROW(require_fits(op::Cat{0}, {}), ValueError);
}

}  // namespace
}  // namespace fornax::test
