#pragma once
// What several rows of the table are composed of. The rules for kinks and ties are torch's, which the cases follow.

#include <vector>

#include "table.hpp"

namespace fornax::conformance {

// --- Numbers and dtypes ----------------------------------------------------------------------------------------------

/// a and b of one dtype: a float beside an int or a bool makes it a float.
struct Pair {
  Array a, b;
};
Pair promoted(const Array& a, const Array& b);
/// x as a Float array: `real` if it is not one yet.
Array to_float(const Array& x, DType real);
/// An I64 array of rank 1.
Array positions(const Call& c, const std::vector<std::int64_t>& values);
/// 0, 1, ..., n - 1.
Array counting(const Call& c, std::int64_t n, DType dtype);

// --- Dims ------------------------------------------------------------------------------------------------------------

/// The dims that attribute "dims" or "dim" names; all if neither does.
DimSet reduced_dims(const Call& c, const Array& x);
DimSet dim_set(std::string_view operation, const std::vector<std::int64_t>& dims, const Array& x);
/// y without the given dims, which have size 1; y itself if `keep`.
Array drop_dims(const Array& y, DimSet dims, bool keep);
Array unsqueeze(const Array& x, std::int64_t dim);
Array squeeze(const Array& x, std::int64_t dim);
/// x with dims first to last (included) as one.
Array flat(const Array& x, std::int64_t first = 0, std::int64_t last = -1);
/// The part with a fixed position in a dim, which goes away.
Array part(const Array& x, std::int64_t dim, std::int64_t position);
/// x with `dim` read at these positions.
Array read_at(const Call& c, const Array& x, std::int64_t dim, const std::vector<std::int64_t>& at);

// --- Products --------------------------------------------------------------------------------------------------------

/// torch.matmul: operands of rank 1 are a row and a column, whose dims go away again.
Array product(const Array& a, const Array& b);

}  // namespace fornax::conformance
