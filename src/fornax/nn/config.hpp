#pragma once
// Configs: what a network is to be, as a struct that can be written by hand, saved and read.
//
//   struct NetConfig {
//     std::int64_t hidden = 512;
//     double dropout = 0.5;
//     FORNAX_CONFIG(NetConfig, hidden, dropout)
//     void validate() const { nn::require_positive("NetConfig", "hidden", hidden); }           // if there are bounds
//     template <class B> Net<B> init(const nn::InitOptions& on = {}) const { return {...}; }
//   };
//
// A field is a bool, a number, a std::string, an enum with FORNAX_ENUM, another config, or a std::vector, std::array or
// std::optional of these. JSON is read and written by compiled code.

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fornax/nn/enum.hpp>

/// Makes a struct a config. Name every field.
#define FORNAX_CONFIG(Type, ...) FORNAX_CONFIG_AS(, Type, #Type, __VA_ARGS__)
/// The same at namespace scope, where members that are not called are not compiled: for headers that many include.
#define FORNAX_LAZY_CONFIG(Type, ...) FORNAX_CONFIG_AS(template <int = 0>, Type, #Type, __VA_ARGS__)
// With a name that is computed; with a template head, only the members that are called are compiled.
#define FORNAX_CONFIG_AS(template_head, Type, name, ...)                                                        \
  template_head auto config_fields() { return std::tie(__VA_ARGS__); }                                          \
  static constexpr const char* config_name() { return name; }                                                   \
  static constexpr const char* config_names() { return #__VA_ARGS__; }                                          \
  template_head std::string to_json() const { return ::fornax::nn::detail::to_json(*this); }                    \
  template_head static Type from_json(std::string_view text, const ::fornax::nn::ReadOptions& options = {}) {   \
    return ::fornax::nn::detail::from_json<Type>(text, options);                                                \
  }                                                                                                             \
  template_head void save(const std::string& path) const { ::fornax::nn::detail::write_text(path, to_json()); } \
  template_head static Type load(const std::string& path, const ::fornax::nn::ReadOptions& options = {}) {      \
    return ::fornax::nn::detail::load_json<Type>(path, options);                                                \
  }

namespace fornax::nn {

struct ReadOptions {
  bool allow_missing = false;  // fields that the text does not have keep their default
};

namespace detail {
void check_positive(std::string_view config, std::string_view field, double value);
void check_not_negative(std::string_view config, std::string_view field, double value);
void check_probability(std::string_view config, std::string_view field, double value);
[[noreturn]] void refuse(std::string_view config, std::string_view field, double value, std::string_view wanted);
}  // namespace detail

/// Throws ValueError "config: field is value; must be ..." unless the value is positive (not negative, in [0, 1]).
template <Number T> void require_positive(std::string_view config, std::string_view field, T value) {
  detail::check_positive(config, field, static_cast<double>(value));
}
template <Number T> void require_not_negative(std::string_view config, std::string_view field, T value) {
  detail::check_not_negative(config, field, static_cast<double>(value));
}
template <Number T> void require_probability(std::string_view config, std::string_view field, T value) {
  detail::check_probability(config, field, static_cast<double>(value));
}
/// ValueError "config: field is value; must be `wanted`" unless ok.
template <Number T>
void require(bool ok, std::string_view config, std::string_view field, T value, std::string_view wanted) {
  if (!ok) detail::refuse(config, field, static_cast<double>(value), wanted);
}

namespace detail {

/// Writes the fields that pass, or reads them. Faults are gathered, each with the path of its field.
class ConfigIo {
 public:
  virtual void boolean(std::string_view name, bool& value) = 0;
  virtual void integer(std::string_view name, std::int64_t& value, std::int64_t low, std::uint64_t high) = 0;
  virtual void number(std::string_view name, double& value) = 0;
  virtual void text(std::string_view name, std::string& value) = 0;
  /// One of the names in a list "Mean, Sum".
  virtual void choice(std::string_view name, std::size_t& index, std::string_view names, std::size_t count) = 0;
  /// A list of whole numbers of fixed length; in the text one number may stand for all.
  virtual void numbers(std::string_view name, std::span<std::int64_t> values) = 0;
  /// Writes a word in place of a value if `is`; reads: true if the word stands there.
  virtual bool word(std::string_view name, std::string_view word, bool is) = 0;
  /// An object with these fields; false if it is not there, and its fields shall not pass.
  virtual bool enter(std::string_view name, std::string_view fields) = 0;
  /// A list of n elements, whose number is read if it may be another.
  virtual bool enter_list(std::string_view name, std::size_t& n, bool fixed) = 0;
  virtual void leave() = 0;
  /// True if there is a value (not null).
  virtual bool optional(std::string_view name, bool has) = 0;
  /// Calls check(config), which throws if the config is not valid.
  virtual void validate(void (*check)(const void*), const void* config) = 0;

 protected:
  ~ConfigIo() = default;
};

template <class T>
concept HasConfig = requires(T& t) {
  T::config_names();
  t.config_fields();
};
/// A type that passes itself, such as Initializer, or for which a function pass_config does.
template <class T>
concept PassesItself = requires(T& t, ConfigIo& io) {
  t.pass(io, "");
};
template <class T>
concept HasPass = requires(T& t, ConfigIo& io) {
  pass_config(io, "", t);
};
template <class T>
concept Validated = requires(const T& t) {
  t.validate();
};

template <HasConfig T> void pass_fields(ConfigIo& io, T& config);

template <class T> void pass(ConfigIo& io, std::string_view name, T& value) {
  namespace tree = fornax::detail;
  if constexpr (std::same_as<T, bool>) {
    io.boolean(name, value);
  } else if constexpr (std::integral<T>) {
    auto v = static_cast<std::int64_t>(value);
    io.integer(name, v, std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
    value = static_cast<T>(v);
  } else if constexpr (std::floating_point<T>) {
    auto v = static_cast<double>(value);
    io.number(name, v);
    value = static_cast<T>(v);
  } else if constexpr (std::same_as<T, std::string>) {
    io.text(name, value);
  } else if constexpr (NamedEnum<T>) {
    auto index = static_cast<std::size_t>(value);
    constexpr std::size_t count = fornax_enum_size(T());
    io.choice(name, index, fornax_enum_names(value), count);
    value = static_cast<T>(index);
  } else if constexpr (HasConfig<T>) {
    if (!io.enter(name, T::config_names())) return;
    pass_fields(io, value);
    io.leave();
  } else if constexpr (PassesItself<T>) {
    value.pass(io, name);
  } else if constexpr (HasPass<T>) {
    pass_config(io, name, value);
  } else if constexpr (tree::is_vector<T> || tree::is_array<T>) {
    std::size_t n = value.size();
    if (!io.enter_list(name, n, tree::is_array<T>)) return;
    if constexpr (tree::is_vector<T>) value.resize(n);
    for (std::size_t i = 0; i < n; ++i) pass(io, std::to_string(i), value[i]);
    io.leave();
  } else if constexpr (tree::is_optional<T>) {
    if (!io.optional(name, value.has_value())) {
      value.reset();
    } else {
      if (!value) value.emplace();
      pass(io, name, *value);
    }
  } else if constexpr (requires { std::span<std::int64_t>(value.values); }) {
    io.numbers(name, value.values);  // PerDim
  } else {
    static_assert(std::is_void_v<T>,
                  "a config holds bools, numbers, strings, enums with FORNAX_ENUM, configs, and vectors, arrays and "
                  "optionals of these");
  }
}

template <HasConfig T> void pass_fields(ConfigIo& io, T& config) {
  for_each_member(config.config_fields(),
                  [&](std::size_t i, auto& field) { pass(io, field_name(T::config_names(), i), field); });
  if constexpr (Validated<T>) io.validate([](const void* c) { static_cast<const T*>(c)->validate(); }, &config);
}

/// How compiled code walks through a config of a type that it does not know.
using PassConfig = void (*)(ConfigIo& io, void* config);

std::string write_json(std::string_view config, std::string_view names, PassConfig pass, void* fields);
/// `origin` is named in errors.
void read_json(std::string_view config, std::string_view names, PassConfig pass, void* fields, std::string_view text,
               std::string_view origin, const ReadOptions& options);
void write_text(const std::string& path, const std::string& text);
std::string read_text(const std::string& path);

template <class T> void pass_any(ConfigIo& io, void* config) { pass_fields(io, *static_cast<T*>(config)); }

template <class T> std::string to_json(const T& config) {
  return write_json(T::config_name(), T::config_names(), pass_any<T>, const_cast<T*>(&config));
}
template <class T>
T from_json(std::string_view text, const ReadOptions& options, std::string_view origin = "the text") {
  T config{};
  read_json(T::config_name(), T::config_names(), pass_any<T>, &config, text, origin, options);
  return config;
}
template <class T> T load_json(const std::string& path, const ReadOptions& options) {
  return from_json<T>(read_text(path), options, path);
}

}  // namespace detail
}  // namespace fornax::nn
