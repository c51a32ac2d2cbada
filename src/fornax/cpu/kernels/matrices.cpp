#include <fornax/cpu/kernels/matrices.hpp>

#include <atomic>

#include <fornax/cpu/kernels/one_thread.hpp>
#include <fornax/cpu/threads.hpp>

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
  const int threads = parallel ? threads_for(count) : 1;
  const std::int64_t step = std::max<std::int64_t>((bytes + 63) / 64 * 64, 64);
  const Array buffer = cpu_empty(operation, Shape{threads * step}, DType::U8);
  std::byte* const scratch = dense(buffer).data;
  std::atomic<std::int64_t> failed = count;
  parallel_tasks(count, threads, [&](std::int64_t i, int worker) {
    const OneThread guard;
    if (task.call(task.f, i, scratch + worker * step)) return;
    std::int64_t first = failed;
    while (i < first && !failed.compare_exchange_weak(first, i)) {}
  });
  return failed == count ? -1 : failed.load();
}

}  // namespace fornax::cpu
