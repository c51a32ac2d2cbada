#pragma once

#include <cstdint>

namespace fornax {

/// Where an array's elements live. The default is the machine's main memory.
struct Device {
  enum class Kind : std::uint8_t { Cpu };
  Kind kind = Kind::Cpu;
  std::uint8_t index = 0;

  static constexpr Device cpu() { return {}; }
  friend constexpr bool operator==(Device, Device) = default;
};

}  // namespace fornax
