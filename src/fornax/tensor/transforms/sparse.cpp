#include <fornax/tensor/transforms/sparse.hpp>

#include <algorithm>
#include <limits>

namespace fornax {

SparsityPattern::SparsityPattern(std::int64_t rows, std::int64_t columns, std::span<const std::int64_t> row_of,
                                 std::span<const std::int64_t> column_of)
    : rows_(rows), columns_(columns) {
  if (row_of.size() != column_of.size())
    throw ValueError("SparsityPattern", std::to_string(row_of.size()) + " rows for " +
                                            std::to_string(column_of.size()) + " columns of entries");
  std::vector<std::pair<std::int64_t, std::int64_t>> entries;
  for (std::size_t i = 0; i < row_of.size(); ++i) {
    if (row_of[i] < 0 || row_of[i] >= rows || column_of[i] < 0 || column_of[i] >= columns)
      throw IndexError("SparsityPattern", "entry (" + std::to_string(row_of[i]) + ", " + std::to_string(column_of[i]) +
                                              ") of a matrix of shape " + Shape{rows, columns}.str());
    entries.emplace_back(row_of[i], column_of[i]);
  }
  std::sort(entries.begin(), entries.end());
  entries.erase(std::unique(entries.begin(), entries.end()), entries.end());
  std::vector<std::vector<std::int64_t>> rows_with(static_cast<std::size_t>(columns));
  for (const auto& [row, column] : entries) {
    row_of_.push_back(row);
    column_of_.push_back(column);
    rows_with[static_cast<std::size_t>(column)].push_back(row);
  }
  // Each column takes the first colour that none of its rows has yet.
  colour_.assign(static_cast<std::size_t>(columns), 0);
  std::vector<std::vector<bool>> taken;  // by colour and row
  for (std::size_t column = 0; column < rows_with.size(); ++column) {
    std::size_t colour = 0;
    const auto meets = [&](std::int64_t row) { return taken[colour][static_cast<std::size_t>(row)]; };
    while (colour < taken.size() && std::any_of(rows_with[column].begin(), rows_with[column].end(), meets)) ++colour;
    if (colour == taken.size()) taken.emplace_back(static_cast<std::size_t>(rows));
    for (const std::int64_t row : rows_with[column]) taken[colour][static_cast<std::size_t>(row)] = true;
    colour_[column] = static_cast<std::int64_t>(colour);
  }
  colours_ = static_cast<std::int64_t>(taken.size());
}

namespace detail {

Array nan_probes(const Array& x) {
  if (x.rank() != 1) throw ShapeError("detect_sparsity", "needs rank 1, got " + x.shape().str());
  const std::int64_t n = x.numel();
  const Array rows = broadcast_to(x, Shape{n, n});
  return where(greater(unit_vectors(x), 0.5), std::numeric_limits<double>::quiet_NaN(), rows);
}

SparsityPattern pattern_of(const Array& spoiled, const Array& slopes) {
  const TensorData reached = is_nan(spoiled).to_data();
  const TensorData moving = logical_not(equal(slopes, 0.0)).to_data();
  const std::int64_t n = spoiled.shape()[0], m = spoiled.shape()[1];
  std::vector<std::int64_t> rows, columns;
  for (std::int64_t r = 0; r < m; ++r) {
    for (std::int64_t c = 0; c < n; ++c) {
      if (reached[c * m + r] == 0 && moving[r * n + c] == 0) continue;
      rows.push_back(r);
      columns.push_back(c);
    }
  }
  return SparsityPattern(m, n, rows, columns);
}

Array seeds(const SparsityPattern& pattern, const Array& like) {
  const std::int64_t n = pattern.columns();
  std::vector<std::int64_t> colour;
  for (std::int64_t c = 0; c < n; ++c) colour.push_back(pattern.colour_of(c));
  const Array numbers =
      arange(*zeros_like(like, Shape{0}).interpreter(), 0, pattern.colours(), 1, DType::I64, like.device());
  return cast(
      equal(reshape(numbers, Shape{pattern.colours(), 1}), reshape(host_values(like, colour, Shape{n}), Shape{1, n})),
      like.dtype());
}

Array entries(const SparsityPattern& pattern, const Array& derivatives) {
  const std::int64_t m = derivatives.rank() == 2 ? derivatives.shape()[1] : -1;
  if (m != pattern.rows())
    throw ShapeError("sparse_jacobian", "each direction gives shape " + derivatives.shape().without(0).str() +
                                            ", the pattern has " + std::to_string(pattern.rows()) + " rows");
  std::vector<std::int64_t> at;
  for (std::size_t i = 0; i < pattern.row_of().size(); ++i)
    at.push_back(pattern.colour_of(pattern.column_of()[i]) * m + pattern.row_of()[i]);
  return select(reshape(derivatives, Shape{derivatives.numel()}), 0, host_values(derivatives, at, Shape{at.size()}));
}

Array dense_of(const SparsityPattern& pattern, const Array& values) {
  std::vector<std::int64_t> at;
  for (std::size_t i = 0; i < pattern.row_of().size(); ++i)
    at.push_back(pattern.row_of()[i] * pattern.columns() + pattern.column_of()[i]);
  const Array flat = zeros_like(values, Shape{pattern.rows() * pattern.columns()});
  return reshape(select_assign(flat, 0, host_values(values, at, Shape{at.size()}), values, Update::Assign),
                 Shape{pattern.rows(), pattern.columns()});
}

}  // namespace detail

}  // namespace fornax
