#include <fornax/optim/state.hpp>

#include <fornax/array/error.hpp>

namespace fornax::optim {

namespace {

[[noreturn]] void missing(const std::string& kind, const std::string& name) {
  throw ValueError("load_state", "the state of " + kind + " has no \"" + name + "\"");
}

}  // namespace

void State::require_kind(std::string_view wanted) const {
  if (kind == wanted) return;
  throw ValueError("load_state",
                   "the state is of " + (kind.empty() ? "nothing" : kind) + ", not of " + std::string(wanted));
}

double State::number(const std::string& name) const {
  const auto at = numbers.find(name);
  if (at == numbers.end()) missing(kind, name);
  return at->second;
}

const Array& State::array(const std::string& name) const {
  const auto at = arrays.find(name);
  if (at == arrays.end()) missing(kind, name);
  return at->second;
}

}  // namespace fornax::optim
