#include <fornax/decorators/fusion/fusion.hpp>

#include <cstdlib>

#include <fornax/array/dense.hpp>
#include <fornax/decorators/around.hpp>
#include <fornax/decorators/fusion/decorator.hpp>
#include <fornax/decorators/fusion/job.hpp>

namespace fornax::fusion {

namespace {

using fused::Setting;
using fused::Walk;

std::int64_t number_from(const char* variable, std::int64_t otherwise) {
  const char* text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): read once
  if (!text) return otherwise;
  char* end = nullptr;
  const long long n = std::strtoll(text, &end, 10);
  return end != text && *end == '\0' && n >= 0 ? static_cast<std::int64_t>(n) : otherwise;
}

void read_environment() {
  static const bool read = [] {
    least = number_from("FORNAX_FUSION_LEAST", least);
    most = static_cast<std::uint64_t>(number_from("FORNAX_FUSION_BYTES", static_cast<std::int64_t>(most)));
    return true;
  }();
  static_cast<void>(read);
}

}  // namespace

Array Decorator::apply_one(const Op& op, Operands inputs) {
  if (inputs.empty()) return create(op);
  if (passes(inputs)) return enter(inner()->apply_one(op, inputs));
  // Also when FORNAX_FUSION_LEAST is 0: no elements, no work.
  if (const std::int64_t n = inputs[0]->numel(); n >= least.load(std::memory_order_relaxed) && n > 0) {
    if (const auto* reshape = std::get_if<op::Reshape>(&op)) {
      Array y = renamed(*reshape, inputs);
      if (y.defined()) return y;
    } else if (Array y[1]; !std::holds_alternative<op::GroupNormGrad>(op) && defer(op, inputs, y)) {
      return std::move(y[0]);
    }
  } else if (const auto* reshape = std::get_if<op::Reshape>(&op)) {
    Array y = renamed(*reshape, inputs);
    if (y.defined()) return y;
  }
  constexpr std::size_t kFew = 4;
  if (inputs.size() > kFew) return std::move(apply(op, inputs)[0]);
  Operand values[kFew];
  for (std::size_t i = 0; i < inputs.size(); ++i) values[i] = operand(inputs[i]);
  return enter(inner()->apply_one(op, {values, inputs.size()}));
}

Arrays Decorator::apply(const Op& op, Operands inputs) {
  if (inputs.size() <= 3) {
    Setting setting;
    const bool one = !inputs.empty() && !std::holds_alternative<op::GroupNormGrad>(op) &&
                     instruction_of(op, inputs[0].array(), setting).has_value();
    if (one || inputs.empty() || std::holds_alternative<op::Reshape>(op)) return apply_one(op, inputs);
  }
  if (const auto* grad = std::get_if<op::GroupNormGrad>(&op)) {
    const std::int64_t n = inputs.empty() ? 0 : inputs[0]->numel();
    if (Array y[3]; n > 0 && n >= least.load(std::memory_order_relaxed) && defer(op, inputs, y)) {
      Arrays results{std::move(y[0])};
      for (std::size_t k = 1; k < (grad->affine ? 3 : 1); ++k) results.push_back(std::move(y[k]));
      return results;
    }
  }
  std::vector<Operand> values;
  values.reserve(inputs.size());
  for (const Operand& x : inputs) values.push_back(operand(x));
  Arrays results = inner()->apply(op, values);
  for (Array& y : results) y = enter(std::move(y));
  return results;
}

// Runs a group so that `asked` is there afterwards, or everything that can be read; or waits until the thread that runs it is done.
// The lock is open meanwhile.
void Decorator::run(Lock& lock, Ref<Group> group, const LazyBody* asked) {
  if (group->state == Group::State::Running) return ran_.wait(lock);
  if (group->state == Group::State::Done) return;
  Job job = job_of(*group, asked);
  group->state = Group::State::Running;
  unlink(*group);
  Arrays results;
  lock.unlock();
  try {
    if (!job.results.empty())
      results = static_cast<Backend*>(inner())->run_program(
          {.program = job.program,
           .shape = group->shape,
           .rows = group->rows,
           .columns = group->walk == Walk::Elements ? group->shape.numel() : group->columns,
           .inputs = group->inputs,
           .settings = group->settings,
           .results = job.results,
           .row_major = job.row_major});
  } catch (...) {
    lock.lock();
    group->state = Group::State::Open;
    if (group->readers > 0) link(*group);
    ran_.notify_all();
    throw;
  }
  lock.lock();
  for (std::size_t k = 0; k < job.slots.size(); ++k) publish(group->slots[job.slots[k]], results[k]);
  if (job.leave(*group, results)) link(*job.rest);
  group->state = Group::State::Done;
  group->inputs.clear();
  ran_.notify_all();
  instructions.fetch_add(job.program.code.size(), std::memory_order_relaxed);
  programs.fetch_add(1, std::memory_order_relaxed);
}

// Without an exception halfway: only a small block is taken, for a second shape.
void Decorator::publish(Group::Slot& slot, const Array& result) noexcept {
  for (LazyBody* reader = std::exchange(slot.readers, nullptr); reader;) {
    LazyBody* const next = reader->next;
    const Shape& shape = reader->shape;
    reader->value = result.shape() == shape ? result : view(result, shape, contiguous_strides(shape), 0);
    reader->group = {};
    reader->ready.store(true, std::memory_order_release);  // from here on it may be gone
    reader = next;
  }
}

void Decorator::destroy(ArrayBody* base) noexcept {
  auto* body = static_cast<LazyBody*>(base);
  if (!body->ready.load(std::memory_order_acquire)) {
    const Lock lock(mutex_);
    if (!body->ready.load(std::memory_order_relaxed)) {
      const Ref<Group> group = std::move(body->group);
      group->detach(*body);
      if (group->readers == 0 && group->state == Group::State::Open) unlink(*group);
    }
  }
  Pool::destroy(body);
}

void Decorator::link(Group& group) {
  group.older = newest_;
  group.newer = nullptr;
  (newest_ ? newest_->newer : oldest_) = &group;
  newest_ = &group;
  bytes_ += group.bytes;
  waiting_programs.fetch_add(1, std::memory_order_relaxed);
}

void Decorator::unlink(Group& group) {
  (group.older ? group.older->newer : oldest_) = group.newer;
  (group.newer ? group.newer->older : newest_) = group.older;
  bytes_ -= group.bytes;
  waiting_programs.fetch_sub(1, std::memory_order_relaxed);
}

Interpreter& around(Interpreter& backend) {
  read_environment();
  return decorator_around<Decorator>(backend);
}

std::int64_t least_elements() {
  read_environment();
  return least;
}
void set_least_elements(std::int64_t n) {
  if (n < 0) throw ValueError("set_least_elements", "the number of elements is " + std::to_string(n));
  read_environment();
  least = n;
}

std::uint64_t most_bytes() {
  read_environment();
  return most;
}
void set_most_bytes(std::uint64_t bytes) {
  read_environment();
  most = bytes;
}

Stats stats() { return {deferred, instructions, programs, waiting_programs}; }

}  // namespace fornax::fusion
