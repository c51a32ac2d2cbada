// Values of the elementwise functions of one array, against numbers from elsewhere.

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <support/values.hpp>

namespace fornax::test {
namespace {

// The C library is within one unit in the last place; four leave room for vectorised kernels.
constexpr double kF64 = 4 * 0x1p-52, kF32 = 4 * 0x1p-23;

struct Row {
  UnaryFn fn;
  Numbers x, y;
};

// mpmath 1.4.1, 30 digits, rounded to double; x is the double nearest to what is written.
// clang-format off
const std::vector<Row> kValues = {
    {UnaryFn::Exp, {-20, -1, 1e-10, 0.5, 3, 20}, {2.061153622438558e-09, 0.36787944117144233, 1.0000000001, 1.6487212707001282, 20.085536923187668, 485165195.4097903}},
    {UnaryFn::Expm1, {-20, -1e-10, 1e-10, 0.5, 3}, {-0.9999999979388464, -9.999999999500001e-11, 1.00000000005e-10, 0.6487212707001282, 19.085536923187668}},
    {UnaryFn::Log, {1e-10, 0.5, 1.0000001, 2, 1e10}, {-23.025850929940457, -0.6931471805599453, 9.999999505838704e-08, 0.6931471805599453, 23.025850929940457}},
    {UnaryFn::Log1p, {-0.999, -1e-10, 1e-10, 1, 1e10}, {-6.907755278982136, -1.00000000005e-10, 9.999999999500001e-11, 0.6931471805599453, 23.025850930040455}},
    {UnaryFn::Log2, {1e-10, 0.3, 3, 1e10}, {-33.219280948873624, -1.7369655941662063, 1.584962500721156, 33.219280948873624}},
    {UnaryFn::Log10, {1e-10, 0.3, 3, 12345.678}, {-10.0, -0.5228787452803376, 0.47712125471966244, 4.091514945509202}},
    {UnaryFn::Sqrt, {1e-10, 0.5, 2, 1e10}, {1e-05, 0.7071067811865476, 1.4142135623730951, 100000.0}},
    {UnaryFn::Rsqrt, {1e-10, 0.5, 2, 1e10}, {100000.0, 1.4142135623730951, 0.7071067811865476, 1e-05}},
    {UnaryFn::Reciprocal, {-3, 1e-10, 7, 1e10}, {-0.3333333333333333, 1e10, 0.14285714285714285, 1e-10}},
    {UnaryFn::Sin, {-10, -1, 1e-10, 3, 100}, {0.5440211108893698, -0.8414709848078965, 1e-10, 0.1411200080598672, -0.5063656411097588}},
    {UnaryFn::Cos, {-10, -1, 1e-10, 3, 100}, {-0.8390715290764524, 0.5403023058681398, 1.0, -0.9899924966004454, 0.8623188722876839}},
    {UnaryFn::Tan, {-10, -1, 1e-10, 1.5, 100}, {-0.6483608274590866, -1.5574077246549023, 1e-10, 14.101419947171719, -0.5872139151569291}},
    {UnaryFn::Asin, {-0.999, -0.5, 1e-10, 0.5, 0.999}, {-1.526071239626163, -0.5235987755982989, 1e-10, 0.5235987755982989, 1.526071239626163}},
    {UnaryFn::Acos, {-0.999, -0.5, 1e-10, 0.5, 0.999}, {3.09686756642106, 2.0943951023931957, 1.5707963266948965, 1.0471975511965979, 0.044725087168733454}},
    {UnaryFn::Atan, {-100, -1, 1e-10, 0.5, 1e10}, {-1.5607966601082315, -0.7853981633974483, 1e-10, 0.4636476090008061, 1.5707963266948965}},
    {UnaryFn::Sinh, {-10, -1, 1e-10, 0.5, 20}, {-11013.232874703393, -1.1752011936438014, 1e-10, 0.5210953054937474, 242582597.70489514}},
    {UnaryFn::Cosh, {-10, -1, 1e-10, 0.5, 20}, {11013.232920103323, 1.5430806348152437, 1.0, 1.1276259652063807, 242582597.70489514}},
    {UnaryFn::Tanh, {-10, -1, 1e-10, 0.5, 20}, {-0.9999999958776927, -0.7615941559557649, 1e-10, 0.46211715726000974, 1.0}},
    {UnaryFn::Asinh, {-1e10, -1, 1e-10, 0.5, 100}, {-23.7189981105004, -0.881373587019543, 1e-10, 0.48121182505960347, 5.298342365610589}},
    {UnaryFn::Acosh, {1.0000001, 1.5, 2, 1e10}, {0.0004472135919037347, 0.9624236501192069, 1.3169578969248168, 23.7189981105004}},
    {UnaryFn::Atanh, {-0.999, -0.5, 1e-10, 0.5, 0.999}, {-3.8002011672501994, -0.5493061443340549, 1e-10, 0.5493061443340549, 3.8002011672501994}},
    {UnaryFn::Erf, {-3, -0.5, 1e-10, 0.5, 2}, {-0.9999779095030014, -0.5204998778130465, 1.1283791670955126e-10, 0.5204998778130465, 0.9953222650189527}},
    {UnaryFn::Erfc, {-3, -0.5, 1e-10, 0.5, 5, 10}, {1.9999779095030015, 1.5204998778130465, 0.999999999887162, 0.4795001221869535, 1.537459794428035e-12, 2.088487583762545e-45}},
    {UnaryFn::Erfinv, {-0.999999, -0.9, -1e-10, 1e-05, 0.3, 0.5000001, 0.97}, {-3.458910737275499, -1.1630871536766743, -8.862269254527581e-11, 8.862269254759594e-06, 0.2724627147267543, 0.47693638746295763, 1.5344856217777179}},
    {UnaryFn::Exp2, {-100.5, -1, 1e-10, 0.5, 3.3, 100.25}, {5.578088954947358e-31, 0.5, 1.0000000000693148, 1.4142135623730951, 9.849155306759329, 1.5074991131288803e+30}},
    {UnaryFn::Sigmoid, {-30, -1, 1e-10, 0.5, 30}, {9.357622968839299e-14, 0.2689414213699951, 0.500000000025, 0.6224593312018546, 0.9999999999999064}},
    // With 40 digits of Python's decimal.
    {UnaryFn::Gelu, {-1, 1e-10, 0.5, 3, 9}, {-0.15865525393145705, 5.000000000398942e-11, 0.34573123063700656, 2.99595030590511, 9.0}},
    {UnaryFn::GeluTanh, {-1, 1e-10, 0.5, 3, 9}, {-0.1588080093917233, 5.000000000398942e-11, 0.34571400982514394, 2.996362607918227, 9.0}},
    {UnaryFn::Silu, {-20, -6, -1, 1e-10, 0.5, 3, 9}, {-4.122307236380407e-08, -0.014835738939808645, -0.2689414213699951, 5.00000000025e-11, 0.3112296656009273, 2.8577223804672998, 8.998889448816124}},
    {UnaryFn::Softplus, {-20, -6, -1, 1e-10, 0.5, 3, 9}, {2.061153620314381e-09, 0.0024756851377304495, 0.3132616875182228, 0.6931471806099453, 0.9740769841801067, 3.048587351573742, 9.000123402189724}},
    {UnaryFn::Mish, {-20, -6, -1, 1e-10, 0.5, 3, 9}, {-4.122307240628761e-08, -0.014854080479424993, -0.3034014613741089, 6.00000000032e-11, 0.37524521130489513, 2.9865350049679575, 8.999999725928019}},
};
// clang-format on

// Exact, with the sign of zero. IEEE 754 recommends these for its functions (C17, annex F); the rest are limits.
// clang-format off
const std::vector<Row> kExact = {
    {UnaryFn::Neg, {0.0, -0.0, 1.5, kInf, kNan}, {-0.0, 0.0, -1.5, -kInf, kNan}},
    {UnaryFn::Abs, {-0.0, -1.5, -kInf, kNan}, {0.0, 1.5, kInf, kNan}},
    {UnaryFn::Sign, {0.0, -1.5, 3, kInf, -kInf, kNan}, {0.0, -1, 1, 1, -1, kNan}},
    {UnaryFn::Square, {-3, 1e200, -0.0, kInf, kNan}, {9, kInf, 0.0, kInf, kNan}},
    {UnaryFn::Exp, {0, -0.0, 1000, -1000, kInf, -kInf, kNan}, {1, 1, kInf, 0.0, kInf, 0.0, kNan}},
    {UnaryFn::Expm1, {0.0, -0.0, 1000, -1000, kInf, -kInf, kNan}, {0.0, -0.0, kInf, -1, kInf, -1, kNan}},
    {UnaryFn::Log, {1, 0.0, -0.0, -1, kInf, -kInf, kNan}, {0.0, -kInf, -kInf, kNan, kInf, kNan, kNan}},
    {UnaryFn::Log1p, {0.0, -0.0, -1, -2, kInf, kNan}, {0.0, -0.0, -kInf, kNan, kInf, kNan}},
    {UnaryFn::Log2, {1, 8, 0x1p-1074, 0.0, -1, kInf, kNan}, {0.0, 3, -1074, -kInf, kNan, kInf, kNan}},
    {UnaryFn::Log10, {1, 1000, 0.0, -1, kInf, kNan}, {0.0, 3, -kInf, kNan, kInf, kNan}},
    {UnaryFn::Sqrt, {0.0, -0.0, 9, -1, kInf, kNan}, {0.0, -0.0, 3, kNan, kInf, kNan}},
    {UnaryFn::Rsqrt, {0.0, -0.0, 4, -1, kInf, kNan}, {kInf, -kInf, 0.5, kNan, 0.0, kNan}},
    {UnaryFn::Reciprocal, {0.0, -0.0, -4, kInf, -kInf, kNan}, {kInf, -kInf, -0.25, 0.0, -0.0, kNan}},
    {UnaryFn::Sin, {0.0, -0.0, kInf, -kInf, kNan}, {0.0, -0.0, kNan, kNan, kNan}},
    {UnaryFn::Cos, {0.0, -0.0, kInf, kNan}, {1, 1, kNan, kNan}},
    {UnaryFn::Tan, {0.0, -0.0, kInf, kNan}, {0.0, -0.0, kNan, kNan}},
    {UnaryFn::Asin, {0.0, -0.0, 1.5, -2, kInf, kNan}, {0.0, -0.0, kNan, kNan, kNan, kNan}},
    {UnaryFn::Acos, {1, 1.5, kNan}, {0.0, kNan, kNan}},
    {UnaryFn::Atan, {0.0, -0.0, kInf, -kInf, kNan}, {0.0, -0.0, std::numbers::pi / 2, -std::numbers::pi / 2, kNan}},
    {UnaryFn::Sinh, {-0.0, 1000, -kInf, kNan}, {-0.0, kInf, -kInf, kNan}},
    {UnaryFn::Cosh, {0.0, -1000, -kInf, kNan}, {1, kInf, kInf, kNan}},
    {UnaryFn::Tanh, {-0.0, 1000, -kInf, kInf, kNan}, {-0.0, 1, -1, 1, kNan}},
    {UnaryFn::Asinh, {-0.0, kInf, -kInf, kNan}, {-0.0, kInf, -kInf, kNan}},
    {UnaryFn::Acosh, {1, 0.5, -3, kInf, kNan}, {0.0, kNan, kNan, kInf, kNan}},
    {UnaryFn::Atanh, {-0.0, 1, -1, 1.5, kNan}, {-0.0, kInf, -kInf, kNan, kNan}},
    {UnaryFn::Erf, {-0.0, 10, -kInf, kInf, kNan}, {-0.0, 1, -1, 1, kNan}},
    {UnaryFn::Erfc, {0.0, 100, kInf, -kInf, kNan}, {1, 0.0, 0.0, 2, kNan}},
    {UnaryFn::Erfinv, {0.0, -0.0, 1, -1, 1.5, -kInf, kNan}, {0.0, -0.0, kInf, -kInf, kNan, kNan, kNan}},
    {UnaryFn::Exp2, {0.0, 8, -2, 2000, -2000, kInf, -kInf, kNan}, {1, 256, 0.25, kInf, 0.0, kInf, 0.0, kNan}},
    {UnaryFn::Sigmoid, {0.0, 1000, -1000, kInf, -kInf, kNan}, {0.5, 1, 0.0, 1, 0.0, kNan}},
    {UnaryFn::Relu, {-1.5, 0.0, 2.5, kInf, -kInf, kNan}, {0.0, 0.0, 2.5, kInf, 0.0, kNan}},
    {UnaryFn::Gelu, {0.0, -0.0, 100, -100, kInf, -kInf, kNan}, {0.0, -0.0, 100, -0.0, kInf, kNan, kNan}},
    {UnaryFn::GeluTanh, {0.0, -0.0, 100, -100, kInf, -kInf, kNan}, {0.0, -0.0, 100, -0.0, kInf, kNan, kNan}},
    {UnaryFn::Silu, {0.0, -0.0, 1000, -1000, kInf, -kInf, kNan}, {0.0, -0.0, 1000, -0.0, kInf, kNan, kNan}},
    {UnaryFn::Softplus, {1000, -1000, kInf, -kInf, kNan}, {1000, 0.0, kInf, 0.0, kNan}},
    {UnaryFn::Mish, {0.0, -0.0, 1000, -1000, kInf, -kInf, kNan}, {0.0, -0.0, 1000, -0.0, kInf, kNan, kNan}},
    {UnaryFn::Floor, {-1.5, -0.0, 2.7, kInf, kNan}, {-2, -0.0, 2, kInf, kNan}},
    {UnaryFn::Ceil, {-1.5, -0.5, 2.1, -kInf, kNan}, {-1, -0.0, 3, -kInf, kNan}},
    {UnaryFn::Round, {0.5, 1.5, 2.5, -0.5, -1.5, 2.4999, kInf, kNan}, {0.0, 2, 2, -0.0, -2, 2, kInf, kNan}},
    {UnaryFn::Trunc, {-1.9, -0.5, 2.9, kInf, kNan}, {-1, -0.0, 2, kInf, kNan}},
    {UnaryFn::IsNan, {1, kInf, kNan}, {0, 0, 1}},
    {UnaryFn::IsInf, {1, kInf, -kInf, kNan}, {0, 1, 1, 0}},
    {UnaryFn::IsFinite, {1, kInf, -kInf, kNan, -0.0}, {1, 0, 0, 0, 1}},
};
// clang-format on

std::string name_of(UnaryFn fn) { return std::string(op::Unary{fn}.name()); }

TEST(UnaryValues, AgreeWithMpmathInF64) {
  for (const Row& r : kValues) expect_near(numbers(unary(r.fn, floats(r.x))), r.y, kF64, name_of(r.fn));
}

TEST(UnaryValues, InF32AgreeWithF64AtTheSamePoints) {
  for (const Row& r : kValues) {
    const Array x = floats(r.x, DType::F32);
    const TensorData wide = unary(r.fn, cast(x, DType::F64)).to_data().convert(DType::F32);
    // Absolute: among subnormal numbers, erfc(10), the spacing is fixed.
    expect_near(numbers(unary(r.fn, x)), wide.to_vector<double>(), kF32, name_of(r.fn), 4 * 0x1p-149);
  }
}

TEST(UnaryValues, AtZeroInfinityNanAndOutsideTheDomainAreExact) {
  for (const Row& r : kExact) {
    for (const DType t : {DType::F64, DType::F32, DType::F16, DType::BF16}) {
      const Numbers held = numbers(floats(r.x, t));
      if (!std::equal(held.begin(), held.end(), r.x.begin(), same)) continue;  // 1e200 and the like exist in f64 alone
      const Numbers expected = is_float(unary(r.fn, floats(r.x, t)).dtype()) ? numbers(floats(r.y, t)) : r.y;
      expect_same(numbers(unary(r.fn, floats(r.x, t))), expected, name_of(r.fn) + " " + std::string(name(t)));
    }
  }
}

TEST(UnaryValues, OverflowInF32WhereF32Ends) {
  expect_same(numbers(unary(UnaryFn::Exp, floats({88, 89, -104}, DType::F32))),
              {static_cast<double>(std::exp(88.0F)), kInf, 0.0});
  expect_same(numbers(unary(UnaryFn::Square, floats({1e20, -1e19}, DType::F32))),
              {kInf, static_cast<double>(1e19F * 1e19F)});
  expect_same(numbers(unary(UnaryFn::Sigmoid, floats({-1000, 1000}, DType::F32))), {0.0, 1});
}

TEST(UnaryValues, OfIntegersWrapAround) {
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(integers(unary(UnaryFn::Neg, ints({5, 0, -7, kMin}))), (Integers{-5, 0, 7, kMin}));
  EXPECT_EQ(integers(unary(UnaryFn::Abs, ints({5, 0, -7, kMin}))), (Integers{5, 0, 7, kMin}));
  EXPECT_EQ(integers(unary(UnaryFn::Sign, ints({5, 0, -7, kMin}))), (Integers{1, 0, -1, -1}));
  EXPECT_EQ(integers(unary(UnaryFn::Square, ints({-3, std::int64_t{1} << 32}))), (Integers{9, 0}));
  EXPECT_EQ(integers(unary(UnaryFn::BitwiseNot, ints({0, -1, 5}))), (Integers{-1, 0, -6}));
  EXPECT_EQ(integers(unary(UnaryFn::Neg, ints({-128, 127}, DType::I8))), (Integers{-128, -127}));
  EXPECT_EQ(integers(unary(UnaryFn::Abs, ints({-128, -1}, DType::I8))), (Integers{-128, 1}));
  EXPECT_EQ(integers(unary(UnaryFn::Square, ints({100, -12}, DType::I8))),
            (Integers{16, -112}));  // 10000 and 144 mod 256
  EXPECT_EQ(integers(unary(UnaryFn::Neg, ints({1, 0, 255}, DType::U8))), (Integers{255, 0, 1}));
  EXPECT_EQ(integers(unary(UnaryFn::Sign, ints({0, 200}, DType::U8))), (Integers{0, 1}));
  EXPECT_EQ(integers(unary(UnaryFn::BitwiseNot, ints({0, 0xf0}, DType::U8))), (Integers{255, 0x0f}));
  EXPECT_EQ(integers(unary(UnaryFn::LogicalNot, bools({0, 1}))), (Integers{1, 0}));
}

TEST(UnaryValues, CoverEveryFunction) {
  for (int i = 0; i < kUnaryCount; ++i) {
    const auto fn = static_cast<UnaryFn>(i);
    const auto has = [&](const std::vector<Row>& rows) {
      return std::any_of(rows.begin(), rows.end(), [&](const Row& r) { return r.fn == fn; });
    };
    EXPECT_TRUE(has(kExact) || fn == UnaryFn::LogicalNot || fn == UnaryFn::BitwiseNot) << name_of(fn);
  }
}

TEST(UnaryValues, AreRefusedForKindsThatTheFunctionDoesNotTake) {
  EXPECT_EQ(message_of<DTypeError>([] { unary(UnaryFn::Exp, ints({1})); }), "exp: takes float elements, got i64");
  EXPECT_EQ(message_of<DTypeError>([] { unary(UnaryFn::Neg, bools({1})); }),
            "neg: takes float or int elements, got bool");
  EXPECT_EQ(message_of<DTypeError>([] { unary(UnaryFn::LogicalNot, ints({1})); }),
            "logical_not: takes bool elements, got i64");
  EXPECT_EQ(message_of<DTypeError>([] { unary(UnaryFn::BitwiseNot, floats({1})); }),
            "bitwise_not: takes int elements, got f64");
}

}  // namespace
}  // namespace fornax::test
