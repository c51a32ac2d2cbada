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

constexpr std::int64_t kQueries = 64, kKeys = 48;  // 12 KiB of f32 scores
constexpr std::int64_t kFew = 6, kRun = 256;       // queries one by one, and keys that they see together

/// to[d * kQueries + i] = from[i * step + d] * factor; zeros for queries beyond `count`.
template <class T>
void transpose_queries(const T* from, std::int64_t step, std::int64_t count, std::int64_t width, T factor, T* to) {
  constexpr std::int64_t edge = 8;
  for (std::int64_t d = 0; d < width; d += edge)
    for (std::int64_t i = 0; i < kQueries; ++i)
      for (std::int64_t e = d; e < d + edge; ++e) to[e * kQueries + i] = i < count ? from[i * step + e] * factor : T(0);
}

/// The queries from `first` on, and the keys that they see.
struct Block {
  std::int64_t first, count, keys;

  Block(const AttentionHead& head, std::int64_t begin)
      : first(begin),
        count(std::min(kQueries, head.queries - begin)),
        keys(head.causal ? std::min(head.keys, begin + count) : head.keys) {}
  /// The first lane that sees a key.
  std::int64_t first_lane(const AttentionHead& head, std::int64_t key) const {
    return head.causal ? std::clamp<std::int64_t>(key - first, 0, kQueries) : 0;
  }
};

/// scores[j, lane] of `keys` keys from k on with the transposed queries.
template <class T>
void scores_of(const T* k, std::int64_t step, std::int64_t keys, std::int64_t width, const T* queries, T* scores) {
  std::fill_n(scores, keys * kQueries, T(0));
  add_product<T>({k, step, 1}, queries, kQueries, scores, kQueries, keys, kQueries, width);
}

