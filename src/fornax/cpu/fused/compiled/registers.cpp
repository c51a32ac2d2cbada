#include <fornax/cpu/fused/compiled/registers.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace fornax::cpu {

namespace {

bool commutes(VectorFn fn) {
  return fn == VectorFn::Add || fn == VectorFn::Mul || fn == VectorFn::And || fn == VectorFn::Or ||
         fn == VectorFn::Xor || fn == VectorFn::AddInt || fn == VectorFn::Fma || fn == VectorFn::NegFma;
}

// Registers that are free, the one given back last on top.
class Pool {
 public:
  explicit Pool(std::size_t n) {
    for (std::size_t i = n; i-- > 0;) free_.push_back(static_cast<std::uint16_t>(i));
  }
  std::optional<std::uint16_t> take() {
    if (free_.empty()) return {};
    const std::uint16_t r = free_.back();
    free_.pop_back();
    return r;
  }
  void give(std::uint16_t r) { free_.push_back(r); }

 private:
  std::vector<std::uint16_t> free_;
};

}  // namespace

std::vector<MachineOp> select_instructions(const VectorCode& code) {
  const std::vector<VectorOp>& ops = code.ops();
  std::vector<bool> needed(ops.size(), false);
  for (std::size_t i = ops.size(); i-- > 0;) {
    needed[i] = needed[i] || is_store(ops[i].fn);
    for (int k = 0; needed[i] && k < operands_of(ops[i].fn); ++k) needed[ops[i].x[k]] = true;
  }
  std::vector<MachineOp> made;
  std::vector<std::uint16_t> number(ops.size());
  for (std::size_t i = 0; i < ops.size(); ++i) {
    if (!needed[i] || is_leaf(ops[i].fn)) continue;
    const auto origin = static_cast<VectorId>(i);
    VectorOp op = ops[i];
    const int count = operands_of(op.fn);
    const auto leaf = [&](int k) { return k < count && is_leaf(ops[op.x[k]].fn); };
    if (commutes(op.fn) && leaf(0) && !leaf(1)) std::swap(op.x[0], op.x[1]);
    // One operand may lie in memory: the second one, or the third one of what multiplies and adds.
    int in_memory = 1;
    if (count == 1) in_memory = -1;
    if ((op.fn == VectorFn::Fma || op.fn == VectorFn::NegFma) && leaf(2)) in_memory = 2;
    MachineOp to{op.fn, {}, op.immediate, 0, origin};
    for (int k = 0; k < count; ++k) {
      MachineOperand& x = to.x[k];
      if (!leaf(k)) {
        x.from = number[op.x[k]];
        continue;
      }
      const VectorOp& from = ops[op.x[k]];
      x.in_memory = k == in_memory;
      x.leaf = from.fn;
      x.immediate = from.immediate;
      if (x.in_memory) continue;
      made.push_back({from.fn, {}, from.immediate, 0, origin});
      x.from = static_cast<std::uint16_t>(made.size() - 1);
    }
    number[i] = static_cast<std::uint16_t>(made.size());
    made.push_back(to);
  }
  return made;
}

std::vector<MachineOp> interleaved(const std::vector<MachineOp>& ops) {
  const auto latency = [](VectorFn fn) {
    if (is_load(fn) || is_leaf(fn)) return 8;
    return fn == VectorFn::Div || fn == VectorFn::Sqrt ? 15 : 4;
  };
  // Cycles from an instruction to the last one that waits for it.
  std::vector<int> to_end(ops.size(), 0);
  int of_loads = std::numeric_limits<int>::max();
  for (std::size_t i = ops.size(); i-- > 0;) {
    to_end[i] += latency(ops[i].fn);
    if (is_load(ops[i].fn)) of_loads = std::min(of_loads, to_end[i]);
    for (int k = 0; k < operands_of(ops[i].fn); ++k)
      if (const MachineOperand& x = ops[i].x[k]; !x.in_memory) to_end[x.from] = std::max(to_end[x.from], to_end[i]);
  }
  std::vector<std::uint16_t> order(ops.size()), place(ops.size());
  for (std::size_t i = 0; i < ops.size(); ++i) {
    order[i] = static_cast<std::uint16_t>(i);
    if (is_store(ops[i].fn) && operands_of(ops[i].fn) > 0) to_end[i] = std::min(to_end[ops[i].x[0].from], of_loads) - 1;
  }
  std::stable_sort(order.begin(), order.end(), [&](std::uint16_t a, std::uint16_t b) { return to_end[a] > to_end[b]; });
  std::vector<MachineOp> all;
  for (const std::uint16_t i : order) {
    place[i] = static_cast<std::uint16_t>(all.size());
    MachineOp& op = all.emplace_back(ops[i]);
    for (int k = 0; k < operands_of(op.fn); ++k)
      if (!op.x[k].in_memory) op.x[k].from = place[op.x[k].from];
  }
  return all;
}

std::optional<VectorId> assign_registers(std::vector<MachineOp>& ops, std::size_t vectors, std::size_t masks) {
  std::vector<std::size_t> last(ops.size(), 0);
  for (std::size_t i = 0; i < ops.size(); ++i)
    for (int k = 0; k < operands_of(ops[i].fn); ++k)
      if (!ops[i].x[k].in_memory) last[ops[i].x[k].from] = i;
  Pool vector_pool(vectors), mask_pool(masks);
  const auto pool_of = [&](VectorFn fn) -> Pool& { return gives_mask(fn) ? mask_pool : vector_pool; };
  for (std::size_t i = 0; i < ops.size(); ++i) {
    MachineOp& op = ops[i];
    const int count = operands_of(op.fn);
    // Operands are read before the result is written, so what ends here makes room for it.
    for (int k = 0; k < count; ++k) {
      MachineOperand& x = op.x[k];
      if (x.in_memory) continue;
      x.register_ = ops[x.from].register_;
      if (last[x.from] != i) continue;
      pool_of(ops[x.from].fn).give(x.register_);
      last[x.from] = ops.size();  // once
    }
    if (is_store(op.fn)) continue;
    const std::optional<std::uint16_t> r = pool_of(op.fn).take();
    if (!r) return op.origin;
    op.register_ = *r;
  }
  return {};
}

std::vector<ResidentLeaf> resident_leaves(const std::vector<MachineOp>& ops, std::size_t first, std::size_t end) {
  std::vector<std::pair<std::size_t, ResidentLeaf>> found;  // with the times that each is read
  for (const MachineOp& op : ops)
    for (int k = 0; k < operands_of(op.fn); ++k) {
      const MachineOperand& x = op.x[k];
      if (!x.in_memory) continue;
      const auto at = std::find_if(found.begin(), found.end(), [&](const auto& f) {
        return f.second.fn == x.leaf && f.second.immediate == x.immediate;
      });
      if (at == found.end())
        found.push_back({1, {x.leaf, x.immediate, 0}});
      else
        ++at->first;
    }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<ResidentLeaf> all;
  for (std::size_t i = 0; i < found.size() && first < end; ++i) {
    all.push_back(found[i].second);
    all.back().register_ = static_cast<std::uint16_t>(first++);
  }
  return all;
}

}  // namespace fornax::cpu
