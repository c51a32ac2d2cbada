#pragma once
// The inside of a session, shared by the decorator and the reports.

#include <chrono>
#include <map>
#include <mutex>

#include <fornax/decorators/check/check.hpp>

namespace fornax::check {

using Clock = std::chrono::steady_clock;

struct Session::State : Counted {
  explicit State(const Options& o) : options(o) {}

  const Options options;
  const Clock::time_point began = Clock::now();

  std::mutex mutex;  // for all below
  std::map<std::string, std::size_t, std::less<>> positions;
  std::vector<OperationTotals> totals;
  std::vector<Event> events;
  std::uint64_t dropped_events = 0;
  std::vector<Ref<Fault>> faults;
  std::uint64_t fault_count = 0;
  std::map<std::uint64_t, int> threads;

  /// Counts a call; `arrays` describes its inputs and results.
  void count(std::string_view operation, Clock::time_point start, Clock::time_point end, std::uint64_t input_bytes,
             std::uint64_t output_bytes, Operands inputs, const Arrays& results);
  void record(Ref<Fault> fault);
};

/// The session that the calling thread reports to; null if there is none.
extern constinit thread_local Session::State* current_session;

}  // namespace fornax::check
