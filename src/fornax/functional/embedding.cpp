#include <fornax/functional/embedding.hpp>

#include <fornax/array/interpreter.hpp>
#include <fornax/functional/common.hpp>
#include <fornax/ops/functions/indexing.hpp>

namespace fornax::functional {

namespace {

using namespace impl;

void check(std::string_view operation, const Array& weight, const Array& index) {
  require_floats(operation, {&weight});
  require_defined(operation, index);
  require_int(operation, index);
  require_rank(operation, "weight", weight, 2);
}

}  // namespace

Array embedding(const Array& weight, const Array& index, std::optional<std::int64_t> padding_idx) {
  check("embedding", weight, index);
  const Array flat = reshape(index, Shape{index.numel()});
  Array rows = select(weight, 0, flat);
  if (padding_idx) {
    const std::int64_t n = weight.shape()[0], padding = *padding_idx < 0 ? *padding_idx + n : *padding_idx;
    if (padding < 0 || padding >= n)
      throw IndexError("embedding", "padding_idx " + std::to_string(*padding_idx) + " is outside the " +
                                        std::to_string(n) + " rows of the weight");
    rows = where(equal(unsqueeze(flat, 1), padding), detach(rows), rows);
  }
  return reshape(rows, index.shape().inserted(index.rank(), weight.shape()[1]));
}

Array embedding_bag(const Array& weight, const Array& index, Bag join) {
  check("embedding_bag", weight, index);
  require_rank("embedding_bag", "index", index, 2);
  if (join == Bag::Max && index.shape()[1] == 0)
    throw ValueError("embedding_bag", "no row is the largest of none: index has shape " + index.shape().str());
  const ReduceFn fn = join == Bag::Sum ? ReduceFn::Sum : join == Bag::Mean ? ReduceFn::Mean : ReduceFn::Max;
  return squeeze(reduce(fn, embedding(weight, index), 1), 1);
}

Array one_hot(const Array& index, std::optional<std::int64_t> classes) {
  require_defined("one_hot", index);
  require_int("one_hot", index);
  if (!classes && index.numel() == 0) throw ValueError("one_hot", "the number of classes of no indices is not known");
  return fornax::one_hot(index,
                         classes ? *classes : static_cast<std::int64_t>(reduce_all(ReduceFn::Max, index).item()) + 1);
}

}  // namespace fornax::functional
