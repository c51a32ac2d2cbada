#include <fornax/decorators/statistics.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include <fornax/array/interpreter.hpp>
#include <fornax/array/tensor_data.hpp>
#include <fornax/ops/functions.hpp>
#include <fornax/ops/op.hpp>

namespace fornax {

std::string ArrayReport::str() const {
  std::string text = std::string(name(dtype)) + " " + shape.str();
  if (!measured) return text;
  char line[160];
  std::snprintf(line, sizeof line, ": min %.6g, max %.6g, mean %.6g; %lld NaN, %lld inf, %lld zeros", min, max, mean,
                static_cast<long long>(nans), static_cast<long long>(infinities), static_cast<long long>(zeros));
  return text + line;
}

ArrayReport report_on(const Array& a) {
  ArrayReport r;
  r.shape = a.shape();
  r.dtype = a.dtype();
  const std::vector<double> values = a.to_data().to_vector<double>();
  std::int64_t finite = 0;
  long double sum = 0;  // whose range no sum of doubles leaves, where it is wider than double
  for (const double v : values) {
    if (std::isnan(v)) {
      ++r.nans;
    } else if (std::isinf(v)) {
      ++r.infinities;
    } else {
      if (v == 0) ++r.zeros;
      r.min = finite == 0 ? v : std::min(r.min, v);
      r.max = finite == 0 ? v : std::max(r.max, v);
      ++finite;
      sum += v;
    }
  }
  if (finite == 0) return r;
  r.mean = static_cast<double>(sum / static_cast<long double>(finite));
  long double squares = 0;
  for (const double v : values)
    if (std::isfinite(v)) squares += (static_cast<long double>(v) - r.mean) * (static_cast<long double>(v) - r.mean);
  r.stddev = static_cast<double>(std::sqrt(squares / static_cast<long double>(finite)));
  return r;
}

bool all_finite(const Array& a) {
  if (!is_float(a.dtype()) || a.numel() == 0) return true;
  const Array finite = unary(UnaryFn::IsFinite, on_backend(a));
  return reduce(ReduceFn::All, finite, DimSet::all(a.rank())).item() != 0;
}

}  // namespace fornax
