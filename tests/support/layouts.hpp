#pragma once
// Arrays that hold given values in memory that is not contiguous.

#include <algorithm>
#include <array>
#include <vector>

#include <fornax/array/dense.hpp>
#include <support/samples.hpp>

namespace fornax::test {

enum class Layout { Transposed, Reversed, Strided };
inline constexpr Layout kLayouts[] = {Layout::Transposed, Layout::Reversed, Layout::Strided};

/// A view that reads these values: through permuted strides, through negative ones, or from every second element of
/// something larger.
inline Array with_layout(const TensorData& data, Layout layout) {
  const Array plain = upload(data);
  const int rank = plain.rank();
  std::vector<std::int64_t> dims;
  for (int d = rank; d-- > 0;) dims.push_back(d);
  switch (layout) {
    case Layout::Transposed: return permute(upload(permute(plain, dims).to_data()), dims);
    case Layout::Reversed: return flip(upload(flip(plain, dims).to_data()), dims);
    default: break;
  }
  Shape larger;
  SliceDims every_second{};
  for (int d = 0; d < rank; ++d) {
    larger = larger.inserted(d, 2 * data.shape()[d] + 1);
    every_second.dims[static_cast<std::size_t>(d)] = {1, data.shape()[d], 2};
  }
  return slice(slice_assign(upload(TensorData(larger, data.dtype())), every_second, plain), every_second);
}

/// The values of the first row of dim 0 in all its rows, as a view that has them once; none for rank 0.
inline std::optional<Array> with_repeated_rows(const TensorData& data) {
  if (data.shape().rank() == 0 || data.shape()[0] == 0) return std::nullopt;
  return broadcast_to(narrow(upload(data), 0, 0, 1), data.shape());
}

}  // namespace fornax::test
