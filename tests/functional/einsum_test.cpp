// einsum against the definition: a sum over all values of all letters.

#include <map>
#include <string>

#include <gtest/gtest.h>

#include <fornax/fornax.hpp>

#include <support/derivatives.hpp>

namespace fornax::test {
namespace {

// The sum written out. Every equation has an arrow; dots are spelled out as letters.
TensorData by_definition(const std::string& equation, const std::vector<TensorData>& x) {
  const std::size_t arrow = equation.find("->");
  std::vector<std::string> terms{""};
  for (const char c : equation.substr(0, arrow)) {
    if (c == ',') {
      terms.emplace_back();
    } else {
      terms.back() += c;
    }
  }
  const std::string result = equation.substr(arrow + 2);
  std::map<char, std::int64_t> sizes, at;
  for (std::size_t i = 0; i < terms.size(); ++i)
    for (std::size_t d = 0; d < terms[i].size(); ++d) {
      std::int64_t& size = sizes[terms[i][d]];
      size = std::max(size, x[i].shape()[static_cast<int>(d)]);
    }
  Shape shape;
  for (const char c : result) shape = shape.inserted(shape.rank(), sizes[c]);
  TensorData y(shape, DType::F64);
  std::int64_t points = 1;
  for (const auto& [letter, size] : sizes) points *= size;
  for (std::int64_t p = 0; p < points; ++p) {
    std::int64_t rest = p;
    for (const auto& [letter, size] : sizes) at[letter] = rest % size, rest /= size;
    double product = 1;
    for (std::size_t i = 0; i < terms.size(); ++i) {
      std::int64_t place = 0;
      for (std::size_t d = 0; d < terms[i].size(); ++d) {
        const std::int64_t size = x[i].shape()[static_cast<int>(d)];
        place = place * size + (size == 1 ? 0 : at[terms[i][d]]);
      }
      product *= x[i][place];
    }
    std::int64_t place = 0;
    for (const char c : result) place = place * sizes[c] + at[c];
    y.values<double>()[static_cast<std::size_t>(place)] += product;
  }
  return y;
}

struct Sample {
  const char* equation;
  const char* spelled_out;
  std::vector<Shape> shapes;
};

const std::vector<Sample> kSamples = {
    {"ij,jk->ik", "ij,jk->ik", {Shape{2, 3}, Shape{3, 4}}},
    {"ij,jk", "ij,jk->ik", {Shape{2, 3}, Shape{3, 4}}},
    {"bij,bjk->bik", "bij,bjk->bik", {Shape{3, 2, 4}, Shape{3, 4, 2}}},
    {"kj,ji->ik", "kj,ji->ik", {Shape{2, 3}, Shape{3, 4}}},
    {"i,i->", "i,i->", {Shape{5}, Shape{5}}},
    {"i,j->ij", "i,j->ij", {Shape{5}, Shape{2}}},
    {"ij,ij->ij", "ij,ij->ij", {Shape{2, 3}, Shape{2, 3}}},
    {"ij,ij->i", "ij,ij->i", {Shape{2, 3}, Shape{2, 3}}},
    {"ii->i", "ii->i", {Shape{3, 3}}},
    {"ii", "ii->", {Shape{3, 3}}},
    {"iji->j", "iji->j", {Shape{3, 2, 3}}},
    {"iii->i", "iii->i", {Shape{3, 3, 3}}},
    {"iijj->ij", "iijj->ij", {Shape{2, 2, 3, 3}}},
    {"ijij->ji", "ijij->ji", {Shape{2, 3, 2, 3}}},
    {"ii,i->i", "ii,i->i", {Shape{3, 3}, Shape{3}}},
    {"ji", "ji->ij", {Shape{2, 3}}},
    {"ij->", "ij->", {Shape{2, 3}}},
    {"ba", "ba->ab", {Shape{2, 3}}},
    {"bA", "bA->Ab", {Shape{2, 3}}},
    {" i j , j k -> i k ", "ij,jk->ik", {Shape{2, 3}, Shape{3, 4}}},
    {"...ij,...jk->...ik", "bij,bjk->bik", {Shape{3, 2, 4}, Shape{3, 4, 2}}},
    {"...ij,jk", "bij,jk->bik", {Shape{3, 2, 4}, Shape{4, 2}}},
    {"...i,...i->...", "abi,bi->ab", {Shape{2, 3, 4}, Shape{3, 4}}},
    {"i...->...", "iab->ab", {Shape{2, 3, 4}}},
    {"i...j->j...i", "iabj->jabi", {Shape{2, 3, 4, 2}}},
    {"...->", "ab->", {Shape{2, 3}}},
    {"...", "ab->ab", {Shape{2, 3}}},
    {"...,...", "ab,ab->ab", {Shape{2, 1}, Shape{1, 3}}},
    {"ij,jk->ik", "ij,jk->ik", {Shape{2, 1}, Shape{3, 4}}},
    {"ij,ij->ij", "ij,ij->ij", {Shape{1, 3}, Shape{2, 1}}},
    {"ij,jk,kl->il", "ij,jk,kl->il", {Shape{2, 3}, Shape{3, 4}, Shape{4, 2}}},
    {"i,j,k->kji", "i,j,k->kji", {Shape{2}, Shape{3}, Shape{4}}},
    {"ij,i,j->", "ij,i,j->", {Shape{2, 3}, Shape{2}, Shape{3}}},
    {"ab,bc,cd,de,ea->", "ab,bc,cd,de,ea->", {Shape{2, 3}, Shape{3, 2}, Shape{2, 2}, Shape{2, 3}, Shape{3, 2}}},
    {"i,i,i,i,i,i,i,i,i,i->i", "i,i,i,i,i,i,i,i,i,i->i", std::vector<Shape>(10, Shape{3})},
    {"ab,bc,cd,de,ef,fg,gh,hi,ij->aj", "ab,bc,cd,de,ef,fg,gh,hi,ij->aj", std::vector<Shape>(9, Shape{2, 2})},
    {",i->i", ",i->i", {Shape{}, Shape{3}}},
    {"", "->", {Shape{}}},
    {"ij,jk->ik", "ij,jk->ik", {Shape{2, 0}, Shape{0, 3}}},
    {"ij,jk->ik", "ij,jk->ik", {Shape{0, 2}, Shape{2, 3}}},
    {"abcdefgh->hgfedcba", "abcdefgh->hgfedcba", {Shape{2, 1, 2, 1, 2, 1, 2, 3}}},
};

TEST(Einsum, IsTheSumOfProductsThatTheEquationSays) {
  for (const Sample& s : kSamples) {
    SCOPED_TRACE(s.equation);
    std::vector<TensorData> x;
    for (const Shape& shape : s.shapes) x.push_back(random_data(shape, 40 + x.size()));
    const TensorData expected = by_definition(s.spelled_out, x);
    const Array y = einsum(s.equation, upload(x));
    EXPECT_EQ(y.shape(), expected.shape());
    EXPECT_NO_THROW(y.to_data().assert_approx_eq(expected, 1e-13, 1e-13));
  }
}

TEST(Einsum, HasTheDerivativesOfThatSum) {
  for (const Sample& s : kSamples) {
    SCOPED_TRACE(s.equation);
    std::vector<TensorData> x;
    for (const Shape& shape : s.shapes) x.push_back(random_data(shape, 60 + x.size()));
    expect_derivatives([&](const std::vector<Array>& at) { return std::vector{einsum(s.equation, at)}; }, x);
  }
}

// In the order of writing the first product would have 10^12 elements, and memory for none.
TEST(Einsum, MultipliesInAnOrderThatSavesWork) {
  const std::int64_t n = 1000000;
  const Array wide = full_like(broadcast_to(floats({1}), Shape{n}), 1.0);
  EXPECT_EQ(einsum("i,j,i,j->", {wide, wide, wide, wide}).item(), 1e12);
}

TEST(Einsum, TakesIntegersAndTensors) {
  expect_same(numbers(einsum("ij,j->i", {ints({1, 2, 3, 4}, Shape{2, 2}), ints({10, 1})})), {12, 34});
  const auto a = Tensor<Cpu, 2>::from_data({{1.0, 2.0}, {3.0, 4.0}});
  const Tensor<Cpu, 1> diagonal = einsum<1>("ii->i", a);
  EXPECT_EQ(diagonal.to_data(), TensorData({1.0f, 4.0f}));
  EXPECT_EQ((einsum<2>("ij,kj->ik", a, a).to_data()), (a.matmul(a.transpose()).to_data()));
  EXPECT_EQ((einsum<0>("i,ij,j->", diagonal, a, diagonal).into_scalar()), 1 + 8 + 12 + 64);
}

TEST(Einsum, RefusesMalformedEquations) {
  const Array v = floats({1, 2}), m = floats({1, 2, 3, 4}, Shape{2, 2});
  for (const char* equation :
       {"i->->", "i->ii", "i->j", "i-", "i>",    "1",       "i.", "..",      "i....", "......",  "i,",
        ",i",    "i\n",   "i,i",  "->", "i->i,", "i->i->i", "é",  "i->...j", "(i)",   "i...,..."})
    EXPECT_TRUE([&] {
      try {
        einsum(equation, {v});
      } catch (const ValueError& e) {
        return std::string(e.what()).starts_with("einsum: \"");
      } catch (const ShapeError&) {
        return std::string_view(equation) == "->";
      }
      return false;
    }()) << equation;
  EXPECT_EQ(message_of<ValueError>([&] { einsum("ij,jk->ik", {m}); }),
            "einsum: \"ij,jk->ik\": it has 2 terms, there are 1 operands");
  EXPECT_EQ(message_of<ValueError>([&] { einsum("ij->k", {m}); }),
            "einsum: \"ij->k\": a letter of the result is in no operand");
  EXPECT_EQ(message_of<ValueError>([&] { einsum("ij->ii", {m}); }),
            "einsum: \"ij->ii\": a letter occurs twice in the result");
  EXPECT_THROW(einsum("", std::vector<Array>{}), ValueError);
  EXPECT_THROW(einsum(std::string(100000, 'i'), {v}), ShapeError);
  EXPECT_THROW(einsum(std::string(100000, ','), {v}), ValueError);
}

TEST(Einsum, RefusesOperandsThatDoNotFit) {
  const Array v = floats({1, 2}), m = floats({1, 2, 3, 4, 5, 6}, Shape{2, 3});
  EXPECT_EQ(message_of<ShapeError>([&] { einsum("i->i", {m}); }),
            "einsum: operand 0 has shape [2, 3], its term has 1 letters");
  EXPECT_EQ(message_of<ShapeError>([&] {
              einsum("ij,ij->", {m, floats({1, 2, 3, 4}, Shape{2, 2})});
            }),
            "einsum: the letter j has size 3 in one operand and 2 in operand 1");
  EXPECT_THROW(einsum("ii->i", {m}), ShapeError);
  EXPECT_THROW(einsum("...,...->...", {m, v}), ShapeError);
  EXPECT_THROW(einsum("i,i->", {v, floats({1, 2}, DType::F32)}), DTypeError);
  EXPECT_THROW(einsum("i->", {bools({0, 1})}), DTypeError);
  EXPECT_THROW(einsum("i->", {Array()}), ValueError);
  EXPECT_THROW(einsum("abcde,fghij->abcdefghij",
                      {upload(random_data(Shape{1, 1, 1, 1, 1}, 1)), upload(random_data(Shape{1, 1, 1, 1, 1}, 2))}),
               ShapeError);
}

}  // namespace
}  // namespace fornax::test
