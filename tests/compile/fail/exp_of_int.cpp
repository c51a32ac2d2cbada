// expect: exp() is not for elements of this kind; to_float() and to_int() convert a tensor
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() { Tensor<B, 1, Int>::zeros({2}).exp(); }
