#pragma once
// What an error says.

#include <exception>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <fornax/array/error.hpp>

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

/// That f throws an E which names the operation.
template <class E, class F> void expect_refused(F&& f, std::string_view operation, const std::string& what) {
  try {
    f();
    ADD_FAILURE() << what << ": accepted";
  } catch (const E& e) {
    EXPECT_EQ(e.operation(), operation) << what << ": " << e.what();
  } catch (const std::exception& e) {
    ADD_FAILURE() << what << ": an error of another type: " << e.what();
  }
}

}  // namespace fornax::test
