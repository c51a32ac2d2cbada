#pragma once
// Batchers: from items to a batch. Any function of a vector of items is one.

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <fornax/data/dataset.hpp>

namespace fornax::data {

/// The items as they are.
struct Collect {
  template <class T> std::vector<T> operator()(std::vector<T> items) const { return items; }
};

/// Arrays of one shape and dtype behind each other: [...] times N -> [N, ...]. Throws ShapeError or DTypeError if they
/// differ, ValueError if there are none.
TensorData stack(std::span<const TensorData> items);

/// Rows of different lengths, each filled up at the end with `value`: [L_i, ...] -> [N, max L, ...], and the L_i.
struct Padded {
  TensorData values;
  TensorData lengths;  // i64 [N]
};
Padded pad_stack(std::span<const TensorData> items, double value = 0);

/// Inputs [N, ...] and labels i64 [N].
struct LabelledBatch {
  TensorData inputs, labels;
};
struct StackLabelled {
  LabelledBatch operator()(std::vector<Labelled> items) const;
};

}  // namespace fornax::data
