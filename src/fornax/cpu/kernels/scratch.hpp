#pragma once

#include <fornax/cpu/cpu.hpp>

namespace fornax::cpu {

/// Memory for each of several threads, in pieces of whole cache lines.
class Scratch {
 public:
  Scratch(std::string_view operation, int threads, std::int64_t elements, DType type)
      : step_((elements * static_cast<std::int64_t>(size_of(type)) + 63) / 64 * 64),
        memory_(cpu_empty(operation, Shape{threads, step_}, DType::U8)) {}
  std::byte* of(int worker) const { return dense(memory_).data + worker * step_; }

 private:
  std::int64_t step_;
  Array memory_;
};

}  // namespace fornax::cpu
