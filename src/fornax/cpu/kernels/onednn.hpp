#pragma once
// What all uses of oneDNN share. Included only where FORNAX_WITH_ONEDNN is defined.

#include <oneapi/dnnl/dnnl.hpp>

namespace fornax::cpu {

inline const dnnl::engine& engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

inline dnnl::stream& stream() {
  thread_local dnnl::stream one(engine());
  return one;
}

}  // namespace fornax::cpu
