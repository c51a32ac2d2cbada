#include <fornax/array/scope.hpp>

#include <algorithm>

namespace fornax {

namespace detail {
constinit thread_local const Ref<ScopePath>* current_scope = nullptr;
constinit thread_local int backward_depth = 0;
constinit thread_local int recording_depth = 0;
}  // namespace detail

Scope::Scope(std::string name)
    : path_(new ScopePath(std::move(name), detail::current_scope ? *detail::current_scope : Ref<ScopePath>())),
      outer_(detail::current_scope) {
  detail::current_scope = &path_;
}

Scope::~Scope() { detail::current_scope = outer_; }

std::vector<std::string> scope_names() {
  std::vector<std::string> names;
  const ScopePath* path = detail::current_scope ? detail::current_scope->get() : nullptr;
  for (; path; path = path->outer.get()) names.push_back(path->name);
  if (detail::backward_depth > 0) names.emplace_back("backward");
  std::reverse(names.begin(), names.end());
  return names;
}

std::string scope_text(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : "/") + name;
  return text;
}

}  // namespace fornax
