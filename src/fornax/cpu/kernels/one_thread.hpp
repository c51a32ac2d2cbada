#pragma once

#include <omp.h>

namespace fornax::cpu {

/// Keeps a library from splitting its work among threads of its own while the guard lives.
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
