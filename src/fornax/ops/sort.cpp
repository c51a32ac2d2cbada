#include <fornax/ops/sort.hpp>

#include <fornax/ops/functions.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::op {

Spec ArgSort::infer(Operands x) const {
  require_inputs(name(), x, 1);
  const Array& a = x[0].array();
  const int d = a.rank() == 0 ? 0 : checked_dim(name(), dim, a.rank());
  const std::int64_t n = a.rank() == 0 ? 1 : a.shape()[d];
  if (count > n)
    throw ValueError(name(), "the first " + std::to_string(count) + " of dim " + std::to_string(d) + " of " +
                                 a.shape().str() + ", which has size " + std::to_string(n));
  if (count < 0 || count == n) return {a.shape(), DType::I64, a.device()};
  return {a.rank() == 0 ? Shape{0} : a.shape().with(d, count), DType::I64, a.device()};
}

SamplesOf<ArgSort> ArgSort::samples() {
  return {{{0}, {{Shape{3, 4}}}},
          {{1, true}, {{Shape{2, 5}, DType::F64, -4, 4}}},
          {{1}, {{Shape{2, 3, 2}, DType::I64, -2, 3}}},
          {{0, true, 2}, {{Shape{4, 3}, DType::I64, -2, 3}}},
          {{1, false, 3}, {{Shape{2, 5}}}}};
}

Spec SearchSorted::infer(Operands x) const {
  require_inputs(name(), x, 2);
  const Array &sorted = x[0].array(), &values = x[1].array();
  require_numeric(name(), sorted);
  require_same_type(name(), sorted, values);
  bool fits = sorted.rank() == 1 || (sorted.rank() > 1 && sorted.rank() == values.rank());
  for (int d = 0; fits && d + 1 < sorted.rank(); ++d) fits = sorted.shape()[d] == values.shape()[d];
  if (!fits)
    throw ShapeError(name(), "the sorted rows have shape " + sorted.shape().str() + ", the values " +
                                 values.shape().str() + "; one row, or a row for each row of the values");
  return {values.shape(), DType::I64, sorted.device()};
}

SamplesOf<SearchSorted> SearchSorted::samples() {
  return {{{false}, {{Shape{5}}, {Shape{2, 3}}}},
          {{true}, {{Shape{2, 5}, DType::I64, 0, 4}, {Shape{2, 3}, DType::I64, 0, 4}}}};
}

Array SearchSorted::batch(const BatchedInputs& in) const {
  // One row for all values of a sample becomes a row beside each row of values.
  BatchedInputs same = in;
  for (const std::size_t i : {0, 1}) same.x[i] = in.all(i);
  const Shape& values = same.x[1].shape();
  if (in.rank(0) == 1 && in.rank(1) != 1) {
    const std::int64_t n = same.x[0].shape()[1];
    if (in.rank(1) == 0) return reshape(run(*this, {same.x[0], reshape(same.x[1], Shape{in.size, 1})}), values);
    Shape line{in.size};
    for (int d = 1; d + 1 < values.rank(); ++d) line = line.inserted(d, 1);
    same.x[0] = broadcast_to(reshape(same.x[0], line.inserted(line.rank(), n)), values.with(values.rank() - 1, n));
  }
  return run(*this, {same.x[0], same.x[1]});
}

}  // namespace fornax::op
