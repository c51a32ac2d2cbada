#include <fornax/data/batch.hpp>

#include <algorithm>
#include <string>

#include <fornax/array/error.hpp>

namespace fornax::data {

namespace {

// That all have the dtype of the first, and its shape but for the dims before `from`.
void check_alike(std::string_view operation, std::span<const TensorData> items, int from) {
  if (items.empty()) throw ValueError(operation, "there are no items");
  const TensorData& first = items[0];
  for (const TensorData& item : items) {
    if (item.dtype() != first.dtype())
      throw DTypeError(operation, "item 0 is " + std::string(name(first.dtype())) + ", another is " +
                                      std::string(name(item.dtype())));
    const auto a = first.shape().dims(), b = item.shape().dims();
    const auto skipped = static_cast<std::size_t>(from);
    if (a.size() != b.size() || a.size() < skipped || !std::ranges::equal(a.subspan(skipped), b.subspan(skipped)))
      throw ShapeError(operation, "item 0 has shape " + first.shape().str() + ", another has " + item.shape().str());
  }
}

}  // namespace

TensorData stack(std::span<const TensorData> items) {
  check_alike("stack", items, 0);
  TensorData out(items[0].shape().inserted(0, static_cast<std::int64_t>(items.size())), items[0].dtype());
  auto to = out.bytes().begin();
  for (const TensorData& item : items) to = std::ranges::copy(item.bytes(), to).out;
  return out;
}

Padded pad_stack(std::span<const TensorData> items, double value) {
  check_alike("pad_stack", items, 1);
  std::vector<std::int64_t> lengths;
  for (const TensorData& item : items) lengths.push_back(item.shape()[0]);
  const std::int64_t longest = std::ranges::max(lengths);
  const Shape shape = items[0].shape().with(0, longest).inserted(0, static_cast<std::int64_t>(items.size()));
  TensorData out(shape, items[0].dtype());
  const TensorData fill = TensorData({value}).convert(out.dtype());
  const std::size_t row = out.bytes().size() / items.size();
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto to = out.bytes().subspan(i * row, row);
    std::size_t at = items[i].bytes().size();
    std::ranges::copy(items[i].bytes(), to.begin());
    for (; at < row; at += fill.bytes().size())
      std::ranges::copy(fill.bytes(), to.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return {std::move(out), TensorData(lengths)};
}

LabelledBatch StackLabelled::operator()(std::vector<Labelled> items) const {
  std::vector<TensorData> inputs;
  std::vector<std::int64_t> labels;
  for (Labelled& item : items) {
    inputs.push_back(std::move(item.input));
    labels.push_back(item.label);
  }
  return {stack(inputs), TensorData(labels)};
}

}  // namespace fornax::data
