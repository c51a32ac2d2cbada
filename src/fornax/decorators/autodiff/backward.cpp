#include <algorithm>
#include <memory>

#include <fornax/array/allocate.hpp>
#include <fornax/array/autocast.hpp>
#include <fornax/array/pool.hpp>
#include <fornax/decorators/autodiff/decorator.hpp>
#include <fornax/ops/functions.hpp>

namespace fornax::autodiff {

namespace {

constinit thread_local const Op* differentiated = nullptr;

// What a walk knows of a node.
struct Slot {
  explicit Slot(Node* n) : node(n) {}

  Node* node;
  Array gradient;                            // what has arrived for output 0
  std::unique_ptr<std::vector<Array>> more;  // and for the outputs after it
  std::uint32_t waiting = 0;                 // edges whose gradient has not arrived
  std::uint32_t edges = 0;                   // where this node's parents begin in Nodes::targets
  std::uint32_t next_ready;                  // the slot below this one on the stack of those that are ready
};

// One output, which no hook watches.
bool is_plain(const Node& node) { return node.outputs == 1 && !node.extras.load(std::memory_order_acquire); }

// Nodes of other regions and leaves are ends of a walk.
bool enters(const Walk& walk, const Node& node) {
  return !node.leaf && (walk.region == 0 || node.region == walk.region);
}

// The nodes of a walk. Those of a small graph live on the stack, so that a small backward allocates nothing.
struct Nodes {
  Nodes() = default;
  Nodes(const Nodes&) = delete;
  Nodes& operator=(const Nodes&) = delete;
  ~Nodes() {
    if (holds)
      for (Slot& slot : slots) let_go(slot);
  }

  SmallVector<Slot, 16> slots;
  SmallVector<std::uint32_t, 32> targets;  // slot of each parent, kNone for untracked inputs
  std::vector<std::uint32_t> table;        // open addressing: node -> slot; empty while the slots are few
  std::size_t mask = 0;
  bool holds = false;  // each slot owns its node, until it lets go

  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  static constexpr std::size_t kFew = 8;  // up to here looking at every slot is faster than hashing

  // The slot of a node, made if it is new.
  std::uint32_t slot_of(Node* node) {
    const auto index = static_cast<std::uint32_t>(slots.size());
    if (index > kFew) return hashed_slot_of(node);
    for (std::uint32_t s = 0; s < index; ++s)
      if (slots[s].node == node) return s;
    slots.emplace_back(node);
    return index;
  }

  // From now on each node lives until its slot lets go of it.
  void hold() {
    for (const Slot& slot : slots) slot.node->references.increment();
    holds = true;
  }
  static void let_go(Slot& slot) { NodeRef(std::exchange(slot.node, nullptr)); }

 private:
  static std::size_t hash(const Node* node) {
    return (reinterpret_cast<std::uintptr_t>(node) >> 6) * 0x9E3779B97F4A7C15ull >> 20;
  }

  [[gnu::noinline]] std::uint32_t hashed_slot_of(Node* node) {
    if (table.empty()) hash_all(8 * kFew);
    const auto index = static_cast<std::uint32_t>(slots.size());
    std::size_t i = hash(node) & mask;
    while (table[i] != kNone) {
      if (slots[table[i]].node == node) return table[i];
      i = (i + 1) & mask;
    }
    table[i] = index;
    slots.emplace_back(node);
    if (2 * slots.size() > table.size()) hash_all(2 * table.size());
    return index;
  }

