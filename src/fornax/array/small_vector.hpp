#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <utility>

namespace fornax {

/// A vector whose first N elements live inside it: operations rarely have more than three inputs.
template <class T, std::size_t N>
class SmallVector {
 public:
  SmallVector() = default;
  SmallVector(T only) { push_back(std::move(only)); }  // NOLINT: `return result;` from a rule with one result
  template <class... Rest>
    requires(sizeof...(Rest) >= 1)
  SmallVector(T first, Rest... rest) {
    push_back(std::move(first));
    (push_back(T(std::move(rest))), ...);
  }
  explicit SmallVector(std::span<const T> values) {
    reserve(values.size());
    for (const T& v : values) push_back(v);
  }
  SmallVector(const SmallVector& other) : SmallVector(std::span<const T>(other)) {}
  SmallVector(SmallVector&& other) noexcept { take(other); }
  SmallVector& operator=(SmallVector other) noexcept {
    destroy();
    take(other);
    return *this;
  }
  ~SmallVector() { destroy(); }

  void push_back(T value) {
    if (size_ == capacity_) grow(capacity_ * 2);
    new (data() + size_) T(std::move(value));
    ++size_;
  }
  void reserve(std::size_t n) {
    if (n > capacity_) grow(n);
  }
  /// Grows to n elements, each default-constructed.
  void resize(std::size_t n) {
    reserve(n);
    while (size_ < n) push_back(T());
  }
  void pop_back() { data()[--size_].~T(); }
  void clear() {
    for (std::size_t i = 0; i < size_; ++i) data()[i].~T();
    size_ = 0;
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() { return heap_ ? heap_ : inline_data(); }
  const T* data() const { return heap_ ? heap_ : inline_data(); }
  T& operator[](std::size_t i) { return data()[i]; }
  const T& operator[](std::size_t i) const { return data()[i]; }
  T* begin() { return data(); }
  T* end() { return data() + size_; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }

 private:
  T* inline_data() { return std::launder(reinterpret_cast<T*>(bytes_)); }
  const T* inline_data() const { return std::launder(reinterpret_cast<const T*>(bytes_)); }
  void grow(std::size_t n) {
    T* bigger = static_cast<T*>(::operator new(n * sizeof(T)));
    T* old = data();
    for (std::size_t i = 0; i < size_; ++i) {
      new (bigger + i) T(std::move(old[i]));
      old[i].~T();
    }
    ::operator delete(heap_);
    heap_ = bigger;
    capacity_ = static_cast<std::uint32_t>(n);
  }
  void take(SmallVector& other) noexcept {
    heap_ = other.heap_;
    size_ = other.size_;
    capacity_ = other.capacity_;
    if (!heap_) {
      for (std::size_t i = 0; i < size_; ++i) {
        new (inline_data() + i) T(std::move(other.inline_data()[i]));
        other.inline_data()[i].~T();
      }
    }
    other.heap_ = nullptr;
    other.size_ = 0;
    other.capacity_ = N;
  }
  void destroy() {
    clear();
    if (heap_) {
      ::operator delete(heap_);
      heap_ = nullptr;
      capacity_ = N;
    }
  }

  T* heap_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = N;
  alignas(T) std::byte bytes_[N * sizeof(T)];
};

}  // namespace fornax
