#pragma once
// vmap as a decorator: an array stands for a batch of arrays of one shape, and every operation runs on all of them at
// once. An array of the wrapped interpreter is the same for each sample.

#include <cstdint>

#include <fornax/array/interpreter.hpp>

namespace fornax::batched {

/// The decorator around `inner`; one for each interpreter, made on first use. Any thread may ask.
Interpreter& around(Interpreter& inner);

/// The batch whose samples lie along `dim` of x. Throws IndexError if there is no such dim.
Array make(Interpreter& on, const Array& x, std::int64_t dim);
/// The samples of x along a new dim; repeated `size` times if x is the same for each.
Array unmake(const Interpreter& on, const Array& x, std::int64_t size, std::int64_t dim);
/// True if x has a batch dim here.
bool is_batched(const Interpreter& on, const Array& x);

/// What random operations do inside vmap.
enum class Randomness : std::uint8_t {
  Error,      // throw ValueError
  Same,       // the same numbers for each sample
  Different,  // numbers of its own for each sample
};

/// While one lives, the calling thread runs a vmap of `size` samples on `on`.
class Frame {
 public:
  Frame(Interpreter& on, std::int64_t size, Randomness randomness);
  ~Frame();
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

  Interpreter& interpreter;
  std::int64_t size;
  Randomness randomness;
  Frame* outer;
};

}  // namespace fornax::batched
