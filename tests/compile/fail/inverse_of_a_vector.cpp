// expect: linear algebra needs matrices, rank >= 2; unsqueeze() adds a dim
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() {
  auto x = Tensor<B, 1>::from_data({1.0f});
  linalg::inverse(x);
}