  void hash_all(std::size_t size) {
    table.assign(size, kNone);
    mask = size - 1;
    for (std::uint32_t s = 0; s < slots.size(); ++s) {
      std::size_t i = hash(slots[s].node) & mask;
      while (table[i] != kNone) i = (i + 1) & mask;
      table[i] = s;
    }
  }
};

Array& sum_of(Slot& slot, std::uint32_t output) {
  if (output == 0) [[likely]]
    return slot.gradient;
  if (!slot.more) slot.more = std::make_unique<std::vector<Array>>(slot.node->outputs - 1);
  return (*slot.more)[output - 1];
}

inline void accumulate(Slot& slot, std::uint32_t output, Array&& gradient) {
  Array& sum = sum_of(slot, output);
  if (!sum.defined()) [[likely]] {
    sum.swap(gradient);
  } else {
    sum = std::move(sum) + std::move(gradient);
  }
}

// Runs the hooks of a complete gradient and reports whether one asked to keep it. Out of line: few nodes have any.
[[gnu::noinline]] bool run_hooks(Extras& extras, std::uint32_t output, Array& gradient) {
  std::vector<Extras::Entry> entries;
  {
    const std::lock_guard lock(extras.mutex);
    entries = extras.entries;
  }
  bool keep = false;
  for (const Extras::Entry& e : entries) {
    if (e.output != output) continue;
    if (!e.hook) {
      keep = true;
    } else if (e.hook->active.load(std::memory_order_relaxed)) {
      Array changed = e.hook->call(gradient);
      if (!changed.defined()) continue;
      require_same_type("register_hook", gradient, changed);
      require_same_shape("register_hook", gradient, changed);
      gradient = std::move(changed);
    }
  }
  return keep;
}

bool pass_hooks(Node& node, std::uint32_t output, Array& gradient) {
  Extras* extras = node.extras.load(std::memory_order_acquire);
  return extras && run_hooks(*extras, output, gradient);
}

// The rules of fornax are tested to give gradients of the right shape; a user's own may not.
void require_fits(const Record& node, const Arrays& gradients) {
  for (std::size_t i = 0; i < gradients.size() && i < node.inputs.size(); ++i) {
    const Array &x = node.inputs[i], &g = gradients[i];
    if (!x.defined() || !g.defined() || (g.shape() == x.shape() && g.dtype() == x.dtype())) continue;
    throw ShapeError(name(node.op), "the gradient of input " + std::to_string(i) + " has shape " + g.shape().str() +
                                        ", the input has " + x.shape().str());
  }
}

NodeRef another(Node& node) {
  node.references.increment();
  return NodeRef(&node);
}

// Ends of the walk and retained outputs: hooks see the gradients, and the result gets them. Returns true if any arrived.
bool deliver(Slot& slot, std::span<Array> gradients, const Walk& options, ReachedList& result) {
  Node& node = *slot.node;
  // A node of another region is another walk's business, its hooks too.
  const bool foreign = options.region != 0 && node.region != options.region;
  bool arrived = false;
  for (std::uint32_t o = 0; o < gradients.size(); ++o) {
    if (!gradients[o].defined()) continue;
    arrived = true;
    const bool kept = !foreign && pass_hooks(node, o, gradients[o]);
    if (kept || !enters(options, node)) result.push_back({another(node), o, gradients[o]});
  }
  return arrived;
}

[[gnu::noinline]] Arrays gradients_in_scope(const Record& record, std::span<const Array> arrived) {
  const detail::EnterScope scope(record.scope);
  Arrays down = vjp(record.op, record.inputs, {record.results.data(), record.results.size()}, arrived, record.wanted);
  require_fits(record, down);
  return down;
}

inline Arrays gradients_of(const Record& record, std::span<const Array> arrived) {
  if (!arrived[0].defined() && arrived.size() == 1) return {};
  differentiated = &record.op;
  const std::span<const Array> results(record.results.data(), record.results.size());
  if (record.scope) [[unlikely]]
    return gradients_in_scope(record, arrived);
  if (!std::holds_alternative<op::Custom>(record.op)) [[likely]]
    return vjp(record.op, record.inputs, results, arrived, record.wanted);
  Arrays down = vjp(record.op, record.inputs, results, arrived, record.wanted);
  require_fits(record, down);
  return down;
}

// A node with hooks, several outputs, or where the walk ends.
[[gnu::noinline]] Arrays visit_rare(Slot& slot, const Walk& options, ReachedList& result) {
  differentiated = nullptr;  // hooks belong to no operation
  Arrays gradients;
  gradients.push_back(std::move(slot.gradient));
  if (slot.more)
    for (Array& a : *slot.more) gradients.push_back(std::move(a));
  gradients.resize(slot.node->outputs);
  const bool arrived = deliver(slot, {gradients.data(), gradients.size()}, options, result);
  if (!arrived || !enters(options, *slot.node)) return {};
  return gradients_of(static_cast<const Record&>(*slot.node), {gradients.data(), gradients.size()});
}

// Finds every node that the roots were computed from and counts the edges into it. The slots serve as the queue.
void find_nodes(std::span<Reached> roots, const Walk& options, Nodes& s) {
  for (Reached& root : roots) accumulate(s.slots[s.slot_of(root.node.get())], root.output, std::move(root.gradient));
  for (std::size_t i = 0; i < s.slots.size(); ++i) {
    const Node& node = *s.slots[i].node;
    if (!enters(options, node)) continue;
    s.slots[i].edges = static_cast<std::uint32_t>(s.targets.size());
    for (const Edge& e : static_cast<const Record&>(node).parents) {
      const std::uint32_t target = e.node ? s.slot_of(e.node.get()) : Nodes::kNone;
      if (e.node) ++s.slots[target].waiting;
      s.targets.push_back(target);
    }
  }
  if (!options.release) return;
  s.hold();
  for (Reached& root : roots) root.node = NodeRef();
}

}  // namespace

std::string_view differentiated_operation() { return differentiated ? name(*differentiated) : std::string_view(); }

void walk_back(std::span<Reached> roots, const Walk& options, ReachedList& result) {
  const detail::Deeper in_backward(detail::backward_depth);
  const detail::SetAutocast as_recorded(DType::F32);
  struct Restore {
    const Op* outer = differentiated;
    ~Restore() { differentiated = outer; }
  } const restore;
  Nodes s;
  find_nodes(roots, options, s);

  // Visit each node when all its gradients are there; last in, first out. No slot is made any more.
  Slot* const slots = s.slots.data();
  const std::uint32_t* const targets = s.targets.data();
  std::uint32_t ready = Nodes::kNone;
  const auto arrive_at = [&](std::uint32_t index) {
    Slot& slot = slots[index];
    // An end of the walk that no hook watches needs no visit.
    if (slot.waiting > 0 || (slot.node->leaf && is_plain(*slot.node))) return;
    slot.next_ready = ready;
    ready = index;
  };
  for (std::uint32_t i = 0; i < roots.size() && i < s.slots.size(); ++i) arrive_at(i);  // roots have the first slots
  while (ready != Nodes::kNone) {
    Slot& slot = slots[ready];
    ready = slot.next_ready;
    const auto* record = enters(options, *slot.node) ? static_cast<const Record*>(slot.node) : nullptr;
    Arrays down =
        record && is_plain(*record) ? gradients_of(*record, {&slot.gradient, 1}) : visit_rare(slot, options, result);
    slot.gradient = Array();
    if (record) {
      const std::uint32_t* const target = targets + slot.edges;
      for (std::size_t i = 0; i < record->parents.size(); ++i) {
        if (target[i] == Nodes::kNone) continue;
        Slot& parent = slots[target[i]];
        if (i < down.size() && down[i].defined()) accumulate(parent, record->parents[i].output, std::move(down[i]));
        --parent.waiting;
        arrive_at(target[i]);
      }
    }
    if (options.release) Nodes::let_go(slot);
  }
  for (Slot& slot : s.slots)  // a gradient that is still there belongs to a leaf
    if (slot.gradient.defined()) result.emplace_back(another(*slot.node), 0u, std::move(slot.gradient));
}

struct GradientStore::Entries {
  Entries() {}  // NOLINT: defaulted, `new Entries()` would first zero the inline elements
  ReachedList list;
  std::vector<std::uint32_t> order;  // positions in `list` by node and output; empty while the list is short

