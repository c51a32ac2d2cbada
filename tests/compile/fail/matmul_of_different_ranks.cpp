// expect: the tensors differ in rank; unsqueeze() adds a dim, and sizes of 1 broadcast
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() { Tensor<B, 2>::zeros({2, 2}).matmul(Tensor<B, 3>::zeros({1, 2, 2})); }
