#pragma once
// The names that cases use, each as a composition of the library's operations on arrays. A name that the library cannot
// express has no row: its cases are reported absent, never as passed.

#include <span>
#include <stdexcept>
#include <string_view>

#include <fornax/array/interpreter.hpp>
#include <fornax/ops/functions.hpp>

#include "json_case.hpp"

namespace fornax::conformance {

/// The library has the operation, but not with these attributes.
struct Absent : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One call of an operation.
struct Call {
  const Arrays& inputs;
  const Attrs& attrs;
  Interpreter& on;  // where arrays that come from nothing are made
  DType real;       // F64 or F32

  bool has(std::size_t i) const { return i < inputs.size(); }
  const Array& operator[](std::size_t i) const {
    if (!has(i)) throw Malformed("input " + std::to_string(i) + " is missing");
    return inputs[i];
  }
};

using Function = Arrays (*)(const Call&);

struct Row {
  std::string_view name;
  Function function;
};

/// The operation called `name`; null if the library has none.
Function find_function(std::string_view name);

std::span<const Row> elementwise_rows();
std::span<const Row> activation_rows();
std::span<const Row> reduce_rows();
std::span<const Row> layout_rows();
std::span<const Row> index_rows();
std::span<const Row> order_rows();
std::span<const Row> product_rows();
std::span<const Row> linalg_rows();
std::span<const Row> nn_rows();
std::span<const Row> picture_rows();
std::span<const Row> recurrent_rows();
std::span<const Row> loss_rows();

}  // namespace fornax::conformance
