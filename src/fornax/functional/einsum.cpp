#include <fornax/functional/einsum.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include <fornax/ops/functions.hpp>
#include <fornax/ops/matrix.hpp>

namespace fornax {

namespace {

// A label is a letter (its place in kLetters) or a dim that "..." stands for (kDots and on, counted from the last one).
constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr int kDots = 52, kLabels = kDots + kMaxRank;
using Labels = std::vector<int>;
using LabelSet = std::uint64_t;

LabelSet bit(int label) { return LabelSet{1} << label; }
LabelSet set_of(const Labels& labels) {
  LabelSet all = 0;
  for (const int l : labels) all |= bit(l);
  return all;
}

[[noreturn]] void refuse(std::string_view equation, const std::string& why) {
  constexpr std::size_t kShown = 80;
  const std::string shown = std::string(equation.substr(0, kShown)) + (equation.size() > kShown ? "..." : "");
  throw ValueError("einsum", "\"" + shown + "\": " + why);
}

/// One operand's letters, or the result's: letters[0] then, if `dots`, "..." then letters[1].
struct Term {
  Labels letters[2];
  bool dots = false;

  Term(std::string_view equation, std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      const std::size_t letter = kLetters.find(text[i]);
      if (text[i] == ' ') continue;
      if (letter != std::string_view::npos) {
        letters[dots ? 1 : 0].push_back(static_cast<int>(letter));
      } else if (text.substr(i).starts_with("...") && !dots) {
        dots = true;
        i += 2;
      } else {
        refuse(equation, dots && text[i] == '.' ? R"("..." appears twice in a term)"
                                                : R"(there are only letters, "...", "," and one "->")");
      }
    }
  }
  std::size_t size() const { return letters[0].size() + letters[1].size(); }
  /// Every dim's label, where "..." stands for `dims` dims.
  Labels labels(int dims) const {
    Labels all = letters[0];
    for (int d = dims; dots && d-- > 0;) all.push_back(kDots + d);
    all.insert(all.end(), letters[1].begin(), letters[1].end());
    return all;
  }
};

/// An array and the labels of its dims, all different.
struct Factor {
  Array array;
  Labels labels;

  std::int64_t size_of(int label) const {
    const auto at = std::find(labels.begin(), labels.end(), label);
    return array.shape()[static_cast<int>(at - labels.begin())];
  }
  /// Dims in the order of `order`, which has the same labels.
  Array arranged(const Labels& order) const {
    if (order == labels) return array;
    std::vector<std::int64_t> dims;
    for (const int l : order) dims.push_back(std::find(labels.begin(), labels.end(), l) - labels.begin());
    return permute(array, dims);
  }

  /// Sums over labels that are not in `kept`.
  void sum_over_all_but(LabelSet kept) {
    DimSet dims;
    Shape shape = array.shape();
    for (int d = array.rank(); d-- > 0;) {
      if ((kept & bit(labels[static_cast<std::size_t>(d)])) != 0) continue;
      dims.add(d);
      shape = shape.without(d);
      labels.erase(labels.begin() + d);
    }
    if (!(shape == array.shape())) array = reshape(reduce(ReduceFn::Sum, array, dims), shape);
  }

  /// Drops dims of size 1 whose labels are in `others`, which have them too: they broadcast.
  void drop_ones(LabelSet others) {
    Shape shape = array.shape();
    for (int d = array.rank(); d-- > 0;) {
      if (shape[d] != 1 || (others & bit(labels[static_cast<std::size_t>(d)])) == 0) continue;
      shape = shape.without(d);
      labels.erase(labels.begin() + d);
    }
    array = reshape(array, shape);
  }

