// Fused operations beside the simpler ones that they lower to, at sizes that fill their tiles and leave remainders.

#include <gtest/gtest.h>

#include <fornax/cpu/threads.hpp>
#include <support/derivatives.hpp>
#include <support/samples.hpp>

namespace fornax::test {
namespace {

std::vector<Array> lowered(const Op& op, const std::vector<Array>& x) {
  Arrays y;
  EXPECT_TRUE(lower(op, lend(x), y));
  return {y.begin(), y.end()};
}

void expect_agreement(const Case& c, double tolerance) {
  SCOPED_TRACE(c.label());
  Random random(60);
  const std::vector<Array> x = upload(draw(c, random));
  const std::vector<TensorData> fused = to_data(execute(c.op, lend(x))), simple = to_data(lowered(c.op, x));
  ASSERT_EQ(fused.size(), simple.size());
  for (std::size_t i = 0; i < fused.size(); ++i)
    EXPECT_NO_THROW(fused[i].assert_approx_eq(simple[i], tolerance, tolerance)) << "result " << i;
}

TEST(FusedOperations, GiveWhatTheyLowerTo) {
  int count = 0;
  for (const Case& c : all_cases()) {
    if (!lowers(c.op)) continue;
    expect_agreement(c, 1e-12);
    ++count;
  }
  EXPECT_GE(count, 20);
}

struct Large {
  Op op;
  std::vector<Shape> inputs;
};

std::vector<Large> large_cases() {
  const Shape rows{70, 1000}, picture{5, 6, 9, 11};
  std::vector<Large> all{
      {op::GroupNorm{1, 1e-5, true, 2}, {rows, {1000}, {1000}}},
      {op::GroupNorm{1, 1e-5, false, 1}, {rows, {1000}}},
      {op::GroupNorm{3, 1e-5, true, 2}, {picture, {6}, {6}}},
      {op::GroupNormGrad{1, 1e-5, true, true}, {rows, {1000}, rows}},
      {op::GroupNormGrad{1, 1e-5, false, true}, {rows, {1000}, rows}},
      {op::GroupNormGrad{3, 1e-5, true, true}, {picture, {6}, picture}},
      {op::GroupNormGrad{2, 1e-5, true, false}, {picture, picture}},
      {op::BatchNorm{1e-5}, {picture, {6}, {6}}},
      {op::BatchNorm{1e-5}, {rows, {1000}, {1000}}},
      {op::BatchNormGrad{1e-5}, {picture, {6}, {6}, {6}, picture}},
      {op::BatchNormGrad{1e-5}, {rows, {1000}, {1000}, {1000}, rows}},
      {op::SgdStep{0.1, 0.9, 1, true}, {{5000}, {5000}, {5000}}},
      {op::AdamStep{0.1, 0.9, 0.99, 1e-8}, {{5000}, {5000}, {5000}, {5000}}},
      {op::SgdStep{0.1, 0.9, 1, false, 0.1},
       {{50000}, {50000}, {50000}, {3}, {3}, {3}, {0}, {0}, {0}, {700}, {700}, {700}}},
      {op::SgdStep{0.1, 0}, {{7}, {7}, {90, 400}, {90, 400}, {1}, {1}}},
  };
  const Shape weight{4 * 70, 70}, state{30, 70}, states{5, 30, 70}, gates{5, 30, 4 * 70};
  for (const bool reverse : {false, true}) {
    all.push_back({op::Lstm{reverse}, {gates, weight, state, state}});
    all.push_back({op::LstmGrad{reverse}, {weight, state, states, gates, states}});
    all.push_back({op::LstmGrad{reverse, true, true}, {weight, state, states, gates, states, states, gates}});
  }
  for (const bool reset_after : {false, true}) {
    const Shape parts{5, 30, 3 * 70}, w{3 * 70, 70}, kept = reset_after ? gates : parts;
    for (const bool reverse : {false, true}) {
      all.push_back({op::Gru{reverse, reset_after}, {parts, w, {3 * 70}, state}});
      all.push_back({op::GruGrad{reverse, reset_after}, {w, state, states, kept, states}});
      all.push_back({op::GruGrad{reverse, reset_after, true}, {w, state, states, kept, states, kept}});
    }
  }
  for (const bool causal : {false, true}) {
    for (const auto& [queries, keys, width, values] : {std::array<int, 4>{100, 130, 20, 16},
                                                       {130, 100, 16, 33},
                                                       {64, 48, 64, 64},
                                                       {1, 50, 8, 8},
                                                       {70, 430, 16, 32}}) {
      const Shape q{3, queries, width}, k{3, keys, width}, v{3, keys, values}, g{3, queries, values}, row{3, queries};
      const op::AttentionSettings plain{.scale = 0.3, .causal = causal};
      all.push_back({op::Attention{plain}, {q, k, v}});
      all.push_back({op::AttentionGrad{plain}, {q, k, v, row, row, g}});
      op::AttentionSettings full = plain;
      full.masked = true, full.softcap = 1.5, full.dropout = 0.3, full.draw = {11, 4};
      const Shape scores{3, queries, keys};
      all.push_back({op::Attention{full}, {q, k, v, scores}});
      all.push_back({op::AttentionGrad{full, true}, {q, k, v, row, row, g, scores}});
    }
  }
  // Heads that share keys and values; few queries with many keys.
  for (const std::int64_t queries : {1, 5, 70}) {
    const Shape q{2, 4, queries, 16}, k{2, 2, 300, 16}, row{2, 4, queries};
    const op::AttentionSettings grouped{.scale = 0.3, .softcap = 2, .dropout = 0.2, .draw = {5, 1}};
    all.push_back({op::Attention{grouped}, {q, k, k}});
    all.push_back({op::AttentionGrad{grouped}, {q, k, k, row, row, q}});
  }
  // One head, whose keys are shared out in parts.
  for (const bool causal : {false, true}) {
    const op::AttentionSettings alone{.scale = 0.3, .causal = causal};
    const Shape q{400, 16}, k{530, 16}, v{530, 16};
    all.push_back({op::AttentionGrad{alone}, {q, k, v, {400}, {400}, q}});
  }
  const Shape wide{50, 3000};
  all.push_back({op::Dropout{0.3, {2, 9}}, {wide}});
  all.push_back({op::Dropout{0.3, {2, 9}, 1}, {wide}});
  all.push_back({op::Dropout{0.3, {2, 9}, 2}, {{7, 300, 5}}});
  return all;
}

TEST(FusedOperations, GiveWhatTheyLowerToBeyondOneTile) {
  for (const Large& l : large_cases()) {
    for (const DType type : {DType::F64, DType::F32}) {
      Case c{l.op, {}, "large", 0};
      for (const Shape& s : l.inputs) c.inputs.push_back({s, type, 0.1, 1});
      expect_agreement(c, type == DType::F64 ? 1e-10 : 2e-3);
    }
  }
}

// Tiles and rows are widened as they are read, and rounded as they are stored: the bits of f32, rounded once.
TEST(FusedOperations, RoundSixteenBitsOnce) {
  int count = 0;
  for (const Large& l : large_cases()) {
    if (!name(l.op).starts_with("attention") && !name(l.op).starts_with("group_norm") &&
        !name(l.op).starts_with("rms_norm"))
      continue;
    for (const DType type : {DType::BF16, DType::F16}) {
      Case c{l.op, {}, "large", 0};
      for (const Shape& s : l.inputs) c.inputs.push_back({s, type, 0.1, 1});
      if (name(l.op) == "attention_grad") c.inputs[3].dtype = c.inputs[4].dtype = DType::F32;  // lse and delta
      SCOPED_TRACE(c.label());
      Random random(63);
      const std::vector<Array> x = upload(draw(c, random));
      std::vector<Array> wide;
      for (const Array& a : x) wide.push_back(cast(a, DType::F32));
      const std::vector<TensorData> y = to_data(execute(l.op, lend(x))), full = to_data(execute(l.op, lend(wide)));
      for (std::size_t i = 0; i < y.size(); ++i) EXPECT_EQ(y[i], full[i].convert(y[i].dtype())) << "result " << i;
      ++count;
    }
  }
  EXPECT_GE(count, 60);
}

// run() returns the first result of several; the rule reads all of them.
TEST(FusedOperations, HaveTheirDerivativeWhereOnlyTheFirstResultIsAskedFor) {
  const Inputs x{drawn({2, 3, 4}, 1), drawn({2, 5, 4}, 2), drawn({2, 5, 3}, 3)};
  const Inputs of_first = gradients_of(
      first_tape(), [](const Inputs& a) { return run(op::Attention{}, lent(a)); }, x);
  const Inputs of_all = gradients_of(
      first_tape(), [](const Inputs& a) { return run_all(op::Attention{}, lent(a))[0]; }, x);
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(of_first[i].to_data(), of_all[i].to_data());
}

TEST(FusedOperations, GiveTheSameBitsOnAnyNumberOfThreads) {
  const int before = num_threads();
  for (const Large& l : large_cases()) {
    Case c{l.op, {}, "large", 0};
    for (const Shape& s : l.inputs) c.inputs.push_back({s, DType::F32, 0.1, 1});
    SCOPED_TRACE(c.label());
    Random random(61);
    const std::vector<Array> x = upload(draw(c, random));
    set_num_threads(1);
    const std::vector<TensorData> alone = to_data(execute(c.op, lend(x)));
    set_num_threads(3);
    EXPECT_EQ(to_data(execute(c.op, lend(x))), alone);
  }
  set_num_threads(before);
}

// Optimizers go on with the same bits whether a step was fused or not.
TEST(FusedOperations, StepsOfOptimizersHaveTheBitsOfTheSeparateOperations) {
  for (const auto& [op, set] : {std::pair{Op(op::SgdStep{0.1, 0.9}), 3u},
                                {Op(op::SgdStep{0.1, 0.9, 1, true}), 3u},
                                {Op(op::SgdStep{0.1, 0.9, 0.7, false, 0.3}), 3u},
                                {Op(op::SgdStep{0.1, 0.9, 1, true, 0, 0.9}), 3u},
                                {Op(op::SgdStep{0.1, 0}), 2u},
                                {Op(op::AdamStep{0.1, 0.9, 0.999, 1e-8}), 4u},
                                {Op(op::AdamStep{0.1, 0.9, 0.999, 1e-8, 0.1}), 4u},
                                {Op(op::AdamStep{0.1, 0.9, 0.999, 1e-8, 0, 0.99}), 4u}}) {
    for (const DType type : {DType::F64, DType::F32}) {
      Case c{op, {}, "step", 0};
      for (const std::int64_t size : {1003, 1, 517}) c.inputs.insert(c.inputs.end(), set, {Shape{size}, type, 0.1, 2});
      SCOPED_TRACE(c.label());
      Random random(62);
      const std::vector<Array> x = upload(draw(c, random));
      EXPECT_EQ(to_data(execute(op, lend(x))), to_data(lowered(op, x)));
    }
  }
}

}  // namespace
}  // namespace fornax::test
