#include <fornax/nn/mixture.hpp>

#include <fornax/functional/common.hpp>
#include <fornax/ops/functions/indexing.hpp>
#include <fornax/ops/functions/sorting.hpp>

namespace fornax::nn {

namespace detail {

Routing route(const Array& logits, std::int64_t top_k) {
  const std::int64_t positions = logits.shape()[0], experts = logits.shape()[1];
  const auto [values, indices] = topk(logits, top_k, 1);
  Routing routing;
  // The shares in the columns of their experts.
  routing.gates = scatter(zeros_like(logits), 1, indices, softmax(values, 1), Update::Add);
  const Array chosen =
      scatter(zeros_like(fornax::detach(logits)), 1, indices, full_like(fornax::detach(values), 1), Update::Add);
  for (std::int64_t e = 0; e < experts; ++e)
    routing.rows.push_back(nonzero_positions(reshape(narrow(chosen, 1, e, 1), Shape{positions})));
  const Array share = reduce(ReduceFn::Mean, chosen, 0) / static_cast<double>(top_k);
  const Array probability = reduce(ReduceFn::Mean, softmax(logits, 1), 0);
  routing.balance = reduce_all(ReduceFn::Sum, share * probability) * static_cast<double>(experts);
  return routing;
}

Array add_expert(const Array& y, const Array& values, const Routing& routing, std::size_t expert) {
  const Array gate = select(narrow(routing.gates, 1, static_cast<std::int64_t>(expert), 1), 0, routing.rows[expert]);
  return index_add(y, 0, routing.rows[expert], values * gate);
}

}  // namespace detail

void MixtureOfExpertsConfig::validate() const {
  const char* const name = "MixtureOfExpertsConfig";
  require_positive(name, "d_model", d_model);
  require_positive(name, "d_ff", d_ff);
  require_positive(name, "n_experts", n_experts);
  require(top_k >= 1 && top_k <= n_experts, name, "top_k", top_k,
          "in [1, n_experts], n_experts is " + std::to_string(n_experts));
  require_probability(name, "dropout", dropout);
}

}  // namespace fornax::nn
