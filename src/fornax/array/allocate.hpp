#pragma once

#include <cstddef>
#include <new>
#include <string_view>

namespace fornax::detail {

/// operator new and operator delete, but failure is an OutOfMemory.
void* allocate(std::size_t bytes, std::size_t alignment = __STDCPP_DEFAULT_NEW_ALIGNMENT__);
inline void release(void* memory, std::size_t alignment = __STDCPP_DEFAULT_NEW_ALIGNMENT__) noexcept {
  if (alignment > __STDCPP_DEFAULT_NEW_ALIGNMENT__) {
    ::operator delete (memory, std::align_val_t{alignment});
  } else {
    ::operator delete(memory);
  }
}
/// OutOfMemory, for so many bytes if that is known. What a function that fills containers makes of std::bad_alloc.
[[noreturn]] void throw_exhausted(std::size_t bytes = 0, std::string_view operation = "allocate");

}  // namespace fornax::detail
