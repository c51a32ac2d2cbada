#pragma once
// A parameter while it is being changed; not part of the public surface.

#include <fornax/array/error.hpp>
#include <fornax/array/small_vector.hpp>
#include <fornax/cpu/memory.hpp>
#include <fornax/decorators/autodiff/autodiff.hpp>
#include <fornax/nn/parameters.hpp>

namespace fornax::optim {

/// Takes the value out of a parameter, detached from every tape, and puts what it has become back at its end, in all places
/// where the model has it: as a leaf of the tapes that it was a leaf of. In between the parameter is empty, so that its
/// buffer can be reused.
class Place {
 public:
  explicit Place(const nn::NamedParameter& parameter) : parameter_(parameter) {
    Array x = *parameter.array;
    for (Interpreter* tape = autodiff::tape_of(x); tape && autodiff::is_leaf(*tape, x); tape = autodiff::tape_of(x)) {
      tapes_.push_back(tape);
      x = autodiff::inner(*tape, x);
    }
    value = detach(x);
    x = Array();
    parameter_.set(Array());
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    for (std::size_t i = tapes_.size(); i-- > 0;) value = leaf_on(*tapes_[i], value);
    parameter_.set(value);
  }

  Array value;

 private:
  // There is no way back from here: where even a few bytes are missing, what is kept for reuse is given up for them.
  static Array leaf_on(Interpreter& tape, const Array& x) {
    try {
      return autodiff::require_grad(tape, x);
    } catch (const OutOfMemory&) {
      trim_memory();
      return autodiff::require_grad(tape, x);
    }
  }

  const nn::NamedParameter& parameter_;
  SmallVector<Interpreter*, 2> tapes_;
};

}  // namespace fornax::optim
