// expect: a mask is Float (added) or Bool (true: may attend)
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() {
  const auto q = Tensor<B, 2>::zeros({2, 3});
  functional::scaled_dot_product_attention(q, q, q, Tensor<B, 2, Int>::zeros({2, 2}));
}
