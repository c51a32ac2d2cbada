#include <algorithm>
#include <cstring>

#include <fornax/cpu/isa/byte_product.hpp>
#include <fornax/cpu/kernels/compute_type.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

namespace {

template <class T> T* elements(const Array& a) { return reinterpret_cast<T*>(dense(a).data); }

/// Rows of codes in blocks. In front of each block stands a row of ones, whose products are the sums of the weight's rows: what
/// the codes' zero must be multiplied with costs no pass of its own.
struct Codes {
  static constexpr std::int64_t kRows = 95;  // of a block

  std::int64_t rows, depth, step, blocks;
  Array bytes, of_rows;

  Codes(std::string_view operation, const Array& x, std::int64_t count, std::int64_t size)
      : rows(count),
        depth(size),
        step(std::max<std::int64_t>((size + 63) / 64 * 64, 64)),
        blocks((count + kRows - 1) / kRows),
        bytes(cpu_empty(operation, Shape{blocks + count, step}, DType::U8)),
        of_rows(cpu_empty(operation, Shape{count, static_cast<std::int64_t>(sizeof(RowCodes))}, DType::U8)) {
    const auto quantize = byte_kernels(isa()).quantize;
    const std::int64_t grain = std::max<std::int64_t>(1, kLeastElements / std::max<std::int64_t>(depth, 1));
    parallel_for(rows, grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        if (r % kRows == 0) std::memset(block(r / kRows), 1, static_cast<std::size_t>(step));
        std::uint8_t* const to = block(r / kRows) + (1 + r % kRows) * step;
        row(r) = quantize(elements<float>(x) + r * depth, depth, to);
        std::memset(to + depth, 0, static_cast<std::size_t>(step - depth));
      }
    });
  }
  std::uint8_t* block(std::int64_t b) const { return elements<std::uint8_t>(bytes) + b * (kRows + 1) * step; }
  RowCodes& row(std::int64_t r) const { return elements<RowCodes>(of_rows)[r]; }
};

}  // namespace

Array execute(const op::QuantizedLinear& op, const Spec& spec, Operands inputs) {
  const std::int64_t out = inputs[1]->shape()[0], depth = inputs[1]->shape()[1];
  Array y = cpu_empty(op.name(), spec.shape, DType::F32);
  if (y.numel() > 0) {
    // Rows of weights are read where they are, if each is adjacent.
    Array weight = inputs[1].array();
    if (dense(weight).strides[1] != 1 && depth > 1) weight = cpu_contiguous(weight);
    const Array x = as_contiguous(op.name(), inputs[0].array(), DType::F32);
    const Array scale = as_contiguous(op.name(), inputs[2].array(), DType::F32);
    const Array bias = op.bias ? as_contiguous(op.name(), inputs[3].array(), DType::F32) : Array();
    const Codes codes(op.name(), x, y.numel() / out, depth);
    const std::int64_t w_step = dense(weight).strides[0];

    // A task takes what fits the second cache of the weights, and a block of rows. Both depend on sizes alone.
    constexpr std::int64_t kBytes = 1 << 17, kMostColumns = 64;
    const std::int64_t columns = std::clamp<std::int64_t>(kBytes / codes.step / 4 * 4, 4, kMostColumns);
    const std::int64_t across = (out + columns - 1) / columns;
    const ByteKernels& kernels = byte_kernels(isa());
    const auto run = [&](std::int64_t begin, std::int64_t end) {
      alignas(64) std::int32_t sums[(Codes::kRows + 1) * kMostColumns];
      for (std::int64_t task = begin; task < end; ++task) {
        const std::int64_t first = task / across * Codes::kRows, at = task % across * columns;
        const std::int64_t rows = std::min(Codes::kRows, codes.rows - first), width = std::min(columns, out - at);
        kernels.multiply(codes.block(task / across), codes.step, rows + 1, elements<std::int8_t>(weight) + at * w_step,
                         w_step, width, depth, sums, kMostColumns);
        for (std::int64_t r = 0; r < rows; ++r)
          kernels.finish(sums + (r + 1) * kMostColumns, sums, codes.row(first + r), elements<float>(scale) + at,
                         op.bias ? elements<float>(bias) + at : nullptr, elements<float>(y) + (first + r) * out + at,
                         width);
      }
    };
    constexpr std::int64_t kLeastProducts = 1 << 18;  // 3 us: less is not worth a second thread
    const std::int64_t products = std::max<std::int64_t>(1, std::min(codes.rows, Codes::kRows) * columns * depth);
    parallel_for(codes.blocks * across, std::max<std::int64_t>(1, kLeastProducts / products), run);
  }
  return as_dtype(op.name(), std::move(y), spec.dtype);
}

}  // namespace fornax::cpu
