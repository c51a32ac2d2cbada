#include <algorithm>
#include <atomic>

#include <fornax/cpu/isa/few_rows.hpp>
#include <fornax/cpu/isa/half.hpp>
#include <fornax/cpu/kernels/compute_type.hpp>
#include <fornax/cpu/kernels/dispatch.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/gemm.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/kernels/one_thread.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

namespace {

/// One factor: a matrix for each batch, all read with the same steps.
struct Factor {
  Array array;
  std::int64_t rows, columns, row_step, column_step;

  Factor(const Array& x, bool transposed) : array(x) {
    const auto last = static_cast<std::size_t>(x.rank() - 1);
    rows = x.shape()[x.rank() - 2];
    columns = x.shape()[x.rank() - 1];
    row_step = dense(x).strides[last - 1];
    column_step = dense(x).strides[last];
    if (!transposed) return;
    std::swap(rows, columns);
    std::swap(row_step, column_step);
  }

  int batch_dims() const { return array.rank() - 2; }
  std::int64_t batch_step(int d) const { return dense(array).strides[static_cast<std::size_t>(d)]; }

  Factor transposed() const {
    Factor f = *this;
    std::swap(f.rows, f.columns);
    std::swap(f.row_step, f.column_step);
    return f;
  }

  /// Whether one step is 1 and the other skips whole rows or columns, as the library wants it. A dim of size 1 may have
  /// any step, so it gets one that fits.
  bool settle_steps() {
    if ((column_step == 1 || columns == 1) && (row_step >= columns || rows == 1)) {
      column_step = 1;
      if (rows == 1) row_step = std::max<std::int64_t>(columns, 1);
      return true;
    }
    if ((row_step == 1 || rows == 1) && (column_step >= rows || columns == 1)) {
      row_step = 1;
      if (columns == 1) column_step = rows;
      return true;
    }
    return false;
  }

  template <class T> Matrix<T> matrix(std::int64_t batch) const {
    std::int64_t offset = 0;
    for (int d = batch_dims() - 1; d >= 0; --d) {
      offset += batch % array.shape()[d] * batch_step(d);
      batch /= array.shape()[d];
    }
    return {reinterpret_cast<const T*>(dense(array).data) + offset, rows, columns, row_step, column_step};
  }

  bool same_in_all_batches() const {
    for (int d = 0; d < batch_dims(); ++d)
      if (array.shape()[d] != 1 && batch_step(d) != 0) return false;
    return true;
  }
  /// The batches lie one below the other, so that they can be read as one tall matrix.
  bool stacked() const {
    std::int64_t expected = rows * row_step;
    for (int d = batch_dims() - 1; d >= 0; --d) {
      if (array.shape()[d] != 1 && batch_step(d) != expected) return false;
      expected *= array.shape()[d];
    }
    return true;
  }
};

/// The same elements without gaps, as another dtype; a matrix that all batches share is still stored once.
Array packed(const Array& x, DType dtype) {
  Shape once = x.shape();
  for (int d = 0; d < x.rank() - 2; ++d)
    if (dense(x).strides[static_cast<std::size_t>(d)] == 0 && once[d] > 1) once = once.with(d, 1);
  Array y = cpu_contiguous(view(x, once, dense(x).strides, 0));
  if (dtype != x.dtype()) {
    const Array stored = y;
    y = cpu_empty("matmul", once, dtype);
    convert_all(dense(stored).data, stored.dtype(), dense(y).data, dtype, y.numel());
  }
  Strides strides = contiguous_strides(once);
  for (int d = 0; d < x.rank() - 2; ++d)
    if (once[d] != x.shape()[d]) strides[static_cast<std::size_t>(d)] = 0;
  return view(y, x.shape(), strides, 0);
}

Factor readable(const Array& x, bool transposed, DType type) {
  Factor f(x.dtype() == type ? x : packed(x, type), transposed);
  if (!is_float(type) || type == DType::F64 || f.settle_steps()) return f;
  f = Factor(packed(x, type), transposed);
  f.settle_steps();
  return f;
}

/// Multiplications, with the moving of elements weighed in: products with a vector are bound by memory.
double cost(std::int64_t rows, std::int64_t columns, std::int64_t depth) {
  const auto m = static_cast<double>(rows), n = static_cast<double>(columns);
  return static_cast<double>(depth) * (m * n + 10 * (m + n));
}

constexpr double kLeastCost = 1 << 20;  // about 5 us on one core: less is not worth a task

/// Size of the blocks that a result is cut into. It depends on the shape and the factors' layout alone, never on the number of
/// threads: each block is computed by one call, so the result is the same bits on any machine with the same instructions.
struct Blocks {
  std::int64_t rows, columns, count;

