#include <fornax/data/dataset.hpp>

#include <algorithm>
#include <string>

#include <fornax/array/error.hpp>

namespace fornax::data {

void check_item(std::string_view dataset, std::int64_t i, std::int64_t size) {
  if (i < 0 || i >= size) throw IndexError(dataset, "item " + std::to_string(i) + " of " + std::to_string(size));
}

TensorDataset::TensorDataset(TensorData inputs, TensorData labels) : size_(0) {
  constexpr std::string_view operation = "TensorDataset";
  const Shape& shape = inputs.shape();
  if (shape.rank() == 0 || !(labels.shape() == Shape{shape[0]}))
    throw ShapeError(operation, "inputs " + shape.str() + ", labels " + labels.shape().str() +
                                    "; inputs [N, ...] and labels [N] would fit");
  if (!is_int(labels.dtype()))
    throw DTypeError(operation, "labels are " + std::string(name(labels.dtype())) + "; Int is needed");
  size_ = shape[0];
  row_ = shape.without(0);
  inputs_ = std::make_shared<const TensorData>(std::move(inputs));
  labels_ = std::make_shared<const TensorData>(labels.convert(DType::I64));
}

Labelled TensorDataset::get(std::int64_t i) const {
  check_item("TensorDataset", i, size_);
  Labelled item{TensorData(row_, inputs_->dtype()), labels_->values<std::int64_t>()[static_cast<std::size_t>(i)]};
  const std::size_t bytes = item.input.bytes().size();
  std::ranges::copy(inputs_->bytes().subspan(static_cast<std::size_t>(i) * bytes, bytes), item.input.bytes().begin());
  return item;
}

}  // namespace fornax::data
