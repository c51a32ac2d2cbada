#pragma once
// Op: any operation as a value.

#include <variant>

#include <fornax/ops/attention.hpp>
#include <fornax/ops/binary.hpp>
#include <fornax/ops/conv.hpp>
#include <fornax/ops/create.hpp>
#include <fornax/ops/custom.hpp>
#include <fornax/ops/dropout.hpp>
#include <fornax/ops/factor.hpp>
#include <fornax/ops/fft.hpp>
#include <fornax/ops/gru.hpp>
#include <fornax/ops/index.hpp>
#include <fornax/ops/layout.hpp>
#include <fornax/ops/linear.hpp>
#include <fornax/ops/lstm.hpp>
#include <fornax/ops/matmul.hpp>
#include <fornax/ops/norm.hpp>
#include <fornax/ops/pool.hpp>
#include <fornax/ops/quantized.hpp>
#include <fornax/ops/reduce.hpp>
#include <fornax/ops/scan.hpp>
#include <fornax/ops/select.hpp>
#include <fornax/ops/softmax.hpp>
#include <fornax/ops/solve.hpp>
#include <fornax/ops/sort.hpp>
#include <fornax/ops/special.hpp>
#include <fornax/ops/spectral.hpp>
#include <fornax/ops/step.hpp>
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
/// Throws what the shape rule throws if the inputs do not fit.
void require_fits(const Op& op, Operands inputs);
/// How derivatives of an operation come about.
enum class Derivatives : std::uint8_t {
  None,     // no cotangent of the result can reach an input
  Rule,     // from its vjp
  Rules,    // likewise, and the operation has several results
  Lowered,  // from those of the simpler operations that it lowers to: decorators that differentiate record those
};
Derivatives derivatives(const Op& op);
inline bool differentiable(const Op& op) { return derivatives(op) != Derivatives::None; }
/// True if a fused operation says which simpler ones it stands for.
bool lowers(const Op& op);
/// The results, computed by those. Returns false if there are none.
bool lower(const Op& op, Operands inputs, Arrays& result);
Casting casting(const Op& op);
Keep keep(const Op& op, Wanted wanted);
/// The gradients that are wanted, one for each input; others may be empty. `y` is empty if backward did not keep it, `g`
/// has an entry for each result, empty where no cotangent reached it.
Arrays vjp(const Op& op, const Arrays& x, std::span<const Array> y, std::span<const Array> g, Wanted wanted);
/// The tangent of each result, for tangents t of the inputs; an empty one is zero. Returns false if the operation has no
/// rule of its own: its tangents then follow from what it lowers to, or from vjp, which is linear in the cotangents.
bool jvp(const Op& op, const Arrays& x, const Arrays& y, const Arrays& t, Arrays& result);
/// The results for each sample of a batch, with the batch dim in front. Returns false for an operation without a rule.
bool batch(const Op& op, const BatchedInputs& in, Arrays& result);

}  // namespace fornax
