#pragma once
// What is in a module, as a flat list: every question about modules is answered from it by compiled code.

#include <string>
#include <string_view>
#include <vector>

#include <fornax/nn/buffer.hpp>
#include <fornax/nn/enum.hpp>
#include <fornax/tensor/build.hpp>

namespace fornax::nn::detail {

/// What a tensor is to its module.
enum class Role : std::uint8_t { Parameter, Buffer, Constant };

/// A tensor of a module, and all that its type says.
struct Slot {
  std::string path;
  Array* array;
  Role role;
  fornax::detail::TypeInfo type;
  bool autodiff;

  /// On an Autodiff, a leaf; elsewhere every defined Float parameter.
  bool trainable() const;
  /// Puts `a` there; as a leaf if so wanted.
  void put(Array a, bool leaf) const;
};

/// A module, with the tensors and settings that stand directly in it.
struct Part {
  std::string path, type;
  int depth;
  std::vector<std::size_t> slots;
  std::string settings;  // "prob=0.5, bias=true"
};

/// Slots and parts in the order of the members.
class Listing {
 public:
  explicit Listing(std::string path = {}, bool with_parts = false) : path_(std::move(path)), with_parts_(with_parts) {}

  std::vector<Slot> slots;
  std::vector<Part> parts;

  void enter(std::string_view name, const char* type);
  void leave();
  void tensor(std::string_view name, Array& array, Role role, const fornax::detail::TypeInfo& type, bool autodiff);
  void setting(std::string_view name, std::string_view text);
  bool with_parts() const { return with_parts_; }

 private:
  std::string path_;
  bool with_parts_;
  std::vector<std::size_t> lengths_;  // of the path at each enter()
  std::vector<std::size_t> open_;     // parts
};

std::string text_of(bool value);
std::string text_of(std::int64_t value);
std::string text_of(double value);
std::string text_of(std::span<const std::int64_t> values);

template <class T>
concept HasText = requires(const T& t) {
  { t.str() } -> std::convertible_to<std::string>;
};

template <class T> void list_setting(Listing& to, std::string_view name, const T& value) {
  if constexpr (std::same_as<T, bool>) {
    to.setting(name, text_of(value));
  } else if constexpr (std::integral<T>) {
    to.setting(name, text_of(static_cast<std::int64_t>(value)));
  } else if constexpr (std::floating_point<T>) {
    to.setting(name, text_of(static_cast<double>(value)));
  } else if constexpr (NamedEnum<T>) {
    to.setting(name, name_of(value));
  } else if constexpr (std::convertible_to<const T&, std::string_view>) {
    to.setting(name, value);
  } else if constexpr (HasText<T>) {
    to.setting(name, value.str());
  } else if constexpr (requires { std::span<const std::int64_t>(value.values); }) {
    to.setting(name, text_of(std::span<const std::int64_t>(value.values)));
  }
}

template <class B, std::size_t D, class K>
void list_tensor(Listing& to, std::string_view name, Tensor<B, D, K>& t, Role role) {
  to.tensor(name, fornax::detail::Access::array(t),
            std::same_as<K, Float> || role == Role::Constant ? role : Role::Buffer,
            fornax::detail::Access::type<B, D, K>(), B::is_autodiff);
}

/// Puts what is in `value` on the list, below `name`.
template <class T> void list(Listing& to, std::string_view name, T& value) {
  namespace tree = fornax::detail;
  if constexpr (AnyTensor<T>) {
    list_tensor(to, name, value, Role::Parameter);
  } else if constexpr (is_buffer<T>) {
    list_tensor(to, name, std::get<0>(value.fields()), Role::Buffer);
  } else if constexpr (is_constant<T>) {
    list_tensor(to, name, value.value, Role::Constant);
  } else if constexpr (tree::is_optional<T>) {
    if (value) list(to, name, *value);
  } else if constexpr (tree::is_vector<T> || tree::is_array<T>) {
    to.enter(name, nullptr);
    std::size_t i = 0;
    for (auto& element : value) list(to, std::to_string(i++), element);
    to.leave();
  } else if constexpr (tree::is_tuple<T> || tree::HasFields<T>) {
    if constexpr (tree::is_tuple<T>) {
      to.enter(name, nullptr);
      std::apply(
          [&](auto&... member) {
            [[maybe_unused]] std::size_t i = 0;
            (list(to, std::to_string(i++), member), ...);
          },
          value);
    } else {
      if constexpr (requires { T::module_name(); }) {
        to.enter(name, T::module_name());
      } else {
        to.enter(name, "");
      }
      for_each_member(value.fields(),
                      [&](std::size_t i, auto& member) { list(to, field_name(T::field_names(), i), member); });
    }
    to.leave();
  } else {
    if (to.with_parts()) list_setting(to, name, value);
  }
}

/// The list of a whole module. It points into the module: of a const one it may only be read.
template <class M> Listing listing_of(const M& module, bool with_parts = false) {
  Listing all({}, with_parts);
  list(all, "", const_cast<M&>(module));
  return all;
}

/// The parameters on the list; those that are one and the same stand there once.
void append_parameters(const Listing& from, Parameters& to);

}  // namespace fornax::nn::detail
