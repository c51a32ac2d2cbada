// Scores are computed transposed: a row for each key, a lane for each query. So a query's maximum and sum are taken lane by
// lane, and keys and values are read as they lie in memory; only the queries of a block are transposed, once.
//
// The online softmax is that of Milakov, Gimelshein, "Online normalizer calculation for softmax", 2018; the backward pass
// computes probabilities again from their logarithm's sum, as Dao et al., "FlashAttention", 2022.

#include <fornax/cpu/isa/attention.hpp>

#include <algorithm>
#include <cmath>

#include <fornax/cpu/isa/tile.hpp>

namespace fornax::cpu::FORNAX_ISA {

namespace {

constexpr std::int64_t kQueries = 64, kKeys = 48;  // 12 KiB of f32 scores

/// to[d * kQueries + i] = from[i * width + d] * factor; zeros for queries beyond `count`.
template <class T> void transpose_queries(const T* from, std::int64_t count, std::int64_t width, T factor, T* to) {
  constexpr std::int64_t edge = 8;
  for (std::int64_t d = 0; d < width; d += edge)
    for (std::int64_t i = 0; i < kQueries; ++i)
      for (std::int64_t e = d; e < d + edge; ++e)
        to[e * kQueries + i] = i < count ? from[i * width + e] * factor : T(0);
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
template <class T> void scores_of(const T* k, std::int64_t keys, std::int64_t width, const T* queries, T* scores) {
  std::fill_n(scores, keys * kQueries, T(0));
  add_product<T>({k, width, 1}, queries, kQueries, scores, kQueries, keys, kQueries, width);
}

std::int64_t forward_scratch(const AttentionHead& head) {
  return kQueries * (head.width + head.value_width + kKeys + 3);
}

template <class T>
void forward(const AttentionHead& head, const void* qs, const void* ks, const void* vs, std::int64_t first, void* ys,
             void* lses, void* memory) {
  const auto *q = static_cast<const T*>(qs), *k = static_cast<const T*>(ks), *v = static_cast<const T*>(vs);
  const Block block(head, first);
  T* const queries = static_cast<T*>(memory);
  T* const out = queries + kQueries * head.width;  // [value_width, kQueries]
  T* const scores = out + kQueries * head.value_width;
  T *const top = scores + kQueries * kKeys, *const total = top + kQueries, *const factor = total + kQueries;
  transpose_queries(q + first * head.width, block.count, head.width, static_cast<T>(head.scale), queries);
  std::fill_n(out, kQueries * head.value_width, T(0));
  std::fill_n(top, kQueries, -math::kInf<T>);
  std::fill_n(total, kQueries, T(0));
  for (std::int64_t start = 0; start < block.keys; start += kKeys) {
    const std::int64_t keys = std::min(kKeys, block.keys - start);
    scores_of(k + start * head.width, keys, head.width, queries, scores);
    for (std::int64_t l = 0; l < kQueries; ++l) factor[l] = top[l];
    for (std::int64_t j = 0; j < keys; ++j) {
      T* const row = scores + j * kQueries;
      for (std::int64_t l = 0; l < block.first_lane(head, start + j); ++l) row[l] = -math::kInf<T>;
      for (std::int64_t l = 0; l < kQueries; ++l) top[l] = row[l] > top[l] ? row[l] : top[l];
    }
    for (std::int64_t l = 0; l < kQueries; ++l) {
      factor[l] = math::exp(factor[l] - top[l]);
      total[l] *= factor[l];
    }
    for (std::int64_t l = 0; l < kQueries; l += kLanes<T>) {
      const Vec<T> most = load(top + l);
      Vec<T> sum = load(total + l);
      for (T* row = scores + l; row < scores + keys * kQueries; row += kQueries) {
        const Vec<T> p = exp(load(row) - most);
        store<T>(row, p);
        sum += p;
      }
      store<T>(total + l, sum);
    }
    for (std::int64_t d = 0; start > 0 && d < head.value_width; ++d)
      for (std::int64_t l = 0; l < kQueries; ++l) out[d * kQueries + l] *= factor[l];
    add_product<T>({v + start * head.value_width, 1, head.value_width}, scores, kQueries, out, kQueries,
                   head.value_width, kQueries, keys);
  }
  T* const y = static_cast<T*>(ys) + first * head.value_width;
  T* const lse = static_cast<T*>(lses) + first;
  for (std::int64_t l = 0; l < kQueries; ++l) factor[l] = T(1) / total[l];
  for (std::int64_t i = 0; i < block.count; ++i) {
    lse[i] = top[i] + math::log(total[i]);
    for (std::int64_t d = 0; d < head.value_width; ++d) y[i * head.value_width + d] = out[d * kQueries + i] * factor[i];
  }
}

std::int64_t backward_scratch(const AttentionHead& head) {
  return kQueries * (head.width + head.value_width + 2 * kKeys + 2);
}

template <class T>
void backward(const AttentionHead& head, const void* qs, const void* ks, const void* vs, const void* lses,
              const void* deltas, const void* gs, void* dqs, void* dks, void* dvs, void* memory) {
  const auto *q = static_cast<const T*>(qs), *k = static_cast<const T*>(ks), *v = static_cast<const T*>(vs);
  const auto *all_lse = static_cast<const T*>(lses), *all_delta = static_cast<const T*>(deltas);
  const auto* g = static_cast<const T*>(gs);
  auto *dq = static_cast<T*>(dqs), *dk = static_cast<T*>(dks), *dv = static_cast<T*>(dvs);
  const std::int64_t width = head.width, value_width = head.value_width;
  const T scale = static_cast<T>(head.scale);
  T* const queries = static_cast<T*>(memory);
  T* const cotangents = queries + kQueries * width;
  T* const p = cotangents + kQueries * value_width;
  T *const dp = p + kQueries * kKeys, *const lse = dp + kQueries * kKeys, *const delta = lse + kQueries;
  for (std::int64_t first = 0; first < head.queries; first += kQueries) {
    const Block block(head, first);
    transpose_queries(q + first * width, block.count, width, scale, queries);
    transpose_queries(g + first * value_width, block.count, value_width, T(1), cotangents);
    for (std::int64_t l = 0; l < kQueries; ++l) {
      lse[l] = l < block.count ? all_lse[first + l] : T(0);
      delta[l] = l < block.count ? all_delta[first + l] : T(0);
    }
    for (std::int64_t start = 0; start < block.keys; start += kKeys) {
      const std::int64_t keys = std::min(kKeys, block.keys - start);
      const T* const here = k + start * width;
      scores_of(here, keys, width, queries, p);
      scores_of(v + start * value_width, keys, value_width, cotangents, dp);
      for (std::int64_t j = 0; j < keys; ++j) {
        T *const row = p + j * kQueries, *const slope = dp + j * kQueries;
        map_over<T>(
            kQueries, row, [](auto score, auto base) { return exp(score - base); }, row, lse);
        for (std::int64_t l = 0; l < block.first_lane(head, start + j); ++l) row[l] = T(0);
        for (std::int64_t l = 0; l < kQueries; ++l) slope[l] = scale * row[l] * (slope[l] - delta[l]);
      }
      add_product<T>({p, kQueries, 1}, g + first * value_width, value_width, dv + start * value_width, value_width,
                     keys, value_width, block.count);
      add_product<T>({dp, kQueries, 1}, q + first * width, width, dk + start * width, width, keys, width, block.count);
      add_product<T>({dp, 1, kQueries}, here, width, dq + first * width, width, block.count, width, keys);
    }
  }
}

template <class T>
constexpr AttentionKernels kAttention{kQueries, forward_scratch, backward_scratch, forward<T>, backward<T>};

}  // namespace

const AttentionKernels& attention_kernels(DType type);
const AttentionKernels& attention_kernels(DType type) {
  return type == DType::F64 ? kAttention<double> : kAttention<float>;
}

}  // namespace fornax::cpu::FORNAX_ISA
