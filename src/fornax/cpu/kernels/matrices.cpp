#include <fornax/cpu/kernels/matrices.hpp>

#include <atomic>

#include <fornax/cpu/kernels/one_thread.hpp>

namespace fornax::cpu {

std::string matrix_name(const Shape& shape, std::int64_t index) {
  const Shape batch = batch_of(shape);
  if (batch.rank() == 0) return "the matrix";
  std::string place;
  for (int d = batch.rank() - 1; d >= 0; --d) {
    place.insert(0, std::to_string(index % batch[d]) + (d + 1 < batch.rank() ? ", " : ""));
    index /= batch[d];
  }
  return "matrix [" + place + "] of the batch";
}

std::int64_t run_matrices(std::string_view operation, std::int64_t count, std::int64_t bytes, double operations,
                          MatrixTask task) {
  const bool parallel = count > 1 && static_cast<double>(count) * operations > 1e5;
  const std::int64_t threads = parallel ? std::min<std::int64_t>(omp_get_max_threads(), count) : 1;
  const std::int64_t step = std::max<std::int64_t>((bytes + 63) / 64 * 64, 64);
  const Array buffer = cpu_empty(operation, Shape{threads * step}, DType::U8);
  std::byte* const scratch = dense(buffer).data;
  std::atomic<std::int64_t> failed = count;
  const auto run = [&](std::int64_t i, std::byte* own) {
    if (task.call(task.f, i, own)) return;
    std::int64_t first = failed;
    while (i < first && !failed.compare_exchange_weak(first, i)) {}
  };
  if (threads == 1) {
    const OneThread guard;
    for (std::int64_t i = 0; i < count; ++i) run(i, scratch);
  } else {
#pragma omp parallel num_threads(static_cast <int>(threads))
    {
      const OneThread guard;
      std::byte* const own = scratch + omp_get_thread_num() * step;
#pragma omp for schedule(dynamic)
      for (std::int64_t i = 0; i < count; ++i) run(i, own);
    }
  }
  return failed == count ? -1 : failed.load();
}

}  // namespace fornax::cpu
