// Derivative rules of every differentiable operation of the index: against central differences, to second order, and
// whatever the manner in which a gradient is asked for.

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include <support/gradients.hpp>
#include <support/samples.hpp>

namespace fornax::test {
namespace {

Interpreter& first_order() { return Autodiff<Cpu>::interpreter(); }
Interpreter& second_order() { return Autodiff<Autodiff<Cpu>>::interpreter(); }

std::vector<TensorData> evaluate(const Op& op, const std::vector<TensorData>& x) {
  std::vector<TensorData> y;
  for (const Array& a : execute(op, lend(upload(x)))) y.push_back(a.to_data().convert(DType::F64));
  return y;
}

using Weights = std::vector<std::optional<TensorData>>;

// Of one result: its weights. Of several: all weighted, and each alone, when the rule sees no cotangent for the others.
std::vector<Weights> all_weights(const Specs& specs, Random& random) {
  std::vector<Weights> all{weights(specs, random)};
  for (std::size_t i = 0; specs.size() > 1 && i < specs.size(); ++i)
    if (is_float(specs[i].dtype)) all.push_back(weights(specs, random, static_cast<int>(i)));
  return all;
}

// Spacing of the floats near 1.
double epsilon(DType t) {
  return t == DType::F64 ? 0x1p-52 : t == DType::F32 ? 0x1p-23 : t == DType::F16 ? 0x1p-10 : 0x1p-7;
}

// The step for central differences, and the error to expect of them. In f64: truncation is h²/6 times a third
// derivative that stays below 1000 on the sampled intervals (rsqrt at 0.2: 524), rounding a few units of values below
// 60 divided by h: together below 2e-8. Casts to smaller floats are linear: there is only their rounding.
struct Precision {
  double h, tolerance;
};
Precision precision_of(const std::vector<TensorData>& x, DType result) {
  double coarsest = epsilon(result);
  for (const TensorData& d : x)
    if (is_float(d.dtype())) coarsest = std::max(coarsest, epsilon(d.dtype()));
  if (coarsest == epsilon(DType::F64)) return {1e-6, 1e-7};
  const double h = std::cbrt(coarsest);
  return {h, 4 * coarsest / h};  // values below 4
}

void expect_close(const TensorData& gradient, const TensorData& expected, double tolerance, std::size_t input) {
  EXPECT_EQ(gradient.shape(), expected.shape()) << "input " << input;
  EXPECT_NO_THROW(gradient.assert_approx_eq(expected, tolerance, tolerance)) << "input " << input;
}

TEST(EveryDerivative, AgreesWithCentralDifferences) {
  Tally tally("vjp against central differences");
  Random random(20);
  for (const Case& c : differentiable_cases()) {
    SCOPED_TRACE(c.label());
    const std::vector<TensorData> x = draw(c, random);
    const Mask mask = float_inputs(x);
    const Specs specs = infer(c.op, lend(upload(x)));
    const auto [h, tolerance] = precision_of(x, specs[static_cast<std::size_t>(first_float(specs))].dtype);
    const auto f = [&](const std::vector<TensorData>& at) { return evaluate(c.op, at); };
    for (const Weights& v : all_weights(specs, random)) {
      const std::vector<TensorData> expected = differences(f, x, mask, v, h);
      const std::vector<Array> gradients = reverse(first_order(), c.op, upload(x), mask, upload(v));
      for (std::size_t i = 0; i < x.size(); ++i) {
        if (!mask[i]) continue;
        EXPECT_EQ(gradients[i].dtype(), x[i].dtype());
        expect_close(gradients[i].to_data(), expected[i], tolerance, i);
      }
    }
    tally.ran(c);
  }
  EXPECT_EQ(tally.pages(), pages(true));
}

// Keep depends on which inputs want a gradient, so each is also asked for alone.
TEST(EveryDerivative, HasTheSameBitsHoweverItIsAskedFor) {
  Tally tally("gradients asked for in other manners");
  Random random(21);
  for (const Case& c : differentiable_cases()) {
    SCOPED_TRACE(c.label());
    const std::vector<TensorData> x = draw(c, random);
    const Mask all = float_inputs(x);
    const Weights v = weights(infer(c.op, lend(upload(x))), random);
    const std::vector<Array> expected = reverse(first_order(), c.op, upload(x), all, upload(v));
    for (const Manner manner :
         {Manner{}, Manner{.give = true}, Manner{.release = true}, Manner{.give = true, .release = true}}) {
      for (std::size_t only = 0; only <= x.size(); ++only) {
        if (only < x.size() && !all[only]) continue;
        Mask mask = all;
        if (only < x.size()) mask.assign(x.size(), false), mask[only] = true;
        const std::vector<Array> lent = upload(x);
        const std::vector<Array> gradients = reverse(first_order(), c.op, lent, mask, upload(v), manner);
        for (std::size_t i = 0; i < x.size(); ++i) {
          if (!mask[i]) continue;
          EXPECT_EQ(gradients[i].to_data(), expected[i].to_data()) << "input " << i;
        }
        EXPECT_EQ(to_data(lent), x) << "an input changed";
      }
    }
    // Inputs and a cotangent that are not contiguous.
    for (const Layout layout : kLayouts) {
      std::vector<Array> views, cotangents;
      for (const TensorData& d : x) views.push_back(with_layout(d, layout));
      for (const auto& w : v) cotangents.push_back(w ? with_layout(*w, layout) : Array());
      const std::vector<Array> gradients = reverse(first_order(), c.op, views, all, cotangents);
      for (std::size_t i = 0; i < x.size(); ++i) {
        if (!all[i]) continue;
        EXPECT_EQ(gradients[i].to_data(), expected[i].to_data())
            << "layout " << static_cast<int>(layout) << ", input " << i;
      }
    }
    tally.ran(c);
  }
  EXPECT_EQ(tally.pages(), pages(true));
}

// With s = sum over inputs of <u, d<v, f(x)>/dx>: ds/dx by a second backward against central differences of the first
// gradients, and ds/dv against the directional derivative of f along u.
TEST(EveryDerivative, IsItselfDifferentiable) {
  Tally tally("second order");
  Random random(22);
  for (const Case& c : differentiable_cases()) {
    SCOPED_TRACE(c.label());
    const std::vector<TensorData> x = draw(c, random);
    const Mask mask = float_inputs(x);
    const Specs specs = infer(c.op, lend(upload(x)));
    const auto [h, tolerance] = precision_of(x, specs[static_cast<std::size_t>(first_float(specs))].dtype);
    if (h > 1e-6) continue;  // casts to smaller floats: linear, and their second differences are noise
    const Weights v = weights(specs, random);
    std::vector<TensorData> u;
    for (const TensorData& d : x) u.push_back(weights(d.shape(), DType::F64, random));

    std::vector<Array> leaves = upload(x);
    for (std::size_t i = 0; i < x.size(); ++i)
      if (mask[i]) leaves[i] = autodiff::require_grad(first_order(), leaves[i]);
    std::vector<Array> cotangents = upload(v);
    for (Array& a : cotangents)
      if (a.defined()) a = autodiff::require_grad(first_order(), a);
    const std::vector<Array> gradients = reverse(second_order(), c.op, leaves, mask, cotangents);
    Array s = upload(TensorData({0.0}));
    for (std::size_t i = 0; i < x.size(); ++i)
      if (mask[i]) s = s + reduce_all(ReduceFn::Sum, gradients[i] * upload(u[i]));
    autodiff::GradientStore store;
    if (autodiff::is_tracked(first_order(), s)) store = autodiff::backward(first_order(), s, Array());
    const auto gradient_of = [&](const Array& leaf, const TensorData& like) {
      const Array found = store.find(leaf);
      return found.defined() ? found.to_data() : TensorData(like.shape(), DType::F64);
    };

    const auto first_gradient = [&](const std::vector<TensorData>& at) {
      double sum = 0;
      const std::vector<Array> g = reverse(first_order(), c.op, upload(at), mask, upload(v));
      for (std::size_t i = 0; i < at.size(); ++i) {
        if (!mask[i]) continue;
        const TensorData values = g[i].to_data();
        for (std::int64_t j = 0; j < values.numel(); ++j) sum += values[j] * u[i][j];
      }
      return std::vector{TensorData({sum})};
    };
    const std::vector<TensorData> expected = differences(first_gradient, x, mask, {TensorData({1.0})}, h);
    // As for the first order, with a fourth derivative below 1e4 and sums of up to 20 gradients below 200.
    for (std::size_t i = 0; i < x.size(); ++i)
      if (mask[i]) expect_close(gradient_of(leaves[i], x[i]), expected[i], 20 * tolerance, i);

    std::vector<TensorData> above = x, below = x;
    for (std::size_t i = 0; i < x.size(); ++i) {
      for (std::int64_t j = 0; mask[i] && j < x[i].numel(); ++j) {
        above[i].values<double>()[static_cast<std::size_t>(j)] += h * u[i][j];
        below[i].values<double>()[static_cast<std::size_t>(j)] -= h * u[i][j];
      }
    }
    const std::vector<TensorData> up = evaluate(c.op, above), down = evaluate(c.op, below);
    for (std::size_t r = 0; r < specs.size(); ++r) {
      if (!v[r]) continue;
      TensorData along(specs[r].shape, DType::F64);
      for (std::int64_t j = 0; j < along.numel(); ++j)
        along.values<double>()[static_cast<std::size_t>(j)] = (up[r][j] - down[r][j]) / (2 * h);
      expect_close(gradient_of(cotangents[r], *v[r]), along, 20 * tolerance, x.size() + r);
    }
    tally.ran(c);
  }
  EXPECT_EQ(tally.pages(), pages(true));
}

TEST(EveryDerivative, OfNoElementsHasTheInputsShape) {
  Tally tally("gradients of sizes 0");
  Random random(23);
  for (const Case& sample : differentiable_cases()) {
    for (std::int64_t size = 1; size <= 6; ++size) {
      const std::optional<Case> c = resized(sample, size, 0);
      if (!c) continue;
      SCOPED_TRACE(c->label());
      const std::vector<TensorData> x = draw(*c, random);
      const Specs specs = infer(c->op, lend(upload(x)));
      try {
        const std::vector<Array> gradients =
            reverse(first_order(), c->op, upload(x), float_inputs(x), upload(weights(specs, random)));
        for (std::size_t i = 0; i < x.size(); ++i) {
          if (!is_float(x[i].dtype())) continue;
          EXPECT_EQ(gradients[i].to_data().shape(), x[i].shape()) << "input " << i;
        }
        tally.ran(*c);
      } catch (const IndexError& e) {  // positions in a dim that has none
        EXPECT_EQ(e.operation(), name(c->op));
      }
    }
  }
}

TEST(EveryOperation, WithoutADerivativeRecordsNothing) {
  Tally tally("not recorded");
  Random random(24);
  for (const Case& c : all_cases()) {
    if (c.inputs.empty()) continue;
    SCOPED_TRACE(c.label());
    const std::vector<TensorData> x = draw(c, random);
    std::vector<Array> leaves = upload(x);
    const Mask mask = float_inputs(x);
    for (std::size_t i = 0; i < x.size(); ++i)
      if (mask[i]) leaves[i] = autodiff::require_grad(first_order(), leaves[i]);
    const std::vector<Array> y = execute(c.op, lend(leaves));
    const bool has_float = std::find(mask.begin(), mask.end(), true) != mask.end();
    for (const Array& a : y)
      EXPECT_EQ(autodiff::is_tracked(first_order(), a), has_float && differentiable(c.op) && is_float(a.dtype()));
    expect_same_value(c.op, to_data(y), to_data(execute(c.op, lend(upload(x)))));
    tally.ran(c);
  }
}

}  // namespace
}  // namespace fornax::test
