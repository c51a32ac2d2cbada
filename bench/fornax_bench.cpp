// fornax's side of the benchmark: one process runs one workload.

#include "workloads.hpp"

int main(int argc, char** argv) {
  Table table;
  add_small(table);
  add_elementwise(table);
  add_products(table);
  add_networks(table);
  add_second_order(table);
  // The number of threads is set by OMP_NUM_THREADS, which run_main puts into the environment.
  return bench::run_main(
      argc, argv, "fornax", table, [](int) {}, true);
}
