#include <fornax/train/learner.hpp>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <data/files.hpp>
#include <train/circle.hpp>

namespace fornax::test {
namespace {

using namespace fornax::train;

TEST(Learner, TrainsAClassifier) {
  auto train = circle_loader(512, 32), valid = circle_loader(256, 64, 2);
  auto learner = LearnerBuilder().epochs(12).build(circle_net(), optim::Adam({.lr = 2e-2}));
  const auto trained = learner.fit(train, valid);
  EXPECT_EQ(trained.outcome(), Outcome::Finished);
  EXPECT_EQ(learner.step(), 12 * 16);
  EXPECT_LT(trained.value("loss"), 0.25);
  static_assert(std::same_as<std::remove_cvref_t<decltype(trained.model)>, CircleNet<Plain>>);
}

}  // namespace
}  // namespace fornax::test