  /// `copies_*` say of which factor the kernel copies what a block needs, because rows of it are not adjacent elements.
  Blocks(std::int64_t batches, std::int64_t m, std::int64_t n, std::int64_t depth, bool copies_left, bool copies_right)
      : rows(m), columns(n), count(batches) {
    // Large blocks run at full speed, many keep all cores busy: halve a side until there are eight, of 2 MiB at most. A copy is
    // worth most for a block that has much of the other side, so the side that is copied is halved first; of neither, the columns,
    // because the right factor is copied for many rows anyway. Below 64 rows or 128 columns, with a copy twice as many, a block
    // takes up to twice its share of time.
    const bool one = copies_left != copies_right, both = copies_left && copies_right;
    const std::int64_t least_rows = one && copies_right ? 256 : 128, least_columns = one && copies_left ? 512 : 256;
    while (count < 8 || rows * columns > 1024 * 512) {
      const bool by_preference = both || std::max(rows, columns) > 1024 ? rows >= columns : copies_left;
      const bool by_rows = rows >= least_rows && (by_preference || columns < least_columns);
      if (!by_rows && columns < least_columns) return;
      const std::int64_t half_rows = by_rows ? half(rows) : rows, half_columns = by_rows ? columns : half(columns);
      if (cost(half_rows, half_columns, depth) < kLeastCost) return;
      rows = half_rows;
      columns = half_columns;
      count = batches * along(m, rows) * along(n, columns);
    }
  }
  static std::int64_t half(std::int64_t size) { return ((size + 1) / 2 + 15) / 16 * 16; }
  static std::int64_t along(std::int64_t size, std::int64_t block) { return (size + block - 1) / block; }
};

/// What happens to a block of the result while it is in the first caches.
struct Epilogue {
  const std::byte* bias = nullptr;  // one number for each column
  Kernel add = nullptr, activation = nullptr;
  /// Rounds sums in f32 to the 16 bits that are stored; null if sums lie where the result does.
  Kernel narrow = nullptr;

