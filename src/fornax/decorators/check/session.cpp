#include <fornax/decorators/check/session.hpp>

#include <algorithm>
#include <atomic>
#include <cstdio>

namespace fornax::check {

constinit thread_local Session::State* current_session = nullptr;

namespace {

// A number of the calling thread that no other thread ever has.
std::uint64_t thread_number() {
  static std::atomic<std::uint64_t> last{0};
  static thread_local const std::uint64_t mine = last.fetch_add(1, std::memory_order_relaxed);
  return mine;
}

double seconds(Clock::duration d) { return std::chrono::duration<double>(d).count(); }

void append_type(std::string& text, const Array& a) {
  if (!text.empty() && text.back() != ' ') text += ", ";
  text.append(name(a.dtype())).append(" ").append(a.shape().str());
}

}  // namespace

void Session::State::count(std::string_view operation, Clock::time_point start, Clock::time_point end,
                           std::uint64_t input_bytes, std::uint64_t output_bytes, Operands inputs,
                           const Arrays& results) {
  std::string arrays;
  for (const Operand& x : inputs) append_type(arrays, x.array());
  arrays += arrays.empty() ? "-> " : " -> ";
  for (const Array& y : results) append_type(arrays, y);
  std::vector<std::string> scope = scope_names();

  const std::lock_guard lock(mutex);
  auto at = positions.find(operation);
  if (at == positions.end()) {
    at = positions.emplace(operation, totals.size()).first;
    totals.push_back({std::string(operation)});
  }
  OperationTotals& sum = totals[at->second];
  ++sum.calls;
  sum.seconds += seconds(end - start);
  sum.input_bytes += input_bytes;
  sum.output_bytes += output_bytes;
  const int thread = threads.emplace(thread_number(), static_cast<int>(threads.size())).first->second;
  if (events.size() < options.max_events) {
    events.push_back(
        {at->second, seconds(start - began), seconds(end - start), thread, std::move(scope), std::move(arrays)});
  } else {
    ++dropped_events;
  }
}

void Session::State::record(Ref<Fault> fault) {
  const std::lock_guard lock(mutex);
  ++fault_count;
  if (faults.size() < options.max_faults) faults.push_back(std::move(fault));
}

Session::Session(const Options& options) : state_(new State(options)), outer_(current_session) {
  current_session = state_.get();
}

Session::~Session() { current_session = outer_; }

Report Session::report() const {
  Report r;
  const std::lock_guard lock(state_->mutex);
  r.faults = state_->faults;
  r.fault_count = state_->fault_count;
  r.operations = state_->totals;
  for (const OperationTotals& t : r.operations) r.event_names.push_back(t.name);
  std::stable_sort(r.operations.begin(), r.operations.end(),
                   [](const OperationTotals& a, const OperationTotals& b) { return a.seconds > b.seconds; });
  r.events = state_->events;
  r.dropped_events = state_->dropped_events;
  return r;
}

Join::Join(const Session& session) : state_(session.state_), outer_(current_session) { current_session = state_.get(); }

Join::~Join() { current_session = outer_; }

std::string Fault::str() const {
  const auto has = [](const std::vector<ArrayReport>& all, std::int64_t ArrayReport::*count) {
    return std::any_of(all.begin(), all.end(), [&](const ArrayReport& a) { return a.*count > 0; });
  };
  std::string text = has(results, &ArrayReport::nans) && !has(inputs, &ArrayReport::nans)
                         ? "made NaN from inputs without NaN"
                         : "made an infinity from finite inputs";
  if (!gradient_of.empty()) text += ", in the gradient of " + gradient_of;
  if (!settings.empty()) text += "; settings: " + settings;
  text += "; scope: " + (scope.empty() ? std::string("none") : scope_text(scope));
  for (std::size_t i = 0; i < inputs.size(); ++i) text += "\n  input " + std::to_string(i) + ": " + inputs[i].str();
  for (std::size_t i = 0; i < results.size(); ++i) text += "\n  result " + std::to_string(i) + ": " + results[i].str();
  return text;
}

std::uint64_t Report::calls(std::string_view operation) const {
  for (const OperationTotals& t : operations)
    if (t.name == operation) return t.calls;
  return 0;
}

std::string Report::table() const {
  std::size_t width = 9;
  for (const OperationTotals& t : operations) width = std::max(width, t.name.size());
  std::string text;
  const auto line = [&](const OperationTotals& t) {
    char numbers[160];
    std::snprintf(numbers, sizeof numbers, "%10llu %12.3f %12.3f %12.3f %12.3f\n",
                  static_cast<unsigned long long>(t.calls), t.seconds * 1e3,
                  t.calls ? t.seconds * 1e6 / static_cast<double>(t.calls) : 0.0,
                  static_cast<double>(t.input_bytes) / 1e6, static_cast<double>(t.output_bytes) / 1e6);
    text.append(t.name).append(width - t.name.size(), ' ').append(numbers);
  };
  text.append("operation").append(width - 9, ' ');
  text += "     calls     total ms  us per call        in MB       out MB\n";
  OperationTotals all{"all"};
  for (const OperationTotals& t : operations) {
    line(t);
    all.calls += t.calls;
    all.seconds += t.seconds;
    all.input_bytes += t.input_bytes;
    all.output_bytes += t.output_bytes;
  }
  line(all);
  return text;
}

std::string Report::str() const {
  std::string text = std::to_string(fault_count) + (fault_count == 1 ? " fault\n" : " faults\n");
  for (const Ref<Fault>& f : faults) text += f->operation + ": " + f->str() + "\n";
  if (fault_count > faults.size()) text += std::to_string(fault_count - faults.size()) + " more\n";
  return text + table();
}

}  // namespace fornax::check
