#pragma once
// The decorator's inside, shared by its sources.

#include <fornax/decorators/autodiff/autodiff.hpp>
#include <fornax/decorators/autodiff/node.hpp>

namespace fornax::autodiff {

/// A tracked array: its value on the wrapped interpreter, and the node that computed it.
struct TrackedBody : ArrayBody {
  TrackedBody(Interpreter* owner, Array v, NodeRef n, std::uint32_t out)
      : ArrayBody(owner, v.dtype(), v.device(), v.shape()), value(std::move(v)), node(std::move(n)), output(out) {}

  Array value;
  NodeRef node;
  std::uint32_t output;
};

class Decorator final : public Interpreter {
 public:
  explicit Decorator(Interpreter& wrapped) : Interpreter(&wrapped, &kFamily) {}

  Arrays apply(const Op& op, Operands inputs) override;
  Array apply_one(const Op& op, Operands inputs) override;
  Array shortcut(const op::Binary& op, OperandsOf<2> inputs) override;
  Array shortcut(const op::WithScalar& op, OperandsOf<1> inputs) override;
  const Array& primal(const Array& array) override;
  Array detach(const Array& array) override { return fornax::detach(primal(array)); }
  void destroy(ArrayBody* body) noexcept override;
  std::string name() const override { return "Autodiff<" + inner()->name() + ">"; }

  [[gnu::always_inline]] Array track(Array value, NodeRef node, std::uint32_t output) {
    return Array(Pool::make<TrackedBody>(this, std::move(value), std::move(node), output));
  }

  static constexpr char kFamily = 0;

 private:
  template <class Result> Result run_any(const Op& op, Operands inputs);
  template <class Result, class O, std::size_t N> Result run(const O& op, OperandsOf<N> inputs, Operand* values);
};

/// The body of x if any Autodiff tracks it, else null.
inline TrackedBody* tracked_anywhere(const Array& x) {
  return x.interpreter()->family() == &Decorator::kFamily ? static_cast<TrackedBody*>(x.body()) : nullptr;
}

/// The body of x if `on` tracks it, else null.
inline TrackedBody* tracked(const Interpreter& on, const Array& x) {
  return x.interpreter() == &on ? static_cast<TrackedBody*>(x.body()) : nullptr;
}

/// The checkpointed region that the calling thread records for; 0 outside of any.
extern constinit thread_local std::uint64_t current_region;

/// A gradient on its way: what reached one output of a node.
struct Reached {
  NodeRef node;
  std::uint32_t output = 0;
  Array gradient;
};
using ReachedList = SmallVector<Reached, 4>;

/// One walk from a root back through the tape, in an order and with sums that depend on the tape's structure alone.
struct Walk {
  bool release = false;      // let go of each node as soon as it was used
  std::uint64_t region = 0;  // if not 0, nodes of other regions are leaves of this walk
};
/// Appends the gradients of all leaves (and retained outputs) that the roots were computed from; uses the roots up.
void walk_back(std::span<Reached> roots, const Walk& options, ReachedList& result);

}  // namespace fornax::autodiff
