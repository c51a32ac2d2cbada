// Fusion gives the bits of the operations one by one: every operation of the index, its derivatives in all modes, and
// random programs.

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/cpu/threads.hpp>
#include <fornax/decorators/batched/tag.hpp>
#include <fornax/decorators/dual/tag.hpp>
#include <support/fusion.hpp>
#include <support/gradients.hpp>

namespace fornax::test {
namespace {

// The results of an operation, and of what reads each element once more at the end of the same program.
std::vector<TensorData> results(const Op& op, Operands x) {
  std::vector<Array> y = execute(op, x);
  for (std::size_t i = 0, n = y.size(); i < n; ++i)
    if (is_float(y[i].dtype())) y.push_back(reduce(ReduceFn::Sum, y[i] * 0.5, DimSet::all(y[i].rank())));
  return to_data(y);
}

TEST(EveryOperationWithFusion, GivesTheBitsOfTheOperationAlone) {
  const EverySize every_size;
  Tally tally("fused against alone");
  Random random(50);
  // Of what never waits, the small cases are enough.
  const std::set<std::string_view> waits = {"Unary", "Binary", "WithScalar", "Where",     "Clamp",
                                            "Cast",  "Reduce", "Softmax",    "GroupNorm", "GroupNormGrad"};
  for (const Case& c : all_variants()) {
    SCOPED_TRACE(c.label());
    if (c.inputs.empty() || (c.inputs[0].shape.numel() > 1000 && !waits.contains(c.page))) continue;
    const std::vector<TensorData> data = draw(c, random);
    const std::vector<TensorData> expected = results(c.op, lend(upload(data)));
    for (const cpu::Executor executor : executors()) {
      const ByExecutor by(executor);
      SCOPED_TRACE(executor == cpu::Executor::Tiles ? "tiles" : "compiled");
      EXPECT_TRUE(same_bits(results(c.op, lend(late(upload(data)))), expected)) << "inputs that wait";
    }
    std::vector<Array> ready;
    for (const Array& a : upload(data)) ready.push_back(fusing().enter(a));
    EXPECT_TRUE(same_bits(results(c.op, lend(ready)), expected)) << "inputs that are evaluated";
    EXPECT_TRUE(same_bits(results(c.op, give(ready)), expected)) << "given inputs";
    std::vector<Array> waiting = late(upload(data));
    EXPECT_TRUE(same_bits(results(c.op, give(waiting)), expected)) << "given inputs that wait";
    for (const Layout layout : kLayouts) {
      std::vector<Array> views;
      for (const TensorData& d : data) views.push_back(with_layout(d, layout));
      EXPECT_TRUE(same_bits(results(c.op, lend(late(views))), expected)) << "layout " << static_cast<int>(layout);
    }
    tally.ran(c);
  }
  for (const std::string_view page : pages())
    EXPECT_TRUE(tally.pages().contains(page) || page == "Full" || page == "Arange" || page == "Random") << page;
}

TEST(EveryOperationWithFusion, TakesSizesOfZero) {
  const EverySize every_size;
  Random random(51);
  for (const Case& sample : all_variants(Sizes::Sampled)) {
    for (std::int64_t size = 1; size <= 6; ++size) {
      const std::optional<Case> c = resized(sample, size, 0);
      if (!c) continue;
      SCOPED_TRACE(c->label());
      const std::vector<TensorData> data = draw(*c, random);
      try {
        EXPECT_TRUE(
            same_bits(to_data(execute(c->op, lend(late(upload(data))))), to_data(execute(c->op, lend(upload(data))))));
      } catch (const IndexError& e) {  // positions in a dim that has none
        EXPECT_EQ(e.operation(), name(c->op));
      }
    }
  }
}

TEST(EveryDerivativeWithFusion, HasTheBitsOfReverseModeAlone) {
  const EverySize every_size;
  Tally tally("fused vjp against vjp");
  Random random(52);
  for (const Case& c : differentiable_cases()) {
    SCOPED_TRACE(c.label());
    const std::vector<TensorData> x = draw(c, random);
    const Mask all = float_inputs(x);
    const auto v = weights(infer(c.op, lend(upload(x))), random);
    const std::vector<Array> expected = reverse(Autodiff<Cpu>::interpreter(), c.op, upload(x), all, upload(v));
    for (const Manner manner : {Manner{}, Manner{.give = true, .release = true}}) {
      std::vector<Array> on;
      for (const Array& a : upload(x)) on.push_back(late(a));
      std::vector<Array> cotangents;
      for (const Array& a : upload(v)) cotangents.push_back(a.defined() ? late(a) : a);
      const std::vector<Array> gradients =
          reverse(Autodiff<Fusion<Cpu>>::interpreter(), c.op, on, all, cotangents, manner);
      for (std::size_t i = 0; i < x.size(); ++i)
        if (all[i]) {
          EXPECT_TRUE(same_bits(gradients[i].to_data(), expected[i].to_data())) << "input " << i;
        }
    }
    tally.ran(c);
  }
  EXPECT_EQ(tally.pages(), pages(true));
}

TEST(EveryDerivativeWithFusion, HasTheBitsOfForwardModeAndOfVmapAlone) {
  const EverySize every_size;
  Random random(53);
  for (const Case& c : differentiable_cases()) {
    SCOPED_TRACE(c.label());
    const std::vector<TensorData> x = draw(c, random);
    const std::vector<TensorData> t = draw(c, random);
    const auto forward = [&](Interpreter& below, bool waits) {
      Interpreter& on = dual::around(below);
      std::vector<Array> moving = waits ? late(upload(x)) : upload(x);
      for (std::size_t i = 0; i < x.size(); ++i)
        if (is_float(x[i].dtype())) moving[i] = dual::make(on, moving[i], waits ? late(upload(t[i])) : upload(t[i]));
      std::vector<TensorData> data;
      for (const Array& y : execute(c.op, lend(moving))) {
        const Array slope = dual::tangent(on, y);
        data.push_back(slope.defined() ? slope.to_data() : TensorData({0.0}));
      }
      return data;
    };
    EXPECT_TRUE(same_bits(forward(fusing(), true), forward(Cpu::interpreter(), false)));
    const auto mapped = [&](Interpreter& below, bool waits) {
      Interpreter& on = batched::around(below);
      std::vector<Array> samples;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const Shape batch = x[i].shape().inserted(0, 1);
        const Array both =
            cat({reshape(upload(x[i]), batch), reshape(upload(is_index(c.op, i) ? x[i] : t[i]), batch)}, 0);
        samples.push_back(batched::make(on, waits ? late(both) : both, 0));
      }
      std::vector<TensorData> data;
      for (const Array& y : execute(c.op, lend(samples))) data.push_back(batched::unmake(on, y, 2, 0).to_data());
      return data;
    };
    EXPECT_TRUE(same_bits(mapped(fusing(), true), mapped(Cpu::interpreter(), false)));
  }
}

// --- Random programs --------------------------------------------------------------------------------------------------

// The same operations alone and fused, side by side.
class Pair {
 public:
  Pair(std::uint64_t seed, const Shape& shape) : random_(seed), shape_(shape) {
    for (int i = 0; i < 3; ++i) add(input(DType::F32));
    add(input(DType::Bool));
  }

