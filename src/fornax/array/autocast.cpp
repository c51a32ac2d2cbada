#include <fornax/array/autocast.hpp>

#include <string>

#include <fornax/array/error.hpp>

namespace fornax {

namespace {

DType checked(DType dtype) {
  if (dtype != DType::BF16 && dtype != DType::F16 && dtype != DType::F32)
    throw DTypeError(
        "Autocast",
        std::string("mixed precision is with bf16 or f16 (or f32, which turns it off), not with ").append(name(dtype)));
  return dtype;
}

}  // namespace

constinit thread_local DType detail::autocast_dtype = DType::F32;

Autocast::Autocast(DType dtype) : set_(checked(dtype)) {}

}  // namespace fornax
