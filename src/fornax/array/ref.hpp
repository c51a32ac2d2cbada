#pragma once

#include <utility>

#include <fornax/array/allocate.hpp>
#include <fornax/array/ref_count.hpp>

namespace fornax {

/// Base of objects that Ref counts.
class Counted {
 public:
  Counted() = default;
  Counted(const Counted&) {}
  Counted& operator=(const Counted&) { return *this; }

  static void* operator new(std::size_t bytes) { return detail::allocate(bytes); }
  static void* operator new(std::size_t bytes, std::align_val_t a) {
    return detail::allocate(bytes, static_cast<std::size_t>(a));
  }
  static void operator delete(void* memory) { detail::release(memory); }
  static void operator delete(void* memory, std::align_val_t a) {
    detail::release(memory, static_cast<std::size_t>(a));
  }

 private:
  template <class T> friend class Ref;
  mutable RefCount references_;
};

/// A counted pointer to a T derived from Counted.
template <class T> class Ref {
 public:
  Ref() = default;
  /// Takes over the reference that a new object comes with.
  explicit Ref(T* fresh) : object_(fresh) {}
  Ref(const Ref& other) : object_(other.object_) {
    if (object_) object_->references_.increment();
  }
  /// A Ref to a derived class serves as one to its base.
  template <class Derived> Ref(const Ref<Derived>& other) : object_(other.get()) {  // NOLINT: as the pointers convert
    if (object_) object_->references_.increment();
  }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ && object_->references_.decrement()) delete object_;
  }
  T* get() const { return object_; }
  T& operator*() const { return *object_; }
  T* operator->() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

}  // namespace fornax