  void step() {
    const std::size_t i = below(alone_.size());
    switch (below(14)) {
      case 0: return drop(i);
      case 1: return read(i);
      case 2: return add(input(below(4) == 0 ? DType::F64 : DType::F32));
      case 3: return reduce_some(i);
      case 4: return cast_to(i);
      case 5:
      case 6:
        if (const auto fn = static_cast<UnaryFn>(below(kUnaryCount)); takes(op::Unary{fn}, {i}))
          add_result(op::Unary{fn}, {i});
        return;
      case 7: {
        const op::WithScalar op{static_cast<ScalarFn>(below(kScalarCount)), scalar(alone_[i].dtype())};
        if (takes(op, {i})) add_result(op, {i});
        return;
      }
      case 8: {
        const op::Clamp op{scalar(alone_[i].dtype()), scalar(alone_[i].dtype()), below(2) == 0, below(2) == 0};
        if (takes(op, {i})) add_result(op, {i});
        return;
      }
      case 12:
      case 13: return take_rows(i);
      case 9: {
        const std::size_t c = below(alone_.size()), b = below(alone_.size());
        if (takes(op::Where{}, {c, i, b})) add_result(op::Where{}, {c, i, b});
        return;
      }
      default: {
        const op::Binary op{static_cast<BinaryFn>(below(kBinaryCount))};
        const std::size_t b = below(alone_.size());
        if (takes(op, {i, b})) add_result(op, {i, b});
      }
    }
  }