  static constexpr std::size_t kShort = 16;

  static bool before(const Reached& a, const Node* node, std::uint32_t output) {
    return a.node.get() != node ? std::less<const Node*>()(a.node.get(), node) : a.output < output;
  }
  Reached* find(const Node* node, std::uint32_t output) {
    if (order.empty()) {
      for (Reached& r : list)
        if (r.node.get() == node && r.output == output) return &r;
      return nullptr;
    }
    const auto at = std::lower_bound(order.begin(), order.end(), node,
                                     [&](std::uint32_t i, const Node* n) { return before(list[i], n, output); });
    if (at == order.end()) return nullptr;
    Reached& r = list[*at];
    return r.node.get() == node && r.output == output ? &r : nullptr;
  }
  void sort() {
    order.clear();
    if (list.size() <= kShort) return;
    order.resize(list.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(),
              [&](std::uint32_t a, std::uint32_t b) { return before(list[a], list[b].node.get(), list[b].output); });
  }
};

GradientStore::GradientStore() : entries_(nullptr) {}
GradientStore::GradientStore(GradientStore&& other) noexcept : entries_(std::exchange(other.entries_, nullptr)) {}
GradientStore& GradientStore::operator=(GradientStore&& other) noexcept {
  std::swap(entries_, other.entries_);
  return *this;
}
GradientStore::~GradientStore() {
  if (entries_) Pool::destroy(entries_);
}

Array GradientStore::find(const Array& x) const {
  const TrackedBody* body = tracked_anywhere(x);
  const Reached* r = body && entries_ ? entries_->find(body->node.get(), body->output) : nullptr;
  return r ? r->gradient : Array();
}

Array GradientStore::remove(const Array& x) {
  const TrackedBody* body = tracked_anywhere(x);
  Reached* r = body && entries_ ? entries_->find(body->node.get(), body->output) : nullptr;
  if (!r) return Array();
  Array gradient = std::move(r->gradient);
  std::swap(*r, entries_->list[entries_->list.size() - 1]);
  entries_->list.pop_back();
  entries_->sort();
  return gradient;
}

void GradientStore::replace(const Array& x, Array gradient) {
  const TrackedBody* body = tracked_anywhere(x);
  if (!body) throw ValueError("grad_replace", "the tensor is not tracked; require_grad() on an input starts tracking");
  if (!(gradient.shape() == x.shape()))
    throw ShapeError("grad_replace",
                     "the gradient has shape " + gradient.shape().str() + ", the tensor has " + x.shape().str());
  require_same_type("grad_replace", x, gradient);
  if (!entries_) entries_ = Pool::make<Entries>();
  if (Reached* r = entries_->find(body->node.get(), body->output)) {
    r->gradient = std::move(gradient);
    return;
  }
  entries_->list.push_back({body->node, body->output, std::move(gradient)});
  entries_->sort();
}

std::size_t GradientStore::size() const { return entries_ ? entries_->list.size() : 0; }

GradientStore backward(const Interpreter& on, const Operand& root_operand, const Array& cotangent) try {
  const Array& root = root_operand.array();
  if (!root.defined()) throw ValueError("backward", "the tensor is empty: it was moved from, or never given a value");
  TrackedBody* body = tracked(on, root);
  if (!body)
    throw ValueError("backward", "the tensor is not tracked: nothing that it was computed from had require_grad()");
  Array seed = cotangent;
  if (seed.defined()) {
    if (!(seed.shape() == root.shape()))
      throw ShapeError("backward",
                       "cotangent has shape " + seed.shape().str() + ", the tensor has " + root.shape().str());
    require_same_type("backward", root, seed);
  } else {
    seed = full_like(body->value, 1.0);
    if (on.inner()->watches(seed.numel())) seed = on.inner()->enter(std::move(seed));
  }
  Reached start{body->node, body->output, std::move(seed)};
  root_operand.finish();
  GradientStore store;
  store.entries_ = Pool::make<GradientStore::Entries>();
  walk_back({&start, 1}, {.release = root_operand.given()}, store.entries_->list);
  store.entries_->sort();
  return store;
} catch (const std::bad_alloc&) {
  fornax::detail::throw_exhausted();
}

}  // namespace fornax::autodiff
