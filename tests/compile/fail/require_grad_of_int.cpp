// expect: this function needs Float elements; to_float() converts a tensor
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() { Tensor<B, 1, Int>::zeros({2}).require_grad(); }
