// Recurrent networks.
// Values and gradients are torch 1.13's, in float64: its function, or what the reference of the conformance cases composes.

#include <functional/check.hpp>

namespace fornax::test {
namespace {

using namespace functional;

// torch's order: for each layer and direction w_ih, w_hh, b_ih, b_hh.
std::vector<RecurrentWeights> weights(const Inputs& x, std::size_t first) {
  std::vector<RecurrentWeights> all;
  for (std::size_t i = first; i < x.size(); i += 4) all.push_back({x[i], x[i + 1], x[i + 2], x[i + 3]});
  return all;
}

// All results as one vector.
Array flat(const RecurrentResult& r) {
  const auto line = [](const Array& a) { return reshape(a, Shape{a.numel()}); };
  return r.c.defined() ? cat({line(r.output), line(r.h), line(r.c)}, 0) : cat({line(r.output), line(r.h)}, 0);
}

// clang-format off
const Row kRows[] = {
    {"rnn relu", [](const Inputs& x) -> Array { return flat(rnn(x[0], x[1], weights(x, 2), Rnn::Relu)); },
     {real({-0.85, 1.93, -0.97, -0.81, 0.16, -0.78, 1.47, 1.09, 0.71, -1.75, -0.22, 1.2}, {3, 2, 2}), real({-0.41, 0.4, 0.47, -1.06}, {1, 2, 2}), real({-0.6, 0.04, -0.31, -0.41}, {2, 2}), real({-0.62, -0.18, -0.4, -0.05}, {2, 2}), real({0.24, -0.09}, {2}), real({0.7, 0.25}, {2})}, {1.7094, 0, 1.3889999999999998, 0.6577999999999999, 0, 0, 0, 0, 0.44399999999999995, 0.6574, 1.1199999999999999, 0, 0.44399999999999995, 0.6574, 1.1199999999999999, 0},
     {{-0.0375, 0.0025, -0.19, -0.095, 0, 0, 0, 0, -1.29, -0.5599999999999999, -0.975, 0.065}, {-0.03875, -0.01125, -0.21625, -0.04625}, {0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0}, {0, 0}}},
    {"rnn of two layers and directions", [](const Inputs& x) -> Array { return flat(rnn(x[0], x[1], weights(x, 2), Rnn::Tanh, {.bidirectional = true})); },
     {real({-0.53, -0.47, -1.44, 1.98}, {2, 1, 2}), real({-1.49, -0.66, -1.12, -0.95, 1.9, 0.89, 0.17, 1.87}, {4, 1, 2}), real({-0.61, 0.02, 0.24, 0.26}, {2, 2}), real({0.52, 0.62, 0.34, 0.41}, {2, 2}), real({0.02, -0.58}, {2}), real({0.09, -0.57}, {2}), real({0.38, -0.39, 0.37, 0.59}, {2, 2}), real({0.26, -0.57, -0.49, 0.56}, {2, 2}), real({0.48, 0.17}, {2}), real({0.67, 0.28}, {2}), real({-0.01, -0.48, -0.26, -0.44, 0.45, 0.37, 0.6, -0.21}, {2, 4}), real({-0.16, -0.67, 0.41, 0.48}, {2, 2}), real({0.25, 0.59}, {2}), real({0.69, -0.4}, {2}), real({0.34, 0.4, -0.48, 0.4, -0.02, -0.29, -0.35, 0.59}, {2, 4}), real({-0.22, 0.58, -0.35, -0.52}, {2, 2}), real({0.1, 0.43}, {2}), real({-0.43, -0.25}, {2})}, {0.19316976602289188, 0.7743183216172285, -0.8588270730471823, 0.3385016868331668, 0.4285560307362421, 0.21714851870427151, 0.5790534865881118, -0.1410367437751136, 0.09011489946054844, -0.9214228903596777, 0.6019209848284138, 0.367704807603318, 0.4285560307362421, 0.21714851870427151, -0.8588270730471823, 0.3385016868331668},
     {{0.20852731903669147, 0.6784389971523561, -0.6728082117354209, 0.09107671704933049}, {0.21339142935858216, 0.25450371092605545, -0.03152540309375898, 0.06548456342110687, -0.04884880870982075, -0.24486640356689326, -0.030663840408191218, -0.05448962155741693}, {0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0}, {0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0}, {0, 0}, {0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0}, {0, 0}, {0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0}, {0, 0}}},
    {"gru of two layers", [](const Inputs& x) -> Array { return flat(gru(x[0], x[1], weights(x, 2))); },
     {real({-0.85, 1.93, -0.97, -0.81, 0.16, -0.78, 1.47, 1.09, 0.71, -1.75, -0.22, 1.2}, {3, 2, 2}), real({0.19, -0.4, 1.39, 1.26, -0.48, 0.25, 2, -1.52}, {2, 2, 2}), real({-0.05, 0.51, 0.31, 0.61, 0.18, 0.28, 0.52, 0.6, -0.36, -0.69, -0.25, 0.47}, {6, 2}), real({-0.32, 0.71, 0.13, -0.55, -0.07, -0.01, -0.17, -0.25, -0.32, -0.69, -0.66, -0.55}, {6, 2}), real({-0.37, -0.59, 0.66, 0.3, -0.66, 0.68}, {6}), real({0.15, 0.56, 0.33, -0.59, -0.15, -0.37}, {6}), real({-0.67, -0.54, -0.65, 0.05, -0.11, -0.51, 0.68, -0.1, -0.18, -0.66, -0.28, -0.13}, {6, 2}), real({-0.28, 0.19, 0.44, 0.34, -0.69, 0.12, -0.15, -0.22, 0.08, -0.19, -0.04, -0.17}, {6, 2}), real({0.4, -0.45, -0.22, 0.67, 0.42, -0.53}, {6}), real({0.33, 0.1, -0.41, 0.15, -0.29, 0.44}, {6})}, {-0.14792427575442527, 0.06293311335753465, 0.3066607650094837, -1.2972413593449612, 0.0393372056580782, -0.06063598479707211, 0.21310905249041556, -1.1166164395509255, 0.2517834438819822, -0.13386869064241622, 0.11505699427391719, -0.9284230189522951, 0.0144422822973439, -0.2583215063525278, 0.10253021627587611, 0.43152208346787724, 0.2517834438819822, -0.13386869064241622, 0.11505699427391719, -0.9284230189522951},
     {{0.04722602424425577, 0.04440331279053206, 0.13035877938792034, -0.09924082966815626, 0.048463426416654465, -0.1212362307279117, 0.02016053352264561, -0.05687795199296857, -0.0919397133948201, -0.03940524382290616, 0.005129701229072092, 0.012220979292990082}, {0.09524723917294392, -0.17102780710334717, -0.13141587042149178, -0.009847189292180404, 0.23492486664950724, 0.4517965374764683, 0.04797853935865658, 1.1285089150413088}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0}}},
    {"lstm of two directions", [](const Inputs& x) -> Array { return flat(lstm(x[0], x[1], x[2], weights(x, 3), {.bidirectional = true})); },
     {real({-0.85, 1.93, -0.97, -0.81, 0.16, -0.78, 1.47, 1.09, 0.71, -1.75, -0.22, 1.2}, {3, 2, 2}), real({0.14, 1.84, 1.91, -0.17, -0.32, -0.23, -1.2, -1.48}, {2, 2, 2}), real({-0.31, -0.96, -1.92, 1.66, -1.92, 0.02, -1.6, 0.01}, {2, 2, 2}), real({-0.3, 0.43, -0.67, -0.36, 0.21, -0.15, -0.47, 0.34, -0.66, 0.5, -0.44, 0.02, -0.4, -0.68, -0.59, 0.63}, {8, 2}), real({-0.51, -0.52, 0.19, -0.05, -0.06, 0.1, -0.12, -0.21, 0.13, 0.06, -0.41, 0.4, 0.66, -0.65, 0.54, -0.65}, {8, 2}), real({-0.66, -0.28, 0.27, 0.27, 0.5, -0, -0.14, -0.64}, {8}), real({0.04, 0.42, -0.68, 0.53, -0.62, 0.01, -0.13, -0.63}, {8}), real({-0.22, -0.61, 0.25, -0.26, -0.3, -0.21, 0.25, -0.43, -0.16, -0.51, -0.08, -0.16, 0.46, 0.53, 0.52, 0.02}, {8, 2}), real({-0.69, 0.7, -0.55, -0.22, 0.16, -0.52, 0, 0.18, 0.02, 0.31, 0.23, 0.17, 0.12, -0.37, 0.66, -0.51}, {8, 2}), real({-0.05, 0.16, 0.4, -0.51, -0.52, 0.45, 0.64, -0.27}, {8}), real({-0.13, 0.57, -0.2, 0.63, 0.03, -0.12, 0.09, 0.09}, {8})}, {0.019575041719623584, -0.12477060915499803, -0.38621565990786144, 0.050087158500410324, -0.4822264017516687, 0.3242405942009431, -0.20231855897582446, 0.035655177498275265, -0.03171573607309563, -0.0448800854221896, -0.3032409466732125, 0.17655067352615797, -0.04682098335918943, 0.05298590492719585, -0.5541771665488379, -0.13523329888747873, -0.12043128723303763, -0.019033035570966982, -0.41797652544380254, 0.17714064225055096, 0.02716769253598066, 0.15699193009009318, -0.7167613419948917, -0.11529369741516067, -0.12043128723303763, -0.019033035570966982, 0.02716769253598066, 0.15699193009009318, -0.38621565990786144, 0.050087158500410324, -0.20231855897582446, 0.035655177498275265, -0.18577315065944763, -0.33793090788956304, 0.10624425030653714, 0.42568973788293507, -0.5436511396107818, 0.17173822632026992, -0.4724894745424113, 0.13310368370763673},
     {{-0.015050671118865155, -0.06640158236322556, -0.5470352478823037, -0.4253195258259537, -0.18911675588915822, -0.3429466601950555, -0.2472244873605307, 0.18750376924809284, -0.0931108236168178, -0.32662279334858807, -0.8108515709515726, 0.3316535111810862}, {-0.050508382158741885, 0.010555688123373168, -0.21606270543583034, 0.10810731708378293, 0.06684680569553428, 0.35761811256110737, 0.16522910981089006, 0.23484150213078253}, {0.11343410272361354, 0.3134941550286451, 0.07892484779937853, 0.4918012640615638, 0.3641503927798166, 0.4984658534464472, 0.3962034593212805, 0.30036140141188844}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0}}},
};
// clang-format on

