#include <fornax/decorators/autodiff/autodiff.hpp>

#include <mutex>
#include <type_traits>

#include <fornax/array/pool.hpp>
#include <fornax/decorators/around.hpp>
#include <fornax/decorators/autodiff/decorator.hpp>
#include <fornax/ops/functions.hpp>

namespace fornax::autodiff {

namespace {

constinit thread_local int no_grad_depth = 0;

bool bit(std::uint8_t mask, std::size_t input) { return ((mask >> (input < 7 ? input : 7)) & 1u) != 0; }

// The wrapped interpreter's side of an input, given away if the input was and nothing else holds it.
Operand value_of(const Decorator& on, const Operand& x, bool may_reuse) {
  TrackedBody* body = tracked(on, x.array());
  if (!body) return may_reuse ? x : Operand(x.array());
  return Operand(body->value, may_reuse && x.reusable());
}

template <class Result> [[gnu::noinline]] Result run_lowered(const Op& op, Operands inputs) {
  require_fits(op, inputs);
  Arrays results;
  lower(op, inputs, results);
  if constexpr (std::is_same_v<Result, Array>)
    return results[0];
  else
    return results;
}

// The operations with a shortcut are known by their types.
template <class O>
concept HasShortcut = !std::is_same_v<O, Op>;
template <HasShortcut O> Derivatives derivatives(const O&) { return Derivatives::Rule; }
template <HasShortcut O> Keep keep(const O& op, Wanted wanted) { return op.keep(wanted); }

}  // namespace

Interpreter& around(Interpreter& inner) { return decorator_around<Decorator>(inner); }

NoGrad::NoGrad() { ++no_grad_depth; }
NoGrad::~NoGrad() { --no_grad_depth; }

Recording::Recording() : before_(std::exchange(no_grad_depth, 0)) {}
Recording::~Recording() { no_grad_depth = before_; }

constinit thread_local std::uint64_t current_region = 0;

// O is Op, or an operation with a shortcut; Result is Arrays, or Array for an operation with one result. `values` is room
// for the inputs as the wrapped interpreter sees them.
template <class Result, class O, std::size_t N>
Result Decorator::run(const O& op, OperandsOf<N> inputs, Operand* values) {
  constexpr bool one = std::is_same_v<Result, Array>;
  const std::size_t n = inputs.size();
  const auto execute = [&]() __attribute__((always_inline))->Result {
    if constexpr (HasShortcut<O>) {
      Array y = inner()->shortcut(op, OperandsOf<N>(values, N));
      if (!y.defined()) y = inner()->apply_one(op, {values, n});
      return y;
    } else if constexpr (one) {
      return inner()->apply_one(op, {values, n});
    } else {
      return inner()->apply(op, {values, n});
    }
  };

  Wanted wanted;
  bool records = false;
  for (std::size_t i = 0; i < n; ++i) {
    if (!tracked(*this, inputs[i].array())) continue;
    wanted.set(i);
    records = true;
  }
  const Derivatives way = records && no_grad_depth == 0 ? derivatives(op) : Derivatives::None;
  if (way == Derivatives::None) {
    for (std::size_t i = 0; i < n; ++i) values[i] = value_of(*this, inputs[i], true);
    return execute();
  }
  if constexpr (!HasShortcut<O>) {
    if (way == Derivatives::Lowered) [[unlikely]]
      return run_lowered<Result>(op, inputs);
    if constexpr (one)
      if (way == Derivatives::Rules) [[unlikely]]
        return std::move(run<Arrays>(op, inputs, values)[0]);  // the rule reads all of them
  }

  const Keep kept = keep(op, wanted);
  auto* const node = Pool::make<Record>(op, current_region);
  NodeRef owner(node);
  node->wanted = wanted;
  node->inputs.reserve(n);
  node->parents.reserve(n);
#pragma GCC unroll 2
  for (std::size_t i = 0; i < n; ++i) {
    const TrackedBody* body = tracked(*this, inputs[i].array());
    const bool keeps = bit(kept.inputs, i);
    // The wrapped interpreter may write into a given input, unless backward needs what it holds.
    values[i] = value_of(*this, inputs[i], !keeps);
    if (keeps) {
      node->inputs.emplace_reserved(values[i].array());
    } else if (bit(kept.shells, i)) {
      node->inputs.emplace_reserved(make_shell(values[i].array()));
    } else {
      node->inputs.emplace_reserved();
    }
    if (body) {
      node->parents.emplace_reserved(body->node, body->output);
    } else {
      node->parents.emplace_reserved();
    }
  }
  const detail::Deeper recording(detail::recording_depth);
  Result result = execute();

  if constexpr (one) {
    if (kept.output) node->results.push_back(result);
    return is_float(result.dtype()) ? track(std::move(result), std::move(owner), 0) : result;
  } else {
    node->outputs = static_cast<std::uint32_t>(result.size());
    if (kept.output) node->results = result;
    for (std::size_t i = 0; i < result.size(); ++i)
      if (is_float(result[i].dtype())) result[i] = track(std::move(result[i]), owner, static_cast<std::uint32_t>(i));
    return result;
  }
}

template <class Result> Result Decorator::run_any(const Op& op, Operands inputs) {
  constexpr std::size_t kFew = 4;  // cat may have many
  Operand few[kFew];
  if (inputs.size() <= kFew) return run<Result>(op, inputs, few);
  std::vector<Operand> many(inputs.size());
  return run<Result>(op, inputs, many.data());
}

Arrays Decorator::apply(const Op& op, Operands inputs) { return run_any<Arrays>(op, inputs); }
Array Decorator::apply_one(const Op& op, Operands inputs) { return run_any<Array>(op, inputs); }

Array Decorator::shortcut(const op::Binary& op, OperandsOf<2> inputs) {
  Operand values[2];
  return run<Array>(op, inputs, values);
}

Array Decorator::shortcut(const op::WithScalar& op, OperandsOf<1> inputs) {
  Operand values[1];
  return run<Array>(op, inputs, values);
}

const Array& Decorator::primal(const Array& array) { return static_cast<TrackedBody*>(array.body())->value; }

void Decorator::destroy(ArrayBody* body) noexcept { Pool::destroy(static_cast<TrackedBody*>(body)); }

Array require_grad(Interpreter& on, const Array& x) {
  if (const TrackedBody* body = tracked(on, x)) {
    if (body->node->leaf) return x;
    throw ValueError("require_grad",
                     "the tensor is the result of recorded operations; retain_grad() keeps its gradient, "
                     "detach().require_grad() makes a new leaf of its values");
  }
  if (!is_float(x.dtype())) require_float("require_grad", x);
  NodeRef leaf(Pool::make<Node>(true, current_region));
  return static_cast<Decorator&>(on).track(x, std::move(leaf), 0);
}

bool is_leaf(const Interpreter& on, const Array& x) {
  const TrackedBody* body = tracked(on, x);
  return body && body->node->leaf;
}

Interpreter* tape_of(const Array& x) { return tracked_anywhere(x) ? x.interpreter() : nullptr; }

bool is_tracked(const Interpreter& on, const Array& x) { return tracked(on, x) != nullptr; }

Array inner(const Interpreter& on, const Array& x) {
  const TrackedBody* body = tracked(on, x);
  return body ? body->value : x;
}

namespace {

TrackedBody& require_tracked(std::string_view operation, const Interpreter& on, const Array& x) {
  TrackedBody* body = tracked(on, x);
  if (!body) throw ValueError(operation, "the tensor is not tracked; require_grad() on an input starts tracking");
  return *body;
}

void add_extra(TrackedBody& body, Ref<Hook> hook) {
  Extras& extras = body.node->need_extras();
  const std::lock_guard lock(extras.mutex);
  extras.entries.push_back({body.output, std::move(hook)});
}

}  // namespace

void retain_grad(const Interpreter& on, const Array& x) {
  add_extra(require_tracked("retain_grad", on, x), Ref<Hook>());
}

void register_hook(const Interpreter& on, const Array& x, Ref<Hook> hook) {
  add_extra(require_tracked("register_hook", on, x), std::move(hook));
}

}  // namespace fornax::autodiff
