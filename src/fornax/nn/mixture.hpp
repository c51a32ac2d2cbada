#pragma once
// Mixtures of experts: of many networks each position uses a few, which a router chooses.

#include <fornax/nn/transformer.hpp>

namespace fornax::nn {

/// What a mixture gives: the result, and how unevenly the router uses the experts.
template <class B, std::size_t D> struct MixtureResult {
  Tensor<B, D> output;
  /// n_experts times the sum over experts of (share of positions routed to it) (mean probability of it): 1 if all are used
  /// evenly. A small multiple of it is added to the loss. Source: Fedus, Zoph, Shazeer, "Switch transformers", 2022.
  Tensor<B, 1> balance;
};

namespace detail {

struct Routing {
  Array gates;              // [T, n]: the share of each expert, 0 where it is not chosen
  std::vector<Array> rows;  // for each expert the positions that chose it, Int
  Array balance;            // [1]
};
Routing route(const Array& logits, std::int64_t top_k);
/// y plus the values, times the gates of one expert, at its rows.
Array add_expert(const Array& y, const Array& values, const Routing& routing, std::size_t expert);

}  // namespace detail

/// The sum of the top_k experts with the largest logits of a router, weighted with the softmax of these logits. Each expert
/// computes only the positions that chose it.
///
/// Shapes: x [..., d_model] -> the same.
/// Source: Shazeer et al., "Outrageously large neural networks", 2017; Jiang et al., "Mixtral of experts", 2024.
template <class B> struct MixtureOfExperts {
  Linear<B> router;
  std::vector<PositionWiseFeedForward<B>> experts;
  std::int64_t top_k = 2;
  FORNAX_MODULE(MixtureOfExperts, router, experts, top_k)

  template <std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const { return forward_balance(x).output; }
  template <std::size_t D> MixtureResult<B, D> forward_balance(const Tensor<B, D>& x) const {
    static_assert(D >= 1, "MixtureOfExperts needs a dim of features");
    const std::int64_t size = x.shape()[D - 1];
    const auto rows = Tensor<B, 2>::unchecked(reshape(x.array(), Shape{size ? x.numel() / size : 0, size}));
    const detail::Routing routing = detail::route(router.forward(rows).array(), top_k);
    Array y = zeros_like(rows.array());
    for (std::size_t e = 0; e < experts.size(); ++e) {
      if (routing.rows[e].numel() == 0) continue;
      const auto chosen = Tensor<B, 2>::unchecked(select(rows.array(), 0, routing.rows[e]));
      y = detail::add_expert(y, experts[e].forward(chosen).array(), routing, e);
    }
    return {Tensor<B, D>::unchecked(reshape(y, x.shape())), Tensor<B, 1>::unchecked(routing.balance)};
  }
};
struct MixtureOfExpertsConfig {
  std::int64_t d_model = 0, d_ff = 0, n_experts = 0, top_k = 2;
  double dropout = 0;
  ActivationKind activation = ActivationKind::Silu;
  Initializer initializer = Initializer::kaiming_uniform(kDefaultGain);
  FORNAX_LAZY_CONFIG(MixtureOfExpertsConfig, d_model, d_ff, n_experts, top_k, dropout, activation, initializer)

  /// Errors: ValueError unless the sizes are positive and top_k is in [1, n_experts].
  void validate() const;
  template <BackendType B> MixtureOfExperts<B> init(const InitOptions& on = {}) const {
    validate();
    MixtureOfExperts<B> mixture{LinearConfig{d_model, n_experts, false, initializer}.init<B>(on), {}, top_k};
    const PositionWiseFeedForwardConfig expert{d_model, d_ff, dropout, activation, initializer};
    for (std::int64_t i = 0; i < n_experts; ++i) mixture.experts.push_back(expert.init<B>(on));
    return mixture;
  }
};

}  // namespace fornax::nn
