// Sizes of any integer type, shapes from the outside, kinds converted: all of this compiles.
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() {
  const std::size_t rows = 2;
  const int columns = 3;
  auto x = Tensor<B, 2>::zeros({rows, columns}).require_grad();
  auto [n, m] = x.dims();
  auto flat = x.reshape({n * m});
  auto wide = flat.to_int() + 1;
  auto mask = wide.greater(0) & wide.lower(7);
  auto y = (x.exp() * 2 + x.unsqueeze<3>().squeeze<2>()).sum();
  auto gradients = std::move(y).backward();
  auto step = Tensor<B, 2>::from_inner(x.grad(gradients).value());
  x = (x - step * 0.1f).detach().require_grad();
  return mask.all().into_scalar() && x.numel() == 6 ? 0 : 1;
}
