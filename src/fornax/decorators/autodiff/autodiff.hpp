#pragma once
// Reverse mode as a decorator: every operation runs on the wrapped interpreter, and if an input is tracked a node
// remembers what its derivative rule needs. An array of the wrapped interpreter is a constant here.

#include <cstdint>
#include <string_view>

#include <fornax/array/interpreter.hpp>
#include <fornax/decorators/autodiff/hook.hpp>

namespace fornax::autodiff {

/// The decorator around `inner`; one for each interpreter, made on first use. Any thread may ask.
Interpreter& around(Interpreter& inner);

/// A new leaf with the values of `x`; `x` itself if it is one already. Throws ValueError if x is the result of a
/// recorded operation, DTypeError if it is not Float.
Array require_grad(Interpreter& on, const Array& x);
/// True for a leaf made by require_grad.
bool is_leaf(const Interpreter& on, const Array& x);
/// True if backward can start from x.
bool is_tracked(const Interpreter& on, const Array& x);
/// The value of x on the wrapped interpreter.
Array inner(const Interpreter& on, const Array& x);

/// While one lives, the calling thread records nothing.
class NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;
};

/// While one lives, the calling thread records again: for tapes of the library's own, whatever the user switched off.
class Recording {
 public:
  Recording();
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

 private:
  int before_;
};

/// Gradients of one backward pass, by tensor. Belongs to the caller.
class GradientStore {
 public:
  GradientStore();
  GradientStore(GradientStore&&) noexcept;
  GradientStore& operator=(GradientStore&&) noexcept;
  ~GradientStore();

  /// The gradient of x on the wrapped interpreter; empty if x is no leaf (and not retained) or was not reached.
  Array find(const Array& x) const;
  /// The same, taken out.
  Array remove(const Array& x);
  /// Puts a gradient in, in place of one that may be there. Throws ValueError if x is not tracked, ShapeError or
  /// DTypeError if the gradient does not fit x.
  void replace(const Array& x, Array gradient);
  /// Number of tensors that have a gradient.
  std::size_t size() const;

  struct Entries;

 private:
  friend GradientStore backward(const Interpreter& on, const Operand& root, const Array& cotangent);
  Entries* entries_;
};

/// Gradients of `root` with respect to all leaves that it was computed from, weighted with `cotangent` (empty: ones).
/// If root is given away and nothing else holds the tape, each node is freed as soon as it was used.
/// Throws ValueError if root is not tracked, ShapeError or DTypeError if the cotangent does not fit.
GradientStore backward(const Interpreter& on, const Operand& root, const Array& cotangent);

/// Name of the operation whose gradient the calling thread's backward computes; empty outside of one.
std::string_view differentiated_operation();

/// Also keep the gradient of this intermediate tensor. Throws ValueError if x is not tracked.
void retain_grad(const Interpreter& on, const Array& x);
/// Calls `hook` with x's gradient once it is complete. Throws ValueError if x is not tracked.
void register_hook(const Interpreter& on, const Array& x, Ref<Hook> hook);

/// A function of arrays that can be run again.
struct Region : Counted {
  virtual ~Region() = default;
  virtual Arrays run(const Arrays& x) = 0;
};

/// The results of `region`, of which backward keeps only the inputs: it runs the region again when it gets there.
Arrays checkpoint(Interpreter& on, Ref<Region> region, const Arrays& x);

}  // namespace fornax::autodiff
