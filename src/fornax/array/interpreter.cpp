#include <fornax/array/interpreter.hpp>

#include <limits>

namespace fornax {

constinit const Interpreter::Watched Interpreter::kAll{0};
constinit const Interpreter::Watched Interpreter::kNone{std::numeric_limits<std::int64_t>::max()};

bool Interpreter::covers(const Interpreter* other) const {
  for (const Interpreter* i = this; i; i = i->inner_)
    if (i == other) return true;
  return false;
}

const Array& on_backend(const Array& array) {
  const Array* a = &array;
  while (a->interpreter()->inner()) a = &a->interpreter()->primal(*a);
  return *a;
}

}  // namespace fornax
