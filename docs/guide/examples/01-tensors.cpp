// The program of docs/guide/01-tensors.md, which quotes the regions between [name] and [/name].
// [start]
#include <fornax/fornax.hpp>
#include <iostream>

using namespace fornax;
// [/start]

int main() {
  // [make]
  auto a = Tensor<Cpu, 2>::from_data({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}});
  auto ids = Tensor<Cpu, 1, Int>::arange(0, 6, 2);
  std::cout << a << "\n" << ids << "\n";
  // [/make]

  // [broadcast]
  auto row = Tensor<Cpu, 2>::from_data({{10.0, 20.0, 30.0}});
  std::cout << (a + row) * 2 << "\n";
  std::cout << a.greater(2.5).to_int() << "\n";
  // [/broadcast]

  // [reduce]
  std::cout << a.sum() << "\n";                       // every element: shape [1]
  std::cout << a.mean_dim(1) << "\n";                 // the dim stays, with size 1: it broadcasts against a
  std::cout << a.mean_dim(1).squeeze_dim(1) << "\n";  // and goes if you say so
  // [/reduce]

  // [slice]
  std::cout << a.slice({Range::all(), -1}) << "\n";                   // a[:, -1:]
  std::cout << a.slice({Range::all(), Range::all().by(-1)}) << "\n";  // a[:, ::-1]
  std::cout << a.slice_fill({0, {0, 2}}, 0) << "\n";                  // a with a[0, 0:2] = 0, as a new tensor
  // [/slice]

  // [host]
  auto [rows, columns] = a.dims();
  double total = a.sum().into_scalar();
  std::cout << rows << " x " << columns << ", sum " << total << "\n";
  // [/host]

  // [error]
  try {
    a.matmul(a);
  } catch (const ShapeError& e) {
    std::cout << e.what() << "\n";
  }
  // [/error]
}
