// Rules that PyTorch 1.13 has not, or has otherwise, after six steps of a course (net.hpp): the formulas of their papers,
// written in NumPy 1.24, in f64. The rules that it has run as conformance cases (conformance/cases/runs.jsonl).

#include <numeric>

#include "net.hpp"

namespace fornax::test {
namespace {

using namespace optim;

template <class O> Layer<B> after_six(O optimizer) {
  Layer<B> layer = make_layer();
  run(optimizer, layer, 1, 6);
  return layer;
}

// Chen et al. 2023, algorithm 2.
TEST(Rules, LionStepsAlongSigns) {
  expect_values(after_six(Lion({.lr = 0.05, .weight_decay = 0.1})),
                {0.386421335740789, -0.9711224782311092, 1.644470112275187, 0.1948096573729703, 0.7755629264223562,
                 -0.192346833869536},
                {0.09530958293390941, -0.38889897261735, 1.1592838575970543});
}

// You, Gitman and Ginsburg 2017, algorithm 1.
TEST(Rules, LarsScalesByNorms) {
  expect_values(after_six(Lars({.lr = 0.5, .momentum = 0.8, .trust = 0.1, .weight_decay = 0.05})),
                {0.15908501959584317, -0.5978779247300161, 1.2841888913738815, 0.24558607122257128, 0.6403045009550021,
                 -0.09918171154589982},
                {0.034604290646664496, -0.1396752306167939, 0.6654078875271208});
}

// You et al. 2020, algorithm 2.
TEST(Rules, LambScalesAdamsStepByNorms) {
  expect_values(after_six(Lamb({.lr = 0.1, .beta2 = 0.95, .weight_decay = 0.05})),
                {0.10436304780635908, -0.6600109648383823, 1.2491430189107908, 0.3357581087751284, 0.7136571083975618,
                 -0.02696637626620251},
                {-0.05486930285358173, -0.1863080751174755, 0.9099661625127734});
}

// Xie et al. 2022, algorithm 1, with the corrections for the start of its program.
TEST(Rules, AdanUsesDifferencesOfGradients) {
  expect_values(after_six(Adan({.lr = 0.05, .weight_decay = 0.1})),
                {0.38804134103157634, -0.8994790601227755, 1.7830715455447734, 0.18468975494106782, 0.794548174030909,
                 -0.23826703690652298},
                {0.1017633557969518, -0.30705438019228815, 1.202775161192485});
}

// Shazeer and Stern 2018, algorithms 4 and 5.
TEST(Rules, AdafactorKeepsRowsAndColumns) {
  Adafactor optimizer({.lr = 0.1, .weight_decay = 0.1});
  Layer<B> layer = make_layer();
  run(optimizer, layer, 1, 6);
  expect_values(layer,
                {0.2690002927626955, -0.7794274178360042, 1.4521894029632427, 0.10594522435155251, 0.7298858705277135,
                 -0.15089818622295878},
                {0.036464411661665794, -0.2692241555770887, 0.9938635326102653});
  const State state = optimizer.state();
  EXPECT_EQ(state.array("weight/row_var").shape(), (Shape{2, 1}));
  EXPECT_EQ(state.array("weight/col_var").shape(), (Shape{1, 3}));
  EXPECT_EQ(state.array("bias/variance").shape(), (Shape{3}));
  EXPECT_EQ(state.arrays.size(), 3u);
}

// Jordan et al. 2024; velocity and rates as in PyTorch 2.9. The bias is stepped by AdamW.
TEST(Rules, MuonOrthogonalisesMatrices) {
  const Numbers bias{0.19886040183826456, -0.3993181262732739, 1.4979904555547119};
  expect_values(after_six(Muon({.lr = 0.05})),
                {0.3887471329928773, -0.893018560584248, 1.7917419227826903, 0.07283625286294641, 0.7278279011220069,
                 -0.2731455402931177},
                bias);
  expect_values(after_six(Muon({.lr = 0.05, .momentum = 0.9, .nesterov = false, .match_adamw = true})),
                {0.45071836151696265, -0.9470435064136082, 1.886434309602703, 0.0926250639256397, 0.7542998068790396,
                 -0.2836306331432762},
                bias);
}

TEST(Rules, MuonsStepsHaveSingularValuesNearOne) {
  manual_seed(3);
  for (const Shape& shape : {Shape{4, 9}, Shape{9, 4}, Shape{6, 2, 3, 3}}) {
    auto w = Tensor<Cpu, 1>::zeros({shape.numel()}, {}, DType::F64).array();
    w = reshape(w, shape);
    nn::Parameters parameters{{"w", &w, true}};
    NamedGradients g;
    const auto noise = Tensor<Cpu, 1>::random({shape.numel()}, Distribution::normal(0, 1), {}, DType::F64);
    g.set("w", reshape(noise.array(), shape));
    Muon optimizer({.lr = 1, .weight_decay = 0});
    optimizer.step(parameters, std::move(g));
    ASSERT_EQ(w.shape(), shape);
    const std::int64_t rows = shape[0], columns = shape.numel() / rows;
    const double scale = std::sqrt(std::max(1.0, static_cast<double>(rows) / static_cast<double>(columns)));
    const Array s = linalg::svdvals(reshape(w, Shape{rows, columns}) / scale);
    for (const double value : s.to_data().to_vector<double>()) {
      EXPECT_GT(value, 0.5) << shape.str();
      EXPECT_LT(value, 1.3) << shape.str();
    }
  }
}

TEST(Rules, MuonLeavesWhatIsNamedToAdamW) {
  Layer<B> a = make_layer(), b = make_layer();
  Muon muon({.lr = 0.05, .adamw_for = {"wei*"}, .adamw_lr = 0.01});
  AdamW adamw({.lr = 0.01, .beta2 = 0.95, .weight_decay = 0.1});
  run(muon, a, 1, 4);
  run(adamw, b, 1, 4);
  EXPECT_TRUE(same(a, b));
}

// Dozat 2016: the product of momenta as in PyTorch since 2.0; the form before it runs as a conformance case.
TEST(Rules, NAdamDividesByTheProductOfMomenta) {
  expect_values(after_six(NAdam({.lr = 0.05, .beta2 = 0.99, .weight_decay = 0.1})),
                {0.38288687835574375, -0.9267820817174395, 1.7851465340663821, 0.15578003142074126, 0.7724906250830331,
                 -0.20547669864670945},
                {0.0907791803865365, -0.32834437828796337, 1.2679313847900466});
}

TEST(Rules, DecoupledDecayScalesTheWeights) {
  expect_values(after_six(NAdam({.lr = 0.05, .beta2 = 0.99, .weight_decay = 0.1, .decoupled = true})),
                {0.3772215052027838, -0.913170343357801, 1.7398157983564924, 0.1545812895834156, 0.7620323420556563,
                 -0.20290026469270822},
                {0.08899106914523196, -0.32261523560910865, 1.2283051029644374});
  expect_values(after_six(RAdam({.lr = 0.05, .beta2 = 0.9, .weight_decay = 0.1, .decoupled = true})),
                {0.3390116812346895, -0.8881391763786983, 1.7087493929614492, 0.1521189723948696, 0.7634452551015691,
                 -0.18575588998066705},
                {0.0501491657712709, -0.28232207684947513, 0.9545535602794956});
  expect_values(after_six(Sgd({.lr = 0.1, .momentum = 0.5, .weight_decay = 0.2, .decoupled = true})),
                {0.16289120596241832, -0.5729060759550354, 0.9558973059304543, 0.07478752929149744, 0.4690869425586276,
                 -0.06215017748856343},
                {-0.02288726982962712, -0.08553403748942821, -0.003325508892868423});
}

TEST(Rules, AsgdKeepsTheAverage) {
  Asgd optimizer({.lr = 0.1, .lambd = 0, .alpha = 0, .t0 = 2});
  auto x = Tensor<Cpu, 1>::from_data({1.0}, {}, DType::F64);
  const auto g = Tensor<Cpu, 1>::from_data({1.0}, {}, DType::F64);
  for (int t = 0; t < 5; ++t) optimizer.step(x, g);
  EXPECT_NEAR(x.into_scalar(), 0.5, 1e-15);
  // Steps 1 to 4 set it to the weight; from then on 1 / (t - t0) of the weight is taken up: t = 5 takes up a half.
  EXPECT_NEAR(optimizer.state().array("/ax").item(), 0.5 * (0.6 + 0.5), 1e-15);
}

}  // namespace
}  // namespace fornax::test
