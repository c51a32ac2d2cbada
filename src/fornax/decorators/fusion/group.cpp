#include <fornax/decorators/fusion/group.hpp>

#include <algorithm>

#include <fornax/array/dense.hpp>
#include <fornax/decorators/fusion/instruction.hpp>

namespace fornax::fusion {

using fused::Instruction;
using fused::kInput;
using fused::Value;
using fused::Walk;

namespace {

bool reads_the_same(const Array& a, const Array& b) {
  if (a.body() == b.body()) return true;
  const DenseBody &x = dense(a), &y = dense(b);
  if (x.data != y.data || x.dtype != y.dtype) return false;
  for (int d = 0; d < a.rank(); ++d) {
    const auto at = static_cast<std::size_t>(d);
    if (a.shape()[d] != 1 && x.strides[at] != y.strides[at]) return false;
  }
  return true;
}

}  // namespace

std::uint64_t bytes_of(const Array& x) {
  std::uint64_t n = size_of(x.dtype());
  for (int d = 0; d < x.rank(); ++d)
    if (dense(x).strides[static_cast<std::size_t>(d)] != 0) n *= static_cast<std::uint64_t>(x.shape()[d]);
  return repeats_one_element(x) ? 0 : n;
}

Value Group::input(const Array& x) {
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (reads_the_same(inputs[i], x)) return static_cast<Value>(kInput + i);
  inputs.push_back(x);
  bytes += bytes_of(x);
  return static_cast<Value>(kInput + inputs.size() - 1);
}

bool Group::accepts(Walk with, std::int64_t in_rows, std::int64_t in_columns) const {
  if (walk == Walk::Elements || with == Walk::Elements) return true;
  if (rows != in_rows || columns != in_columns) return false;
  return walk == with || columns <= kLongestRow;
}

void Group::walk_with(Walk with, std::int64_t in_rows, std::int64_t in_columns) {
  if (with == Walk::Elements) return;
  walk = walk == Walk::Elements || walk == with ? with : Walk::WholeRows;
  rows = in_rows;
  columns = in_columns;
}

bool Group::merge(Group& other, const Ref<Group>& self) {
  if (slots.size() + other.slots.size() > kMostInstructions || inputs.size() + other.inputs.size() + 3 > kMostInputs)
    return false;
  if (!(other.shape == shape) || !accepts(other.walk, other.rows, other.columns)) return false;
  walk_with(other.walk, other.rows, other.columns);
  std::vector<Value> moved;
  for (const Array& x : other.inputs) moved.push_back(input(x));
  const auto first_slot = static_cast<Value>(slots.size());
  const auto first_setting = static_cast<std::uint16_t>(settings.size());
  settings.insert(settings.end(), other.settings.begin(), other.settings.end());
  slots.reserve(slots.size() + other.slots.size());
  for (Slot& slot : other.slots) {
    Instruction i = slot.instruction;
    for (std::size_t k = 0; k < i.count; ++k) {
      Value& v = i.arguments[k];
      v = v >= kInput ? moved[v - kInput] : static_cast<Value>(v + first_slot);
    }
    if (has_setting(i.code)) i.setting = static_cast<std::uint16_t>(i.setting + first_setting);
    slots.push_back({i, nullptr, slot.may_wait, slot.row_major});
    while (LazyBody* reader = slot.readers) {
      other.detach(*reader);
      attach(*reader, static_cast<Value>(slots.size() - 1), self);
    }
  }
  other.state = State::Done;
  return true;
}

void Group::attach(LazyBody& body, Value slot, const Ref<Group>& self) {
  body.group = self;
  body.slot = slot;
  body.next = std::exchange(slots[slot].readers, &body);
  ++readers;
}

void Group::detach(LazyBody& body) {
  LazyBody** at = &slots[body.slot].readers;
  while (*at != &body) at = &(*at)->next;
  *at = body.next;
  --readers;
}

}  // namespace fornax::fusion
