// expect: this operation is not for elements of this kind; to_float() and to_int() convert a tensor
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() {
  auto x = Tensor<B, 1, Bool>::from_data({true});
  x + x;
}
