// expect: an Int tensor and a floating-point number do not mix; to_float() converts the tensor
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() { Tensor<B, 1, Int>::zeros({2}) * 0.5; }