template <class T> void cap(double limit, T* scores, std::int64_t n) {
  const T c = static_cast<T>(limit), by = static_cast<T>(1 / limit);
  for (std::int64_t i = 0; i < n; ++i) scores[i] = c * tanh_of(scores[i] * by);
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

std::int64_t forward_scratch(const AttentionHead& head) {
  return kQueries * (head.width + head.value_width + (head.dropout > 0 ? 2 : 1) * kKeys + 4);
}

template <class T>
void forward(const AttentionHead& head, const AttentionForward& at, std::int64_t first, void* memory) {
  const auto *q = static_cast<const T*>(at.q), *k = static_cast<const T*>(at.k), *v = static_cast<const T*>(at.v);
  const Block block(head, first);
  T* const queries = static_cast<T*>(memory);
  T* const out = queries + kQueries * head.width;  // [value_width, kQueries]
  T* const scores = out + kQueries * head.value_width;
  T *const top = scores + kQueries * kKeys, *const total = top + kQueries, *const factor = total + kQueries;
  T *const base = factor + kQueries, *const factors = base + kQueries;
  transpose_queries(q + first * head.q_step, head.q_step, block.count, head.width, static_cast<T>(head.scale), queries);
  std::fill_n(out, kQueries * head.value_width, T(0));
  std::fill_n(top, kQueries, -math::kInf<T>);
  std::fill_n(total, kQueries, T(0));
  for (std::int64_t start = 0; start < block.keys; start += kKeys) {
    const std::int64_t keys = std::min(kKeys, block.keys - start);
    scores_of(k + start * head.k_step, head.k_step, keys, head.width, queries, scores);
    if (head.softcap > 0) cap(head.softcap, scores, keys * kQueries);
    if (at.mask) apply_mask(head, at.mask, first, block.count, start, keys, scores, 1, kQueries);
    for (std::int64_t l = 0; l < kQueries; ++l) factor[l] = top[l];
    for (std::int64_t j = 0; j < keys; ++j) {
      T* const row = scores + j * kQueries;
      for (std::int64_t l = 0; l < block.first_lane(head, start + j); ++l) row[l] = -math::kInf<T>;
      for (std::int64_t l = 0; l < kQueries; ++l) top[l] = row[l] > top[l] ? row[l] : top[l];
    }
    for (std::int64_t l = 0; l < kQueries; ++l) {
      base[l] = top[l] == -math::kInf<T> ? T(0) : top[l];  // nothing seen yet
      factor[l] = math::exp(factor[l] - base[l]);
      total[l] *= factor[l];
    }
    for (std::int64_t l = 0; l < kQueries; l += kLanes<T>) {
      const Vec<T> most = load(base + l);
      Vec<T> sum = load(total + l);
      for (T* row = scores + l; row < scores + keys * kQueries; row += kQueries) {
        const Vec<T> p = exp(load(row) - most);
        store<T>(row, p);
        sum += p;
      }
      store<T>(total + l, sum);
    }
    if (head.dropout > 0) {
      draw_factors(head, at.draws, first, start, keys, factors);
      multiply(scores, factors, keys * kQueries);
    }
    for (std::int64_t d = 0; start > 0 && d < head.value_width; ++d)
      for (std::int64_t l = 0; l < kQueries; ++l) out[d * kQueries + l] *= factor[l];
    add_product<T>({v + start * head.v_step, 1, head.v_step}, scores, kQueries, out, kQueries, head.value_width,
                   kQueries, keys);
  }
  T* const y = static_cast<T*>(at.y) + first * head.y_step;
  T* const lse = static_cast<T*>(at.lse) + first;
  for (std::int64_t l = 0; l < kQueries; ++l) factor[l] = T(1) / total[l];
  for (std::int64_t i = 0; i < block.count; ++i) {
    lse[i] = top[i] + math::log(total[i]);
    for (std::int64_t d = 0; d < head.value_width; ++d) y[i * head.y_step + d] = out[d * kQueries + i] * factor[i];
  }
}

std::int64_t few_scratch(const AttentionHead& head) {
  return head.queries * (head.width + head.value_width + 2) + kRun;
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
  const auto *q = static_cast<const T*>(at.q), *k = static_cast<const T*>(at.k), *v = static_cast<const T*>(at.v);
  const std::int64_t width = head.width, value_width = head.value_width;
  T* const queries = static_cast<T*>(memory);
  T* const out = queries + head.queries * width;
  T *const top = out + head.queries * value_width, *const total = top + head.queries, *const p = total + head.queries;
  for (std::int64_t i = 0; i < head.queries; ++i)
    for (std::int64_t d = 0; d < width; ++d)
      queries[i * width + d] = q[i * head.q_step + d] * static_cast<T>(head.scale);
  std::fill_n(out, head.queries * value_width, T(0));
  std::fill_n(top, head.queries, -math::kInf<T>);
  std::fill_n(total, head.queries, T(0));
  const std::uint32_t limit = word_limit(1 - head.dropout);
  const T kept = head.dropout < 1 ? static_cast<T>(1 / (1 - head.dropout)) : T(0);
  for (std::int64_t start = 0; start < head.keys; start += kRun) {
    for (std::int64_t i = 0; i < head.queries; ++i) {
      const std::int64_t seen = head.causal ? std::min(head.keys, i + 1) : head.keys;
      const std::int64_t keys = std::min(kRun, seen - start);
      if (keys <= 0) continue;
      scores_of_one(queries + i * width, k + start * head.k_step, head.k_step, keys, width, p);
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
      add_product<T>({p, kRun, 1}, v + start * head.v_step, head.v_step, y, value_width, 1, value_width, keys);
    }
  }
  for (std::int64_t i = 0; i < head.queries; ++i) {
    static_cast<T*>(at.lse)[i] = top[i] + math::log(total[i]);
    T* const y = static_cast<T*>(at.y) + i * head.y_step;
    for (std::int64_t d = 0; d < value_width; ++d) y[d] = out[i * value_width + d] * (T(1) / total[i]);
  }
}

std::int64_t backward_scratch(const AttentionHead& head) {
  const std::int64_t tiles = 2 + (head.softcap > 0 ? 1 : 0) + (head.dropout > 0 ? 1 : 0);
  return kQueries * (head.width + head.value_width + tiles * kKeys + 2);
}

/// The slopes of a tile: p becomes the probabilities, ds what is wanted of the scores' cotangents, from those of the values.
template <class T>
void slopes_of(const AttentionHead& head, const Block& block, std::int64_t start, std::int64_t keys, const T* lse,
               const T* delta, const T* factors, T* p, T* ds) {
  for (std::int64_t j = 0; j < keys; ++j) {
    T *const row = p + j * kQueries, *const slope = ds + j * kQueries;
    map_over<T>(
        kQueries, row, [](auto score, auto base) { return exp(score - base); }, row, lse);
    for (std::int64_t l = 0; l < block.first_lane(head, start + j); ++l) row[l] = T(0);
    if (factors) {
      const T* const f = factors + j * kQueries;
      for (std::int64_t l = 0; l < kQueries; ++l) slope[l] = row[l] * (f[l] * slope[l] - delta[l]);
      multiply(row, f, kQueries);
    } else {
      for (std::int64_t l = 0; l < kQueries; ++l) slope[l] = row[l] * (slope[l] - delta[l]);
    }
  }
}

template <class T> void backward(const AttentionHead& head, const AttentionBackward& at, void* memory) {
  const auto *q = static_cast<const T*>(at.q), *k = static_cast<const T*>(at.k), *v = static_cast<const T*>(at.v);
  const auto *all_lse = static_cast<const T*>(at.lse), *all_delta = static_cast<const T*>(at.delta);
  const auto* g = static_cast<const T*>(at.g);
  auto *dq = static_cast<T*>(at.dq), *dk = static_cast<T*>(at.dk), *dv = static_cast<T*>(at.dv);
  auto* dmask = static_cast<T*>(at.dmask);
  const std::int64_t width = head.width, value_width = head.value_width;
  const T scale = static_cast<T>(head.scale), by = head.softcap > 0 ? static_cast<T>(1 / head.softcap) : T(0);
  T* const queries = static_cast<T*>(memory);
  T* const cotangents = queries + kQueries * width;
  T* const p = cotangents + kQueries * value_width;
  T *const ds = p + kQueries * kKeys, *const lse = ds + kQueries * kKeys, *const delta = lse + kQueries;
  T* const capped = delta + kQueries;
  T* const factors = head.dropout > 0 ? capped + (head.softcap > 0 ? kQueries * kKeys : 0) : nullptr;
  for (std::int64_t first = 0; first < head.queries; first += kQueries) {
    const Block block(head, first);
    transpose_queries(q + first * head.q_step, head.q_step, block.count, width, scale, queries);
    transpose_queries(g + first * head.y_step, head.y_step, block.count, value_width, T(1), cotangents);
    for (std::int64_t l = 0; l < kQueries; ++l) {
      lse[l] = l < block.count ? all_lse[first + l] : T(0);
      delta[l] = l < block.count ? all_delta[first + l] : T(0);
    }
    for (std::int64_t start = 0; start < block.keys; start += kKeys) {
      const std::int64_t keys = std::min(kKeys, block.keys - start), tile = keys * kQueries;
      const T* const here = k + start * head.k_step;
      scores_of(here, head.k_step, keys, width, queries, p);
      if (head.softcap > 0) {
        cap(head.softcap, p, tile);
        std::copy_n(p, tile, capped);
      }
      if (at.mask) apply_mask(head, at.mask, first, block.count, start, keys, p, 1, kQueries);
      scores_of(v + start * head.v_step, head.v_step, keys, value_width, cotangents, ds);
      if (factors) draw_factors(head, at.draws, first, start, keys, factors);
      slopes_of(head, block, start, keys, lse, delta, factors, p, ds);
      for (std::int64_t i = 0; dmask && i < block.count; ++i)
        for (std::int64_t j = 0; j < keys; ++j) dmask[(first + i) * head.keys + start + j] = ds[j * kQueries + i];
      if (head.softcap > 0)
        for (std::int64_t i = 0; i < tile; ++i) ds[i] *= T(1) - (capped[i] * by) * (capped[i] * by);
      for (std::int64_t i = 0; i < tile; ++i) ds[i] *= scale;
      add_product<T>({p, kQueries, 1}, g + first * head.y_step, head.y_step, dv + start * at.dv_step, at.dv_step, keys,
                     value_width, block.count);
      add_product<T>({ds, kQueries, 1}, q + first * head.q_step, head.q_step, dk + start * at.dk_step, at.dk_step, keys,
                     width, block.count);
      add_product<T>({ds, 1, kQueries}, here, head.k_step, dq + first * at.dq_step, at.dq_step, block.count, width,
                     keys);
    }
  }
}

template <class T>
constexpr AttentionKernels kAttention{kQueries,         kFew,       forward_scratch, few_scratch,
                                      backward_scratch, forward<T>, forward_few<T>,  backward<T>};

}  // namespace

const AttentionKernels& attention_kernels(DType type);
const AttentionKernels& attention_kernels(DType type) {
  return type == DType::F64 ? kAttention<double> : kAttention<float>;
}

}  // namespace fornax::cpu::FORNAX_ISA
