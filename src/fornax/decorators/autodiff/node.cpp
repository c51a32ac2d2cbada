#include <fornax/decorators/autodiff/node.hpp>

#include <fornax/array/pool.hpp>

namespace fornax::autodiff {

static_assert(sizeof(Record) <= Pool::kLargest);

Extras& Node::need_extras() {
  Extras* now = extras.load(std::memory_order_acquire);
  if (now) return *now;
  auto* fresh = new Extras;
  if (extras.compare_exchange_strong(now, fresh, std::memory_order_acq_rel)) return *fresh;
  delete fresh;
  return *now;
}

// Destroying a node releases its parents, and what it keeps may release nodes of other tapes. All of them queue up in
// one list of the thread, so that the depth of the calls does not grow with the length of the tape.
void NodeRef::free(Node* node) noexcept {
  if (node->leaf) return Pool::destroy(node);  // releases nothing
  static thread_local Node* released = nullptr;
  static thread_local bool draining = false;
  node->next_released = released;
  released = node;
  if (draining) return;
  draining = true;
  while (released) {
    Node* first = released;
    released = first->next_released;
    Pool::destroy(static_cast<Record*>(first));
  }
  draining = false;
}

}  // namespace fornax::autodiff
