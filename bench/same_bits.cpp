// Results must not depend on how many threads share the work, nor on the run.

#include <cstdio>

#include <fornax/cpu/threads.hpp>

#include "workloads.hpp"

int same_bits(const Table& table, bool small) {
  Options o;
  o.small = small;
  o.calls = 2;
  int different = 0;
  for (const auto& [name, workload] : table) {
    if (name == "startup" || name.starts_with("sweep_")) continue;
    const auto bits_on = [&, &run = workload](int threads) {
      set_num_threads(threads);
      o.threads = threads;
      return run(o).bits;
    };
    const std::uint64_t one = bits_on(1);
    const bool again = bits_on(1) == one, two = bits_on(2) == one, two_again = bits_on(2) == one;
    const bool same = one != 0 && again && two && two_again;
    different += !same;
    std::printf("%-24s %016llx %s\n", name.c_str(), static_cast<unsigned long long>(one),
                one == 0 ? "GIVES NO RESULTS TO COMPARE"
                : same   ? "the same bits"
                : !again ? "DIFFERS when run again"
                         : "DIFFERS on 2 threads");
    std::fflush(stdout);
  }
  return different == 0 ? 0 : 1;
}
