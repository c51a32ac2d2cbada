#include <fornax/array/error.hpp>

namespace fornax {

Error::Error(std::string_view operation, std::string_view detail)
    : std::runtime_error(std::string(operation).append(": ").append(detail)), operation_(operation) {}

}  // namespace fornax
