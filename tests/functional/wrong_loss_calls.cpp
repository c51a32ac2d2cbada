// Wrong calls: losses and distances.

#include "wrong_calls.hpp"

namespace fornax::test {
namespace {

using namespace functional;

// Losses of two Float arrays of one shape.
void add_plain(WrongCalls& all) {
  const std::pair<const char*, Array (*)(const Array&, const Array&)> functions[] = {
      {"mse_loss", [](const Array& x, const Array& t) { return mse_loss(x, t); }},
      {"l1_loss", [](const Array& x, const Array& t) { return l1_loss(x, t); }},
      {"smooth_l1_loss", [](const Array& x, const Array& t) { return smooth_l1_loss(x, t); }},
      {"huber_loss", [](const Array& x, const Array& t) { return huber_loss(x, t); }},
      {"lp_loss", [](const Array& x, const Array& t) { return lp_loss(x, t); }},
      {"kl_div", [](const Array& x, const Array& t) { return kl_div(x, t); }},
      {"poisson_nll_loss", [](const Array& x, const Array& t) { return poisson_nll_loss(x, t); }},
      {"gaussian_nll_loss", [](const Array& x, const Array& t) { return gaussian_nll_loss(x, t, x); }},
      {"bce_loss", [](const Array& x, const Array& t) { return bce_loss(x, t); }},
      {"bce_with_logits", [](const Array& x, const Array& t) { return bce_with_logits(x, t); }},
      {"focal_loss", [](const Array& x, const Array& t) { return focal_loss(x, t); }},
      {"dice_loss", [](const Array& x, const Array& t) { return dice_loss(x, t); }},
      {"hinge_embedding_loss", [](const Array& x, const Array& t) { return hinge_embedding_loss(x, t); }},
      {"soft_margin_loss", [](const Array& x, const Array& t) { return soft_margin_loss(x, t); }},
      {"margin_ranking_loss", [](const Array& x, const Array& t) { return margin_ranking_loss(x, t, x); }},
      {"multilabel_soft_margin_loss", [](const Array& x, const Array& t) { return multilabel_soft_margin_loss(x, t); }},
      {"cross_entropy_soft", [](const Array& x, const Array& t) { return cross_entropy_soft(x, t); }},
      {"cross_entropy_with_logits", [](const Array& x, const Array& t) { return cross_entropy_with_logits(x, t); }},
      {"triplet_margin_loss", [](const Array& x, const Array& t) { return triplet_margin_loss(x, t, x); }},
      {"pairwise_distance", [](const Array& x, const Array& t) { return pairwise_distance(x, t); }},
      {"cosine_similarity", [](const Array& x, const Array& t) { return cosine_similarity(x, t); }},
      {"cdist", [](const Array& x, const Array& t) { return cdist(x, t); }},
      {"info_nce", [](const Array& x, const Array& t) { return info_nce(x, t); }},
  };
  const Array x = zeros({2, 3});
  for (const auto& [name, f] : functions) {
    const std::string text = name;
    all.push_back({name, Wrong::Value, [f = f, x] { f(x, Array()); }, text + " of an empty handle"});
    all.push_back({name, Wrong::DType,
                   [f = f] {
                     f(zeros({2, 3}, DType::I64), zeros({2, 3}, DType::I64));
                   },
                   text + " of integers"});
    if (text != "hinge_embedding_loss")  // whose targets may be of any dtype
      all.push_back({name, Wrong::DType, [f = f, x] { f(x, zeros({2, 3}, DType::F32)); }, text + " of two dtypes"});
    all.push_back({name, Wrong::Shape, [f = f, x] { f(x, zeros({2, 4})); }, text + " of other shapes"});
  }
}

// clang-format off
void add_settings(WrongCalls& all) {
  const Array x = zeros({2, 3}), v = zeros({3}), none;
  all.insert(all.end(), {
    WRONG(smooth_l1_loss, Value, smooth_l1_loss(x, x, -1)),
    WRONG(huber_loss, Value, huber_loss(x, x, 0)),
    WRONG(lp_loss, Value, lp_loss(x, x, 0)),
    WRONG(poisson_nll_loss, Value, poisson_nll_loss(x, x, {.eps = -1})),
    WRONG(gaussian_nll_loss, Value, gaussian_nll_loss(x, x, none)),
    WRONG(gaussian_nll_loss, Shape, gaussian_nll_loss(x, x, zeros({4}))),
    WRONG(gaussian_nll_loss, Value, gaussian_nll_loss(x, x, x, {.eps = 0})),
    WRONG(bce_loss, Shape, bce_loss(x, x, zeros({4}))),
    WRONG(bce_with_logits, Shape, bce_with_logits(x, x, {}, zeros({4}))),
    WRONG(focal_loss, Value, focal_loss(x, x, {.gamma = -1})),
    WRONG(focal_loss, Value, focal_loss(x, x, {.alpha = 2.0})),
    WRONG(dice_loss, Value, dice_loss(x, x, -1)),
    WRONG(multilabel_soft_margin_loss, Shape, multilabel_soft_margin_loss(x, x, zeros({4}))),
    WRONG(cosine_similarity, Index, cosine_similarity(x, x, 2)),
    WRONG(cosine_similarity, Value, cosine_similarity(x, x, 1, 0)),
    WRONG(pairwise_distance, Value, pairwise_distance(x, x, -1)),
    WRONG(cdist, Value, cdist(x, x, -1)),
    WRONG(cdist, Shape, cdist(v, x)),
    WRONG(info_nce, Value, info_nce(x, x, {.temperature = 0})),
    WRONG(info_nce, Shape, info_nce(v, v)),
    WRONG(lp_normalize, Value, lp_normalize(none)),
    WRONG(lp_normalize, DType, lp_normalize(zeros({3}, DType::I64))),
    WRONG(lp_normalize, Value, lp_normalize(x, {.p = -1})),
    WRONG(lp_normalize, Value, lp_normalize(x, {.eps = 0})),
    WRONG(lp_normalize, Index, lp_normalize(x, {.dim = 2})),
    WRONG(triplet_margin_loss, Value, triplet_margin_loss(x, x, x, {.p = -1})),
  });
}

void add_classes(WrongCalls& all) {
  const Array none, x = zeros({2, 3}), t = ints({0, 2}), bad = ints({0, 3}), labels = zeros({2, 3}, DType::I64), v = zeros({3});
  all.insert(all.end(), {
    WRONG(nll_loss, Value, nll_loss(x, none)),
    WRONG(nll_loss, DType, nll_loss(x, x)),
    WRONG(nll_loss, DType, nll_loss(labels, t)),
    WRONG(nll_loss, Shape, nll_loss(x, ints({0, 1, 2}))),
    WRONG(nll_loss, Shape, nll_loss(x, t, zeros({2}))),
    WRONG(nll_loss, Index, nll_loss(x, bad)),
    WRONG(nll_loss, Index, nll_loss(x, ints({0, -100}))),
    WRONG(cross_entropy, Value, cross_entropy(none, t)),
    WRONG(cross_entropy, DType, cross_entropy(x, x)),
    WRONG(cross_entropy, Shape, cross_entropy(x, ints({0}))),
    WRONG(cross_entropy, Shape, cross_entropy(x, t, zeros({4}))),
    WRONG(cross_entropy, Index, cross_entropy(x, bad)),
    WRONG(cross_entropy, Value, cross_entropy(x, t, {}, {.label_smoothing = 1.5})),
    WRONG(cosine_embedding_loss, Value, cosine_embedding_loss(x, x, none)),
    WRONG(cosine_embedding_loss, Shape, cosine_embedding_loss(x, zeros({2, 4}), zeros({2}))),
    WRONG(cosine_embedding_loss, Shape, cosine_embedding_loss(x, x, v)),
    WRONG(cosine_embedding_loss, DType, cosine_embedding_loss(labels, labels, t)),
    WRONG(multi_margin_loss, Value, multi_margin_loss(x, none)),
    WRONG(multi_margin_loss, DType, multi_margin_loss(x, zeros({2}))),
    WRONG(multi_margin_loss, Shape, multi_margin_loss(x, ints({0}))),
    WRONG(multi_margin_loss, Shape, multi_margin_loss(x, t, zeros({2}))),
    WRONG(multi_margin_loss, Index, multi_margin_loss(x, bad)),
    WRONG(multi_margin_loss, Value, multi_margin_loss(x, t, {}, {.p = 3})),
    WRONG(multilabel_margin_loss, Value, multilabel_margin_loss(x, none)),
    WRONG(multilabel_margin_loss, DType, multilabel_margin_loss(x, x)),
    WRONG(multilabel_margin_loss, Shape, multilabel_margin_loss(x, t)),
    WRONG(multilabel_margin_loss, Index, multilabel_margin_loss(v, ints({0, 3, -1}))),
  });
}

void add_ctc(WrongCalls& all) {
  const Array none, x = zeros({4, 2, 3}), t = ints({1, 2, 2, 1}, Shape{2, 2}), four = ints({4, 4}), two = ints({2, 2});
  all.insert(all.end(), {
    WRONG(ctc_loss, Value, ctc_loss(none, t, four, two)),
    WRONG(ctc_loss, DType, ctc_loss(x, zeros({2, 2}), four, two)),
    WRONG(ctc_loss, Shape, ctc_loss(zeros({4, 3}), t, four, two)),
    WRONG(ctc_loss, Shape, ctc_loss(x, t, ints({4}), two)),
    WRONG(ctc_loss, Value, ctc_loss(x, t, ints({5, 4}), two)),
    WRONG(ctc_loss, Value, ctc_loss(x, t, four, ints({3, 2}))),
    WRONG(ctc_loss, Value, ctc_loss(x, t, four, ints({-1, 2}))),
    WRONG(ctc_loss, Index, ctc_loss(x, t, four, two, {.blank = 3})),
    WRONG(ctc_loss, Value, ctc_loss(x, t, four, two, {.blank = 1})),
    WRONG(ctc_loss, Index, ctc_loss(x, t + 5, four, two)),
    WRONG(rnnt_loss, Value, rnnt_loss(none, t, four, two)),
    WRONG(rnnt_loss, DType, rnnt_loss(zeros({2, 4, 3, 3}, DType::I64), t, four, two)),
    WRONG(rnnt_loss, Shape, rnnt_loss(x, t, four, two)),
    WRONG(rnnt_loss, Shape, rnnt_loss(zeros({2, 4, 4, 3}), t, four, two)),
    WRONG(rnnt_loss, Value, rnnt_loss(zeros({2, 4, 3, 3}), t, ints({0, 4}), two)),
    WRONG(rnnt_loss, Value, rnnt_loss(zeros({2, 4, 3, 3}), t, four, ints({3, 2}))),
    WRONG(rnnt_loss, Index, rnnt_loss(zeros({2, 4, 3, 3}), t, four, two, 3)),
    WRONG(rnnt_loss, Index, rnnt_loss(zeros({2, 4, 3, 3}), t + 5, four, two)),
    WRONG(rnnt_loss, Value, rnnt_loss(zeros({2, 4, 3, 3}), t, four, two, 1)),
    WRONG(ctc_loss_from_logits, Value, ctc_loss_from_logits(x, none, four, two)),
    WRONG(ctc_loss_from_logits, DType, ctc_loss_from_logits(zeros({4, 2, 3}, DType::I64), t, four, two)),
    WRONG(ctc_loss_from_logits, Shape, ctc_loss_from_logits(zeros({4, 3}), t, four, two)),
    WRONG(ctc_loss_from_logits, Index, ctc_loss_from_logits(x, t, four, two, {.blank = -1})),
  });
}
// clang-format on

}  // namespace

WrongCalls loss_calls() {
  WrongCalls all;
  add_plain(all);
  add_settings(all);
  add_classes(all);
  add_ctc(all);
  return all;
}

}  // namespace fornax::test
