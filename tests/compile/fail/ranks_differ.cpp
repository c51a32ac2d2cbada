// expect: the tensors differ in rank; unsqueeze() adds a dim, and sizes of 1 broadcast
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() { Tensor<B, 1>::zeros({2}) + Tensor<B, 2>::zeros({2, 2}); }
