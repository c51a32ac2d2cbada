// expect: no matching function for call to
#include <fornax/fornax.hpp>

using namespace fornax;

int main() {
  auto layer = nn::LinearConfig{.d_input = 2, .d_output = 2}.init<Autodiff<Cpu>>();
  layer.forward(Tensor<Cpu, 2>::zeros({1, 2}));
}
