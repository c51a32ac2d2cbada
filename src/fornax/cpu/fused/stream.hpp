#pragma once
// Writing past the caches: for results that are larger than these, a plain store would first read what it overwrites.

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace fornax::cpu {

/// Once a thread has streamed, before others read.
inline void finish_streams() {
#ifdef __SSE2__
  _mm_sfence();
#endif
}

}  // namespace fornax::cpu
