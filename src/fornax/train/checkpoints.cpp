#include <fornax/train/checkpoints.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <sstream>

#include <fornax/array/error.hpp>
#include <fornax/train/snapshot.hpp>
#include <fornax/train/stopping.hpp>

namespace fornax::train {

namespace {

namespace fs = std::filesystem;
using When = CheckpointRule::When;

constexpr std::string_view kBegin = "step-", kEnd = ".safetensors";

// The step in a file's name; -1: it is none of ours.
std::int64_t step_of(const std::string& name) {
  if (!name.starts_with(kBegin) || !name.ends_with(kEnd) || name.size() < kBegin.size() + kEnd.size()) return -1;
  const char* end = name.data() + name.size() - kEnd.size();
  std::int64_t step = -1;
  const auto [at, error] = std::from_chars(name.data() + kBegin.size(), end, step);
  return error == std::errc() && at == end ? step : -1;
}

std::string name_of_step(std::int64_t step) {
  char text[64];
  std::snprintf(text, sizeof(text), "step-%08lld.safetensors", static_cast<long long>(step));
  return text;
}

std::string folder(const std::string& directory) { return directory + "/checkpoints"; }

template <class F> void for_each_file(const std::string& directory, const F& f) {
  std::error_code error;
  for (auto at = fs::directory_iterator(folder(directory), error); !error && at != fs::directory_iterator();
       at.increment(error))
    f(at->path());
}

}  // namespace

std::string CheckpointRule::reason() const {
  char number[32];
  std::snprintf(number, sizeof(number), "%g", every);
  const auto plural = [&](const char* unit) {
    return every == 1 ? std::string("every ") + unit : std::string("every ") + number + " " + unit + "s";
  };
  switch (when) {
    case When::Steps: return plural("step");
    case When::Epochs: return plural("epoch");
    case When::Seconds: return plural("second");
    case When::Best: return std::string("best ") + name_of(split) + " " + metric;
    case When::Asked: return "asked for";
  }
  return {};
}

CheckpointRule keep_last(std::int64_t n) { return every_epochs(1, n); }
CheckpointRule keep_best(std::string metric, std::int64_t n, Split split) {
  return {.when = When::Best, .keep = n, .metric = std::move(metric), .split = split};
}
CheckpointRule every_epochs(std::int64_t n, std::int64_t keep) {
  return {.when = When::Epochs, .every = static_cast<double>(n), .keep = keep};
}
CheckpointRule every_steps(std::int64_t n, std::int64_t keep) {
  return {.when = When::Steps, .every = static_cast<double>(n), .keep = keep};
}
CheckpointRule every_seconds(double seconds, std::int64_t keep) {
  return {.when = When::Seconds, .every = seconds, .keep = keep};
}

std::vector<std::string> checkpoints_in(const std::string& directory) {
  std::vector<std::pair<std::int64_t, std::string>> found;
  for_each_file(directory, [&](const fs::path& path) {
    const std::int64_t step = step_of(path.filename().string());
    if (step >= 0) found.emplace_back(step, path.string());
  });
  std::sort(found.rbegin(), found.rend());
  std::vector<std::string> paths;
  for (auto& [step, path] : found) paths.push_back(std::move(path));
  return paths;
}

std::string latest_checkpoint(const std::string& directory) {
  for (const std::string& path : checkpoints_in(directory)) {
    try {
      io::load_checkpoint(path);
      return path;
    } catch (const Error&) {
      // Damaged: the one before it will do.
    }
  }
  return {};
}

namespace detail {

io::NamedArrays weights_of(const std::string& path) {
  std::string file = path;
  if (fs::is_directory(path)) {
    file = latest_checkpoint(path);
    if (file.empty()) throw IoError("load_weights", "\"" + path + "\": there is no checkpoint in it");
  }
  return weights_in(io::load_checkpoint(file));
}

Keeper::Keeper(std::string directory, std::vector<CheckpointRule> rules)
    : directory_(std::move(directory)), rules_(std::move(rules)) {
  for (const CheckpointRule& rule : rules_)
    if (!(rule.every > 0) || rule.keep < 1)
      throw ValueError("CheckpointRule", "\"" + rule.reason() + "\", keep " + std::to_string(rule.keep) +
                                             ": both numbers must be positive");
  rules_.push_back({.when = When::Asked});
  lists_.resize(rules_.size());
  saved_at_.resize(rules_.size());
}

std::string Keeper::path_of(std::int64_t step) const { return folder(directory_) + "/" + name_of_step(step); }

std::vector<std::size_t> Keeper::due_after_step(std::int64_t step, double seconds) {
  std::vector<std::size_t> due;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const CheckpointRule& rule = rules_[i];
    const bool now = (rule.when == When::Steps && step % static_cast<std::int64_t>(rule.every) == 0) ||
                     (rule.when == When::Seconds && seconds - saved_at_[i] >= rule.every);
    if (!now) continue;
    saved_at_[i] = seconds;
    due.push_back(i);
  }
  return due;
}

std::vector<std::size_t> Keeper::due_after_epoch(std::int64_t epoch, const std::vector<double>& values) {
  std::vector<std::size_t> due;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const CheckpointRule& rule = rules_[i];
    if (rule.when == When::Epochs && epoch % static_cast<std::int64_t>(rule.every) == 0) due.push_back(i);
    if (rule.when == When::Best && !std::isnan(values[i]) &&
        (static_cast<std::int64_t>(lists_[i].size()) < rule.keep ||
         is_better(rule.goal, values[i], lists_[i].front().value)))
      due.push_back(i);
  }
  return due;
}

