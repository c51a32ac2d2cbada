// Blocks of both factors are copied to where they are read from one end to the other: of the right factor a panel of whole
// vectors, which stays in the second cache while all rows pass over it, and of the left one as many rows as a tile of the result
// has. (Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", 2008.) What lies that way is not copied, and
// where rows of the right factor are whole vectors, the first rows that pass over them copy them for the others. Few rows with a right
// factor whose columns are what is adjacent are dot products of these; few columns are rows of the transposed product.

#include <fornax/cpu/isa/product.hpp>

#include <algorithm>

#include <fornax/cpu/isa/dots.hpp>
#include <fornax/cpu/isa/tile.hpp>

namespace fornax::cpu::FORNAX_ISA {

namespace {

using Size = std::int64_t;

template <class T> constexpr Size kWidth = kTileVectors* kLanes<T>;  // of a panel
constexpr Size kDepth = 1024;                                        // of a panel at most
constexpr Size kPackedDepth = 512, kPackedRows = 86 * kTileRows;     // at most, of rows that are copied

/// Whether so many rows of the left factor are worth copying a panel for. Pages apart, its rows meet in few sets of the second cache,
/// and would come from the third one or from memory for each tile anew.
template <class T> bool worth_copying(Size rows, Size b_row) {
  const bool pages = b_row * static_cast<Size>(sizeof(T)) >= 4096;
  return b_row > kWidth<T> && rows > (!pages ? 128 : kVectorBytes == 64 ? 24 : kTileRows);
}

/// Elements between groups of rows: a cache line more than they have, lest groups meet in one set of the cache.
template <class T> Size group_step(Size depth) { return kTileRows * depth + kLine<T>; }

/// Rows in groups of a tile, of each group one column after the other; zeros up to a whole group. Several groups at a time, so that
/// all of a cache line is used.
template <class T> void pack_rows(const T* a, Size a_row, Size a_column, Size rows, Size depth, T* __restrict to) {
  constexpr Size together = 16 * kTileRows, wide = 8;
  static_assert(kTileRows <= wide);
  for (Size first = 0; first < rows; first += together) {
    const Size end = std::min(first + together, rows);
    for (Size k = 0; k < depth; ++k) {
      const T* from = a + first * a_row + k * a_column;
      T* group = to + first / kTileRows * group_step<T>(depth) + k * kTileRows;
      Size i = first;
      const auto next = [&] { i += kTileRows, from += kTileRows * a_row, group += group_step<T>(depth); };
      if (a_row == 1) {
        for (Size l = 0; l < end - first; l += kLine<T>) expect(from, kRowsAhead * a_column + l);
        // A whole vector is one store; what is too much of it, the next column overwrites.
        for (; k + 1 < depth && i + wide <= end; next()) __builtin_memcpy(group, from, wide * sizeof(T));
        for (; i + kTileRows <= end; next()) __builtin_memcpy(group, from, kTileRows * sizeof(T));
      }
      for (; i < end; next())
        for (Size r = 0; r < kTileRows; ++r) group[r] = i + r < rows ? from[r * a_row] : T(0);
    }
  }
}

template <class T> struct Block {
  Left<T> a;  // of a group of rows
  Size next;  // elements to the next group
  const T* b;
  Size b_step;
  T* y;
  Size y_step, rows, depth;
  bool fresh;  // y holds nothing yet
  bool far;    // b's rows are read where they lie, far from each other
  T* copy;     // of those rows, for all but the first that pass over them; or null
};

/// What the first rows that pass over a panel do with each row of it: they ask for the one that is kAhead rows further on, of the panel
/// beside it after the last, and copy it for the rows that pass later.
template <class T> class FirstPass {
 public:
  explicit FirstPass(const Block<T>& o)
      : b_(o.b), step_(o.b_step), left_(o.depth - kAhead), ahead_(kAhead * step_), copy_(o.copy) {
    if (left_ < 1) ahead_ = kWidth<T>;
  }
  FORNAX_INLINE void operator()(const Vec<T>* row) {
    // Not into the first cache, where the lines of rows that are pages apart meet in one set.
    for (Size j = 0; j < kWidth<T>; j += kLine<T>) expect_later(b_, ahead_ + j);
    ahead_ += step_;
    if (--left_ == 0) ahead_ = kWidth<T>;
    if (!copy_) return;
    for (int v = 0; v < kTileVectors; ++v, copy_ += kLanes<T>) store<T>(copy_, row[v]);
  }

 private:
  static constexpr Size kAhead = 32;  // as many as memory takes to answer

  const T* b_;
  Size step_, left_, ahead_;
  T* copy_;
};

/// Elements that V vectors hold, the last one not all of it: so few that a call of memcpy would take longer.
template <int V, class T> FORNAX_INLINE void copy_row(const T* from, T* to, Size n) {
  constexpr Size last = (V - 1) * kLanes<T>;
  for (Size j = 0; j < last; j += kLanes<T>) store<T>(to + j, load(from + j));
  store_first<T>(to + last, load_first(from + last, n - last), n - last);
}

template <int R, int V, class T> FORNAX_INLINE void add_rows(const Block<T>& o, Size i, Size width) {
  const Left<T> a{o.a.data + i / kTileRows * o.next, o.a.row, o.a.column};
  T* const y = o.y + i * o.y_step;
  constexpr Size whole = V * kLanes<T>;
  if constexpr (whole == kWidth<T>)
    if (i == 0 && o.far) return add_tile<R, V>(a, o.b, o.b_step, y, o.y_step, o.depth, o.fresh, FirstPass<T>(o));
  if (o.copy) return add_tile<R, V>(a, o.copy, whole, y, o.y_step, o.depth, o.fresh);
  if (width == whole) return add_tile<R, V>(a, o.b, o.b_step, y, o.y_step, o.depth, o.fresh);
  T tile[R * whole];
  for (Size r = 0; r < R && !o.fresh; ++r) copy_row<V>(y + r * o.y_step, tile + r * whole, width);
  add_tile<R, V>(a, o.b, o.b_step, tile, whole, o.depth, o.fresh);
  for (Size r = 0; r < R; ++r) copy_row<V>(tile + r * whole, y + r * o.y_step, width);
}

/// All rows of a block with one panel.
template <int V, class T> void add_block(const Block<T>& o, Size width) {
  for_tiles(o.rows, [&]<int R>(std::integral_constant<int, R>, Size i) { add_rows<R, V>(o, i, width); });
}

template <class T> void add_block(const Block<T>& o, Size width) {
  switch ((width + kLanes<T> - 1) / kLanes<T>) {
    case 1: return add_block<1>(o, width);
    case 2: return add_block<2>(o, width);
    case 3: return add_block<std::min(3, kTileVectors)>(o, width);
    default: return add_block<kTileVectors>(o, width);
  }
}

/// The size of pieces of about equal size, none larger than `most`.
Size piece(Size size, Size most) {
  const Size pieces = std::max<Size>((size + most - 1) / most, 1);
  return (size + pieces - 1) / pieces;
}

/// What is taken at once. Rows that are read where they lie pass over a panel all, so that it is copied once.
struct Sizes {
  Size rows, depth;

