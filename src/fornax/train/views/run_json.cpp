#include <fornax/train/views/run_json.hpp>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <nlohmann/json.hpp>

#include <fornax/array/error.hpp>
#include <fornax/io/input.hpp>
#include <fornax/io/markup.hpp>
#include <fornax/train/views/run_log.hpp>
#include <fornax/train/views/text.hpp>

namespace fornax::train {

namespace {

using nlohmann::json;

constexpr int kVersion = 1;
constexpr const char* kGoals[] = {"lower", "higher", "none"};

// Texts may hold any bytes; JSON is UTF-8. Summaries and settings have lines.
std::string clean(const std::string& text) {
  std::string out, line;
  for (const char c : text) {
    if (c != '\n') {
      line += c;
      continue;
    }
    out += io::printable(line) + "\n";
    line.clear();
  }
  return out + io::printable(line);
}

json info_json(const MetricInfo& m) {
  return {{"name", clean(m.name)},
          {"unit", clean(m.unit)},
          {"goal", kGoals[static_cast<std::size_t>(m.goal)]},
          {"train", m.train},
          {"valid", m.valid}};
}

json saved_json(const History& h) {
  json list = json::array();
  for (const CheckpointSaved& c : h.saved)
    list.push_back({{"path", clean(c.path)}, {"reason", clean(c.reason)}, {"epoch", c.epoch}, {"step", c.step}});
  return list;
}

json messages_json(const History& h) {
  json list = json::array();
  for (const std::string& m : h.messages) list.push_back(clean(m));
  return list;
}

json end_json(const History& h) {
  if (!h.end) return nullptr;
  return {{"outcome", name_of(h.end->outcome)}, {"text", clean(h.end->text)}, {"seconds", h.end->seconds}};
}

json run_json(const History& h) {
  json metrics = json::array();
  for (const MetricInfo& m : h.run.metrics) metrics.push_back(info_json(m));
  return {{"fornax_run", kVersion},
          {"name", clean(h.run.name)},
          {"summary", clean(h.run.summary)},
          {"config", clean(h.run.config)},
          {"epochs", h.run.epochs},
          {"train_batches", h.run.train_batches},
          {"valid_batches", h.run.valid_batches},
          {"metrics", std::move(metrics)},
          {"saved", saved_json(h)},
          {"messages", messages_json(h)},
          {"end", end_json(h)}};
}

// --- Reading ----------------------------------------------------------------------------------------------------------

// A member of an object with the type that T has in JSON.
template <class T> T member(const std::string& operation, const json& object, const char* key) {
  const auto at = object.find(key);
  const auto refuse = [&](const char* wanted) {
    throw FormatError(operation, std::string("\"") + key + "\" is missing or not " + wanted);
  };
  if constexpr (std::is_same_v<T, std::string>) {
    if (at == object.end() || !at->is_string()) refuse("a text");
  } else if constexpr (std::is_same_v<T, bool>) {
    if (at == object.end() || !at->is_boolean()) refuse("true or false");
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    constexpr std::int64_t most = std::int64_t{1} << 53;  // so that sums of them do not overflow
    if (at == object.end() || !at->is_number_integer() || *at > most || *at < -most) refuse("an integer below 2^53");
  } else if constexpr (std::is_same_v<T, double>) {
    if (at == object.end() || !at->is_number()) refuse("a number");
  } else {
    if (at == object.end() || !at->is_array()) refuse("a list");
  }
  return at->template get<T>();
}

template <class F> void each(const std::string& operation, const json& object, const char* key, const F& f) {
  for (const json& item : member<std::vector<json>>(operation, object, key)) {
    if (!item.is_object()) throw FormatError(operation, std::string("\"") + key + "\" holds what is no object");
    f(item);
  }
}

Goal goal_named(const std::string& operation, const std::string& name) {
  for (std::size_t i = 0; i < std::size(kGoals); ++i)
    if (name == kGoals[i]) return static_cast<Goal>(i);
  throw FormatError(operation, "a goal is lower, higher or none, not " + io::in_quotes(name));
}

Outcome outcome_named(const std::string& operation, const std::string& name) {
  for (const Outcome o :
       {Outcome::Finished, Outcome::StoppedEarly, Outcome::Stopped, Outcome::Interrupted, Outcome::Failed})
    if (name == name_of(o)) return o;
  throw FormatError(operation, "an outcome of this name is not known: " + io::in_quotes(name));
}

// --- Pages ------------------------------------------------------------------------------------------------------------

// JSON has no NaN and no infinities; six digits are more than a picture shows.
json rounded(double value) {
  if (!std::isfinite(value)) return nullptr;
  char text[40];
  std::snprintf(text, sizeof text, "%.6g", value);
  return std::strtod(text, nullptr);
}

json points_json(const std::vector<CurvePoint>& points) {
  json list = json::array();
  for (const CurvePoint& p : points) list.push_back({rounded(p.x), rounded(p.y)});
  return list;
}

json curves_json(const History& h) {
  json list = json::array();
  for (const MetricHistory& m : h.metrics) {
    json metric = info_json(m.info);
    metric["steps"] = points_json(m.steps.points());
    metric["steps_each"] = m.steps.values_each();
    metric["train_epochs"] = points_json(m.train);
    metric["valid_epochs"] = points_json(m.valid);
    metric["test_epochs"] = points_json(m.test);
    metric["best"] = m.best ? json{{"value", value_text(m.best->metrics.front().epoch, clean(m.info.unit))},
                                   {"epoch", m.best->epoch},
                                   {"split", name_of(m.best->split)}}
                            : json(nullptr);
    list.push_back(std::move(metric));
  }
  return list;
}

json values_json(const std::vector<MetricValue>& values, bool of_epoch) {
  json object = json::object();
  for (const MetricValue& v : values) object[clean(v.name)] = number_text(of_epoch ? v.epoch : v.value);
  return object;
}

json epochs_json(const History& h) {
  json list = json::array();
  for (const EpochEnd& e : h.epochs)
    list.push_back({{"split", name_of(e.split)},
                    {"epoch", e.epoch},
                    {"step", e.step},
                    {"time", duration_text(e.epoch_seconds)},
                    {"values", values_json(e.metrics, true)}});
  return list;
}

json progress_json(const History& h) {
  if (!h.last) return nullptr;
  const double left = h.seconds_left();
  return {{"split", name_of(h.last->split)},
          {"epoch", h.last->epoch},
          {"batch", h.last->batch + 1},
          {"batches", h.last->batches},
          {"step", h.last->step},
          {"elapsed", duration_text(h.end ? h.end->seconds : h.last->seconds)},
          {"left", left < 0 || h.end ? json(nullptr) : json(duration_text(left))},
          {"done", h.done()},
          {"rate", h.items_per_second() > 0 ? json(number_text(h.items_per_second())) : json(nullptr)},
          {"now", values_json(h.last->metrics, false)},
          {"so_far", values_json(h.last->metrics, true)}};
}

// Settings with a line for each, if they are JSON; else as they are.
std::string pretty(const std::string& config) {
  const json parsed = json::parse(config, nullptr, false);
  return parsed.is_discarded() ? clean(config) : parsed.dump(2, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::string print_run(const History& history) { return run_json(history).dump(1) + "\n"; }

History parse_run(const std::string& operation, std::string_view text) {
  const json root = json::parse(text, nullptr, false);
  if (!root.is_object()) throw FormatError(operation, "it is not a JSON object, or is cut off");
  if (const auto version = member<std::int64_t>(operation, root, "fornax_run"); version != kVersion)
    throw FormatError(operation, "its version is " + std::to_string(version) + "; this fornax reads version " +
                                     std::to_string(kVersion));
  RunStart start;
  start.name = member<std::string>(operation, root, "name");
  start.summary = member<std::string>(operation, root, "summary");
  start.config = member<std::string>(operation, root, "config");
  start.epochs = member<std::int64_t>(operation, root, "epochs");
  start.train_batches = member<std::int64_t>(operation, root, "train_batches");
  start.valid_batches = member<std::int64_t>(operation, root, "valid_batches");
  each(operation, root, "metrics", [&](const json& m) {
    start.metrics.push_back({.name = member<std::string>(operation, m, "name"),
                             .unit = member<std::string>(operation, m, "unit"),
                             .goal = goal_named(operation, member<std::string>(operation, m, "goal")),
                             .train = member<bool>(operation, m, "train"),
                             .valid = member<bool>(operation, m, "valid")});
  });
  History history;
  history.on_start(start);
  each(operation, root, "saved", [&](const json& c) {
    history.on_saved({.path = member<std::string>(operation, c, "path"),
                      .reason = member<std::string>(operation, c, "reason"),
                      .epoch = member<std::int64_t>(operation, c, "epoch"),
                      .step = member<std::int64_t>(operation, c, "step")});
  });
  for (const json& m : member<std::vector<json>>(operation, root, "messages")) {
    if (!m.is_string()) throw FormatError(operation, "\"messages\" holds what is no text");
    history.on_message(m.get<std::string>());
  }
  if (const auto end = root.find("end"); end != root.end() && end->is_object())
    history.on_end({.outcome = outcome_named(operation, member<std::string>(operation, *end, "outcome")),
                    .text = member<std::string>(operation, *end, "text"),
                    .seconds = member<double>(operation, *end, "seconds")});
  return history;
}

std::string page_data(const History& h) {
  const json data = {{"name", clean(h.run.name.empty() ? "run" : h.run.name)},
                     {"directory", clean(h.run.directory)},
                     {"summary", clean(h.run.summary)},
                     {"config", pretty(h.run.config)},
                     {"epochs_wanted", h.run.epochs},
                     {"progress", progress_json(h)},
                     {"metrics", curves_json(h)},
                     {"epochs", epochs_json(h)},
                     {"saved", saved_json(h)},
                     {"messages", messages_json(h)},
                     {"end", end_json(h)}};
  return data.dump();
}

}  // namespace fornax::train
