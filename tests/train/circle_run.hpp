#pragma once
// A run with everything that has a state: dropout, batch statistics, shuffling, a schedule, clipping, accumulation, loss scaling,
// averages, metrics, early stopping.

#include <fornax/io/checkpoint.hpp>
#include <train/circle.hpp>

namespace fornax::test {

inline constexpr std::int64_t kTrainBatches = 7, kValidBatches = 3;

inline train::LearnerBuilder circle_run(const std::string& directory, bool gradients_can_wait = true) {
  train::LearnerBuilder builder(directory);
  builder.metric(train::Accuracy())
      .metric(train::Auroc())
      .metric(train::Recall())
      .metric(train::LearningRate())
      .epochs(4)
      .seed(11)
      .schedule(optim::warmup_lr(3, optim::cosine_lr({.t_max = 40})))
      .ema({.decay = 0.9})
      .early_stopping({.patience = 100})
      .checkpoint(train::keep_last(2))
      .checkpoint(train::keep_best("accuracy", 2))
      .resume();
  if (gradients_can_wait) builder.clip(optim::Clip::global_norm(0.5)).accumulate(2).loss_scaling({.interval = 3});
  return builder;
}

/// 7 batches of 16 or 4 points, 3 of 16.
template <class Learner> auto fit_circle(Learner& learner) {
  auto train = circle_loader(100, 16, 3), valid = circle_loader(48, 16, 4);
  return learner.fit(train, valid);
}

}  // namespace fornax::test
