#include <fornax/array/array.hpp>

#include <fornax/array/error.hpp>
#include <fornax/array/interpreter.hpp>
#include <fornax/array/pool.hpp>
#include <fornax/array/tensor_data.hpp>

namespace fornax {

void Array::destroy(ArrayBody* body) noexcept {
  if (body->interpreter) {
    body->interpreter->destroy(body);
  } else {
    Pool::destroy(body);
  }
}

Array make_shell(const Array& like) {
  return Array(Pool::make<ArrayBody>(nullptr, like.dtype(), like.device(), like.shape()));
}

TensorData Array::to_data() const {
  const Array& a = on_backend(*this);
  TensorData data(a.shape(), a.dtype());
  static_cast<Backend*>(a.interpreter())->download(a, data.bytes());
  return data;
}

double Array::item() const {
  if (numel() != 1) throw ShapeError("into_scalar", "needs exactly one element, the tensor has shape " + shape().str());
  const Array& a = on_backend(*this);
  alignas(8) std::byte element[8];
  static_cast<Backend*>(a.interpreter())->download(a, {element, size_of(a.dtype())});
  return read_element(element, a.dtype());
}

}  // namespace fornax
