// Convolution as matrix products: the elements that each output position sees become a column (im2col), a block of
// columns at a time, so that the blocks stay in cache and memory stays bounded. (Chellapilla, Puri and Simard, 2006.)
//
// The work is cut by the shapes alone, and what is summed up, is summed up in a fixed order: results are the same bits
// for any number of threads.

#include <algorithm>

#include <fornax/cpu/kernels/compute_type.hpp>
#include <fornax/cpu/kernels/conv_library.hpp>
#include <fornax/cpu/kernels/conv_sizes.hpp>
#include <fornax/cpu/kernels/dispatch.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/gemm.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

namespace {

using Size = std::int64_t;

Size ceil_div(Size a, Size b) { return (a + b - 1) / b; }

/// Channels are those of one group.
struct Geometry : ConvSizes {
  Size plane, taps, positions;  // of one channel: inputs, weights, outputs
  Size depth;                   // inputs that one output sees
  bool direct;                  // it sees one element of each channel, at its own position

  Geometry(const ConvSettings& s, const Shape& x, const Shape& w, const Shape& y)
      : ConvSizes(s, x, w, y), plane(product(in)), taps(product(kernel)), positions(product(out)) {
    in_channels = w[1];
    out_channels /= groups;
    depth = in_channels * taps;
    direct = is_pointwise();
  }

  double cost() const {
    return static_cast<double>(images * groups * positions) * static_cast<double>(out_channels) *
           static_cast<double>(depth);
  }
};

/// The columns of one product: some positions of one image, or all positions of several.
struct Piece {
  Size image, images, start, count;
  Size columns() const { return images * count; }
};

/// The batch in pieces of about `width` columns.
struct Pieces {
  Size positions, batch, width, per_image, images, count;

