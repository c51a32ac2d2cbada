// Normalisation, linear maps, embedding.
// Values and gradients are torch 1.13's, in float64: its function, or what the reference of the conformance cases composes.

#include <fornax/functional/functional.hpp>
#include <support/derivatives.hpp>

namespace fornax::test {
namespace {

using namespace functional;

// Output and new statistics of x, weight, bias as one vector.
Array flat_batch_norm(const Inputs& x, bool training) {
  const BatchNormResult r =
      batch_norm(x[0], x[1], x[2], cast(floats({0.5, -0.5}), x[0].dtype()), cast(floats({1, 2}), x[0].dtype()),
                 {.training = training, .momentum = 0.2, .eps = 1e-3});
  return cat({reshape(r.output, Shape{r.output.numel()}), r.running_mean, r.running_var}, 0);
}

// clang-format off
const Row kRows[] = {
    {"batch_norm training", [](const Inputs& x) -> Array { return flat_batch_norm(x, true); },
     {real({1.17, 0.13, -0.14, -1.26, -1.01, -1.8, 0.4, -1.69, -1.09, -0.78, -1.79, 1.81}, {3, 2, 2}), real({-1.4, -0.75}, {2}), real({-1.06, 0.52}, {2})}, {-3.5844169257962917, -2.069766770318517, 0.3421100788659371, 0.9953451990959387, -0.40947717681403295, 0.7410743835969691, 0.027157431612186332, 1.2461408256128141, -0.29296562639266555, -0.7444478842754638, 1.3044653899190644, -0.7952189251059406, 0.28733333333333333, -0.48900000000000005, 1.0215333333333334, 1.996614},
     {{0.027146502146767462, 0.16560050376208538, 0.17062151326592578, 0.10999253830189992, 0.1440704626884411, 0.22736132719269866, 0.0364664471674563, -0.04510077655053468, -0.20237592850279235, -0.3618028672872004, -0.15661791697052332, -0.11536180521422401}, {-0.8738366281602545, 0.285547346082683}, {2.0625, 2.8125}}, true},
    {"batch_norm evaluation", [](const Inputs& x) -> Array { return flat_batch_norm(x, false); },
     {real({1.17, 0.13, -0.14, -1.26, -1.01, -1.8, 0.4, -1.69, -1.09, -0.78, -1.79, 1.81}, {3, 2, 2}), real({-1.4, -0.75}, {2}), real({-1.06, 0.52}, {2})}, {-1.9975313514571311, -0.5422588059117336, 0.32912888089617637, 0.9229501403302943, 1.0529437920899525, 2.15839120649463, 0.04282220224044091, 1.1509350881487503, 1.164887834054983, 0.7311046714404895, 1.2039548434553682, -0.7047563475828683, 0.5, -0.5, 1, 2},
     {{-0.08745628278518015, -0.1749125655703603, -0.09941204119990815, -0.1325493882665442, -0.43728141392590075, -0.524737696711081, -0.23196142946645232, -0.2650987765330884, -0.7871065450666213, -0.8745628278518015, -0.3645108177329965, -0.3976481647996326}, {-3.031609573974852, 0.36892913067521454}, {2.0625, 2.8125}}},
    {"layer_norm", [](const Inputs& x) -> Array { return layer_norm(x[0], x[1].shape().dims(), x[1], x[2], 1e-4); },
     {real({0.65, -0.46, 1.29, -1.09, -0.01, -1.89, -0.3, -1, -0.28, -1.3, -0.38, -0.04}, {2, 2, 3}), real({0.88, 1.07, 0.54, 0.69, -0.85, -0.64}, {2, 3}), real({1.52, -0.68, 0.27, 0.44, 1.45, 1.15}, {2, 3})}, {2.272048554804735, -0.8912806549427267, 1.0590443898608741, -0.10825552830633353, 1.2553058637630576, 2.143801014112659, 2.013997584452979, -1.7611810768823155, 0.5973856718783834, -0.7220170452473484, 1.1255334047570205, 0.41708722015703464},
     {{0.016793657902237955, 0.19238553975717848, 0.03137961340619085, 0.28453169846193105, -0.3431588414413141, -0.18193166808622435, 1.3171421302366773, 0.48048325341280473, 1.110621389380526, -0.38117112125441044, -1.7320362601346253, -0.7950393916409724}, {0.39867723920223375, -0.706542829045481, 0.8200006506926039, -1.668259971702756, 0.44535325773112605, 0.36876917622911853}, {0.6666666666666667, 0.8333333333333333, 1, 1.1666666666666667, 1.3333333333333333, 1.5}}},
    {"rms_norm", [](const Inputs& x) -> Array { return rms_norm(x[0], x[1], 1e-3); },
     {real({1.67, 0.79, 1.14, 0.48, 2, 1.94}, {2, 3}), real({1.21, -0.03, 1.14}, {3})}, {1.6117363073471636, -0.018903424795431178, 1.0365776735925045, 0.35573261677204737, -0.036749237269839606, 1.3545768857662877},
     {{-0.11559632781804002, -0.13875105148722744, 0.2659261506686249, 0.4003714847989295, -0.40573549074216797, 0.319524898836943}, {0.4179981782968806, 1.2308501996670023, 1.6428646689145088}}},
    {"group_norm", [](const Inputs& x) -> Array { return group_norm(x[0], 2, x[1], x[2]); },
     {real({-1.66, 1.14, 1.51, 1.67, -1.39, -0.34, 1.66, -1.9, 0.56, -0.52, -1.43, 1.24, -0.08, 0.97, 1.44, 1.52}, {2, 4, 2}), real({-0.53, 1.41, 0.1, -1.25}, {4}), real({1.8, 1.53, -0.8, -1.95}, {4})}, {2.7087144751823677, 1.6143486556079034, 2.4086267895768168, 2.574993992336924, -0.8657941208739715, -0.7888204975673754, -3.9224490972315245, -0.6602336332853096, 1.489508759220887, 2.050731420378112, -0.3950849117446265, 3.2961012386023416, -0.9635248851869362, -0.7988235619770725, -2.886248593246547, -3.043106996303561},
     {{0.02543703578369396, -0.17394147813334254, 0.04675721846986635, 0.10174722387978227, 0.19681106428638084, 0.23446409254538544, -0.13093788961083383, -0.30033726722093246, -0.6324345128889185, -0.669289901765509, 0.602249385015441, 0.6994750296389864, -0.3373519512063223, 1.0305054601528119, -0.3370393221569302, -0.3561141867895592}, {-0.029517078203688586, 0.3028872859980209, -1.4820293530520583, 1.7511226793229167}, {1.375, 1.875, 2.375, 2.875}}},
    {"instance_norm", [](const Inputs& x) -> Array { return instance_norm(x[0], x[1], x[2]); },
     {real({-1.75, -0.14, 1.48, -1.37, 1.06, 2, 0.88, 1.1, 0.54, 0.53, -0.33, 1.68}, {2, 2, 3}), real({-1.4, -0.75}, {2}), real({-1.06, 0.52}, {2})}, {0.6528656610329802, -1.0564610213615022, -2.7764046396714783, 1.5411861283410926, 0.2576608049606503, -0.238846933301743, -1.303072712171945, -2.6399726291176417, 0.7630453412895852, 0.6080466506683989, 1.3913582324769151, -0.43940488314531456},
     {{9.209559228628656e-05, -0.0001826082032441325, 9.05126109578373e-05, -0.0033973041971495418, 0.01218047965751556, -0.008783175460366, 0.46314920599133713, -0.28113980505139086, -0.1820094009399472, 0.07175410264430318, -0.041052701827857016, -0.030701400816446258}, {0.08114001471684149, 0.3141649550507278}, {2.5, 4}}},
    {"local_response_norm", [](const Inputs& x) -> Array { return local_response_norm(x[0], {.size = 3, .alpha = 0.5, .beta = 0.6, .k = 2}); },
     {real({-1, 1.05, -1.33, 0.28, 0.15, -0.03, -0.74, 1.74, 0.55, 1.67}, {1, 5, 2})}, {-0.5824811296297469, 0.6548065427793377, -0.7739926243455937, 0.17460792476995057, 0.08893458655690092, -0.017238790520376523, -0.46808282412755653, 0.905593716557315, 0.34826476299821685, 0.8691881285752975},
     {{0.03467755388564843, 0.10553003612415741, 0.14818538356224437, 0.24455127047956512, 0.3032977886050918, 0.3464057059551371, 0.44459179724882303, 0.23102988618213047, 0.5705887227829518, 0.34122081663389603}}},
    {"local_response_norm even", [](const Inputs& x) -> Array { return local_response_norm(x[0], {.size = 12, .alpha = 0.5}); },
     {real({-0.87, -1.29, -1.9, -0.52, 1.93, -1.64}, {1, 3, 2})}, {-0.6996520745114642, -1.1303144020023992, -1.527975794910094, -0.4556306116598819, 1.5521017285139376, -1.436988852158089},
     {{0.1508201841721971, 0.14892615250718116, 0.43876063758378264, 0.5264400491617879, 0.632924208497551, 0.6942302388073489}}},
    {"linear", [](const Inputs& x) -> Array { return linear(x[0], x[1], x[2]); },
     {real({-0.49, -0.61, 1.8, 1.07, 0.49, 1.69, 0.95, -1.24, -1.57, -0.92, 0.31, 0.94}, {2, 2, 3}), real({1.53, 0.13, 0.57, -1.14, -0.4, -1.55}, {2, 3}), real({0.89, -1.38}, {2})}, {1.087, -3.3674, 3.5541000000000005, -5.4153, 1.2874, 0.46650000000000036, 0.058499999999999774, -1.9122},
     {{-0.09374999999999997, -0.08375, -0.31625000000000003, 0.003750000000000031, -0.15125, -0.56125, 0.10125000000000012, -0.21875, -0.8062500000000001, 0.1987500000000002, -0.28625, -1.05125}, {0.12874999999999992, -0.39625, 0.7, 0.20499999999999996, -0.5275000000000001, 1.0574999999999999}, {2, 2.5}}},
    {"linear of a vector", [](const Inputs& x) -> Array { return linear(x[0], x[1]); },
     {real({-0.7, -0.14, 1.84}, {3}), real({0.1, -0.27, 0.95, 1.91, 1.74, -1.52}, {2, 3})}, {1.7158, -4.3774},
     {{1.96, 1.605, -1.045}, {-0.35, -0.07, 0.92, -0.7, -0.14, 1.84}}},
    {"linear_io", [](const Inputs& x) -> Array { return linear_io(x[0], x[1], x[2]); },
     {real({-1.44, -1.19, 1.44, 1.2, 1.51, -1.8}, {2, 3}), real({0.08, 1.42, -0.68, -0.69, 0.05, 0.8}, {3, 2}), real({1.96, 0.44}, {2})}, {2.726, 0.3683, 0.9391999999999998, -0.33790000000000014},
     {{0.73, -0.515, 0.41250000000000003, 1.48, -1.2, 0.8375}, {0.54, 0.48, 0.835, 0.915, -0.99, -1.08}, {1, 1.5}}},
    {"bilinear", [](const Inputs& x) -> Array { return bilinear(x[0], x[1], x[2], x[3]); },
     {real({0.72, 1.04, 0.51, -0.07, 0.01, -0.21}, {2, 3}), real({0.11, 1.21, -1.53, 1.11}, {2, 2}), real({1.91, 0.28, 1.62, -1.02, 0.96, -1.1, 1.3, -0.33, -0.64, -1.55, -1.36, 1.98}, {2, 3, 2}), real({-1.48, -1.18}, {2})}, {-2.8079859999999996, -2.2427099999999998, -0.7684449999999999, -1.921048},
     {{0.009075000000000027, -1.23695, 0.81675, -4.313925, -3.4494, 2.26125}, {0.6757999999999998, -0.77495, -0.051125000000000004, -0.2573}, {0.100125, 0.15952499999999997, 0.017125, 0.322925, 0.255, -0.020550000000000013, 0.1467, 0.3579, 0.0419, 0.6403, 0.34935, 0.07544999999999999}, {1, 1.5}}},
    {"embedding", [](const Inputs& x) -> Array { return embedding(x[0], x[1], 1); },
     {real({0.21, 0.97, -0.01, 1.41, -0.69, -1.63, -0.65, -1.72}, {4, 2}), whole({1, 0, 3, 1}, {2, 2})}, {-0.01, 1.41, 0.21, 0.97, -0.65, -1.72, -0.01, 1.41},
     {{0.375, 0.5, 0, 0, 0, 0, 0.625, 0.75}, {}}, true},
    {"embedding_bag", [](const Inputs& x) -> Array { return embedding_bag(x[0], x[1]); },
     {real({0.55, 1.1, -0.07, 1.47, -0.73, -1.79, 0.72, 1.42}, {4, 2}), whole({1, 0, 3, 1}, {2, 2})}, {0.24000000000000002, 1.2850000000000001, 0.32499999999999996, 1.4449999999999998},
     {{0.125, 0.25, 0.5, 0.75, 0, 0, 0.375, 0.5}, {}}},
    {"embedding_bag largest", [](const Inputs& x) -> Array { return embedding_bag(x[0], x[1], Bag::Max); },
     {real({-0.09, -0.69, -1.25, 1.95, -0.62, -1.92, -0.66, -1.76}, {4, 2}), whole({1, 0, 3, 1}, {2, 2})}, {-0.09, 1.95, -0.66, 1.95},
     {{0.25, 0, 0, 1.5, 0, 0, 0.75, 0}, {}}},
};
// clang-format on

TEST(Norm, HasTorchsValuesAndEveryDerivative) { expect_rows(kRows); }

TEST(Norm, OfBatchesHasEveryDerivative) {
  const auto output = [](const Inputs& x) { return batch_norm(x[0], x[1], {}, {}, {}, {.eps = 1e-3}).output; };
  expect_derivatives(output, {kRows[0].inputs[0], kRows[0].inputs[1]});
}

TEST(Norm, KeepsDigitsFarFromZero) {
  // Squares of 1e6 + 1 need more than the 24 bits of f32; centred values do not.
  const Array x = floats({1e6 - 1, 1e6, 1e6 + 1}, Shape{1, 3}, DType::F32);
  const std::int64_t sizes[] = {3};
  expect_near(numbers(layer_norm(x, sizes, {}, {}, 0)), {-std::sqrt(1.5), 0, std::sqrt(1.5)}, 1e-6, "", 1e-6);
}

TEST(Norm, GivesNoGradientToRunningStatistics) {
  const Array x = autodiff::require_grad(first_tape(), floats({1, 2, 3, 4}, Shape{4, 1}));
  const BatchNormResult r = batch_norm(x, {}, {}, floats({0}), floats({1}));
  EXPECT_TRUE(autodiff::is_tracked(first_tape(), r.output));
  EXPECT_FALSE(autodiff::is_tracked(first_tape(), r.running_mean));
  EXPECT_FALSE(autodiff::is_tracked(first_tape(), r.running_var));
  expect_near(numbers(r.running_mean), {0.25}, 1e-15);
  expect_near(numbers(r.running_var), {0.9 + 0.1 * 5.0 / 3}, 1e-15);
}

// An infinite channel spoils its window, not the others.
TEST(Norm, OfLocalResponsesLooksNoFurtherThanItsWindow) {
  const Array y = local_response_norm(floats({1, 1, 1, kInf}, Shape{1, 4, 1}), {.size = 3, .alpha = 3});
  EXPECT_TRUE(std::isfinite(numbers(y)[0]));
  EXPECT_TRUE(std::isfinite(numbers(y)[1]));
  EXPECT_EQ(numbers(y)[2], 0);
}

TEST(Norm, OfAnEmptyBatch) {
  const Array x = floats({}, Shape{0, 4, 2});
  EXPECT_EQ(group_norm(x, 2).shape(), x.shape());
  EXPECT_EQ(instance_norm(x).shape(), x.shape());
  EXPECT_EQ(batch_norm(x, {}, {}, {}, {}).output.shape(), x.shape());
  EXPECT_EQ(local_response_norm(x).shape(), x.shape());
  EXPECT_EQ(rms_norm(x).shape(), x.shape());
  EXPECT_EQ(linear(x, floats({1, 2}, Shape{1, 2})).shape(), (Shape{0, 4, 1}));
  EXPECT_EQ(embedding(floats({1, 2}, Shape{2, 1}), ints({}, Shape{0, 3})).shape(), (Shape{0, 3, 1}));
}

TEST(Norm, TellsWhatIsWrong) {
  const Array x = floats({1, 2, 3, 4}, Shape{2, 2}), v = floats({1, 2}), three = floats({1, 2, 3});
  const std::int64_t sizes[] = {3};
  EXPECT_EQ(message_of<ShapeError>([&] { layer_norm(x, sizes); }),
            "layer_norm: [2, 2] does not end with the sizes to normalise over, [3]");
  EXPECT_THROW(layer_norm(x, x.shape().dims(), v), ShapeError);
  EXPECT_THROW(layer_norm(x, x.shape().dims(), {}, {}, -1), ValueError);
  EXPECT_THROW(layer_norm(v, x.shape().dims()), ShapeError);
  EXPECT_THROW(batch_norm(v, {}, {}, {}, {}), ShapeError);
  EXPECT_THROW(batch_norm(x, three, {}, {}, {}), ShapeError);
  EXPECT_THROW(batch_norm(floats({1, 2}, Shape{1, 2}), {}, {}, {}, {}), ValueError);
  EXPECT_THROW(batch_norm(x, {}, {}, {}, {}, {.training = false}), ValueError);
  EXPECT_THROW(batch_norm(x, {}, {}, v, {}), ValueError);
  EXPECT_THROW(batch_norm(x, {}, {}, v, v, {.momentum = -1}), ValueError);
  EXPECT_THROW(group_norm(x, 0), ShapeError);
  EXPECT_THROW(group_norm(x, 3), ShapeError);
  EXPECT_THROW(group_norm(x, 2, cast(v, DType::F32)), DTypeError);
  EXPECT_THROW(instance_norm(v), ShapeError);
  EXPECT_THROW(instance_norm(x, three), ShapeError);
  EXPECT_THROW(rms_norm(x, three), ShapeError);
  EXPECT_THROW(rms_norm(floats({1}, Shape{})), ShapeError);
  EXPECT_THROW(rms_norm(x, {}, kNan), ValueError);
  EXPECT_THROW(local_response_norm(x, {.size = 0}), ValueError);
  EXPECT_THROW(local_response_norm(v), ShapeError);
  EXPECT_EQ(message_of<ShapeError>([&] {
              linear(x, floats({1, 2, 3}, Shape{1, 3}));
            }),
            "linear: the input has shape [2, 2], the weight [1, 3]; the input's last dim must have size 3");
  EXPECT_THROW(linear(x, v), ShapeError);
  EXPECT_THROW(linear(x, x, three), ShapeError);
  EXPECT_THROW(linear_io(x, Array()), ValueError);
  EXPECT_THROW(bilinear(x, x, x), ShapeError);
  EXPECT_THROW(bilinear(x, v, floats(Numbers(8), Shape{2, 2, 2})), ShapeError);
  EXPECT_THROW(bilinear(x, x, floats(Numbers(8), Shape{2, 2, 2}), three), ShapeError);
  EXPECT_THROW(embedding(x, ints({2})), IndexError);
  EXPECT_THROW(embedding(v, ints({0})), ShapeError);
  EXPECT_THROW(embedding(x, v), DTypeError);
  EXPECT_EQ(message_of<IndexError>([&] { embedding(x, ints({0}), -3); }),
            "embedding: padding_idx -3 is outside the 2 rows of the weight");
  EXPECT_THROW(embedding_bag(x, ints({0})), ShapeError);
  EXPECT_THROW(embedding_bag(x, ints({}, Shape{2, 0}), Bag::Max), ValueError);
}

}  // namespace
}  // namespace fornax::test
