#pragma once
// How a run is stopped from outside: by a signal, by other code, by a viewer.

#include <memory>

#include <fornax/train/view.hpp>

namespace fornax::train {

/// A handle by which other code, from any thread, asks a run to stop or to save. Copies are of the same run.
///
/// Example: auto interrupter = learner.interrupter();
///          std::thread watcher([=] { wait_for_button(); interrupter.stop(); });
class Interrupter {
 public:
  Interrupter();
  /// The step is finished and saved, then `fit` returns.
  void stop() const;
  /// A checkpoint after this step.
  void save() const;
  /// What was asked for since the last call.
  Request take() const;

 private:
  struct Flags;
  std::shared_ptr<Flags> flags_;
};

namespace detail {

/// While one lives, the first SIGINT or SIGTERM is only noted, and a second one ends the process at once. Signals that were
/// ignored before stay so. The old handlers come back with the end of the last one.
class SignalGuard {
 public:
  explicit SignalGuard(bool active);
  ~SignalGuard();
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;

  /// True if a signal came.
  bool noted() const;

 private:
  bool active_;
};

}  // namespace detail
}  // namespace fornax::train
