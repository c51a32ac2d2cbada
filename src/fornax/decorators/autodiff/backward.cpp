#include <algorithm>
#include <bit>
#include <memory>

#include <fornax/array/pool.hpp>
#include <fornax/decorators/autodiff/decorator.hpp>
#include <fornax/ops/functions.hpp>

namespace fornax::autodiff {

namespace {

// What a walk knows of a node.
struct Slot {
  explicit Slot(Node* n) : node(n) {}

  Node* node;
  NodeRef held;               // only when releasing: the walk then owns what it has not used yet
  std::uint32_t waiting = 0;  // edges whose gradient has not arrived
  std::uint32_t edges = 0;    // where this node's parents begin in Scratch::targets
  Array gradient;             // what has arrived for output 0
  std::vector<Array> more;    // and for the outputs after it
};

// Buffers that a thread keeps from walk to walk: a small backward allocates nothing.
struct Scratch {
  std::vector<Slot> slots;
  std::vector<std::uint32_t> targets;  // slot of each parent, kNone for untracked inputs
  std::vector<std::uint32_t> ready;
  std::vector<std::uint32_t> table;    // open addressing: node -> slot
  std::uint32_t mask = 0;

  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  static constexpr std::size_t kKeep = 4096;  // slots; larger walks give their memory back

  void clear() {
    slots.clear();
    targets.clear();
    ready.clear();
    if (table.size() > 2 * kKeep) {
      *this = Scratch();
    }
    if (table.empty()) table.resize(32);
    std::fill(table.begin(), table.end(), kNone);
    mask = static_cast<std::uint32_t>(table.size() - 1);
  }

  static std::size_t hash(const Node* node) {
    return (reinterpret_cast<std::uintptr_t>(node) >> 6) * 0x9E3779B97F4A7C15ull >> 20;
  }

  // The slot of a node, made if it is new.
  std::uint32_t slot_of(Node* node) {
    std::size_t i = hash(node) & mask;
    while (table[i] != kNone) {
      if (slots[table[i]].node == node) return table[i];
      i = (i + 1) & mask;
    }
    const auto index = static_cast<std::uint32_t>(slots.size());
    table[i] = index;
    slots.emplace_back(node);
    if (2 * slots.size() > table.size()) grow();
    return index;
  }

  void grow() {
    table.assign(table.size() * 2, kNone);
    mask = static_cast<std::uint32_t>(table.size() - 1);
    for (std::uint32_t s = 0; s < slots.size(); ++s) {
      std::size_t i = hash(slots[s].node) & mask;
      while (table[i] != kNone) i = (i + 1) & mask;
      table[i] = s;
    }
  }
};

// A walk may start another one (a checkpointed region, a hook), so the thread's buffers are taken, not shared.
class BorrowedScratch {
 public:
  BorrowedScratch() : scratch_(std::move(idle())) {
    if (!scratch_) scratch_ = std::make_unique<Scratch>();
    scratch_->clear();
  }
  ~BorrowedScratch() {
    scratch_->slots.clear();
    if (!idle()) idle() = std::move(scratch_);
  }
  Scratch* operator->() { return scratch_.get(); }

