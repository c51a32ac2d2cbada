// Losses with a margin, and distances.
// Values and gradients are torch 1.13's, in float64: its function, or what the reference of the conformance cases composes.

#include <fornax/functional/functional.hpp>
#include <support/derivatives.hpp>

namespace fornax::test {
namespace {

using namespace functional;

// clang-format off
const Row kRows[] = {
    {"cosine_embedding", [](const Inputs& x) -> Array { return cosine_embedding_loss(x[0], x[1], x[2], -0.9); },
     {real({-0.21, 0.87, -0.36, 1.33, 0.57, 1.29, 0.54, -1.28, 1.12, -0.02, -0.13, -0.53}, {3, 4}), real({-1.62, 1.13, 0.39, 0.61, 0.09, -1.69, -1.7, -0.51, -1.36, 1.38, 1.35, -1.1}, {3, 4}), whole({1, -1, -1}, {3})}, {0.45923829569194125},
     {{0.14127133560594712, -0.0469955952532795, -0.06325891399423338, 0.035924766398200546, 0.03008617292412986, -0.061929032580930264, -0.09407200237762695, -0.08870173027072079, -0.054965271028352775, 0.14019914111793322, 0.1288004481858439, -0.15303612195886396}, {-0.050148410768962745, -0.034795853583368765, 0.05166662528199102, -0.10175589304349661, 0.04159541742683296, 0.04238284657677864, -0.009384832125983858, -0.10182197751400204, 0.09148454709878269, 0.021819895319998568, 0.010005057464046107, -0.07345518266933355}, {}}},
    {"hinge_embedding", [](const Inputs& x) -> Array { return hinge_embedding_loss(x[0], x[1], 0.8); },
     {real({-0.21, 0.57, 1.12}, {3}), whole({1, -1, -1}, {3})}, {0.0066666666666667},
     {{0.3333333333333333, -0.3333333333333333, 0}, {}}},
    {"margin_ranking", [](const Inputs& x) -> Array { return margin_ranking_loss(x[0], x[1], x[2], 0.3); },
     {real({0.87, 1.29, -0.02}, {3}), real({1.13, -1.69, 1.38}, {3}), real({1, -1, -1}, {3})}, {1.28},
     {{-0.3333333333333333, 0.3333333333333333, 0}, {0.3333333333333333, -0.3333333333333333, -0}, {}}},
    {"soft_margin", [](const Inputs& x) -> Array { return soft_margin_loss(x[0], x[1]); },
     {real({-0.36, 0.54, -0.13}, {3}), real({1, -1, -1}, {3})}, {0.8395604599942895},
     {{-0.19634681135288837, 0.2106041392453672, 0.1558485645375604}, {}}},
    {"multi_margin", [](const Inputs& x) -> Array { return multi_margin_loss(x[0], x[1], x[2], {.p = 2, .margin = 0.7}); },
     {real({1.71, -0.29, 0.89, 1.77, 0, 0.96, -0.43, -0.01, -0.77, -0.64, -1.64, -0.31}, {4, 3}), whole({2, 0, 1, 2}, {4}), real({0.5, 1.5, 2}, {3})}, {0.4176833333333333},
     {{0.5066666666666666, 0, -0.5066666666666666, 0, 0, 0, 0.06999999999999999, -0.06999999999999999, 0, 0.12333333333333332, 0, -0.12333333333333332}, {}, {}}},
    {"multilabel_margin", [](const Inputs& x) -> Array { return multilabel_margin_loss(x[0], x[1], Reduction::None); },
     {real({-0.21, 0.87, -0.36, 1.33, 0.57, 1.29, 0.54, -1.28, 1.12, -0.02, -0.13, -0.53}, {3, 4}), whole({3, 0, -1, 1, -1, 2, 1, 0, 2, 1, 0, 3}, {3, 4})}, {0.8675, 0, 0},
     {{-0.16666666666666666, 0.16666666666666666, 0.08333333333333333, -0.08333333333333333, 0, 0, 0, 0, 0, 0, 0, 0}, {}}},
    {"multilabel_soft_margin", [](const Inputs& x) -> Array { return multilabel_soft_margin_loss(x[0], x[1], x[2], Reduction::None); },
     {real({1.71, -0.29, 0.89, 1.77, 0, 0.96, -0.43, -0.01, -0.77, -0.64, -1.64, -0.31}, {4, 3}), real({1, 0, 0, 1, 0, 0, 1, 1, 0, 1, 0, 1}, {4, 3}), real({0.5, 1.5, 2}, {3})}, {1.1297226188832956, 1.2289067087685634, 0.7579258403783111, 0.8393034925786288},
     {{-0.006381821490211924, 0.05350048338356018, 0.11814836209435331, -0.012128527411413771, 0.125, 0.24104060170812994, -0.07573420855397008, -0.1884374921875781, 0.15823955313184218, -0.10912557676771986, 0.08123253129034803, -0.38459017408803087}, {}, {}}},
    {"triplet", [](const Inputs& x) -> Array { return triplet_margin_loss(x[0], x[1], x[2], {.swap = true}); },
     {real({-0.21, 0.87, -0.36, 1.33, 0.57, 1.29, 0.54, -1.28, 1.12, -0.02, -0.13, -0.53}, {3, 4}), real({-1.62, 1.13, 0.39, 0.61, 0.09, -1.69, -1.7, -0.51, -1.36, 1.38, 1.35, -1.1}, {3, 4}), real({-0.69, 0.69, -1.74, -0.45, -0.14, -1.85, -0.5, 0.06, -0.75, -0.57, 0.23, -1.82}, {3, 4})}, {1.9450013312500303},
     {{0.1961127447444319, -0.07491049330214994, -0.3403028991652661, -0.12135288966253574, 0.04170111434572554, 0.25889396574460566, 0.19460488173053717, -0.06689531135371451, -0.009967319027196109, -0.22068231811334527, -0.10060231442300738, -0.1235327251212584}, {-0.2653801540216281, 0.04893512463145009, 0.14115936806858081, -0.13551336224281138, -0.09816867188551166, -0.29817581962316847, 0.10000693552323911, 0.2068357956564808, -0.25360150072245874, 0.1431619775193403, 0.15134266779236707, -0.05828752045394425}, {0.06926740927719621, 0.02597536867069985, 0.19914353109668528, 0.2568662519053471, 0.05646755753978612, 0.03928185387856282, -0.2946118172537763, -0.1399404843027663, 0.26356881974965485, 0.07752034059400499, -0.050740353369359704, 0.18182024557520265}}},
    {"triplet p3", [](const Inputs& x) -> Array { return triplet_margin_loss(x[0], x[1], x[2], {.margin = 2, .p = 3}, Reduction::Sum); },
     {real({-0.21, 0.87, -0.36, 1.33, 0.57, 1.29, 0.54, -1.28, 1.12, -0.02, -0.13, -0.53}, {3, 4}), real({-1.62, 1.13, 0.39, 0.61, 0.09, -1.69, -1.7, -0.51, -1.36, 1.38, 1.35, -1.1}, {3, 4}), real({-0.05, -0.58, -1.45, 0.88, -0.59, 1.4, -0.69, 1.02, 0.35, 1.71, -0.01, 0.96}, {3, 4})}, {7.464821909907538},
     {{0.8533810103014484, -0.8071263336283446, -0.6786510741563789, 0.14507518464776842, -0.19532946314574995, 0.7839131376805706, 0.19940523591621553, 0.7954540920556703, 0.6597238284433211, 0.44051771805775186, -0.2806172725302749, 0.5573722739420408}, {-0.8439029693412795, 0.028694392123412214, 0.2387674066075822, -0.22004923997211528, -0.020288219531088315, -0.7819742836180172, -0.4418308899840988, 0.05220835067741153, -0.7973277669747325, 0.2540906169458589, 0.283959250171354, -0.042119616859261265}, {-0.00947804096016892, 0.7784319415049324, 0.4398836675487967, 0.07497405532434685, 0.21561768267683826, -0.0019388540625533608, 0.24242565406788327, -0.8476624427330818, 0.1376039385314114, -0.6946083350036107, -0.003341977641079053, -0.5152526570827796}}},
    {"lp_normalize", [](const Inputs& x) -> Array { return lp_normalize(x[0], {.p = 3, .dim = 0}); },
     {real({-0.21, 0.87, -0.36, 1.33, 0.57, 1.29, 0.54, -1.28, 1.12, -0.02, -0.13, -0.53}, {3, 4})}, {-0.179570597092731, 0.6168761446541673, -0.6092433947237579, 0.7997870201437476, 0.48740590639455555, 0.9146784213837653, 0.913865092085637, -0.769719838935336, 0.9577098511612321, -0.014181060796647525, -0.2200045592058015, -0.3187121208091626},
     {{0.0962505860894048, -0.02977625085568239, 0.5355930136814339, 0.41787913252309566, 0.1721630924922389, 0.029243761762600295, 0.7340584686268831, 0.19950540924530855, -0.06957173182303689, 0.5909557214655424, 1.5659852933323133, 0.566815702682495}}},
    {"cosine_similarity", [](const Inputs& x) -> Array { return cosine_similarity(x[0], x[1]); },
     {real({-0.21, 0.87, -0.36, 1.33, 0.57, 1.29, 0.54, -1.28, 1.12, -0.02, -0.13, -0.53}, {3, 4}), real({-1.62, 1.13, 0.39, 0.61, 0.09, -1.69, -1.7, -0.51, -1.36, 1.38, 1.35, -1.1}, {3, 4})}, {0.576960223761425, -0.49311018252917327, -0.3522147066339937},
     {{-0.14127133560598373, 0.04699559525327053, 0.06325891399426176, -0.035924766398246405, 0.06017234584828461, -0.12385806516185902, -0.18814400475528192, -0.1774034605415064, -0.16489581308495999, 0.4205974233539632, 0.3864013445576657, -0.45910836587685105}, {0.05014841076899362, 0.034795853583368036, -0.051666625282010256, 0.10175589304352095, 0.08319083485368425, 0.08476569315355978, -0.01876966425198713, -0.20364395502805163, 0.27445364129644634, 0.06545968596003215, 0.030015172392160526, -0.22036554800809632}}},
    {"pairwise_distance", [](const Inputs& x) -> Array { return pairwise_distance(x[0], x[1], 1.5); },
     {real({-0.21, 0.87, -0.36, 1.33, 0.57, 1.29, 0.54, -1.28, 1.12, -0.02, -0.13, -0.53}, {3, 4}), real({-1.62, 1.13, 0.39, 0.61, 0.09, -1.69, -1.7, -0.51, -1.36, 1.38, 1.35, -1.1}, {3, 4})}, {2.111085284704519, 4.487134542919699, 3.9306479898460798},
     {{0.27241785333953533, -0.11698002095556918, -0.1986809363978727, 0.19466703128053006, 0.21804456515261833, 0.5432908615335258, 0.4710297103020147, -0.2761654060957468, 0.7943169898165745, -0.5968040843098014, -0.6136187687022852, 0.38080770997548047}, {-0.27241785333953533, 0.11698002095556918, 0.1986809363978727, -0.19466703128053006, -0.21804456515261833, -0.5432908615335258, -0.4710297103020147, 0.2761654060957468, -0.7943169898165745, 0.5968040843098014, 0.6136187687022852, -0.38080770997548047}}},
    {"cdist", [](const Inputs& x) -> Array { return cdist(x[0], x[1], 3); },
     {real({-0.39, -1.24, 0.65, 0.24, 1.57, -1.07}, {2, 3}), real({-0.33, 1.84, -1.67, -1.96, 0.78, -0.07, 0.82, -1.82, 0.35}, {3, 3})}, {3.467882947642291, 2.319899730605028, 1.258591059685581, 0.7494075320989546, 2.2983629813206585, 3.47648506130755},
     {{-0.3095226075609723, -0.2780069670394363, 0.13510820024514442, 1.121373144875325, 0.9627824236547504, 0.10274877380301212}, {-0.3856258696608067, 0.21800504978994517, -0.5019341826311483, -0.9161964093286248, 0.15426747379279906, 0.12564700069778179, 0.4899717416750787, -1.0570479801980583, 0.13843020788521004}}},
    {"cdist largest", [](const Inputs& x) -> Array { return cdist(x[0], x[1], kInf); },
     {real({-1.19, 1.3, -1.2, -1.23, -1.29, -0.95}, {2, 3}), real({0.04, 0.6, 1.86, 0.19, -0.73, 1.01}, {2, 3})}, {3.06, 2.21, 2.81, 1.96},
     {{0, 0, -0.75, 0, 0, -1.75}, {0, 0, 1, 0, 0, 1.5}}},
};
// clang-format on

TEST(MarginLoss, HasTorchsValuesAndEveryDerivative) { expect_rows(kRows); }

TEST(MarginLoss, IsFlatWhereNormsAreZero) {
  const Array zero = floats({0, 0}, Shape{1, 2});
  const auto distances = [&](const Inputs& x) { return cdist(x[0], zero); };
  EXPECT_EQ(numbers(gradients_of(first_tape(), distances, {zero})[0]), (Numbers{0, 0}));
  const auto unit = [](const Inputs& x) { return lp_normalize(x[0]); };
  EXPECT_EQ(numbers(unit({zero})), (Numbers{0, 0}));
  for (const double v : numbers(gradients_of(first_tape(), unit, {zero})[0])) EXPECT_TRUE(std::isfinite(v));
  EXPECT_EQ(numbers(cdist(floats({1, 0, 2}, Shape{1, 3}), floats({0, 0, 2}, Shape{1, 3}), 0)), (Numbers{1}));
}

TEST(MarginLoss, OfOneSampleHasRankZero) {
  const Array x = floats({0.1, 0.5, 0.2});
  EXPECT_EQ(multi_margin_loss(x, ints({1}, Shape{}), {}, {}, Reduction::None).shape(), Shape{});
  EXPECT_EQ(multilabel_margin_loss(x, ints({1, -1, 0}), Reduction::None).shape(), Shape{});
  EXPECT_EQ(cosine_embedding_loss(x, x, ints({1}, Shape{}), 0, Reduction::None).shape(), Shape{});
}

TEST(MarginLoss, TakesTargetsOfAnyIntDtype) {
  const Array x = floats({0.1, 0.5, 0.2, 0.3}, Shape{2, 2});
  for (const DType dtype : {DType::I32, DType::I16, DType::I8, DType::U8})
    EXPECT_EQ(numbers(multi_margin_loss(x, ints({1, 0}, dtype))), numbers(multi_margin_loss(x, ints({1, 0}))));
}

TEST(MarginLoss, OfAnEmptyBatch) {
  const Array x = floats({}, Shape{0, 3}), t = ints({}, Shape{0});
  EXPECT_EQ(multi_margin_loss(x, t, {}, {}, Reduction::None).shape(), Shape{0});
  EXPECT_EQ(triplet_margin_loss(x, x, x, {}, Reduction::None).shape(), Shape{0});
  EXPECT_EQ(multilabel_margin_loss(x, ints({}, Shape{0, 3}), Reduction::None).shape(), Shape{0});
  EXPECT_EQ(cdist(x, floats({1, 2, 3}, Shape{1, 3})).shape(), (Shape{0, 1}));
}

TEST(MarginLoss, TellsWhatIsWrong) {
  const Array x = floats({1, 2, 3, 4}, Shape{2, 2}), t = ints({0, 1}), y = floats({1, 2});
  EXPECT_THROW(cosine_embedding_loss(x, x, ints({1})), ShapeError);
  EXPECT_THROW(cosine_embedding_loss(x, y, t), ShapeError);
  EXPECT_THROW(cosine_embedding_loss(x, x, bools({1, 0})), DTypeError);
  EXPECT_THROW(hinge_embedding_loss(t, t), DTypeError);
  EXPECT_THROW(hinge_embedding_loss(x, ints({1, 1, 1})), ShapeError);
  EXPECT_THROW(margin_ranking_loss(x, x, t), DTypeError);
  EXPECT_THROW(multi_margin_loss(x, t, {}, {.p = 3}), ValueError);
  EXPECT_THROW(multi_margin_loss(x, ints({0, 2})), IndexError);
  EXPECT_THROW(multi_margin_loss(x, t, floats({1, 2, 3})), ShapeError);
  EXPECT_THROW(multi_margin_loss(floats({1}, Shape{}), t), ShapeError);
  EXPECT_THROW(multilabel_margin_loss(x, t), ShapeError);
  EXPECT_THROW(multilabel_margin_loss(x, ints({0, 5, 1, 0}, Shape{2, 2})), IndexError);
  EXPECT_THROW(multilabel_margin_loss(x, y), DTypeError);
  EXPECT_THROW(multilabel_soft_margin_loss(x, y), ShapeError);
  EXPECT_THROW(soft_margin_loss(x, Array()), ValueError);
  EXPECT_THROW(triplet_margin_loss(x, x, floats({1, 2, 3})), ShapeError);
  EXPECT_THROW(triplet_margin_loss(x, x, x, {.p = -1}), ValueError);
  EXPECT_THROW(lp_normalize(x, {.p = -1}), ValueError);
  EXPECT_THROW(lp_normalize(x, {.dim = 2}), IndexError);
  EXPECT_THROW(lp_normalize(x, {.eps = 0}), ValueError);
  EXPECT_THROW(cosine_similarity(x, floats({1, 2, 3})), ShapeError);
  EXPECT_THROW(cosine_similarity(x, x, 2), IndexError);
  EXPECT_THROW(cosine_similarity(x, x, 1, 0), ValueError);
  EXPECT_THROW(pairwise_distance(x, x, kNan), ValueError);
  EXPECT_THROW(pairwise_distance(floats({1}, Shape{}), floats({1}, Shape{})), IndexError);
  EXPECT_THROW(cdist(x, y), ShapeError);
  EXPECT_THROW(cdist(x, floats({1, 2, 3}, Shape{1, 3})), ShapeError);
  EXPECT_THROW(cdist(x, x, -2), ValueError);
}

}  // namespace
}  // namespace fornax::test
