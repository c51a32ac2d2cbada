#include <fornax/decorators/fusion/fusion.hpp>

#include <condition_variable>
#include <cstdlib>
#include <mutex>

#include <fornax/array/dense.hpp>
#include <fornax/array/pool.hpp>
#include <fornax/decorators/around.hpp>
#include <fornax/decorators/fusion/group.hpp>
#include <fornax/decorators/fusion/instruction.hpp>

namespace fornax::fusion {

namespace {

using fused::Code;
using fused::Instruction;
using fused::Setting;
using fused::Walk;

constexpr std::uint64_t kMostWaiting = 256;  // programs

std::int64_t number_from(const char* variable, std::int64_t otherwise) {
  const char* text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): read once
  if (!text) return otherwise;
  char* end = nullptr;
  const long long n = std::strtoll(text, &end, 10);
  return end != text && *end == '\0' && n >= 0 ? static_cast<std::int64_t>(n) : otherwise;
}

constinit std::atomic<std::int64_t> least{1 << 14};
constinit std::atomic<std::uint64_t> most{std::uint64_t{1} << 30};

void read_environment() {
  static const bool read = [] {
    least = number_from("FORNAX_FUSION_LEAST", least);
    most = static_cast<std::uint64_t>(number_from("FORNAX_FUSION_BYTES", static_cast<std::int64_t>(most)));
    return true;
  }();
  static_cast<void>(read);
}

constinit std::atomic<std::uint64_t> deferred{0}, instructions{0}, programs{0}, waiting_programs{0};

bool same_rows(const Shape& a, const Shape& b) {
  return a.rank() > 0 && b.rank() > 0 && a[a.rank() - 1] == b[b.rank() - 1];
}

class Decorator final : public Interpreter {
 public:
  explicit Decorator(Interpreter& backend) : Interpreter(&backend, &kFamily, &least) {
    if (backend.inner())
      throw ValueError("Fusion", "stands around a backend, not around " + backend.name() + "; put it inside");
  }

  Arrays apply(const Op& op, Operands inputs) override;
  Array apply_one(const Op& op, Operands inputs) override;
  const Array& primal(const Array& array) override { return value_of(*static_cast<LazyBody*>(array.body())); }
  Array create(const Op& op) override { return enter(inner()->create(op)); }
  Array enter(Array a) override {
    if (a.interpreter() == this || a.numel() < least.load(std::memory_order_relaxed)) return a;
    return Array(Pool::make<LazyBody>(this, std::move(a)));
  }
  void destroy(ArrayBody* body) noexcept override;
  std::string name() const override { return "Fusion<" + inner()->name() + ">"; }

 private:
  static constexpr char kFamily = 0;
  using Lock = std::unique_lock<std::mutex>;

  LazyBody* lazy(const Array& x) const { return x.interpreter() == this ? static_cast<LazyBody*>(x.body()) : nullptr; }
  LazyBody* waiting(const Array& x) const {
    LazyBody* body = lazy(x);
    return body && !body->ready.load(std::memory_order_acquire) ? body : nullptr;
  }
  const Array& value_of(LazyBody& body) {
    if (!body.ready.load(std::memory_order_acquire)) {
      Lock lock(mutex_);
      while (!body.ready.load(std::memory_order_relaxed)) run(lock, body.group);
    }
    return body.value;
  }
  // The backend's side of an input, given away if the input was and nothing else holds it.
  Operand operand(const Operand& x) {
    LazyBody* body = lazy(x.array());
    if (!body) return x;
    value_of(*body);
    return Operand(body->value, x.reusable());
  }

  /// An instruction that looks for its group.
  struct Request {
    Instruction made;
    Setting setting;
    Walk walk = Walk::Elements;
    std::int64_t rows = 1, columns = 0;
    Operands values;
    std::array<Operand, 2> swapped;
    std::vector<Array> vectors;
    std::uint64_t bytes_before = 0;  // that the group held
  };

  template <std::size_t n> bool defer(const Op& op, Operands inputs, Array (&results)[n]);
  void take_vectors(Request& r, Operands inputs);
  Ref<Group> joined(Lock& lock, Request& r);
  Array renamed(const op::Reshape& op, Operands inputs);
  Ref<Group> common_group(Lock& lock, Operands inputs, bool by_rows);
  static Ref<Group> reference(const Group& group);
  void run(Lock& lock, Ref<Group> group);
  static void publish(Group::Slot& slot, const Array& result) noexcept;
  void link(Group& group);
  void unlink(Group& group);

  std::mutex mutex_;
  std::condition_variable ran_;
  Group *oldest_ = nullptr, *newest_ = nullptr;  // that wait
  std::uint64_t bytes_ = 0;                      // which they hold
};

Array Decorator::apply_one(const Op& op, Operands inputs) {
  if (inputs.empty()) return create(op);
  // What is small passes through.
  bool small = true;
  for (const Operand& x : inputs)
    small = small && !lazy(x.array()) && x->numel() < least.load(std::memory_order_relaxed);
  if (small) return enter(inner()->apply_one(op, inputs));
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

// The operation's results, to be computed later; none if it has to run now.
template <std::size_t n> bool Decorator::defer(const Op& op, Operands inputs, Array (&results)[n]) {
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
  LazyBody* bodies[n] = {};
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
  group->slots.push_back({r.made, nullptr});
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
  x->group->attach(*body, x->slot, x->group);
  return Array(body);
}

// The group that an instruction with these inputs joins; none if no input waits. What cannot be in one runs first. Rows are
// the same under every shape that only renames what is before the last dim.
Ref<Group> Decorator::common_group(Lock& lock, Operands inputs, bool by_rows) {
  while (true) {
    Ref<Group> group, in_the_way;
    for (const Operand& x : inputs) {
      LazyBody* body = waiting(x.array());
      if (!body) continue;
      const Ref<Group> other = body->group;
      const bool usable = other->state == Group::State::Open && !is_end(other->slots[body->slot].instruction.code) &&
                          (body->shape == other->shape || (by_rows && same_rows(body->shape, other->shape)));
      if (!usable || !other->has_room()) {
        in_the_way = other;
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
    run(lock, in_the_way);
  }
}

// A group that waits has readers, who hold it.
Ref<Group> Decorator::reference(const Group& group) {
  for (const Group::Slot& slot : group.slots)
    if (slot.readers) return slot.readers->group;
  return {};
}

// Runs a group, or waits until the thread that runs it is done. The lock is open meanwhile.
void Decorator::run(Lock& lock, Ref<Group> group) {
  if (group->state == Group::State::Running) return ran_.wait(lock);
  if (group->state == Group::State::Done) return;
  const Job job = job_of(*group);
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

}  // namespace

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
