#pragma once
// Op: any operation as a value.

#include <variant>

#include <fornax/ops/binary.hpp>
#include <fornax/ops/conv.hpp>
#include <fornax/ops/create.hpp>
#include <fornax/ops/custom.hpp>
#include <fornax/ops/factor.hpp>
#include <fornax/ops/fft.hpp>
#include <fornax/ops/index.hpp>
#include <fornax/ops/layout.hpp>
#include <fornax/ops/matmul.hpp>
#include <fornax/ops/pool.hpp>
#include <fornax/ops/reduce.hpp>
#include <fornax/ops/scan.hpp>
#include <fornax/ops/select.hpp>
#include <fornax/ops/softmax.hpp>
#include <fornax/ops/solve.hpp>
#include <fornax/ops/sort.hpp>
#include <fornax/ops/special.hpp>
#include <fornax/ops/spectral.hpp>
#include <fornax/ops/unary.hpp>
#include <fornax/ops/with_scalar.hpp>

namespace fornax {

#define FORNAX_OP(name) op::name,
using OpVariant = std::variant<
#include <fornax/ops/ops.def>
    op::Custom>;
#undef FORNAX_OP

struct Op : OpVariant {
  using OpVariant::OpVariant;
};

// A tape node holds one of these; bulkier settings belong into a Box.
static_assert(sizeof(Op) <= 96);

/// f(operation). Binary, the most frequent, is reached without an indirect call.
template <class F> auto visit(const Op& op, F&& f) {
  if (const auto* binary = std::get_if<op::Binary>(&op)) return f(*binary);
  return std::visit(f, static_cast<const OpVariant&>(op));
}

std::string_view name(const Op& op);
/// True if a cotangent of the result can reach an input.
bool differentiable(const Op& op);
Keep keep(const Op& op, Wanted wanted);
/// The gradients that are wanted, one for each input; others may be empty. `y` is empty if backward did not keep it, `g`
/// has an entry for each result, empty where no cotangent reached it.
Arrays vjp(const Op& op, const Arrays& x, std::span<const Array> y, std::span<const Array> g, Wanted wanted);

}  // namespace fornax
