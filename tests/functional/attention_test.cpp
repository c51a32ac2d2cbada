// Attention, rotary and linear positions.
// Values and gradients are torch 1.13's, in float64: its function, or what the reference of the conformance cases composes.

#include <fornax/cpu/memory.hpp>
#include <fornax/functional/functional.hpp>
#include <support/derivatives.hpp>

namespace fornax::test {
namespace {

using namespace functional;

// clang-format off
const Row kRows[] = {
    {"attention", [](const Inputs& x) -> Array { return scaled_dot_product_attention(x[0], x[1], x[2]); },
     {real({-0.04, 1.96, 1.1, 1.32, 1.3, 0.24, -1.73, 1.02, 0.51, -1.42, 1.21, 0.07}, {1, 2, 3, 2}), real({-1.3, -0.81, 1.6, 0.24, -1.9, 1.18, -1.81, -1.54, 1.24, 1.7, -1.36, -1.63, -0.39, 0.3, 0.56, 1.67}, {1, 2, 4, 2}), real({-0.53, -1.91, 0.96, 0.25, 0.01, 1.59, -0.8, -1.09, 0.84, -0.44, 0.82, -0.33, -0.51, 1.48, 0.98, 1.78, -1.95, -1.44, -0.52, -0.35, -0.49, 1.67, 0.11, -1.64}, {1, 2, 4, 3})}, {-0.5870210665311043, -0.8920455995427568, 0.9640645115750588, 0.0799866241184924, -0.18699294842755443, 1.4504201578816678, 0.14719223215746235, -0.1107731583530561, 1.4724698422305365, 0.7073683792661564, -0.4267555996691487, -0.8831335305483944, 1.2794008641806485, -1.3750978819183501, -1.149058634723701, 0.24712946929557156, 0.6813320815008637, -0.09600557334869592},
     {{0.11264886662054456, -0.02298664157311007, 0.27316591337041907, -0.031649878491178944, 0.3017441597824516, 0.044852630134390795, 0.4432459937251022, 0.5669307375297008, 0.40675074211517986, 0.556880769205356, 0.6283906532183823, 0.5378010999405951}, {-0.08155130722262346, -0.04221322971121251, 0.21119471681489257, 0.19424642195547187, -0.10734600116200664, -0.14375367619520324, -0.022297408430262455, -0.008279516049056034, 0.3293443590261852, 0.005556788334347605, 0.0429078063018828, 0.09801007900352038, -0.06253560388459636, -0.10832941172709314, -0.3097165614434716, 0.004762544389225139}, {0.029718287030101424, 0.036967105763417274, 0.04421592449673312, 0.5357367116981862, 0.6407392447379103, 0.7457417777776347, 0.08679556778666753, 0.13806571967872822, 0.18933587157078888, 0.014416100151711596, 0.01756126315327745, 0.020706426154843305, 0.5887405163625159, 0.6287949096233219, 0.6688493028841278, 0.7209576903469933, 0.7792384958413331, 0.8375193013356729, 0.4006938566484724, 0.43417338203107997, 0.4676529074136876, 0.456274603308685, 0.4911265458375984, 0.5259784883665117}}},
    {"attention causal", [](const Inputs& x) -> Array { return scaled_dot_product_attention(x[0], x[1], x[2], {}, {.causal = true, .scale = 0.4, .softcap = 1.5}); },
     {real({-0.04, 1.96, 1.1, 1.32, 1.3, 0.24, -1.73, 1.02, 0.51, -1.42, 1.21, 0.07}, {1, 2, 3, 2}), real({-1.3, -0.81, 1.6, 0.24, -1.9, 1.18, -1.81, -1.54, 1.24, 1.7, -1.36, -1.63, -0.39, 0.3, 0.56, 1.67}, {1, 2, 4, 2}), real({-0.53, -1.91, 0.96, 0.25, 0.01, 1.59, -0.8, -1.09, 0.84, -0.44, 0.82, -0.33, -0.51, 1.48, 0.98, 1.78, -1.95, -1.44, -0.52, -0.35, -0.49, 1.67, 0.11, -1.64}, {1, 2, 4, 3})}, {-0.53, -1.91, 0.96, 0.12210780676207225, -0.3048115525856683, 1.4867024593078277, -0.027764323277744127, -0.45720878239352014, 1.379955594696391, -0.51, 1.48, 0.98, 1.279576261853584, -1.2004570210296037, -0.9111679273736563, -0.14086938121907566, 0.4445891408730664, 0.2026984891721252},
     {{0, 0, 0.10320296205471452, 0.03589839573834411, 0.27418624922410817, 0.020820897250898966, 0, 0, 0.4413316285180724, 0.5645537359544173, 0.5687383136596764, 0.5994615283268978}, {-0.10503527760420045, -0.05647288611749694, 0.15283319380629393, 0.07013003673028993, -0.04678232172420825, -0.00863673631831537, 0, 0, 0.4169881231015939, -0.21724072334758704, -0.2276216086139452, 0.23714111310273547, -0.22210725567047046, -0.012849180080109863, 0, 0}, {0.15412982786253446, 0.22767133542158785, 0.3012128429806412, 0.45582063495725733, 0.5408434792296027, 0.6258663235019482, 0.056716203846874924, 0.06481851868214276, 0.07292083351741062, 0, 0, 0, 1.2254982977342523, 1.3252015835285347, 1.424904869322817, 0.7086954495410438, 0.7611292729514675, 0.8135630963618912, 0.23247291939137035, 0.247002476853331, 0.26153203431529165, 0, 0, 0}}},
    {"attention added", [](const Inputs& x) -> Array { return scaled_dot_product_attention(x[0], x[1], x[2], x[3]); },
     {real({-0.04, 1.96, 1.1, 1.32, 1.3, 0.24, -1.73, 1.02, 0.51, -1.42, 1.21, 0.07}, {1, 2, 3, 2}), real({-1.3, -0.81, 1.6, 0.24, -1.9, 1.18, -1.81, -1.54, 1.24, 1.7, -1.36, -1.63, -0.39, 0.3, 0.56, 1.67}, {1, 2, 4, 2}), real({-0.53, -1.91, 0.96, 0.25, 0.01, 1.59, -0.8, -1.09, 0.84, -0.44, 0.82, -0.33, -0.51, 1.48, 0.98, 1.78, -1.95, -1.44, -0.52, -0.35, -0.49, 1.67, 0.11, -1.64}, {1, 2, 4, 3}), real({-0.27, -0.05, -0.55, -1.3, -0.09, 0.12, -1.69, -1.82, 0.79, 1.64, -0.71, -0.06}, {3, 4})}, {-0.4982888689996032, -0.8235017193425135, 1.0411567406038886, 0.19965416492858373, -0.0731425148713396, 1.5492565574222144, 0.2227969257277684, -0.03629371244560231, 1.5607166395271905, 0.7051489297454511, -0.6779563905239341, -0.8007606984938288, 1.5602639368661706, -1.6583734628955993, -1.2550696599869577, 0.16171535652080257, 0.7110426401044172, 0.16923035511021922},
     {{0.14798853586958507, -0.029477201851720584, 0.10063785963358166, 0.008575459168835509, 0.09464949435180021, 0.02778414195870052, 0.5330902170005314, 0.67514147808709, 0.3554053767792048, 0.4637240710840704, 0.8721083221420411, 0.9814780732226851}, {-0.051611513066743026, -0.040584572765773486, 0.074070006112857, 0.1343301071443196, -0.017439973763259002, -0.09164278237290281, -0.0050185192828549625, -0.0021027520056433224, 0.258294290949189, 0.048303694618684404, -0.09119170327438902, -0.0007329399717046839, 0.03838573851992695, -0.06933706502909007, -0.20548832619472707, 0.021766310382110625}, {0.019086570132937027, 0.02514995683016097, 0.03121334352738492, 0.6004030091474916, 0.721534661463662, 0.8426663137798325, 0.044163404195582776, 0.0828162149456731, 0.12146902569576341, 0.003013683190655313, 0.003832500093837248, 0.004651316997019183, 0.7229697811096429, 0.7720225787781227, 0.8210753764466024, 1.0039451231040868, 1.0846662561115574, 1.1653873891190283, 0.22389931384972425, 0.24464684910368734, 0.2653943843576504, 0.21585244860321262, 0.23199764933996586, 0.24814285007671913}, {0.2724610826764104, -0.19064781098551628, -0.1377242116262414, 0.05591093993534729, 0.15763552559231472, -0.15378747356013686, -0.01351207745863229, 0.0096640254264542, 0.590422452486982, -0.338406328310549, -0.0830870928016606, -0.16892903137477247}}},
    {"attention grouped", [](const Inputs& x) -> Array { return scaled_dot_product_attention(x[0], x[1], x[2]); },
     {real({-1.17, -1.57, -1.06, 1.83, 1.67, 1.49, -1.65, -0.28, 1.76, -1.65, 1.81, 1.53, -1.93, -0.84, -0.46, 1.01}, {1, 4, 2, 2}), real({1.1, 0.21, 1.55, -1.53, 0.18, -1.61, -0.11, 1.75, 0.8, 1.24, -0.26, 0.86}, {1, 2, 3, 2}), real({-0.73, 1.83, -1.05, -1.87, -1.41, 1.96, -0.73, -1.42, -0.74, 0.62, -0.96, -0.54}, {1, 2, 3, 2})}, {-1.3007757690857409, 1.1223648103881398, -0.8507221142239184, 1.629628769287951, -0.8213811201485888, 1.0733122568852718, -1.2473667434177773, 1.4081129018783467, -0.7963634889005505, 0.08951828706973744, -0.7587677286984174, -0.14101995157783512, -0.8690060773169954, -0.6627747271718465, -0.7941963535435884, -0.6753649922971414},
     {{-0.07170185052210516, 0.0028916671788450504, -0.015078498905259134, 0.07097030888927265, -0.08059442962417855, 0.29043499997321526, -0.16109260166366626, 0.08117872828493106, 0.16007074073439354, -0.0023447469605367144, 0.22394086907351463, -0.09546005900988064, 0.08678170164818567, -0.06246619669092189, 0.21651122202109002, -0.11763182437349488}, {0.1466223769414048, 0.30276671679669054, 0.07021305287373467, -0.1960196341635576, -0.21683542981513942, -0.10674708263313297, -0.18272042638198321, -0.3455144918697908, 0.42205820222848284, 0.2604902699132279, -0.23933777584649968, 0.08502422195656283}, {0.4601857661428278, 0.5701347792631143, 0.14961179651756099, 0.188415440679932, 0.3902024373396112, 0.49144978005695367, 0.9664317751954885, 1.041319654249284, 1.0794858929597415, 1.1778037783638555, 0.9540823318447699, 1.0308765673868605}}},
    {"multi_head_attention", [](const Inputs& x) -> Array { return multi_head_attention(x[0], x[0], x[0], {x[1], x[2], x[3], {}, x[4], {}, x[5], x[6]}, 2); },
     {real({1.32, -1.66, -0.21, -0.63, 1.04, 0.8, 1.73, 0, 1.8, -0.49, -1.7, -0.52}, {1, 3, 4}), real({0.64, 1.08, 1.93, 1.56, 0.68, -1.56, -0.32, -1.73, 0.51, 0.87, -0.43, 1.57, -0.75, -1.02, -0.76, -0.29}, {4, 4}), real({-1.67, -1.07, 0.67, 1.47}, {4}), real({1.08, 0.05, -0.42, -0.04, 1.49, 0.74, -1.7, 0.85, -1.76, -0.46, 1.95, 0.47, 1.03, -1.29, 0.98, 1.55}, {4, 4}), real({0.37, -1.58, -0.08, 1.49, -0.22, -0.83, -1.06, 0.19, 0.72, 1.71, 0.73, 1.42, 1.2, 1.53, -0.9, 0.92}, {4, 4}), real({-1.56, 1.11, 1.83, 1.33, -0.21, -0.99, -0.25, -1.27, 1.1, -1.66, 1.61, -1.32, 1.84, -0.66, 0.78, 0.44}, {4, 4}), real({0.03, -0.5, -0.79, 1.98}, {4})}, {-4.289760512696597, -1.283347387570049, -6.204511763620978, 0.2540200429672854, 5.121617265587235, -2.019738078939997, 4.812272518814418, 6.548041002238476, 5.370887538821501, -2.691711046870555, 1.6968371576173018, 4.555809499660713},
     {{1.093718540468705, 7.197026230005342, -6.392848334631928, -2.7616972890635285, 0.6554749976574817, 3.461629586023686, 11.470095988540233, 16.8134117211973, 2.6592392399520235, 9.530602096681346, 0.12235921539968109, 15.705419600134782}, {-3.734082181151287, 0.5718806674494281, 2.4045901635761457, 0.9551753445177732, -9.072271506553635, 1.7973025001871006, 6.859222893508546, 2.4337072834795057, 12.745869391657088, -2.221277949188724, -7.650140624047323, -3.302896458306766, -1.841318006087052, 0.4910014412537965, 1.6951790787149181, 0.5286191986034702}, {-2.2493755088317284, -5.3068242656410165, 7.795008536906629, -1.030225667392042}, {2.877114731276547, -2.1343696303884716, -12.048075671633681, -1.3612741865459748, -1.241705648286946, 0.3722517330779511, 5.012668227601926, 0.46624898063340864, -0.6532163864471107, 5.312831234940343, 4.380645154866229, 1.3756038264118928, -0.8803458373662237, 8.12463933270034, 6.232493523564012, 2.0669657642449586}, {5.067195384378321, -1.3981367248143342, -1.8791572009525155, -1.3919264144262946, -6.515280221788585, 1.7600315287167423, 2.247917812330957, 1.7773284465876382, 7.01948155523452, 1.9705512860751384, 7.958133806957502, -0.824056256295855, -1.8939077944117846, -0.3857477675207332, -1.9609851240472256, 0.25813333993316706}, {0.7489547984131731, 0.481527740931328, 2.9410143341827633, 0.7661731330243678, 0.9199272913378385, 0.6426094525707, 3.2022422640115082, 0.8558457909934276, 1.0908997842625037, 0.8036911642100719, 3.4634701938402537, 0.9455184489624873, 1.2618722771871689, 0.964772875849444, 3.7246981236689987, 1.035191106931547}, {1.25, 1.5, 1.75, 2}}},
    {"rope", [](const Inputs& x) -> Array { return rope(x[0], {.theta = 100, .offset = 3}); },
     {real({-0.09, 1.34, 0.98, 1.63, 1.78, -0.32, 1.96, 1.88}, {1, 2, 1, 4})}, {-0.10000148610618201, -1.339290746169985, 0.4545318224851103, 1.8468082798028504, -1.4056624436357663, -1.1379424829717564, 1.0731730647053919, 2.494854619650379},
     {{-0.08846906006008887, -0.2651381251575948, 0.5060112867527721, 0.3668481670648006, -0.9761291345207035, -0.01723115608025383, 1.195346712061175, 0.5803199444828159}}},
};
// clang-format on

TEST(Attention, HasTorchsValuesAndEveryDerivative) { expect_rows(kRows); }

TEST(Attention, AttendsWhereTheMaskIsTrue) {
  const Array q = floats({1, 2, 3, 4}, Shape{2, 2}), v = floats({1, 2, 3, 4}, Shape{2, 2});
  const Array one = ints({1, 0, 0, 1}, Shape{2, 2}, DType::Bool);
  EXPECT_EQ(numbers(scaled_dot_product_attention(q, q, v, one)), (Numbers{1, 2, 3, 4}));
  const Array none = ints({0, 0, 1, 1}, Shape{2, 2}, DType::Bool);
  const Numbers y = numbers(scaled_dot_product_attention(q, q, v, none));
  EXPECT_TRUE(std::isnan(y[0]) && std::isnan(y[1]));
  EXPECT_FALSE(std::isnan(y[2]) || std::isnan(y[3]));
  // Added -inf is the same as false.
  const Array added = floats({0, -kInf, -kInf, 0}, Shape{2, 2});
  EXPECT_EQ(numbers(scaled_dot_product_attention(q, q, v, added)), (Numbers{1, 2, 3, 4}));
}

TEST(Attention, StaysFiniteForExtremeScores) {
  const Array q = floats({1e4, 0, 0, -1e4}, Shape{2, 2}), v = floats({1, 2, 3, 4}, Shape{2, 2});
  EXPECT_EQ(numbers(scaled_dot_product_attention(q, q, v)), (Numbers{1, 2, 3, 4}));
  const auto f = [&](const Inputs& x) { return scaled_dot_product_attention(x[0], x[1], x[2]); };
  for (const Array& g : gradients_of(first_tape(), f, {q, q, v}))
    for (const double d : numbers(g)) EXPECT_TRUE(std::isfinite(d));
}

TEST(Attention, LosesWeightsWithTheGivenGenerator) {
  const Array q = floats(Numbers(64, 1), Shape{32, 2});
  Generator a(1), b(1);
  const Attention options{.dropout = 0.5, .generator = &a}, same{.dropout = 0.5, .generator = &b};
  const Array y = scaled_dot_product_attention(q, q, q, {}, options);
  EXPECT_EQ(y.to_data(), scaled_dot_product_attention(q, q, q, {}, same).to_data());
  EXPECT_NE(y.to_data(), scaled_dot_product_attention(q, q, q, {}, same).to_data());
  EXPECT_NE(y.to_data(), scaled_dot_product_attention(q, q, q).to_data());
}

// Nor for the gradient, which draws what was lost again.
TEST(Attention, HoldsNoMatrixOfScores) {
  constexpr std::int64_t length = 700, width = 16;
  const auto some = [&](double low) {
    return random(Cpu::interpreter(), {Shape{2, length, width}, DType::F32}, Distribution::uniform(low, 1), {});
  };
  const Array hides = greater(random(Cpu::interpreter(), {Shape{1, length}, DType::F32}, {}, {}), 0.2);
  Generator generator(3);
  const auto f = [&](const Inputs& x) {
    return scaled_dot_product_attention(x[0], x[1], x[2], hides,
                                        {.causal = true, .softcap = 20, .dropout = 0.1, .generator = &generator});
  };
  const Inputs x{some(-1), some(0), some(-1)};
  reset_peak_memory();
  const std::uint64_t before = memory_stats().live;
  const Inputs g = gradients_of(first_tape(), f, x);
  for (const Array& a : g)
    for (const double d : numbers(narrow(a, 1, length / 2, 3))) EXPECT_TRUE(std::isfinite(d));
  EXPECT_LT(memory_stats().peak - before, std::uint64_t{length * length * 4});
}

TEST(Attention, BroadcastsHeadsAndMasksAsViews) {
  Random random(5);
  const Array q = upload(test::weights(Shape{2, 4, 3, 2}, DType::F64, random));
  const Array k = upload(test::weights(Shape{2, 5, 2}, DType::F64, random));  // two heads, for all samples
  const Array mask = upload(test::weights(Shape{4, 1, 5}, DType::F64, random));
  const auto f = [](const Inputs& x) { return scaled_dot_product_attention(x[0], x[1], x[1], x[2]); };
  const Array all = reshape(broadcast_to(reshape(k, Shape{1, 2, 1, 5, 2}), Shape{2, 2, 2, 5, 2}), Shape{2, 4, 5, 2});
  const Array added = matmul(q * (1 / std::sqrt(2.0)), all, false, true) + mask;
  expect_near(numbers(f({q, k, mask})), numbers(matmul(fornax::softmax(added, -1), all)), 1e-14, {}, 1e-14);
  expect_derivatives(f, {q.to_data(), k.to_data(), mask.to_data()});
}

// Rows are read and written where they lie, those of 16 bits too.
TEST(Attention, TakesHeadsThatLieBesideEachOther) {
  for (const DType dtype : {DType::F32, DType::BF16, DType::F16}) {
    const auto noise = [&](std::uint64_t seed) {  // [B, L, H, E], seen as [B, H, L, E]
      const Shape shape{2, 70, 3, 16};
      return swap_dims(random(Cpu::interpreter(), {shape, dtype}, {}, Generator(seed).draw(shape.numel())), 1, 2);
    };
    const auto f = [](const Inputs& x) { return scaled_dot_product_attention(x[0], x[1], x[2], {}, {.causal = true}); };
    const Inputs x{noise(1), noise(2), noise(3)},
        packed{upload(x[0].to_data()), upload(x[1].to_data()), upload(x[2].to_data())};
    EXPECT_EQ(f(x).to_data(), f(packed).to_data());
    const Inputs g = gradients_of(first_tape(), f, x), same = gradients_of(first_tape(), f, packed);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(g[i].to_data(), same[i].to_data());
  }
}

// Scores near 40: their logarithm's sum in 16 bits would be wrong by up to 0.1, and so would every probability of the row.
TEST(Attention, KeepsGradientsOfSixteenBitsExactForLargeScores) {
  const auto noise = [](std::uint64_t seed) {
    const Shape shape{2, 40, 16};
    return cast(random(Cpu::interpreter(), {shape, DType::F32}, {}, Generator(seed).draw(shape.numel())), DType::BF16);
  };
  const auto f = [](const Inputs& x) { return scaled_dot_product_attention(x[0], x[1], x[2], {}, {.scale = 10.0}); };
  const Inputs x{noise(1), noise(2), noise(3)};
  Inputs wide;
  for (const Array& a : x) wide.push_back(cast(a, DType::F32));
  const Inputs g = gradients_of(first_tape(), f, x), exact = gradients_of(first_tape(), f, wide);
  const TensorData of_v = exact[2].to_data();
  g[2].to_data().convert(DType::F32).assert_approx_eq(of_v, 0.01, 0.01);
}

TEST(Attention, OfNothing) {
  const Array q = floats({}, Shape{0, 2, 2}), one = floats({1, 2}, Shape{1, 2});
  EXPECT_EQ(scaled_dot_product_attention(q, q, q).shape(), (Shape{0, 2, 2}));
  EXPECT_EQ(scaled_dot_product_attention(floats({}, Shape{0, 2}), one, one).shape(), (Shape{0, 2}));
  EXPECT_EQ(rope(floats({}, Shape{0, 2, 1, 4})).shape(), (Shape{0, 2, 1, 4}));
}

// A pair at position p is turned by p theta^(-2i/D) radians: its length stays, and products see only differences.
TEST(Rope, TurnsPairsByTheirPosition) {
  const Array x = floats({1, 0, 1, 0, 1, 0, 1, 0}, Shape{1, 2, 1, 4});
  expect_near(
      numbers(rope(x, {.theta = 100, .offset = 5})),
      {std::cos(5), std::sin(5), std::cos(0.5), std::sin(0.5), std::cos(6), std::sin(6), std::cos(0.6), std::sin(0.6)},
      1e-14);
  // Far out f32 angles would be off by a hundredth.
  const Array far = rope(cast(x, DType::F32), {.offset = 1000003});
  expect_near({numbers(far)[0]}, {std::cos(1000003)}, 1e-6);
}

TEST(Alibi, GrowsWithDistance) {
  const Array bias = alibi_bias(floats({0}), 2, 2, 3);
  EXPECT_EQ(bias.shape(), (Shape{2, 2, 3}));
  EXPECT_EQ(numbers(bias * 16.0), (Numbers{-1, 0, 1, -2, -1, 0, -0.0625, 0, 0.0625, -0.125, -0.0625, 0}));
}

TEST(Attention, TellsWhatIsWrong) {
  const Array q = floats({1, 2, 3, 4}, Shape{2, 2}), v = floats({1, 2}), wide = floats(Numbers(6), Shape{2, 3});
  EXPECT_EQ(message_of<ShapeError>([&] { scaled_dot_product_attention(q, wide, q); }),
            "scaled_dot_product_attention: q, k and v have shapes [2, 2], [2, 3] and [2, 2]; needs [..., L, E], "
            "[..., S, E] and [..., S, V]");
  EXPECT_THROW(scaled_dot_product_attention(q, q, v), ShapeError);
  EXPECT_THROW(scaled_dot_product_attention(q, q, q, floats({1, 2, 3})), ShapeError);
  EXPECT_THROW(scaled_dot_product_attention(q, q, q, ints({1, 0})), DTypeError);
  EXPECT_THROW(scaled_dot_product_attention(q, q, q, floats(Numbers(8), Shape{2, 2, 2})), ShapeError);
  EXPECT_THROW(scaled_dot_product_attention(q, q, q, {}, {.dropout = 2}), ValueError);
  EXPECT_THROW(scaled_dot_product_attention(q, q, q, {}, {.softcap = -1}), ValueError);
  const Array three = floats(Numbers(12), Shape{3, 2, 2}), two = floats(Numbers(8), Shape{2, 2, 2});
  EXPECT_THROW(scaled_dot_product_attention(three, two, two), ShapeError);
  const MultiHeadWeights w{q, {}, q, {}, q, {}, q, {}};
  EXPECT_THROW(multi_head_attention(two, two, two, w, 3), ShapeError);
  EXPECT_THROW(multi_head_attention(two, q, two, w, 1), ShapeError);
  EXPECT_THROW(multi_head_attention(two, two, two, {}, 1), ValueError);
  EXPECT_THROW(rope(q), ShapeError);
  EXPECT_THROW(rope(floats(Numbers(3), Shape{1, 1, 1, 3})), ShapeError);
  EXPECT_THROW(rope(floats(Numbers(4), Shape{1, 1, 1, 4}), {.theta = 0}), ValueError);
  EXPECT_THROW(alibi_bias(q, 0, 1, 1), ValueError);
  EXPECT_THROW(alibi_bias(q, 1, -1, 1), ValueError);
  EXPECT_THROW(alibi_bias(q, std::int64_t{1} << 40, std::int64_t{1} << 40, 2), ShapeError);
}

}  // namespace
}  // namespace fornax::test
