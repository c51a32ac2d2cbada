#pragma once
// The one door: whoever gives operations a meaning is an Interpreter.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include <fornax/array/array.hpp>

namespace fornax {

struct Op;
namespace op {
struct Binary;
struct WithScalar;
}  // namespace op
namespace fused {
struct Call;
}

/// A backend, or a decorator around one.
class Interpreter {
 public:
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  /// Runs one operation. The inputs belong to this interpreter or to any that it wraps: an array of a wrapped
  /// interpreter is a constant here. Throws before any work is done if the inputs do not fit.
  virtual Arrays apply(const Op& op, Operands inputs) = 0;
  /// The same for an operation with one result: the most frequent case, without a list around it.
  virtual Array apply_one(const Op& op, Operands inputs) { return std::move(apply(op, inputs)[0]); }
  /// The same for the most frequent operations, where an interpreter has a shorter way to them; an empty Array says that
  /// there is none for these inputs. The shapes of a Binary's inputs are equal.
  virtual Array shortcut(const op::Binary&, OperandsOf<2>) { return {}; }
  virtual Array shortcut(const op::WithScalar&, OperandsOf<1>) { return {}; }
  /// The array one decorator further in. Backends never receive this call.
  virtual const Array& primal(const Array& array) = 0;
  /// An array from an operation without inputs.
  virtual Array create(const Op& op) { return inner_ ? inner_->create(op) : apply_one(op, {}); }
  /// The values of an array that belongs to this interpreter, cut off from all derivatives.
  virtual Array detach(const Array& array) { return array; }
  virtual void destroy(ArrayBody* body) noexcept = 0;
  /// `a` as an array that this interpreter, or one that it wraps, watches; called only if there is one (see `watches`).
  virtual Array enter(Array a) { return inner_ && a.interpreter() != this ? inner_->enter(std::move(a)) : a; }
  /// "Autodiff<Cpu>".
  virtual std::string name() const = 0;

  /// The wrapped interpreter; null for a backend.
  Interpreter* inner() const { return inner_; }
  /// What stands at the bottom: the interpreter itself, if it is a backend.
  Interpreter& bottom() { return *bottom_; }
  /// How many decorators stand above the backend. Among an operation's inputs the deepest interpreter runs it.
  int depth() const { return depth_; }
  /// True if this interpreter, or one that it wraps, is to see every operation on arrays of this many elements: new ones
  /// then `enter`, and are created through `apply`. Otherwise new arrays are the backend's own, which are constants to
  /// all decorators.
  bool watches(std::int64_t elements) const { return elements >= watched_->load(std::memory_order_relaxed); }
  /// Equal for all decorators of one kind, whatever they wrap.
  const void* family() const { return family_; }
  /// True if `other` is this interpreter or one that it wraps.
  bool covers(const Interpreter* other) const;

 protected:
  /// The least number of elements that an interpreter watches arrays from.
  using Watched = std::atomic<std::int64_t>;
  static constinit const Watched kAll, kNone;

  /// Watches what `inner` watches, unless `watched` says otherwise.
  explicit Interpreter(Interpreter* inner, const void* family = nullptr, const Watched* watched = nullptr)
      : inner_(inner),
        bottom_(inner ? inner->bottom_ : this),
        family_(family),
        depth_(inner ? inner->depth_ + 1 : 0),
        watched_(watched ? watched
                 : inner ? inner->watched_
                         : &kNone) {}
  ~Interpreter() = default;  // interpreters live as long as the program

 private:
  Interpreter* inner_;
  Interpreter* bottom_;
  const void* family_;
  int depth_;
  const Watched* watched_;
};

/// An interpreter that owns memory and kernels.
class Backend : public Interpreter {
 public:
  virtual Array upload(DType dtype, const Shape& shape, std::span<const std::byte> elements, Device device) = 0;
  /// Writes the elements in row-major order; `out` has exactly their size.
  virtual void download(const Array& array, std::span<std::byte> out) = 0;
  /// Runs a program (ops/fused.hpp), the results bit for bit those of its operations one by one. An input that nobody
  /// else holds may be overwritten, but only if the call does not throw.
  virtual Arrays run_program(const fused::Call& call) = 0;

  const Array& primal(const Array& array) final { return array; }

 protected:
  Backend() : Interpreter(nullptr) {}
  ~Backend() = default;
};

/// The backend's own array under all decorators.
const Array& on_backend(const Array& array);

/// The values of x, cut off from the derivatives of every decorator.
inline Array detach(const Array& x) { return x.interpreter()->detach(x); }

/// The backend at the bottom of a stack.
inline Backend& backend_of(Interpreter& interpreter) { return static_cast<Backend&>(interpreter.bottom()); }

}  // namespace fornax
