// train_runner DIRECTORY OPTIMIZER STEPS SLEEP: trains to so many steps, from where the directory's checkpoints are, and
// sleeps so many microseconds in each batch. Writes the number of steps after each batch, then how the run ended. Its exit
// status is the outcome.

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <type_traits>

#include <train/circle_run.hpp>

namespace fornax::test {
namespace {

template <class O> int train(char** arguments, O optimizer) {
  const auto sleep = static_cast<useconds_t>(std::atol(arguments[4]));
  constexpr bool takes_gradients = !std::is_same_v<O, optim::Lbfgs>;
  auto learner = circle_run(arguments[1], takes_gradients)
                     .max_steps(std::atol(arguments[3]))
                     .epochs(1000)
                     .checkpoint(train::every_steps(1))
                     .on_step([&](const train::StepEnd& end) {
                       std::printf("%lld\n", static_cast<long long>(end.step));
                       std::fflush(stdout);
                       if (sleep > 0) ::usleep(sleep);
                     })
                     .build(circle_net(), std::move(optimizer));
  const auto trained = fit_circle(learner);
  std::printf("end: %s: %s\n", name_of(trained.outcome()), trained.end.text.c_str());
  return static_cast<int>(trained.outcome());
}

}  // namespace
}  // namespace fornax::test

int main(int, char** arguments) {
  using namespace fornax;
  using fornax::test::train;
  const std::string optimizer = arguments[2];
  if (optimizer == "Sgd") return train(arguments, optim::Sgd({.lr = 0.05, .momentum = 0.9}));
  if (optimizer == "Adam") return train(arguments, optim::Adam({.lr = 0.01}));
  if (optimizer == "AdamW") return train(arguments, optim::AdamW({.lr = 0.01}));
  if (optimizer == "RmsProp") return train(arguments, optim::RmsProp({.lr = 0.01}));
  if (optimizer == "Lbfgs") return train(arguments, optim::Lbfgs({.lr = 0.1, .max_iter = 3}));
  return 100;
}