 private:
  static std::unique_ptr<Scratch>& idle() {
    static thread_local std::unique_ptr<Scratch> scratch;
    return scratch;
  }
  std::unique_ptr<Scratch> scratch_;
};

void accumulate(Slot& slot, std::uint32_t output, Array gradient) {
  if (output > 0 && slot.more.empty()) slot.more.resize(slot.node->outputs - 1);
  Array& sum = output == 0 ? slot.gradient : slot.more[output - 1];
  sum = sum.defined() ? std::move(sum) + std::move(gradient) : std::move(gradient);
}

// Runs the hooks of a complete gradient and reports whether one asked to keep it.
bool pass_hooks(Node& node, std::uint32_t output, Array& gradient) {
  Extras* extras = node.extras.load(std::memory_order_acquire);
  if (!extras) return false;
  std::vector<Extras::Entry> entries;
  {
    const std::lock_guard lock(extras->mutex);
    entries = extras->entries;
  }
  bool keep = false;
  for (const Extras::Entry& e : entries) {
    if (e.output != output) continue;
    if (!e.hook) {
      keep = true;
    } else if (e.hook->active.load(std::memory_order_relaxed)) {
      Array changed = e.hook->call(gradient);
      if (changed.defined()) gradient = std::move(changed);
    }
  }
  return keep;
}

void require_fits(const Node& node, std::size_t input, const Array& gradient) {
  const Array& x = node.inputs[input];
  if (!x.defined() || (gradient.shape() == x.shape() && gradient.dtype() == x.dtype())) return;
  throw ShapeError(name(node.op), "the gradient of input " + std::to_string(input) + " has shape " +
                                      gradient.shape().str() + ", the input has " + x.shape().str());
}

}  // namespace

ReachedList walk_back(ReachedList roots, const Walk& options) {
  BorrowedScratch s;
  const auto entered = [&](const Node& n) {
    return !n.leaf && (options.region == 0 || n.region == options.region);
  };

  // Find every node and count the edges into it. The slots serve as the queue.
  for (Reached& root : roots) {
    const std::uint32_t slot = s->slot_of(root.node.get());
    if (options.release) s->slots[slot].held = std::move(root.node);
    accumulate(s->slots[slot], root.output, std::move(root.gradient));
  }
  for (std::size_t i = 0; i < s->slots.size(); ++i) {
    Node& node = *s->slots[i].node;
    s->slots[i].edges = static_cast<std::uint32_t>(s->targets.size());
    if (!entered(node)) continue;
    for (const Edge& e : node.parents) {
      std::uint32_t target = Scratch::kNone;
      if (e.node) {
        target = s->slot_of(e.node.get());
        ++s->slots[target].waiting;
        if (options.release && !s->slots[target].held) s->slots[target].held = e.node;
      }
      s->targets.push_back(target);
    }
  }

  ReachedList result;
  for (std::uint32_t i = 0; i < s->slots.size(); ++i) {
    if (s->slots[i].waiting == 0) s->ready.push_back(i);
  }
  while (!s->ready.empty()) {
    const std::uint32_t index = s->ready.back();
    s->ready.pop_back();
    Node& node = *s->slots[index].node;
    Arrays gradients(std::move(s->slots[index].gradient));
    for (Array& a : s->slots[index].more) gradients.push_back(std::move(a));
    gradients.resize(node.outputs);
    const bool enters = entered(node);

    bool arrived = false;
    for (std::uint32_t o = 0; o < node.outputs; ++o) {
      if (!gradients[o].defined()) continue;
      arrived = true;
      // A node outside the region is another walk's business, its hooks too.
      const bool foreign = options.region != 0 && node.region != options.region;
      const bool kept = !foreign && pass_hooks(node, o, gradients[o]);
      if (!enters || kept) {
        if (options.release) {
          result.push_back({s->slots[index].held, o, gradients[o]});
        } else {
          node.references.fetch_add(1, std::memory_order_relaxed);
          result.push_back({NodeRef(&node), o, gradients[o]});
        }
      }
    }
    if (enters) {
      Arrays inputs;
      if (arrived) {
        Wanted wanted;
        for (std::size_t i = 0; i < node.parents.size(); ++i)
          if (node.parents[i].node) wanted.set(i);
        inputs = vjp(node.op, node.inputs, node.results, gradients, wanted);
        gradients.clear();
      }
      const std::uint32_t first = s->slots[index].edges;
      for (std::size_t i = 0; i < node.parents.size(); ++i) {
        const std::uint32_t target = s->targets[first + i];
        if (target == Scratch::kNone) continue;
        if (i < inputs.size() && inputs[i].defined()) {
          require_fits(node, i, inputs[i]);
          accumulate(s->slots[target], node.parents[i].output, std::move(inputs[i]));
        }
        if (--s->slots[target].waiting == 0) s->ready.push_back(target);
      }
    }
    s->slots[index].held = NodeRef();
  }
  return result;
}

struct GradientStore::Entries {
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
    const auto at = std::lower_bound(order.begin(), order.end(), node, [&](std::uint32_t i, const Node* n) {
      return before(list[i], n, output);
    });
    if (at == order.end()) return nullptr;
    Reached& r = list[*at];
    return r.node.get() == node && r.output == output ? &r : nullptr;
  }
  void sort() {
    order.clear();
    if (list.size() <= kShort) return;
    order.resize(list.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      return before(list[a], list[b].node.get(), list[b].output);
    });
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

GradientStore backward(const Interpreter& on, const Operand& root_operand, const Array& cotangent) {
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
  }
  ReachedList roots(Reached{body->node, body->output, std::move(seed)});
  root_operand.finish();
  GradientStore store;
  store.entries_ = Pool::make<GradientStore::Entries>();
  store.entries_->list = walk_back(std::move(roots), {.release = root_operand.given()});
  store.entries_->sort();
  return store;
}

}  // namespace fornax::autodiff
