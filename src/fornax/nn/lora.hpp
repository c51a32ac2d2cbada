#pragma once
// Fine-tuning with few parameters: low-rank adaptation.

#include <fornax/nn/initializer.hpp>
#include <fornax/nn/module.hpp>

namespace fornax::nn {

/// Low-rank changes of a model's weights: W + scale left right for each weight at `paths`, as a matrix with its first dim in
/// front. The model stays as it is, and is frozen; this is what is trained and saved. Made by LoraConfig.
///
/// Example: nn::freeze(model);
///          auto lora = nn::LoraConfig{.rank = 4, .pattern = "*.attention.*.weight"}.init(model);
///          auto grads = loss_of(lora.on(model).forward(x), y).backward();
///          optimizer.step(lora, grads);
/// Source:  Hu et al., "LoRA: low-rank adaptation of large language models", 2021.
template <class B> struct Lora {
  std::vector<Tensor<B, 2>> left, right;  // [n, rank], [rank, numel / n]
  std::vector<std::string> paths;
  double scale = 1;
  FORNAX_MODULE(Lora, left, right, paths, scale)

  /// The model with the changed weights, to be used in place of it; and the merged model when training is over.
  ///
  /// Errors: ValueError if the model has no parameter at one of the paths; ShapeError if it is of another size.
  template <Module M> M on(const M& model) const;
};

struct LoraConfig {
  std::int64_t rank = 8;
  double alpha = 16;                // the scale is alpha / rank
  std::string pattern = "*weight";  // of paths, as in freeze(); parameters of rank 1 are passed over
  FORNAX_LAZY_CONFIG(LoraConfig, rank, alpha, pattern)

  void validate() const;
  /// Changes that are zero at first: `left` is drawn as Kaiming has it, `right` is zero. On the model's backend, and in its
  /// dtypes and places.
  ///
  /// Errors: ValueError if no parameter of rank 2 or more matches.
  template <Module M> auto init(const M& model, Generator* generator = nullptr) const;
};

namespace detail {

struct LowRank {
  std::string path;
  Array left, right;
};
std::vector<LowRank> init_lora(const LoraConfig& config, const Parameters& parameters, Generator* generator,
                               Interpreter& on, bool autodiff);
/// Puts the changed weight in place of one of the parameters.
void apply_lora(const Parameters& parameters, std::string_view path, const Array& left, const Array& right,
                double scale);

}  // namespace detail

template <class B> template <Module M> M Lora<B>::on(const M& model) const {
  M changed = model;
  const Parameters parameters = parameters_of(changed);
  for (std::size_t i = 0; i < paths.size(); ++i)
    detail::apply_lora(parameters, paths[i], left[i].array(), right[i].array(), scale);
  return changed;
}

template <Module M> auto LoraConfig::init(const M& model, Generator* generator) const {
  using B = detail::backend_of_module<M>;
  static_assert(!std::is_void_v<B>, "the module has no tensors");
  validate();
  Lora<B> lora{{}, {}, {}, alpha / static_cast<double>(rank)};
  for (detail::LowRank& part :
       detail::init_lora(*this, parameters_of(const_cast<M&>(model)), generator, B::interpreter(), B::is_autodiff)) {
    lora.left.push_back(Tensor<B, 2>::unchecked(std::move(part.left)));
    lora.right.push_back(Tensor<B, 2>::unchecked(std::move(part.right)));
    lora.paths.push_back(std::move(part.path));
  }
  return lora;
}

}  // namespace fornax::nn
