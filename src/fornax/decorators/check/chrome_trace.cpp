// The timeline of a session as JSON. The format: "Trace Event Format", the document of the Catapult project.

#include <nlohmann/json.hpp>

#include <fornax/decorators/check/check.hpp>
#include <fornax/io/atomic_file.hpp>

namespace fornax::check {

std::string Report::chrome_trace() const {
  using nlohmann::json;
  json all = json::array();
  int threads = 0;
  for (const Event& e : events) {
    threads = std::max(threads, e.thread + 1);
    all.push_back({{"name", event_names[e.operation]},
                   {"cat", !e.scope.empty() && e.scope.front() == "backward" ? "backward" : "forward"},
                   {"ph", "X"},
                   {"ts", e.start * 1e6},
                   {"dur", e.seconds * 1e6},
                   {"pid", 1},
                   {"tid", e.thread},
                   {"args", {{"scope", scope_text(e.scope)}, {"arrays", e.arrays}}}});
  }
  for (int t = 0; t < threads; ++t)
    all.push_back({{"name", "thread_name"},
                   {"ph", "M"},
                   {"pid", 1},
                   {"tid", t},
                   {"args", {{"name", "thread " + std::to_string(t)}}}});
  const json file = {
      {"traceEvents", std::move(all)}, {"displayTimeUnit", "ns"}, {"otherData", {{"dropped_events", dropped_events}}}};
  // A user's name may be no UTF-8: such bytes become U+FFFD.
  return file.dump(-1, ' ', false, json::error_handler_t::replace);
}

void Report::write_chrome_trace(const std::string& path) const {
  io::write_file_atomically("write_chrome_trace", path, chrome_trace());
}

}  // namespace fornax::check
