#include <fornax/nn/config.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include <fornax/array/error.hpp>
#include <fornax/io/atomic_file.hpp>
#include <fornax/nn/listing.hpp>

namespace fornax::nn {

namespace detail {

void refuse(std::string_view config, std::string_view field, double value, std::string_view wanted) {
  throw ValueError(config, std::string(field) + " is " + text_of(value) + "; must be " + std::string(wanted));
}
void check_positive(std::string_view config, std::string_view field, double value) {
  if (!(value > 0 && std::isfinite(value))) refuse(config, field, value, "positive");
}
void check_not_negative(std::string_view config, std::string_view field, double value) {
  if (!(value >= 0 && std::isfinite(value))) refuse(config, field, value, "0 or positive");
}
void check_probability(std::string_view config, std::string_view field, double value) {
  if (!(value >= 0 && value <= 1)) refuse(config, field, value, "in [0, 1]");
}

namespace {

using Json = nlohmann::ordered_json;
constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();

std::string in_quotes(std::string_view text) { return '"' + std::string(text) + '"'; }

// The names of a list "a, b".
std::vector<std::string> split_names(std::string_view names) {
  std::vector<std::string> all;
  while (!names.empty()) {
    all.emplace_back(field_name(names, 0));
    const std::size_t comma = names.find(',');
    names.remove_prefix(comma == std::string_view::npos ? names.size() : comma + 1);
  }
  return all;
}

class Writer final : public ConfigIo {
 public:
  explicit Writer(std::string_view config) : config_(config) { open_.push_back(&root_); }

  void boolean(std::string_view name, bool& value) override { slot(name) = value; }
  void integer(std::string_view name, std::int64_t& value, std::int64_t low, std::uint64_t) override {
    if (low == 0) {
      slot(name) = static_cast<std::uint64_t>(value);
    } else {
      slot(name) = value;
    }
  }
  void number(std::string_view name, double& value) override {
    if (!std::isfinite(value))
      throw ValueError(config_, std::string(name) + " is " + text_of(value) + ", which JSON cannot express");
    slot(name) = value;
  }
  void text(std::string_view name, std::string& value) override { slot(name) = value; }
  void choice(std::string_view name, std::size_t& index, std::string_view names, std::size_t count) override {
    if (index >= count)
      throw ValueError(config_,
                       std::string(name) + " is " + std::to_string(index) + "; must be one of " + std::string(names));
    slot(name) = std::string(field_name(names, index));
  }
  void numbers(std::string_view name, std::span<std::int64_t> values) override {
    Json& list = slot(name) = Json::array();
    for (const std::int64_t v : values) list.push_back(v);
  }
  bool word(std::string_view name, std::string_view word, bool is) override {
    if (is) slot(name) = std::string(word);
    return is;
  }
  bool enter(std::string_view name, std::string_view) override {
    Json& object = slot(name) = Json::object();
    open_.push_back(&object);
    return true;
  }
  bool enter_list(std::string_view name, std::size_t&, bool) override {
    Json& list = slot(name) = Json::array();
    open_.push_back(&list);
    return true;
  }
  void leave() override { open_.pop_back(); }
  bool optional(std::string_view name, bool has) override {
    if (!has) slot(name) = nullptr;
    return has;
  }
  void validate(void (*)(const void*), const void*) override {}

  std::string text() const { return root_.dump(2) + "\n"; }

 private:
  Json& slot(std::string_view name) {
    Json& in = *open_.back();
    if (!in.is_array()) return in[std::string(name)];
    in.push_back(nullptr);
    return in.back();
  }

  std::string config_;
  Json root_ = Json::object();
  std::vector<Json*> open_;
};

class Reader final : public ConfigIo {
 public:
  Reader(const Json& root, const ReadOptions& options, std::string_view fields) : options_(options) {
    open_.push_back({&root, 0});
    if (root.is_object()) {
      refuse_unknown(root, fields);
    } else {
      faults_.emplace_back("there is no object, but " + shown(root));
    }
  }

