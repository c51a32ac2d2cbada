// expect: gradients exist on Autodiff<B>; this tensor is on a plain backend
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() { Tensor<Cpu, 1>::from_data({1.0f}).require_grad(); }
