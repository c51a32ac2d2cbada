// Every row of the table of singular points in reverse mode, forward mode and nested reverse mode; and that
// docs/singular-points.md says the same.

#include "singular_points.hpp"

#include <fornax/decorators/autodiff/autodiff.hpp>
#include <fornax/decorators/autodiff/tag.hpp>
#include <fornax/decorators/dual/tag.hpp>
#include <support/page.hpp>

namespace fornax::test {
namespace {

std::vector<Theme> all_themes() {
  std::vector<Theme> themes = elementwise_points();
  for (Theme& t : array_points()) themes.push_back(std::move(t));
  return themes;
}

// Equal up to roundings in the closed forms; NaN equals NaN, and the sign of a zero is left open.
void expect_close(const Numbers& values, const Numbers& expected, const std::string& what) {
  ASSERT_EQ(values.size(), expected.size()) << what;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double v = values[i], e = expected[i];
    const bool near = std::isfinite(e) && std::abs(v - e) <= 1e-12 * std::max(1.0, std::abs(e));
    const bool close = std::isnan(e) ? std::isnan(v) : v == e || near;
    EXPECT_TRUE(close) << what << ", element " << i << ": " << v << ", the table has " << e;
  }
}

// What the table takes the slopes of: every result (elementwise), or y_0 + 2 y_1 + 3 y_2 + ...
Array weights_of(const Array& y, bool elementwise) {
  Numbers w(static_cast<std::size_t>(y.numel()), 1);
  for (std::size_t k = 0; k < w.size() && !elementwise; ++k) w[k] = static_cast<double>(k + 1);
  return upload(TensorData(w, y.shape()));
}

std::vector<Numbers> reverse_slopes(Interpreter& on, const Point& p, const std::vector<Array>& x, bool elementwise) {
  std::vector<Array> leaves;
  for (const Array& a : x) leaves.push_back(autodiff::require_grad(on, a));
  const Array y = p.f(leaves);
  expect_close(numbers(y), p.value, "value");
  std::vector<Numbers> slopes;
  autodiff::GradientStore store;  // of a result that nothing can reach, such as a count: without gradients
  if (autodiff::is_tracked(on, y)) store = autodiff::backward(on, y, weights_of(y, elementwise));
  for (const Array& leaf : leaves) {
    const Array g = store.find(leaf);
    slopes.push_back(g.defined() ? numbers(g) : Numbers(static_cast<std::size_t>(leaf.numel()), 0));
  }
  return slopes;
}

// The tangent of f(x), of weights and sum if it is not elementwise, when input i moves along t.
Numbers tangent_along(const Point& p, const std::vector<Array>& x, std::size_t i, const Array& t, bool elementwise) {
  Interpreter& on = Dual<Cpu>::interpreter();
  std::vector<Array> moving = x;
  moving[i] = dual::make(on, x[i], t);
  const Array y = p.f(moving);
  expect_close(numbers(dual::primal(on, y)), p.value, "value in forward mode");
  const Array slope = dual::tangent(on, y);
  if (elementwise) return slope.defined() ? numbers(slope) : Numbers(static_cast<std::size_t>(y.numel()), 0);
  if (!slope.defined()) return {0};
  return numbers(reduce_all(ReduceFn::Sum, slope * weights_of(y, false)));
}

std::vector<Numbers> forward_slopes(const Point& p, const std::vector<Array>& x, bool elementwise) {
  std::vector<Numbers> slopes;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto n = static_cast<std::size_t>(x[i].numel());
    if (elementwise) {
      slopes.push_back(tangent_along(p, x, i, full_like(x[i], 1.0), true));
      continue;
    }
    Numbers& of_input = slopes.emplace_back();
    for (std::size_t j = 0; j < n; ++j) {
      Numbers direction(n, 0);
      direction[j] = 1;
      of_input.push_back(tangent_along(p, x, i, upload(TensorData(direction, x[i].shape())), false)[0]);
    }
  }
  return slopes;
}

template <class F> void for_each_point(F f) {
  for (const Theme& theme : all_themes()) {
    for (const Point& p : theme.points) {
      SCOPED_TRACE(theme.title + ": " + p.function + (p.note.empty() ? "" : " (" + p.note + ")"));
      ASSERT_EQ(p.slopes.size(), p.at.size());
      f(p, upload(p.at), theme.elementwise);
    }
  }
}

void expect_slopes(const std::vector<Numbers>& slopes, const std::vector<Numbers>& expected) {
  ASSERT_EQ(slopes.size(), expected.size());
  for (std::size_t i = 0; i < slopes.size(); ++i)
    expect_close(slopes[i], expected[i], std::string("slope of ") + static_cast<char>('a' + i));
}

TEST(SingularPoints, HaveTheirSlopesInReverseMode) {
  for_each_point([](const Point& p, const std::vector<Array>& x, bool elementwise) {
    expect_slopes(reverse_slopes(Autodiff<Cpu>::interpreter(), p, x, elementwise), p.slopes);
  });
}

