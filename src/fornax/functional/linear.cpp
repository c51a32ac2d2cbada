#include <fornax/functional/linear.hpp>

#include <fornax/functional/common.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::functional {

namespace {

using namespace impl;

// x [..., n] as rows [m, n].
Array rows_of(const Array& x) {
  const int last = x.rank() - 1;
  return x.rank() == 2 ? x : reshape(x, Shape{x.shape().without(last).numel(), x.shape()[last]});
}

// Under an Autocast the product's dtype is that of the layer.
Array with_bias(const Array& y, const Array& bias) { return bias.defined() ? y + cast(bias, y.dtype()) : y; }

Array product(std::string_view operation, const Array& x, const Array& weight, const Array& bias, bool transposed,
              std::optional<UnaryFn> activation) {
  require_floats(operation, {&x, &weight});
  require_rank(operation, "weight", weight, 2);
  const std::int64_t in = weight.shape()[transposed ? 1 : 0], out = weight.shape()[transposed ? 0 : 1];
  const int last = x.rank() - 1;
  if (x.rank() == 0 || x.shape()[last] != in)
    throw ShapeError(operation, "the input has shape " + x.shape().str() + ", the weight " + weight.shape().str() +
                                    "; the input's last dim must have size " + std::to_string(in));
  if (bias.defined()) {
    require_floats(operation, {&x, &bias});
    require_shape(operation, "bias", bias, Shape{out});
  }
  if (bias.defined()) return run(op::Linear{transposed, activation}, {x, weight, bias});
  Array y = reshape(matmul(rows_of(x), weight, false, transposed), x.shape().with(last, out));
  return activation ? unary(*activation, std::move(y)) : y;
}

}  // namespace

Array linear(const Array& x, const Array& weight, const Array& bias, std::optional<UnaryFn> activation) {
  return product("linear", x, weight, bias, true, activation);
}

Array linear_io(const Array& x, const Array& weight, const Array& bias, std::optional<UnaryFn> activation) {
  return product("linear_io", x, weight, bias, false, activation);
}

Array bilinear(const Array& a, const Array& b, const Array& weight, const Array& bias) {
  require_floats("bilinear", {&a, &b, &weight});
  require_rank("bilinear", "weight", weight, 3);
  const std::int64_t out = weight.shape()[0], in_a = weight.shape()[1], in_b = weight.shape()[2];
  const int last = a.rank() - 1;
  if (a.rank() == 0 || a.rank() != b.rank() || a.shape()[last] != in_a || !(b.shape() == a.shape().with(last, in_b)))
    throw ShapeError("bilinear", "the inputs have shapes " + a.shape().str() + " and " + b.shape().str() +
                                     ", the weight " + weight.shape().str());
  if (bias.defined()) {
    require_floats("bilinear", {&a, &bias});
    require_shape("bilinear", "bias", bias, Shape{out});
  }
  const Array rows = rows_of(a);
  const Array columns = reshape(swap_dims(weight, 0, 1), Shape{in_a, out * in_b});
  const Array mixed = reshape(matmul(rows, columns), Shape{rows.shape()[0], out, in_b});
  const Array y = reshape(sum_along(mixed * unsqueeze(rows_of(b), 1), 2), a.shape().with(last, out));
  return with_bias(y, bias);
}

}  // namespace fornax::functional
