// expect: slice takes at most one range for each dim
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() { Tensor<B, 1>::zeros({2}).slice({0, 1}); }
