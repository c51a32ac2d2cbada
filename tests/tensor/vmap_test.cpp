// vmap: against closed forms and loops, over trees of tensors, nested, and refused where it must be.

#include <array>
#include <optional>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/fornax.hpp>
#include <support/errors.hpp>

namespace fornax::test {
namespace {

using Vector = Tensor<Cpu, 1>;
using Matrix = Tensor<Cpu, 2>;

Vector vector(std::initializer_list<double> values) { return Vector::from_data(values, {}, DType::F64); }
Matrix matrix(std::initializer_list<std::initializer_list<double>> rows) {
  return Matrix::from_data(rows, {}, DType::F64);
}

template <class T> void expect_near(const T& got, const T& expected, double tolerance = 1e-12) {
  EXPECT_NO_THROW(got.to_data().assert_approx_eq(expected.to_data(), tolerance, tolerance));
}

template <class B> struct Affine {
  Tensor<B, 2> w;
  Tensor<B, 1> b;
  FORNAX_FIELDS(w, b)
};
template <class B> struct Affines {
  Tensor<B, 3> w;
  Tensor<B, 2> b;
  FORNAX_FIELDS(w, b)
};
template <class B> struct Sample {
  Tensor<B, 2> x, y;
  FORNAX_FIELDS(x, y)
};

TEST(Vmap, RunsAllSamplesAtOnce) {
  const Matrix rows = matrix({{3, 4}, {6, 8}, {0, 1}});
  expect_near(vmap([](const auto& row) { return (row * row).sum().sqrt(); })(rows).squeeze_dim(1), vector({5, 10, 1}));
  const Vector w = vector({1, 10});
  const auto dot = [](const auto& a, const auto& b) { return (a * b).sum(); };
  expect_near(vmap(dot, in_dims<0, unmapped>)(rows, w).squeeze_dim(1), vector({43, 86, 10}));
  expect_near(vmap([](const auto& column) { return column.sum(); }, in_dims<1>)(rows).squeeze_dim(1), vector({9, 13}));
  expect_near(vmap([](const auto& row) { return row * 2.0; }, in_dims<0>, {.out_dim = 1})(rows),
              rows.transpose() * 2.0);
}

TEST(Vmap, GivesPerSampleGradients) {
  const Matrix x = matrix({{1, 2}, {3, 4}});
  const Vector w = vector({1, -1});
  const auto loss = [](const auto& v, const auto& row) { return (v * row).sum().powf_scalar(2.0); };
  const Matrix g = vmap(grad(loss), in_dims<unmapped, 0>)(w, x);
  expect_near(g, matrix({{-2, -4}, {-6, -8}}));
}

TEST(Vmap, NestsAndReturnsTuples) {
  const Vector a = vector({1, 2}), b = vector({10, 20, 30});
  const auto outer = vmap(
      [](const auto& x, const auto& all) {
        return vmap([](const auto& y, const auto& fixed) { return y * fixed; }, in_dims<0, unmapped>)(all, x);
      },
      in_dims<0, unmapped>)(a, b);
  expect_near(outer, matrix({{10, 20, 30}, {20, 40, 60}}));
  const auto [s, p] = vmap([](const auto& x) { return std::tuple(x.sum(), x * x); })(matrix({{1, 2}}));
  expect_near(s.squeeze_dim(1), vector({3}));
  expect_near(p, matrix({{1, 4}}));
}

TEST(Vmap, MapsOverStructsTuplesAndVectors) {
  // A struct arrives as the tuple of its fields: a batch of two lines, y = w x + b.
  const Affines<Cpu> lines{
      Tensor<Cpu, 3>::from_data({{{1.0, 2.0}, {0.0, 1.0}}, {{3.0, 0.0}, {1.0, 1.0}}}, {}, DType::F64),
      matrix({{10, 20}, {30, 40}})};
  const Vector x = vector({1, -1});
  const auto at = [](const auto& line, const auto& point) {
    const auto& [w, b] = line;
    return w.matmul(point.unsqueeze_dim(1)).squeeze_dim(1) + b;
  };
  const Matrix expected = matrix({{9, 19}, {33, 40}});
  expect_near(vmap(at, in_dims<0, unmapped>)(lines, x), expected);
  expect_near(vmap(at, in_dims<0, unmapped>)(std::tuple(lines.w, lines.b), x), expected);
  // As a struct of the ranks that its samples have.
  const auto as_struct = [&](const auto& line, const auto& point) {
    return at(from_fields<Affine>(line).fields(), point);
  };
  expect_near(vmap(as_struct, in_dims<0, unmapped>)(lines, x), expected);
  // Every tensor along the same dim: the columns of each matrix.
  const auto added = [](const auto& all) { return all[0] + all[1] * 2.0; };
  const std::vector<Matrix> two{matrix({{1, 2}, {3, 4}}), matrix({{5, 6}, {7, 8}})};
  expect_near(vmap(added, in_dims<1>)(two), matrix({{11, 17}, {14, 20}}));
  const std::array<Matrix, 2> pair{two[0], two[1]};
  expect_near(vmap(added, in_dims<1>)(pair), matrix({{11, 17}, {14, 20}}));
  // Settings and members that are absent stay as they are.
  const auto scaled = [](const auto& parts) {
    const auto& [tensor, by, none] = parts;
    return none ? *none : tensor * by;
  };
  expect_near(vmap(scaled)(std::tuple(two[0], 2.0, std::optional<Matrix>())), two[0] * 2.0);
  expect_near(vmap(scaled)(std::tuple(two[0], 2.0, std::optional(two[1]))), two[1]);
}

TEST(Vmap, GivesStructsAndNestedResultsADim) {
  const Matrix x = matrix({{1, 2}, {3, 4}, {5, 6}});
  const auto [w, b] = vmap([]<class B>(const Tensor<B, 1>& row) {
    return Affine<B>{row.unsqueeze_dim(0) * row.unsqueeze_dim(1), row * 2.0};
  })(x);
  EXPECT_EQ(w.shape(), (Shape{3, 2, 2}));
  expect_near(b, x * 2.0);
  const auto both = [](const auto& row) { return std::tuple(row.sum(), std::vector{row, row * 3.0}, 7); };
  const auto [sum, all, seven] = vmap(both, in_dims<0>, {.out_dims = {1, -1, 0}})(x);
  expect_near(sum, matrix({{3, 7, 11}}));
  expect_near(all[1], x.transpose() * 3.0);
  EXPECT_EQ(seven, 7);
  EXPECT_EQ(message_of<ValueError>([&] {
              vmap(both, in_dims<0>, {.out_dims = {1, 0}})(x);
            }),
            "vmap: out_dims names 2 dims, the function gives 3 results");
}

TEST(Vmap, GivesPerSampleGradientsOfAStruct) {
  const Affine<Cpu> line{matrix({{1, -1}, {2, 0.5}}), vector({0.5, -0.5})};
  const Matrix x = matrix({{1, 2}, {3, 4}, {-1, 0}}), y = matrix({{0, 1}, {1, 0}, {2, 2}});
  const auto loss = [](const auto& l, const auto& input, const auto& target) {
    const auto error = l.w.matmul(input.unsqueeze_dim(1)).squeeze_dim(1) + l.b - target;
    return (error * error * error).sum();
  };
  const auto [dw, db] = vmap(grad(loss), in_dims<unmapped, 0, 0>)(line, x, y);
  ASSERT_EQ(dw.shape(), (Shape{3, 2, 2}));
  for (std::int64_t i = 0; i < 3; ++i) {
    const auto row = [&](const Matrix& m) { return m.narrow(0, i, 1).squeeze_dim(0); };
    const Affine<Cpu> expected = grad(loss)(line, row(x), row(y));
    expect_near(dw.narrow(0, i, 1).squeeze_dim(0), expected.w);
    expect_near(row(db), expected.b);
  }
  // The batch as a struct too, the values beside the gradients, and the samples last.
  const Sample<Cpu> batch{x, y};
  const auto of_batch = [&](const auto& l, const auto& sample) {
    return loss(l, std::get<0>(sample), std::get<1>(sample));
  };
  const auto [values, gradients] =
      vmap(value_and_grad(of_batch), in_dims<unmapped, 0>, {.out_dims = {0, -1}})(line, batch);
  EXPECT_EQ(values.shape(), (Shape{3, 1}));
  expect_near(std::get<1>(gradients), db.transpose());
}

TEST(Vmap, SaysWhatRandomOperationsDo) {
  const Matrix x = Matrix::zeros({4, 3});
  const auto noisy = []<class B>(const Tensor<B, 1>& row) { return row + Tensor<B, 1>::random({3}); };
  EXPECT_EQ(message_of<ValueError>([&] { vmap(noisy)(x); }),
            "random: inside vmap random numbers may be the same or different for each sample: say which");
  const Matrix same = vmap(noisy, in_dims<0>, {.randomness = Randomness::Same})(x);
  const Matrix different = vmap(noisy, in_dims<0>, {.randomness = Randomness::Different})(x);
  const auto first_rows_equal = [](const Matrix& m) {
    return m.narrow(0, 0, 1).to_data() == m.narrow(0, 1, 1).to_data();
  };
  EXPECT_TRUE(first_rows_equal(same));
  EXPECT_FALSE(first_rows_equal(different));
}

TEST(Vmap, RefusesWhatItCannotDo) {
  EXPECT_EQ(message_of<ShapeError>([] {
              vmap([](const auto& a, const auto& b) { return a + b; })(vector({1, 2}), vector({1, 2, 3}));
            }),
            "vmap: the arguments have 2 and 3 samples");
  EXPECT_THROW(vmap([](const auto& x) { return x * x.sum().into_scalar(); })(matrix({{1, 2}})), ValueError);
  EXPECT_THROW(vmap([](const auto& x) { return x; }, in_dims<2>)(matrix({{1}})), IndexError);
}

TEST(Vmap, RefusesTreesThatDisagreeOrAreEmpty) {
  const auto first = [](const auto& parts) { return std::get<0>(parts); };
  EXPECT_EQ(message_of<ShapeError>([&] {
              vmap(first)(std::tuple(vector({1, 2}), vector({1, 2, 3})));
            }),
            "vmap: the arguments have 2 and 3 samples");
  EXPECT_THROW(vmap(first)(std::tuple(vector({1, 2}), Vector())), ValueError);
  EXPECT_THROW(vmap(first, in_dims<1>)(std::tuple(matrix({{1, 2}}), vector({1, 2}))), IndexError);
}

TEST(Vmap, OfNoSamplesIsEmpty) {
  EXPECT_EQ(vmap([](const auto& row) { return row.sin().sum(); })(Matrix::zeros({0, 3})).shape(), (Shape{0, 1}));
}

}  // namespace
}  // namespace fornax::test
