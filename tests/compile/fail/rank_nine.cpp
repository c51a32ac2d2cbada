// expect: a tensor has at most 8 dims
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() { Tensor<B, 9>::zeros(Shape{}); }
