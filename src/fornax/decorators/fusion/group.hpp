#pragma once
// Operations that wait. A group is the part of a program that hangs together: its instructions have one shape, and each
// of them is connected with the others through results that wait.

#include <atomic>
#include <vector>

#include <fornax/array/array.hpp>
#include <fornax/array/ref.hpp>
#include <fornax/ops/fused.hpp>

namespace fornax::fusion {

struct Group;

/// An array of Fusion: evaluated, or the result of an instruction that waits. All but `ready` belongs to the decorator's
/// mutex until that is true; then it changes no more.
struct LazyBody : ArrayBody {
  LazyBody(Interpreter* owner, Array v)
      : ArrayBody(owner, v.dtype(), v.device(), v.shape()), ready(true), value(std::move(v)) {}
  LazyBody(Interpreter* owner, const Spec& spec) : ArrayBody(owner, spec.dtype, spec.device, spec.shape) {}

  std::atomic<bool> ready{false};
  Array value;               // the backend's
  Ref<Group> group;          // while it waits
  fused::Value slot = 0;     // which of the group's instructions
  LazyBody* next = nullptr;  // with the same instruction, under another shape
};

struct Group : Counted {
  enum class State : std::uint8_t { Open, Running, Done };

  /// Who waits for an instruction's result; none if nobody can read it any more.
  struct Slot {
    fused::Instruction instruction;
    LazyBody* readers;
    bool may_wait = false;   // when its group runs for another result
    bool row_major = false;  // in memory, as what has been reshaped is
  };

  explicit Group(const Shape& s) : shape(s) {}

  static constexpr std::size_t kMostInstructions = 64, kMostInputs = 32;

  Shape shape;
  State state = State::Open;
  fused::Walk walk = fused::Walk::Elements;
  std::int64_t rows = 1, columns = 0;  // of a walk that is not Elements
  std::vector<Slot> slots;
  std::vector<Array> inputs;  // the backend's arrays, of this shape
  std::vector<fused::Setting> settings;
  std::uint64_t bytes = 0;                   // of the inputs
  std::size_t readers = 0;                   // of all slots
  Group *older = nullptr, *newer = nullptr;  // among those that wait

  /// Whether instructions that walk in this way can be among its own.
  bool accepts(fused::Walk with, std::int64_t in_rows, std::int64_t in_columns) const;
  /// They are from now on.
  void walk_with(fused::Walk with, std::int64_t in_rows, std::int64_t in_columns);
  bool has_room() const { return slots.size() < kMostInstructions && inputs.size() + 3 <= kMostInputs; }
  /// x as an input; the one that is there if it reads the same memory in the same way.
  fused::Value input(const Array& x);
  /// Takes over the other group's instructions and their readers, if they fit.
  bool merge(Group& other, const Ref<Group>& self);
  void attach(LazyBody& body, fused::Value slot, const Ref<Group>& self);
  void detach(LazyBody& body);
};

/// The memory that an input of a program takes.
std::uint64_t bytes_of(const Array& x);

}  // namespace fornax::fusion
