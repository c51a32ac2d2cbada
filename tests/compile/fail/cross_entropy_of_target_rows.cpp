// expect: cross_entropy: the targets have the logits' shape without their dim of classes
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() { functional::cross_entropy(Tensor<B, 2>::zeros({2, 3}), Tensor<B, 2, Int>::zeros({2, 3})); }
