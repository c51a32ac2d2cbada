#pragma once
// The error family. Every message reads `operation: what is wrong: the values; what would fit`.

#include <stdexcept>
#include <string>
#include <string_view>

namespace fornax {

/// Base of every error that fornax throws. Raised before any work is done: the inputs are untouched.
class Error : public std::runtime_error {
 public:
  Error(std::string_view operation, std::string_view detail);
  /// Name of the operation that refused its input, such as "matmul".
  const std::string& operation() const noexcept { return operation_; }

 private:
  std::string operation_;
};

/// Shapes that do not fit the operation, or sizes whose product overflows.
struct ShapeError : Error {
  using Error::Error;
};
/// An element type that the operation does not take, or operands of different types.
struct DTypeError : Error {
  using Error::Error;
};
/// An index, a dim or a slice bound outside its range.
struct IndexError : Error {
  using Error::Error;
};
/// A setting or a value outside the operation's domain, or a call that the tensor's state forbids.
struct ValueError : Error {
  using Error::Error;
};
/// Tensors on different devices or backends, or a device that is not there.
struct DeviceError : Error {
  using Error::Error;
};
/// The allocator could not provide a buffer; the program may free tensors and go on.
struct OutOfMemory : Error {
  using Error::Error;
};
/// The operating system refused to read or write.
struct IoError : Error {
  using Error::Error;
};
/// A file or a text that does not follow its format.
struct FormatError : Error {
  using Error::Error;
};

}  // namespace fornax
