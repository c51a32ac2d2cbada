#pragma once
// Are the gradients of a function right? Reverse mode against central differences.

#include <cstdint>
#include <string>
#include <tuple>

#include <fornax/tensor/checkpoint.hpp>
#include <fornax/tensor/tensor.hpp>

namespace fornax {

/// How gradients are compared: |reverse - difference| <= absolute + relative * |difference|, for every element of the
/// Jacobian. The step suits f64 and values near 1.
struct GradcheckOptions {
  double step = 1e-6;
  double absolute = 1e-5, relative = 1e-3;
  double nondeterminism = 0;  // how far two runs with the same inputs may be apart
};

/// What gradcheck() found.
struct GradcheckResult {
  enum class Outcome : std::uint8_t {
    Passed,
    WrongGradient,     // `worst` says where
    NonDeterministic,  // two runs, or two backward passes, with the same inputs differ: `worst` has both values
  };
  /// An element of the Jacobian; if two runs differ, of an output.
  struct Element {
    std::size_t input = 0, output = 0;                   // which of the arguments and of the results
    std::int64_t input_element = 0, output_element = 0;  // in row-major order
    double reverse = 0, difference = 0;                  // d output / d input both ways; or the values of the two runs
    double error = 0;                                    // |reverse - difference| in units of what is allowed
  };

  Outcome outcome = Outcome::Passed;
  Element worst;              // the element nearest to failing, or farthest beyond
  std::int64_t compared = 0;  // elements of Jacobians
  std::string message;        // one line for each outcome

  explicit operator bool() const { return outcome == Outcome::Passed; }
  /// Throws ValueError with the message unless all is well.
  void assert_passed() const;
};

namespace detail {

GradcheckResult gradcheck(Interpreter& on, autodiff::Region& f, const Arrays& inputs, const GradcheckOptions& options);
/// `f` runs on `twice`, which is Autodiff around `once`.
GradcheckResult gradgradcheck(Interpreter& once, Interpreter& twice, Ref<autodiff::Region> f, const Arrays& inputs,
                              const GradcheckOptions& options);

/// f as a function of arrays, which it gets as tensors on A.
template <BackendType A, class F, class... T> Ref<autodiff::Region> region_of(F& f, const std::tuple<T...>&) {
  struct Call final : autodiff::Region {
    explicit Call(F& function) : f(function) {}
    Arrays run(const Arrays& x) override {
      std::size_t i = 0;
      const auto args = std::tuple<Tensor<A, T::rank, typename PartsOf<T>::Kind>...>{
          Tensor<A, T::rank, typename PartsOf<T>::Kind>::unchecked(x[i++])...};
      const auto y = std::apply(f, args);
      return RegionResult<std::remove_const_t<decltype(y)>>::pack(y);
    }
    F& f;
  };
  return Ref<autodiff::Region>(new Call(f));
}

template <class... T> Arrays arrays_of(const std::tuple<T...>& inputs) {
  return RegionResult<std::tuple<T...>>::pack(inputs);
}

template <class First, class...> struct FirstBackend { using Type = typename First::Backend; };

}  // namespace detail

/// Compares the gradients of f by reverse mode with central differences, for every element of every Float argument and
/// result. f gets tensors on Autodiff<B> and returns a tensor or a std::tuple of tensors. It runs twice for each element
/// of the arguments, and backward once for each element of the results: take small ones, away from kinks.
///
/// Errors:  DTypeError if a Float input is not f64; ValueError if there is no Float input.
/// Example: gradcheck([](const auto& x, const auto& w) { return x.matmul(w).tanh(); }, std::tuple{x, w}).assert_passed();
template <class F, AnyTensor... T>
[[nodiscard]] GradcheckResult gradcheck(F&& f, const std::tuple<T...>& inputs, const GradcheckOptions& options = {}) {
  using A = Autodiff<typename detail::FirstBackend<T...>::Type>;
  return detail::gradcheck(A::interpreter(), *detail::region_of<A>(f, inputs), detail::arrays_of(inputs), options);
}
template <class F, AnyTensor T>
[[nodiscard]] GradcheckResult gradcheck(F&& f, const T& input, const GradcheckOptions& options = {}) {
  return gradcheck(f, std::tuple<T>(input), options);
}

/// The same for the gradients of f, whose derivatives by reverse mode over reverse mode are compared: f gets tensors on
/// Autodiff<Autodiff<B>>. The function that is checked is (x..., v...) -> gradients of sum(v * f(x)), with v drawn once;
/// an input number beyond the arguments means a v.
template <class F, AnyTensor... T>
[[nodiscard]] GradcheckResult gradgradcheck(F&& f, const std::tuple<T...>& inputs,
                                            const GradcheckOptions& options = {}) {
  using A = Autodiff<typename detail::FirstBackend<T...>::Type>;
  return detail::gradgradcheck(A::interpreter(), Autodiff<A>::interpreter(), detail::region_of<Autodiff<A>>(f, inputs),
                               detail::arrays_of(inputs), options);
}
template <class F, AnyTensor T>
[[nodiscard]] GradcheckResult gradgradcheck(F&& f, const T& input, const GradcheckOptions& options = {}) {
  return gradgradcheck(f, std::tuple<T>(input), options);
}

}  // namespace fornax
