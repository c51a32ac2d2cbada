// The program of docs/guide/06-checkpointing.md, which quotes the regions between [name] and [/name].
// [start]
#include <cstdio>
#include <fornax/fornax.hpp>
#include <iostream>

using namespace fornax;
using B = Autodiff<Cpu>;
// [/start]

int main() {
  // [block]
  int runs = 0;
  auto block = [&](const Tensor<B, 1>& v) {
    ++runs;
    return v.sin().exp().tanh();
  };
  auto x = Tensor<B, 1>::from_data({0.5, 1.0}).require_grad();
  auto plain = x.grad(block(x).backward()).value();
  auto y = checkpoint(block, x).sum();
  std::printf("runs after forward: %d\n", runs);
  auto checkpointed = x.grad(y.backward()).value();
  std::printf("runs after backward: %d\n", runs);
  std::cout << std::boolalpha << (plain.to_data() == checkpointed.to_data()) << "\n";
  // [/block]

  // [loop]
  long steps_run = 0;
  auto step = [&](const Tensor<B, 1>& state, std::int64_t) {
    ++steps_run;
    return (state * 0.99).sin();
  };
  auto count = [&](LoopOptions options) {
    steps_run = 0;
    auto last = checkpoint_loop(step, x, 1000, options);
    last.sum().backward();
    return steps_run;
  };
  for (std::int64_t snapshots : {1000, 100, 20, 10, 5})
    std::printf("%4ld snapshots: %ld steps run\n", static_cast<long>(snapshots), count({.snapshots = snapshots}));
  std::printf("   by default: %ld steps run\n", count({}));
  // [/loop]

  // [few]
  try {
    checkpoint_loop(step, x, 100000, {.snapshots = 1});
  } catch (const ValueError& e) {
    std::cout << e.what() << "\n";
  }
  // [/few]

  // [state]
  auto position = Tensor<B, 1>::from_data({1.0}, {}, DType::F64).require_grad();
  auto swing = [](const std::tuple<Tensor<B, 1>, Tensor<B, 1>>& s, std::int64_t) {
    auto [q, p] = s;
    auto next = p - q * 0.01;
    return std::tuple(q + next * 0.01, next);
  };
  auto [q, p] = checkpoint_loop(swing, std::tuple(position, position.zeros_like()), 10000);
  std::printf("dq/dq0 = %.4f\n", position.grad(q.backward()).value().into_scalar());
  // [/state]

  // [scan]
  auto rows = Tensor<B, 2>::from_data({{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}}).require_grad();
  auto running = [](const Tensor<B, 1>& sum, const Tensor<B, 1>& row) {
    auto next = sum + row;
    return std::pair(next, next);
  };
  auto [total, sums] = scan(running, Tensor<B, 1>::zeros({2}), rows);
  std::cout << total << "\n" << sums << "\n";
  std::cout << rows.grad(sums.backward()).value() << "\n";
  // [/scan]
}
