// expect: vmap maps over tensors, and there are none in this argument; in_dims<unmapped> passes it on
#include <fornax/fornax.hpp>

using namespace fornax;

int main() {
  vmap([](const auto& row, double by) { return row * by; })(Tensor<Cpu, 2>::zeros({2, 2}), 2.0);
}
