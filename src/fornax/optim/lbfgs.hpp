#pragma once

#include <vector>

#include <fornax/optim/optimizer.hpp>

namespace fornax::optim {

enum class LineSearch : std::uint8_t {
  None,         // steps of length lr
  StrongWolfe,  // cubic interpolation until decrease and curvature suffice
};
FORNAX_ENUM(LineSearch, None, StrongWolfe)

struct LbfgsConfig {
  double lr = 1;
  int max_iter = 20;               // iterations a step
  int max_eval = 0;                // evaluations a step; 0: 5/4 of max_iter
  double tolerance_grad = 1e-7;    // stop when no element of the gradient is larger
  double tolerance_change = 1e-9;  // stop when neither weights nor loss change by more
  int history_size = 100;          // pairs of changes that the curvature is estimated from
  LineSearch line_search = LineSearch::None;
  FORNAX_LAZY_CONFIG(LbfgsConfig, lr, max_iter, max_eval, tolerance_grad, tolerance_change, history_size, line_search)
};

/// What a step of Lbfgs did.
struct LbfgsReport {
  double loss = 0;               // before the step
  std::int64_t iterations = 0;   // in this step
  std::int64_t evaluations = 0;  // in this step
};

/// Limited-memory BFGS: steps along -H g, with the inverse Hessian H estimated from the last changes of weights and
/// gradients. For losses of the whole data, which it evaluates several times a step.
///
/// Example: auto optimizer = optim::Lbfgs({.line_search = optim::LineSearch::StrongWolfe});
///          optimizer.step(model, [&] { return loss_of(model, x, y); });
/// Errors:  ValueError for settings out of range; DTypeError if parameters differ in dtype; ShapeError if a loaded state
///          does not fit the model.
/// Source:  Nocedal and Wright 2006, algorithms 7.4, 3.5 and 3.6, in the form of minFunc and PyTorch.
class Lbfgs final : public Optimizer {
 public:
  using Config = LbfgsConfig;
  Lbfgs() : Lbfgs(Config()) {}
  explicit Lbfgs(const Config& config);

  const Config& config() const { return config_; }

  /// Changes the parameters of the model until an iteration limit or a tolerance is reached. `loss()` or `loss(model)`
  /// gives a tensor (or Array) of one element, computed from the model; it is called with the weights to be tried. If it throws, the
  /// model has the weights of that trial.
  template <class M, class F> LbfgsReport step(M& model, F&& loss) {
    struct Call final : Objective {
      Call(M& m, F& f) : model(m), loss(f) {}
      double evaluate(NamedGradients& gradients) override {
        const autodiff::Recording recording;
        auto value = [&] {
          if constexpr (std::is_invocable_v<F&, M&>)
            return loss(model);
          else
            return loss();
        }();
        if constexpr (std::same_as<decltype(value), Array>) {
          const double number = value.item();
          gradients = gradients_of(model, backward_of(std::move(value)));
          return number;
        } else {
          const double number = value.into_scalar();
          gradients = gradients_of(model, std::move(value).backward());
          return number;
        }
      }
      M& model;
      F& loss;
    } call(model, loss);
    return run(nn::parameters_of(model), call);
  }

  State state() const override;
  void load_state(const State& state) override;

 private:
  struct Objective {
    virtual ~Objective() = default;
    virtual double evaluate(NamedGradients& gradients) = 0;
  };
  class Problem;
  struct Point;
  struct Change {
    Array y, s;  // of the gradient, of the weights
    double rho;  // 1 / (y s)
  };

  static autodiff::GradientStore backward_of(Array loss);
  LbfgsReport run(const nn::Parameters& parameters, Objective& objective);
  void turn(const Array& gradient);
  static int search(Problem& problem, const Array& start, const Array& direction, double slope, Point& at);

  Config config_;
  std::vector<Change> history_;
  Array direction_, previous_gradient_;
  double length_ = 0, scale_ = 1, previous_loss_ = 0;
  std::int64_t iterations_ = 0, evaluations_ = 0;
};

}  // namespace fornax::optim
