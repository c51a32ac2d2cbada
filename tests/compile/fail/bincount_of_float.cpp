// expect: bincount needs Int elements of rank 1
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() { Tensor<B, 1>::zeros({2}).bincount(); }
