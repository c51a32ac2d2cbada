// expect: backward() starts from Float elements; Int and Bool have no gradient
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() { Tensor<B, 1, Int>::zeros({2}).backward(); }
