#include <fornax/train/snapshot.hpp>

#include <charconv>
#include <sstream>

#include <fornax/array/error.hpp>

namespace fornax::train::detail {

namespace {

const std::string kTexts = "learner.";
const std::string kStates = "state.";

[[noreturn]] void refuse(const std::string& text) { throw FormatError("Learner", "the checkpoint " + text); }

}  // namespace

void put_state(io::Record& to, const std::string& prefix, const optim::State& state) {
  for (const auto& [name, array] : state.arrays) to.arrays[prefix + "/" + name] = array;
  std::string names = state.kind;
  std::vector<double> values;
  for (const auto& [name, value] : state.numbers) {
    names += "\n" + name;
    values.push_back(value);
  }
  if (!values.empty()) to.arrays[prefix + "/#"] = io::to_array(TensorData(values));
  put_text(to, kStates + prefix, std::move(names));
}

std::optional<optim::State> find_state(const io::Record& from, const std::string& prefix) {
  const auto text = from.metadata.find(kTexts + kStates + prefix);
  if (text == from.metadata.end()) return std::nullopt;
  optim::State state;
  state.arrays = arrays_below(from, prefix);
  std::vector<double> values;
  if (const auto numbers = state.arrays.find("#"); numbers != state.arrays.end()) {
    values = numbers->second.to_data().to_vector<double>();
    state.arrays.erase(numbers);
  }
  std::istringstream lines(text->second);
  std::getline(lines, state.kind);
  std::size_t i = 0;
  for (std::string name; std::getline(lines, name); ++i)
    if (i < values.size()) state.numbers[name] = values[i];
  if (i != values.size()) refuse("has other numbers than names for \"" + prefix + "\"");
  return state;
}

void put_number(io::Record& to, const std::string& name, std::uint64_t value) {
  put_text(to, name, std::to_string(value));
}

std::uint64_t get_number(const io::Record& from, const std::string& name) {
  const std::string& text = get_text(from, name);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) refuse("has \"" + text + "\" as its " + name);
  return value;
}

void put_text(io::Record& to, const std::string& name, std::string text) {
  to.metadata[kTexts + name] = std::move(text);
}

const std::string& get_text(const io::Record& from, const std::string& name) {
  const auto text = from.metadata.find(kTexts + name);
  if (text == from.metadata.end()) refuse("does not say its " + name + ": it is none of a Learner");
  return text->second;
}

io::NamedArrays arrays_below(const io::Record& from, const std::string& prefix) {
  io::NamedArrays found;
  const std::string begin = prefix + "/";
  for (auto at = from.arrays.lower_bound(begin); at != from.arrays.end() && at->first.starts_with(begin); ++at)
    found.emplace(at->first.substr(begin.size()), at->second);
  return found;
}

io::NamedArrays weights_in(const io::Record& from) {
  get_text(from, "step");
  io::NamedArrays weights = arrays_below(from, "model");
  if (const auto average = find_state(from, "ema"))
    for (auto& [name, array] : weights)
      if (const auto at = average->arrays.find(name); at != average->arrays.end()) array = at->second;
  return weights;
}

}  // namespace fornax::train::detail