  void boolean(std::string_view name, bool& value) override {
    const Json* j = find(name);
    if (!j) return;
    if (j->is_boolean()) {
      value = j->get<bool>();
    } else {
      expected(name, "true or false", *j);
    }
  }
  void integer(std::string_view name, std::int64_t& value, std::int64_t low, std::uint64_t high) override {
    const Json* j = find(name);
    if (!j) return;
    if (!j->is_number_integer()) return expected(name, "a whole number", *j);
    const bool large = j->is_number_unsigned();
    if (large ? j->get<std::uint64_t>() > high : j->get<std::int64_t>() < low)
      return expected(name, "a whole number from " + std::to_string(low) + " to " + std::to_string(high), *j);
    value = large ? static_cast<std::int64_t>(j->get<std::uint64_t>()) : j->get<std::int64_t>();
  }
  void number(std::string_view name, double& value) override {
    const Json* j = find(name);
    if (!j) return;
    if (!j->is_number()) return expected(name, "a number", *j);
    value = j->get<double>();
  }
  void text(std::string_view name, std::string& value) override {
    const Json* j = find(name);
    if (!j) return;
    if (!j->is_string()) return expected(name, "a string", *j);
    value = j->get<std::string>();
  }
  void choice(std::string_view name, std::size_t& index, std::string_view names, std::size_t count) override {
    const Json* j = find(name);
    if (!j) return;
    if (j->is_string())
      for (std::size_t i = 0; i < count; ++i)
        if (j->get<std::string>() == field_name(names, i)) {
          index = i;
          return;
        }
    expected(name, "one of " + std::string(names), *j);
  }
  void numbers(std::string_view name, std::span<std::int64_t> values) override {
    const Json* j = find(name);
    if (!j) return;
    const auto whole = [](const Json& v) {
      return v.is_number_integer() && (!v.is_number_unsigned() || v.get<std::uint64_t>() <= kLargest);
    };
    if (whole(*j)) {
      for (std::int64_t& v : values) v = j->get<std::int64_t>();
      return;
    }
    bool fits = j->is_array() && j->size() == values.size();
    if (fits)
      for (const Json& v : *j) fits = fits && whole(v);
    if (!fits) return expected(name, std::to_string(values.size()) + " whole numbers, or one for all", *j);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = (*j)[i].get<std::int64_t>();
  }
  bool word(std::string_view name, std::string_view word, bool is) override {
    const Json& in = *open_.back().json;
    if (!is && !in.is_array() && !in.contains(std::string(name))) return false;  // whoever reads the value says so
    const Json* j = find(name);
    return j ? j->is_string() && j->get<std::string>() == word : is;
  }
  bool enter(std::string_view name, std::string_view fields) override {
    const Json* j = find(name);
    if (!j) return false;
    if (!j->is_object()) {
      expected(name, "an object with " + std::string(fields), *j);
      return false;
    }
    open(name, *j);
    refuse_unknown(*j, fields);
    return true;
  }
  bool enter_list(std::string_view name, std::size_t& n, bool fixed) override {
    const Json* j = find(name);
    if (!j) return false;
    if (!j->is_array() || (fixed && j->size() != n)) {
      expected(name, fixed ? "a list of " + std::to_string(n) : "a list", *j);
      return false;
    }
    n = j->size();
    open(name, *j);
    return true;
  }
  void leave() override {
    path_.resize(open_.back().length);
    open_.pop_back();
  }
  bool optional(std::string_view name, bool has) override {
    const Json& in = *open_.back().json;
    if (!in.is_array() && !in.contains(std::string(name))) {
      // The default stays, and nothing of it is read.
      find(name);
      skipped_ = has;
      return has;
    }
    const Json* j = find(name);
    return j && !j->is_null();
  }
  void validate(void (*check)(const void*), const void* config) override {
    if (!faults_.empty()) return;  // what was not read would be blamed as well
    try {
      check(config);
    } catch (const Error& e) {
      faults_.push_back((path_.empty() ? "" : in_quotes(path_) + ": ") + e.what());
    }
  }

  const std::vector<std::string>& faults() const { return faults_; }

 private:
  struct Open {
    const Json* json;
    std::size_t length;  // of the path around it
  };

  // The value of a field; null, and a fault unless that is allowed, if there is none.
  const Json* find(std::string_view name) {
    const Json& in = *open_.back().json;
    if (in.is_array()) return &in[std::stoul(std::string(name))];
    const auto at = in.find(std::string(name));
    if (at != in.end()) return &*at;
    if (std::exchange(skipped_, false)) return nullptr;
    if (!options_.allow_missing && in.is_object()) faults_.push_back(in_quotes(join_path(path_, name)) + " is missing");
    return nullptr;
  }
  void open(std::string_view name, const Json& json) {
    open_.push_back({&json, path_.size()});
    path_ = join_path(path_, name);
  }
  void expected(std::string_view name, const std::string& what, const Json& got) {
    faults_.push_back(in_quotes(join_path(path_, name)) + " is " + shown(got) + "; must be " + what);
  }
  void refuse_unknown(const Json& object, std::string_view fields) {
    const std::vector<std::string> known = split_names(fields);
    for (const auto& [key, value] : object.items())
      if (std::find(known.begin(), known.end(), key) == known.end())
        faults_.push_back(in_quotes(join_path(path_, key)) + " is unknown; known are " + std::string(fields));
  }
  static std::string shown(const Json& json) {
    std::string text = json.dump();
    if (text.size() > 60) text = text.substr(0, 57) + "...";
    return text;
  }

  ReadOptions options_;
  std::vector<Open> open_;
  std::string path_;
  std::vector<std::string> faults_;
  bool skipped_ = false;
};

}  // namespace

std::string write_json(std::string_view config, std::string_view, PassConfig pass, void* fields) {
  Writer writer(config);
  pass(writer, fields);
  return writer.text();
}

void read_json(std::string_view config, std::string_view names, PassConfig pass, void* fields, std::string_view text,
               std::string_view origin, const ReadOptions& options) {
  Json root;
  try {
    root = Json::parse(text);
  } catch (const Json::exception& e) {
    throw FormatError(config, std::string(origin) + " is no JSON: " + e.what());
  }
  Reader reader(root, options, names);
  if (root.is_object()) pass(reader, fields);
  if (reader.faults().empty()) return;
  std::string all = "in " + std::string(origin) + ", ";
  for (std::size_t i = 0; i < reader.faults().size(); ++i) all.append(i ? "; " : "").append(reader.faults()[i]);
  throw FormatError(config, all);
}

void write_text(const std::string& path, const std::string& text) { io::write_file_atomically("save", path, text); }

std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) throw IoError("load", "cannot read " + in_quotes(path));
  return text.str();
}

}  // namespace detail
}  // namespace fornax::nn
