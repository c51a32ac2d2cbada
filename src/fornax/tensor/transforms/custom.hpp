#pragma once
// Functions with a derivative of the user's own.

#include <fornax/ops/functions.hpp>
#include <fornax/ops/op.hpp>
#include <fornax/tensor/transforms/grad.hpp>

namespace fornax {

namespace detail {

// What is under all decorators.
template <class B> struct Base { using Type = typename Base<typename B::Inner>::Type; };
template <class B>
requires std::same_as<typename B::Inner, B>
struct Base<B> {
  using Type = B;
};
template <class B> using base_t = typename Base<B>::Type;

// Several arrays as tensors of the types T.
template <class... T> std::tuple<T...> typed(const Arrays& x) {
  std::size_t i = 0;
  return std::tuple<T...>{T::unchecked(x[i++])...};
}

template <class T> Arrays rule_arrays(const T& tensor) { return tensor.array(); }
template <class... T> Arrays rule_arrays(const std::tuple<T...>& tensors) {
  Arrays all;
  std::apply([&](const auto&... t) { (all.push_back(t.array()), ...); }, tensors);
  return all;
}

// f on plain tensors; its derivatives by `rule`, on tensors of whatever backend the call was made with.
template <class F, class... T> struct CustomCall : CustomFunction {
  using B = backend_of_t<T...>;
  using Result = std::remove_cvref_t<std::invoke_result_t<const F&, const rebind_t<T, base_t<B>>&...>>;
  using Output = rebind_t<Result, B>;
  static_assert(AnyTensor<Result>, "a function with a rule of its own gives one tensor");

  explicit CustomCall(F function) : f(std::move(function)) {}
  Arrays forward(const Arrays& x) const override { return std::apply(f, typed<rebind_t<T, base_t<B>>...>(x)).array(); }
  F f;
};

template <class F, class Rule, class... T> struct CustomVjp final : CustomCall<F, T...> {
  using Output = typename CustomCall<F, T...>::Output;

  CustomVjp(F function, Rule r) : CustomCall<F, T...>(std::move(function)), rule(std::move(r)) {}
  std::string_view name() const override { return "custom_vjp"; }
  Arrays vjp(const Arrays& x, std::span<const Array> g, Wanted) const override {
    const auto gradients =
        std::apply([&](const T&... t) { return rule(t..., Output::unchecked(g[0])); }, typed<T...>(x));
    if constexpr (sizeof...(T) > 1)
      static_assert(is_tuple<std::remove_cvref_t<decltype(gradients)>>,
                    "the rule of custom_vjp gives a std::tuple with a gradient for each argument");
    return rule_arrays(gradients);
  }
  Rule rule;
};

template <class F, class Rule, class... T> struct CustomJvp final : CustomCall<F, T...> {
  CustomJvp(F function, Rule r) : CustomCall<F, T...>(std::move(function)), rule(std::move(r)) {}
  std::string_view name() const override { return "custom_jvp"; }
  Arrays tangent(const Arrays& x, const Arrays& t) const {
    return std::apply(
               [&](const T&... at) {
                 return std::apply([&](const T&... along) { return rule(at..., along...); }, typed<T...>(t));
               },
               typed<T...>(x))
        .array();
  }
  bool jvp(const Arrays& x, std::span<const Array>, const Arrays& t, Arrays& result) const override {
    Arrays all = t;
    for (std::size_t i = 0; i < x.size(); ++i)
      if (!all[i].defined()) all[i] = zeros_like(x[i]);
    result = tangent(x, all);
    return true;
  }
  // The tangent is linear in t: its slopes along g are the gradients.
  Arrays vjp(const Arrays& x, std::span<const Array> g, Wanted) const override { return transposed(*this, x, g[0]); }
  Rule rule;
};

/// The gradients for x of which function.jvp() is the transpose.
Arrays transposed(const CustomFunction& function, const Arrays& x, const Array& g);

template <class Call, class F, class Rule, class... T> auto run_custom(const F& f, const Rule& rule, const T&... x) {
  const Operand lent[] = {Operand(x.array())...};
  return Call::Output::unchecked(run(op::Custom{Ref<CustomFunction>(new Call(f, rule))}, Operands(lent)));
}

}  // namespace detail

/// f with a reverse-mode derivative of the user's own: rule(x..., g) gives the gradients for all x (a std::tuple if there
/// are several), given the cotangent g of f(x...). Forward mode follows from it. Both are lambdas with `auto` parameters;
/// f is called with plain tensors and is not differentiated.
///
/// Example: auto clipped = custom_vjp([](const auto& x) { return x.exp(); },
///                                    [](const auto& x, const auto& g) { return (g * x.exp()).clamp(-1.0, 1.0); });
template <class F, class Rule> auto custom_vjp(F f, Rule rule) {
  return [ f = std::move(f), rule = std::move(rule) ]<AnyTensor... T>(const T&... x) {
    return detail::run_custom<detail::CustomVjp<F, Rule, T...>>(f, rule, x...);
  };
}

/// f with a forward-mode derivative of the user's own: rule(x..., t...) gives the derivative of f along the tangents t,
/// and must be linear in them. Reverse mode follows from it.
template <class F, class Rule> auto custom_jvp(F f, Rule rule) {
  return [ f = std::move(f), rule = std::move(rule) ]<AnyTensor... T>(const T&... x) {
    return detail::run_custom<detail::CustomJvp<F, Rule, T...>>(f, rule, x...);
  };
}

}  // namespace fornax
