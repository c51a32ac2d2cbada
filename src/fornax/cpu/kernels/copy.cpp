// Copies from strides to strides: what makes an array row-major, joins arrays, and turns the dims of pictures.

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/kernels/packing.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

namespace {

struct Dim {
  std::int64_t size, from, to;  // elements; bytes to the next one
};

/// The dims that have more than one element, in the order of the target, joined where both sides step on evenly.
struct Walk {
  Dim dims[kMaxRank];
  int count = 0;
  std::int64_t bytes;  // of an element

  Walk(const Array& x, const Strides& to) : bytes(static_cast<std::int64_t>(size_of(x.dtype()))) {
    for (int d = 0; d < x.rank(); ++d) {
      const auto i = static_cast<std::size_t>(d);
      if (x.shape()[d] != 1) dims[count++] = {x.shape()[d], dense(x).strides[i] * bytes, to[i] * bytes};
    }
    std::stable_sort(dims, dims + count, [](const Dim& a, const Dim& b) { return std::abs(a.to) > std::abs(b.to); });
    int joined = 0;
    for (int d = 0; d < count; ++d) {
      Dim& last = dims[std::max(joined - 1, 0)];
      if (joined > 0 && last.from == dims[d].from * dims[d].size && last.to == dims[d].to * dims[d].size) {
        last = {last.size * dims[d].size, dims[d].from, dims[d].to};
      } else {
        dims[joined++] = dims[d];
      }
    }
    count = joined;
  }

  Dim take(int d) {
    const Dim taken = dims[d];
    std::copy(dims + d + 1, dims + count, dims + d);
    --count;
    return taken;
  }
  /// The dim along which the source is adjacent, if it is not the last; -1 if there is none.
  int crossing() const {
    for (int d = 0; d + 1 < count; ++d)
      if (dims[d].from == bytes && dims[count - 1].from != bytes && dims[count - 1].to == bytes) return d;
    return -1;
  }
};

/// Calls f(from, to) for each place of the dims.
template <class F> void for_each_place(const Dim* dims, int count, const std::byte* from, std::byte* to, const F& f) {
  if (count == 0) return f(from, to);
  for (std::int64_t i = 0; i < dims[0].size; ++i)
    for_each_place(dims + 1, count - 1, from + i * dims[0].from, to + i * dims[0].to, f);
}

/// The same on several threads, which share the outermost dim.
template <class F>
void share_places(const Walk& w, std::int64_t each, const std::byte* from, std::byte* to, const F& f) {
  if (w.count == 0) return f(from, to);
  const Dim& outer = w.dims[0];
  std::int64_t elements = each;
  for (int d = 1; d < w.count; ++d) elements *= w.dims[d].size;
  parallel_for(outer.size, std::max<std::int64_t>(1, kLeastElements / std::max<std::int64_t>(elements, 1)),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i)
                   for_each_place(w.dims + 1, w.count - 1, from + i * outer.from, to + i * outer.to, f);
               });
}

/// Elements that are adjacent along `rows` on one side and along `columns` on the other, a tile at a time, so that all
/// of its cache lines are used before they are gone.
template <class T> void transpose(const std::byte* from, std::byte* to, const Dim& rows, const Dim& columns) {
  constexpr std::int64_t tile = 64 / static_cast<std::int64_t>(sizeof(T));
  for (std::int64_t i = 0; i < rows.size; i += tile) {
    const std::int64_t height = std::min(tile, rows.size - i);
    for (std::int64_t j = 0; j < columns.size; j += tile) {
      const std::int64_t width = std::min(tile, columns.size - j);
      for (std::int64_t r = i; r < i + height; ++r) {
        const std::byte* source = from + r * rows.from + j * columns.from;
        auto* line = reinterpret_cast<T*>(to + r * rows.to) + j;
        for (std::int64_t c = 0; c < width; ++c) line[c] = *reinterpret_cast<const T*>(source + c * columns.from);
      }
    }
  }
}

/// One element, again and again.
template <class T> void fill_run(const std::byte* from, std::byte* to, std::int64_t n) {
  std::fill_n(reinterpret_cast<T*>(to), n, *reinterpret_cast<const T*>(from));
}

void copy_run(const std::byte* from, std::byte* to, const Dim& run, std::int64_t bytes) {
  const auto size = static_cast<std::size_t>(bytes);
  if (run.from == bytes && run.to == bytes) {
    std::memcpy(to, from, static_cast<std::size_t>(run.size) * size);
  } else if (run.from == 0 && run.to == bytes) {
    switch (bytes) {
      case 8: return fill_run<std::uint64_t>(from, to, run.size);
      case 4: return fill_run<std::uint32_t>(from, to, run.size);
      case 2: return fill_run<std::uint16_t>(from, to, run.size);
      default: return fill_run<std::uint8_t>(from, to, run.size);
    }
  } else if (run.to == bytes) {
    pack(from, run.from, to, size, run.size);
  } else if (run.from == bytes) {
    unpack(from, to, run.to, size, run.size);
  } else {
    for (std::int64_t i = 0; i < run.size; ++i) std::memcpy(to + i * run.to, from + i * run.from, size);
  }
}

}  // namespace

void copy(const Array& x, std::byte* to, const Strides& strides) {
  if (x.numel() == 0) return;
  const std::byte* const from = dense(x).data;
  Walk walk(x, strides);
  if (walk.count == 0) return static_cast<void>(std::memcpy(to, from, static_cast<std::size_t>(walk.bytes)));
  const int crossing = walk.crossing();
  const Dim last = walk.take(walk.count - 1);
  if (crossing < 0) {
    share_places(walk, last.size, from, to,
                 [&](const std::byte* a, std::byte* b) { copy_run(a, b, last, walk.bytes); });
    return;
  }
  const Dim rows = walk.take(crossing);
  const auto share = [&]<class T>(T) {
    share_places(walk, rows.size * last.size, from, to,
                 [&](const std::byte* a, std::byte* b) { transpose<T>(a, b, rows, last); });
  };
  switch (walk.bytes) {
    case 8: return share(std::uint64_t{});
    case 4: return share(std::uint32_t{});
    case 2: return share(std::uint16_t{});
    default: return share(std::uint8_t{});
  }
}

}  // namespace fornax::cpu
