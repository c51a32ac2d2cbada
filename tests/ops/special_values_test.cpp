// Values of the special functions, against numbers from elsewhere, and their derivatives at points that are not smooth
// to compute.

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/decorators/autodiff/autodiff.hpp>
#include <fornax/ops/functions/special.hpp>
#include <support/values.hpp>

namespace fornax::test {
namespace {

struct Row {
  std::string name;
  Array (*f)(const Array& x);
  Numbers x, y;
};

// mpmath 1.3, 45 digits, rounded to double; x is the double nearest to what is written. The derivatives of sinc are
// integrals over cosines by quadrature.
// clang-format off
const std::vector<Row> kValues = {
    {"lgamma", [](const Array& x) { return lgamma(x); },
     {1e-10, 0.1, 0.5, 0.9, 1.46, 1.5, 2.5, 10.0, 100.5, 1000000.0, 1e+18, -1e-10, -0.3, -1.5, -10.2, -33.7},
     {23.025850929882736, 2.252712651734206, 0.5723649429247001, 0.06637623973474295, -0.12148500100400743, -0.12078223763524522, 0.2846828704729192, 12.801827480081469, 361.4355404677776, 12815504.569147611, 4.044653167389282e+19, 23.025850929998178, 1.4648400508576025, 0.860047015376481, -13.90053096369515, -86.16317205615782}},
    {"digamma", [](const Array& x) { return digamma(x); },
     {1e-10, 0.1, 0.5, 0.9, 1.46, 1.4616321449683622, 1.4616321449683625, 1.5, 1.75, 2.5, 10.0, 100.5, 1000000.0, 1e+18, -1e-10, -0.3, -1.5, -10.2, -33.7, -1000.4},
     {-10000000000.577215, -10.423754940411076, -1.9635100260214235, -0.7549269499470513, -0.0015805619870834522, -9.241265521729427e-17, 1.2245374622004068e-16, 0.03648997397857652, 0.24747245354686118, 0.7031566406452432, 2.251752589066721, 4.605174352581845, 13.815510057964191, 41.44653167389282, 9999999999.422785, 2.113309779635399, 0.7031566406452432, 6.694638450417517, 1.2497605937354663, 7.929420246508908}},
    {"polygamma 1", [](const Array& x) { return polygamma(1, x); },
     {1e-10, 0.1, 0.5, 1.46, 2.5, 10.0, 100.5, 1000000.0, -0.3, -1.5, -10.2, -33.7},
     {1e+20, 101.43329915079275, 4.934802200544679, 0.9691196215098878, 0.49035775610023485, 0.10516633568168575, 0.009999916669583104, 1.0000005000001667e-06, 13.945160267805722, 9.379246644989124, 28.473461217287955, 15.050176019343121}},
    {"polygamma 2", [](const Array& x) { return polygamma(2, x); },
     {1e-10, 0.1, 0.5, 1.46, 2.5, 10.0, 100.5, 1000000.0, -0.3, -1.5, -10.2, -33.7},
     {-1.9999999999999998e+30, -2001.8614573783436, -16.82879664423432, -0.8880630425818332, -0.2362040516417274, -0.011049834970802067, -9.999750014581719e-05, -1.0000010000005e-12, 67.63908119988317, -0.2362040516417274, 247.03920499486458, -68.83839849580804}},
    {"polygamma 3", [](const Array& x) { return polygamma(3, x); },
     {1e-10, 0.1, 0.5, 1.46, 2.5, 10.0, 100.5, 1000000.0, -0.3, -1.5, -10.2, -33.7},
     {5.999999999999999e+40, 60004.51287679026, 97.40909103400244, 1.5574377156905408, 0.22390584881725206, 0.0023199013042898686, 1.9999000087487087e-06, 2.000003000002e-18, 766.6198904191685, 194.59427621918763, 3768.614261415568, 769.0208643569722}},
    {"polygamma 7", [](const Array& x) { return polygamma(7, x); },
     {1e-10, 0.1, 0.5, 1.46, 2.5, 10.0, 100.5, 1000000.0, -0.3, -1.5, -10.2, -33.7},
     {5.039999999999999e+83, 504000002365.19116, 1290440.218185598, 248.1668455576549, 3.565236352523131, 0.00010051111598689363, 7.198320440846621e-12, 7.2000252000336e-40, 76905059.63376132, 2580876.8711348437, 1968781269.8002558, 76905684.33322053}},
    {"sinc, derivative 0", [](const Array& x) { return sinc(x); },
     {1e-10, -0.001, 0.1, 0.25, -0.7, 1.3, -2.45, 3.9, 10.3},
     {1.0, 0.999998355066745, 0.983631643083466, 0.9003163161571061, 0.36788301057177425, -0.19809085184633995, 0.12832284215505935, -0.025221324181627355, 0.02500175800002353}},
    {"sinc, derivative 1", [](const Array& x) { return run(op::NthDerivative{SmoothFn::Sinc, 1}, {x}); },
     {1e-10, -0.001, 0.1, 0.25, -0.7, 1.3, -2.45, 3.9, 10.3},
     {-3.289868133696453e-10, 0.0032898648867278964, -0.325751267883124, -0.7728381398822342, 1.3652403755203533, -0.29976492342010236, -0.011474131789865706, 0.2503276514043028, 0.054639174203150266}},
    {"sinc, derivative 2", [](const Array& x) { return run(op::NthDerivative{SmoothFn::Sinc, 2}, {x}); },
     {1e-10, -0.001, 0.1, 0.25, -0.7, 1.3, -2.45, 3.9, 10.3},
     {-3.289868133696453, -3.289858392793072, -3.193029835964854, -2.703060757258859, 0.26982700697582357, 2.416255148459873, -1.2758623258896775, 0.12055133757798168, -0.2573670091809645}},
    {"sinc, derivative 3", [](const Array& x) { return run(op::NthDerivative{SmoothFn::Sinc, 3}, {x}); },
     {1e-10, -0.001, 0.1, 0.25, -0.7, 1.3, -2.45, 3.9, 10.3},
     {1.9481818206800488e-09, -0.01948179531659038, 1.9253792898320052, 4.52127228855079, -7.131038417133915, -1.1135057941987754, -0.9320982420513941, -2.499539895293668, -0.4882628044056602}},
    {"sinc, derivative 5", [](const Array& x) { return run(op::NthDerivative{SmoothFn::Sinc, 5}, {x}); },
     {1e-10, -0.001, 0.1, 0.25, -0.7, 1.3, -2.45, 3.9, 10.3},
     {-1.3734131336790063e-08, 0.13734113765443426, -13.559125845367854, -31.658232385208944, 46.69631529570153, 16.99443352401973, 16.18447052201035, 23.617263790027863, 4.284519556162978}},
    {"i0", [](const Array& x) { return i0(x); },
     {1e-10, 0.1, -0.5, 3.0, -10.0, 24.9, 25.1, 100.0, -300.0, 700.0},
     {1.0, 1.0025015629340956, 1.0634833707413236, 4.8807925858650245, 2815.7166284662544, 5235629675.804422, 6369018573.803502, 1.0737517071310738e+42, 4.475847367935052e+128, 1.5295933476718737e+302}},
    {"i0e", [](const Array& x) { return i0e(x); },
     {1e-10, 0.1, -0.5, 3.0, -10.0, 24.9, 25.1, 100.0, -300.0, 700.0, 100000.0},
     {0.9999999999, 0.9071009257823011, 0.6450352704491501, 0.2430003541618254, 0.1278333371634286, 0.08035933261153222, 0.08003519725429624, 0.03994437929909668, 0.02304255841508546, 0.015081295651531358, 0.0012615678379767768}},
    {"i1", [](const Array& x) { return i1(x); },
     {1e-10, 0.1, -0.5, 3.0, -10.0, 24.9, 25.1, 100.0, -300.0, 700.0},
     {5e-11, 0.050062526047092694, -0.2578943053908963, 3.9533702174026093, -2670.9883037012546, 5129395695.925742, 6240828249.8739805, 1.0683693903381625e+42, -4.468381385036955e+128, 1.5285003902339006e+302}},
    {"i1e", [](const Array& x) { return i1e(x); },
     {1e-10, 0.1, -0.5, 3.0, -10.0, 24.9, 25.1, 100.0, -300.0, 700.0, 100000.0},
     {4.9999999995e-11, 0.045298446808809324, -0.1564208031848717, 0.19682671329730086, -0.12126268138445552, 0.07872879488210313, 0.07842431517836841, 0.03974415302513025, -0.02300412204026895, 0.015070519444716848, 0.0012615615301218171}},
    {"bessel_i 2", [](const Array& x) { return bessel_i(2, x, false); },
     {1e-10, 0.1, -0.5, 3.0, -10.0, 24.9, 25.1, 100.0, -300.0, 700.0},
     {1.2500000000000001e-21, 0.0012510419922417593, 0.031906149177738256, 2.245212440929951, 2281.5189677260037, 4823630021.513198, 5871741422.419122, 1.0523843193243106e+42, 4.446058158701472e+128, 1.5252262036997768e+302}},
    {"bessel_i 2 scaled", [](const Array& x) { return bessel_i(2, x, true); },
     {1e-10, 0.1, -0.5, 3.0, -10.0, 24.9, 25.1, 100.0, -300.0, 700.0, 100000.0},
     {1.2499999998750001e-21, 0.0011319896061145964, 0.01935205770966328, 0.11178254529695816, 0.1035808008865375, 0.07403573462903397, 0.07378624783769318, 0.03914949623859408, 0.02288919760148367, 0.015038237024546453, 0.0012615426067461744}},
    {"bessel_i 5", [](const Array& x) { return bessel_i(5, x, false); },
     {1e-10, 0.1, -0.5, 3.0, -10.0, 24.9, 25.1, 100.0, -300.0, 700.0},
     {2.6041666666666672e-54, 2.6052519298936978e-09, -8.223171313109265e-06, 0.09120647766151335, -777.18828640326, 3141873054.9824033, 3837812308.362931, 9.47009387303558e+41, -4.292890579014009e+128, 1.5025025321928688e+302}},
    {"bessel_i 5 scaled", [](const Array& x) { return bessel_i(5, x, true); },
     {1e-10, 0.1, -0.5, 3.0, -10.0, 24.9, 25.1, 100.0, -300.0, 700.0, 100000.0},
     {2.6041666664062505e-54, 2.357329429578214e-09, -4.987605521470164e-06, 0.00454090313892582, -0.035284293614933966, 0.048223200929456485, 0.04822722081360814, 0.03522946870774178, -0.02210066023367036, 0.014814188973601688, 0.0012614101510642606}},
};
// clang-format on

TEST(SpecialValues, AgreeWithMpmathInF64) {
  for (const Row& r : kValues) expect_near(numbers(r.f(floats(r.x))), r.y, 8 * 0x1p-52, r.name);
}

TEST(SpecialValues, InF32AreTheF64ValuesRoundedOnce) {
  for (const Row& r : kValues) {
    const Array x = floats(r.x, DType::F32);
    const Array wide = r.f(cast(x, DType::F64));
    expect_same(numbers(r.f(x)), numbers(cast(wide, DType::F32)), r.name);
  }
}

TEST(SpecialValues, AtPolesAndInfinities) {
  expect_same(numbers(lgamma(floats({0.0, -1, -7, kInf, 1, 2, kNan}))), {kInf, kInf, kInf, kInf, 0.0, 0.0, kNan});
  expect_same(numbers(digamma(floats({0.0, -0.0, -1, -7, kInf, -kInf, kNan}))),
              {-kInf, kInf, kNan, kNan, kInf, kNan, kNan});
  expect_same(numbers(polygamma(1, floats({0.0, -0.0, -1, kInf, -kInf, kNan}))), {kInf, kInf, kInf, 0.0, kNan, kNan});
  expect_same(numbers(polygamma(2, floats({0.0, -0.0, -1, kInf, kNan}))), {-kInf, kInf, kNan, 0.0, kNan});
  expect_same(numbers(sinc(floats({0.0, -0.0, 1, -3, 1e300, kInf, kNan}))), {1, 1, 0.0, 0.0, 0.0, kNan, kNan});
  expect_same(numbers(i0(floats({0.0, 1000, kInf, -kInf, kNan}))), {1, kInf, kInf, kInf, kNan});
  expect_same(numbers(i1(floats({0.0, 1000, -1000, kInf, -kInf, kNan}))), {0.0, kInf, -kInf, kInf, -kInf, kNan});
  expect_same(numbers(i0e(floats({0.0, kInf, -kInf, kNan}))), {1, 0.0, 0.0, kNan});
  expect_same(numbers(i1e(floats({0.0, kInf, kNan}))), {0.0, 0.0, kNan});
}

TEST(SpecialValues, OfErfinvInvertErfToTheEndsOfItsInterval) {
  Numbers x;
  for (int i = 1; i <= 52; ++i) x.push_back(1 - std::ldexp(1.0, -i));
  for (int i = 1; i <= 60; ++i) x.push_back(std::ldexp(1.0, -i));
  // Near 1 erf is flat: its inverse is tested by erfc, which is not.
  const Array y = erfinv(floats(x));
  Numbers rest;
  for (const double v : x) rest.push_back(1 - v);
  // The relative slope of erfc is 2y², up to 70: one rounding of y moves it by 70 units in the last place.
  expect_near(numbers(unary(UnaryFn::Erfc, y)), rest, 140 * 0x1p-52);
  expect_near(numbers(unary(UnaryFn::Erf, y)), x, 4 * 0x1p-52);
}

Numbers derivative(Array (*f)(const Array&), const Numbers& x, int order) {
  Interpreter& on = Autodiff<Autodiff<Autodiff<Cpu>>>::interpreter();
  std::vector<Interpreter*> tapes = {&on, on.inner(), on.inner()->inner()};
  std::vector<Array> leaves = {floats(x)};
  for (std::size_t t = tapes.size(); t-- > 0;) leaves.push_back(autodiff::require_grad(*tapes[t], leaves.back()));
  Array y = f(leaves.back());
  for (int i = 0; i < order; ++i) {
    const std::size_t t = static_cast<std::size_t>(i);
    y = autodiff::backward(*tapes[t], y, Array()).find(leaves[3 - t]);
  }
  return numbers(y);
}

// By the power series: I_0 = 1 + x²/4 + x⁴/64 + ..., I_1 = x/2 + x³/16 + ..., sinc = 1 - (πx)²/6 + ...
TEST(SpecialDerivatives, AtZeroAreThoseOfThePowerSeries) {
  constexpr double kPi = std::numbers::pi;
  expect_near(derivative([](const Array& x) { return i0(x); }, {0}, 1), {0}, 1e-15);
  expect_near(derivative([](const Array& x) { return i0(x); }, {0}, 2), {0.5}, 1e-15);
  expect_near(derivative([](const Array& x) { return i1(x); }, {0}, 1), {0.5}, 1e-15);
  expect_near(derivative([](const Array& x) { return i1(x); }, {0}, 2), {0}, 1e-15);
  expect_near(derivative([](const Array& x) { return i1(x); }, {0}, 3), {0.375}, 1e-15);
  expect_near(derivative([](const Array& x) { return sinc(x); }, {0}, 2), {-kPi * kPi / 3}, 1e-15);
  expect_near(derivative([](const Array& x) { return sinc(x); }, {0}, 3), {0}, 1e-15);
}

TEST(SpecialDerivatives, OfLgammaArePolygammasToTheThirdOrder) {
  const Numbers x = {0.3, 1.5, 7, -1.4};
  for (int n = 0; n < 3; ++n)
    expect_near(derivative([](const Array& v) { return lgamma(v); }, x, n + 1), numbers(polygamma(n, floats(x))),
                1e-14);
}

TEST(SpecialFunctions, RefuseOrdersAndKindsThatTheyDoNotTake) {
  EXPECT_EQ(message_of<ValueError>([] { polygamma(-1, floats({1})); }), "polygamma: order -1 is outside [0, 169]");
  EXPECT_EQ(message_of<ValueError>([] { polygamma(std::int64_t{1} << 62, floats({1})); }),
            "polygamma: order 4611686018427387904 is outside [0, 169]");
  EXPECT_EQ(message_of<ValueError>([] { bessel_i(171, floats({1})); }), "bessel_i: order 171 is outside [0, 170]");
  EXPECT_EQ(message_of<DTypeError>([] { i0(ints({1})); }), "i0: takes float elements, got i64");
  EXPECT_EQ(message_of<DTypeError>([] { lgamma(bools({1})); }), "lgamma: takes float elements, got bool");
  EXPECT_EQ(message_of<ValueError>([] { sinc(Array()); }),
            "sinc: an operand is empty: it was moved from, or never given a value");
  EXPECT_TRUE(std::isfinite(numbers(polygamma(169, floats({20})))[0]));
}

}  // namespace
}  // namespace fornax::test
