// expect: arange makes tensors of rank 1
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() { Tensor<B, 2>::arange(0, 3); }
