#include <algorithm>
#include <chrono>
#include <ostream>
#include <vector>

#include <nlohmann/json.hpp>

#include <fornax/cpu/threads.hpp>
#include <fornax/fornax.hpp>
#include <fornax/train/views/text.hpp>

#include "commands.hpp"

namespace fornax::tool {

namespace {

using Clock = std::chrono::steady_clock;

// Seconds that a call of f takes: the median of samples of at least 10 ms each, for a third of a second.
template <class F> double seconds_of(const F& f) {
  const auto timed = [&](int calls) {
    const auto begin = Clock::now();
    for (int i = 0; i < calls; ++i) f();
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  int calls = 1;
  while (timed(calls) < 0.01) calls *= 2;
  std::vector<double> samples;
  const auto begin = Clock::now();
  while (samples.size() < 5 || Clock::now() - begin < std::chrono::milliseconds(333))
    samples.push_back(timed(calls) / calls);
  std::ranges::nth_element(samples, samples.begin() + std::ssize(samples) / 2);
  return samples[samples.size() / 2];
}

struct Result {
  const char* name;
  const char* what;
  double value;
  const char* unit;
};

template <std::size_t D> Tensor<Cpu, D> noise(const Shape& shape, DType dtype) {
  return Tensor<Cpu, D>::random(shape, Distribution::normal(0.0, 1.0), Device{}, dtype);
}

double product(std::int64_t n, DType dtype) {
  const auto a = noise<2>({n, n}, dtype), b = noise<2>({n, n}, dtype);
  return 2e-9 * static_cast<double>(n * n * n) / seconds_of([&] { a.matmul(b); });
}

double sum_of_arrays() {
  constexpr std::int64_t n = 16 << 20;
  const auto a = noise<1>({n}, DType::F32), b = noise<1>({n}, DType::F32);
  return 3 * 4e-9 * n / seconds_of([&] { a + b; });
}

double one_addition() {
  const auto a = Tensor<Cpu, 1>::from_data({1.0F}), b = Tensor<Cpu, 1>::from_data({2.0F});
  return 1e9 * seconds_of([&] { a + b; });
}

double one_gradient() {
  using B = Autodiff<Cpu>;
  const auto w = Tensor<B, 1>::from_data({3.0F}).require_grad(), x = Tensor<B, 1>::from_data({2.0F});
  return 1e9 * seconds_of([&] { (w * x + x).backward(); });
}

double convolution() {
  const auto x = noise<4>({16, 32, 28, 28}, DType::F32), w = noise<4>({32, 32, 3, 3}, DType::F32);
  constexpr double work = 2e-9 * 16 * 32 * 26 * 26 * 32 * 9;
  return work / seconds_of([&] { functional::conv2d(x, w); });
}

}  // namespace

void bench(bool json, std::ostream& out) {
  const std::vector<Result> results{
      {"matmul_512_f32", "product of f32 [512, 512]", product(512, DType::F32), "GFLOP/s"},
      {"matmul_64_f32", "product of f32 [64, 64]", product(64, DType::F32), "GFLOP/s"},
      {"matmul_512_f64", "product of f64 [512, 512]", product(512, DType::F64), "GFLOP/s"},
      {"conv2d_f32", "convolution 3 x 3 of f32 [16, 32, 28, 28]", convolution(), "GFLOP/s"},
      {"add_64MiB", "sum of two arrays of 64 MiB", sum_of_arrays(), "GB/s"},
      {"add_one", "sum of two numbers", one_addition(), "ns"},
      {"gradient_one", "w * x + x of numbers, with its gradient", one_gradient(), "ns"}};
  if (json) {
    nlohmann::ordered_json all = {{"threads", num_threads()}};
    for (const Result& r : results) all[r.name] = {{"value", r.value}, {"unit", r.unit}};
    out << all.dump(2) << "\n";
    return;
  }
  out << num_threads() << (num_threads() == 1 ? " thread\n" : " threads\n");
  for (const Result& r : results)
    out << "  " << train::padded(r.what, 44) << train::padded_left(train::number_text(r.value), 8) << " " << r.unit
        << "\n";
}

}  // namespace fornax::tool
