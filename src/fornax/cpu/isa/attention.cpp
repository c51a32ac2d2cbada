// Scores are computed transposed: a row for each key, a lane for each query. So a query's maximum and sum are taken lane by
// lane, and keys and values are read as they lie in memory; only the queries of a block are transposed, once.
//
// The online softmax is that of Milakov, Gimelshein, "Online normalizer calculation for softmax", 2018; the backward pass
// computes probabilities again from their logarithm's sum, as Dao et al., "FlashAttention", 2022.

#include <fornax/cpu/isa/attention.hpp>

#include <algorithm>
#include <cmath>

#include <fornax/cpu/isa/panels.hpp>
#include <fornax/cpu/isa/philox.hpp>

namespace fornax::cpu::FORNAX_ISA {

namespace {

constexpr std::int64_t kQueries = 64, kKeys = 192;
constexpr std::int64_t kFew = 6, kRun = 256;  // queries one by one, and keys that they see together

/// Rows that are read once or more: where they lie, or widened beside each other.
template <class T> struct Rows {
  const T* data;
  std::int64_t step;

  /// `count` rows from number `first` on; `room` is for as many, if they are stored in 16 bits.
  Rows(const AttentionHead& head, const void* from, std::int64_t from_step, std::int64_t first, std::int64_t count,
       std::int64_t width, T* room)
      : data(static_cast<const T*>(from) + first * from_step), step(from_step) {
    if (!head.widen) return;
    const std::byte* at = static_cast<const std::byte*>(from) + first * from_step * 2;
    for (std::int64_t i = 0; i < count; ++i, at += from_step * 2)
      head.widen(reinterpret_cast<std::byte*>(room + i * width), &at, width, nullptr);
    data = room, step = width;
  }
  /// Elements of room for them.
  static std::int64_t room(const AttentionHead& head, std::int64_t count, std::int64_t width) {
    return head.widen ? count * width : 0;
  }
};

/// to[d * kQueries + i] = rows[i, d] * factor; zeros for lanes beyond `count`.
template <class T>
void transpose_queries(const Rows<T>& rows, std::int64_t count, std::int64_t lanes, std::int64_t width, T factor,
                       T* to) {
  constexpr std::int64_t edge = kLanes<T>;
  Vec<T> block[edge];
  for (std::int64_t i = 0; i < lanes; i += edge)
    for (std::int64_t d = 0; d < width; d += edge) {
      for (std::int64_t r = 0; r < edge; ++r)
        block[r] = i + r < count ? load(rows.data + (i + r) * rows.step + d) * factor : Vec<T>{};
      transpose<edge / 2>(block);
      for (std::int64_t r = 0; r < edge; ++r) store<T>(to + (d + r) * kQueries + i, block[r]);
    }
}

/// The queries from `first` on, in lanes, and the keys that they see.
struct Block {
  std::int64_t first, count, lanes, keys;
  bool causal;

