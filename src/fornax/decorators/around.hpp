#pragma once
// The one decorator of its kind around each interpreter.

#include <map>
#include <mutex>

#include <fornax/array/interpreter.hpp>

namespace fornax {

/// The D around `inner`: made at the first call, the same at every later one, and never destroyed.
template <class D> D& decorator_around(Interpreter& inner) {
  static std::mutex mutex;
  static auto* const decorators = new std::map<Interpreter*, D*>;
  const std::lock_guard lock(mutex);
  D*& d = (*decorators)[&inner];
  if (!d) d = new D(inner);
  return *d;
}

}  // namespace fornax
