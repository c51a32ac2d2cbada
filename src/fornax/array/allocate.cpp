#include <fornax/array/allocate.hpp>

#include <string>

#include <fornax/array/error.hpp>

namespace fornax::detail {

void* allocate(std::size_t bytes, std::size_t alignment) {
  void* memory = alignment > __STDCPP_DEFAULT_NEW_ALIGNMENT__
                     ? ::operator new (bytes, std::align_val_t{alignment}, std::nothrow)
                     : ::operator new(bytes, std::nothrow);
  if (!memory) throw_exhausted(bytes);
  return memory;
}

void throw_exhausted(std::size_t bytes, std::string_view operation) {
  throw OutOfMemory(operation, bytes > 0 ? "the system has no " + std::to_string(bytes) + " bytes"
                                         : std::string("the system has no memory"));
}

}  // namespace fornax::detail
