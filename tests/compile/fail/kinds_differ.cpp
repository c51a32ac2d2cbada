// expect: the tensors differ in kind; to_float(), to_int() and to_bool() convert
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() { Tensor<B, 1>::zeros({2}) * Tensor<B, 1, Int>::zeros({2}); }
