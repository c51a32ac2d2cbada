#pragma once
// Finding faults: a decorator that looks at the results of every operation, and sessions that collect what it saw.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <fornax/array/error.hpp>
#include <fornax/array/interpreter.hpp>
#include <fornax/array/ref.hpp>
#include <fornax/array/scope.hpp>
#include <fornax/decorators/statistics.hpp>

namespace fornax {

namespace check {

/// An operation whose result holds a NaN though no input did, or an infinity though all inputs were finite. Numbers in
/// the settings count as inputs: x + inf is no fault.
struct Fault : Counted {
  std::string operation;           // "log"
  std::string settings;            // "dim=1"; empty if there are none
  std::vector<std::string> scope;  // names of the scopes, outermost first; "backward" comes first in a backward pass
  std::string gradient_of;         // in backward, the operation whose gradient this is a part of
  std::vector<ArrayReport> inputs, results;

  /// Several lines.
  std::string str() const;
};

}  // namespace check

/// An operation made a NaN or an infinity; its inputs are untouched.
struct NonFinite : ValueError {
  explicit NonFinite(Ref<check::Fault> fault) : ValueError(fault->operation, fault->str()), fault_(std::move(fault)) {}
  const check::Fault& fault() const noexcept { return *fault_; }

 private:
  Ref<check::Fault> fault_;
};

namespace check {

/// The decorator around `inner`; one for each interpreter, made on first use. Any thread may ask.
Interpreter& around(Interpreter& inner);

enum class OnFault : std::uint8_t {
  Throw,   // NonFinite, from the call that made the fault
  Record,  // go on; the report tells
  Ignore,  // do not look at results: counts and times only
};

/// What a session watches for.
struct Options {
  OnFault on_fault = OnFault::Throw;
  bool infinities = true;           // false: only NaN is a fault
  std::size_t max_faults = 100;     // more are only counted
  std::size_t max_events = 200000;  // calls that the timeline keeps; more are only counted
};

/// All calls of one operation.
struct OperationTotals {
  std::string name;
  std::uint64_t calls = 0;
  double seconds = 0;                               // wall time of the wrapped interpreter, on all threads together
  std::uint64_t input_bytes = 0, output_bytes = 0;  // elements times their size, whether or not a view shares them
};

/// One call of an operation.
struct Event {
  std::size_t operation = 0;      // position in Report::event_names
  double start = 0, seconds = 0;  // in seconds since the session began
  int thread = 0;                 // in the order in which threads first ran an operation
  std::vector<std::string> scope;
  std::string arrays;  // "f32 [2, 3], f32 [3, 4] -> f32 [2, 4]"
};

/// What a session has seen.
struct Report {
  std::vector<Ref<Fault>> faults;  // in the order in which they occurred; the first is what to look at
  std::uint64_t fault_count = 0;
  std::vector<OperationTotals> operations;  // the one that took most time first
  std::vector<Event> events;                // in the order in which they ended
  std::vector<std::string> event_names;
  std::uint64_t dropped_events = 0;  // calls beyond Options::max_events

  /// Calls of one operation, 0 if there were none.
  std::uint64_t calls(std::string_view operation) const;
  /// A line for each operation: calls, times, bytes.
  std::string table() const;
  /// The faults and the table.
  std::string str() const;
  /// The timeline in the format of chrome://tracing and ui.perfetto.dev (JSON).
  std::string chrome_trace() const;
  /// The same as a file, as a whole or not at all. Throws IoError.
  void write_chrome_trace(const std::string& path) const;
};

/// Collects what Check sees on the calling thread while it lives. Sessions nest: the innermost one collects. Another
/// thread joins with Join. Must end on the thread that it began on.
class Session {
 public:
  explicit Session(const Options& options = {});
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// What was seen so far, on all threads.
  Report report() const;

  struct State;

 private:
  friend class Join;
  Ref<State> state_;
  State* outer_;
};

/// Lets the calling thread report to a session of another thread while it lives.
class Join {
 public:
  explicit Join(const Session& session);
  ~Join();
  Join(const Join&) = delete;
  Join& operator=(const Join&) = delete;

 private:
  Ref<Session::State> state_;
  Session::State* outer_;
};

/// Runs f in a session and returns what was seen; errors, NonFinite among them, pass through.
///
/// Example: std::cout << check::watch([&] { step(batch); }, {.on_fault = check::OnFault::Record}).str();
template <class F> Report watch(F&& f, const Options& options = {}) {
  const Session session(options);
  std::forward<F>(f)();
  return session.report();
}

}  // namespace check
}  // namespace fornax
