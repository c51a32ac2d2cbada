// Tensors: making them, their shapes, parts of them, broadcasting, printing.

#include <iostream>

#include <fornax/fornax.hpp>

using namespace fornax;

int main() {
  const Device device;  // the CPU

  // The type says backend, rank and kind of the elements (Float unless another is named); sizes are known at run time.
  auto a = Tensor<Cpu, 2>::from_data({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}}, device);
  std::cout << "a = " << a << "\n\n";

  auto [rows, columns] = a.dims();
  std::cout << "a has " << rows << " rows and " << columns << " columns\n\n";

  // Other ways to make tensors.
  auto zeros = Tensor<Cpu, 2>::zeros({2, 3}, device);
  auto steps = Tensor<Cpu, 1, Int>::arange(0, 10, 2, device);
  manual_seed(42);
  auto noise = Tensor<Cpu, 2>::random({2, 3}, Distribution::normal(0.0, 1.0), device);
  std::cout << "steps = " << steps << "\n\nnoise = " << noise << "\n\n";

  // Arithmetic is elementwise; a number takes the tensor's dtype.
  std::cout << "a * 2 + 1 = " << a * 2 + 1 << "\n\n";
  std::cout << "(a + zeros).exp().log() = " << (a + zeros).exp().log() << "\n\n";

  // Sizes of 1 broadcast: a column [2, 1] and a row [1, 3] make a table [2, 3].
  auto column = Tensor<Cpu, 2>::from_data({{10.0}, {20.0}}, device);
  auto row = Tensor<Cpu, 2>::from_data({{1.0, 2.0, 3.0}}, device);
  std::cout << "column + row = " << column + row << "\n\n";

  // Slices have Python's meaning and copy nothing: negative bounds count from the end, negative steps walk backwards.
  std::cout << "last column = " << a.slice({Range::all(), -1}) << "\n\n";
  std::cout << "columns reversed = " << a.slice({Range::all(), Range::all().by(-1)}) << "\n\n";

  // Shapes.
  std::cout << "a.reshape({3, -1}) = " << a.reshape({3, -1}) << "\n\n";
  std::cout << "a.transpose() = " << a.transpose() << "\n\n";
  std::cout << "a.matmul(a.transpose()) = " << a.matmul(a.transpose()) << "\n\n";

  // Reductions: over everything to one element, or along a dim, which stays with size 1.
  std::cout << "sum = " << a.sum().into_scalar() << ", mean of the rows = " << a.mean_dim(1) << "\n\n";
  std::cout << "where a > 2: " << a.greater(2) << "\n\n";

  // Large tensors are abbreviated.
  std::cout << "large = " << Tensor<Cpu, 2>::random({1000, 1000}, Distribution::standard(), device) << "\n\n";

  // What does not fit is an error that says why.
  try {
    a.matmul(a);
  } catch (const Error& e) {
    std::cout << "error: " << e.what() << "\n";
  }
}
