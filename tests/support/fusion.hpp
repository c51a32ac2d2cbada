#pragma once
// Fusion in tests: on arrays of any size.

#include <cmath>
#include <cstring>
#include <vector>

#include <fornax/cpu/fused/compiled/compiled.hpp>
#include <fornax/decorators/fusion/tag.hpp>
#include <support/samples.hpp>

namespace fornax::test {

/// While one lives, operations on arrays of any size wait.
class EverySize {
 public:
  EverySize() : before_(fusion::least_elements()) { fusion::set_least_elements(0); }
  ~EverySize() { fusion::set_least_elements(before_); }
  EverySize(const EverySize&) = delete;
  EverySize& operator=(const EverySize&) = delete;

 private:
  std::int64_t before_;
};

/// While one lives, one executor runs all programs that it can run.
class ByExecutor {
 public:
  explicit ByExecutor(cpu::Executor executor) : before_(cpu::executor()) { cpu::set_executor(executor); }
  ~ByExecutor() { cpu::set_executor(before_); }
  ByExecutor(const ByExecutor&) = delete;
  ByExecutor& operator=(const ByExecutor&) = delete;

 private:
  cpu::Executor before_;
};

/// The executors that this build and this machine have.
inline std::vector<cpu::Executor> executors() {
  std::vector<cpu::Executor> all{cpu::Executor::Tiles};
  if (cpu::can_compile()) all.push_back(cpu::Executor::Compiled);
  return all;
}

inline Interpreter& fusing() { return Fusion<Cpu>::interpreter(); }

/// The result of an operation that waits and gives x.
inline Array late(const Array& x) {
  const Array on = fusing().enter(x);
  if (x.dtype() == DType::Bool) return logical_not(logical_not(on));
  return is_float(x.dtype()) ? on * 1.0 : on * 1;
}
inline std::vector<Array> late(const std::vector<Array>& x) {
  std::vector<Array> all;
  for (const Array& a : x) all.push_back(late(a));
  return all;
}

/// Equal bit for bit, except that one NaN is like another.
inline bool same_bits(const TensorData& a, const TensorData& b) {
  if (a == b) return true;
  if (!(a.shape() == b.shape()) || a.dtype() != b.dtype()) return false;
  const std::size_t size = size_of(a.dtype());
  for (std::int64_t i = 0; i < a.numel(); ++i) {
    const std::size_t at = static_cast<std::size_t>(i) * size;
    if (std::memcmp(a.bytes().data() + at, b.bytes().data() + at, size) != 0 && !(std::isnan(a[i]) && std::isnan(b[i])))
      return false;
  }
  return true;
}
inline bool same_bits(const std::vector<TensorData>& a, const std::vector<TensorData>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!same_bits(a[i], b[i])) return false;
  return true;
}

}  // namespace fornax::test