  /// Rows of sums, for the columns from `first` on, whose results lie at y, `y_step` bytes apart.
  template <class T>
  void run(T* sums, std::int64_t step, std::int64_t rows, std::int64_t columns, std::int64_t first, std::byte* y,
           std::int64_t y_step) const {
    if (!add && !narrow) return;
    for (std::int64_t i = 0; i < rows; ++i) {
      auto* const row = reinterpret_cast<std::byte*>(sums + i * step);
      const std::byte* const in[] = {row, bias + first * static_cast<std::int64_t>(sizeof(T))};
      if (add) add(row, in, columns, nullptr);
      if (activation) activation(row, in, columns, nullptr);
      if (narrow) narrow(y + i * y_step, in, columns, nullptr);
    }
  }
};

/// For few rows: the right factor is read once, from end to end. Threads take ranges of its rows, and what they give is joined in
/// the order of the ranges; columns would be short pieces of memory here, far from each other. What is computed may be the transposed
/// product where that lies in memory as the result does.
void multiply_few_rows(const Factor& lhs, const Factor& rhs, const Array& result, const Epilogue& epilogue) {
  constexpr std::int64_t least = 1 << 16;  // products of a range: 3 us
  const std::int64_t depth = lhs.columns, size = lhs.rows * rhs.columns;
  std::int64_t parts = 1;
  while (parts < 8 && depth * rhs.columns >= 2 * parts * least && depth >= 16 * parts) parts *= 2;
  const std::int64_t each = (depth + parts - 1) / parts;
  const Array whole = epilogue.narrow ? cpu_empty("matmul", Shape{size}, DType::F32) : result;
  auto* const y = reinterpret_cast<float*>(dense(whole).data);
  const Array others = parts > 1 ? cpu_empty("matmul", Shape{parts - 1, size}, DType::F32) : Array();
  auto* const sums = parts > 1 ? reinterpret_cast<float*>(dense(others).data) : nullptr;
  const Matrix<float> a = lhs.matrix<float>(0), b = rhs.matrix<float>(0);
  const FewRows kernel = few_rows_kernel(isa());
  parallel_for(parts, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const Matrix<float> left = a.block(0, i * each, a.rows, each), right = b.block(i * each, 0, each, b.columns);
      kernel(left.data, left.row_step, left.column_step, left.rows, right.data, right.row_step, right.columns,
             right.rows, i == 0 ? y : sums + (i - 1) * size, b.columns);
    }
  });
  for (std::int64_t i = 1; i < parts; ++i)
    for (std::int64_t j = 0; j < size; ++j) y[j] += sums[(i - 1) * size + j];
  const std::int64_t columns = result.shape()[result.rank() - 1];
  epilogue.run(y, columns, size / columns, columns, 0, dense(result).data,
               columns * static_cast<std::int64_t>(size_of(result.dtype())));
}

template <class T> void multiply(Factor lhs, const Factor& rhs, const Array& y, const Epilogue& epilogue = {}) {
  std::int64_t batches = 1;
  for (int d = 0; d < lhs.batch_dims(); ++d) batches *= lhs.array.shape()[d];
  if (rhs.same_in_all_batches() && lhs.stacked()) {
    lhs.rows *= batches;
    batches = 1;
  }
  const std::int64_t rows = lhs.rows, columns = rhs.columns, depth = lhs.columns;
  const auto size = static_cast<std::int64_t>(size_of(y.dtype()));
  if constexpr (std::is_same_v<T, float>) {
    const bool large = batches == 1 && depth >= 16;
    if (large && rows <= kFewRows && columns * depth >= 1024 && rhs.column_step == 1)
      return multiply_few_rows(lhs, rhs, y, epilogue);
    if (large && columns == 1 && rows * depth >= 1024 && lhs.row_step == 1 && lhs.column_step != 1)
      return multiply_few_rows(rhs.transposed(), lhs.transposed(), y, epilogue);
  }
  constexpr bool library = std::is_same_v<T, BFloat16>;  // copies both factors anyway
  const Blocks blocks(batches, rows, columns, depth, library || lhs.column_step != 1, library || rhs.column_step != 1);
  const std::int64_t across = Blocks::along(columns, blocks.columns), down = Blocks::along(rows, blocks.rows);
  std::atomic<bool> failed = false;
  const auto run_block = [&](std::int64_t i) {
    const std::int64_t batch = i / (across * down);
    const std::int64_t row = i / across % down * blocks.rows, column = i % across * blocks.columns;
    const Matrix<T> a = lhs.matrix<T>(batch).block(row, 0, blocks.rows, depth);
    const Matrix<T> b = rhs.matrix<T>(batch).block(0, column, depth, blocks.columns);
    std::byte* const block = dense(y).data + ((batch * rows + row) * columns + column) * size;
    if constexpr (std::is_same_v<T, BFloat16>)
      if (epilogue.add && !epilogue.activation) {
        const auto* const bias = reinterpret_cast<const float*>(epilogue.bias) + column;
        if (!gemm_and_add(a, b, bias, reinterpret_cast<T*>(block), columns)) failed = true;
        return;
      }
    if (epilogue.narrow) {
      using Sum = compute_t<T>;
      const Array sums = cpu_empty("matmul", Shape{a.rows, b.columns}, dtype_v<Sum>);
      auto* const sum = reinterpret_cast<Sum*>(dense(sums).data);
      if (!gemm(a, b, sum, b.columns)) failed = true;
      epilogue.run(sum, b.columns, a.rows, b.columns, column, block, columns * size);
    } else {
      auto* const sum = reinterpret_cast<T*>(block);
      if (!gemm(a, b, sum, columns)) failed = true;
      epilogue.run(sum, columns, a.rows, b.columns, column, block, columns * size);
    }
  };
  if (blocks.count == 1 || static_cast<double>(batches) * cost(rows, columns, depth) < kLeastCost) {
    const OneThread guard;  // a block is not split among threads again
    for (std::int64_t i = 0; i < blocks.count; ++i) run_block(i);
  } else {
    parallel_for(blocks.count, 1, [&](std::int64_t begin, std::int64_t end) {
      const OneThread guard;
      for (std::int64_t i = begin; i < end; ++i) run_block(i);
    });
  }
  if (failed) throw Error("matmul", "oneDNN's product of bf16 failed");
}

