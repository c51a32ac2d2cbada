// The programs in fail/ with the one mistake taken out: the refusals are not too wide.
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() {
  const auto x = Tensor<B, 1>::zeros({2});
  const auto n = Tensor<B, 1, Int>::arange(0, 2);
  const auto t = Tensor<B, 1, Bool>::from_data({true, false});
  const auto m = Tensor<B, 2>::eye(2);
  const Tensor<Cpu, 1> plain = x.inner();
  static_cast<void>(t.any() & t.all());
  static_cast<void>(t.to_int() + n * 2 - 1);
  static_cast<void>(n.clamp(0, 1) + n.sum());
  static_cast<void>(n.to_float() * 0.5);
  static_cast<void>(n.bitwise_left_shift(2) | n.bitwise_and(1));
  static_cast<void>(t ^ t.bool_not());
  static_cast<void>(x.dot(x) + x.sum());
  static_cast<void>(x.unsqueeze().expand({3, 2}) + m.slice({0}));
  static_cast<void>(m.matmul(m).permute({1, 0}).transpose());
  static_cast<void>(m.unsqueeze<3>().matmul(m.unsqueeze<3>()));
  static_cast<void>(Tensor<B, 1>::from_inner(plain) + x);
  static_cast<void>(Tensor<B, 2>::from_data({{1.0, 2.0}}) + Tensor<B, 2>::from_data({{1, 2}}));
  static_cast<void>(Tensor<B, 8>::zeros({1, 1, 1, 1, 1, 1, 1, 1}));
  static_cast<void>(plain.is_require_grad() || plain.is_tracked());
  static_cast<void>(x.require_grad().exp().sum().backward());
  static_cast<void>(linalg::inverse(m));
}
