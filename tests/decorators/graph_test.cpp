// The tape as a structure: shared parts, its length, and the memory it holds.

#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/cpu/memory.hpp>
#include <fornax/fornax.hpp>
#include <support/process.hpp>

namespace fornax::test {
namespace {

using AD = Autodiff<Cpu>;
using Vector = Tensor<AD, 1>;
using Plain = Tensor<Cpu, 1>;

Vector leaf(std::initializer_list<double> values) { return Vector::from_data(values).require_grad(); }

constexpr std::int64_t kLarge = 1 << 16;  // elements of a tensor whose buffer is counted
constexpr std::uint64_t kLargeBytes = kLarge * 4;

std::uint64_t live() { return memory_stats().live; }

// --- Shared parts -----------------------------------------------------------------------------------------------------

TEST(Graph, AddsTheGradientsOfAllPaths) {
  const auto x = leaf({3.0});
  EXPECT_EQ(x.grad((x * x).backward())->into_scalar(), 6);
  EXPECT_EQ(x.grad((x + x).backward())->into_scalar(), 2);
  EXPECT_EQ(x.grad((x - x).backward())->into_scalar(), 0);
  const auto h = x * 2.0;  // a diamond: d/dx (2x)² + (2x)³ = 8x + 24x²
  EXPECT_EQ(x.grad((h * h + h * h * h).backward())->into_scalar(), 8 * 3 + 24 * 9);
}

TEST(Graph, VisitsASharedPartOnce) {
  // Forty diamonds in a row have 2^40 paths.
  const auto x = leaf({1.0});
  auto h = x;
  for (int i = 0; i < 40; ++i) h = h * 0.5 + h * 0.5;
  EXPECT_EQ(x.grad(h.backward())->into_scalar(), 1);
}

TEST(Graph, TakesATensorThatIsUsedAThousandTimes) {
  const auto x = leaf({1.0, 2.0});
  auto sum = x * 1.0;
  for (int i = 2; i <= 1000; ++i) sum = sum + x * static_cast<double>(i);
  EXPECT_EQ(x.grad(sum.backward())->to_data(), TensorData({500500.0F, 500500.0F}));  // 1000 * 1001 / 2
}

TEST(Graph, GivesEveryInputOfOneOperationItsOwnGradient) {
  const auto a = leaf({1.0}), b = leaf({2.0});
  const auto y = Vector::cat({a, b, a}, 0);
  const auto gradients = y.backward(Plain::from_data({1.0, 10.0, 100.0}));
  EXPECT_EQ(a.grad(gradients)->into_scalar(), 101);
  EXPECT_EQ(b.grad(gradients)->into_scalar(), 10);
}

TEST(Graph, DoesNotLetAccumulationWriteIntoAGradientThatIsSharedOrSeen) {
  const auto x = leaf({1.0, 2.0});
  const auto h = x + 0.0;
  std::optional<Plain> seen;
  h.register_hook([&](const Plain& g) { seen = g; });
  const Plain cotangent = Plain::from_data({1.0, 1.0});
  const auto gradients = (h + x + x + x).backward(cotangent);
  EXPECT_EQ(x.grad(gradients)->to_data(), TensorData({4.0F, 4.0F}));
  EXPECT_EQ(seen->to_data(), TensorData({1.0F, 1.0F}));
  EXPECT_EQ(cotangent.to_data(), TensorData({1.0F, 1.0F}));
}

// --- Memory -----------------------------------------------------------------------------------------------------------

TEST(Graph, GoesAwayWithItsResult) {
  const auto x = Vector::ones({kLarge}).require_grad();
  const std::uint64_t before = live();
  {
    auto h = x;
    for (int i = 0; i < 10; ++i) h = h.tanh();
    EXPECT_GE(live(), before + 10 * kLargeBytes) << "tanh keeps its results";
  }
  EXPECT_EQ(live(), before);
}

TEST(Graph, StaysAfterBackwardOnANamedTensor) {
  const auto x = Vector::ones({kLarge}).require_grad();
  auto h = x;
  for (int i = 0; i < 10; ++i) h = h.tanh();
  const auto loss = h.sum();
  const std::uint64_t before = live();
  static_cast<void>(loss.backward());
  EXPECT_EQ(live(), before);
}

TEST(Graph, IsReleasedNodeByNodeByBackwardOnAMovedTensor) {
  const auto x = Vector::ones({kLarge}).require_grad();
  const std::uint64_t before = live();
  std::uint64_t at_the_end = 0;
  x.register_hook([&](const Plain&) { at_the_end = live(); });
  auto loss = [&] {
    auto h = x;
    for (int i = 0; i < 20; ++i) h = h.tanh();
    return h.sum();
  }();
  const std::uint64_t full = live();
  EXPECT_GE(full, before + 20 * kLargeBytes);
  reset_peak_memory();
  const auto gradients = std::move(loss).backward();
  EXPECT_LE(at_the_end, before + 4 * kLargeBytes) << "when the gradient of x was complete the tape was gone";
  EXPECT_LE(memory_stats().peak, full + 4 * kLargeBytes);
  EXPECT_EQ(live(), before + kLargeBytes) << "what stays is the gradient";
}

TEST(Graph, ThatAnotherLossSharesSurvivesAReleasedBackward) {
  const auto x = Vector::from_data({0.5, 1.0}).require_grad();
  const auto reference = [&] {
    const auto trunk = (x.exp() * x).tanh();
    return x.grad((trunk * trunk).sum().backward())->to_data();
  }();
  auto trunk = (x.exp() * x).tanh();
  auto first = trunk.sum();
  const auto second = (trunk * trunk).sum();
  trunk = Vector();
  static_cast<void>(std::move(first).backward());
  EXPECT_EQ(x.grad(second.backward())->to_data(), reference);
  auto last = second * 1.0;
  EXPECT_EQ(x.grad(std::move(last).backward())->to_data(), reference);
}

TEST(Graph, OfForwardPassesWithoutBackwardLeavesNothingBehind) {
  const auto w = Tensor<AD, 2>::random({32, 32}).require_grad();
  const auto x = Tensor<AD, 2>::random({32, 32});
  const auto forward = [&] { return (x.matmul(w).tanh() * 0.5 + w).sum(); };
  for (int i = 0; i < 1000; ++i) static_cast<void>(forward());
  const std::uint64_t live_before = live();
  const std::size_t resident_before = resident_bytes();
  for (int i = 0; i < 10'000; ++i) static_cast<void>(forward());
  EXPECT_EQ(live(), live_before);
  // AddressSanitizer holds freed blocks back, so there the process grows without a leak (and its own check finds one).
  if (kAddressSanitizer || kThreadSanitizer) return;
  EXPECT_LT(resident_bytes(), resident_before + (1u << 20));
}

// --- Length -----------------------------------------------------------------------------------------------------------

// Instrumented frames are several times as large and the sanitizer's own runtime runs on the same stack, hence 1 MB and
// a tenth of the length there: recursion over 10^5 nodes would still need a hundred times that.
constexpr std::size_t kSmallStack =
    kAddressSanitizer || kThreadSanitizer ? std::size_t{1} << 20 : std::size_t{256} << 10;
constexpr int kLong = kAddressSanitizer || kThreadSanitizer ? 100'000 : 1'000'000;

TEST(Graph, OfAMillionOperationsIsBuiltDifferentiatedAndFreedOnASmallStack) {
  run_with_stack(kSmallStack, [] {
    const auto x = leaf({1.0});
    auto h = x * 1.0;
    for (int i = 1; i < kLong; ++i) h = h * 1.0;
    EXPECT_EQ(x.grad(h.backward())->into_scalar(), 1);
    EXPECT_EQ(x.grad(std::move(h).backward())->into_scalar(), 1);
  });
}

TEST(Graph, OfAMillionOperationsIsFreedUnusedOnASmallStack) {
  run_with_stack(kSmallStack, [] {
    const auto x = leaf({1.0});
    auto h = x * 1.0;
    for (int i = 1; i < kLong; ++i) h = h + x;
  });
}

TEST(Graph, OfNestedTapesIsFreedOnASmallStack) {
  run_with_stack(kSmallStack, [] {
    using AD2 = Autodiff<AD>;
    const auto inner = Tensor<AD, 1>::from_data({1.0}).require_grad();
    const auto x = Tensor<AD2, 1>::from_inner(inner).require_grad();
    auto h = x * 1.0;
    for (int i = 1; i < kLong / 10; ++i) h = h * 1.0;
    const auto g = x.grad(std::move(h).backward());
    EXPECT_EQ(g->inner().into_scalar(), 1);
  });
}

}  // namespace
}  // namespace fornax::test
