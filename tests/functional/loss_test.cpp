// Losses between numbers, and of classes.
// Values and gradients are torch 1.13's, in float64: its function, or what the reference of the conformance cases composes.

#include <fornax/functional/functional.hpp>
#include <support/derivatives.hpp>

namespace fornax::test {
namespace {

using namespace functional;

// clang-format off
const Row kRows[] = {
    {"mse none", [](const Inputs& x) -> Array { return mse_loss(x[0], x[1], Reduction::None); },
     {real({0.05, -1.81, -1.84, 0.1, -1.43, 0.84}, {2, 3}), real({-1.44, 0.48, -1.18, -0.97, 0.2, -1.41}, {2, 3})}, {2.2201, 5.2441, 0.4356000000000002, 1.1449, 2.6569, 5.0625},
     {{0.49666666666666665, -1.5266666666666666, -0.6600000000000001, 1.4266666666666667, -2.716666666666667, 4.5}, {-0.49666666666666665, 1.5266666666666666, 0.6600000000000001, -1.4266666666666667, 2.716666666666667, -4.5}}},
    {"mse mean", [](const Inputs& x) -> Array { return mse_loss(x[0], x[1], Reduction::Mean); },
     {real({0.05, -1.81, -1.84, 0.1, -1.43, 0.84}, {2, 3}), real({-1.44, 0.48, -1.18, -0.97, 0.2, -1.41}, {2, 3})}, {2.7940166666666673},
     {{0.49666666666666665, -0.7633333333333333, -0.22000000000000003, 0.3566666666666667, -0.5433333333333332, 0.75}, {-0.49666666666666665, 0.7633333333333333, 0.22000000000000003, -0.3566666666666667, 0.5433333333333332, -0.75}}},
    {"mse sum", [](const Inputs& x) -> Array { return mse_loss(x[0], x[1], Reduction::Sum); },
     {real({0.05, -1.81, -1.84, 0.1, -1.43, 0.84}, {2, 3}), real({-1.44, 0.48, -1.18, -0.97, 0.2, -1.41}, {2, 3})}, {16.764100000000003},
     {{2.98, -4.58, -1.3200000000000003, 2.14, -3.26, 4.5}, {-2.98, 4.58, 1.3200000000000003, -2.14, 3.26, -4.5}}},
    {"l1", [](const Inputs& x) -> Array { return l1_loss(x[0], x[1]); },
     {real({0.05, -1.81, -1.84, 0.1, -1.43, 0.84}, {2, 3}), real({-1.44, 0.48, -1.18, -0.97, 0.2, -1.41}, {2, 3})}, {1.5650000000000002},
     {{0.16666666666666666, -0.16666666666666666, -0.16666666666666666, 0.16666666666666666, -0.16666666666666666, 0.16666666666666666}, {-0.16666666666666666, 0.16666666666666666, 0.16666666666666666, -0.16666666666666666, 0.16666666666666666, -0.16666666666666666}}},
    {"smooth_l1", [](const Inputs& x) -> Array { return smooth_l1_loss(x[0], x[1], 0.7); },
     {real({0.05, -1.81, -1.84, 0.1, -1.43, 0.84}, {2, 3}), real({-1.44, 0.48, -1.18, -0.97, 0.2, -1.41}, {2, 3})}, {1.2151904761904762},
     {{0.16666666666666666, -0.16666666666666666, -0.15714285714285717, 0.16666666666666666, -0.16666666666666666, 0.16666666666666666}, {-0.16666666666666666, 0.16666666666666666, 0.15714285714285717, -0.16666666666666666, 0.16666666666666666, -0.16666666666666666}}},
    {"huber", [](const Inputs& x) -> Array { return huber_loss(x[0], x[1], 0.9); },
     {real({0.05, -1.81, -1.84, 0.1, -1.43, 0.84}, {2, 3}), real({-1.44, 0.48, -1.18, -0.97, 0.2, -1.41}, {2, 3})}, {1.0083000000000002},
     {{0.15, -0.15, -0.11000000000000001, 0.15, -0.15, 0.15}, {-0.15, 0.15, 0.11000000000000001, -0.15, 0.15, -0.15}}},
    {"lp", [](const Inputs& x) -> Array { return lp_loss(x[0], x[1], 2.5); },
     {real({0.05, -1.81, -1.84, 0.1, -1.43, 0.84}, {2, 3}), real({-1.44, 0.48, -1.18, -0.97, 0.2, -1.41}, {2, 3})}, {3.8616284069615854},
     {{0.7578236611434673, -1.4439161761027233, -0.22341105612748896, 0.46117358596182517, -0.8671019539887515, 1.40625}, {-0.7578236611434673, 1.4439161761027233, 0.22341105612748896, -0.46117358596182517, 0.8671019539887515, -1.40625}}},
    {"kl_div batchmean", [](const Inputs& x) -> Array { return kl_div(x[0], x[1], false, Reduction::BatchMean); },
     {real({0.05, -1.81, -1.84, 0.1, -1.43, 0.84}, {2, 3}), real({0.79, 0.52, 0.37, 0.27, 0.72, 0.78}, {2, 3})}, {0.12596073373067362},
     {{-0.395, -0.26, -0.185, -0.135, -0.36, -0.39}, {0.35713883323946505, 1.0780367662966681, 0.9228738633280666, -0.2046666599918811, 1.050747966513982, -0.044230679649249816}}},
    {"kl_div log", [](const Inputs& x) -> Array { return kl_div(x[0], x[1], true, Reduction::Sum); },
     {real({0.05, -1.81, -1.84, 0.1, -1.43, 0.84}, {2, 3}), real({-1.44, 0.48, -1.18, -0.97, 0.2, -1.41}, {2, 3})}, {4.586537245997318},
     {{-0.23692775868212176, -1.6160744021928934, -0.30727873860113125, -0.37908303810339883, -1.2214027581601699, -0.2441432831534371}, {-0.11609460175423966, 5.316884783214619, 0.5100827060778779, -0.026535812667237924, 3.212289253961247, -0.30517910394179637}}},
    {"poisson", [](const Inputs& x) -> Array { return poisson_nll_loss(x[0], x[1], {.full = true}); },
     {real({0.05, -1.81, -1.84, 0.1, -1.43, 0.84}, {2, 3}), real({0.5, 0.8, 2, 3, 1.5, 4}, {2, 3})}, {2.4042682353664864},
     {{0.09187851606267068, -0.106057643866216, -0.3068637623155132, -0.3158048469873921, -0.21011517962604093, -0.2806055038698181}, {-0.008333333333333333, 0.30166666666666664, 0.4638578634266575, 0.19421315922246274, 0.3614664069069162, 0.11188239351998178}}},
    {"poisson rate", [](const Inputs& x) -> Array { return poisson_nll_loss(x[0], x[1], {.log_input = false, .eps = 1e-3}); },
     {real({0.79, 0.52, 0.37, 0.27, 0.72, 0.78}, {2, 3}), real({0.5, 0.8, 2, 3, 1.5, 4}, {2, 3})}, {1.9113738969270928},
     {{0.06131479140328698, -0.08925143953934742, -0.7318059299191375, -1.678351783517835, -0.18007397133610728, -0.6869398207426376}, {0.039076218535747186, 0.10866753953812835, 0.16525886939578366, 0.217606076350406, 0.054519356949531333, 0.041196688190408504}}},
    {"gaussian", [](const Inputs& x) -> Array { return gaussian_nll_loss(x[0], x[1], x[2], {.full = true}); },
     {real({0.05, -1.81, -1.84, 0.1, -1.43, 0.84}, {2, 3}), real({-1.44, 0.48, -1.18, -0.97, 0.2, -1.41}, {2, 3}), real({0.79, 0.52, 0.37, 0.27, 0.72, 0.78}, {2, 3})}, {2.9791928838946666},
     {{0.3143459915611814, -0.7339743589743589, -0.29729729729729737, 0.6604938271604939, -0.37731481481481477, 0.4807692307692307}, {-0.3143459915611814, 0.7339743589743589, 0.29729729729729737, -0.6604938271604939, 0.37731481481481477, -0.4807692307692307}, {-0.19095497516423648, -1.4558986686390534, -0.039931823715607634, -1.0001143118427067, -0.3113586676954732, -0.5865795529257067}}},
    {"gaussian shared", [](const Inputs& x) -> Array { return gaussian_nll_loss(x[0], x[1], x[2], {}, Reduction::None); },
     {real({0.05, -1.81, -1.84, 0.1, -1.43, 0.84}, {2, 3}), real({-1.44, 0.48, -1.18, -0.97, 0.2, -1.41}, {2, 3}), real({0.56, 0.71}, {2})}, {1.6923228952306715, 4.392322895230672, 0.09901932380210055, 0.6350224511604148, 1.6998111835547811, 3.3938956905970343},
     {{0.4434523809523809, -1.363095238095238, -0.5892857142857144, 1.0046948356807512, -1.9131455399061033, 3.1690140845070425}, {-0.4434523809523809, 1.363095238095238, 0.5892857142857144, -1.0046948356807512, 1.9131455399061033, -3.1690140845070425}, {-2.831393494897959, -6.213896052370563}}},
    {"cross_entropy", [](const Inputs& x) -> Array { return cross_entropy(x[0], x[1]); },
     {real({1.71, -0.29, 0.89, 1.77, 0, 0.96, -0.43, -0.01, -0.77, -0.64, -1.64, -0.31}, {4, 3}), whole({2, 0, 1, 2}, {4})}, {0.7981613110681934},
     {{0.15865290355573847, 0.02147133563902686, -0.1801242391947654, -0.09521954897000326, 0.026364216835684268, 0.06885533213431899, 0.07731005828632463, -0.1323370634255781, 0.05502700513925345, 0.09061754725109922, 0.03333633264306115, -0.12395387989416035}, {}}},
    {"cross_entropy smoothed", [](const Inputs& x) -> Array { return cross_entropy(x[0], x[1], x[2], {.label_smoothing = 0.1, .ignore_index = 0}); },
     {real({1.71, -0.29, 0.89, 1.77, 0, 0.96, -0.43, -0.01, -0.77, -0.64, -1.64, -0.31}, {4, 3}), whole({2, 0, 1, 2}, {4}), real({0.5, 1.5, 2}, {3})}, {0.9238850799013294},
     {{0.2200452946965535, 0.02109909011063171, -0.24114438480718525, 0, 0, 0, 0.0803708507573684, -0.1276121047863812, 0.047241254029012816, 0.12438346037730316, 0.03778199498903144, -0.16216545536633453}, {}, {}}},
    {"cross_entropy none", [](const Inputs& x) -> Array { return cross_entropy(x[0], x[1], {}, {.ignore_index = 2}, Reduction::None); },
     {real({1.71, -0.29, 0.89, 1.77, 0, 0.96, -0.43, -0.01, -0.77, -0.64, -1.64, -0.31}, {4, 3}), whole({2, 0, 1, 2}, {4})}, {0, 0.4794532500172225, 0.7536368506001946, 0},
     {{0, 0, 0, -0.19043909794000652, 0.052728433671368535, 0.13771066426863798, 0.23193017485897388, -0.3970111902767343, 0.16508101541776035, 0, 0, 0}, {}}},
    {"cross_entropy of pixels", [](const Inputs& x) -> Array { return cross_entropy(x[0], x[1], {}, {.label_smoothing = 0.2}, Reduction::Sum); },
     {real({0.06, -1.97, 0.74, -0.52, 0.98, 0.4, 0.66, -0.02, -1.11, -1.17, -0.64, 1.43}, {2, 3, 2}), whole({2, 0, 1, 1}, {2, 2})}, {7.980908509459068},
     {{0.11570964894497958, -0.8040120146198333, 0.293321881605394, 0.20043728991704074, -0.4090315305503736, 0.6035747247027925, 0.626398970926413, 0.11255279115564208, -0.7486147251632493, -0.8099191965319453, 0.12221575423683649, 0.6973664053763033}, {}}},
    {"nll", [](const Inputs& x) -> Array { return nll_loss(x[0], x[1], x[2]); },
     {real({1.71, -0.29, 0.89, 1.77, 0, 0.96, -0.43, -0.01, -0.77, -0.64, -1.64, -0.31}, {4, 3}), whole({2, 0, 1, 2}, {4}), real({0.5, 1.5, 2}, {3})}, {-0.3383333333333334},
     {{0, 0, -0.3333333333333333, -0.08333333333333333, 0, 0, 0, -0.25, 0, 0, 0, -0.3333333333333333}, {}, {}}},
    {"cross_entropy_soft", [](const Inputs& x) -> Array { return cross_entropy_soft(x[0], x[1]); },
     {real({1.71, -0.29, 0.89, 1.77, 0, 0.96, -0.43, -0.01, -0.77, -0.64, -1.64, -0.31}, {4, 3}), real({0.63, 0.09, 0.28, 0.62, 0.11, 0.28, 0.31, 0.47, 0.22, 0.36, 0.13, 0.5}, {4, 3})}, {0.9476979115799906},
     {{0.001152903555738466, -0.0010286643609731388, -0.0001242391947653826, 0.0013282555402967106, -0.0008721409959588896, -0.00045611454433782447, -0.00018994171367536783, 0.00016293657442190135, 2.7005139253452604e-05, -0.00028862822141177214, 0.0005029693166305364, -0.00021434109521874356}, {0.11368552458925815, 0.6136855245892582, 0.31868552458925814, 0.11986331250430562, 0.5623633125043056, 0.3223633125043056, 0.29340921265004866, 0.18840921265004865, 0.3784092126500487, 0.253703261324581, 0.503703261324581, 0.171203261324581}}},
    {"cross_entropy_with_logits", [](const Inputs& x) -> Array { return cross_entropy_with_logits(x[0], x[1]); },
     {real({1.71, -0.29, 0.89, 1.77, 0, 0.96, -0.43, -0.01, -0.77, -0.64, -1.64, -0.31}, {4, 3}), real({0.63, 0.09, 0.28, 0.62, 0.11, 0.28, 0.31, 0.47, 0.22, 0.36, 0.13, 0.5}, {4, 3})}, {0.9476979115799906},
     {{0.001152903555738466, -0.0010286643609731388, -0.0001242391947653826, 0.0013282555402967106, -0.0008721409959588896, -0.00045611454433782447, -0.00018994171367536783, 0.00016293657442190135, 2.7005139253452604e-05, -0.00028862822141177214, 0.0005029693166305364, -0.00021434109521874356}, {0.11368552458925815, 0.6136855245892582, 0.31868552458925814, 0.11986331250430562, 0.5623633125043056, 0.3223633125043056, 0.29340921265004866, 0.18840921265004865, 0.3784092126500487, 0.253703261324581, 0.503703261324581, 0.171203261324581}}},
    {"bce", [](const Inputs& x) -> Array { return bce_loss(x[0], x[1]); },
     {real({0.79, 0.52, 0.37, 0.27, 0.72, 0.78}, {2, 3}), real({0.37, 0.64, 0.54, 0.61, 0.71, 0.25}, {2, 3})}, {0.8706898857515327},
     {{0.4219409282700422, -0.08012820512820513, -0.12155012155012157, -0.28750211398613224, 0.008267195767195775, 0.5147630147630149}, {-0.22082090245726646, -0.01334045127892275, 0.08870280229121803, 0.165770429190677, -0.1574102681401419, -0.2109443955552127}}},
    {"bce_with_logits", [](const Inputs& x) -> Array { return bce_with_logits(x[0], x[1], {}, x[2]); },
     {real({0.05, -1.81, -1.84, 0.1, -1.43, 0.84}, {2, 3}), real({0.79, 0.52, 0.37, 0.27, 0.72, 0.78}, {2, 3}), real({0.5, 2, 3}, {3})}, {1.4981193265952448},
     {{-0.014156512521175465, -0.13770500814735268, -0.1452551251531167, 0.05318449952821385, -0.18464504385314462, -0.0919881745055835}, {-0.0640383040011072, 0.6285941953042302, 0.9691333416208568, -0.07036638833946424, 0.5124256505808054, -0.020376700113225604}, {}}},
    {"focal", [](const Inputs& x) -> Array { return focal_loss(x[0], x[1], {.alpha = 0.3, .gamma = 1.5}); },
     {real({0.05, -1.81, -1.84, 0.1, -1.43, 0.84}, {2, 3}), real({0.79, 0.52, 0.37, 0.27, 0.72, 0.78}, {2, 3})}, {0.14542312865376453},
     {{-0.012773306724790713, -0.011941923888707393, -0.0032983471403487245, 0.017913729400787948, -0.025310417329896792, -0.005157121975458753}, {-0.017906968951376022, 0.09716218342084823, 0.08230779923119884, -0.02489832055630581, 0.0703987237620003, -0.035014004977414456}}},
    {"dice", [](const Inputs& x) -> Array { return dice_loss(x[0], x[1], 0.5); },
     {real({0.79, 0.52, 0.37, 0.27, 0.72, 0.78}, {2, 3}), real({0.62, 0.4, 0.71, 0.68, 0.51, 0.55}, {2, 3})}, {0.3837259153905518},
     {{-0.07938854403097836, -0.02312255937624691, -0.10240644684427758, -0.09309643596743802, -0.05070242100484451, -0.06067748334898415}, {-0.12286680490054361, -0.05381309646064589, -0.015449925105147158, 0.0091479530599934, -0.10307149831157766, -0.11803409182778715}}},
    {"info_nce", [](const Inputs& x) -> Array { return info_nce(x[0], x[1], {.temperature = 0.5, .symmetric = true}); },
     {real({-0.92, 0.06, -1.61, 0.22, 0.5, -1.86}, {3, 2}), real({-1.02, -1.31, -1.86, 1.76, -0.91, -0.57}, {3, 2})}, {1.1706364528500113},
     {{0.028731204993765358, 0.4405451432377358, -0.04372829698373159, -0.32001162792639937, 0.10364723283193425, 0.027862159363423185}, {0.24116056308130013, -0.18777387354421843, 0.006205294563661819, 0.006557868118415328, -0.39986968775208986, 0.6383884488673713}}},
};
// clang-format on

TEST(Loss, HasTorchsValuesAndEveryDerivative) { expect_rows(kRows); }

TEST(Loss, HasTorchsSlopesAtKinks) {
  const auto slope = [](const Composition& f, double at) {
    return numbers(gradients_of(first_tape(), f, {floats({at})})[0])[0];
  };
  const Array zero = floats({0});
  EXPECT_EQ(slope([&](const Inputs& x) { return l1_loss(x[0], zero); }, 0), 0);
  EXPECT_EQ(slope([&](const Inputs& x) { return smooth_l1_loss(x[0], zero); }, 0), 0);
  EXPECT_EQ(slope([&](const Inputs& x) { return huber_loss(x[0], zero); }, 1), 1);
  EXPECT_EQ(slope([&](const Inputs& x) { return lp_loss(x[0], zero, 1.5); }, 0), 0);
  EXPECT_EQ(slope([&](const Inputs& x) { return focal_loss(x[0], floats({1}), {.gamma = 0.5}); }, 1e4), 0);
}

TEST(Loss, StaysFiniteForExtremeLogits) {
  const Array x = floats({1e4, -1e4, 0, -1e4, 1e4, 0}, Shape{2, 3}), t = ints({0, 0});
  EXPECT_EQ(numbers(cross_entropy(x, t, {}, {}, Reduction::None)), (Numbers{0, 2e4}));
  const auto f = [&](const Inputs& in) { return cross_entropy(in[0], t, {}, {.label_smoothing = 0.1}); };
  for (const double v : numbers(gradients_of(first_tape(), f, {x})[0])) EXPECT_TRUE(std::isfinite(v));
  EXPECT_EQ(numbers(bce_with_logits(floats({1e4, -1e4}), floats({0, 0}), {}, {}, Reduction::None)), (Numbers{1e4, 0}));
  EXPECT_EQ(numbers(bce_loss(floats({0, 1}), floats({1, 1}), {}, Reduction::None)), (Numbers{100, 0}));
  EXPECT_EQ(numbers(huber_loss(floats({1e300}), floats({0}), 1))[0], 1e300);
  const auto huber = [](const Inputs& in) { return huber_loss(in[0], floats({0})); };
  EXPECT_EQ(numbers(gradients_of(first_tape(), huber, {floats({1e300})})[0]), (Numbers{1}));
  EXPECT_EQ(numbers(focal_loss(floats({1e4, -1e4}), floats({1, 0}), {}, Reduction::None)), (Numbers{0, 0}));
  EXPECT_EQ(numbers(kl_div(floats({-3, 0}), floats({0, 1}), false, Reduction::None)), (Numbers{0, 0}));
}

// At 2^20 numbers of f32 lie 1/8 apart: the sum of exponentials, kept for the gradient as one of them, would be off by up to 6 %.
TEST(Loss, HasTheSameGradientWhateverIsAddedToAllLogits) {
  const auto f = [](const Inputs& in) { return cross_entropy(in[0], ints({0, 2})); };
  const auto gradient_at = [&](double added) {
    Numbers x{0.5, 1.25, -2, 0, 3.5, 0.125};
    for (double& v : x) v += added;
    return numbers(gradients_of(first_tape(), f, {floats(x, Shape{2, 3}, DType::F32)})[0]);
  };
  expect_near(gradient_at(0x1p20), gradient_at(0), 1e-7);
}

// The mean is computed with its gradient, which backward takes as it is, or scales.
TEST(Loss, OfAMeanHasTheGradientOfItsSamples) {
  using T = Tensor<Autodiff<Cpu>, 2>;
  // More than the caches keep, and less.
  for (const std::int64_t samples : {4400, 33}) {
    const auto x = T::random({samples, 1000}, Distribution::normal(0, 3)).require_grad();
    const auto t = Tensor<Autodiff<Cpu>, 1, Int>::arange(0, samples) * 7 % 1000;
    const auto mean = cross_entropy(x, t);
    const auto sum = cross_entropy<Reduction::Sum>(x, t);
    const auto n = static_cast<double>(samples);
    EXPECT_NEAR(mean.into_scalar(), sum.into_scalar() / n, 1e-5);
    const TensorData expected = (*x.grad((sum / n).backward())).to_data();
    (*x.grad(mean.backward())).to_data().assert_approx_eq(expected, 1e-5, 1e-12);
    // Twice from one loss, and of a multiple of it.
    const TensorData scaled = (*x.grad((mean * 3 * n).backward())).to_data();
    scaled.assert_approx_eq((*x.grad((sum * 3).backward())).to_data(), 1e-5, 1e-6);
    (*x.grad(mean.backward())).to_data().assert_approx_eq(expected, 1e-5, 1e-12);
  }
}

// A gradient of 16 bits is rounded after the loss was scaled up, or it would vanish.
TEST(Loss, OfSixteenBitsThatIsScaledUpKeepsItsGradient) {
  using T = Tensor<Autodiff<Cpu>, 2>;
  constexpr std::int64_t kSamples = 512;
  const auto x = T::from_data({{9.0F, 0.0F}}).expand({kSamples, 2}).cast(DType::F16).require_grad();
  const auto loss = cross_entropy(x, Tensor<Autodiff<Cpu>, 1, Int>::zeros({kSamples})) * 1024;
  const double p = 1 / (1 + std::exp(9.0));  // of the other class; p / 512 is 2.4e-7, of which f16 keeps two bits
  const TensorData gradient = (*x.grad(loss.backward())).to_data().convert(DType::F32);
  EXPECT_NEAR(gradient.to_vector<float>()[1], p * 1024 / kSamples, p * 0x1p-9);
}

// The variance that moves the value is at least eps; its gradient is that of the variance itself.
TEST(Loss, BoundsTheVarianceFromBelow) {
  const Array x = floats({1}), t = floats({1});
  const Array bounded = gaussian_nll_loss(x, t, floats({1e-9}), {.eps = 1e-6});
  expect_near(numbers(bounded), {0.5 * std::log(1e-6)}, 1e-15);
}

TEST(Loss, CountsNoIgnoredTarget) {
  const Array x = floats({1, 2, 3, 4}, Shape{2, 2}), all_ignored = ints({7, 7});
  const auto f = [&](const Inputs& in) { return cross_entropy(in[0], all_ignored, {}, {.ignore_index = 7}); };
  EXPECT_TRUE(std::isnan(numbers(f({x}))[0]));
  EXPECT_EQ(numbers(gradients_of(first_tape(), f, {x})[0]), (Numbers{0, 0, 0, 0}));
}

TEST(Loss, TakesTargetsOfAnyIntDtype) {
  const Array x = floats({0.1, 0.5, 0.2, 0.3}, Shape{2, 2});
  for (const DType dtype : {DType::I32, DType::I16, DType::I8, DType::U8})
    EXPECT_EQ(numbers(cross_entropy(x, ints({1, 0}, dtype), {}, {.ignore_index = 1})),
              numbers(cross_entropy(x, ints({1, 0}), {}, {.ignore_index = 1})));
}

TEST(Loss, OfAnEmptyBatch) {
  const Array x = floats({}, Shape{0, 3}), t = ints({}, Shape{0});
  EXPECT_EQ(numbers(cross_entropy(x, t, {}, {}, Reduction::Sum)), (Numbers{0}));
  EXPECT_TRUE(std::isnan(numbers(cross_entropy(x, t))[0]));
  EXPECT_EQ(cross_entropy(x, t, {}, {}, Reduction::None).shape(), Shape{0});
  EXPECT_TRUE(std::isnan(numbers(mse_loss(x, x))[0]));
  EXPECT_EQ(dice_loss(x, x, 1, Reduction::None).shape(), Shape{0});
  EXPECT_EQ(info_nce(x, x, {}, Reduction::None).shape(), Shape{0});
}

TEST(Loss, TellsWhatIsWrong) {
  const Array x = floats({1, 2, 3, 4}, Shape{2, 2}), t = ints({0, 1}), y = floats({1, 2});
  EXPECT_EQ(message_of<ShapeError>([&] {
              cross_entropy(x, ints({0, 1, 1}));
            }),
            "cross_entropy: the targets have shape [3], the input [2, 2]; they must be its shape without the classes");
  EXPECT_THROW(cross_entropy(x, y), DTypeError);
  EXPECT_THROW(cross_entropy(x, ints({0, 2})), IndexError);
  EXPECT_THROW(cross_entropy(x, ints({0, -100})), IndexError);
  EXPECT_THROW(cross_entropy(x, t, floats({1, 2, 3})), ShapeError);
  EXPECT_THROW(cross_entropy(x, t, {}, {.label_smoothing = 1.5}), ValueError);
  EXPECT_THROW(nll_loss(Array(), t), ValueError);
  EXPECT_THROW(nll_loss(floats({1}, Shape{}), t), ShapeError);
  EXPECT_THROW(nll_loss(t, t), DTypeError);
  EXPECT_THROW(cross_entropy_soft(x, y), ShapeError);
  EXPECT_THROW(cross_entropy_with_logits(x, floats({1, 2}, Shape{2, 1})), ShapeError);
  EXPECT_THROW(mse_loss(x, floats({1, 2, 3})), ShapeError);
  EXPECT_THROW(mse_loss(x, floats({1}, DType::F32)), DTypeError);
  EXPECT_THROW(mse_loss(x, Array()), ValueError);
  EXPECT_THROW(mse_loss(floats({1}, Shape{}), floats({1}, Shape{}), Reduction::BatchMean), IndexError);
  EXPECT_THROW(smooth_l1_loss(x, x, -1), ValueError);
  EXPECT_THROW(huber_loss(x, x, 0), ValueError);
  EXPECT_THROW(lp_loss(x, x, 0), ValueError);
  EXPECT_THROW(poisson_nll_loss(x, x, {.eps = -1}), ValueError);
  EXPECT_THROW(gaussian_nll_loss(x, x, x, {.eps = 0}), ValueError);
  EXPECT_THROW(focal_loss(x, x, {.gamma = -1}), ValueError);
  EXPECT_THROW(focal_loss(x, x, {.alpha = 2}), ValueError);
  EXPECT_THROW(dice_loss(x, y), ShapeError);
  EXPECT_THROW(dice_loss(x, x, -1), ValueError);
  EXPECT_THROW(info_nce(y, y), ShapeError);
  EXPECT_THROW(info_nce(x, x, {.temperature = 0}), ValueError);
  EXPECT_THROW(bce_with_logits(x, x, floats({1}, DType::F32)), DTypeError);
  EXPECT_THROW(bce_loss(x, t), DTypeError);
}

}  // namespace
}  // namespace fornax::test
