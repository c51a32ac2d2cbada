#include <fornax/decorators/dual/dual.hpp>

#include <fornax/array/pool.hpp>
#include <fornax/decorators/around.hpp>
#include <fornax/decorators/autodiff/autodiff.hpp>
#include <fornax/ops/functions.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::dual {

namespace {

struct DualBody : ArrayBody {
  DualBody(Interpreter* owner, Array p, Array t)
      : ArrayBody(owner, p.dtype(), p.device(), p.shape()), primal(std::move(p)), tangent(std::move(t)) {}

  Array primal, tangent;
};

class Decorator final : public Interpreter {
 public:
  explicit Decorator(Interpreter& wrapped) : Interpreter(&wrapped, &kFamily) {}

  Arrays apply(const Op& op, Operands inputs) override;
  const Array& primal(const Array& array) override { return static_cast<DualBody*>(array.body())->primal; }
  Array detach(const Array& array) override { return fornax::detach(primal(array)); }
  void destroy(ArrayBody* body) noexcept override { Pool::destroy(static_cast<DualBody*>(body)); }
  std::string name() const override { return "Dual<" + inner()->name() + ">"; }

 private:
  static constexpr char kFamily = 0;
};

DualBody* dual_body(const Interpreter& on, const Array& x) {
  return x.interpreter() == &on ? static_cast<DualBody*>(x.body()) : nullptr;
}

// The vjp is linear in the cotangents u, and the tangents are its slopes: dy = d/du <vjp(u), dx>. One tape of the vjp,
// walked back once.
Arrays transposed_vjp(Interpreter& inner, const Op& op, const Arrays& x, const Arrays& y, const Arrays& t) {
  Interpreter& tape = autodiff::around(inner);
  const autodiff::Recording recording;
  Wanted wanted;
  for (std::size_t i = 0; i < t.size(); ++i)
    if (t[i].defined()) wanted.set(i);
  Arrays u;
  for (const Array& result : y)
    u.push_back(is_float(result.dtype()) ? autodiff::require_grad(tape, full_like(result, 1.0)) : Array());
  const Arrays down = vjp(op, x, {y.data(), y.size()}, {u.data(), u.size()}, wanted);
  Array loss;
  for (std::size_t i = 0; i < t.size(); ++i) {
    if (!t[i].defined() || i >= down.size() || !down[i].defined()) continue;
    const Array term = reduce_all(ReduceFn::Sum, down[i] * t[i]);
    loss = loss.defined() ? loss + term : term;
  }
  Arrays result;
  result.resize(y.size());
  if (!loss.defined() || !autodiff::is_tracked(tape, loss)) return result;
  const autodiff::GradientStore slopes = autodiff::backward(tape, std::move(loss), Array());
  for (std::size_t i = 0; i < u.size(); ++i)
    if (u[i].defined()) result[i] = slopes.find(u[i]);
  return result;
}

Arrays Decorator::apply(const Op& op, Operands inputs) {
  Arrays x, t;
  bool moves = false;
  for (const Operand& input : inputs) {
    const DualBody* body = dual_body(*this, input.array());
    x.push_back(body ? body->primal : input.array());
    t.push_back(body ? body->tangent : Array());
    moves = moves || body;
  }
  const bool differentiates = moves && differentiable(op);
  if (differentiates) {
    require_fits(op, inputs);
    Arrays lowered;
    if (lower(op, inputs, lowered)) return lowered;
  }
  Arrays y = inner()->apply(op, lent(x));
  if (!differentiates) return y;

  bool any_float = false;
  for (const Array& result : y) any_float = any_float || is_float(result.dtype());
  if (!any_float) return y;
  Arrays dy;
  if (!jvp(op, x, y, t, dy)) dy = transposed_vjp(*inner(), op, x, y, t);
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (!is_float(y[i].dtype()) || i >= dy.size() || !dy[i].defined()) continue;
    y[i] = Array(Pool::make<DualBody>(this, std::move(y[i]), std::move(dy[i])));
  }
  return y;
}

}  // namespace

Interpreter& around(Interpreter& inner) { return decorator_around<Decorator>(inner); }

Array make(Interpreter& on, Array primal, Array tangent) {
  require_float("jvp", primal);
  if (!(primal.shape() == tangent.shape()))
    throw ShapeError("jvp",
                     "the tangent has shape " + tangent.shape().str() + ", the value has " + primal.shape().str());
  require_same_type("jvp", primal, tangent);
  return Array(Pool::make<DualBody>(&on, std::move(primal), std::move(tangent)));
}

Array primal(const Interpreter& on, const Array& x) {
  const DualBody* body = dual_body(on, x);
  return body ? body->primal : x;
}

Array tangent(const Interpreter& on, const Array& x) {
  const DualBody* body = dual_body(on, x);
  return body ? body->tangent : Array();
}

}  // namespace fornax::dual
