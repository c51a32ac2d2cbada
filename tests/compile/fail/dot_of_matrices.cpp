// expect: dot needs rank 1; matmul multiplies matrices
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() {
  auto x = Tensor<B, 2>::zeros({2, 2});
  x.dot(x);
}
