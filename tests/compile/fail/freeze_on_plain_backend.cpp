// expect: the module must be on Autodiff<B>; train() takes it there
#include <fornax/fornax.hpp>

using namespace fornax;

int main() {
  auto layer = nn::LinearConfig{.d_input = 2, .d_output = 2}.init<Cpu>();
  nn::freeze(layer);
}
