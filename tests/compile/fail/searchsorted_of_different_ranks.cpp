// expect: searchsorted needs one ascending row, or a row for each row of the values
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() { Tensor<B, 2>::zeros({2, 2}).searchsorted(Tensor<B, 1>::zeros({2})); }
