// expect: pad takes at most one width for each dim
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() { functional::pad(Tensor<B, 1>::zeros({3}), {{1, 1}, {1, 1}}); }
