// expect: this reduction needs numbers; any() and all() reduce Bool tensors
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() { Tensor<B, 1, Bool>::from_data({true}).sum(); }
