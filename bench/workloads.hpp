#pragma once
// What fornax's workloads share: data, check values, the table. bench/README.md defines each workload;
// peers/libtorch/libtorch_bench.cpp has the same in libtorch.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fornax/fornax.hpp>

#include "common/harness.hpp"

using namespace fornax;
using bench::Options;
using bench::Report;

// fornax_bench_fusion is made of the same sources.
#ifdef FORNAX_BENCH_FUSION
using Base = Fusion<Cpu>;
#else
using Base = Cpu;
#endif
using AD = Autodiff<Base>;
template <std::size_t D> using Plain = Tensor<Base, D>;
template <std::size_t D> using Tracked = Tensor<AD, D>;

using bench::Table;
void add_small(Table& table);
void add_elementwise(Table& table);
void add_products(Table& table);
void add_networks(Table& table);
void add_second_order(Table& table);
void add_sweeps(Table& table);
/// Whether every workload but the sweeps gives the same bits on 1 and 2 threads, and when it is run again; prints the
/// hash of each. The exit status of the process.
int same_bits(const Table& table, bool small);

template <class T> T uni(const Shape& shape, std::uint64_t seed, float scale = 1.0f) {
  return T::from_data(TensorData(bench::uniform_vec(static_cast<std::size_t>(shape.numel()), seed, scale), shape));
}
template <class B> Tensor<B, 1, Int> classes(std::int64_t n, std::uint64_t seed, std::uint64_t count) {
  return Tensor<B, 1, Int>::from_data(
      TensorData(bench::class_vec<std::int64_t>(static_cast<std::size_t>(n), seed, count), Shape{n}));
}

/// A size of a workload; the test that compares bits has time for a smaller one.
inline std::int64_t sized(const Options& o, std::int64_t full, std::int64_t small) { return o.small ? small : full; }

template <class T> double sum_d(const T& t) {
  double sum = 0;
  for (const double v : t.to_data().template to_vector<double>()) sum += v;
  return sum;
}
template <class T> double abs_d(const T& t) {
  double sum = 0;
  for (const double v : t.to_data().template to_vector<double>()) sum += std::abs(v);
  return sum;
}

/// Check values of a report; the hash is of all bits.
inline void add_check(Report& r, const char* name, double value) {
  r.extra.emplace_back(name, value);
  bench::add_bits(r, &value, sizeof value);
}
template <class T> void add_bits(Report& r, const T& t) {
  const TensorData data = t.to_data();
  bench::add_bits(r, data.bytes().data(), data.bytes().size());
}
template <class T> void add_sum(Report& r, const char* name, const T& t) {
  r.extra.emplace_back(name, sum_d(t));
  add_bits(r, t);
}
template <class T> void add_abs(Report& r, const char* name, const T& t) {
  r.extra.emplace_back(name, abs_d(t));
  add_bits(r, t);
}

/// Waits for what a decorator has put off: a result that is never read might never be computed.
template <class T> void compute(const T& t) { static_cast<void>(on_backend(t.array())); }

inline Report start() {
  Report r;
  bench::reset_peak_rss();
  r.base_rss_kb = bench::rss_kb();
  return r;
}
