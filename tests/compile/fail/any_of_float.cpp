// expect: any() and all() need Bool elements; to_bool() converts a tensor
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() { Tensor<B, 1>::zeros({2}).any(); }
