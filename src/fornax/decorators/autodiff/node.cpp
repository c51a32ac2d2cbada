#include <fornax/decorators/autodiff/node.hpp>

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

[[gnu::noinline]] void Node::free(Extras* extras) noexcept { delete extras; }

// Destroying a node releases its parents, and what it keeps may release nodes of other tapes. All of them queue up in
// one list of the thread, so that the depth of the calls does not grow with the length of the tape.
void NodeRef::free(Record* node) noexcept {
  static thread_local Record** queue = nullptr;
  if (queue) {
    node->next_released = *queue;
    *queue = node;
    return;
  }
  Record* released = nullptr;
  queue = &released;
  while (node) {
    Pool::destroy(node);
    node = released;
    if (node) released = node->next_released;
  }
  queue = nullptr;
}

}  // namespace fornax::autodiff