  Block(const AttentionHead& head, std::int64_t begin)
      : first(begin),
        count(std::min(kQueries, head.queries - begin)),
        lanes((count + kWidthGrain - 1) / kWidthGrain * kWidthGrain),
        keys(head.causal ? std::min(head.keys, begin + count) : head.keys),
        causal(head.causal) {}
  /// Of `keys` keys from `start` on, those that one of the queries in the lanes up to `lane` sees.
  std::int64_t seen(std::int64_t start, std::int64_t keys_there, std::int64_t lane) const {
    return causal ? std::clamp<std::int64_t>(first + lane - start, 0, keys_there) : keys_there;
  }
  /// Calls f(j, n, lane) for ranges of n of these keys, from number j on, that no query before `lane` sees.
  template <class F> void for_each_strip(std::int64_t start, std::int64_t keys_there, F&& f) const {
    std::int64_t j = seen(start, keys_there, 0);
    if (j > 0) f(std::int64_t{0}, j, std::int64_t{0});
    for (; j < keys_there; j += kWidthGrain) f(j, std::min(kWidthGrain, keys_there - j), start + j - first);
  }
  /// Calls f(j, lane, end) for each key j of them that the lanes from `lane` to `end` do not see, of those of its strip.
  template <class F> void for_each_hidden(std::int64_t start, std::int64_t keys_there, F&& f) const {
    for (std::int64_t j = seen(start, keys_there, 0); j < keys_there; ++j) {
      const std::int64_t end = start + j - first;
      f(j, end / kWidthGrain * kWidthGrain, std::min(end, lanes));
    }
  }
};

template <class T> void cap(double limit, T* scores, std::int64_t n) {
  const T c = static_cast<T>(limit), by = static_cast<T>(1 / limit);
  for (std::int64_t i = 0; i < n; ++i) scores[i] = c * tanh_of(scores[i] * by);
}

/// scores[j, lane] of keys with the transposed queries, where the key's strip has the lane.
template <class T>
void scores_of(const Block& block, std::int64_t start, std::int64_t keys, const Rows<T>& k, std::int64_t width,
               const T* queries, T* scores) {
  block.for_each_strip(start, keys, [&](std::int64_t j, std::int64_t n, std::int64_t lane) {
    add_product<T>({k.data + j * k.step, k.step, 1}, queries + lane, kQueries, scores + j * kQueries + lane, kQueries,
                   n, block.lanes - lane, width, true);
  });
}
template <class T>
void cap_scores(const AttentionHead& head, const Block& block, std::int64_t start, std::int64_t keys, T* scores) {
  block.for_each_strip(start, keys, [&](std::int64_t j, std::int64_t n, std::int64_t lane) {
    for (; n > 0; --n, ++j) cap(head.softcap, scores + j * kQueries + lane, block.lanes - lane);
  });
}

/// Adds the mask, or hides what it hides: scores[j * key_step + i * query_step] of query first + i and key start + j.
template <class T>
void apply_mask(const AttentionHead& head, const void* mask, std::int64_t first, std::int64_t count, std::int64_t start,
                std::int64_t keys, T* scores, std::int64_t query_step, std::int64_t key_step) {
  const auto each = [&]<class M>(const M* from, const auto& f) {
    from += first * head.mask_row + start * head.mask_column;
    for (std::int64_t i = 0; i < count; ++i, from += head.mask_row)
      for (std::int64_t j = 0; j < keys; ++j) {
        T& score = scores[j * key_step + i * query_step];
        score = f(score, from[j * head.mask_column]);
      }
  };
  if (head.bool_mask)
    each(static_cast<const std::uint8_t*>(mask),
         [](T score, std::uint8_t sees) { return sees ? score : -math::kInf<T>; });
  else
    each(static_cast<const T*>(mask), [](T score, T more) { return score + more; });
}

/// What is left of the probability of each query and key: 0 or 1 / (1 - dropout). `start` is a multiple of 4.
template <class T>
void draw_factors(const AttentionHead& head, std::uint64_t draws, std::int64_t first, std::int64_t start,
                  std::int64_t keys, T* factors) {
  const auto step = static_cast<std::uint64_t>(head.blocks());
  const std::uint32_t limit = word_limit(1 - head.dropout);
  const T kept = head.dropout < 1 ? static_cast<T>(1 / (1 - head.dropout)) : T(0);
  const Words lanes = counted_from(draws + static_cast<std::uint64_t>(first) * step, step);
  std::uint32_t upper[4][kQueries];
  for (std::int64_t j = 0; j < keys; j += 4) {
    for (std::int64_t l = 0; l < kQueries; l += kBlocks) {
      Words words[4];
      philox_blocks(head.seed,
                    lanes + (static_cast<std::uint64_t>(l) * step + static_cast<std::uint64_t>((start + j) / 4)),
                    words);
      for (std::int64_t w = 0; w < 4; ++w)
        for (std::int64_t b = 0; b < kBlocks; ++b) upper[w][l + b] = static_cast<std::uint32_t>(words[w][b] >> 8);
    }
    for (std::int64_t w = 0; w < std::min<std::int64_t>(4, keys - j); ++w)
      for (std::int64_t l = 0; l < kQueries; ++l) factors[(j + w) * kQueries + l] = upper[w][l] < limit ? kept : T(0);
  }
}

template <class T> void multiply(T* x, const T* factors, std::int64_t n) {
  map_over<T>(
      n, x, [](auto a, auto b) { return a * b; }, x, factors);
}

template <class T> std::int64_t forward_scratch(const AttentionHead& head) {
  const std::int64_t rows = std::max(Rows<T>::room(head, kQueries, std::max(head.width, head.value_width)),
                                     Rows<T>::room(head, kKeys, std::max(head.width, head.value_width)));
  return kQueries * (head.width + head.value_width + (head.dropout > 0 ? 2 : 1) * kKeys + 4) + rows;
}

/// y[i, d] = out[d, i] * factor[i].
template <class T>
void store_results(const AttentionHead& head, const Block& block, T* out, const T* factor, void* y, T* room) {
  constexpr std::int64_t edge = kLanes<T>;
  Vec<T> square[edge];
  T* const to = head.narrow ? room : static_cast<T*>(y) + block.first * head.y_step;
  const std::int64_t step = head.narrow ? head.value_width : head.y_step;
  for (std::int64_t i = 0; i < block.count; i += edge)
    for (std::int64_t d = 0; d < head.value_width; d += edge) {
      for (std::int64_t r = 0; r < edge; ++r) square[r] = load(out + (d + r) * kQueries + i) * load(factor + i);
      transpose<edge / 2>(square);
      for (std::int64_t r = 0; r < edge && i + r < block.count; ++r) store<T>(to + (i + r) * step + d, square[r]);
    }
  for (std::int64_t i = 0; head.narrow && i < block.count; ++i) {
    const auto* const row = reinterpret_cast<const std::byte*>(room + i * step);
    head.narrow(static_cast<std::byte*>(y) + (block.first + i) * head.y_step * 2, &row, step, nullptr);
  }
}

template <class T>
void forward(const AttentionHead& head, const AttentionForward& at, std::int64_t first, void* memory) {
  const Block block(head, first);
  T* const queries = static_cast<T*>(memory);
  T* const out = queries + kQueries * head.width;  // [value_width, kQueries]
  T* const scores = out + kQueries * head.value_width;
  T *const top = scores + kQueries * kKeys, *const total = top + kQueries, *const factor = total + kQueries;
  T *const base = factor + kQueries, *const factors = base + kQueries;
  T* const room = factors + (head.dropout > 0 ? kQueries * kKeys : 0);
  transpose_queries(Rows<T>(head, at.q, head.q_step, first, block.count, head.width, room), block.count, block.lanes,
                    head.width, static_cast<T>(head.scale), queries);
  std::fill_n(top, kQueries, -math::kInf<T>);
  std::fill_n(total, kQueries, T(0));
  std::fill_n(out, kQueries * head.value_width, T(0));
  for (std::int64_t start = 0; start < block.keys; start += kKeys) {
    const std::int64_t keys = std::min(kKeys, block.keys - start);
    scores_of(block, start, keys, Rows<T>(head, at.k, head.k_step, start, keys, head.width, room), head.width, queries,
              scores);
    if (head.softcap > 0) cap_scores(head, block, start, keys, scores);
    if (at.mask) apply_mask(head, at.mask, first, block.count, start, keys, scores, 1, kQueries);
    block.for_each_hidden(start, keys, [&](std::int64_t j, std::int64_t lane, std::int64_t end) {
      std::fill(scores + j * kQueries + lane, scores + j * kQueries + end, -math::kInf<T>);
    });
    for (std::int64_t l = 0; l < block.lanes; l += kLanes<T>) {
      T* const column = scores + l;
      T* const end = column + block.seen(start, keys, l / kWidthGrain * kWidthGrain + kWidthGrain) * kQueries;
      const Vec<T> before = load(top + l);
      Vec<T> most = before;
      for (const T* row = column; row < end; row += kQueries) most = load(row) > most ? load(row) : most;
      store<T>(top + l, most);
      const Vec<T> from = most == -math::kInf<T> ? Vec<T>{} : most;  // nothing seen yet
      const Vec<T> less = exp(before - from);
      Vec<T> sum = load(total + l) * less;
      for (T* row = column; row < end; row += kQueries) {
        const Vec<T> p = exp(load(row) - from);
        store<T>(row, p);
        sum += p;
      }
      store<T>(total + l, sum);
      for (std::int64_t d = 0; start > 0 && d < head.value_width; ++d)
        store<T>(out + d * kQueries + l, load(out + d * kQueries + l) * less);
    }
    if (head.dropout > 0) {
      draw_factors(head, at.draws, first, start, keys, factors);
      multiply(scores, factors, keys * kQueries);
    }
    const Rows<T> v(head, at.v, head.v_step, start, keys, head.value_width, room);
    block.for_each_strip(start, keys, [&](std::int64_t j, std::int64_t n, std::int64_t lane) {
      add_product<T>({v.data + j * v.step, 1, v.step}, scores + j * kQueries + lane, kQueries, out + lane, kQueries,
                     head.value_width, block.lanes - lane, n);
    });
  }
  for (std::int64_t l = 0; l < kQueries; ++l) factor[l] = T(1) / total[l];
  store_results(head, block, out, factor, at.y, room);
  for (std::int64_t i = 0; i < block.count; ++i) static_cast<T*>(at.lse)[first + i] = top[i] + math::log(total[i]);
}

template <class T> std::int64_t few_scratch(const AttentionHead& head) {
  const std::int64_t widths = head.width + head.value_width;
  return head.queries * (widths + 2) + kRun + Rows<T>::room(head, kRun, widths);
}

/// scores[j] = q k_j.
template <class T>
void scores_of_one(const T* q, const T* k, std::int64_t step, std::int64_t keys, std::int64_t width, T* scores) {
  constexpr std::int64_t together = 4;  // sums that do not wait for each other
  std::int64_t j = 0;
  for (; j + together <= keys; j += together) {
    Vec<T> sum[together] = {};
    for (std::int64_t d = 0; d < width; d += kLanes<T>) {
      const Vec<T> a = load(q + d);
      for (std::int64_t i = 0; i < together; ++i) sum[i] += a * load(k + (j + i) * step + d);
    }
    for (std::int64_t i = 0; i < together; ++i) scores[j + i] = sum_of_lanes<T>(sum[i]);
  }
  for (; j < keys; ++j) {
    Vec<T> sum{};
    for (std::int64_t d = 0; d < width; d += kLanes<T>) sum += load(q + d) * load(k + j * step + d);
    scores[j] = sum_of_lanes<T>(sum);
  }
}

template <class T> void forward_few(const AttentionHead& head, const AttentionForward& at, void* memory) {
  const std::int64_t width = head.width, value_width = head.value_width;
  T* const queries = static_cast<T*>(memory);
  T* const out = queries + head.queries * width;
  T *const top = out + head.queries * value_width, *const total = top + head.queries, *const p = total + head.queries;
  T *const room = p + kRun, *const room_of_v = room + Rows<T>::room(head, kRun, width);
  const Rows<T> q(head, at.q, head.q_step, 0, head.queries, width, room);
  for (std::int64_t i = 0; i < head.queries; ++i)
    for (std::int64_t d = 0; d < width; ++d)
      queries[i * width + d] = q.data[i * q.step + d] * static_cast<T>(head.scale);
  std::fill_n(out, head.queries * value_width, T(0));
  std::fill_n(top, head.queries, -math::kInf<T>);
  std::fill_n(total, head.queries, T(0));
  const std::uint32_t limit = word_limit(1 - head.dropout);
  const T kept = head.dropout < 1 ? static_cast<T>(1 / (1 - head.dropout)) : T(0);
  const std::int64_t all = head.causal ? std::min(head.keys, head.queries) : head.keys;
  for (std::int64_t start = 0; start < all; start += kRun) {
    const std::int64_t run = std::min(kRun, all - start);
    const Rows<T> k(head, at.k, head.k_step, start, run, width, room);
    const Rows<T> v(head, at.v, head.v_step, start, run, value_width, room_of_v);
    for (std::int64_t i = 0; i < head.queries; ++i) {
      const std::int64_t seen = head.causal ? std::min(head.keys, i + 1) : head.keys;
      const std::int64_t keys = std::min(kRun, seen - start);
      if (keys <= 0) continue;
      scores_of_one(queries + i * width, k.data, k.step, keys, width, p);
      if (head.softcap > 0) cap(head.softcap, p, keys);
      if (at.mask) apply_mask(head, at.mask, i, 1, start, keys, p, 1, 1);
      T most = top[i];
      for (std::int64_t j = 0; j < keys; ++j) most = p[j] > most ? p[j] : most;
      const T base = most == -math::kInf<T> ? T(0) : most, factor = math::exp(top[i] - base);
      top[i] = most;
      const double sum = map_and_sum_over<T>(
          keys, p, [base](auto score) { return exp(score - base); }, p);
      total[i] = total[i] * factor + static_cast<T>(sum);
      if (head.dropout > 0) {
        std::uint32_t words[kRun + 4 * kBlocks];
        philox_run(head.seed, at.draws + static_cast<std::uint64_t>(i * head.blocks() + start / 4), (keys + 3) / 4,
                   words);
        for (std::int64_t j = 0; j < keys; ++j) p[j] = words[j] >> 8 < limit ? p[j] * kept : T(0);
      }
      T* const y = out + i * value_width;
      for (std::int64_t d = 0; start > 0 && d < value_width; ++d) y[d] *= factor;
      add_product<T>({p, kRun, 1}, v.data, v.step, y, value_width, 1, value_width, keys);
    }
  }
  for (std::int64_t i = 0; i < head.queries; ++i) {
    static_cast<T*>(at.lse)[i] = top[i] + math::log(total[i]);
    T* const row = out + i * value_width;
    T* const y = head.narrow ? row : static_cast<T*>(at.y) + i * head.y_step;
    for (std::int64_t d = 0; d < value_width; ++d) y[d] = row[d] * (T(1) / total[i]);
    const auto* const from = reinterpret_cast<const std::byte*>(row);
    if (head.narrow) head.narrow(static_cast<std::byte*>(at.y) + i * head.y_step * 2, &from, value_width, nullptr);
  }
}

template <class T> std::int64_t backward_scratch(const AttentionHead& head) {
  const std::int64_t widths = head.width + head.value_width;
  const std::int64_t tiles = 2 + (head.softcap > 0 ? 1 : 0) + (head.dropout > 0 ? 1 : 0);
  return kQueries * (widths + tiles * kKeys + 2) + Rows<T>::room(head, kQueries + kKeys, widths);
}

/// The slopes of a tile: p becomes the probabilities, ds what is wanted of the scores' cotangents, from those of the values,
/// times `scale`.
template <class T>
void slopes_of(const Block& block, std::int64_t start, std::int64_t keys, const T* lse, const T* delta,
               const T* factors, T scale, T* p, T* ds) {
  block.for_each_strip(start, keys, [&](std::int64_t first, std::int64_t n, std::int64_t lane) {
    for (std::int64_t l = lane; l < block.lanes; l += kLanes<T>) {
      const Vec<T> base = load(lse + l), less = load(delta + l);
      for (std::int64_t i = first * kQueries + l; i < (first + n) * kQueries; i += kQueries) {
        const Vec<T> probability = exp(load(p + i) - base);
        const Vec<T> kept = factors ? load(factors + i) : Vec<T>{} + T(1);
        store<T>(p + i, probability * kept);
        store<T>(ds + i, probability * (kept * load(ds + i) - less) * scale);
      }
    }
  });
  block.for_each_hidden(start, keys, [&](std::int64_t j, std::int64_t lane, std::int64_t end) {
    std::fill(p + j * kQueries + lane, p + j * kQueries + end, T(0));
    std::fill(ds + j * kQueries + lane, ds + j * kQueries + end, T(0));
  });
}

template <class T> void backward(const AttentionHead& head, const AttentionBackward& at, void* memory) {
  const auto *all_lse = static_cast<const T*>(at.lse), *all_delta = static_cast<const T*>(at.delta);
  auto *dq = static_cast<T*>(at.dq), *dk = static_cast<T*>(at.dk), *dv = static_cast<T*>(at.dv);
  auto* dmask = static_cast<T*>(at.dmask);
  const std::int64_t width = head.width, value_width = head.value_width, end_key = at.first_key + at.keys;
  const T scale = static_cast<T>(head.scale), by = head.softcap > 0 ? static_cast<T>(1 / head.softcap) : T(0);
  T* const queries = static_cast<T*>(memory);
  T* const cotangents = queries + kQueries * width;
  T* const p = cotangents + kQueries * value_width;
  T *const ds = p + kQueries * kKeys, *const lse = ds + kQueries * kKeys, *const delta = lse + kQueries;
  T* const capped = delta + kQueries;
  T* const drawn = capped + (head.softcap > 0 ? kQueries * kKeys : 0);
  T* const factors = head.dropout > 0 ? drawn : nullptr;
  T* const room_of_q = drawn + (factors ? kQueries * kKeys : 0);
  T* const room_of_g = room_of_q + Rows<T>::room(head, kQueries, width);
  T* const room_of_k = room_of_g + Rows<T>::room(head, kQueries, value_width);
  T* const room_of_v = room_of_k + Rows<T>::room(head, kKeys, width);
  const std::int64_t before =
      head.causal ? at.first_key / kQueries * kQueries : 0;  // queries that see none of the keys
  for (std::int64_t first = before; first < head.queries; first += kQueries) {
    const Block block(head, first);
    const Rows<T> q(head, at.q, head.q_step, first, block.count, width, room_of_q);
    const Rows<T> g(head, at.g, head.y_step, first, block.count, value_width, room_of_g);
    transpose_queries(q, block.count, block.lanes, width, scale, queries);
    transpose_queries(g, block.count, block.lanes, value_width, T(1), cotangents);
    for (std::int64_t l = 0; l < kQueries; ++l) {
      lse[l] = l < block.count ? all_lse[first + l] : T(0);
      delta[l] = l < block.count ? all_delta[first + l] : T(0);
    }
    for (std::int64_t start = at.first_key; start < std::min(block.keys, end_key); start += kKeys) {
      const std::int64_t keys = std::min(kKeys, std::min(block.keys, end_key) - start);
      const Rows<T> k(head, at.k, head.k_step, start, keys, width, room_of_k);
      const Rows<T> v(head, at.v, head.v_step, start, keys, value_width, room_of_v);
      scores_of(block, start, keys, k, width, queries, p);
      if (head.softcap > 0) {
        cap_scores(head, block, start, keys, p);
        std::copy_n(p, keys * kQueries, capped);
      }
      if (at.mask) apply_mask(head, at.mask, first, block.count, start, keys, p, 1, kQueries);
      scores_of(block, start, keys, v, value_width, cotangents, ds);
      if (factors) draw_factors(head, at.draws, first, start, keys, factors);
      slopes_of(block, start, keys, lse, delta, factors, dmask ? T(1) : scale, p, ds);
      for (std::int64_t i = 0; dmask && i < block.count; ++i)
        for (std::int64_t j = 0; j < block.seen(start, keys, i + 1); ++j)
          dmask[(first + i) * head.keys + start + j] = ds[j * kQueries + i];
      if (head.softcap > 0)
        for (std::int64_t i = 0; i < keys * kQueries; ++i) ds[i] *= T(1) - (capped[i] * by) * (capped[i] * by);
      for (std::int64_t i = 0; dmask && i < keys * kQueries; ++i) ds[i] *= scale;
      block.for_each_strip(start, keys, [&](std::int64_t j, std::int64_t n, std::int64_t lane) {
        const std::int64_t from = j * kQueries + lane, count = block.count - lane, key = start - at.first_key + j;
        add_product<T>({p + from, kQueries, 1}, g.data + lane * g.step, g.step, dv + key * at.dv_step, at.dv_step, n,
                       value_width, count);
        add_product<T>({ds + from, kQueries, 1}, q.data + lane * q.step, q.step, dk + key * at.dk_step, at.dk_step, n,
                       width, count);
        add_product<T>({ds + from, 1, kQueries}, k.data + j * k.step, k.step, dq + (first + lane) * at.dq_step,
                       at.dq_step, count, width, n);
      });
    }
  }
}

template <class T>
constexpr AttentionKernels kAttention{
    kQueries, kFew, forward_scratch<T>, few_scratch<T>, backward_scratch<T>, forward<T>, forward_few<T>, backward<T>};

}  // namespace

const AttentionKernels& attention_kernels(DType type);
const AttentionKernels& attention_kernels(DType type) {
  return type == DType::F64 ? kAttention<double> : kAttention<float>;
}

}  // namespace fornax::cpu::FORNAX_ISA
