#pragma once
// Host data with a shape and a dtype: how values enter and leave tensors.

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <iosfwd>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <fornax/array/convert.hpp>
#include <fornax/array/dtype.hpp>
#include <fornax/array/shape.hpp>

namespace fornax {

/// A C++ type that a dtype stores.
template <class T>
concept Element = requires {
  dtype_of<T>::value;
};

/// How much of a tensor is printed.
struct PrintOptions {
  int precision = 4;     // digits after the point
  int threshold = 1000;  // print everything up to this many elements
  int edge_items = 3;    // beyond it, this many at each end of a dim
};

/// Row-major elements in host memory.
///
/// Example: TensorData d({{1.0f, 2.0f}, {3.0f, 4.0f}});   // f32 [2, 2]
class TensorData {
 public:
  TensorData() : TensorData(Shape{0}, DType::F32) {}
  /// Zeros.
  TensorData(const Shape& shape, DType dtype);

  /// Nested lists of up to four levels; the dtype is that of the C++ type. Throws ShapeError if rows differ in length.
  template <Element T>
  TensorData(std::initializer_list<T> values) : TensorData(Shape{values.size()}, dtype_v<T>) {  // NOLINT
    write(0, values);
  }
  template <Element T>
  TensorData(std::initializer_list<std::initializer_list<T>> rows)  // NOLINT
      : TensorData(nested_shape(rows), dtype_v<T>) {
    write(0, rows);
  }
  template <Element T>
  TensorData(std::initializer_list<std::initializer_list<std::initializer_list<T>>> blocks)  // NOLINT
      : TensorData(nested_shape(blocks), dtype_v<T>) {
    write(0, blocks);
  }
  template <Element T>
  TensorData(
      std::initializer_list<std::initializer_list<std::initializer_list<std::initializer_list<T>>>> blocks)  // NOLINT
      : TensorData(nested_shape(blocks), dtype_v<T>) {
    write(0, blocks);
  }
  /// Copies the values. Throws ShapeError if their number is not that of the shape.
  template <Element T> TensorData(std::span<const T> values, const Shape& shape) : TensorData(shape, dtype_v<T>) {
    copy_from(values.data(), values.size());
  }
  template <Element T>
  requires(!std::is_same_v<T, bool>) TensorData(const std::vector<T>& values, const Shape& shape)
      : TensorData(std::span<const T>(values), shape) {}
  template <Element T>
  requires(!std::is_same_v<T, bool>) explicit TensorData(const std::vector<T>& values)
      : TensorData(std::span<const T>(values), Shape{values.size()}) {}

  const Shape& shape() const { return shape_; }
  DType dtype() const { return dtype_; }
  std::int64_t numel() const { return shape_.numel(); }
  std::span<std::byte> bytes() { return bytes_; }
  std::span<const std::byte> bytes() const { return bytes_; }

  /// The elements in place. Throws DTypeError if they are not stored as T.
  template <Element T> std::span<const T> values() const {
    require_dtype(dtype_v<T>);
    return {reinterpret_cast<const T*>(bytes_.data()), static_cast<std::size_t>(numel())};
  }
  template <Element T> std::span<T> values() {
    require_dtype(dtype_v<T>);
    return {reinterpret_cast<T*>(bytes_.data()), static_cast<std::size_t>(numel())};
  }
  /// A copy of the elements, converted to T.
  template <Element T>
  requires(!std::is_same_v<T, bool>) std::vector<T> to_vector()
  const {
    std::vector<T> out(static_cast<std::size_t>(numel()));
    convert_elements(bytes_.data(), dtype_, reinterpret_cast<std::byte*>(out.data()), dtype_v<T>, numel());
    return out;
  }
  /// Element i in row-major order, as a double. Throws IndexError.
  double operator[](std::int64_t i) const;

  /// The same values as another dtype, by the rules of convert_elements.
  TensorData convert(DType dtype) const;
  /// The same values under another shape. Throws ShapeError if the number of elements differs.
  TensorData reshape(const Shape& shape) const;

  /// Same dtype, same shape, same bits.
  friend bool operator==(const TensorData& a, const TensorData& b) {
    return a.dtype_ == b.dtype_ && a.shape_ == b.shape_ && a.bytes_ == b.bytes_;
  }
  /// Same shape, and |a - b| <= absolute + relative * |b| for every element; NaN equals NaN and inf equals inf.
  bool approx_eq(const TensorData& b, double relative = 1e-5, double absolute = 1e-8) const;
  /// Throws ValueError naming the first elements that differ and the largest difference.
  void assert_approx_eq(const TensorData& b, double relative = 1e-5, double absolute = 1e-8) const;

  /// The values as nested lists, abbreviated if there are many.
  std::string str(const PrintOptions& options = {}) const;

 private:
  template <class T> static Shape nested_shape(std::initializer_list<T> list) {
    if constexpr (Element<T>) {
      return Shape{list.size()};
    } else {
      if (list.size() == 0) return Shape{0};
      const Shape first = nested_shape(*list.begin());
      for (const auto& row : list) check_row(first, nested_shape(row));
      return first.inserted(0, static_cast<std::int64_t>(list.size()));
    }
  }
  template <class T> std::size_t write(std::size_t position, std::initializer_list<T> list) {
    for (const auto& item : list) {
      if constexpr (Element<T>) {
        *reinterpret_cast<T*>(bytes_.data() + position) = item;
        position += sizeof(T);
      } else {
        position = write(position, item);
      }
    }
    return position;
  }
  static void check_row(const Shape& first, const Shape& row);
  void copy_from(const void* values, std::size_t count);
  void require_dtype(DType wanted) const;

  Shape shape_;
  DType dtype_;
  std::vector<std::byte> bytes_;
};

std::ostream& operator<<(std::ostream& out, const TensorData& data);

}  // namespace fornax
