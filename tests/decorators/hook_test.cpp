// Hooks: functions that see, and may change, the complete gradient of a tensor during backward.

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/fornax.hpp>
#include <support/errors.hpp>

namespace fornax::test {
namespace {

using AD = Autodiff<Cpu>;
using Vector = Tensor<AD, 1>;
using Plain = Tensor<Cpu, 1>;

Vector leaf(std::initializer_list<double> values) { return Vector::from_data(values).require_grad(); }

TEST(Hook, SeesTheCompleteGradientOncePerBackward) {
  const auto x = leaf({3.0});
  std::vector<double> seen;
  x.register_hook([&](const Plain& g) { seen.push_back(g.into_scalar()); });
  const auto loss = x * x + x * 4.0 + x;  // four paths to x: 2x + 5
  loss.backward();
  EXPECT_EQ(seen, (std::vector<double>{11}));
  loss.backward();
  EXPECT_EQ(seen, (std::vector<double>{11, 11}));
}

TEST(Hook, OnAnIntermediateTensorChangesWhatFlowsOn) {
  const auto x = leaf({3.0}), z = leaf({1.0});
  const auto h = x * 2.0;
  h.register_hook([](const Plain& g) { return g.clamp(-1.0, 1.0); });
  const auto gradients = (h * 10.0 + z * 10.0).backward();
  EXPECT_EQ(x.grad(gradients)->into_scalar(), 2) << "10 clipped to 1, times 2";
  EXPECT_EQ(z.grad(gradients)->into_scalar(), 10);
}

TEST(Hook, OnALeafChangesTheGradientThatIsReturned) {
  const auto x = leaf({1.0, 1.0});
  x.register_hook([](const Plain& g) { return g * 0.5; });
  EXPECT_EQ(x.grad((x * 8.0).backward())->to_data(), TensorData({4.0F, 4.0F}));
}

TEST(Hook, RunsInTheOrderOfRegistration) {
  const auto x = leaf({1.0});
  std::vector<std::string> order;
  x.register_hook([&](const Plain& g) {
    order.push_back("first " + std::to_string(static_cast<int>(g.into_scalar())));
    return g + 1.0;
  });
  x.register_hook([&](const Plain& g) {
    order.push_back("second " + std::to_string(static_cast<int>(g.into_scalar())));
    return g * 10.0;
  });
  x.register_hook(
      [&](const Plain& g) { order.push_back("third " + std::to_string(static_cast<int>(g.into_scalar()))); });
  EXPECT_EQ(x.grad((x * 3.0).backward())->into_scalar(), 40);
  EXPECT_EQ(order, (std::vector<std::string>{"first 3", "second 4", "third 40"}));
}

TEST(Hook, IsGoneAfterRemove) {
  const auto x = leaf({1.0});
  int calls = 0;
  auto handle = x.register_hook([&](const Plain&) { ++calls; });
  const auto loss = x * 2.0;
  loss.backward();
  handle.remove();
  loss.backward();
  EXPECT_EQ(calls, 1);
  handle.remove();  // once more does no harm
}

TEST(Hook, IsCalledInAReleasedBackwardToo) {
  const auto x = leaf({2.0});
  int calls = 0;
  auto h = x.exp();
  h.register_hook([&](const Plain&) { ++calls; });
  auto loss = std::move(h) * 3.0;
  std::move(loss).backward();
  EXPECT_EQ(calls, 1);
}

TEST(Hook, IsNotCalledForATensorThatBackwardDoesNotReach) {
  const auto x = leaf({2.0}), other = leaf({1.0});
  int calls = 0;
  other.register_hook([&](const Plain&) { ++calls; });
  (x * 2.0).backward();
  EXPECT_EQ(calls, 0);
}

TEST(Hook, ThatThrowsEndsBackwardAndLeavesTheTapeUsable) {
  const auto x = leaf({2.0});
  const auto h = x * 3.0;
  auto handle = h.register_hook([](const Plain&) { throw std::runtime_error("from the hook"); });
  const auto loss = h * h;
  EXPECT_THROW(loss.backward(), std::runtime_error);
  handle.remove();
  EXPECT_EQ(x.grad(loss.backward())->into_scalar(), 36);
}

TEST(Hook, ThatReturnsAnotherShapeIsRefused) {
  const auto x = leaf({2.0, 3.0});
  x.register_hook([](const Plain& g) { return g.sum(); });
  EXPECT_EQ(message_of<ShapeError>([&] { (x * 3.0).backward(); }), "register_hook: shapes differ: [2] and [1]");
}

TEST(Hook, MayRunABackwardOfItsOwn) {
  const auto x = leaf({2.0}), y = leaf({5.0});
  const auto inner_loss = y * y;
  double inside = 0;
  x.register_hook([&](const Plain&) { inside = y.grad(inner_loss.backward())->into_scalar(); });
  EXPECT_EQ(x.grad((x * 3.0).backward())->into_scalar(), 3);
  EXPECT_EQ(inside, 10);
}

TEST(Hook, NeedsATrackedTensor) {
  EXPECT_THROW(Vector::from_data({1.0}).register_hook([](const Plain&) {}), ValueError);
}

}  // namespace
}  // namespace fornax::test
