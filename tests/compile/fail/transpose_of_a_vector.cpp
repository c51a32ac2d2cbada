// expect: transpose needs rank >= 2; unsqueeze() adds a dim
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() { Tensor<B, 1>::zeros({2}).transpose(); }