  void finish() {
    for (std::size_t i = 0; i < alone_.size(); ++i) read(i);
  }

 private:
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  Scalar scalar(DType type) {
    return is_float(type) ? Scalar(3 * uniform(random_) - 1) : Scalar(static_cast<std::int64_t>(1 + below(3)));
  }

  void add(std::pair<Array, Array> both) {
    alone_.push_back(std::move(both.first));
    fused_.push_back(std::move(both.second));
  }
  // Contiguous, transposed, reversed, with holes, or repeated along some dims.
  std::pair<Array, Array> input(DType type) {
    std::vector<double> values(static_cast<std::size_t>(shape_.numel()));
    for (double& v : values) v = type == DType::Bool ? static_cast<double>(below(2)) : 4 * uniform(random_) - 2;
    const TensorData data = TensorData(values, shape_).convert(type);
    const std::size_t kind = below(6);
    Array x = kind < 3 ? with_layout(data, kLayouts[kind]) : upload(data);
    for (int d = 0; kind == 5 && d < shape_.rank(); ++d)
      if (below(2) == 0) x = narrow(x, d, 0, 1);
    x = broadcast_to(x, shape_);
    return {x, fusing().enter(x)};
  }
  bool takes(const Op& op, std::initializer_list<std::size_t> inputs) const {
    std::vector<Operand> x;
    for (const std::size_t i : inputs) {
      if (!(alone_[i].shape() == shape_)) return false;
      x.push_back(Operand(alone_[i]));
    }
    try {
      require_fits(op, x);
      return true;
    } catch (const Error&) {
      return false;
    }
  }
  void add_result(const Op& op, std::initializer_list<std::size_t> inputs) {
    std::vector<Array> x, y;
    for (const std::size_t i : inputs) x.push_back(alone_[i]), y.push_back(fused_[i]);
    // Some operands are given away by their only holder, so that buffers may be reused.
    const bool gives = below(3) == 0 && alone_.size() > 6;
    for (std::size_t i = alone_.size(); gives && i-- > 0;)
      if (std::find(inputs.begin(), inputs.end(), i) != inputs.end()) drop(i);
    try {
      Array a = run(op, gives ? give(x) : lend(x));
      add({std::move(a), run(op, gives ? give(y) : lend(y))});
    } catch (const ValueError&) {  // a division of integers by zero, which both refuse
      EXPECT_THROW(static_cast<void>(run(op, lend(y))), ValueError);
    }
  }
  void cast_to(std::size_t i) {
    constexpr DType kTypes[] = {DType::F32, DType::F64, DType::F16, DType::BF16,
                                DType::I64, DType::I32, DType::U8,  DType::Bool};
    const DType to = kTypes[below(std::size(kTypes))];
    if (alone_[i].dtype() != to && takes(op::Cast{to}, {i})) add_result(op::Cast{to}, {i});
  }
  void reduce_some(std::size_t i) {
    DimSet dims;
    for (int d = 0; d < shape_.rank(); ++d)
      if (below(2) == 0) dims.add(d);
    if (below(2) == 0) dims = DimSet::all(shape_.rank());
    const op::Reduce op{static_cast<ReduceFn>(below(7)), dims};
    if (!takes(op, {i})) return;
    add_result(op, {i});
    if (below(2) == 0)
      add({reshape(alone_.back(), Shape{alone_.back().numel()}), reshape(fused_.back(), Shape{fused_.back().numel()})});
  }
  // Softmax, a norm, or the gradients of one.
  void take_rows(std::size_t i) {
    if (shape_.rank() == 0) return;
    const std::size_t g = below(alone_.size());
    const auto width = shape_[shape_.rank() - 1];
    const auto run_both = [&](const auto& op, std::initializer_list<std::size_t> rows, std::size_t vectors) {
      std::vector<Array> x, y;
      for (const std::size_t k : rows) {
        if (!(alone_[k].shape() == shape_) || alone_[k].dtype() != alone_[i].dtype()) return;
        x.push_back(alone_[k]), y.push_back(fused_[k]);
      }
      for (std::size_t k = 0; k < vectors; ++k) {
        std::vector<double> values(static_cast<std::size_t>(width));
        for (double& v : values) v = 2 * uniform(random_) - 1;
        const Array v = upload(TensorData(values, Shape{width}).convert(alone_[i].dtype()));
        x.insert(x.begin() + static_cast<std::ptrdiff_t>(k) + 1, v);
        y.insert(y.begin() + static_cast<std::ptrdiff_t>(k) + 1, below(2) == 0 ? fusing().enter(v) : late(v));
      }
      std::vector<Array> a = execute(Op(op), lend(x)), b = execute(Op(op), lend(y));
      for (std::size_t k = 0; k < a.size(); ++k) add({std::move(a[k]), std::move(b[k])});
    };
    if (!is_float(alone_[i].dtype()) || !(alone_[i].shape() == shape_)) return;
    const bool two = shape_.rank() == 2;
    switch (two ? below(3) : 0) {
      case 0: return run_both(op::Softmax{shape_.rank() - 1, below(2) == 0}, {i}, 0);
      case 1: {
        const std::size_t vectors = below(3);
        return run_both(op::GroupNorm{1, 1e-5, below(2) == 0, static_cast<std::uint8_t>(vectors)}, {i}, vectors);
      }
      default: {
        const bool affine = below(2) == 0;
        return run_both(op::GroupNormGrad{1, 1e-5, below(2) == 0, affine}, {i, g}, affine ? 1 : 0);
      }
    }
  }
  void drop(std::size_t i) {
    if (alone_.size() < 5) return;
    alone_.erase(alone_.begin() + static_cast<std::ptrdiff_t>(i));
    fused_.erase(fused_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  void read(std::size_t i) {
    EXPECT_TRUE(same_bits(fused_[i].to_data(), alone_[i].to_data()))
        << alone_[i].shape().str() << " " << name(alone_[i].dtype());
  }

  Random random_;
  Shape shape_;
  std::vector<Array> alone_, fused_;
};

TEST(RandomProgram, GivesTheBitsOfItsOperationsAlone) {
  const EverySize every_size;
  const std::uint64_t before = fusion::stats().instructions;
  const Shape shapes[] = {{},       {1},      {7},    {3, 5},      {2, 3, 4}, {1, 600},
                          {600, 3}, {40, 33}, {1300}, {5, 1, 300}, {3, 1100}, {1100, 130}};
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    const Shape& shape = shapes[seed % std::size(shapes)];
    const cpu::Executor executor = executors()[seed / std::size(shapes) % executors().size()];
    const ByExecutor by(executor);
    SCOPED_TRACE("seed " + std::to_string(seed) + ", shape " + shape.str() +
                 (executor == cpu::Executor::Tiles ? ", tiles" : ", compiled"));
    Pair pair(seed, shape);
    for (int i = 0; i < 40; ++i) pair.step();
    pair.finish();
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(fusion::stats().instructions - before, 1000u);
}

// Long enough for several tasks, ranges of reductions and rows that end within them.
TEST(RandomProgram, GivesTheSameBitsForAnyNumberOfThreads) {
  const EverySize every_size;
  const int before = num_threads();
  const Shape shapes[] = {{70001}, {3, 40001}, {1500, 60}, {61, 1111}};
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const ByExecutor by(executors()[seed / 4 % executors().size()]);
    set_num_threads(1 + static_cast<int>(seed % 3));
    Pair pair(1000 + seed, shapes[seed % std::size(shapes)]);
    for (int i = 0; i < 20; ++i) pair.step();
    pair.finish();
  }
  set_num_threads(before);
}

}  // namespace
}  // namespace fornax::test
