// How operations come to wait: as instructions of a group.

#include <fornax/array/dense.hpp>
#include <fornax/array/scope.hpp>
#include <fornax/decorators/fusion/decorator.hpp>

namespace fornax::fusion {

using fused::Code;
using fused::Instruction;
using fused::Walk;

namespace {

constexpr std::uint64_t kMostWaiting = 256;  // programs

bool same_rows(const Shape& a, const Shape& b) {
  return a.rank() > 0 && b.rank() > 0 && a[a.rank() - 1] == b[b.rank() - 1];
}

}  // namespace

// The operation's results, to be computed later; none if it has to run now.
bool Decorator::defer(const Op& op, Operands inputs, std::span<Array> results) {
  Request r;
  std::optional<Instruction> made = instruction_of(op, inputs[0].array(), r.setting);
  if (!made) return false;
  r.made = *made;
  Specs specs;
  visit(op, [&]<class T>(const T& o) {
    if constexpr (!std::is_same_v<T, op::Custom>) {
      if constexpr (has_many_results<T>)
        specs = o.infer(inputs);
      else
        specs.push_back(o.infer(inputs));
    }
  });
  r.made.dtype = specs[0].dtype;
  r.values = inputs;
  const Shape& shape = inputs[0]->shape();
  if (const auto* reduce = std::get_if<op::Reduce>(&op)) {
    // At the end of a chain only: by itself it has nothing to gain.
    if (!waiting(inputs[0].array()) || !walk_of(shape, reduce->dims, r.walk, r.rows, r.columns)) return false;
    r.made.setting = static_cast<std::uint16_t>(r.walk);
  } else if (takes_rows(made->code)) {
    r.walk = Walk::WholeRows;
    r.columns = shape[shape.rank() - 1];
    r.rows = shape.numel() / r.columns;
    if (made->code != Code::Softmax) take_vectors(r, inputs);
  }

  Lock lock(mutex_);
  const Ref<Group> group = joined(lock, r);
  if (!group) return false;
  // The last step that may fail; until then nobody reads the new slots.
  LazyBody* bodies[3] = {};
  std::size_t ready = 0;
  try {
    for (; ready < specs.size(); ++ready) bodies[ready] = Pool::make<LazyBody>(this, specs[ready]);
  } catch (...) {
    while (ready > 0) Pool::destroy(bodies[--ready]);
    throw;
  }
  const auto first = static_cast<fused::Value>(group->slots.size() - specs.size());
  for (std::size_t k = 0; k < specs.size(); ++k) {
    group->attach(*bodies[k], static_cast<fused::Value>(first + k), group);
    results[k] = Array(bodies[k]);
  }
  if (group->readers == specs.size())
    link(*group);
  else
    bytes_ += group->bytes - r.bytes_before;
  deferred.fetch_add(1, std::memory_order_relaxed);
  return true;
}

// Weight and bias of a norm, which every row reads.
void Decorator::take_vectors(Request& r, Operands inputs) {
  const bool grad = r.made.code == Code::NormGrad;
  if (grad) r.swapped = {Operand(inputs[0].array()), Operand(inputs[inputs.size() - 1].array())};
  r.values = grad ? Operands(r.swapped.data(), 2) : inputs.first(1);
  for (std::size_t k = 1; k < inputs.size() - (grad ? 1 : 0); ++k) {
    LazyBody* const body = lazy(inputs[k].array());
    r.vectors.push_back(body ? value_of(*body) : inputs[k].array());
  }
}

// The group to whose end the instruction went; none if it fits nowhere.
Ref<Group> Decorator::joined(Lock& lock, Request& r) {
  const bool by_rows = takes_rows(r.made.code);
  Ref<Group> group = common_group(lock, r.values, by_rows);
  if (!group && r.made.code == Code::Reduce) return {};
  if (group && !group->accepts(r.walk, r.rows, r.columns)) return {};
  if (!group) group = Ref(new Group(r.values[0]->shape()));
  const auto evaluated = [&](const Operand& x) -> const Array* {
    const LazyBody* body = lazy(x.array());
    if (!body) return &x.array();
    return body->ready.load(std::memory_order_relaxed) ? &body->value : nullptr;
  };
  for (const Operand& x : r.values)
    if (const Array* value = evaluated(x); value && !(value->shape() == group->shape) && !is_contiguous(*value))
      return {};
  r.bytes_before = group->bytes;
  std::size_t k = 0;
  for (const Operand& x : r.values) {
    const Array* value = evaluated(x);
    const bool other = value && !(value->shape() == group->shape);
    r.made.arguments[k++] =
        !value ? lazy(x.array())->slot
               : group->input(other ? view(*value, group->shape, contiguous_strides(group->shape), 0) : *value);
  }
  for (const Array& v : r.vectors) {
    Strides strides{};
    strides[static_cast<std::size_t>(group->shape.rank() - 1)] = dense(v).strides[0];
    r.made.arguments[k++] = group->input(view(v, group->shape, strides, 0));
  }
  group->walk_with(r.walk, r.rows, r.columns);
  if (has_setting(r.made.code)) {
    r.made.setting = static_cast<std::uint16_t>(group->settings.size());
    group->settings.push_back(r.setting);
  }
  group->slots.push_back({r.made, nullptr, detail::recording_depth > 0});
  if (r.made.code == Code::NormGrad && r.made.count == 3) {
    Instruction vector{.code = Code::NormVectorGrad, .fn = 0, .dtype = r.made.dtype, .count = 1};
    vector.arguments[0] = static_cast<fused::Value>(group->slots.size() - 1);
    group->slots.push_back({vector, nullptr});
    vector.fn = 1;
    group->slots.push_back({vector, nullptr});
  }
  return group;
}

// The same elements under another shape: nothing to compute. Empty if x does not wait.
Array Decorator::renamed(const op::Reshape& op, Operands inputs) {
  if (!waiting(inputs[0].array())) return {};
  const Spec spec = op.infer(inputs);
  const Lock lock(mutex_);
  const LazyBody* x = waiting(inputs[0].array());
  if (!x || x->group->state != Group::State::Open) return {};
  auto* const body = Pool::make<LazyBody>(this, spec);
  x->group->slots[x->slot].row_major = true;
  x->group->attach(*body, x->slot, x->group);
  return Array(body);
}

// The group that an instruction with these inputs joins; none if no input waits. What cannot be in one runs first. Rows are
// the same under every shape that only renames what is before the last dim.
Ref<Group> Decorator::common_group(Lock& lock, Operands inputs, bool by_rows) {
  while (true) {
    Ref<Group> group, in_the_way;
    LazyBody* asked = nullptr;
    for (const Operand& x : inputs) {
      LazyBody* body = waiting(x.array());
      if (!body) continue;
      const Ref<Group> other = body->group;
      const bool usable = other->state == Group::State::Open && !is_end(other->slots[body->slot].instruction.code) &&
                          (body->shape == other->shape || (by_rows && same_rows(body->shape, other->shape)));
      if (!usable || !other->has_room()) {
        in_the_way = other;
        asked = body;
      } else if (!group) {
        group = other;
      } else if (other.get() != group.get()) {
        const std::uint64_t before = group->bytes;
        if (group->merge(*other, group)) {
          bytes_ += group->bytes - before;
          unlink(*other);
        } else {
          in_the_way = other;
        }
      }
      if (in_the_way) break;
    }
    if (!in_the_way && group && !group->has_room()) in_the_way = group;
    if (!in_the_way && oldest_ && oldest_ != group.get() &&
        (bytes_ > most.load(std::memory_order_relaxed) ||
         waiting_programs.load(std::memory_order_relaxed) > kMostWaiting)) {
      in_the_way = reference(*oldest_);
    }
    if (!in_the_way) return group;
    run(lock, in_the_way, asked);
  }
}

// A group that waits has readers, who hold it.
Ref<Group> Decorator::reference(const Group& group) {
  for (const Group::Slot& slot : group.slots)
    if (slot.readers) return slot.readers->group;
  return {};
}

}  // namespace fornax::fusion
