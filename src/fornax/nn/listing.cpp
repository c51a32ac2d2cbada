#include <fornax/nn/listing.hpp>

#include <fornax/array/allocate.hpp>
#include <fornax/array/error.hpp>
#include <fornax/nn/module.hpp>

#include <algorithm>
#include <charconv>

namespace fornax::nn {

namespace detail {

bool Slot::trainable() const {
  return role == Role::Parameter && array->defined() && is_trainable(*array, *type.backend, autodiff);
}

void Slot::put(Array a, bool leaf) const {
  *array = leaf && autodiff ? autodiff::require_grad(*type.backend, std::move(a)) : std::move(a);
}

void Listing::enter(std::string_view name, const char* type) try {
  lengths_.push_back(path_.size());
  path_ = join_path(path_, name);
  if (!with_parts_) return;
  open_.push_back(parts.size());
  parts.push_back({path_, type ? type : "", static_cast<int>(open_.size()) - 1, {}, {}});
} catch (const std::bad_alloc&) {
  fornax::detail::throw_exhausted();
}

void Listing::leave() {
  path_.resize(lengths_.back());
  lengths_.pop_back();
  if (with_parts_) open_.pop_back();
}

void Listing::tensor(std::string_view name, Array& array, Role role, const fornax::detail::TypeInfo& type,
                     bool autodiff) try {
  if (with_parts_ && !open_.empty()) parts[open_.back()].slots.push_back(slots.size());
  slots.push_back({join_path(path_, name), &array, role, type, autodiff});
} catch (const std::bad_alloc&) {
  fornax::detail::throw_exhausted();
}

void Listing::setting(std::string_view name, std::string_view text) {
  if (open_.empty()) return;
  std::string& settings = parts[open_.back()].settings;
  if (!settings.empty()) settings += ", ";
  settings.append(name).append("=").append(text);
}

std::string text_of(bool value) { return value ? "true" : "false"; }
std::string text_of(std::int64_t value) { return std::to_string(value); }
std::string text_of(double value) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  return {digits, end};
}
std::string text_of(std::span<const std::int64_t> values) {
  std::string text = "[";
  for (const std::int64_t v : values) text.append(text.size() > 1 ? ", " : "").append(std::to_string(v));
  return text + "]";
}

void append_parameters(const Listing& from, Parameters& to) try {
  for (const Slot& slot : from.slots) {
    if (slot.role != Role::Parameter || !slot.array->defined()) continue;
    const auto same = std::find_if(to.begin(), to.end(),
                                   [&](const NamedParameter& p) { return p.array->body() == slot.array->body(); });
    if (same != to.end()) {
      same->tied.push_back(slot.array);
    } else {
      to.push_back({slot.path, slot.array, slot.trainable(), {}});
    }
  }
} catch (const std::bad_alloc&) {
  fornax::detail::throw_exhausted();
}

namespace {

// New arrays for old ones, so that what was one array stays one.
class Replaced {
 public:
  template <class F> Array operator()(const Array& old, const F& make) {
    for (const auto& [before, after] : pairs_)
      if (before.body() == old.body()) return after;
    pairs_.emplace_back(old, make(old));
    return pairs_.back().second;
  }

 private:
  std::vector<std::pair<Array, Array>> pairs_;
};

std::vector<const ArrayBody*> matching(std::string_view operation, const Listing& module, std::string_view pattern) {
  std::vector<const ArrayBody*> bodies;
  std::string names;
  for (const Slot& slot : module.slots) {
    if (slot.role != Role::Parameter || !slot.array->defined()) continue;
    names.append(names.empty() ? "" : ", ").append(slot.path);
    if (matches(pattern, slot.path)) bodies.push_back(slot.array->body());
  }
  if (bodies.empty())
    throw ValueError(operation, "no parameter matches \"" + std::string(pattern) + "\"; " +
                                    (names.empty() ? "the module has none" : "the module has " + names));
  std::sort(bodies.begin(), bodies.end());
  bodies.erase(std::unique(bodies.begin(), bodies.end()), bodies.end());
  return bodies;
}

// Every parameter that matches, at all of its paths.
template <class F>
std::size_t replace(std::string_view operation, const Listing& module, std::string_view pattern, const F& make) {
  const std::vector<const ArrayBody*> bodies = matching(operation, module, pattern);
  Replaced replaced;
  for (const Slot& slot : module.slots) {
    if (slot.role != Role::Parameter || !slot.array->defined()) continue;
    if (!std::binary_search(bodies.begin(), bodies.end(), slot.array->body())) continue;
    *slot.array = replaced(*slot.array, [&](const Array& old) { return make(slot, old); });
  }
  return bodies.size();
}

template <class F> void replace_all(const Listing& module, const F& make) {
  Replaced replaced;
  for (const Slot& slot : module.slots) {
    if (!slot.array->defined()) continue;
    const bool leaf = slot.autodiff && slot.trainable();
    *slot.array = replaced(*slot.array, [&](const Array& old) {
      const Array made = make(leaf ? autodiff::inner(*slot.type.backend, old) : old);
      return leaf ? autodiff::require_grad(*slot.type.backend, made) : made;
    });
  }
}

}  // namespace

std::int64_t num_params(const Listing& module, bool only_trainable) {
  Parameters parameters;
  append_parameters(module, parameters);
  std::int64_t n = 0;
  for (const NamedParameter& p : parameters)
    if (!only_trainable || p.trainable) n += p.array->numel();
  return n;
}

std::size_t freeze(const Listing& module, std::string_view pattern) {
  return replace("freeze", module, pattern, [](const Slot&, const Array& old) { return fornax::detach(old); });
}

std::size_t unfreeze(const Listing& module, std::string_view pattern) {
  return replace("unfreeze", module, pattern,
                 [](const Slot& slot, const Array& old) { return autodiff::require_grad(*slot.type.backend, old); });
}

void to_device(const Listing& module, Device device) {
  replace_all(module, [&](const Array& a) { return fornax::detail::to_device(a, device); });
}

void cast(const Listing& module, DType dtype) {
  if (!is_float(dtype))
    throw DTypeError("cast", std::string("a module is cast to a Float dtype, not to ").append(name(dtype)));
  replace_all(module, [&](const Array& a) { return is_float(a.dtype()) ? fornax::cast(a, dtype) : a; });
}

}  // namespace detail

bool matches(std::string_view pattern, std::string_view text) {
  // Greedy with one point to return to: where the last * stands, and how much it has taken.
  std::size_t p = 0, t = 0, star = std::string_view::npos, taken = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || (pattern[p] == text[t] && pattern[p] != '*'))) {
      ++p;
      ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++taken;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace fornax::nn
