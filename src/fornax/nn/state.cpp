#include <fornax/nn/state.hpp>

#include <algorithm>
#include <map>

#include <fornax/array/error.hpp>

namespace fornax::nn {

namespace {

// Where a path stands, or would stand, among those in order.
auto place(const std::vector<State::Entry>& entries, const std::vector<std::size_t>& order, std::string_view path) {
  return std::lower_bound(order.begin(), order.end(), path,
                          [&](std::size_t i, std::string_view p) { return entries[i].first < p; });
}

std::string in_quotes(const std::string& path) { return "\"" + path + "\""; }

}  // namespace

void State::add(std::string path, Array array) {
  if (!array.defined()) throw ValueError("State", "the array for " + in_quotes(path) + " is empty");
  const auto at = place(entries_, order_, path);
  if (at != order_.end() && entries_[*at].first == path)
    throw ValueError("State", in_quotes(path) + " is there already");
  order_.insert(at, entries_.size());
  entries_.emplace_back(std::move(path), std::move(array));
}

const Array* State::find(std::string_view path) const {
  const auto at = place(entries_, order_, path);
  return at != order_.end() && entries_[*at].first == path ? &entries_[*at].second : nullptr;
}

const Array& State::at(std::string_view path) const {
  const Array* array = find(path);
  if (!array) throw ValueError("State", "there is no " + in_quotes(std::string(path)));
  return *array;
}

std::string LoadReport::str() const {
  std::string text;
  const auto add = [&](const char* what, const std::vector<std::string>& paths) {
    if (paths.empty()) return;
    text.append(text.empty() ? "" : "; ").append(what);
    for (std::size_t i = 0; i < paths.size(); ++i) text.append(i ? ", " : " ").append(paths[i]);
  };
  add("missing:", missing);
  add("unexpected:", unexpected);
  add("mismatched:", mismatched);
  return text;
}

namespace detail {

State state_of(const Listing& module) {
  State state;
  for (const Slot& slot : module.slots)
    if (slot.role != Role::Constant && slot.array->defined()) state.add(slot.path, on_backend(*slot.array));
  return state;
}

namespace {

// Why `found` may not stand in the slot; empty if it may.
std::string fault(const Slot& slot, const Array& found) {
  const auto both = [&](const std::string& there, const std::string& here) {
    return in_quotes(slot.path) + ": " + there + " in the state, " + here + " in the module";
  };
  if (slot.array->defined() && !(slot.array->shape() == found.shape()))
    return both(found.shape().str(), slot.array->shape().str());
  if (found.rank() != slot.type.rank) return both(found.shape().str(), "rank " + std::to_string(slot.type.rank));
  if (((slot.type.dtypes >> static_cast<int>(found.dtype())) & 1) == 0)
    return both(std::string(name(found.dtype())), slot.type.kind);
  return {};
}

void refuse(const LoadReport& report, const LoadOptions& options) {
  LoadReport refused;
  if (!options.allow_missing) refused.missing = report.missing;
  if (!options.allow_unexpected) refused.unexpected = report.unexpected;
  if (!options.allow_mismatched) refused.mismatched = report.mismatched;
  if (!refused.complete()) throw ValueError("load_state", refused.str());
}

}  // namespace

LoadReport load_state(const Listing& module, const State& state, const LoadOptions& options) {
  LoadReport report;
  struct Change {
    const Slot* slot;
    const Array* value;
  };
  std::vector<Change> changes;
  std::vector<std::string> known;
  std::map<const ArrayBody*, const Array*> first;  // the value of each parameter that the module has
  for (const Slot& slot : module.slots) {
    if (slot.role == Role::Constant) continue;
    known.push_back(slot.path);
    const Array* found = state.find(slot.path);
    if (!found) continue;
    const std::string why = fault(slot, *found);
    if (!why.empty()) {
      report.mismatched.push_back(why);
    } else if (slot.array->defined()) {
      first.emplace(slot.array->body(), found);
    } else {
      changes.push_back({&slot, found});
    }
  }
  for (const Slot& slot : module.slots) {
    if (slot.role == Role::Constant || !slot.array->defined()) continue;
    const auto at = first.find(slot.array->body());
    if (at != first.end()) {
      changes.push_back({&slot, at->second});
    } else if (!state.find(slot.path)) {
      report.missing.push_back(slot.path);
    }
  }
  std::sort(known.begin(), known.end());
  for (const auto& [path, array] : state)
    if (!std::binary_search(known.begin(), known.end(), path)) report.unexpected.push_back(in_quotes(path));
  for (std::string& path : report.missing) path = in_quotes(path);
  refuse(report, options);

  std::map<const ArrayBody*, Array> made;  // by the old array
  Arrays old;                              // whose addresses stay taken until all are done
  for (const auto& [slot, value] : changes) {
    const bool was = slot->array->defined(), leaf = was ? slot->trainable() : slot->role == Role::Parameter;
    const ArrayBody* const body = slot->array->body();
    if (const auto at = made.find(body); was && at != made.end()) {
      *slot->array = at->second;
    } else {
      Array a = *value;
      if (was && a.dtype() != slot->array->dtype()) a = fornax::cast(a, slot->array->dtype());
      if (was) a = fornax::detail::to_device(a, slot->array->device());
      if (was) old.push_back(*slot->array);
      slot->put(fornax::detail::checked(std::move(a), slot->type), leaf && is_float(value->dtype()));
      if (was) made.emplace(body, *slot->array);
    }
    ++report.loaded;
  }
  return report;
}

}  // namespace detail
}  // namespace fornax::nn
