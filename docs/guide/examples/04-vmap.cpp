// The program of docs/guide/04-vmap.md, which quotes the regions between [name] and [/name].
// [start]
#include <fornax/fornax.hpp>
#include <iostream>

using namespace fornax;
// [/start]

// [line]
template <class B> struct Line {
  Tensor<B, 1> w, b;
  FORNAX_FIELDS(w, b)
};
// [/line]

int main() {
  // [first]
  auto norm = [](const auto& row) { return (row * row).sum().sqrt(); };  // one row in, one number out
  auto rows = Tensor<Cpu, 2>::from_data({{3.0, 4.0}, {6.0, 8.0}, {5.0, 12.0}});
  std::cout << vmap(norm)(rows) << "\n";
  // [/first]

  // [samples]
  auto loss = [](const auto& w, const auto& x, const auto& y) { return ((w * x).sum() - y).square().sum(); };
  auto w = Tensor<Cpu, 1>::from_data({1.0, -1.0});
  auto y = Tensor<Cpu, 2>::from_data({{0.0}, {1.0}, {2.0}});
  auto each = vmap(grad(loss), in_dims<unmapped, 0, 0>)(w, rows, y);
  std::cout << each << "\n";
  // [/samples]

  // [structs]
  const Line<Cpu> line{w, Tensor<Cpu, 1>::from_data({0.5})};
  auto error = [](const auto& l, const auto& p, const auto& q) { return ((l.w * p).sum() + l.b - q).square().sum(); };
  auto [dw, db] = vmap(grad(error), in_dims<unmapped, 0, 0>)(line, rows, y);
  std::cout << dw << "\n" << db << "\n";
  // [/structs]

  // [dims]
  auto total = [](const auto& v) { return v.sum(); };
  auto twice = [](const auto& v) { return v * 2; };
  std::cout << vmap(total, in_dims<1>)(rows) << "\n";
  std::cout << vmap(twice, in_dims<0>, {.out_dim = 1})(rows) << "\n";
  // [/dims]

  // [nested]
  auto squared_distance = [](const auto& p, const auto& q) { return (p - q).square().sum(); };
  auto to_all = [&](const auto& p, const auto& all) { return vmap(squared_distance, in_dims<unmapped, 0>)(p, all); };
  std::cout << vmap(to_all, in_dims<0, unmapped>)(rows, rows).squeeze_dim(2) << "\n";
  // [/nested]

  // [random]
  auto noisy = []<class B>(const Tensor<B, 1>& row) { return row * 0 + Tensor<B, 1>::random({2}); };
  auto spread = [](const Tensor<Cpu, 2>& x) { return (x.max_dim(0) - x.min_dim(0)).greater(0); };
  auto same = vmap(noisy, in_dims<0>, {.randomness = Randomness::Same})(rows);
  auto different = vmap(noisy, in_dims<0>, {.randomness = Randomness::Different})(rows);
  std::cout << spread(same) << "\n" << spread(different) << "\n";
  // [/random]

  // [refused]
  auto report = [](const auto& f) {
    try {
      f();
    } catch (const Error& e) {
      std::cout << e.what() << "\n";
    }
  };
  report([&] { vmap(noisy)(rows); });
  report([&] { vmap([](const auto& v) { return v * v.sum().into_scalar(); })(rows); });
  report([&] { vmap(squared_distance)(rows, rows.transpose()); });
  // [/refused]
}
