#include <fornax/array/tensor_data.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <ostream>

#include <fornax/array/error.hpp>

namespace fornax {

TensorData::TensorData(const Shape& shape, DType dtype) : shape_(shape), dtype_(dtype) {
  try {
    bytes_.resize(static_cast<std::size_t>(shape.numel()) * size_of(dtype));
  } catch (const std::exception&) {
    throw OutOfMemory("TensorData", "no memory for " + shape.str() + " " + std::string(name(dtype)));
  }
}

void TensorData::check_row(const Shape& first, const Shape& row) {
  if (!(first == row))
    throw ShapeError("TensorData",
                     "nested lists are ragged: the first row has shape " + first.str() + ", another has " + row.str());
}

void TensorData::copy_from(const void* values, std::size_t count) {
  if (count != static_cast<std::size_t>(numel()))
    throw ShapeError("TensorData", std::to_string(count) + " values for shape " + shape_.str() + ", which needs " +
                                       std::to_string(numel()));
  if (count > 0) std::memcpy(bytes_.data(), values, bytes_.size());
}

void TensorData::require_dtype(DType wanted) const {
  if (wanted != dtype_)
    throw DTypeError("TensorData", std::string("the elements are ")
                                       .append(name(dtype_))
                                       .append(", not ")
                                       .append(name(wanted))
                                       .append("; convert() or to_vector() changes the type"));
}

double TensorData::operator[](std::int64_t i) const {
  if (i < 0 || i >= numel())
    throw IndexError("TensorData", "element " + std::to_string(i) + " of " + std::to_string(numel()));
  return read_element(bytes_.data() + static_cast<std::size_t>(i) * size_of(dtype_), dtype_);
}

TensorData TensorData::convert(DType dtype) const {
  TensorData out(shape_, dtype);
  convert_elements(bytes_.data(), dtype_, out.bytes_.data(), dtype, numel());
  return out;
}

TensorData TensorData::reshape(const Shape& shape) const {
  if (shape.numel() != numel())
    throw ShapeError("reshape", shape_.str() + " has " + std::to_string(numel()) + " elements, " + shape.str() +
                                    " needs " + std::to_string(shape.numel()));
  TensorData out = *this;
  out.shape_ = shape;
  return out;
}

namespace {

struct Difference {
  std::int64_t count = 0, first = -1;
  double largest = 0;
};

Difference compare(const TensorData& a, const TensorData& b, double relative, double absolute) {
  Difference d;
  for (std::int64_t i = 0; i < a.numel(); ++i) {
    const double x = a[i], y = b[i];
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    const double error = std::abs(x - y);
    if (std::isfinite(y) && error <= absolute + relative * std::abs(y)) continue;
    if (d.count++ == 0) d.first = i;
    d.largest = std::isnan(error) ? error : std::max(d.largest, error);
  }
  return d;
}

std::string number(double v, const char* format, int precision) {
  std::array<char, 512> text{};
  std::snprintf(text.data(), text.size(), format, precision, v);
  return text.data();
}

}  // namespace

bool TensorData::approx_eq(const TensorData& b, double relative, double absolute) const {
  return shape_ == b.shape_ && compare(*this, b, relative, absolute).count == 0;
}

void TensorData::assert_approx_eq(const TensorData& b, double relative, double absolute) const {
  if (!(shape_ == b.shape_))
    throw ValueError("assert_approx_eq", "shapes differ: " + shape_.str() + " and " + b.shape_.str());
  const Difference d = compare(*this, b, relative, absolute);
  if (d.count == 0) return;
  throw ValueError("assert_approx_eq",
                   std::to_string(d.count) + " of " + std::to_string(numel()) + " elements differ; element " +
                       std::to_string(d.first) + " is " + number((*this)[d.first], "%.*g", 9) + ", expected " +
                       number(b[d.first], "%.*g", 9) + "; largest difference " + number(d.largest, "%.*g", 3));
}

namespace {

// Formats elements so that a column lines up: one format for the whole tensor, chosen from what is shown.
class Printer {
 public:
  Printer(const TensorData& data, const PrintOptions& options)
      : data_(data), options_(options), shorten_(data.numel() == 0 || data.numel() > options.threshold) {
    visit(0, 0, [&](std::int64_t i) { measure(i); });
    visit(0, 0, [&](std::int64_t i) { width_ = std::max(width_, element(i).size()); });
  }

  std::string text() {
    if (data_.shape().rank() == 0) return element(0);
    std::string out;
    nest(out, 0, 0);
    return out;
  }

 private:
  void measure(std::int64_t i) {
    const double v = data_[i];
    if (!is_float(data_.dtype()) || !std::isfinite(v) || v == 0) return;
    const double m = std::abs(v);
    if (m >= 1e6 || m < std::pow(10.0, -options_.precision)) scientific_ = true;
    if (m != std::floor(m)) whole_ = false;
  }

  std::string element(std::int64_t i) const {
    if (data_.dtype() == DType::Bool) return data_[i] != 0 ? "true" : "false";
    if (!is_float(data_.dtype())) {
      if (data_.dtype() == DType::I64) return std::to_string(data_.values<std::int64_t>()[static_cast<std::size_t>(i)]);
      return std::to_string(static_cast<long long>(data_[i]));
    }
    const double v = data_[i];
    if (std::isnan(v)) return "nan";
    if (std::isinf(v)) return v > 0 ? "inf" : "-inf";
    if (scientific_) return number(v, "%.*e", options_.precision);
    return whole_ ? number(v, "%.*f", 0) + "." : number(v, "%.*f", options_.precision);
  }

  // The positions along dim d that are shown; -1 stands for the gap.
  template <class F> void positions(int d, F&& f) const {
    const std::int64_t n = data_.shape()[d];
    const std::int64_t edge = options_.edge_items;
    if (!shorten_ || n <= 2 * edge) {
      for (std::int64_t i = 0; i < n; ++i) f(i);
      return;
    }
    for (std::int64_t i = 0; i < edge; ++i) f(i);
    f(-1);
    for (std::int64_t i = n - edge; i < n; ++i) f(i);
  }

  template <class F> void visit(int d, std::int64_t offset, F&& f) const {
    if (data_.numel() == 0) return;
    if (d == data_.shape().rank()) return f(offset);
    positions(d, [&](std::int64_t i) {
      if (i >= 0) visit(d + 1, offset * data_.shape()[d] + i, f);
    });
  }

  void nest(std::string& out, int d, std::int64_t offset) const {
    const int rank = data_.shape().rank();
    out += "[";
    bool first = true;
    positions(d, [&](std::int64_t i) {
      if (!first) {
        out += ",";
        if (d + 1 < rank) {
          out.append(static_cast<std::size_t>(std::max(1, rank - d - 1)), '\n');
          out.append(static_cast<std::size_t>(d + 1), ' ');
        } else {
          out += " ";
        }
      }
      first = false;
      if (i < 0) {
        out += "...";
      } else if (d + 1 < rank) {
        nest(out, d + 1, offset * data_.shape()[d] + i);
      } else {
        const std::string e = element(offset * data_.shape()[d] + i);
        out.append(width_ - std::min(width_, e.size()), ' ').append(e);
      }
    });
    out += "]";
  }

  const TensorData& data_;
  const PrintOptions& options_;
  bool shorten_;
  bool scientific_ = false;
  bool whole_ = true;
  std::size_t width_ = 0;
};

}  // namespace

std::string TensorData::str(const PrintOptions& options) const { return Printer(*this, options).text(); }

std::ostream& operator<<(std::ostream& out, const TensorData& data) { return out << data.str(); }

}  // namespace fornax
