#pragma once
// Losses as layers: the functions of functional/loss.hpp with their settings. The reduction is a template argument:
// loss.forward(x, y) is the mean, loss.forward<Reduction::None>(x, y) keeps the samples.

#include <fornax/functional/loss.hpp>
#include <fornax/nn/layer.hpp>

namespace fornax::nn {

using functional::Reduction;

// forward(x, target) for tensors of one rank, by functional::function(x, target, settings..., R).
#define FORNAX_LOSS(...)                                                                          \
  template <Reduction R = Reduction::Mean, BackendType B, std::size_t D>                          \
  functional::Reduced<R, B, D> forward(const Tensor<B, D>& x, const Tensor<B, D>& target) const { \
    return functional::Reduced<R, B, D>::unchecked(functional::__VA_ARGS__);                      \
  }

// --- Between numbers ----------------------------------------------------------------------------------------------------

struct MseLoss {
  FORNAX_LAYER(MseLoss)
  FORNAX_LOSS(mse_loss(x.array(), target.array(), R))
};
struct L1Loss {
  FORNAX_LAYER(L1Loss)
  FORNAX_LOSS(l1_loss(x.array(), target.array(), R))
};
struct SmoothL1Loss {
  double beta = 1;
  FORNAX_LAYER(SmoothL1Loss, beta)
  void validate() const { require_not_negative("SmoothL1Loss", "beta", beta); }
  FORNAX_LOSS(smooth_l1_loss(x.array(), target.array(), beta, R))
};
struct HuberLoss {
  double delta = 1;
  FORNAX_LAYER(HuberLoss, delta)
  void validate() const { require_positive("HuberLoss", "delta", delta); }
  FORNAX_LOSS(huber_loss(x.array(), target.array(), delta, R))
};
struct LpLoss {
  double p = 2;
  FORNAX_LAYER(LpLoss, p)
  void validate() const { require_positive("LpLoss", "p", p); }
  FORNAX_LOSS(lp_loss(x.array(), target.array(), p, R))
};
/// x are log-probabilities; the mean over distributions is Reduction::BatchMean.
struct KlDivLoss {
  bool log_target = false;
  FORNAX_LAYER(KlDivLoss, log_target)
  FORNAX_LOSS(kl_div(x.array(), target.array(), log_target, R))
};
struct PoissonNllLoss {
  bool log_input = true, full = false;
  double eps = 1e-8;
  FORNAX_LAYER(PoissonNllLoss, log_input, full, eps)
  void validate() const { require_not_negative("PoissonNllLoss", "eps", eps); }
  FORNAX_LOSS(poisson_nll_loss(x.array(), target.array(), {log_input, full, eps}, R))
};
struct GaussianNllLoss {
  bool full = false;
  double eps = 1e-6;
  FORNAX_LAYER(GaussianNllLoss, full, eps)
  void validate() const { require_positive("GaussianNllLoss", "eps", eps); }
  template <Reduction R = Reduction::Mean, BackendType B, std::size_t D, std::size_t V>
  functional::Reduced<R, B, D> forward(const Tensor<B, D>& x, const Tensor<B, D>& target,
                                       const Tensor<B, V>& variance) const {
    return functional::gaussian_nll_loss<R>(x, target, variance, {full, eps});
  }
};

// --- Between scores and classes -------------------------------------------------------------------------------------------

/// -weight[t] log softmax(logits)[t] of the class t: functional::cross_entropy.
///
/// Shapes: logits [N, C, ...], targets without the dim of classes.
template <class B> struct CrossEntropyLoss {
  std::optional<Constant<B, 1>> weights;
  double smoothing = 0;
  std::optional<std::int64_t> ignore_index = {};
  FORNAX_MODULE(CrossEntropyLoss, weights, smoothing, ignore_index)

  template <Reduction R = Reduction::Mean, std::size_t D, std::size_t T>
  functional::Reduced<R, B, T> forward(const Tensor<B, D>& logits, const Tensor<B, T, Int>& targets) const {
    static_assert(T + 1 == D, "CrossEntropyLoss: the targets have the logits' shape without their dim of classes");
    return functional::Reduced<R, B, T>::unchecked(functional::cross_entropy(
        logits.array(), targets.array(), weights ? weights->value.array() : Array(), {smoothing, ignore_index}, R));
  }
};
struct CrossEntropyLossConfig {
  std::optional<std::vector<double>> weights = {};  // of the classes
  double smoothing = 0;                             // share of each target that is spread over all classes
  std::optional<std::int64_t> ignore_index = {};    // targets of this value count nothing
  FORNAX_LAZY_CONFIG(CrossEntropyLossConfig, weights, smoothing, ignore_index)
  void validate() const { require_probability("CrossEntropyLossConfig", "smoothing", smoothing); }
  template <BackendType B> CrossEntropyLoss<B> init(const InitOptions& on = {}) const {
    validate();
    CrossEntropyLoss<B> loss{{}, smoothing, ignore_index};
    if (weights) loss.weights = Constant<B, 1>(Tensor<B, 1>::from_data(TensorData(*weights), on.device, on.dtype));
    return loss;
  }
};

/// -(t log p + (1 - t) log(1 - p)) of probabilities p, or of p = sigmoid(x) if `logits`, without overflow.
struct BinaryCrossEntropyLoss {
  bool logits = false;
  double smoothing = 0;  // targets move to t (1 - smoothing) + smoothing / 2
  FORNAX_LAYER(BinaryCrossEntropyLoss, logits, smoothing)
  void validate() const { require_probability("BinaryCrossEntropyLoss", "smoothing", smoothing); }
  template <Reduction R = Reduction::Mean, BackendType B, std::size_t D>
  functional::Reduced<R, B, D> forward(const Tensor<B, D>& x, const Tensor<B, D>& target) const {
    const Tensor<B, D> t = smoothing == 0 ? target : target * (1 - smoothing) + smoothing / 2;
    return logits ? functional::bce_with_logits<R>(x, t) : functional::bce_loss<R>(x, t);
  }
};
struct FocalLoss {
  std::optional<double> alpha = 0.25;
  double gamma = 2;
  FORNAX_LAYER(FocalLoss, alpha, gamma)
  void validate() const {
    if (alpha) require_probability("FocalLoss", "alpha", *alpha);
    require_not_negative("FocalLoss", "gamma", gamma);
  }
  FORNAX_LOSS(focal_loss(x.array(), target.array(), {alpha, gamma}, R))
};
struct DiceLoss {
  double smooth = 1;
  FORNAX_LAYER(DiceLoss, smooth)
  void validate() const { require_not_negative("DiceLoss", "smooth", smooth); }
  template <Reduction R = Reduction::Mean, BackendType B, std::size_t D>
  functional::Reduced<R, B, 1> forward(const Tensor<B, D>& p, const Tensor<B, D>& target) const {
    return functional::dice_loss<R>(p, target, smooth);
  }
};
struct InfoNceLoss {
  double temperature = 0.07;
  bool symmetric = false;
  FORNAX_LAYER(InfoNceLoss, temperature, symmetric)
  void validate() const { require_positive("InfoNceLoss", "temperature", temperature); }
  template <Reduction R = Reduction::Mean, BackendType B>
  functional::Reduced<R, B, 1> forward(const Tensor<B, 2>& queries, const Tensor<B, 2>& keys) const {
    return functional::info_nce<R>(queries, keys, {temperature, symmetric});
  }
};
/// functional::ctc_loss of log-probabilities [T, N, C].
struct CtcLoss {
  std::int64_t blank = 0;
  bool zero_infinity = false;
  FORNAX_LAYER(CtcLoss, blank, zero_infinity)
  void validate() const { require_not_negative("CtcLoss", "blank", blank); }
  template <Reduction R = Reduction::Mean, BackendType B, std::size_t S>
  functional::Reduced<R, B, 1> forward(const Tensor<B, 3>& log_probs, const Tensor<B, S, Int>& targets,
                                       const Tensor<B, 1, Int>& input_lengths,
                                       const Tensor<B, 1, Int>& target_lengths) const {
    return functional::ctc_loss<R>(log_probs, targets, input_lengths, target_lengths, {blank, zero_infinity});
  }
};
/// functional::rnnt_loss of logits [N, T, U + 1, C].
struct RnntLoss {
  std::int64_t blank = 0;
  FORNAX_LAYER(RnntLoss, blank)
  void validate() const { require_not_negative("RnntLoss", "blank", blank); }
  template <Reduction R = Reduction::Mean, BackendType B>
  functional::Reduced<R, B, 1> forward(const Tensor<B, 4>& logits, const Tensor<B, 2, Int>& targets,
                                       const Tensor<B, 1, Int>& input_lengths,
                                       const Tensor<B, 1, Int>& target_lengths) const {
    return functional::rnnt_loss<R>(logits, targets, input_lengths, target_lengths, blank);
  }
};

// --- With a margin ----------------------------------------------------------------------------------------------------------

struct CosineEmbeddingLoss {
  double margin = 0;
  FORNAX_LAYER(CosineEmbeddingLoss, margin)
  template <Reduction R = Reduction::Mean, BackendType B, Kind K>
  functional::Reduced<R, B, 1> forward(const Tensor<B, 2>& a, const Tensor<B, 2>& b,
                                       const Tensor<B, 1, K>& target) const {
    return functional::cosine_embedding_loss<R>(a, b, target, margin);
  }
};
struct HingeEmbeddingLoss {
  double margin = 1;
  FORNAX_LAYER(HingeEmbeddingLoss, margin)
  FORNAX_LOSS(hinge_embedding_loss(x.array(), target.array(), margin, R))
};
struct MarginRankingLoss {
  double margin = 0;
  FORNAX_LAYER(MarginRankingLoss, margin)
  template <Reduction R = Reduction::Mean, BackendType B, std::size_t D>
  functional::Reduced<R, B, D> forward(const Tensor<B, D>& a, const Tensor<B, D>& b, const Tensor<B, D>& target) const {
    return functional::margin_ranking_loss<R>(a, b, target, margin);
  }
};
struct SoftMarginLoss {
  FORNAX_LAYER(SoftMarginLoss)
  FORNAX_LOSS(soft_margin_loss(x.array(), target.array(), R))
};
struct MultiMarginLoss {
  int p = 1;
  double margin = 1;
  FORNAX_LAYER(MultiMarginLoss, p, margin)
  void validate() const { require(p == 1 || p == 2, "MultiMarginLoss", "p", p, "1 or 2"); }
  template <Reduction R = Reduction::Mean, BackendType B>
  functional::Reduced<R, B, 1> forward(const Tensor<B, 2>& x, const Tensor<B, 1, Int>& targets) const {
    return functional::multi_margin_loss<R>(x, targets, {}, {p, margin});
  }
};
struct TripletMarginLoss {
  double margin = 1, p = 2, eps = 1e-6;
  bool swap = false;
  FORNAX_LAYER(TripletMarginLoss, margin, p, eps, swap)
  void validate() const { require_not_negative("TripletMarginLoss", "p", p); }
  template <Reduction R = Reduction::Mean, BackendType B, std::size_t D>
  functional::Reduced<R, B, D - 1> forward(const Tensor<B, D>& anchor, const Tensor<B, D>& positive,
                                           const Tensor<B, D>& negative) const {
    return functional::triplet_margin_loss<R>(anchor, positive, negative, {margin, p, eps, swap});
  }
};
#undef FORNAX_LOSS

using MseLossConfig = MseLoss;
using L1LossConfig = L1Loss;
using SmoothL1LossConfig = SmoothL1Loss;
using HuberLossConfig = HuberLoss;
using LpLossConfig = LpLoss;
using KlDivLossConfig = KlDivLoss;
using PoissonNllLossConfig = PoissonNllLoss;
using GaussianNllLossConfig = GaussianNllLoss;
using BinaryCrossEntropyLossConfig = BinaryCrossEntropyLoss;
using FocalLossConfig = FocalLoss;
using DiceLossConfig = DiceLoss;
using InfoNceLossConfig = InfoNceLoss;
using CtcLossConfig = CtcLoss;
using CosineEmbeddingLossConfig = CosineEmbeddingLoss;
using HingeEmbeddingLossConfig = HingeEmbeddingLoss;
using MarginRankingLossConfig = MarginRankingLoss;
using MultiMarginLossConfig = MultiMarginLoss;
using TripletMarginLossConfig = TripletMarginLoss;

}  // namespace fornax::nn
