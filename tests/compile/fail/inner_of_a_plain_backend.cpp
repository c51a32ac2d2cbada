// expect: inner() exists on Autodiff<B>; this tensor is on a plain backend
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() { Tensor<Cpu, 1>::zeros({2}).inner(); }
