#pragma once
// What all optimizers share. An optimizer takes a model and the gradients of a backward pass, and changes the model:
//
//   auto optimizer = optim::Adam({.lr = 1e-3});
//   optimizer.step(model, loss.backward());
//
// The model is a module, a struct with FORNAX_FIELDS, a tuple or vector of tensors, or a tensor. Its parameters are
// known by path, and so is what the optimizer keeps for each. After a step they are new leaves, on no tape: gradients
// taken before do not fit them any more. Rules are written on arrays that are detached from every tape, so a step records
// nothing. A parameter that has no gradient, or does not require one, is left alone.
//
// Parameters of 16 bits are stepped as a copy in f32, which the optimizer keeps, and then rounded.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fornax/nn/config.hpp>
#include <fornax/optim/gradients.hpp>
#include <fornax/optim/state.hpp>

namespace fornax::optim {

/// Anything with a learning rate and a state.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  /// "Adam".
  std::string_view name() const { return name_; }
  double lr() const { return lr_; }
  /// Throws ValueError unless the rate is finite and not negative.
  void set_lr(double lr);
  /// The momentum of Sgd, beta1 of Adam and its relatives: what one-cycle and cyclic schedules turn. Throws ValueError if
  /// there is none.
  virtual void set_momentum(double momentum);
  /// None if the rule has none.
  virtual std::optional<double> momentum() const { return std::nullopt; }

  /// What is needed to go on with the same bits, together with the settings, groups and weights.
  virtual State state() const = 0;
  /// Goes on from a saved state. Throws ValueError if it is of another kind of optimizer; that it fits the model is
  /// checked in the next step.
  virtual void load_state(const State& state) = 0;

 protected:
  Optimizer(std::string_view name, double lr);

 private:
  std::string_view name_;
  double lr_;
};

namespace detail {

/// A beta1 lies in [0, 1), a momentum is not negative.
void require_momentum(std::string_view optimizer, std::string_view setting, double value);

}  // namespace detail

/// What a step did.
struct StepReport {
  std::int64_t updated = 0;  // how many parameters were changed
  bool skipped = false;      // a gradient was not finite, and nothing was changed
  std::string non_finite;    // the parameter whose gradient that was
  double norm = 0;           // with Clip::global_norm, the norm of all gradients before they were clipped
};

/// Settings for the parameters whose path matches a pattern; of several groups that match, the last counts.
struct Group {
  std::string pattern;  // `*` stands for any characters, `?` for one: "encoder.*", "*.bias"
  double lr_scale = 1;  // times the optimizer's rate
  std::optional<double> weight_decay = std::nullopt;  // in place of the optimizer's
  bool frozen = false;                                // not changed at all
};

/// What is kept for one parameter: arrays and numbers by name.
struct Slots {
  std::string path;
  std::int64_t step = 0;  // how many updates it has had, the current one included
  std::map<std::string, Array, std::less<>> arrays;
  std::map<std::string, double, std::less<>> numbers;

  /// Empty if there is none yet.
  Array& array(std::string_view name);
  /// Zeros in the shape of `like` if there is none yet.
  Array& array(std::string_view name, const Array& like);
  double& number(std::string_view name, double initial);
};

/// An optimizer that takes a gradient a step.
class GradientOptimizer : public Optimizer {
 public:
  /// Changes the parameters of the model. The gradients are those of a backward pass, a NamedGradients, or a tree of the
  /// model's form as grad() gives it; given away (moved), their buffers are reused.
  ///
  /// Errors: ValueError if none of the parameters has a gradient although there are some (they are of other tensors, or
  ///         of a step before), if a parameter is no leaf, or if a loaded state has parameters that the model has not;
  ///         ShapeError if a gradient or a loaded state has another shape. Nothing is changed then.
  template <class M, class G> StepReport step(M& model, G&& gradients) {
    return update_all(nn::parameters_of(model), gradients_of(model, std::forward<G>(gradients)));
  }

  /// Throws ValueError for a negative or non-finite number, or a weight decay where the optimizer has none.
  void add_group(Group group);
  /// Applied to the gradients of each step, before weight decay.
  void set_clipping(Clip clip);
  /// From now on a step with a NaN or an infinity in a gradient changes nothing and says so in its report.
  void skip_non_finite(bool skip = true) { skip_non_finite_ = skip; }

  State state() const override;
  void load_state(const State& state) override;

 protected:
  /// What the base does with weight decay: add decay w to the gradient, or scale w by 1 - lr decay, before update() is
  /// called; or leave it to update().
  enum class Decay : std::uint8_t { None, L2, Decoupled, Own };
  struct Rate {
    double lr, weight_decay;
    Decay decay;

    /// What times w is added to the gradient, and what w is scaled by before the step.
    double l2() const { return decay == Decay::L2 ? weight_decay : 0; }
    double shrink() const { return decay == Decay::Decoupled ? 1 - lr * weight_decay : 1; }
  };
  /// A parameter w with gradient g, and what is kept for it.
  struct Update {
    Array w, g;
    Slots* kept = nullptr;
    Rate rate = {};
  };

  GradientOptimizer(std::string_view name, double lr, double weight_decay, Decay decay);

  /// A step of the rule for several parameters, weight decay included: for each the base applies the decay, counts the update and
  /// calls update(). A rule that has an operation for many parameters runs that, and counts once it is done. g may be taken.
  virtual void update_each(std::span<Update> updates) const;
  /// One step of the rule: changes w, which has gradient g, and what is kept for it.
  virtual void update(Array& w, Array g, Slots& kept, const Rate& rate) const;
  /// The shape that a kept array has for a parameter of this shape.
  virtual Shape shape_of(std::string_view slot, const Shape& parameter) const;

 private:
  struct Work;
  StepReport update_all(const nn::Parameters& parameters, NamedGradients gradients);
  const Group* group_of(std::string_view path) const;
  Slots* find(std::string_view path);
  void require_fitting_state(const nn::Parameters& parameters);
  Slots& slots_for(std::string_view path);
  void update_batch(std::span<Work> batch);

  double weight_decay_;
  Decay decay_;
  bool skip_non_finite_ = false;
  bool unchecked_ = false;  // a state was loaded, and no step has compared it with the model
  Clip clip_;
  std::vector<Group> groups_;
  std::vector<Slots> slots_;
  std::size_t hint_ = 0;
};

/// An optimizer with settings of type C. If there is a beta1 among them, or else a momentum, set_momentum() turns it.
template <class C> class ConfiguredOptimizer : public GradientOptimizer {
 public:
  using Config = C;
  const Config& config() const { return config_; }

  void set_momentum(double momentum) override {
    if constexpr (requires { config_.beta1; }) {
      detail::require_momentum(name(), "beta1", momentum);
      config_.beta1 = momentum;
    } else if constexpr (requires { config_.momentum; }) {
      detail::require_momentum(name(), "momentum", momentum);
      config_.momentum = momentum;
    } else {
      GradientOptimizer::set_momentum(momentum);
    }
  }
  std::optional<double> momentum() const override {
    if constexpr (requires { config_.beta1; }) return config_.beta1;
    if constexpr (requires { config_.momentum; }) return config_.momentum;
    return std::nullopt;
  }

 protected:
  ConfiguredOptimizer(std::string_view name, const Config& config, Decay decay)
      : GradientOptimizer(name, config.lr, decay_of(config), decay), config_(config) {}

  Config config_;

 private:
  static double decay_of(const Config& config) {
    if constexpr (requires { config.weight_decay; }) return config.weight_decay;
    return 0;
  }
};

}  // namespace fornax::optim
