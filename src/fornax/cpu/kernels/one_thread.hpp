#pragma once

#include <omp.h>

namespace fornax::cpu {

/// While one lives, libraries on OpenMP run the calling thread's calls on that thread alone.
class OneThread {
 public:
  OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

}  // namespace fornax::cpu
