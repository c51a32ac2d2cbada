// expect: this function is not for elements of this kind; to_float() and to_int() convert a tensor
#include <fornax/fornax.hpp>

using namespace fornax;

int main() { Tensor<Cpu, 1>::zeros({2}).gcd(Tensor<Cpu, 1>::ones({2})); }
