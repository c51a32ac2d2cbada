#include <fornax/array/autocast.hpp>

#include <string>

#include <fornax/array/error.hpp>

namespace fornax {

namespace detail {
constinit thread_local DType autocast_dtype = DType::F32;
}

Autocast::Autocast(DType dtype) : outer_(detail::autocast_dtype) {
  if (dtype != DType::BF16 && dtype != DType::F16 && dtype != DType::F32)
    throw DTypeError("Autocast",
                     std::string("mixed precision is with bf16 or f16 (or f32, which turns it off), not with ")
                         .append(fornax::name(dtype)));
  detail::autocast_dtype = dtype;
}

Autocast::~Autocast() { detail::autocast_dtype = outer_; }

}  // namespace fornax
