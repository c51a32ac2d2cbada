#pragma once
// What an error says.

#include <exception>
#include <string>

#include <gtest/gtest.h>

namespace fornax::test {

/// What the error of type E says that f throws.
template <class E, class F> std::string message_of(F&& f) {
  try {
    f();
  } catch (const E& e) {
    return e.what();
  } catch (const std::exception& e) {
    ADD_FAILURE() << "an error of another type: " << e.what();
    return {};
  }
  ADD_FAILURE() << "no error";
  return {};
}

}  // namespace fornax::test
