// Activation functions.
// Values and gradients are torch 1.13's, in float64: its function, or what the reference of the conformance cases composes.

#include <fornax/functional/functional.hpp>
#include <support/derivatives.hpp>

namespace fornax::test {
namespace {

using namespace functional;

// clang-format off
const Row kRows[] = {
    {"relu", [](const Inputs& x) -> Array { return relu(x[0]); },
     {real({-3.5, -1.25, -0.3, 0.2, 0.75, 2.5}, {6})}, {0, 0, 0, 0.2, 0.75, 2.5},
     {{0, 0, 0, 0.6666666666666666, 0.8333333333333334, 1}}},
    {"relu6", [](const Inputs& x) -> Array { return relu6(x[0]); },
     {real({-3.5, -1.25, -0.3, 0.2, 0.75, 2.5}, {6})}, {0, 0, 0, 0.2, 0.75, 2.5},
     {{0, 0, 0, 0.6666666666666666, 0.8333333333333334, 1}}},
    {"leaky_relu", [](const Inputs& x) -> Array { return leaky_relu(x[0], 0.2); },
     {real({-3.5, -1.25, -0.3, 0.2, 0.75, 2.5}, {6})}, {-0.7000000000000001, -0.25, -0.06, 0.2, 0.75, 2.5},
     {{0.03333333333333333, 0.06666666666666667, 0.1, 0.6666666666666666, 0.8333333333333334, 1}}},
    {"elu", [](const Inputs& x) -> Array { return elu(x[0], 1.5); },
     {real({-3.5, -1.25, -0.3, 0.2, 0.75, 2.5}, {6})}, {-1.4547039248665223, -1.0702428047097148, -0.3887726689774232, 0.2, 0.75, 2.5},
     {{0.007549345855579625, 0.14325239843009505, 0.5556136655112884, 0.6666666666666666, 0.8333333333333334, 1}}},
    {"celu", [](const Inputs& x) -> Array { return celu(x[0], 1.5); },
     {real({-3.5, -1.25, -0.3, 0.2, 0.75, 2.5}, {6})}, {-1.3545420482033923, -0.8481026872393825, -0.27190387038302727, 0.2, 0.75, 2.5},
     {{0.016161994644067514, 0.14486606950235942, 0.4093653765389909, 0.6666666666666666, 0.8333333333333334, 1}}},
    {"selu", [](const Inputs& x) -> Array { return selu(x[0]); },
     {real({-3.5, -1.25, -0.3, 0.2, 0.75, 2.5}, {6})}, {-1.705009340957283, -1.2543954463378648, -0.45566731537912203, 0.2101401974710961, 0.7880257405166103, 2.626752468388701},
     {{0.008848333315015607, 0.16790129816983723, 0.6512160127341273, 0.7004673249036536, 0.8755841561295671, 1.0507009873554805}}},
    {"gelu", [](const Inputs& x) -> Array { return gelu(x[0]); },
     {real({-3.5, -1.25, -0.3, 0.2, 0.75, 2.5}, {6})}, {-0.0008142017766243903, -0.13206221708356905, -0.1146265733433142, 0.11585194188782061, 0.5800294857173489, 2.4844758366855597},
     {{-0.00047029339227077006, -0.040887194356474046, 0.13383611658644506, 0.4383121654894627, 0.8326881014493627, 1.037611085908145}}},
    {"gelu tanh", [](const Inputs& x) -> Array { return gelu(x[0], Gelu::Tanh); },
     {real({-3.5, -1.25, -0.3, 0.2, 0.75, 2.5}, {6})}, {-0.0006161976553737403, -0.13228579703028542, -0.11462907645724074, 0.11585142978210627, 0.5799605551656203, 2.484915733910001},
     {{-0.00040377396001945554, -0.040830877416549546, 0.13385227418059908, 0.438305432797133, 0.8324485467811786, 1.037951576212666}}},
    {"silu", [](const Inputs& x) -> Array { return silu(x[0]); },
     {real({-3.5, -1.25, -0.3, 0.2, 0.75, 2.5}, {6})}, {-0.10259280762974712, -0.27837517353163604, -0.1276672449565023, 0.1099667994624956, 0.5093840243815447, 2.3103545499468914},
     {{-0.011712225471286355, 0.00210638502822919, 0.17610999484055864, 0.3995582079032333, 0.7021666204139613, 1.0994011113415267}}},
    {"mish", [](const Inputs& x) -> Array { return mish(x[0]); },
     {real({-3.5, -1.25, -0.3, 0.2, 0.75, 2.5}, {6})}, {-0.10409575448637122, -0.30841396114152775, -0.15113317713833455, 0.13259900186215923, 0.6100183352182934, 2.471392304557881},
     {{-0.012126735573877842, -0.004899187491006489, 0.20425543846785107, 0.48308302694656047, 0.8214652964305734, 1.041129530131353}}},
    {"softplus", [](const Inputs& x) -> Array { return softplus(x[0], 2, 1e3); },
     {real({-3.5, -1.25, -0.3, 0.2, 0.75, 2.5}, {6})}, {0.00045573322688712237, 0.03944486714627481, 0.2187439752429428, 0.4565076261999763, 0.8507066389913762, 2.503357674244559},
     {{0.00015184186573344088, 0.025286060007081185, 0.17717184688710225, 0.39912510674163465, 0.6813120634947031, 0.9933071490757152}}},
    {"softsign", [](const Inputs& x) -> Array { return softsign(x[0]); },
     {real({-3.5, -1.25, -0.3, 0.2, 0.75, 2.5}, {6})}, {-0.7777777777777778, -0.5555555555555556, -0.23076923076923075, 0.16666666666666669, 0.42857142857142855, 0.7142857142857143},
     {{0.00823045267489712, 0.06584362139917695, 0.29585798816568043, 0.46296296296296297, 0.272108843537415, 0.08163265306122447}}},
    {"log_sigmoid", [](const Inputs& x) -> Array { return log_sigmoid(x[0]); },
     {real({-3.5, -1.25, -0.3, 0.2, 0.75, 2.5}, {6})}, {-3.5297504182726205, -1.501929081345373, -0.8543552444685272, -0.5981388693815918, -0.38687100611489994, -0.07888973429254963},
     {{0.16178129487477394, 0.259099953724897, 0.28722125840582946, 0.30011066845834805, 0.26735108402050584, 0.07585818002124356}}},
    {"hardswish", [](const Inputs& x) -> Array { return hardswish(x[0]); },
     {real({-3.5, -1.25, -0.3, 0.2, 0.75, 2.5}, {6})}, {-0, -0.3645833333333333, -0.135, 0.10666666666666669, 0.46875, 2.2916666666666665},
     {{0, 0.02777777777777777, 0.2, 0.37777777777777777, 0.625, 1.3333333333333335}}},
    {"hardsigmoid", [](const Inputs& x) -> Array { return hardsigmoid(x[0]); },
     {real({-3.5, -1.25, -0.3, 0.2, 0.75, 2.5}, {6})}, {0, 0.2916666666666667, 0.45, 0.5333333333333333, 0.625, 0.9166666666666666},
     {{0, 0.05555555721124013, 0.0833333358168602, 0.11111111442248026, 0.13888889302810034, 0.1666666716337204}}},
    {"hardtanh", [](const Inputs& x) -> Array { return hardtanh(x[0], -1, 2); },
     {real({-3.5, -1.25, -0.3, 0.2, 0.75, 2.5}, {6})}, {-1, -1, -0.3, 0.2, 0.75, 2},
     {{0, 0, 0.5, 0.6666666666666666, 0.8333333333333334, 0}}},
    {"tanhshrink", [](const Inputs& x) -> Array { return tanhshrink(x[0]); },
     {real({-3.5, -1.25, -0.3, 0.2, 0.75, 2.5}, {6})}, {-2.501822102388801, -0.4017163600424871, -0.008687387548409087, 0.002624679775096006, 0.1148510476127127, 1.5133857018485697},
     {{0.16605985254658542, 0.23986171127318912, 0.04243151908668541, 0.02597134468925566, 0.3361784930988905, 0.9734077733168395}}},
    {"softshrink", [](const Inputs& x) -> Array { return softshrink(x[0]); },
     {real({-3.5, -1.25, -0.3, 0.2, 0.75, 2.5}, {6})}, {-3, -0.75, 0, 0, 0.25, 2},
     {{0.16666666666666666, 0.3333333333333333, 0, 0, 0.8333333333333334, 1}}},
    {"hardshrink", [](const Inputs& x) -> Array { return hardshrink(x[0]); },
     {real({-3.5, -1.25, -0.3, 0.2, 0.75, 2.5}, {6})}, {-3.5, -1.25, 0, 0, 0.75, 2.5},
     {{0.16666666666666666, 0.3333333333333333, 0, 0, 0.8333333333333334, 1}}},
    {"threshold", [](const Inputs& x) -> Array { return threshold(x[0], 0.1, 20); },
     {real({-3.5, -1.25, -0.3, 0.2, 0.75, 2.5}, {6})}, {20, 20, 20, 0.2, 0.75, 2.5},
     {{0, 0, 0, 0.6666666666666666, 0.8333333333333334, 1}}},
    {"rrelu", [](const Inputs& x) -> Array { return rrelu(x[0]); },
     {real({-3.5, -1.25, -0.3, 0.2, 0.75, 2.5}, {6})}, {-0.8020833333333333, -0.2864583333333333, -0.06874999999999999, 0.2, 0.75, 2.5},
     {{0.03819444444444444, 0.07638888888888888, 0.11458333333333333, 0.6666666666666666, 0.8333333333333334, 1}}},
    {"glu", [](const Inputs& x) -> Array { return glu(x[0], 0); },
     {real({-3.5, -1.25, -0.3, 0.2, 0.75, 2.5}, {6})}, {-1.9244189905936728, -0.8489733739692412, -0.27724254599362697},
     {{0.18327799910415932, 0.452785799450262, 0.9241418199787566, -0.28876933483050327, -0.18157916146817835, -0.02103111496353242}}},
    {"hard_sigmoid", [](const Inputs& x) -> Array { return hard_sigmoid(x[0], 0.3, 0.4); },
     {real({-3.5, -1.25, -0.3, 0.2, 0.75, 2.5}, {6})}, {0, 0.025000000000000022, 0.31000000000000005, 0.46, 0.625, 1},
     {{0, 0.09999999999999999, 0.15, 0.19999999999999998, 0.25, 0}}},
    {"prelu", [](const Inputs& x) -> Array { return prelu(x[0], x[1]); },
     {real({0.57, -0.96, -0.56, -0.74, -0.94, 1.41, 0.32, 0.88, 1.39, -0.19, -0.57, -0.7}, {2, 3, 2}), real({0.74, 0.27, 0.19}, {3})}, {0.57, -0.7103999999999999, -0.15120000000000003, -0.1998, -0.17859999999999998, 1.41, 0.32, 0.88, 1.39, -0.051300000000000005, -0.1083, -0.13299999999999998},
     {{0.08333333333333333, 0.12333333333333332, 0.0675, 0.09, 0.07916666666666668, 0.5, 0.5833333333333334, 0.6666666666666666, 0.75, 0.22500000000000003, 0.17416666666666666, 0.19}, {-0.15999999999999998, -0.545, -1.6141666666666665}}},
    {"swiglu", [](const Inputs& x) -> Array { return swiglu(x[0], x[1], x[2]); },
     {real({-0.68, -0.59, -0.51, 1.03, 0.03, 0.62}, {2, 3}), real({-0.41, -1.85, -0.61, 1.4, -1.01, -1.3}, {3, 2}), real({-1.48, 0.18, 1.49, 1.12, 1.72, -0.88}, {3, 2})}, {-0.657755094070791, -0.27437776900247596, 0.11287790086174729, 0.056494056002790616},
     {{0.11931204279724739, 0.6736553869913668, 0.40749029020066935, 0.22014259859172433, -0.4446119406329865, -0.2247331229258272}, {0.1068630020060316, 0.1412010044261293, 0.1068599219583107, 0.09515947522261187, 0.08264405944183704, 0.10107098524083631}, {-0.36009138554853076, -0.457138189742586, -0.13552081065518015, -0.247239054986397, -0.2388311573296479, -0.31647475822725313}}},
    {"softmin", [](const Inputs& x) -> Array { return softmin(x[0], 0); },
     {real({-0.22, 1.87, -1.79, -0.55, 0.75, -0.8}, {3, 2})}, {0.1616623746674336, 0.03747307300996968, 0.7770541611966258, 0.421416907166415, 0.061283464135940664, 0.5411100198236153},
     {{0.048478293874794215, 0.018781965696145212, -0.025999950041626745, 0.07074704148698094, -0.0224783438331674, -0.08952900718312615}}},
    {"quiet_softmax", [](const Inputs& x) -> Array { return quiet_softmax(x[0], 1); },
     {real({0.24, 0.53, 0.05, 1, 1.16, 0.14}, {2, 3})}, {0.2531636287144826, 0.33833483238230927, 0.2093559751476875, 0.33731905088325087, 0.39584757320413444, 0.1427406319772031},
     {{-0.023540049507761333, 0.02492956949873215, 0.050318666095306976, -0.010398301711090463, 0.05377207543620499, 0.04318004365443445}}},
};
// clang-format on

TEST(Activation, HasTorchsValuesAndEveryDerivative) { expect_rows(kRows); }

// The slopes that PyTorch takes where two pieces meet.
TEST(Activation, HasTorchsSlopesAtKinks) {
  const auto slope = [](const Composition& f, double at) {
    return numbers(gradients_of(first_tape(), f, {floats({at})})[0])[0];
  };
  EXPECT_EQ(slope([](const Inputs& x) { return relu(x[0]); }, 0), 0);
  EXPECT_EQ(slope([](const Inputs& x) { return relu6(x[0]); }, 0), 0);
  EXPECT_EQ(slope([](const Inputs& x) { return relu6(x[0]); }, 6), 0);
  EXPECT_EQ(slope([](const Inputs& x) { return leaky_relu(x[0], 0.25); }, 0), 0.25);
  EXPECT_EQ(slope([](const Inputs& x) { return elu(x[0], 0.5); }, 0), 0.5);
  EXPECT_EQ(slope([](const Inputs& x) { return celu(x[0], 0.5); }, 0), 1);
  EXPECT_EQ(slope([](const Inputs& x) { return hardtanh(x[0]); }, 1), 0);
  EXPECT_EQ(slope([](const Inputs& x) { return hardtanh(x[0]); }, -1), 0);
  EXPECT_EQ(slope([](const Inputs& x) { return hardsigmoid(x[0]); }, 3), 0);
  EXPECT_EQ(slope([](const Inputs& x) { return hard_sigmoid(x[0], 0.5, 0); }, 0), 0.5);
  EXPECT_EQ(slope([](const Inputs& x) { return hardswish(x[0]); }, -3), -0.5);
  EXPECT_EQ(slope([](const Inputs& x) { return hardswish(x[0]); }, 3), 1.5);
  EXPECT_EQ(slope([](const Inputs& x) { return hardshrink(x[0]); }, 0.5), 0);
  EXPECT_EQ(slope([](const Inputs& x) { return softshrink(x[0]); }, -0.5), 0);
  EXPECT_EQ(slope([](const Inputs& x) { return threshold(x[0], 1, 3); }, 1), 0);
  EXPECT_EQ(slope([](const Inputs& x) { return softplus(x[0]); }, 0), 0.5);
  EXPECT_EQ(slope([](const Inputs& x) { return log_sigmoid(x[0]); }, 0), 0.5);
  EXPECT_EQ(slope([](const Inputs& x) { return hardsigmoid(x[0]); }, 1), static_cast<double>(1.0F / 6.0F));
}

TEST(Activation, StaysFiniteForLargeInputs) {
  for (const Row& row : kRows) {
    if (row.inputs.size() > 1 || row.name == "quiet_softmax") continue;
    for (const DType dtype : {DType::F64, DType::F32, DType::F16, DType::BF16}) {
      const Array x = floats({-1e4, -60, 60, 1e4}, dtype);
      for (const Array& a : {row.f({x}), gradients_of(first_tape(), row.f, {x})[0]})
        for (const double v : numbers(a)) EXPECT_TRUE(std::isfinite(v)) << row.name << " " << name(dtype);
    }
  }
  EXPECT_EQ(numbers(softplus(floats({-1e4, 1e4}))), (Numbers{0, 1e4}));
  EXPECT_EQ(numbers(log_sigmoid(floats({-1e4, 1e4}))), (Numbers{-1e4, 0}));
  EXPECT_EQ(numbers(gelu(floats({-1e4, 1e4}))), (Numbers{0, 1e4}));
  // -10 times the normal distribution function at -10, where 1 + erf(x / sqrt(2)) would be 0.
  expect_near(numbers(gelu(floats({-10}))), {-7.61985302416052606597e-23}, 1e-13);
}

TEST(Activation, PassesNanOn) {
  for (const Row& row : kRows) {
    if (row.inputs.size() == 1 && row.name != "glu" && row.name.find("soft") == std::string::npos) {
      EXPECT_TRUE(std::isnan(numbers(row.f({floats({kNan})}))[0])) << row.name;
    }
  }
  EXPECT_TRUE(std::isnan(numbers(softshrink(floats({kNan})))[0]));
  EXPECT_TRUE(std::isnan(numbers(shrink(floats({kNan})))[0]));
  EXPECT_TRUE(std::isnan(numbers(thresholded_relu(floats({kNan})))[0]));
}

TEST(Activation, KeepsAnEmptyShape) {
  for (const Row& row : kRows) {
    if (row.inputs.size() == 1 && row.name.find("softm") == std::string::npos) {
      EXPECT_EQ(row.f({floats({}, Shape{0, 4})}).shape().numel(), 0) << row.name;
    }
  }
}

TEST(Activation, DrawsSlopesOnlyInTraining) {
  Generator generator(7);
  const Array x = floats(Numbers(1000, -1.0));
  const Numbers y = numbers(rrelu(x, {.low = 0.2, .high = 0.6, .training = true, .generator = &generator}));
  EXPECT_GE(*std::min_element(y.begin(), y.end()), -0.6);
  EXPECT_LE(*std::max_element(y.begin(), y.end()), -0.2);
  EXPECT_NEAR(std::accumulate(y.begin(), y.end(), 0.0) / 1000, -0.4, 0.02);  // 5 deviations of the mean
  EXPECT_EQ(numbers(rrelu(x, {.low = 0.2, .high = 0.6}))[0], -0.4);
}

TEST(Activation, TellsWhatIsWrong) {
  const Array x = floats({1, 2, 3}), n = ints({1, 2});
  EXPECT_THROW(gelu(n), DTypeError);
  EXPECT_THROW(gelu(Array()), ValueError);
  EXPECT_THROW(silu(n), DTypeError);
  EXPECT_EQ(message_of<ShapeError>([&] { glu(x); }), "glu: dim 0 of [3] is odd");
  EXPECT_THROW(glu(x, 1), IndexError);
  EXPECT_THROW(glu(floats({1}, Shape{})), IndexError);
  EXPECT_EQ(message_of<ShapeError>([&] {
              prelu(x, floats({1, 2}));
            }),
            "prelu: weight has shape [2], the input has shape [3]; needs one element, or one for each channel");
  EXPECT_THROW(prelu(x, floats({1}, DType::F32)), DTypeError);
  EXPECT_THROW(celu(x, 0), ValueError);
  EXPECT_THROW(celu(x, kInf), ValueError);
  EXPECT_THROW(hardtanh(x, 1, -1), ValueError);
  EXPECT_THROW(hardtanh(x, kNan, 1), ValueError);
  EXPECT_THROW(softplus(x, 0), ValueError);
  EXPECT_THROW(softplus(x, -1), ValueError);
  EXPECT_THROW(softshrink(x, -0.5), ValueError);
  EXPECT_THROW(hardshrink(x, kNan), ValueError);
  EXPECT_THROW(rrelu(x, {.low = 1, .high = 0}), ValueError);
  EXPECT_THROW(swiglu(x, floats({1, 2}, Shape{2, 1}), floats({1, 2}, Shape{2, 1})), ShapeError);
  EXPECT_THROW(softmin(x, 1), IndexError);
  EXPECT_THROW(quiet_softmax(floats({}, Shape{2, 0}), 1), ValueError);
}

TEST(Softmax, KeepsWeightsOfExtremeScores) {
  const Array x = floats({1e4, 0, -1e4, -kInf});
  EXPECT_EQ(numbers(softmax(x, 0)), (Numbers{1, 0, 0, 0}));
  EXPECT_EQ(numbers(log_softmax(x, 0)), (Numbers{0, -1e4, -2e4, -kInf}));
  EXPECT_EQ(numbers(softmin(floats({1e4, -1e4}), 0)), (Numbers{0, 1}));
  EXPECT_EQ(numbers(quiet_softmax(floats({-1e4, -kInf}), 0)), (Numbers{0, 0}));
  EXPECT_EQ(numbers(quiet_softmax(floats({-kInf, -kInf}), 0)), (Numbers{0, 0}));
  EXPECT_EQ(numbers(quiet_softmax(floats({1e4, 0}), 0)), (Numbers{1, 0}));
  EXPECT_TRUE(std::isnan(numbers(softmax(floats({-kInf, -kInf}), 0))[0]));
  EXPECT_EQ(numbers(softmax(floats({3}, Shape{}), -1)), (Numbers{1}));
}

TEST(Softmax, DrawsWithTheGumbelTrick) {
  Generator generator(3);
  const Array x = broadcast_to(floats({0, std::log(3.0)}, Shape{1, 2}), Shape{4000, 2});
  const Array y = gumbel_softmax(x, {.hard = true, .generator = &generator});
  Numbers sums = numbers(reduce(ReduceFn::Sum, y, 0));
  EXPECT_EQ(sums[0] + sums[1], 4000);
  EXPECT_NEAR(sums[1] / 4000, 0.75, 5 * std::sqrt(0.75 * 0.25 / 4000));
  // Straight through: the gradient of the soft weights, whose sum is 1 whatever x.
  Generator again(3);
  const auto hard = [&](const Inputs& leaf) {
    again = Generator(3);
    return gumbel_softmax(leaf[0], {.temperature = 0.5, .hard = true, .generator = &again});
  };
  const auto soft = [&](const Inputs& leaf) {
    again = Generator(3);
    return gumbel_softmax(leaf[0], {.temperature = 0.5, .generator = &again});
  };
  const Array small = floats({0.3, -0.2, 1.0}, Shape{1, 3});
  EXPECT_EQ(numbers(gradients_of(first_tape(), hard, {small})[0]),
            numbers(gradients_of(first_tape(), soft, {small})[0]));
  EXPECT_THROW(gumbel_softmax(small, {.temperature = 0}), ValueError);
  EXPECT_THROW(gumbel_softmax(small, {.dim = 2}), IndexError);
}

}  // namespace
}  // namespace fornax::test
