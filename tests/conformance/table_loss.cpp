// Losses and distances.

#include <fornax/functional/distance.hpp>
#include <fornax/functional/loss.hpp>

#include "compose.hpp"

namespace fornax::conformance {

namespace {

using namespace functional;

Reduction reduction(const Call& c) {
  const std::string how = c.attrs.has("reduction") ? c.attrs.text("reduction") : "mean";
  if (how == "none") return Reduction::None;
  if (how == "sum") return Reduction::Sum;
  if (how == "mean") return Reduction::Mean;
  if (how == "batchmean") return Reduction::BatchMean;
  throw ValueError("loss", "no reduction is called \"" + how + "\"");
}

// The cases have rank 0 where the library gives [1].
Arrays loss(const Call& c, const Array& value) {
  return reduction(c) == Reduction::None ? value : reshape(value, Shape{});
}

Array optional(const Call& c, std::size_t i) { return c.has(i) ? c[i] : Array(); }

std::int64_t ignored(const Call& c) { return c.attrs.integer("ignore_index", -100); }

Arrays cross_entropy_row(const Call& c) {
  const ClassLoss options{.label_smoothing = c.attrs.real("label_smoothing", 0), .ignore_index = ignored(c)};
  return loss(c, cross_entropy(c[0], c[1], optional(c, 2), options, reduction(c)));
}

Arrays poisson_nll_row(const Call& c) {
  const PoissonNll options{.log_input = c.attrs.flag("log_input", true),
                           .full = c.attrs.flag("full", false),
                           .eps = c.attrs.real("eps", 1e-8)};
  return loss(c, poisson_nll_loss(c[0], c[1], options, reduction(c)));
}

Arrays gaussian_nll_row(const Call& c) {
  const GaussianNll options{.full = c.attrs.flag("full", false), .eps = c.attrs.real("eps", 1e-6)};
  return loss(c, gaussian_nll_loss(c[0], c[1], c[2], options, reduction(c)));
}

Arrays multi_margin_row(const Call& c) {
  const MultiMargin options{.p = static_cast<int>(c.attrs.integer("p", 1)), .margin = c.attrs.real("margin", 1)};
  return loss(c, multi_margin_loss(c[0], c[1], {}, options, reduction(c)));
}

Arrays triplet_margin_row(const Call& c) {
  const TripletMargin options{
      .margin = c.attrs.real("margin", 1), .p = c.attrs.real("p", 2), .eps = c.attrs.real("eps", 1e-6)};
  return loss(c, triplet_margin_loss(c[0], c[1], c[2], options, reduction(c)));
}

template <auto function> Arrays ctc_row(const Call& c) {
  const Ctc options{.blank = c.attrs.integer("blank", 0), .zero_infinity = c.attrs.flag("zero_infinity", false)};
  return loss(c, function(c[0], c[1], c[2], c[3], options, reduction(c)));
}
using CtcFunction = Array (*)(const Array&, const Array&, const Array&, const Array&, const Ctc&, Reduction);
constexpr CtcFunction kCtc = ctc_loss, kCtcFromLogits = ctc_loss_from_logits;

Arrays focal_row(const Call& c) {
  const Focal options{.alpha = c.attrs.real("alpha"), .gamma = c.attrs.real("gamma")};
  return reshape(focal_loss(c[0], c[1], options), Shape{});
}

Arrays cosine_embedding_row(const Call& c) {
  return loss(c, cosine_embedding_loss(c[0], c[1], c[2], c.attrs.real("margin", 0), reduction(c)));
}

Arrays smooth_l1_row(const Call& c) { return loss(c, smooth_l1_loss(c[0], c[1], c.attrs.real("beta"), reduction(c))); }

Arrays bce_with_logits_row(const Call& c) {
  return loss(c, bce_with_logits(c[0], c[1], optional(c, 2), optional(c, 3), reduction(c)));
}

Arrays margin_ranking_row(const Call& c) {
  return loss(c, margin_ranking_loss(c[0], c[1], c[2], c.attrs.real("margin", 0), reduction(c)));
}

Arrays hinge_embedding_row(const Call& c) {
  return loss(c, hinge_embedding_loss(c[0], c[1], c.attrs.real("margin", 1), reduction(c)));
}

Arrays pairwise_distance_row(const Call& c) {
  return pairwise_distance(c[0], c[1], c.attrs.real("p", 2), c.attrs.real("eps", 1e-6));
}

Arrays cosine_similarity_row(const Call& c) {
  return cosine_similarity(c[0], c[1], c.attrs.integer("dim", 1), c.attrs.real("eps", 1e-8));
}

constexpr Row kRows[] = {
    {"mse_loss", [](const Call& c) -> Arrays { return loss(c, mse_loss(c[0], c[1], reduction(c))); }},
    {"l1_loss", [](const Call& c) -> Arrays { return loss(c, l1_loss(c[0], c[1], reduction(c))); }},
    {"smooth_l1_loss", smooth_l1_row},
    {"huber_loss",
     [](const Call& c) -> Arrays { return loss(c, huber_loss(c[0], c[1], c.attrs.real("delta"), reduction(c))); }},
    {"bce_loss", [](const Call& c) -> Arrays { return loss(c, bce_loss(c[0], c[1], {}, reduction(c))); }},
    {"bce_with_logits", bce_with_logits_row},
    {"cross_entropy", cross_entropy_row},
    {"cross_entropy_soft",
     [](const Call& c) -> Arrays { return loss(c, cross_entropy_soft(c[0], c[1], reduction(c))); }},
    {"cross_entropy_with_logits",
     [](const Call& c) -> Arrays { return reshape(cross_entropy_with_logits(c[0], c[1]), Shape{}); }},
    {"nll_loss",
     [](const Call& c) -> Arrays { return loss(c, nll_loss(c[0], c[1], optional(c, 2), ignored(c), reduction(c))); }},
    {"kl_div",
     [](const Call& c) -> Arrays {
       return loss(c, kl_div(c[0], c[1], c.attrs.flag("log_target", false), reduction(c)));
     }},
    {"poisson_nll", poisson_nll_row},
    {"gaussian_nll", gaussian_nll_row},
    {"cosine_embedding_loss", cosine_embedding_row},
    {"cosine_similarity", cosine_similarity_row},
    {"margin_ranking_loss", margin_ranking_row},
    {"triplet_margin_loss", triplet_margin_row},
    {"hinge_embedding_loss", hinge_embedding_row},
    {"multi_margin_loss", multi_margin_row},
    {"soft_margin_loss", [](const Call& c) -> Arrays { return loss(c, soft_margin_loss(c[0], c[1], reduction(c))); }},
    {"ctc_loss", ctc_row<kCtc>},
    {"ctc_loss_from_logits", ctc_row<kCtcFromLogits>},
    {"focal_loss", focal_row},
    {"pairwise_distance", pairwise_distance_row},
    {"cdist", [](const Call& c) -> Arrays { return cdist(c[0], c[1], c.attrs.real("p", 2)); }},
};

}  // namespace

std::span<const Row> loss_rows() { return kRows; }

}  // namespace fornax::conformance
