#pragma once
// The parameters of a model by name, whatever the model is: a module, a tree of tensors, or a single tensor.

#include <string>
#include <vector>

#include <fornax/array/array.hpp>
#include <fornax/tensor/transforms/tree.hpp>

namespace fornax::nn {

/// A parameter and where it lives. `array` may be a leaf of an Autodiff tape.
struct NamedParameter {
  std::string path;  // "conv1.weight", "0.bias"; empty for a single tensor
  Array* array;
  bool trainable;                 // Float, and a leaf if its backend is an Autodiff
  std::vector<Array*> tied = {};  // other places in the module that hold the same parameter

  /// Another value, in every place.
  void set(const Array& value) const {
    *array = value;
    for (Array* other : tied) *other = value;
  }
};
using Parameters = std::vector<NamedParameter>;

/// A type that lists its parameters itself, below `path`; what FORNAX_MODULE makes.
template <class T>
concept ListsParameters = requires(T& t, const std::string& path, Parameters& to) {
  t.append_parameters(path, to);
};

namespace detail {

/// "a" and "b" as "a.b"; an empty path adds nothing.
std::string join_path(const std::string& path, std::string_view name);
std::string join_path(const std::string& path, std::size_t index);
/// The name at place `index` of a list "w, b, ...": what FORNAX_FIELDS was given.
std::string_view field_name(std::string_view names, std::size_t index);
/// Float, and a leaf if `on` is an Autodiff.
bool is_trainable(const Array& array, Interpreter& on, bool autodiff);

}  // namespace detail

/// Appends the parameters in a tensor, in a module, or in a struct (FORNAX_FIELDS), std::tuple, std::pair, std::vector,
/// std::array or std::optional of such things. Members of a struct have their names, those of the others their
/// positions. Empty tensors are left out, and so is everything that is neither.
template <class T> void append_parameters(T& value, const std::string& path, Parameters& to) {
  if constexpr (ListsParameters<T>) {
    value.append_parameters(path, to);
  } else if constexpr (AnyTensor<T>) {
    using B = typename T::Backend;
    Array& array = fornax::detail::Access::array(value);
    if (array.defined()) to.push_back({path, &array, detail::is_trainable(array, B::interpreter(), B::is_autodiff)});
  } else if constexpr (fornax::detail::is_tuple<T>) {
    std::apply(
        [&](auto&... members) {
          std::size_t i = 0;
          (append_parameters(members, detail::join_path(path, i++), to), ...);
        },
        value);
  } else if constexpr (fornax::detail::HasFields<T>) {
    std::apply(
        [&](auto&... members) {
          std::size_t i = 0;
          (append_parameters(members, detail::join_path(path, detail::field_name(T::field_names(), i++)), to), ...);
        },
        value.fields());
  } else if constexpr (fornax::detail::is_vector<T> || fornax::detail::is_array<T>) {
    for (std::size_t i = 0; i < value.size(); ++i) append_parameters(value[i], detail::join_path(path, i), to);
  } else if constexpr (fornax::detail::is_optional<T>) {
    if (value) append_parameters(*value, path, to);
  }
}

/// The parameters of a model, in the order of its members.
///
/// Example: for (const auto& p : nn::parameters_of(model)) std::cout << p.path << " " << p.array->shape().str() << "\n";
template <class M> Parameters parameters_of(M& model) {
  Parameters all;
  append_parameters(model, "", all);
  return all;
}
/// A list of parameters stands for itself: for code that knows arrays only.
inline Parameters parameters_of(const Parameters& parameters) { return parameters; }
inline Parameters parameters_of(Parameters& parameters) { return parameters; }

}  // namespace fornax::nn