TEST(SingularPoints, HaveTheSameSlopesInForwardMode) {
  for_each_point([](const Point& p, const std::vector<Array>& x, bool elementwise) {
    expect_slopes(forward_slopes(p, x, elementwise), p.forward.value_or(p.slopes));
  });
}

TEST(SingularPoints, HaveTheSameSlopesWhenTheyAreRecordedInTurn) {
  for_each_point([](const Point& p, const std::vector<Array>& x, bool elementwise) {
    std::vector<Array> recorded;
    for (const Array& a : x) recorded.push_back(autodiff::require_grad(Autodiff<Cpu>::interpreter(), a));
    expect_slopes(reverse_slopes(Autodiff<Autodiff<Cpu>>::interpreter(), p, recorded, elementwise), p.slopes);
  });
}

TEST(SingularPoints, OfNothingAreRefused) {
  int count = 0;
  for (const Theme& theme : all_themes()) {
    for (const Refused& r : theme.refused) {
      EXPECT_EQ(message_of<ValueError>([&] { r.f(upload(r.at)); }), r.message) << r.function;
      ++count;
    }
  }
  EXPECT_GT(count, 0);
}

// --- The page ---------------------------------------------------------------------------------------------------------

std::string text_of(double v) {
  if (std::isnan(v)) return "NaN";
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", v == 0 && !std::signbit(v) ? 0.0 : v);
  return text;
}

// A slope of 0 is printed without a sign: the table leaves it open.
std::string text_of(const Numbers& values, bool signed_zeros) {
  std::string text;
  for (const double v : values) text += (text.empty() ? "" : ", ") + text_of(v == 0 && !signed_zeros ? 0.0 : v);
  return text.empty() ? "none" : text;
}

std::string text_of(const TensorData& data) {
  const Numbers values = data.to_vector<double>();
  const Shape& shape = data.shape();
  if (shape.rank() < 2) return text_of(values, true);
  const auto columns = static_cast<std::size_t>(shape[shape.rank() - 1]);
  if (values.empty()) return "none";
  if (columns == values.size()) return text_of(values, true);
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i)
    text += (i == 0 ? "" : i % columns == 0 ? "; " : ", ") + text_of(values[i]);
  return text;
}

// "a: 1, 2 · b: 3, 4", or the text alone for one input.
template <class T, class Text> std::string by_input(const std::vector<T>& values, Text text) {
  if (values.size() == 1) return text(values[0]);
  std::string all;
  for (std::size_t i = 0; i < values.size(); ++i)
    all += (i == 0 ? "" : " · ") + std::string(1, static_cast<char>('a' + i)) + ": " + text(values[i]);
  return all;
}

std::string page() {
  std::string text = R"(# Singular points

What fornax gives where a function has no derivative, several, or an infinite one. This page is printed from the table that
the tests run (`tests/ops/singular_points_*.cpp`): each row holds in reverse mode, in forward mode, and for reverse mode nested
in itself. Where PyTorch has a convention fornax follows it; notes name the rows that are known to differ.

The rules behind the rows:

- A function keeps its derivative where it has one, and takes 0, the shortest slope, at a kink: `abs`, `relu`, norms.
- A tie of two inputs halves the gradient. A reduction without an index shares it evenly among ties; with an index, the
  element at the index has all of it.
- `clamp` passes the gradient on its closed interval; `hardtanh` and `relu6` have 0 at their bounds.
- Products are differentiated without a division, and determinants by cofactors: zeros and singular matrices are exact.
- A slope that grows without bound is an infinity: `sqrt` at 0. -0 has the slope of 0 where both have the same value; only
  quotients such as the slope of `log`, 1 / a, tell them apart.
- A NaN that enters comes out. Comparisons are false for it, which is why `relu` and `clamp` have slope 0 there.

)";
  for (const Theme& theme : all_themes()) {
    text += "## " + theme.title + "\n\n";
    text += theme.elementwise
                ? "Elementwise: each element is a point of its own.\n\n"
                : "Where a result has several elements, the slopes are those of y_0 + 2 y_1 + 3 y_2 + ...\n\n";
    text += "| function | at | value | slope | note |\n|---|---|---|---|---|\n";
    for (const Point& p : theme.points) {
      const auto slopes = [](const Numbers& s) { return text_of(s, false); };
      std::string row = by_input(p.slopes, slopes);
      if (p.forward) row += " (forward mode: " + by_input(*p.forward, slopes) + ")";
      text += "| `" + p.function + "` | " + by_input(p.at, [](const TensorData& d) { return text_of(d); }) + " | " +
              text_of(p.value, false) + " | " + row + " | " + p.note + " |\n";
    }
    for (const Refused& r : theme.refused)
      text += "| `" + r.function + "` | none | ValueError | | `" + r.message + "` |\n";
    text += "\n";
  }
  text.pop_back();
  return text;
}

TEST(SingularPoints, StandOnTheirPage) { expect_page("docs/singular-points.md", page()); }

}  // namespace
}  // namespace fornax::test
