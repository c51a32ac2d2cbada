#pragma once
// Wrong calls of the functions composed of operations, by theme. wrong_calls_test.cpp makes them all.

#include <functional>
#include <string>
#include <vector>

#include <fornax/functional/functional.hpp>
#include <support/values.hpp>

namespace fornax::test {

enum class Wrong { Shape, DType, Index, Value };

struct WrongCall {
  std::string function;  // what the error must name
  Wrong error;
  std::function<void()> call;
  std::string text;
  std::string named = {};  // what the message begins with, if it is not the function's name
};
using WrongCalls = std::vector<WrongCall>;

WrongCalls network_calls();
WrongCalls loss_calls();
WrongCalls picture_calls();
WrongCalls layout_calls();
WrongCalls linalg_calls();
WrongCalls signal_calls();
WrongCalls elementwise_calls();

/// A row: WRONG(relu, DType, relu(whole)).
#define WRONG(function, error, ...)                                                \
  WrongCall {                                                                      \
#function, Wrong::error, [=] { static_cast<void>(__VA_ARGS__); }, #__VA_ARGS__ \
  }
/// The same where another function does the work, and the error names that one.
#define WRONG_IN(function, named, error, ...)                                             \
  WrongCall {                                                                             \
#function, Wrong::error, [=] { static_cast<void>(__VA_ARGS__); }, #__VA_ARGS__, named \
  }

inline Interpreter& cpu() { return Cpu::interpreter(); }
inline Array zeros(const Shape& shape, DType dtype = DType::F64) { return upload(TensorData(shape, dtype)); }

}  // namespace fornax::test
