// expect: permute names every dim once
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() { Tensor<B, 2>::zeros({2, 2}).permute({0, 1, 2}); }