  /// The diagonal along every label that occurs several times.
  void take_diagonals(std::string_view equation) {
    for (std::size_t i = 0; i < labels.size(); ++i) {
      for (std::size_t j = i + 1; j < labels.size(); ++j) {
        if (labels[i] != labels[j]) continue;
        const int a = static_cast<int>(i), b = static_cast<int>(j);
        if (array.shape()[a] != array.shape()[b])
          throw ShapeError("einsum", "\"" + std::string(equation) + "\": a letter occurs twice in the term of " +
                                         array.shape().str() + ", where its sizes differ");
        std::vector<std::int64_t> dims;
        for (int d = 0; d < array.rank(); ++d)
          if (d != a && d != b) dims.push_back(d);
        dims.push_back(a);
        dims.push_back(b);
        array = diagonal_of(permute(array, dims));
        const int label = labels[i];
        labels.erase(labels.begin() + b);
        labels.erase(labels.begin() + a);
        labels.push_back(label);
        i = static_cast<std::size_t>(-1);  // from the start
        break;
      }
    }
  }
};

Shape sizes(const Factor& f, const Labels& labels) {
  Shape shape;
  for (const int l : labels) shape = shape.inserted(shape.rank(), f.size_of(l));
  return shape;
}

Labels joined(std::initializer_list<Labels> parts) {
  Labels all;
  for (const Labels& p : parts) all.insert(all.end(), p.begin(), p.end());
  return all;
}

/// The product of two factors, summed over labels that are not in `kept`.
Factor product(Factor a, Factor b, LabelSet kept) {
  a.drop_ones(set_of(b.labels));
  b.drop_ones(set_of(a.labels));
  const LabelSet in_a = set_of(a.labels), in_b = set_of(b.labels);
  a.sum_over_all_but(kept | in_b);
  b.sum_over_all_but(kept | in_a);
  Labels batch, summed, only_a, only_b;
  for (const int l : a.labels) ((in_b & bit(l)) == 0 ? only_a : (kept & bit(l)) != 0 ? batch : summed).push_back(l);
  for (const int l : b.labels)
    if ((in_a & bit(l)) == 0) only_b.push_back(l);
  const std::int64_t count = sizes(a, batch).numel(), rows = sizes(a, only_a).numel();
  const std::int64_t depth = sizes(a, summed).numel(), columns = sizes(b, only_b).numel();
  Factor y{{}, joined({batch, only_a, only_b})};
  if (y.labels.size() > kMaxRank)
    throw ShapeError("einsum", "a product of two operands has more than " + std::to_string(kMaxRank) + " dims");
  Shape shape = sizes(a, batch);
  for (const auto& [from, labels] : {std::pair(&a, &only_a), std::pair(&b, &only_b)})
    for (const int l : *labels) shape = shape.inserted(shape.rank(), from->size_of(l));
  const Array left = reshape(a.arranged(joined({batch, only_a, summed})), Shape{count, rows, depth});
  const Array right = reshape(b.arranged(joined({batch, summed, only_b})), Shape{count, depth, columns});
  if (summed.empty()) {
    y.array = left * right;  // [count, rows, 1] and [count, 1, columns]
  } else if (rows == 1 && columns == 1) {
    y.array = reduce(ReduceFn::Sum, reshape(left, Shape{count, depth}) * reshape(right, Shape{count, depth}), 1);
  } else if (count == 1) {
    y.array = matmul(reshape(left, Shape{rows, depth}), reshape(right, Shape{depth, columns}));
  } else {
    y.array = matmul(left, right);
  }
  y.array = reshape(y.array, shape);
  return y;
}

/// Number of elements that labels span.
double span(LabelSet labels, const std::vector<double>& size) {
  double n = 1;
  for (; labels != 0; labels &= labels - 1) n *= size[static_cast<std::size_t>(std::countr_zero(labels))];
  return n;
}

/// All factors multiplied in the order of least work, found for each set of them from its parts.
Factor multiply_best(const std::vector<Factor>& factors, LabelSet result, const std::vector<double>& size) {
  const std::size_t n = factors.size(), all = (std::size_t{1} << n) - 1;
  std::vector<LabelSet> labels(all + 1, 0);
  for (std::size_t s = 1; s <= all; ++s)
    labels[s] = labels[s & (s - 1)] | set_of(factors[static_cast<std::size_t>(std::countr_zero(s))].labels);
  const auto kept = [&](std::size_t s) { return labels[s] & (labels[all & ~s] | result); };
  std::vector<double> work(all + 1, INFINITY);
  std::vector<std::size_t> half(all + 1, 0);
  for (std::size_t s = 1; s <= all; ++s) {
    if (std::has_single_bit(s)) work[s] = 0;
    for (std::size_t a = (s - 1) & s; a > 0; a = (a - 1) & s) {
      const std::size_t b = s & ~a;
      if (a < b) break;  // each pair once
      double w = work[a] + work[b] + span(kept(a) | kept(b), size);
      if (std::popcount(kept(s)) > kMaxRank) w = INFINITY;
      if (half[s] == 0 || w < work[s]) work[s] = w, half[s] = a;
    }
  }
  const auto multiplied = [&](const auto& self, std::size_t s) -> Factor {
    if (half[s] == 0) return factors[static_cast<std::size_t>(std::countr_zero(s))];
    return product(self(self, half[s]), self(self, s & ~half[s]), kept(s));
  };
  return multiplied(multiplied, all);
}

/// The pair that leaves the smallest product, until there are few enough to search all orders.
void multiply_cheapest(std::vector<Factor>& factors, LabelSet result, const std::vector<double>& size) {
  const auto kept = [&](std::size_t i, std::size_t j) {
    LabelSet others = result;
    for (std::size_t k = 0; k < factors.size(); ++k)
      if (k != i && k != j) others |= set_of(factors[k].labels);
    return others;
  };
  double least = INFINITY;
  std::size_t first = 0, second = 1;
  for (std::size_t i = 0; i < factors.size(); ++i) {
    for (std::size_t j = i + 1; j < factors.size(); ++j) {
      const LabelSet a = set_of(factors[i].labels), b = set_of(factors[j].labels), left = (a | b) & kept(i, j);
      if (std::popcount(left) > kMaxRank) continue;
      const double gain = span(left, size) - span(a, size) - span(b, size);
      if (gain < least) least = gain, first = i, second = j;
    }
  }
  Factor y = product(factors[first], factors[second], kept(first, second));
  factors.erase(factors.begin() + static_cast<std::ptrdiff_t>(second));
  factors[first] = std::move(y);
}

/// The parts of `text` between commas.
std::vector<Term> terms_of(std::string_view equation, std::string_view text) {
  std::vector<Term> terms;
  for (std::size_t start = 0;;) {
    const std::size_t end = text.find(',', start);
    terms.emplace_back(equation, text.substr(start, end == std::string_view::npos ? end : end - start));
    if (end == std::string_view::npos) return terms;
    start = end + 1;
  }
}

}  // namespace

