#include <fornax/cpu/threads.hpp>

#include <omp.h>

#include <string>

#include <fornax/array/error.hpp>

namespace fornax {

void set_num_threads(int threads) {
  if (threads < 1) throw ValueError("set_num_threads", std::to_string(threads) + "; at least 1 is needed");
  omp_set_num_threads(threads);
}

int num_threads() { return omp_get_max_threads(); }

}  // namespace fornax
