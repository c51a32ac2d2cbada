#pragma once
// The tape: one node for each recorded operation. A tensor owns its node and a node owns its parents, so the tape is
// what live tensors reach, and dropping a result frees what led to it.

#include <atomic>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include <fornax/array/pool.hpp>
#include <fornax/array/scope.hpp>
#include <fornax/decorators/autodiff/hook.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::autodiff {

struct Node;
struct Record;

/// A counted pointer to a node. Chains of any length are freed without recursion.
class NodeRef {
 public:
  NodeRef() = default;
  /// Takes over one reference.
  explicit NodeRef(Node* node) : node_(node) {}
  NodeRef(const NodeRef& other);
  NodeRef(NodeRef&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  NodeRef& operator=(NodeRef other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  [[gnu::always_inline]] ~NodeRef() {
    if (node_) drop(node_);
  }
  Node* get() const { return node_; }
  Node* operator->() const { return node_; }
  explicit operator bool() const { return node_ != nullptr; }

 private:
  static inline void drop(Node* node) noexcept;
  static void free(Record* node) noexcept;
  Node* node_ = nullptr;
};

/// Where an input came from: one output of a node, or nowhere if it was not tracked.
struct Edge {
  NodeRef node;
  std::uint32_t output = 0;
};

/// What few nodes have.
struct Extras {
  struct Entry {
    std::uint32_t output;
    Ref<Hook> hook;  // null: keep the gradient of this output
  };
  std::mutex mutex;
  std::vector<Entry> entries;
};

/// A place on the tape: by itself a leaf, else the base of a Record. Only `extras` changes after recording, so any number
/// of threads may read a tape.
struct Node {
  explicit Node(bool is_leaf, std::uint64_t in_region) : leaf(is_leaf), region(in_region) {}
  ~Node() {
    if (Extras* e = extras.load(std::memory_order_acquire)) [[unlikely]]
      free(e);
  }

  RefCount references;
  std::uint32_t outputs = 1;
  bool leaf;
  std::uint64_t region;  // the checkpointed region that recorded it
  std::atomic<Extras*> extras{nullptr};

  Extras& need_extras();

 private:
  static void free(Extras* extras) noexcept;
};

/// A recorded operation.
struct Record : Node {
  template <class O> Record(const O& operation, std::uint64_t in_region) : Node(false, in_region), op(operation) {
    if (detail::current_scope) [[unlikely]]
      scope = *detail::current_scope;
  }

  Op op;
  SmallVector<Edge, 3> parents;  // one for each input
  Wanted wanted;                 // inputs that were tracked: those whose parent is a node
  Arrays inputs;                 // what backward keeps of each: the value, a shell, or nothing
  Arrays results;                // the results, if the rule reads them
  Ref<ScopePath> scope;          // where the user called the operation, if in a scope
  Record* next_released;         // in the list of those that are being freed
};

inline void NodeRef::drop(Node* node) noexcept {
  if (!node->references.decrement()) return;
  if (node->leaf) {
    Pool::destroy(node);  // releases nothing
  } else {
    free(static_cast<Record*>(node));
  }
}

inline NodeRef::NodeRef(const NodeRef& other) : node_(other.node_) {
  if (node_) node_->references.increment();
}

}  // namespace fornax::autodiff
