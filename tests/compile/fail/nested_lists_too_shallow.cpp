// expect: from_data: the depth of the nested lists must be the tensor's rank
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() { Tensor<B, 2>::from_data({1.0, 2.0}); }
