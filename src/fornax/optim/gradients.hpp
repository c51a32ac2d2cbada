#pragma once
// Gradients by the path of their parameter: what optimizers take, and what clipping and accumulation work on.

#include <string>
#include <string_view>
#include <vector>

#include <fornax/nn/parameters.hpp>
#include <fornax/tensor/gradients.hpp>

namespace fornax::optim {

/// How gradients are kept small. `limit` is in the units of the gradient.
struct Clip {
  enum class Kind : std::uint8_t { None, Value, Norm, GlobalNorm };

  Kind kind = Kind::None;
  double limit = 0;

  /// Each element into [-limit, limit].
  static Clip value(double limit) { return {Kind::Value, limit}; }
  /// Each gradient whose 2-norm is above the limit is scaled down to it.
  static Clip norm(double limit) { return {Kind::Norm, limit}; }
  /// If the 2-norm of all gradients together is above the limit, all are scaled by the same factor,
  /// limit / (norm + 1e-6) as in PyTorch: the direction of the step stays.
  static Clip global_norm(double limit) { return {Kind::GlobalNorm, limit}; }
};

/// Gradients of a model's parameters, detached from every tape. A parameter without a gradient has none here.
class NamedGradients {
 public:
  struct Entry {
    std::string path;
    Array array;
  };

  NamedGradients() = default;
  /// Those of one backward pass. Throws ShapeError if a gradient does not have its parameter's shape, ValueError if a
  /// parameter is the result of recorded operations.
  NamedGradients(const nn::Parameters& parameters, const autodiff::GradientStore& store);
  /// The same, taken out of the store, so that their buffers can be reused.
  NamedGradients(const nn::Parameters& parameters, autodiff::GradientStore&& store);
  /// Those that stand in a tree of the model's form, such as grad() gives.
  explicit NamedGradients(const nn::Parameters& tree);

  const std::vector<Entry>& entries() const { return entries_; }
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  /// The gradient of a parameter; empty if it has none.
  Array find(std::string_view path) const;
  /// The same, taken out.
  Array take(std::string_view path);
  /// Puts a gradient in, in place of one that may be there.
  void set(std::string_view path, Array gradient);

  /// The 2-norm of all elements of all gradients.
  double norm() const;
  /// Path of the first gradient with an element that is NaN or infinite; null if all are finite.
  const std::string* first_non_finite() const;
  /// Multiplies all gradients by a number. Those of 16 bits become f32, here and in add().
  void scale(double factor);
  /// Returns the norm of all gradients before for Clip::global_norm, else 0. Throws ValueError unless the limit is
  /// positive.
  double clip(const Clip& clip);
  /// Adds the gradients of another set; those that are only there are taken over. Throws ShapeError if two differ in
  /// shape.
  void add(NamedGradients other);

 private:
  Entry* entry(std::string_view path);

  std::vector<Entry> entries_;
  std::size_t hint_ = 0;  // paths are mostly asked for in order
};

/// The gradients of a model, from one backward pass or from a tree of the model's form, by path.
template <class M, BackendType B> NamedGradients gradients_of(M& model, const Gradients<B>& gradients) {
  return NamedGradients(nn::parameters_of(model), gradients.store());
}
template <class M, BackendType B> NamedGradients gradients_of(M& model, Gradients<B>&& gradients) {
  return NamedGradients(nn::parameters_of(model), std::move(gradients.store()));
}
template <class M> NamedGradients gradients_of(M& model, const autodiff::GradientStore& gradients) {
  return NamedGradients(nn::parameters_of(model), gradients);
}
template <class M> NamedGradients gradients_of(M& model, autodiff::GradientStore&& gradients) {
  return NamedGradients(nn::parameters_of(model), std::move(gradients));
}
template <class M> NamedGradients gradients_of(M&, NamedGradients gradients) { return gradients; }
template <class M, class Tree>
requires(!std::same_as<Tree, NamedGradients> && !std::same_as<Tree, autodiff::GradientStore>) NamedGradients
    gradients_of(M&, Tree tree) {
  return NamedGradients(nn::parameters_of(tree));
}

/// Sums gradients over several backward passes, for a batch larger than memory holds.
///
/// Example: accumulator.add(model, (loss / 4.0).backward());   // four times
///          optimizer.step(model, accumulator.take());
class GradientsAccumulator {
 public:
  template <class M, class G> void add(M& model, G&& gradients) {
    sum_.add(gradients_of(model, std::forward<G>(gradients)));
    ++count_;
  }
  /// How many were added since the last take.
  std::int64_t count() const { return count_; }
  /// The sum; the accumulator is empty afterwards.
  NamedGradients take();
  /// The sum divided by the number of passes: for losses that are means over batches of equal size.
  NamedGradients take_mean();

  /// What was added up so far, to be saved, and back.
  const NamedGradients& sum() const { return sum_; }
  void restore(NamedGradients sum, std::int64_t count) {
    sum_ = std::move(sum);
    count_ = count;
  }

 private:
  NamedGradients sum_;
  std::int64_t count_ = 0;
};

}  // namespace fornax::optim
