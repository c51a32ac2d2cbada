#pragma once

#include <string>
#include <vector>

#include <fornax/array/ref.hpp>

namespace fornax {

/// The names of the scopes that are open, innermost first.
struct ScopePath : Counted {
  ScopePath(std::string innermost, Ref<ScopePath> around) : name(std::move(innermost)), outer(std::move(around)) {}

  std::string name;
  Ref<ScopePath> outer;
};

/// Names a part of the user's program on the calling thread for as long as it lives. Scopes nest. Check says in which
/// scope an operation went wrong, Trace draws what happened in one as a group. Autodiff remembers the scope of what it
/// records: in backward, the operations of a gradient bear the scope of the function that they differentiate.
///
/// Example: const Scope scope("encoder.layer1");
class Scope {
 public:
  explicit Scope(std::string name);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  Ref<ScopePath> path_;
  const Ref<ScopePath>* outer_;
};

/// The names of the calling thread's scopes, outermost first; the first is "backward" while a backward pass runs.
std::vector<std::string> scope_names();
/// The same as one text, with slashes between.
std::string scope_text(const std::vector<std::string>& names);

namespace detail {

/// The innermost scope of the calling thread; null if none is open.
extern constinit thread_local const Ref<ScopePath>* current_scope;
/// How many backward passes the calling thread is in.
extern constinit thread_local int backward_depth;
/// How many tapes record the operation that the calling thread runs.
extern constinit thread_local int recording_depth;

/// While it lives, the calling thread is in this scope, which must outlive it.
class EnterScope {
 public:
  explicit EnterScope(const Ref<ScopePath>& scope) : outer_(current_scope) { current_scope = &scope; }
  ~EnterScope() { current_scope = outer_; }
  EnterScope(const EnterScope&) = delete;
  EnterScope& operator=(const EnterScope&) = delete;

 private:
  const Ref<ScopePath>* outer_;
};

/// While it lives, the calling thread is one deeper in what `depth` counts, one of the above.
class Deeper {
 public:
  explicit Deeper(int& depth) : depth_(depth) { ++depth_; }
  ~Deeper() { --depth_; }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;

 private:
  int& depth_;
};

}  // namespace detail
}  // namespace fornax