TEST(Recurrent, HasTorchsValuesAndEveryDerivative) { expect_rows(kRows); }

struct Parts {
  Array x, h;
  RecurrentWeights w;
};
// Weights for a cell with this many gates, 2 inputs and 2 units, and a sequence [3, 1, 2].
Parts parts(std::int64_t gates) {
  Random random(11);
  const auto some = [&](const Shape& shape) { return upload(test::weights(shape, DType::F64, random)); };
  const auto biases = Shape{2 * gates};
  return {some(Shape{3, 1, 2}),
          some(Shape{1, 1, 2}),
          {some(Shape{2 * gates, 2}), some(Shape{2 * gates, 2}), some(biases), some(biases)}};
}

Array step(const Array& x, std::int64_t t) { return reshape(narrow(x, 0, t, 1), Shape{1, 2}); }

TEST(Recurrent, IsItsCellStepByStep) {
  for (const bool reset_after : {true, false}) {
    const Parts p = parts(3);
    Array h = reshape(p.h, Shape{1, 2});
    for (std::int64_t t = 0; t < 3; ++t) h = gru_cell(step(p.x, t), h, p.w, reset_after);
    const RecurrentWeights all[] = {p.w};
    expect_near(numbers(gru(p.x, p.h, all, reset_after).h), numbers(h), 1e-14);
  }
  const Parts p = parts(4);
  LstmState s{reshape(p.h, Shape{1, 2}), floats({0, 0}, Shape{1, 2})};
  for (std::int64_t t = 0; t < 3; ++t) s = lstm_cell(step(p.x, t), s, p.w);
  const RecurrentWeights all[] = {p.w};
  const RecurrentResult r = lstm(p.x, p.h, {}, all);
  expect_near(numbers(r.h), numbers(s.h), 1e-14);
  expect_near(numbers(r.c), numbers(s.c), 1e-14);
}

