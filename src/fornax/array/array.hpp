#pragma once
// Array: the handle that the library moves. Shape, dtype, device and interpreter are known at run time.

#include <cstdint>
#include <span>
#include <utility>

#include <fornax/array/device.hpp>
#include <fornax/array/dtype.hpp>
#include <fornax/array/ref_count.hpp>
#include <fornax/array/shape.hpp>
#include <fornax/array/small_vector.hpp>

namespace fornax {

class Interpreter;
class TensorData;

/// What a handle points to. A backend adds the elements, a decorator adds what it knows about the array.
struct ArrayBody {
  ArrayBody(Interpreter* owner, DType type, Device where, const Shape& sizes)
      : dtype(type), device(where), interpreter(owner), shape(sizes) {}

  RefCount references;
  DType dtype;
  Device device;
  Interpreter* interpreter;  // null: a shell that has a shape and a dtype, and no elements
  Shape shape;
};

/// A counted handle to an immutable array of any rank. Copies share; operations make new arrays.
/// A default-constructed or moved-from Array is empty: only destruction, assignment and `defined()` are allowed.
class Array {
 public:
  constexpr Array() = default;
  /// Takes over one reference.
  explicit Array(ArrayBody* body) : body_(body) {}
  Array(const Array& other) : body_(other.body_) {
    if (body_) body_->references.increment();
  }
  Array(Array&& other) noexcept : body_(std::exchange(other.body_, nullptr)) {}
  Array& operator=(const Array& other) {
    Array(other).swap(*this);
    return *this;
  }
  Array& operator=(Array&& other) noexcept {
    Array(std::move(other)).swap(*this);
    return *this;
  }
  ~Array() {
    if (body_) release();
  }
  void swap(Array& other) noexcept { std::swap(body_, other.body_); }

  bool defined() const { return body_ != nullptr; }
  const Shape& shape() const { return body_->shape; }
  int rank() const { return body_->shape.rank(); }
  std::int64_t numel() const { return body_->shape.numel(); }
  DType dtype() const { return body_->dtype; }
  Device device() const { return body_->device; }
  Interpreter* interpreter() const { return body_->interpreter; }

  /// The elements, copied to the host. Decorators are looked through.
  TensorData to_data() const;
  /// The only element, as a double. Throws ShapeError if there is not exactly one.
  double item() const;

  /// True if no other handle shares the body.
  bool unique() const { return body_->references.is_one(); }
  ArrayBody* body() const { return body_; }

 private:
  void release() {
    if (body_->references.decrement()) destroy(body_);
  }
  static void destroy(ArrayBody* body) noexcept;

  ArrayBody* body_ = nullptr;
};

using Arrays = SmallVector<Array, 3>;

/// An input of an operation: a handle that is lent, or one that is given away.
/// The buffer of a given array may be reused for the result; its handle is empty after a successful call.
class Operand {
 public:
  Operand(const Array& lent) : handle_(&lent), given_(false) {}  // NOLINT: implicit by design
  Operand(Array&& given) : handle_(&given), given_(true) {}      // NOLINT
  /// No array: only assignment is allowed.
  Operand() = default;
  /// Given if `may_reuse`, else lent.
  Operand(Array& array, bool may_reuse) : handle_(&array), given_(may_reuse) {}

  const Array& array() const { return *handle_; }
  const Array* operator->() const { return handle_; }
  /// Nobody else holds the array and the caller gave it away: it may be written to.
  bool given() const { return given_; }
  bool reusable() const { return given_ && handle_->unique(); }
  /// The handle itself: moved out if it was given, copied if it was lent.
  Array take() const { return given_ ? std::move(*const_cast<Array*>(handle_)) : *handle_; }
  void finish() const {
    if (given_) *const_cast<Array*>(handle_) = Array();
  }

 private:
  const Array* handle_ = nullptr;
  bool given_ = false;
};

using Operands = std::span<const Operand>;
template <std::size_t N> using OperandsOf = std::span<const Operand, N>;

/// Arrays as operands, all of them lent. They must outlive the list.
inline SmallVector<Operand, 3> lent(std::span<const Array> arrays) {
  SmallVector<Operand, 3> operands;
  for (const Array& a : arrays) operands.push_back(Operand(a));
  return operands;
}

/// An array with a shape and a dtype and no elements: what a derivative rule receives for an input that it does not
/// need. Reading it is a bug in fornax.
Array make_shell(const Array& like);

}  // namespace fornax
