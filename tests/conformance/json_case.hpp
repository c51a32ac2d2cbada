#pragma once
// Cases as they stand in a file, one JSON object a line. The JSON library stays behind this header.

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <fornax/array/tensor_data.hpp>
#include <fornax/ops/scalar.hpp>

namespace fornax::conformance {

/// Text that is no case. The message says where and why.
struct Malformed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The value of an attribute.
struct Value {
  enum class Kind { Null, Bool, Int, Float, Text, List, Object };

  Kind kind = Kind::Null;
  std::int64_t integer = 0;  // Bool and Int
  double real = 0;
  std::string text;
  std::vector<Value> list;         // of an object: its values,
  std::vector<std::string> names;  // and their names
};

struct Literal;

/// The attributes of an operation. Reading one that is absent, or of another kind, throws Malformed; with a fallback
/// an absent or null one gives that.
class Attrs {
 public:
  void set(std::string name, Value value) { values_[std::move(name)] = std::move(value); }

  /// True if it is there and not null.
  bool has(std::string_view name) const;
  const Value& at(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;
  std::int64_t integer(std::string_view name, std::int64_t fallback) const;
  double real(std::string_view name) const;
  double real(std::string_view name, double fallback) const;
  bool flag(std::string_view name) const;
  bool flag(std::string_view name, bool fallback) const;
  std::string text(std::string_view name) const;
  /// A number in the kind that the file gives it.
  Scalar number(std::string_view name) const;
  /// A list of integers; one integer is a list too.
  std::vector<std::int64_t> integers(std::string_view name) const;
  std::vector<double> reals(std::string_view name) const;
  /// What is an object itself, and a list of objects.
  Attrs object(std::string_view name) const;
  std::vector<Attrs> objects(std::string_view name) const;
  /// An object that is a tensor.
  Literal tensor(std::string_view name) const;
  std::vector<std::string> names() const;

 private:
  std::map<std::string, Value, std::less<>> values_;
};

/// A tensor as the file writes it: nothing is checked yet against the shape.
struct Literal {
  DType dtype = DType::F64;
  std::vector<std::int64_t> shape;
  std::vector<double> reals;           // Float dtypes
  std::vector<std::int64_t> integers;  // Int and Bool

  /// The elements, as `real` if they are floats. Throws a fornax::Error if shape and elements do not agree.
  TensorData tensor(DType real) const;
};

struct Input {
  std::string name;
  Literal value;
  bool wants_grad = false;
};

/// results = op(inputs, attrs). A single operation names neither: it takes and gives everything, in order.
struct Step {
  std::vector<std::string> results;  // an empty name: not read
  std::string op;
  std::vector<std::string> inputs;
  Attrs attrs;
};

struct Tolerance {
  double relative = 0, absolute = 0;
};

/// What a call must do.
enum class Expect { Values, Error, ErrorOrDefined };

struct Case {
  std::string id;
  std::string op;  // "program" for one of several steps
  std::vector<std::string> tags;
  Expect expect = Expect::Values;
  std::vector<Input> inputs;
  std::vector<Step> steps;
  std::vector<std::string> outputs;                // of a program
  std::vector<std::optional<Literal>> cotangents;  // empty: no gradients asked
  std::vector<std::optional<Literal>> expected_outputs, expected_grads;
  std::optional<Tolerance> f64, f32;
  Attrs whole;            // of "train" and "lr_schedule": all fields
  std::string directory;  // of the file, with a slash at its end; empty for the current one
};

/// The fields of a file that is one object. Throws Malformed.
Attrs read_object(const std::string& path);

/// The cases of a file. Throws Malformed, also if the file cannot be read.
std::vector<Case> read_cases(const std::string& path);

}  // namespace fornax::conformance
