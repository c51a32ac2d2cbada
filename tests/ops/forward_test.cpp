// Forward mode of every differentiable operation: against reverse mode, and in every composition with it.

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/decorators/dual/tag.hpp>
#include <support/gradients.hpp>
#include <support/samples.hpp>

namespace fornax::test {
namespace {

using Weights = std::vector<std::optional<TensorData>>;

std::vector<Array> tangents_for(const std::vector<TensorData>& x, Random& random) {
  std::vector<Array> t;
  for (const TensorData& d : x)
    t.push_back(is_float(d.dtype()) ? upload(weights(d.shape(), d.dtype(), random)) : Array());
  return t;
}

// <v, y>, on whatever the results live on.
Array weighted_sum(const std::vector<Array>& y, const std::vector<Array>& v) {
  Array sum;
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (!v[i].defined()) continue;
    const Array part = reduce_all(ReduceFn::Sum, cast(y[i], DType::F64) * cast(v[i], DType::F64));
    sum = sum.defined() ? sum + part : part;
  }
  return sum;
}

// phi(x) = <v, op(x)> and its derivatives, each taken by one decorator around whatever runs below.
struct Function {
  const Op& op;
  const std::vector<Array>& v;
  Array operator()(const std::vector<Array>& x) const { return weighted_sum(execute(op, lend(x)), v); }
};

// d phi(x) t by forward mode; zero where nothing depends on x.
template <class F>
Array forward(Interpreter& below, const F& f, const std::vector<Array>& x, const std::vector<Array>& t) {
  Interpreter& on = dual::around(below);
  std::vector<Array> moving = x;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (t[i].defined()) moving[i] = dual::make(on, x[i], t[i]);
  const Array y = f(moving);
  const Array slope = dual::tangent(on, y);
  return slope.defined() ? slope : zeros_like(y);
}

// The same by reverse mode.
template <class F>
Array backward(Interpreter& below, const F& f, const std::vector<Array>& x, const std::vector<Array>& t) {
  Interpreter& on = autodiff::around(below);
  std::vector<Array> leaves = x;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (t[i].defined()) leaves[i] = autodiff::require_grad(on, x[i]);
  const Array y = f(leaves);
  if (!autodiff::is_tracked(on, y)) return zeros_like(y);
  const autodiff::GradientStore store = autodiff::backward(on, y, Array());
  Array sum = zeros_like(autodiff::inner(on, y));
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!t[i].defined()) continue;
    const Array g = store.find(leaves[i]);
    if (g.defined()) sum = sum + reduce_all(ReduceFn::Sum, cast(g * t[i], DType::F64));
  }
  return sum;
}

double tolerance_of(const std::vector<TensorData>& x, const Specs& y) {
  double tolerance = 1e-11;
  const auto widen = [&](DType t) {
    if (t == DType::F32) tolerance = std::max(tolerance, 1e-4);
    if (t == DType::F16 || t == DType::BF16) tolerance = std::max(tolerance, 0.05);
  };
  for (const TensorData& d : x) widen(d.dtype());
  for (const Spec& s : y) widen(s.dtype);
  return tolerance;
}

void expect_near(double a, double b, double tolerance, const char* what) {
  if (std::isnan(a) && std::isnan(b)) return;
  EXPECT_NEAR(a, b, tolerance * std::max(1.0, std::max(std::abs(a), std::abs(b)))) << what;
}

TEST(EveryForwardDerivative, IsTheTransposeOfTheReverseOne) {
  Tally tally("jvp against vjp");
  Random random(30);
  Interpreter& cpu = Cpu::interpreter();
  for (const Case& c : differentiable_cases()) {
    SCOPED_TRACE(c.label());
    const std::vector<TensorData> x = draw(c, random);
    const Specs specs = infer(c.op, lend(upload(x)));
    const std::vector<Array> at = upload(x), v = upload(weights(specs, random)), all = tangents_for(x, random);
    const Function phi{c.op, v};
    const double tolerance = tolerance_of(x, specs);
    expect_near(forward(cpu, phi, at, all).item(), backward(cpu, phi, at, all).item(), tolerance, "all inputs");
    for (std::size_t i = 0; at.size() > 1 && i < at.size(); ++i) {
      if (!all[i].defined()) continue;
      std::vector<Array> one(at.size());
      one[i] = all[i];
      expect_near(forward(cpu, phi, at, one).item(), backward(cpu, phi, at, one).item(), tolerance, "one input");
    }
    tally.ran(c);
  }
  EXPECT_EQ(tally.pages(), pages(true));
}

TEST(EveryForwardDerivative, HasTheShapeAndDtypeOfItsResult) {
  Random random(31);
  Interpreter& on = Dual<Cpu>::interpreter();
  for (const Case& c : differentiable_cases()) {
    SCOPED_TRACE(c.label());
    const std::vector<TensorData> x = draw(c, random);
    std::vector<Array> moving = upload(x);
    const std::vector<TensorData> plain = to_data(execute(c.op, lend(moving)));
    const std::vector<Array> t = tangents_for(x, random);
    for (std::size_t i = 0; i < x.size(); ++i)
      if (t[i].defined()) moving[i] = dual::make(on, moving[i], t[i]);
    const std::vector<Array> y = execute(c.op, lend(moving));
    expect_same_value(c.op, to_data(y), plain);
    for (std::size_t i = 0; i < y.size(); ++i) {
      const Array slope = dual::tangent(on, y[i]);
      if (!slope.defined()) continue;
      EXPECT_EQ(slope.shape(), plain[i].shape());
      EXPECT_EQ(slope.dtype(), plain[i].dtype());
    }
  }
}

// Second derivatives t' H s by all four compositions of two modes.
TEST(EverySecondDerivative, IsTheSameInEveryCompositionOfModes) {
  Tally tally("second order in four compositions");
  Random random(32);
  Interpreter& cpu = Cpu::interpreter();
  for (const Case& c : differentiable_cases()) {
    SCOPED_TRACE(c.label());
    const std::vector<TensorData> x = draw(c, random);
    const Specs specs = infer(c.op, lend(upload(x)));
    const std::vector<Array> at = upload(x), v = upload(weights(specs, random));
    const std::vector<Array> t = tangents_for(x, random), s = tangents_for(x, random);
    const Function phi{c.op, v};
    const auto second = [&](bool outer_forward, bool inner_forward) {
      const auto slope = [&](const std::vector<Array>& z) {
        Interpreter& below = outer_forward ? dual::around(cpu) : autodiff::around(cpu);
        return inner_forward ? forward(below, phi, z, s) : backward(below, phi, z, s);
      };
      return (outer_forward ? forward(cpu, slope, at, t) : backward(cpu, slope, at, t)).item();
    };
    const double expected = second(false, false), tolerance = 100 * tolerance_of(x, specs);
    expect_near(second(true, false), expected, tolerance, "forward over reverse");
    expect_near(second(false, true), expected, tolerance, "reverse over forward");
    expect_near(second(true, true), expected, tolerance, "forward over forward");
    tally.ran(c);
  }
  EXPECT_EQ(tally.pages(), pages(true));
}

}  // namespace
}  // namespace fornax::test
