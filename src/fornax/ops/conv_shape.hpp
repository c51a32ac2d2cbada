#pragma once
// The shape rule that a convolution shares with what has one inside. Included by sources only.

#include <fornax/ops/conv.hpp>

namespace fornax {

/// The result of a convolution of x[0] and x[1]; errors are those of `op`.
Spec conv_spec(std::string_view op, const ConvSettings& s, Operands x);

}  // namespace fornax
