#pragma once
// Modules: a network is a struct that names its members once. A Float tensor among them is a parameter, a Buffer is state
// that is not trained, everything else that holds no tensor is a setting.
//
//   template <class B> struct Net {
//     nn::Linear<B> fc1, fc2;
//     nn::Dropout drop;
//     FORNAX_MODULE(Net, fc1, fc2, drop)
//     Tensor<B, 2> forward(const Tensor<B, 2>& x) const { return fc2.forward(drop.forward(fc1.forward(x).relu())); }
//   };

#include <fornax/nn/listing.hpp>

/// Makes a struct a module. Name every member; those left out are lost when the module goes to another backend. A module
/// that does so, by valid() or train(), has the backend as its first template parameter, a plain `class`; further ones may
/// be numbers. Implies FORNAX_FIELDS.
#define FORNAX_MODULE(Type, ...) FORNAX_MODULE_AS(, #Type, __VA_ARGS__)
// With a name that is computed; with a template head, only the members that are called are compiled.
#define FORNAX_MODULE_AS(template_head, name, ...)                                              \
  FORNAX_FIELDS_AS(template_head, __VA_ARGS__)                                                  \
  static constexpr const char* module_name() { return name; }                                   \
  template_head void append_parameters(const std::string& path, ::fornax::nn::Parameters& to) { \
    ::fornax::nn::detail::Listing all(path);                                                    \
    ::fornax::nn::detail::list(all, "", *this);                                                 \
    ::fornax::nn::detail::append_parameters(all, to);                                           \
  }

namespace fornax::nn {

/// What FORNAX_MODULE makes of a struct.
template <class T>
concept Module = requires(T& t) {
  { T::module_name() } -> std::convertible_to<const char*>;
  t.fields();
};

namespace detail {

template <class M> using backend_of_module = fornax::detail::backend_of_t<M>;

std::int64_t num_params(const Listing& module, bool only_trainable);
std::size_t freeze(const Listing& module, std::string_view pattern);
std::size_t unfreeze(const Listing& module, std::string_view pattern);
void to_device(const Listing& module, Device device);
void cast(const Listing& module, DType dtype);

template <class M> constexpr void require_autodiff_module() {
  using B = backend_of_module<M>;
  static_assert(!std::is_void_v<B>, "the module has no tensors");
  static_assert(B::is_autodiff, "the module must be on Autodiff<B>; train() takes it there");
}

template <class M, class To> constexpr void require_other_backends() {
  static_assert(
      !std::is_same_v<fornax::detail::rebind_t<M, To>, M>,
      "the module is of one backend only: to go to another, it must have the backend as first template parameter");
}

}  // namespace detail

/// True if `text` has the form of a pattern in which * stands for any characters, dots too, and ? for one.
bool matches(std::string_view pattern, std::string_view text);

/// Number of elements of all parameters; those that are one and the same count once.
template <Module M> std::int64_t num_params(const M& module) {
  return detail::num_params(detail::listing_of(module), false);
}
/// The same without the frozen ones.
template <Module M> std::int64_t num_trainable_params(const M& module) {
  return detail::num_params(detail::listing_of(module), true);
}

/// Parameters whose path matches the pattern are trained no more: they become constants. Returns how many there are.
///
/// Errors:  ValueError if none matches.
/// Example: nn::freeze(model, "encoder.*");
template <Module M> std::size_t freeze(M& module, std::string_view pattern = "*") {
  detail::require_autodiff_module<M>();
  return detail::freeze(detail::listing_of(module), pattern);
}
/// They are leaves again.
template <Module M> std::size_t unfreeze(M& module, std::string_view pattern = "*") {
  detail::require_autodiff_module<M>();
  return detail::unfreeze(detail::listing_of(module), pattern);
}

/// The module on the wrapped backend: nothing is recorded, and dropout and batch statistics are off. Shares its values.
template <Module M> auto valid(const M& module) {
  detail::require_autodiff_module<M>();
  using To = typename detail::backend_of_module<M>::Inner;
  detail::require_other_backends<M, To>();
  return fornax::detail::map_tensors<To>(
      []<class B, std::size_t D, class K>(const Tensor<B, D, K>& t) {
        return t.array().defined() ? t.inner() : Tensor<To, D, K>();
      },
      module);
}
/// A module of a plain backend on Autodiff, all of its parameters as leaves.
template <Module M> auto train(const M& module) {
  using B = detail::backend_of_module<M>;
  static_assert(!std::is_void_v<B>, "the module has no tensors");
  detail::require_other_backends<M, Autodiff<B>>();
  auto result = fornax::detail::map_tensors<Autodiff<B>>(
      []<std::size_t D, class K>(const Tensor<B, D, K>& t) { return Tensor<Autodiff<B>, D, K>::unchecked(t.array()); },
      module);
  if (num_params(module) > 0) unfreeze(result);
  return result;
}

/// The module with f(tensor) in place of every tensor; f takes tensors of every rank and kind and keeps them.
template <Module M, class F> M map(const M& module, const F& f) {
  return fornax::detail::map_tensors<detail::backend_of_module<M>>(f, module);
}
/// Moves every tensor; what was a leaf is one there.
template <Module M> void to_device(M& module, Device device) { detail::to_device(detail::listing_of(module), device); }
/// Gives every Float tensor another Float dtype.
template <Module M> void cast(M& module, DType dtype) { detail::cast(detail::listing_of(module), dtype); }

}  // namespace fornax::nn
