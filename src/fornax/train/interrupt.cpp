#include <fornax/train/interrupt.hpp>

#include <atomic>
#include <csignal>
#include <mutex>

namespace fornax::train {

struct Interrupter::Flags {
  std::atomic<bool> stop{false}, save{false};
};

Interrupter::Interrupter() : flags_(std::make_shared<Flags>()) {}
void Interrupter::stop() const { flags_->stop = true; }
void Interrupter::save() const { flags_->save = true; }
Request Interrupter::take() const {
  return {.stop = flags_->stop && flags_->stop.exchange(false), .save = flags_->save && flags_->save.exchange(false)};
}

namespace detail {

namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM};

std::mutex guards_mutex;
int guards = 0;  // guarded by guards_mutex, as the next one
struct sigaction before[std::size(kSignals)];
std::atomic<int> signals{0};
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void note_signal(int signal) {
  if (signals.fetch_add(1) == 0) return;
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

}  // namespace

SignalGuard::SignalGuard(bool active) : active_(active) {
  if (!active_) return;
  const std::lock_guard lock(guards_mutex);
  if (guards++ > 0) return;
  signals = 0;
  for (std::size_t i = 0; i < std::size(kSignals); ++i) {
    struct sigaction now {};
    now.sa_handler = note_signal;
    now.sa_flags = SA_RESTART;  // so that reading and writing go on
    sigemptyset(&now.sa_mask);
    ::sigaction(kSignals[i], nullptr, &before[i]);
    if (before[i].sa_handler != SIG_IGN) ::sigaction(kSignals[i], &now, nullptr);
  }
}

SignalGuard::~SignalGuard() {
  if (!active_) return;
  const std::lock_guard lock(guards_mutex);
  if (--guards > 0) return;
  for (std::size_t i = 0; i < std::size(kSignals); ++i) ::sigaction(kSignals[i], &before[i], nullptr);
}

bool SignalGuard::noted() const { return active_ && signals.load(std::memory_order_relaxed) > 0; }

}  // namespace detail
}  // namespace fornax::train
