#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace fornax::trace {

/// Boxes in rows, with lines between them.
struct Drawing {
  struct Point {
    double x, y;
  };
  std::vector<Point> centres;              // of each box
  std::vector<std::vector<Point>> routes;  // of each line, through the rows between its ends
  double width = 0, height = 0;
};

/// Places boxes of the given widths so that every edge leads from a higher row to a lower one; an edge must lead from a
/// smaller index to a larger one.
///
/// Source: Sugiyama, Tagawa, Toda 1981, with rows by longest path, order by barycentres, and x by their means.
Drawing lay_out(const std::vector<double>& widths, double row_height,
                const std::vector<std::pair<std::size_t, std::size_t>>& edges);

}  // namespace fornax::trace
