#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <utility>

#include <fornax/array/allocate.hpp>

namespace fornax {

/// A vector whose first N elements live inside it: operations rarely have more than three inputs.
template <class T, std::size_t N> class SmallVector {
 public:
  SmallVector() : data_(inline_data()) {}
  SmallVector(T only) : SmallVector() { append(std::move(only)); }  // NOLINT: `return result;` where there is one
  template <class... Rest>
  requires(sizeof...(Rest) >= 1 && sizeof...(Rest) < N) SmallVector(T first, Rest... rest) : SmallVector() {
    append(std::move(first));
    (append(T(std::move(rest))), ...);
  }
  SmallVector(const SmallVector& other) : SmallVector() {
    reserve(other.size_);
    for (const T& v : other) append(v);
  }
  SmallVector(SmallVector&& other) noexcept { take(other); }
  SmallVector& operator=(const SmallVector& other) { return *this = SmallVector(other); }
  SmallVector& operator=(SmallVector&& other) noexcept {
    if (this != &other) {
      destroy();
      take(other);
    }
    return *this;
  }
  ~SmallVector() {
    if (size_ != 0 || on_heap()) destroy();
  }

  void push_back(T value) {
    if (size_ == capacity_) [[unlikely]]
      grow(std::size_t{capacity_} * 2);
    append(std::move(value));
  }
  template <class... Args> T& emplace_back(Args&&... args) {
    if (size_ == capacity_) [[unlikely]]
      grow(std::size_t{capacity_} * 2);
    return *new (data_ + size_++) T{std::forward<Args>(args)...};
  }
  /// The same where reserve() has made room, or N is known to be enough.
  template <class... Args> T& emplace_reserved(Args&&... args) {
    return *new (data_ + size_++) T{std::forward<Args>(args)...};
  }
  void pop_back() { data_[--size_].~T(); }
  void reserve(std::size_t n) {
    if (n > capacity_) [[unlikely]]
      grow(n);
  }
  /// Grows to n elements, each default-constructed.
  void resize(std::size_t n) {
    reserve(n);
    while (size_ < n) append(T());
  }
  void clear() {
    T* const first = data_;
    const std::size_t n = std::exchange(size_, 0);
    for (std::size_t i = 0; i < n; ++i) first[i].~T();
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }

 private:
  T* inline_data() { return reinterpret_cast<T*>(bytes_); }
  bool on_heap() const { return data_ != reinterpret_cast<const T*>(bytes_); }
  template <class V> void append(V&& value) {
    new (data_ + size_) T(std::forward<V>(value));
    ++size_;
  }
  [[gnu::noinline]] void grow(std::size_t n) {
    T* bigger = static_cast<T*>(detail::allocate(n * sizeof(T)));
    for (std::size_t i = 0; i < size_; ++i) {
      new (bigger + i) T(std::move(data_[i]));
      data_[i].~T();
    }
    if (on_heap()) detail::release(data_);
    data_ = bigger;
    capacity_ = static_cast<std::uint32_t>(n);
  }
  void take(SmallVector& other) noexcept {
    size_ = other.size_;
    if (other.on_heap()) [[unlikely]] {
      data_ = other.data_;
      capacity_ = other.capacity_;
      other.data_ = other.inline_data();
      other.capacity_ = N;
    } else {
      data_ = inline_data();
      capacity_ = N;
      for (std::size_t i = 0; i < size_; ++i) {
        new (data_ + i) T(std::move(other.data_[i]));
        other.data_[i].~T();
      }
    }
    other.size_ = 0;
  }
  // Out of line: rare, and g++ 12 would warn that an inline buffer might be freed.
  [[gnu::noinline]] void free_heap() { detail::release(data_); }
  void destroy() {
    clear();
    if (on_heap()) [[unlikely]]
      free_heap();
  }

  T* data_;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = N;
  alignas(T) std::byte bytes_[N * sizeof(T)];
};

}  // namespace fornax
