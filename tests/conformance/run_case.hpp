#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include <fornax/array/interpreter.hpp>

#include "json_case.hpp"

namespace fornax::conformance {

/// Where cases run.
struct Setup {
  Interpreter* on;                  // the outermost interpreter
  std::vector<Interpreter*> tapes;  // every Autodiff in the stack, outermost first; none: outputs only
  DType real;                       // F64 or F32: what the file's f64 become
  bool forward;                     // gradients by forward mode, around the whole stack
  bool vmap;                        // the operations run on a batch of two equal samples
  std::int64_t accumulate = 1;      // training sums the gradients of this many equal parts of each batch
};

/// Values that are not the expected ones.
struct Mismatch : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A number as text that gives it back.
std::string exact(double value);
Array upload(const TensorData& data, const Setup& s);

/// The stack called `name`, such as "Autodiff<Cpu>". Throws std::invalid_argument.
Setup setup_of(const std::string& name, DType real, bool forward, bool vmap);

enum class Verdict { Passed, Failed, Absent };

struct Outcome {
  Verdict verdict;
  double error = 0;    // the largest |got - expected| among floats
  std::string reason;  // why it did not pass
};

Outcome run_case(const Case& c, const Setup& setup);

}  // namespace fornax::conformance