  explicit Sizes(const Product& p)
      : rows(p.a_column == 1 ? p.rows : up(piece(p.rows, kPackedRows))),
        depth(piece(p.depth, p.a_column == 1 ? kDepth : kPackedDepth)) {}
  static Size up(Size rows) { return (rows + kTileRows - 1) / kTileRows * kTileRows; }
};

/// Whether sums along columns of the right factor, as they lie, take less time than its copy: that costs as much as 13 rows, the joining
/// of sums as much as 25 steps of depth.
bool by_dots(const Product& p) {
  const bool along = p.b_row == 1 && (p.b_column != 1 || p.columns == 1);
  return along && p.rows <= std::clamp<Size>(p.depth / 4, 3, 48);
}

/// The transposed product, but for where its result lies.
Product transposed(const Product& p) {
  return {p.b, p.a, p.y, p.columns, p.rows, p.depth, p.b_column, p.b_row, p.a_column, p.a_row, 1};
}
/// Whether there are so few columns, less than a vector, that vectors along the rows or the depth do more.
template <class T> bool is_turned(const Product& p) {
  constexpr Size lanes = kLanes<T>;
  const Size least_rows = p.columns == 1 ? 2 : 2 * lanes;
  if (p.columns >= lanes || p.rows < least_rows) return false;
  if (p.a_column != 1) return p.a_row == 1 && p.depth >= 2 * lanes;
  return by_dots(transposed(p)) && 6 * p.columns * (p.depth + 3 * lanes) < 5 * lanes * p.depth;
}

template <class T> std::int64_t scratch_size(const Product& p) {
  const auto for_dots = [&](Size rows) { return rows * dot_steps<T>(p.depth) * kLanes<T>; };
  if (by_dots(p)) return for_dots(p.rows);
  if (is_turned<T>(p)) {
    if (by_dots(transposed(p))) return for_dots(p.columns);
    return p.rows * p.columns + scratch_size<T>(transposed(p));
  }
  const Sizes most(p);
  return most.depth * kWidth<T> + (p.a_column == 1 ? 0 : most.rows / kTileRows * group_step<T>(most.depth));
}

template <class T> void multiply(const Product& p, void* scratch) {
  if (by_dots(p)) return multiply_dots(p, 1, static_cast<T*>(scratch));
  if (is_turned<T>(p)) {
    Product turned = transposed(p);
    if (by_dots(turned)) return multiply_dots(turned, p.y_row, static_cast<T*>(scratch));
    auto *const result = static_cast<T*>(scratch), *const y = static_cast<T*>(p.y);
    turned.y = result, turned.y_row = p.rows;
    multiply<T>(turned, result + p.rows * p.columns);
    for (Size i = 0; i < p.rows; ++i)
      for (Size j = 0; j < p.columns; ++j) y[i * p.y_row + j] = result[j * p.rows + i];
    return;
  }
  const auto *a = static_cast<const T*>(p.a), *b = static_cast<const T*>(p.b);
  auto* const y = static_cast<T*>(p.y);
  const Sizes most(p);
  auto* const panel = static_cast<T*>(scratch);
  T* const lefts = panel + most.depth * kWidth<T>;
  if (p.depth == 0)
    for (Size i = 0; i < p.rows; ++i) std::fill_n(y + i * p.y_row, p.columns, T(0));
  for (Size i = 0; i < p.rows; i += most.rows)
    for (Size k = 0; k < p.depth; k += most.depth) {
      const T* const left = a + i * p.a_row + k * p.a_column;
      Block<T> o{{left, p.a_row, p.a_column},
                 kTileRows * p.a_row,
                 nullptr,
                 p.b_row,
                 nullptr,
                 p.y_row,
                 std::min(most.rows, p.rows - i),
                 std::min(most.depth, p.depth - k),
                 k == 0,
                 false,
                 nullptr};
      if (p.a_column != 1) {
        pack_rows(left, p.a_row, p.a_column, o.rows, o.depth, lefts);
        o.a = {lefts, 1, kTileRows};
        o.next = group_step<T>(o.depth);
      }
      for (Size j = 0; j < p.columns; j += kWidth<T>) {
        const Size width = std::min(kWidth<T>, p.columns - j);
        o.y = y + i * p.y_row + j;
        o.b = b + k * p.b_row + j * p.b_column;
        o.b_step = p.b_row;
        o.far = p.b_row > kWidth<T> && p.b_column == 1 && width == kWidth<T>;
        o.copy = o.far && worth_copying<T>(p.rows, p.b_row) ? panel : nullptr;
        if (!o.far && (p.b_column != 1 || width % kLanes<T> != 0 || worth_copying<T>(p.rows, p.b_row))) {
          o.b_step = (width + kLanes<T> - 1) / kLanes<T> * kLanes<T>;
          pack_panel(o.b, p.b_row, p.b_column, o.depth, width, panel, o.b_step);
          o.b = panel;
        }
        add_block(o, width);
      }
    }
}

template <class T> constexpr ProductKernels kProducts{scratch_size<T>, multiply<T>};

}  // namespace

const ProductKernels& product_kernels(DType type);
const ProductKernels& product_kernels(DType type) { return type == DType::F64 ? kProducts<double> : kProducts<float>; }

}  // namespace fornax::cpu::FORNAX_ISA