/// bf16 products of their own where there are, and where one product is worth the library's call.
DType product_type(DType type, std::int64_t rows, std::int64_t columns, std::int64_t depth) {
  constexpr std::int64_t least = std::int64_t{24} * 24 * 24;
  const bool large = rows * columns * depth > least;
  return type == DType::BF16 && large && has_bf16_products() ? DType::BF16 : compute_type(type);
}

}  // namespace

Array execute(const op::MatMul& op, const Spec& spec, Operands inputs) {
  const Array& left = inputs[0].array();
  const int last = left.rank() - 1;
  const std::int64_t depth = left.shape()[op.transpose_lhs ? last - 1 : last];
  const DType type = product_type(spec.dtype, spec.shape[last - 1], spec.shape[last], depth);
  const Array y = cpu_empty(op.name(), spec.shape, spec.dtype);
  if (y.numel() == 0) return y;
  const Factor lhs = readable(left, op.transpose_lhs, type);
  const Factor rhs = readable(inputs[1].array(), op.transpose_rhs, type);
  const Epilogue epilogue{.narrow = type == spec.dtype ? nullptr : half_kernel(type, spec.dtype, isa())};
  with_numeric_type(type, [&]<class T>(T) {
    if constexpr (std::is_same_v<T, compute_t<T>> || std::is_same_v<T, BFloat16>) multiply<T>(lhs, rhs, y, epilogue);
  });
  return y;
}

Array execute(const op::Linear& op, const Spec& spec, Operands inputs) {
  const Array &in = inputs[0].array(), &weight = inputs[1].array();
  const Array y = cpu_empty(op.name(), spec.shape, spec.dtype);
  if (y.numel() == 0) return y;
  const std::int64_t depth = in.shape()[in.rank() - 1], columns = spec.shape[spec.shape.rank() - 1];
  Array rows = in;
  if (in.rank() != 2) {
    const Shape shape{in.shape().without(in.rank() - 1).numel(), depth};
    rows = view(cpu_contiguous(in), shape, contiguous_strides(shape), 0);
  }
  // Sums of 16 bits are in f32 until the activation is done, and rounded once.
  const DType sums = compute_type(spec.dtype), type = product_type(spec.dtype, y.numel() / columns, columns, depth);
  const Factor lhs = readable(rows, false, type), rhs = readable(weight, op.transposed, type);
  const Array bias = as_contiguous(op.name(), inputs[2].array(), sums);
  const Epilogue epilogue{dense(bias).data, kernel_of(BinaryFn::Add, sums),
                          op.activation ? kernel_of(*op.activation, sums) : nullptr,
                          sums == spec.dtype ? nullptr : half_kernel(sums, spec.dtype, isa())};
  if (type == DType::F64)
    multiply<double>(lhs, rhs, y, epilogue);
  else if (type == DType::BF16)
    multiply<BFloat16>(lhs, rhs, y, epilogue);
  else
    multiply<float>(lhs, rhs, y, epilogue);
  return y;
}

}  // namespace fornax::cpu
