// fornax's side of the benchmark: one process runs one workload, or compares the bits of all of them.

#include <string_view>

#include "workloads.hpp"

int main(int argc, char** argv) {
  Table table;
  add_small(table);
  add_elementwise(table);
  add_products(table);
  add_networks(table);
  add_second_order(table);
  add_sweeps(table);
  if (argc > 1 && std::string_view(argv[1]) == "--same-bits")
    return same_bits(table, argc > 2 && std::string_view(argv[2]) == "--small");
  // The number of threads is set by OMP_NUM_THREADS, which run_main puts into the environment.
  return bench::run_main(
      argc, argv, "fornax", table, [](int) {}, true);
}
