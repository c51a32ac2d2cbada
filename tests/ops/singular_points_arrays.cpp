// Singular points of functions of whole arrays: ties, zeros, empty reductions.

#include "singular_points.hpp"

#include <fornax/functional/distance.hpp>
#include <fornax/functional/linalg.hpp>
#include <fornax/functional/pool.hpp>
#include <fornax/ops/functions/scanning.hpp>
#include <fornax/ops/functions/sorting.hpp>
#include <fornax/ops/functions/statistics.hpp>

namespace fornax::test {
namespace {

namespace fn = functional;
using Inputs = std::vector<Array>;
using F = std::function<Array(const Inputs&)>;

F all(ReduceFn f) {
  return [f](const Inputs& x) { return reduce_all(f, x[0]); };
}
F along(ReduceFn f, std::int64_t dim) {
  return [f, dim](const Inputs& x) { return reduce(f, x[0], dim); };
}
F with_index(bool largest) {
  return [largest](const Inputs& x) { return gather(x[0], 0, arg_reduce(largest, x[0], 0)); };
}
F norm(double p) {
  return [p](const Inputs& x) { return linalg::vector_norm(x[0], p); };
}
F determinant() {
  return [](const Inputs& x) { return linalg::det(x[0]); };
}

// Positions on whatever the values live on are constants.
F scattered(Update update) {
  return [update](const Inputs& x) { return scatter(x[0], 0, ints({0, 0, 1}), x[1], update); };
}

}  // namespace

// clang-format off
std::vector<Theme> array_points() {
  std::vector<Theme> themes;

  themes.push_back({"Ties of many", false, {
    {"max(a)", all(ReduceFn::Max), {at({1, 5, 5, 2, 5, 5})}, {5}, {{0, 0.25, 0.25, 0, 0.25, 0.25}},
     "without an index: shared evenly"},
    {"min(a)", all(ReduceFn::Min), {at({1, 5, 1})}, {1}, {{0.5, 0, 0.5}}},
    {"max(a)", all(ReduceFn::Max), {at({0, -0.0})}, {0}, {{0.5, 0.5}}},
    {"max(a)", all(ReduceFn::Max), {at({kNan, 1, kNan})}, {kNan}, {{0.5, 0, 0.5}}, "the NaNs share"},
    {"max_dims(a, {1})", along(ReduceFn::Max, 1), {at({1, 1, 0, 2}, {2, 2})}, {1, 2}, {{0.5, 0.5, 0, 2}}},
    {"max_dim(a, 0)", with_index(true), {at({1, 5, 5})}, {5}, {{0, 1, 0}}, "with an index: all to the first of ties"},
    {"min_dim(a, 0)", with_index(false), {at({3, 1, 1})}, {1}, {{0, 1, 0}}},
    {"max_dim(a, 0)", with_index(true), {at({1, kNan, kNan})}, {kNan}, {{0, 1, 0}}},
    {"cummax(a)", [](const Inputs& x) { return cummax(x[0], 0).values; }, {at({1, 1, 0})}, {1, 1, 1}, {{1, 5, 0}},
     "to the last of ties"},
    {"cummin(a)", [](const Inputs& x) { return cummin(x[0], 0).values; }, {at({1, 1, 2})}, {1, 1, 1}, {{1, 5, 0}}},
    {"sort(a)", [](const Inputs& x) { return sort(x[0], 0).values; }, {at({2, 1, 2, 1})}, {1, 1, 2, 2}, {{3, 1, 4, 2}},
     "stable: equal elements stay in order"},
    {"sort(a, descending)", [](const Inputs& x) { return sort(x[0], 0, true).values; }, {at({2, 1, 2, 1})},
     {2, 2, 1, 1}, {{1, 3, 2, 4}}},
    {"topk(a, 2)", [](const Inputs& x) { return topk(x[0], 2, 0).values; }, {at({5, 1, 5, 5})}, {5, 5}, {{1, 0, 2, 0}},
     "the first of ties"},
    {"median(a)", [](const Inputs& x) { return median(x[0], 0).values; }, {at({3, 1, 3, 3})}, {3}, {{1, 0, 0, 0}},
     "to the element at the index, the first of ties; PyTorch shares among ties if no dim is given"},
    {"kthvalue(a, 3)", [](const Inputs& x) { return kthvalue(x[0], 3, 0).values; }, {at({3, 1, 3, 3})}, {3},
     {{0, 0, 1, 0}}, "equal elements in order: the second of the three"},
    {"mode(a)", [](const Inputs& x) { return mode(x[0], 0).values; }, {at({2, 1, 2})}, {2}, {{0, 0, 1}},
     "to the last place"},
    {"max_pool1d(a, 2), stride 1", [](const Inputs& x) { return fn::max_pool1d(x[0], 2, {.stride = 1}); },
     {at({1, 5, 5, 2}, {1, 1, 4})}, {5, 5, 5}, {{0, 3, 3, 0}}, "the first of ties in each window"},
    {"scatter(a, {0, 0, 1}, b, max)", scattered(Update::Max), {at({5, 1}), at({5, 5, 1})}, {5, 1},
     {{1.0 / 3, 1}, {1.0 / 3, 1.0 / 3, 1}}, "shared evenly, the element that was there among them"},
    {"scatter(a, {0, 0, 1}, b, mul)", scattered(Update::Mul), {at({0, 1}), at({0, 3, 1})}, {0, 1}, {{0, 2}, {0, 0, 2}},
     "two zeros meet at place 0"},
  }});

  themes.push_back({"Products with zeros", false, {
    {"prod(a)", all(ReduceFn::Prod), {at({2, 0, 3})}, {0}, {{0, 6, 0}}, "exact: nothing is divided"},
    {"prod(a)", all(ReduceFn::Prod), {at({2, 0, 0, 3})}, {0}, {{0, 0, 0, 0}}},
    {"prod(a)", all(ReduceFn::Prod), {at({0})}, {0}, {{1}}},
    {"prod_dim(a, 0)", along(ReduceFn::Prod, 0), {at({2, 0, 3, 5, 4, 0}, {3, 2})}, {24, 0}, {{12, 0, 8, 0, 6, 0}}},
    {"cumprod(a)", [](const Inputs& x) { return cumprod(x[0], 0); }, {at({2, 0, 3})}, {2, 0, 0}, {{1, 22, 0}}},
    {"cumprod(a)", [](const Inputs& x) { return cumprod(x[0], 0); }, {at({2, 0, 0})}, {2, 0, 0}, {{1, 4, 0}}},
  }});

  themes.push_back({"Norms, distances and spreads", false, {
    {"vector_norm(a, 2)", norm(2), {at({0, -0.0})}, {0}, {{0, 0}}, "every norm has slope 0 at 0"},
    {"vector_norm(a, 2)", norm(2), {at({3, 4})}, {5}, {{0.6, 0.8}}},
    {"vector_norm(a, 1)", norm(1), {at({0, 2})}, {2}, {{0, 1}}},
    {"vector_norm(a, 0)", norm(0), {at({0, 2})}, {1}, {{0, 0}}},
    {"vector_norm(a, 3)", norm(3), {at({0, 0})}, {0}, {{0, 0}}},
    {"vector_norm(a, 0.5)", norm(0.5), {at({0, 4})}, {4}, {{0, 1}}, "a zero element has slope 0, not inf"},
    {"vector_norm(a, -1)", norm(-1), {at({0, 4})}, {0}, {{0, 0}}},
    {"vector_norm(a, inf)", norm(kInf), {at({0, 0})}, {0}, {{0, 0}}},
    {"vector_norm(a, inf)", norm(kInf), {at({-2, 2})}, {2}, {{-0.5, 0.5}}, "ties share evenly, each with its sign"},
    {"matrix_norm(a)", [](const Inputs& x) { return linalg::matrix_norm(x[0]); }, {at({0, 0, 0, 0}, {2, 2})}, {0},
     {{0, 0, 0, 0}}},
    {"sqrt(sum(a a))", [](const Inputs& x) { return sqrt(reduce_all(ReduceFn::Sum, x[0] * x[0])); }, {at({0, 0})}, {0},
     {{kNan, kNan}}, "written out: inf times 0; use vector_norm"},
    {"cdist(a, b)", [](const Inputs& x) { return fn::cdist(x[0], x[1]); }, {at({1, 2}, {1, 2}), at({1, 2}, {1, 2})},
     {0}, {{0, 0}, {0, 0}}},
    {"lp_normalize(a, eps = 0.5)",
     [](const Inputs& x) { return fn::lp_normalize(x[0], {.p = 2, .dim = 0, .eps = 0.5}); }, {at({0, 0})}, {0, 0},
     {{2, 4}}, "that of a / eps; eps is 1e-12 unless given"},
    {"cosine_similarity(a, b, eps = 0.5)", [](const Inputs& x) { return fn::cosine_similarity(x[0], x[1], 0, 0.5); },
     {at({0, 0}), at({3, 4})}, {0}, {{1.2, 1.6}, {0, 0}}, "eps is 1e-8 unless given"},
    {"stddev(a)", [](const Inputs& x) { return stddev(x[0], DimSet::of(0)); }, {at({2, 2, 2})}, {0}, {{0, 0, 0}}},
    {"stddev(a)", [](const Inputs& x) { return stddev(x[0], DimSet::of(0)); }, {at({2})}, {kNan}, {{kNan}},
     "one element has no spread"},
  }});

  themes.push_back({"Exponentials of -inf", false, {
    {"logsumexp(a)", [](const Inputs& x) { return logsumexp(x[0], DimSet::of(0)); }, {at({-kInf, -kInf})}, {-kInf},
     {{kNan, kNan}}},
    {"logsumexp(a)", [](const Inputs& x) { return logsumexp(x[0], DimSet::of(0)); }, {at({-kInf, 0})}, {0}, {{0, 1}}},
    {"logcumsumexp(a)", [](const Inputs& x) { return logcumsumexp(x[0], 0); }, {at({-kInf, 0})}, {-kInf, 0}, {{1, 2}},
     "what is the sum so far has the whole slope"},
    {"softmax(a)", [](const Inputs& x) { return softmax(x[0], 0); }, {at({-kInf, -kInf})}, {kNan, kNan},
     {{kNan, kNan}}},
    {"softmax(a)", [](const Inputs& x) { return softmax(x[0], 0); }, {at({-kInf, 0, 0})}, {0, 0.5, 0.5},
     {{0, -0.25, 0.25}}},
    {"log_softmax(a)", [](const Inputs& x) { return log_softmax(x[0], 0); }, {at({-kInf, -kInf})}, {kNan, kNan},
     {{kNan, kNan}}},
  }});

  themes.push_back({"Singular matrices", false, {
    {"det(a)", determinant(), {at({1, 2, 2, 4}, {2, 2})}, {0}, {{4, -2, -2, 1}}, "the cofactors; PyTorch 1.13: 0"},
    {"det(a)", determinant(), {at({0, 0, 0, 0}, {2, 2})}, {0}, {{0, 0, 0, 0}}},
    {"det(a)", determinant(), {at({1, 0, 0, 0, 2, 0, 0, 0, 0}, {3, 3})}, {0}, {{0, 0, 0, 0, 0, 0, 0, 0, 2}},
     "rank 2 of 3"},
    {"det(a)", determinant(), {at({1, 0, 0, 0, 0, 0, 0, 0, 0}, {3, 3})}, {0}, {{0, 0, 0, 0, 0, 0, 0, 0, 0}},
     "rank 1 of 3"},
    {"sum(svdvals(a))", [](const Inputs& x) { return reduce_all(ReduceFn::Sum, linalg::svdvals(x[0])); },
     {at({2, 0, 0, 2}, {2, 2})}, {4}, {{1, 0, 0, 1}},
     "equal singular values: sums of them have a slope, U and V do not"},
    {"sum(eigvalsh(a))", [](const Inputs& x) { return reduce_all(ReduceFn::Sum, linalg::eigvalsh(x[0])); },
     {at({2, 0, 0, 2}, {2, 2})}, {4}, {{1, 0, 0, 1}}},
    {"sum(eigvals(a))", [](const Inputs& x) { return reduce_all(ReduceFn::Sum, linalg::eigvals(x[0])); },
     {at({2, 0, 0, 2}, {2, 2})}, {4}, {{1, 0, 0, 1}}, "of a matrix with too few eigenvectors: ValueError"},
  }, {
    {"eigvals(a)", [](const Inputs& x) { return linalg::eigvals(x[0]); }, {at({0, -1, 1, 0}, {2, 2})},
     "eig: the matrix has eigenvalues that are not real"},
  }});
  const TensorData nothing = at({}, {0});

  themes.push_back({"No elements", false, {
    {"sum(a)", all(ReduceFn::Sum), {nothing}, {0}, {{}}},
    {"prod(a)", all(ReduceFn::Prod), {nothing}, {1}, {{}}},
    {"mean(a)", all(ReduceFn::Mean), {nothing}, {kNan}, {{}}},
    {"vector_norm(a, 2)", norm(2), {nothing}, {0}, {{}}},
    {"logsumexp(a)", [](const Inputs& x) { return logsumexp(x[0], DimSet::of(0)); }, {nothing}, {-kInf}, {{}}},
    {"cumsum(a)", [](const Inputs& x) { return cumsum(x[0], 0); }, {nothing}, {}, {{}}},
    {"softmax(a)", [](const Inputs& x) { return softmax(x[0], 0); }, {nothing}, {}, {{}}},
    {"det(a)", determinant(), {at({}, {0, 0})}, {1}, {{}}},
    {"matmul(a, b)", [](const Inputs& x) { return matmul(x[0], x[1]); }, {at({}, {2, 0}), at({}, {0, 1})}, {0, 0},
     {{}, {}}},
  }, {
    {"max(a)", all(ReduceFn::Max), {nothing}, "max: dim 0 of [0] is empty"},
    {"min(a)", all(ReduceFn::Min), {nothing}, "min: dim 0 of [0] is empty"},
    {"argmax(a, 0)", [](const Inputs& x) { return arg_reduce(true, x[0], 0); }, {nothing},
     "argmax: dim 0 of [0] is empty"},
    {"median(a)", [](const Inputs& x) { return median(x[0], 0).values; }, {nothing}, "median: dim 0 of [0] is empty"},
    {"mode(a)", [](const Inputs& x) { return mode(x[0], 0).values; }, {nothing}, "mode: dim 0 of [0] is empty"},
  }});

  themes.push_back({"NaN in, NaN out", false, {
    {"sum(a)", all(ReduceFn::Sum), {at({1, kNan})}, {kNan}, {{1, 1}}},
    {"mean(a)", all(ReduceFn::Mean), {at({1, kNan})}, {kNan}, {{0.5, 0.5}}},
    {"prod(a)", all(ReduceFn::Prod), {at({2, kNan})}, {kNan}, {{kNan, 2}},
     "forward mode multiplies the NaN slope by the tangent 0", {{{kNan, kNan}}}},
    {"min(a)", all(ReduceFn::Min), {at({1, kNan})}, {kNan}, {{0, 1}}},
    {"vector_norm(a, 2)", norm(2), {at({1, kNan})}, {kNan}, {{kNan, kNan}}},
    {"stddev(a)", [](const Inputs& x) { return stddev(x[0], DimSet::of(0)); }, {at({1, kNan})}, {kNan}, {{kNan, kNan}}},
    {"softmax(a)", [](const Inputs& x) { return softmax(x[0], 0); }, {at({1, kNan})}, {kNan, kNan}, {{kNan, kNan}}},
    {"logsumexp(a)", [](const Inputs& x) { return logsumexp(x[0], DimSet::of(0)); }, {at({1, kNan})}, {kNan},
     {{kNan, kNan}}},
    {"cumsum(a)", [](const Inputs& x) { return cumsum(x[0], 0); }, {at({1, kNan, 1})}, {1, kNan, kNan}, {{6, 5, 3}}},
    {"sort(a)", [](const Inputs& x) { return sort(x[0], 0).values; }, {at({kNan, 1})}, {1, kNan}, {{2, 1}},
     "NaN counts as larger than every number"},
    {"median(a)", [](const Inputs& x) { return median(x[0], 0).values; }, {at({1, kNan, 2})}, {kNan}, {{0, 1, 0}}},
    {"max_pool1d(a, 2), stride 1", [](const Inputs& x) { return fn::max_pool1d(x[0], 2, {.stride = 1}); },
     {at({1, kNan, 2}, {1, 1, 3})}, {kNan, kNan}, {{0, 3, 0}}},
    {"det(a)", determinant(), {at({1, 0, 0, kNan}, {2, 2})}, {kNan}, {{kNan, kNan, kNan, kNan}}},
  }});
  return themes;
}
// clang-format on

}  // namespace fornax::test
