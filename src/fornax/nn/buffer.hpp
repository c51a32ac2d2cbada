#pragma once
// Tensors of a module that are not trained. A plain Float tensor is a parameter; one of these two is not.

#include <atomic>

#include <fornax/nn/parameters.hpp>

namespace fornax::nn {

/// State that a layer keeps beside its parameters, such as running statistics: saved with the module, moved with it, and
/// never trained. The layer may replace it in a const forward(); get() and set() may be called from several threads.
template <BackendType B, std::size_t D, Kind K = Float> class Buffer {
 public:
  using Value = Tensor<B, D, K>;

  Buffer() = default;
  Buffer(Value value) : value_(std::move(value)) {}  // NOLINT: implicit by design
  Buffer(const Buffer& other) : value_(other.get()) {}
  Buffer& operator=(const Buffer& other) {
    set(other.get());
    return *this;
  }
  ~Buffer() = default;

  Value get() const {
    lock();
    Value value = value_;
    unlock();
    return value;
  }
  void set(Value value) const {
    lock();
    std::swap(value_, value);
    unlock();
  }
  operator Value() const { return get(); }  // NOLINT: implicit by design

  // A tree to transforms; no parameter to optimizers.
  auto fields() { return std::tie(value_); }
  auto fields() const { return std::tie(std::as_const(value_)); }
  static constexpr const char* field_names() { return ""; }
  void append_parameters(const std::string&, Parameters&) {}

 private:
  // Held for the copy of a handle.
  void lock() const {
    while (busy_.test_and_set(std::memory_order_acquire)) {}
  }
  void unlock() const { busy_.clear(std::memory_order_release); }

  mutable Value value_;
  mutable std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
};

/// A tensor that a layer computes once and never changes, such as a table of positions: moved with the module, neither
/// saved nor trained.
template <BackendType B, std::size_t D, Kind K = Float> struct Constant {
  Tensor<B, D, K> value;

  Constant() = default;
  Constant(Tensor<B, D, K> v) : value(std::move(v)) {}       // NOLINT: implicit by design
  operator const Tensor<B, D, K>&() const { return value; }  // NOLINT: implicit by design

  FORNAX_FIELDS(value)
  void append_parameters(const std::string&, Parameters&) {}
};

namespace detail {

template <class T> inline constexpr bool is_buffer = false;
template <class B, std::size_t D, class K> inline constexpr bool is_buffer<Buffer<B, D, K>> = true;
template <class T> inline constexpr bool is_constant = false;
template <class B, std::size_t D, class K> inline constexpr bool is_constant<Constant<B, D, K>> = true;

}  // namespace detail
}  // namespace fornax::nn

namespace fornax::detail {

template <class A, std::size_t D, class K, class B> struct Rebind<nn::Buffer<A, D, K>, B> {
  using Type = nn::Buffer<B, D, K>;
};
template <class A, std::size_t D, class K, class B> struct Rebind<nn::Constant<A, D, K>, B> {
  using Type = nn::Constant<B, D, K>;
};
template <class A, std::size_t D, class K, class... Rest> struct BackendOf<nn::Buffer<A, D, K>, Rest...> {
  using Type = A;
};
template <class A, std::size_t D, class K, class... Rest> struct BackendOf<nn::Constant<A, D, K>, Rest...> {
  using Type = A;
};

}  // namespace fornax::detail