TEST(Recurrent, ReadsBatchesFirst) {
  const Parts p = parts(1);
  const RecurrentWeights all[] = {p.w};
  const RecurrentResult a = rnn(p.x, {}, all), b = rnn(swap_dims(p.x, 0, 1), {}, all, Rnn::Tanh, {.batch_first = true});
  EXPECT_EQ(b.output.shape(), (Shape{1, 3, 2}));
  EXPECT_EQ(numbers(a.output), numbers(b.output));
  EXPECT_EQ(rnn(floats({}, Shape{3, 0, 2}), {}, all).output.shape(), (Shape{3, 0, 2}));
}

// The reset gate before the product, as documented: differences are the reference.
TEST(Recurrent, OfAnEarlierResetHasEveryDerivative) {
  const Parts p = parts(3);
  const auto f = [](const Inputs& x) { return flat(gru(x[0], x[1], weights(x, 2), false)); };
  expect_derivatives(f, to_data({p.x, p.h, p.w.input, p.w.hidden, p.w.input_bias, p.w.hidden_bias}));
}

TEST(Recurrent, DropsOutBetweenLayersOnly) {
  const Parts p = parts(1);
  const RecurrentWeights one[] = {p.w}, two[] = {p.w, p.w};
  Generator generator(1);
  const Recurrent options{.dropout = 1, .generator = &generator};
  EXPECT_EQ(numbers(rnn(p.x, {}, one, Rnn::Tanh, options).output), numbers(rnn(p.x, {}, one).output));
  EXPECT_EQ(numbers(rnn(p.x, {}, two, Rnn::Tanh, options).output), numbers(rnn(p.x * 0.0, {}, one).output));
}