  Pieces(const Geometry& g, Size about)
      : positions(g.positions),
        batch(g.images),
        width(std::min(positions, about)),
        per_image(ceil_div(positions, width)),
        images(std::clamp<Size>(about / positions, 1, std::max<Size>(batch, 1))),
        count(ceil_div(batch, images) * per_image) {}
  Size most_columns() const { return images * width; }
  Piece operator[](Size i) const {
    const Size image = i / per_image * images, start = i % per_image * width;
    return {image, std::min(images, batch - image), start, std::min(width, positions - start)};
  }
};

/// Calls f(column, offset, first, last, n) for each run of n output positions in one row of the output, of which
/// [first, last) see, through tap (a, b, c) of the kernel, the elements offset, offset + stride, ... of a channel, and
/// the others padding.
template <class F> void for_each_row(const Geometry& g, const Piece& piece, const SpatialSizes& tap, F&& f) {
  SpatialSizes shift{};
  for (std::size_t d = 0; d < kMaxSpatialDims; ++d) shift[d] = tap[d] * g.dilation[d] - g.before[d];
  const Size step = g.stride[2];
  const Size low = shift[2] >= 0 ? 0 : (-shift[2] - 1) / step + 1;
  const Size high = shift[2] >= g.in[2] ? 0 : (g.in[2] - 1 - shift[2]) / step + 1;
  const auto inside = [&](std::size_t d, Size o) {
    const Size i = o * g.stride[d] + shift[d];
    return i >= 0 && i < g.in[d];
  };
  Size w = piece.start % g.out[2], h = piece.start / g.out[2] % g.out[1], d = piece.start / g.out[2] / g.out[1];
  for (Size column = 0; column < piece.count;) {
    const Size n = std::min(g.out[2] - w, piece.count - column);
    Size first = 0, last = 0, offset = 0;
    if (inside(0, d) && inside(1, h)) {
      first = std::clamp<Size>(low - w, 0, n);
      last = std::clamp<Size>(high - w, first, n);
      offset = ((d * g.stride[0] + shift[0]) * g.in[1] + h * g.stride[1] + shift[1]) * g.in[2] + (w + first) * step +
               shift[2];
    }
    f(column, offset, first, last, n);
    column += n;
    w = 0;
    if (++h == g.out[1]) h = 0, ++d;
  }
}

/// Calls f(row, channel, tap) for the rows of columns that belong to channels [from, to).
template <class F> void for_each_tap(const Geometry& g, Size from, Size to, F&& f) {
  Size row = 0;
  SpatialSizes tap{};
  for (Size c = from; c < to; ++c)
    for (tap[0] = 0; tap[0] < g.kernel[0]; ++tap[0])
      for (tap[1] = 0; tap[1] < g.kernel[1]; ++tap[1])
        for (tap[2] = 0; tap[2] < g.kernel[2]; ++tap[2]) f(row++, c, tap);
}

/// One array of a batch of groups of channels.
template <class T> struct Channels {
  T* data;
  Size groups, channels, size;

  T* at(Size image, Size group, Size channel) const {
    return data + ((image * groups + group) * channels + channel) * size;
  }
};

template <class T>
void im2col(const Geometry& g, const Channels<const T>& x, Size group, Size from, Size to, const Piece& piece,
            T* columns) {
  const Size width = piece.columns(), step = g.stride[2];
  for_each_tap(g, from, to, [&](Size row, Size channel, const SpatialSizes& tap) {
    for (Size i = 0; i < piece.images; ++i) {
      const T* image = x.at(piece.image + i, group, channel);
      T* line = columns + row * width + i * piece.count;
      for_each_row(g, piece, tap, [&](Size column, Size offset, Size first, Size last, Size n) {
        T* to_row = line + column;
        std::fill(to_row, to_row + first, T(0));
        if (step == 1) {
          std::copy_n(image + offset, last - first, to_row + first);
        } else {
          for (Size j = first; j < last; ++j) to_row[j] = image[offset + (j - first) * step];
        }
        std::fill(to_row + last, to_row + n, T(0));
      });
    }
  });
}

/// The transpose of im2col: adds each element of the columns to where it came from.
template <class T>
void col2im(const Geometry& g, const T* columns, Size group, Size from, Size to, const Piece& piece,
            const Channels<T>& x) {
  const Size width = piece.columns(), step = g.stride[2];
  for_each_tap(g, from, to, [&](Size row, Size channel, const SpatialSizes& tap) {
    for (Size i = 0; i < piece.images; ++i) {
      T* image = x.at(piece.image + i, group, channel);
      const T* line = columns + row * width + i * piece.count;
      for_each_row(g, piece, tap, [&](Size column, Size offset, Size first, Size last, Size) {
        for (Size j = first; j < last; ++j) image[offset + (j - first) * step] += line[column + j];
      });
    }
  });
}

/// The rows of y for channels [from, to) and a piece's columns: in place if they are of one image, else copied.
template <class T>
Matrix<T> rows_of(const Channels<const T>& y, Size group, Size from, Size to, const Piece& piece, T* packed) {
  if (piece.images == 1) return {y.at(piece.image, group, from) + piece.start, to - from, piece.count, y.size, 1};
  for (Size c = from; c < to; ++c)
    for (Size i = 0; i < piece.images; ++i)
      std::copy_n(y.at(piece.image + i, group, c), piece.count, packed + ((c - from) * piece.images + i) * piece.count);
  return {packed, to - from, piece.columns(), piece.columns(), 1};
}

constexpr Size kColumns = Size{1} << 17;  // elements in a block of columns: 512 KiB of f32, which stay in L2
constexpr double kLeastCost = 1 << 20;    // multiplications: about 20 us; less is not worth a second thread
constexpr Size kTasks = 8;                // so many, if it costs little, to keep all cores busy

Size width_for(Size rows) { return std::clamp<Size>(kColumns / std::max<Size>(rows, 1), 32, 1024); }

/// The tasks of one kernel on its threads, each of which has some memory of its own.
template <class T> class Work {
 public:
  Work(std::string_view operation, double cost, Size tasks, Size scratch)
      : tasks_(tasks),
        threads_(cost < kLeastCost ? 1 : threads_for(tasks)),
        scratch_(scratch),
        memory_(cpu_empty(operation, Shape{threads_, scratch}, dtype_v<T>)) {}

  /// Calls f(task, scratch) for each task.
  template <class F> void run(F&& f) {
    T* const all = reinterpret_cast<T*>(dense(memory_).data);
    parallel_tasks(tasks_, threads_, [&](Size i, int worker) { f(i, all + worker * scratch_); });
  }

 private:
  Size tasks_;
  int threads_;
  Size scratch_;
  Array memory_;
};

/// What becomes of outputs while they are in the first caches.
template <class T> struct Ending {
  const T* bias;  // of all channels
  Kernel activation;

  /// n outputs of a channel.
  void run(T* y, Size n, Size channel) const {
    if (!bias) return;
    for (Size i = 0; i < n; ++i) y[i] += bias[channel];
    auto* const bytes = reinterpret_cast<std::byte*>(y);
    const std::byte* const in[] = {bytes};
    if (activation) activation(bytes, in, n, nullptr);
  }
};

/// y = w columns(x), and its ending.
template <class T>
void forward(std::string_view operation, const Geometry& g, const T* x, const T* w, T* y, const Ending<T>& end) {
  const Channels<const T> from{x, g.groups, g.in_channels, g.plane};
  const Channels<T> to{y, g.groups, g.out_channels, g.positions};
  const Pieces pieces(g, width_for(g.depth));
  Size block = std::max<Size>(g.out_channels, 1);  // output channels of one task
  while (pieces.count * g.groups * ceil_div(g.out_channels, block) < kTasks && block >= 128) block = ceil_div(block, 2);
  const Size blocks = ceil_div(g.out_channels, block);
  const Size columns_size = g.depth * pieces.most_columns();
  Work<T> work(operation, g.cost(), pieces.count * g.groups * blocks,
               columns_size + (pieces.images > 1 ? block * pieces.most_columns() : 0));
  work.run([&](Size task, T* scratch) {
    const Piece piece = pieces[task / (g.groups * blocks)];
    const Size group = task / blocks % g.groups, first = task % blocks * block;
    const Size rows = std::min(block, g.out_channels - first), width = piece.columns();
    const Matrix<T> weights{w + (group * g.out_channels + first) * g.depth, rows, g.depth, g.depth, 1};
    Matrix<T> columns{scratch, g.depth, width, width, 1};
    if (g.direct) {
      columns = rows_of(from, group, 0, g.in_channels, piece, scratch);
    } else {
      im2col(g, from, group, 0, g.in_channels, piece, scratch);
    }
    const bool direct = piece.images == 1;
    T* const product = scratch + columns_size;
    if (direct)
      gemm(weights, columns, to.at(piece.image, group, first) + piece.start, g.positions);
    else
      gemm(weights, columns, product, width);
    for (Size c = 0; c < rows; ++c)
      for (Size i = 0; i < piece.images; ++i) {
        T* const row = to.at(piece.image + i, group, first + c) + piece.start;
        if (!direct) std::copy_n(product + c * width + i * piece.count, piece.count, row);
        end.run(row, piece.count, group * g.out_channels + first + c);
      }
  });
}

/// x = what wᵀ y adds up to in the places that its columns came from. A task owns some channels of some images.
template <class T> void input(std::string_view operation, const Geometry& g, const T* y, const T* w, T* x) {
  const Channels<const T> from{y, g.groups, g.out_channels, g.positions};
  const Channels<T> to{x, g.groups, g.in_channels, g.plane};
  const Size block = std::clamp<Size>(256 / g.taps, 1, std::max<Size>(g.in_channels, 1));
  const Size blocks = ceil_div(g.in_channels, block);
  const Pieces pieces(g, width_for(block * g.taps));
  const Size columns_size = block * g.taps * pieces.most_columns();
  Work<T> work(operation, g.cost(), pieces.count / pieces.per_image * g.groups * blocks,
               columns_size + (pieces.images > 1 ? g.out_channels * pieces.most_columns() : 0));
  work.run([&](Size task, T* columns) {
    const Size owner = task / (g.groups * blocks), group = task / blocks % g.groups, first = task % blocks * block;
    const Size channels = std::min(block, g.in_channels - first), rows = channels * g.taps;
    for (Size i = owner * pieces.images; i < std::min(g.images, (owner + 1) * pieces.images); ++i)
      std::fill_n(to.at(i, group, first), channels * g.plane, T(0));
    const Matrix<T> weights{w + group * g.out_channels * g.depth + first * g.taps, rows, g.out_channels, 1, g.depth};
    for (Size p = owner * pieces.per_image; p < (owner + 1) * pieces.per_image; ++p) {
      const Piece piece = pieces[p];
      const Matrix<T> cotangent = rows_of(from, group, 0, g.out_channels, piece, columns + columns_size);
      if (g.direct && piece.images == 1) {
        gemm(weights, cotangent, to.at(piece.image, group, first) + piece.start, g.plane);
      } else {
        gemm(weights, cotangent, columns, piece.columns());
        col2im(g, columns, group, first, first + channels, piece, to);
      }
    }
  });
}

/// w = sum over all pieces of y columns(x)ᵀ. A task owns a part of w for some of the pieces; where several tasks share
/// a part, their sums are joined in order.
template <class T> void weight(std::string_view operation, const Geometry& g, const T* x, const T* y, T* w) {
  const Channels<const T> inputs{x, g.groups, g.in_channels, g.plane};
  const Channels<const T> outputs{y, g.groups, g.out_channels, g.positions};
  const Size block = std::clamp<Size>(512 / g.taps, 1, std::max<Size>(g.in_channels, 1));
  const Size out_block = std::min<Size>(512, std::max<Size>(g.out_channels, 1));
  const Size blocks = ceil_div(g.in_channels, block), out_blocks = ceil_div(g.out_channels, out_block);
  const Pieces pieces(g, width_for(block * g.taps));
  const Size size = g.groups * g.out_channels * g.depth, parts = g.groups * blocks * out_blocks;
  if (g.images == 0) return std::fill_n(w, size, T(0)), void();
  const Size segments = std::clamp<Size>(kTasks / parts, 1, pieces.count);
  const Array partial = cpu_empty(operation, Shape{segments - 1, size}, dtype_v<T>);
  const auto sums = [&](Size s) { return s == 0 ? w : reinterpret_cast<T*>(dense(partial).data) + (s - 1) * size; };
  const Size columns_size = block * g.taps * pieces.most_columns(), sum_size = out_block * block * g.taps;
  Work<T> work(operation, g.cost(), parts * segments,
               columns_size + sum_size + (pieces.images > 1 ? out_block * pieces.most_columns() : 0));
  work.run([&](Size task, T* columns) {
    const Size segment = task / parts, group = task % parts / (blocks * out_blocks);
    const Size first = task % blocks * block, channels = std::min(block, g.in_channels - first);
    const Size first_out = task / blocks % out_blocks * out_block;
    const Size rows = std::min(out_block, g.out_channels - first_out), width = channels * g.taps;
    T* const sum = sums(segment) + (group * g.out_channels + first_out) * g.depth + first * g.taps;
    T* const product = columns + columns_size;
    const Size begin = segment * pieces.count / segments, end = (segment + 1) * pieces.count / segments;
    for (Size p = begin; p < end; ++p) {
      const Piece piece = pieces[p];
      im2col(g, inputs, group, first, first + channels, piece, columns);
      const Matrix<T> seen{columns, piece.columns(), width, 1, piece.columns()};
      const Matrix<T> cotangent = rows_of(outputs, group, first_out, first_out + rows, piece, product + sum_size);
      if (p == begin) {
        gemm(cotangent, seen, sum, g.depth);
        continue;
      }
      gemm(cotangent, seen, product, width);
      for (Size i = 0; i < rows; ++i)
        for (Size j = 0; j < width; ++j) sum[i * g.depth + j] += product[i * width + j];
    }
  });
  for (Size s = 1; s < segments; ++s)
    for (Size i = 0; i < size; ++i) w[i] += sums(s)[i];
}

}  // namespace

