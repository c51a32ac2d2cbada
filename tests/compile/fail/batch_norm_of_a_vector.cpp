// expect: batch_norm needs a batch and a channel dim
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() { functional::batch_norm(Tensor<B, 1>::zeros({3}), {}, {}, {}, {}); }
