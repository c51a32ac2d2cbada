#include <fornax/data/transforms.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include <fornax/array/error.hpp>

namespace fornax::data {

void check_items(std::string_view dataset, std::span<const std::int64_t> items, std::int64_t size) {
  for (const std::int64_t i : items) check_item(dataset, i, size);
}

void check_windows(std::int64_t length, std::int64_t step) {
  if (length < 1 || step < 1)
    throw ValueError("windows",
                     "length " + std::to_string(length) + ", step " + std::to_string(step) + "; both are at least 1");
}

std::vector<std::int64_t> split_points(std::int64_t n, std::span<const double> shares) {
  constexpr double rounding = 1e-9;
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  if (std::ranges::any_of(shares, [](double s) { return !(s >= 0); }) || !(std::abs(sum - 1) < rounding))
    throw ValueError("split",
                     "the shares sum up to " + std::to_string(sum) + "; they are numbers from 0 on with the sum 1");
  std::vector<std::int64_t> points{0};
  double before = 0;
  for (const double share : shares) {
    before += share;
    points.push_back(std::min(n, static_cast<std::int64_t>(std::llround(before * static_cast<double>(n)))));
  }
  points.back() = n;
  return points;
}

}  // namespace fornax::data
