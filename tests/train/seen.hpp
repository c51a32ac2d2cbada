#pragma once
// Batches for metrics, and what all metrics must do.

#include <cmath>
#include <utility>

#include <gtest/gtest.h>

#include <fornax/io/named.hpp>
#include <fornax/train/metric.hpp>

namespace fornax::test {

/// A batch that a step might have seen.
inline train::Observation seen(const TensorData& output, const TensorData& target) {
  train::Observation batch;
  batch.output = io::to_array(output);
  batch.target = io::to_array(target);
  batch.items = target.shape()[0];
  return batch;
}

/// Rows [from, to) of both.
inline train::Observation rows(const train::Observation& all, std::int64_t from, std::int64_t to) {
  train::Observation part = all;
  part.output = narrow(all.output, 0, from, to - from);
  part.target = narrow(all.target, 0, from, to - from);
  part.items = to - from;
  return part;
}

/// The metric is `expected` of the whole batch, in two parts, when its state goes to another one between the two, and again
/// after a reset.
template <class M> void expect_metric(const M& made, const train::Observation& all, double expected) {
  M whole = made;
  EXPECT_NEAR(whole.update(all), expected, 1e-12) << made.name();
  EXPECT_NEAR(whole.value(), expected, 1e-12) << made.name();

  M first = made, second = made;
  first.update(rows(all, 0, 1));
  second.load_state(first.state());
  second.update(rows(all, 1, all.items));
  first.update(rows(all, 1, all.items));
  EXPECT_NEAR(first.value(), expected, 1e-12) << made.name() << " in parts";
  EXPECT_EQ(first.value(), second.value()) << made.name() << " from a state";

  whole.reset();
  EXPECT_FALSE(whole.value() == expected) << made.name();
  whole.update(all);
  EXPECT_NEAR(whole.value(), expected, 1e-12) << made.name() << " after a reset";
  EXPECT_THROW(whole.load_state({.kind = "another", .arrays = {}, .numbers = {}}), ValueError);
}

}  // namespace fornax::test