Array einsum(std::string_view equation, std::span<const Array> operands) {
  const std::size_t arrow = equation.find("->");
  const std::vector<Term> terms = terms_of(equation, equation.substr(0, arrow));
  if (terms.size() != operands.size())
    refuse(equation, "it has " + std::to_string(terms.size()) + " terms, there are " + std::to_string(operands.size()) +
                         " operands");
  std::vector<Factor> factors;
  std::vector<double> size(kLabels, 1.0);
  std::vector<int> uses(kLabels, 0);
  int dots = 0;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const Array& x = operands[i];
    require_defined("einsum", x);
    require_numeric("einsum", x);
    require_same_type("einsum", operands[0], x);
    const int rest = x.rank() - static_cast<int>(terms[i].size());
    if (rest < 0 || (rest > 0 && !terms[i].dots))
      throw ShapeError("einsum", "operand " + std::to_string(i) + " has shape " + x.shape().str() + ", its term has " +
                                     std::to_string(terms[i].size()) + " letters");
    dots = std::max(dots, terms[i].dots ? rest : 0);
    factors.push_back({x, terms[i].labels(rest)});
    for (const int l : factors[i].labels) ++uses[static_cast<std::size_t>(l)];
    factors[i].take_diagonals(equation);
    for (const int l : factors[i].labels) {
      double& s = size[static_cast<std::size_t>(l)];
      const auto here = static_cast<double>(factors[i].size_of(l));
      if (s != 1 && here != 1 && s != here)
        throw ShapeError("einsum",
                         std::string(l < kDots ? "the letter " + std::string(1, kLetters[static_cast<std::size_t>(l)])
                                               : "a dim of \"...\"") +
                             " has size " + std::to_string(static_cast<std::int64_t>(s)) + " in one operand and " +
                             std::to_string(factors[i].size_of(l)) + " in operand " + std::to_string(i));
      if (s == 1) s = here;
    }
  }
  Labels result;
  if (arrow != std::string_view::npos) {
    const Term term(equation, equation.substr(arrow + 2));
    result = term.labels(dots);
    for (const int l : result) {
      if (std::count(result.begin(), result.end(), l) > 1) refuse(equation, "a letter occurs twice in the result");
      if (uses[static_cast<std::size_t>(l)] == 0) refuse(equation, "a letter of the result is in no operand");
    }
  } else {
    for (int d = dots; d-- > 0;) result.push_back(kDots + d);
    for (int l = 0; l < kDots; ++l)
      if (uses[static_cast<std::size_t>(l)] == 1) result.push_back(l);
  }
  if (result.size() > kMaxRank)
    throw ShapeError("einsum", "the result has " + std::to_string(result.size()) + " dims; there can be " +
                                   std::to_string(kMaxRank));
  const LabelSet kept = set_of(result);
  constexpr std::size_t kFew = 8;
  while (factors.size() > kFew) multiply_cheapest(factors, kept, size);
  Factor y = multiply_best(factors, kept, size);
  y.sum_over_all_but(kept);
  return y.arranged(result);
}

Array einsum(std::string_view equation, std::initializer_list<Array> operands) {
  return einsum(equation, std::span(operands.begin(), operands.size()));
}

}  // namespace fornax
