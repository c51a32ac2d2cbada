// Finding faults: where a NaN comes from, what a step costs, what a model looks like, whether a gradient is right.

#include <iostream>
#include <string>
#include <tuple>

#include <fornax/fornax.hpp>

using namespace fornax;

// A small network on any backend; scopes name its parts.
template <class B> Tensor<B, 1> loss_of(const Tensor<B, 2>& x, const Tensor<B, 2>& w, const Tensor<B, 2>& v) {
  Tensor<B, 2> h;
  {
    const Scope scope("encoder");
    h = x.matmul(w).relu();
  }
  const Scope scope("head");
  return h.sqrt().matmul(v).square().mean();
}

int main() {
  manual_seed(1);
  const auto x = Tensor<Cpu, 2>::random({8, 4}, Distribution::normal(0, 1));
  const auto w = Tensor<Cpu, 2>::random({4, 16}, Distribution::normal(0, 1));
  const auto v = Tensor<Cpu, 2>::random({16, 2}, Distribution::normal(0, 1));

  // 1. Check stands between Autodiff and the backend. The loss is finite, but sqrt has no slope at 0, where relu cuts.
  using B = Autodiff<Check<Cpu>>;
  const auto weights = Tensor<B, 2>(w.array()).require_grad();
  try {
    loss_of(Tensor<B, 2>(x.array()), weights, Tensor<B, 2>(v.array())).backward();
  } catch (const NonFinite& fault) {
    std::cout << "1. " << fault.what() << "\n\n";
  }

  // 2. A session goes on after a fault if it is told to, and counts and times all operations.
  const auto report =
      check::watch([&] { loss_of(Tensor<B, 2>(x.array()), weights, Tensor<B, 2>(v.array())).backward(); },
                   {.on_fault = check::OnFault::Record});
  std::cout << "2. " << report.fault_count << " faults\n" << report.table() << "\n";
  report.write_chrome_trace("finding_faults.json");

  // 3. The same program as data: forward and backward, to look at and to run again.
  const auto program = trace::record(
      [](const auto& a, const auto& b, const auto& c) {
        using A = Autodiff<Trace<Cpu>>;
        const auto p = Tensor<A, 2>::from_inner(b).require_grad();
        const auto loss = loss_of(Tensor<A, 2>::from_inner(a), p, Tensor<A, 2>::from_inner(c));
        return std::tuple{loss.inner(), *p.grad(loss.backward())};
      },
      x, w, v);
  program.write("finding_faults.html");
  const Array inputs[] = {x.array(), w.array(), v.array()};
  std::cout << "3. " << program.nodes().size() << " nodes; run again, the loss is " << program.run(inputs)[0].item()
            << "\n   finding_faults.html shows them, ui.perfetto.dev shows finding_faults.json\n\n";

  // 4. Reverse mode against central differences, in f64 and away from the kink.
  const auto f = [](const auto& a) { return (a.exp() + 1.0).log().sqrt(); };
  std::cout << "4. " << gradcheck(f, x.cast(DType::F64)).message << "\n";
}
