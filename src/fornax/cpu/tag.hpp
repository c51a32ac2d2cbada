#pragma once

namespace fornax {

class Interpreter;

/// The backend that runs on the processor: Tensor<Cpu, 2>.
struct Cpu {
  using Inner = Cpu;
  static constexpr bool is_autodiff = false;
  static constexpr const char* name = "Cpu";
  static Interpreter& interpreter();
};

}  // namespace fornax