std::string Keeper::reason(const std::vector<std::size_t>& due) const {
  std::string text;
  for (std::size_t i : due) text += (text.empty() ? "" : ", ") + rules_[i].reason();
  return text;
}

bool Keeper::listed(std::int64_t step) const {
  return std::any_of(lists_.begin(), lists_.end(), [&](const auto& list) {
    return std::any_of(list.begin(), list.end(), [&](const Entry& e) { return e.step == step; });
  });
}

std::vector<std::string> Keeper::enlist(const std::vector<std::size_t>& due, std::int64_t step,
                                        const std::vector<double>& values) {
  std::vector<std::int64_t> dropped;
  for (std::size_t i : due) {
    const CheckpointRule& rule = rules_[i];
    auto& list = lists_[i];
    std::erase_if(list, [&](const Entry& e) { return e.step == step; });
    const Entry entry{step, i < values.size() ? values[i] : 0};
    const auto place =
        rule.when != When::Best ? list.end() : std::find_if(list.begin(), list.end(), [&](const Entry& e) {
          return is_better(rule.goal, e.value, entry.value);
        });
    list.insert(place, entry);
    while (static_cast<std::int64_t>(list.size()) > rule.keep) {
      dropped.push_back(list.front().step);
      list.erase(list.begin());
    }
  }
  std::vector<std::string> files;
  for (std::int64_t old : dropped)
    if (!listed(old)) files.push_back(path_of(old));
  return files;
}

std::string Keeper::best() const {
  for (std::size_t i = 0; i < rules_.size(); ++i)
    if (rules_[i].when == When::Best && !lists_[i].empty()) return path_of(lists_[i].back().step);
  return {};
}

// A line for each rule: its entries as STEP:VALUE, then its name. Values as hexadecimal, to keep their bits.
std::string Keeper::str() const {
  std::string text;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    for (const Entry& e : lists_[i]) {
      char entry[80];
      std::snprintf(entry, sizeof(entry), "%lld:%a ", static_cast<long long>(e.step), e.value);
      text += entry;
    }
    text += "| " + rules_[i].reason() + "\n";
  }
  return text;
}

void Keeper::parse(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t bar = line.find("| ");
    if (bar == std::string::npos) throw FormatError("Keeper", "a list of checkpoints has no name: \"" + line + "\"");
    const std::string name = line.substr(bar + 2);
    const auto rule =
        std::find_if(rules_.begin(), rules_.end(), [&](const CheckpointRule& r) { return r.reason() == name; });
    if (rule == rules_.end()) continue;
    auto& list = lists_[static_cast<std::size_t>(rule - rules_.begin())];
    list.clear();
    for (const char* at = line.c_str(); at < line.c_str() + bar;) {
      long long step = 0;
      double value = 0;
      int read = 0;
      if (std::sscanf(at, "%lld:%la %n", &step, &value, &read) != 2 || read == 0)
        throw FormatError("Keeper", "no list of checkpoints: \"" + line + "\"");
      list.push_back({step, value});
      at += read;
    }
  }
}

void Keeper::clean(std::int64_t step) const {
  std::vector<fs::path> useless;
  for_each_file(directory_, [&](const fs::path& path) {
    const std::string name = path.filename().string();
    const std::int64_t of = step_of(name);
    if ((name.starts_with(kBegin) && name.ends_with(".part")) || (of >= 0 && of < step && !listed(of)))
      useless.push_back(path);
  });
  std::error_code ignored;
  for (const fs::path& path : useless) fs::remove(path, ignored);
}

}  // namespace detail
}  // namespace fornax::train
