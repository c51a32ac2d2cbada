// expect: the number of sizes must be the tensor's rank
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() { Tensor<B, 2>::zeros({3}); }