TEST(Recurrent, TellsWhatIsWrong) {
  const Parts p = parts(4);
  const RecurrentWeights all[] = {p.w};
  const RecurrentWeights none[] = {RecurrentWeights{}};
  EXPECT_THROW(lstm(step(p.x, 0), {}, {}, all), ShapeError);
  EXPECT_THROW(lstm(floats({}, Shape{0, 1, 2}), {}, {}, all), ShapeError);
  EXPECT_EQ(message_of<ValueError>([&] { lstm(p.x, {}, {}, all, {.bidirectional = true}); }),
            "lstm: 1 sets of weights for 2 directions; needs a whole number of layers");
  EXPECT_THROW(lstm(p.x, {}, {}, {}), ValueError);
  EXPECT_THROW(lstm(p.x, {}, {}, none), ValueError);
  EXPECT_EQ(message_of<ShapeError>([&] { gru(p.x, {}, all); }),
            "gru: the input's weight has shape [8, 2]; needs [6, 2]");
  EXPECT_THROW(lstm(p.x, step(p.x, 0), {}, all), ShapeError);
  EXPECT_THROW(lstm(p.x, {}, {}, all, {.dropout = -1}), ValueError);
  EXPECT_THROW(rnn(cast(p.x, DType::F32), {}, all), DTypeError);
  EXPECT_THROW(lstm_cell(step(p.x, 0), {step(p.x, 0), {}}, p.w), ValueError);
  EXPECT_THROW(gru_cell(step(p.x, 0), step(p.x, 0), p.w), ShapeError);
  EXPECT_THROW(rnn_cell(p.x, p.h, p.w), ShapeError);
}

}  // namespace
}  // namespace fornax::test
