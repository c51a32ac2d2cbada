#pragma once
// The decorator itself: what fusion.cpp (operations come, programs run) and defer.cpp (operations wait) share.

#include <array>
#include <condition_variable>
#include <mutex>
#include <span>
#include <vector>

#include <fornax/array/interpreter.hpp>
#include <fornax/array/pool.hpp>
#include <fornax/decorators/fusion/group.hpp>
#include <fornax/decorators/fusion/instruction.hpp>

namespace fornax::fusion {

inline constinit std::atomic<std::int64_t> least{1 << 14};
inline constinit std::atomic<std::uint64_t> most{std::uint64_t{1} << 30};
inline constinit std::atomic<std::uint64_t> deferred{0}, instructions{0}, programs{0}, waiting_programs{0};

class Decorator final : public Interpreter {
 public:
  explicit Decorator(Interpreter& backend) : Interpreter(&backend, &kFamily, &least) {
    if (backend.inner())
      throw ValueError("Fusion", "stands around a backend, not around " + backend.name() + "; put it inside");
  }

  Arrays apply(const Op& op, Operands inputs) override;
  Array apply_one(const Op& op, Operands inputs) override;
  Array shortcut(const op::Binary& op, OperandsOf<2> inputs) override {
    return passes(inputs) ? inner()->shortcut(op, inputs) : Array();
  }
  Array shortcut(const op::WithScalar& op, OperandsOf<1> inputs) override {
    return passes(inputs) ? inner()->shortcut(op, inputs) : Array();
  }
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
  /// What is small passes through.
  bool passes(Operands inputs) const {
    bool small = true;
    for (const Operand& x : inputs)
      small = small && !lazy(x.array()) && x->numel() < least.load(std::memory_order_relaxed);
    return small;
  }
  LazyBody* waiting(const Array& x) const {
    LazyBody* body = lazy(x);
    return body && !body->ready.load(std::memory_order_acquire) ? body : nullptr;
  }
  const Array& value_of(LazyBody& body) {
    if (!body.ready.load(std::memory_order_acquire)) {
      Lock lock(mutex_);
      while (!body.ready.load(std::memory_order_relaxed)) run(lock, body.group, &body);
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
    fused::Instruction made;
    fused::Setting setting;
    fused::Walk walk = fused::Walk::Elements;
    std::int64_t rows = 1, columns = 0;
    Operands values;
    std::array<Operand, 2> swapped;
    std::vector<Array> vectors;
    std::uint64_t bytes_before = 0;  // that the group held
  };

  bool defer(const Op& op, Operands inputs, std::span<Array> results);
  void take_vectors(Request& r, Operands inputs);
  Ref<Group> joined(Lock& lock, Request& r);
  Array renamed(const op::Reshape& op, Operands inputs);
  Ref<Group> common_group(Lock& lock, Operands inputs, bool by_rows);
  static Ref<Group> reference(const Group& group);
  void run(Lock& lock, Ref<Group> group, const LazyBody* asked = nullptr);
  static void publish(Group::Slot& slot, const Array& result) noexcept;
  void link(Group& group);
  void unlink(Group& group);

  std::mutex mutex_;
  std::condition_variable ran_;
  Group *oldest_ = nullptr, *newest_ = nullptr;  // that wait
  std::uint64_t bytes_ = 0;                      // which they hold
};

}  // namespace fornax::fusion
