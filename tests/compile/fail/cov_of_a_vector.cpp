// expect: cov needs variables and observations: rank 2
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() { Tensor<B, 1>::zeros({2}).cov(); }
