// expect: expand adds dims; it does not remove them
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() { Tensor<B, 2>::zeros({2, 2}).expand({2}); }
