// vmap of every operation: against a loop over the samples, alone and in every composition with the derivatives.

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/decorators/batched/tag.hpp>
#include <fornax/decorators/dual/tag.hpp>
#include <support/gradients.hpp>
#include <support/samples.hpp>

namespace fornax::test {
namespace {

constexpr std::int64_t kSamples = 3;

// Samples of a case's inputs: for each sample the values of all inputs, equal for those that are not batched.
struct Samples {
  std::vector<std::vector<TensorData>> x;
  std::vector<bool> batched;
};

Samples draw_samples(const Case& c, const std::vector<bool>& batched, Random& random) {
  Samples all{{}, batched};
  for (std::int64_t n = 0; n < kSamples; ++n) {
    std::vector<TensorData> values = draw(c, random);
    for (std::size_t i = 0; n > 0 && i < values.size(); ++i)
      if (!batched[i]) values[i] = all.x[0][i];
    all.x.push_back(std::move(values));
  }
  return all;
}

Array stack(const std::vector<Array>& parts) {
  std::vector<Array> rows;
  for (const Array& a : parts) rows.push_back(reshape(a, a.shape().inserted(0, 1)));
  return cat(lend(rows), 0);
}

// Every way to choose the batched inputs; of many only all, and each alone.
std::vector<std::vector<bool>> choices(std::size_t inputs) {
  std::vector<std::vector<bool>> all;
  for (unsigned bits = 1; bits < (1u << inputs); ++bits) {
    std::vector<bool> chosen(inputs);
    for (std::size_t i = 0; i < inputs; ++i) chosen[i] = ((bits >> i) & 1u) != 0;
    all.push_back(chosen);
  }
  return all;
}

// The inputs as the batched program sees them, on `on`.
std::vector<Array> batch_of(Interpreter& on, const Samples& s) {
  std::vector<Array> x;
  for (std::size_t i = 0; i < s.batched.size(); ++i) {
    std::vector<Array> parts;
    for (const auto& sample : s.x) parts.push_back(upload(sample[i]));
    x.push_back(s.batched[i] ? batched::make(on, stack(parts), 0) : parts[0]);
  }
  return x;
}

void expect_same(const Array& got, const Array& expected, double tolerance, const char* what) {
  const TensorData a = got.to_data(), b = expected.to_data();
  ASSERT_EQ(a.shape(), b.shape()) << what;
  ASSERT_EQ(a.dtype(), b.dtype()) << what;
  EXPECT_NO_THROW(a.assert_approx_eq(b, tolerance, tolerance)) << what;
}

bool creates(const Case& c) { return c.inputs.empty(); }

TEST(EveryOperation, GivesABatchWhatALoopGives) {
  Tally tally("vmap against a loop");
  Random random(40);
  Interpreter& on = Batched<Cpu>::interpreter();
  for (const Case& c : all_cases()) {
    if (creates(c)) continue;
    for (const std::vector<bool>& batched : choices(c.inputs.size())) {
      SCOPED_TRACE(c.label());
      const Samples samples = draw_samples(c, batched, random);
      std::vector<std::vector<Array>> expected;
      for (const auto& sample : samples.x) {
        const std::vector<Array> y = execute(c.op, lend(upload(sample)));
        expected.resize(y.size());
        for (std::size_t r = 0; r < y.size(); ++r) expected[r].push_back(y[r]);
      }
      const std::vector<Array> y = execute(c.op, lend(batch_of(on, samples)));
      ASSERT_EQ(y.size(), expected.size());
      for (std::size_t r = 0; r < y.size(); ++r) {
        ASSERT_TRUE(batched::is_batched(on, y[r]));
        expect_same(batched::unmake(on, y[r], kSamples, 0), stack(expected[r]), 1e-12, "result");
      }
      tally.ran(c);
    }
  }
  for (const std::string_view page : pages())
    EXPECT_TRUE(tally.pages().contains(page) || page == "Full" || page == "Arange" || page == "Random") << page;
}

// What runs once for each sample, or once for all on Batched: gradients and tangents of <v, op(x)>.
using Program =
    std::function<std::vector<Array>(Interpreter& below, const std::vector<Array>& x, const std::vector<Array>& v)>;

std::vector<Array> gradients(Interpreter& below, const Op& op, const std::vector<Array>& x, const Mask& mask,
                             const std::vector<Array>& v) {
  return reverse(autodiff::around(below), op, x, mask, v);
}

std::vector<Array> slopes(Interpreter& below, const Op& op, const std::vector<Array>& x, const Mask& mask) {
  Interpreter& on = dual::around(below);
  std::vector<Array> moving = x;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (mask[i]) moving[i] = dual::make(on, x[i], x[i] + 0.5);
  std::vector<Array> result;
  for (const Array& y : execute(op, lend(moving))) {
    const Array slope = dual::tangent(on, y);
    if (is_float(y.dtype())) result.push_back(slope.defined() ? slope : zeros_like(dual::primal(on, y)));
  }
  return result;
}

template <class F> void against_loop(const Case& c, std::uint64_t seed, const F& f) {
  Random random(seed);
  Interpreter &cpu = Cpu::interpreter(), &on = Batched<Cpu>::interpreter();
  for (const std::vector<bool>& batched : choices(c.inputs.size())) {
    const Samples samples = draw_samples(c, batched, random);
    const std::vector<Array> v = upload(weights(infer(c.op, lend(upload(samples.x[0]))), random));
    const Mask mask = float_inputs(samples.x[0]);
    std::vector<std::vector<Array>> expected;
    for (const auto& sample : samples.x) {
      const std::vector<Array> y = f(cpu, upload(sample), mask, v);
      expected.resize(y.size());
      for (std::size_t r = 0; r < y.size(); ++r) expected[r].push_back(y[r]);
    }
    const std::vector<Array> y = f(on, batch_of(on, samples), mask, v);
    ASSERT_EQ(y.size(), expected.size());
    for (std::size_t r = 0; r < y.size(); ++r) {
      if (!y[r].defined()) continue;
      expect_same(batched::unmake(on, y[r], kSamples, 0), stack(expected[r]), 1e-9, "derivative");
    }
  }
}

// Autodiff<Batched<Cpu>> and Dual<Batched<Cpu>>: each sample's own derivative, of unbatched inputs too.
TEST(EveryDerivative, OfABatchIsThatOfEachSample) {
  Tally tally("derivatives over vmap");
  for (const Case& c : differentiable_cases()) {
    SCOPED_TRACE(c.label());
    against_loop(c, 41, [&](Interpreter& below, const auto& x, const Mask& mask, const auto& v) {
      return gradients(below, c.op, x, mask, v);
    });
    against_loop(c, 42, [&](Interpreter& below, const auto& x, const Mask& mask, const auto&) {
      return slopes(below, c.op, x, mask);
    });
    tally.ran(c);
  }
  EXPECT_EQ(tally.pages(), pages(true));
}

// Batched<Autodiff<Cpu>> and Batched<Dual<Cpu>>: the derivative of a sum over samples, through vmap.
TEST(EveryDerivative, PassesThroughVmap) {
  Tally tally("derivatives under vmap");
  Random random(43);
  Interpreter& cpu = Cpu::interpreter();
  Interpreter &tape = autodiff::around(cpu), &moving = dual::around(cpu);
  for (const Case& c : differentiable_cases()) {
    SCOPED_TRACE(c.label());
    const std::vector<bool> batched(c.inputs.size(), true);
    const Samples samples = draw_samples(c, batched, random);
    const std::vector<Array> v = upload(weights(infer(c.op, lend(upload(samples.x[0]))), random));
    const Mask mask = float_inputs(samples.x[0]);
    std::vector<std::vector<Array>> expected(c.inputs.size());
    std::vector<std::vector<Array>> slope_of;
    for (const auto& sample : samples.x) {
      const std::vector<Array> g = gradients(cpu, c.op, upload(sample), mask, v);
      for (std::size_t i = 0; i < g.size(); ++i) expected[i].push_back(g[i]);
      const std::vector<Array> s = slopes(cpu, c.op, upload(sample), mask);
      slope_of.resize(s.size());
      for (std::size_t i = 0; i < s.size(); ++i) slope_of[i].push_back(s[i]);
    }
    std::vector<Array> leaves, on_tape, with_tangent;
    Interpreter &over_tape = batched::around(tape), &over_dual = batched::around(moving);
    for (std::size_t i = 0; i < c.inputs.size(); ++i) {
      std::vector<Array> parts;
      for (const auto& sample : samples.x) parts.push_back(upload(sample[i]));
      const Array whole = stack(parts);
      leaves.push_back(mask[i] ? autodiff::require_grad(tape, whole) : whole);
      on_tape.push_back(batched::make(over_tape, leaves[i], 0));
      with_tangent.push_back(batched::make(over_dual, mask[i] ? dual::make(moving, whole, whole + 0.5) : whole, 0));
    }
    const std::vector<Array> y = execute(c.op, lend(on_tape));
    Array sum;
    for (std::size_t r = 0; r < y.size(); ++r) {
      if (!v[r].defined()) continue;
      const Array whole = batched::unmake(over_tape, y[r], kSamples, 0);
      const Array part = reduce_all(ReduceFn::Sum, whole * v[r]);
      sum = sum.defined() ? sum + part : part;
    }
    if (autodiff::is_tracked(tape, sum)) {
      const autodiff::GradientStore store = autodiff::backward(tape, sum, Array());
      for (std::size_t i = 0; i < leaves.size(); ++i) {
        const Array g = mask[i] ? store.find(leaves[i]) : Array();
        if (g.defined()) expect_same(g, stack(expected[i]), 1e-9, "gradient");
      }
    }
    std::size_t at = 0;
    for (const Array& result : execute(c.op, lend(with_tangent))) {
      if (!is_float(result.dtype())) continue;
      const Array slope = dual::tangent(moving, batched::unmake(over_dual, result, kSamples, 0));
      if (slope.defined()) expect_same(slope, stack(slope_of[at]), 1e-9, "tangent");
      ++at;
    }
    tally.ran(c);
  }
  EXPECT_EQ(tally.pages(), pages(true));
}

// Batched<Batched<Cpu>>: one input varies along the outer batch, the others along the inner one.
TEST(EveryOperation, NestsVmap) {
  Tally tally("vmap of vmap");
  Random random(44);
  Interpreter &inner = Batched<Cpu>::interpreter(), &outer = Batched<Batched<Cpu>>::interpreter();
  for (const Case& c : all_cases()) {
    if (creates(c)) continue;
    SCOPED_TRACE(c.label());
    std::vector<bool> first(c.inputs.size()), rest(c.inputs.size(), true);
    first[0] = true;
    rest[0] = c.inputs.size() == 1;
    const Samples outer_samples = draw_samples(c, first, random), inner_samples = draw_samples(c, rest, random);
    std::vector<Array> x;
    for (std::size_t i = 0; i < c.inputs.size(); ++i) {
      std::vector<Array> parts;
      for (const auto& sample : (i == 0 ? outer_samples : inner_samples).x) parts.push_back(upload(sample[i]));
      x.push_back(batched::make(i == 0 ? outer : inner, stack(parts), 0));
    }
    const std::vector<Array> y = execute(c.op, lend(x));
    for (std::size_t r = 0; r < y.size(); ++r) {
      const Array got = batched::unmake(inner, batched::unmake(outer, y[r], kSamples, 0), kSamples, 0);
      std::vector<Array> columns;
      for (std::int64_t n = 0; n < kSamples; ++n) {
        std::vector<Array> rows;
        for (std::int64_t o = 0; o < kSamples; ++o) {
          std::vector<TensorData> values = inner_samples.x[static_cast<std::size_t>(n)];
          values[0] = outer_samples.x[static_cast<std::size_t>(o)][0];
          rows.push_back(execute(c.op, lend(upload(values)))[r]);
        }
        columns.push_back(stack(rows));
      }
      if (c.inputs.size() > 1) expect_same(got, stack(columns), 1e-12, "result");
    }
    tally.ran(c);
  }
}

}  // namespace
}  // namespace fornax::test
