#pragma once
// The one table of singular points: where a function has no slope, several, or an infinite one, and what fornax gives
// there. singular_points_test.cpp checks every row in every mode; docs/singular-points.md is printed from it.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <support/values.hpp>

namespace fornax::test {

/// A function at a point.
struct Point {
  std::string function;  // as it is written on the page, of inputs named a, b, c
  std::function<Array(const std::vector<Array>&)> f;
  std::vector<TensorData> at;
  Numbers value;
  std::vector<Numbers> slopes;  // with respect to each input
  std::string note = {};
  // Forward mode's slopes where they must differ; the note says why.
  std::optional<std::vector<Numbers>> forward = {};
};

/// A call that must be refused, because there is no value to give.
struct Refused {
  std::string function;
  std::function<Array(const std::vector<Array>&)> f;
  std::vector<TensorData> at;
  std::string message;
};

struct Theme {
  std::string title;
  bool elementwise = false;  // each element is a point of its own; else the slopes are of y_0 + 2 y_1 + 3 y_2 + ...
  std::vector<Point> points;
  std::vector<Refused> refused = {};
};

/// Themes of the table by source file, in the order of the page.
std::vector<Theme> elementwise_points();
std::vector<Theme> array_points();

inline TensorData at(const Numbers& values) { return TensorData(values); }
inline TensorData at(const Numbers& values, const Shape& shape) { return TensorData(values, shape); }

}  // namespace fornax::test
