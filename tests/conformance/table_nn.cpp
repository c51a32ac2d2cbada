// Layers: normalisation, softmax, embedding, attention.

#include <cmath>

#include <fornax/functional/attention.hpp>
#include <fornax/functional/distance.hpp>
#include <fornax/functional/embedding.hpp>
#include <fornax/functional/norm.hpp>
#include <fornax/functional/softmax.hpp>

#include "compose.hpp"

namespace fornax::conformance {

namespace {

using namespace functional;

Array optional(const Call& c, std::size_t i) { return c.has(i) ? c[i] : Array(); }

Arrays batch_norm_row(const Call& c) {
  const BatchNorm options{
      .training = c.attrs.flag("training"), .momentum = c.attrs.real("momentum"), .eps = c.attrs.real("eps")};
  const BatchNormResult r = batch_norm(c[0], c[1], c[2], c[3], c[4], options);
  return {r.output, r.running_mean, r.running_var};
}

Arrays layer_norm_row(const Call& c) {
  return layer_norm(c[0], c.attrs.integers("normalized_shape"), optional(c, 1), optional(c, 2), c.attrs.real("eps"));
}

Arrays group_norm_row(const Call& c) {
  return group_norm(c[0], c.attrs.integer("groups"), optional(c, 1), optional(c, 2), c.attrs.real("eps"));
}

Arrays instance_norm_row(const Call& c) {
  return instance_norm(c[0], optional(c, 1), optional(c, 2), c.attrs.real("eps"));
}

Arrays local_response_norm_row(const Call& c) {
  return local_response_norm(c[0], {.size = c.attrs.integer("size"),
                                    .alpha = c.attrs.real("alpha"),
                                    .beta = c.attrs.real("beta"),
                                    .k = c.attrs.real("k")});
}

Arrays lp_normalize_row(const Call& c) {
  return lp_normalize(c[0], {.p = c.attrs.real("p"), .dim = c.attrs.integer("dim"), .eps = c.attrs.real("eps")});
}

Arrays embedding_row(const Call& c) {
  std::optional<std::int64_t> padding;
  if (c.attrs.has("padding_idx")) padding = c.attrs.integer("padding_idx");
  return embedding(c[0], c[1], padding);
}

Arrays attention_row(const Call& c) {
  Attention options{.causal = c.attrs.flag("causal", false), .softcap = c.attrs.real("softcap", 0)};
  if (c.attrs.has("scale")) options.scale = c.attrs.real("scale");
  const std::string mask = c.attrs.has("mask") ? c.attrs.text("mask") : "";
  const bool masked = mask == "add" || mask == "keep";
  return scaled_dot_product_attention(c[0], c[1], c[2], masked ? optional(c, 3) : Array(), options);
}

Arrays multi_head_attention_row(const Call& c) {
  const MultiHeadWeights weights{c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10]};
  return multi_head_attention(c[0], c[1], c[2], weights, c.attrs.integer("heads"), {},
                              {.causal = c.attrs.flag("causal", false)});
}

constexpr Row kRows[] = {
    {"softmax", [](const Call& c) -> Arrays { return softmax(c[0], c.attrs.integer("dim")); }},
    {"log_softmax", [](const Call& c) -> Arrays { return log_softmax(c[0], c.attrs.integer("dim")); }},
    {"softmin", [](const Call& c) -> Arrays { return softmin(c[0], c.attrs.integer("dim")); }},
    {"quiet_softmax", [](const Call& c) -> Arrays { return quiet_softmax(c[0], c.attrs.integer("dim")); }},
    {"batch_norm", batch_norm_row},
    {"layer_norm", layer_norm_row},
    {"group_norm", group_norm_row},
    {"instance_norm", instance_norm_row},
    {"rms_norm", [](const Call& c) -> Arrays { return rms_norm(c[0], c[1], c.attrs.real("eps")); }},
    {"local_response_norm", local_response_norm_row},
    {"lp_normalize", lp_normalize_row},
    {"embedding", embedding_row},
    {"attention", attention_row},
    {"multi_head_attention", multi_head_attention_row},
    {"rope", [](const Call& c) -> Arrays { return rope(c[0], {.theta = c.attrs.real("theta")}); }},
};

}  // namespace

std::span<const Row> nn_rows() { return kRows; }

}  // namespace fornax::conformance