Array convolve(std::string_view name, const ConvSettings& s, const Spec& spec, Operands inputs,
               const ConvExtra& extra) {
  const DType type = compute_type(spec.dtype);
  const ConvShapes shapes(s.kind, spec.shape, inputs[0]->shape(), inputs[1]->shape());
  if (Array done = convolve_by_library(name, s, spec, inputs, shapes, extra); done.defined()) return done;
  const Array a = as_contiguous(name, inputs[0].array(), type);
  const Array b = as_contiguous(name, inputs[1].array(), type);
  Array result = cpu_empty(name, spec.shape, type);
  if (result.numel() == 0) return as_dtype(name, std::move(result), spec.dtype);
  const Geometry g(s, shapes.x, shapes.w, shapes.y);
  const Array bias = extra.bias.defined() ? as_contiguous(name, extra.bias, type) : Array();
  const auto run = [&]<class T>(T) {
    const auto* first = reinterpret_cast<const T*>(dense(a).data);
    const auto* second = reinterpret_cast<const T*>(dense(b).data);
    auto* to = reinterpret_cast<T*>(dense(result).data);
    const Ending<T> end{bias.defined() ? reinterpret_cast<const T*>(dense(bias).data) : nullptr,
                        extra.activation ? kernel_of(*extra.activation, type) : nullptr};
    switch (s.kind) {
      case ConvKind::Forward: return forward(name, g, first, second, to, end);
      case ConvKind::Input: return input(name, g, first, second, to);
      case ConvKind::Weight: return weight(name, g, first, second, to);
    }
  };
  type == DType::F64 ? run(double{}) : run(float{});
  return as_dtype(name, std::move(result), spec.dtype);
}

Array execute(const op::Conv& op, const Spec& spec, Operands inputs) {
  return convolve(op.name(), *op.settings, spec, inputs);
}

Array execute(const op::BiasedConv& op, const Spec& spec, Operands inputs) {
  return convolve(op.name(), *op.settings, spec, inputs.first(2),
                  {.bias = inputs[2].array(), .activation = op.activation});
}

}  // namespace fornax::cpu
