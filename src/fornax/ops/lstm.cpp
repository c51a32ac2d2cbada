#include <fornax/ops/lstm.hpp>

#include <fornax/ops/op.hpp>
#include <fornax/ops/sequence.hpp>

namespace fornax::op {

namespace {

constexpr std::int64_t kGates = 4;

SampleInput sample(const Shape& shape) { return {shape, DType::F64, -1, 1}; }

}  // namespace

Specs Lstm::infer(Operands x) const {
  require_inputs(name(), x, 4);
  const Array& gates = x[0].array();
  const SequenceSizes s(name(), gates, kGates);
  require_shape(name(), "w", gates, x[1].array(), s.weight());
  require_shape(name(), "h0", gates, x[2].array(), s.state());
  require_shape(name(), "c0", gates, x[3].array(), s.state());
  const Spec states{s.states(), gates.dtype(), gates.device()};
  return {states, states, Spec{gates.shape(), gates.dtype(), gates.device()}};
}

Arrays Lstm::vjp(const Arrays& x, std::span<const Array> y, std::span<const Array> g, Wanted wanted) const {
  LstmGrad grad{reverse, g[1].defined(), g[2].defined()};
  std::vector<Array> inputs{x[1], x[3], y[1], y[2], g[0].defined() ? g[0] : zeros_like(y[0])};
  for (const Array* more : {&g[1], &g[2]})
    if (more->defined()) inputs.push_back(*more);
  Arrays down = run_all(grad, lent(inputs));
  Array dw;
  if (wanted[1]) {
    dw = matmul(rows_of_all(down[0]), rows_of_all(before(x[2], y[0], reverse)), true, false);
  }
  Arrays grads{down[0], dw};
  grads.push_back(down[1]);
  grads.push_back(down[2]);
  return grads;
}

Arrays Lstm::lower(const Arrays& x) const {
  const SequenceSizes s(name(), x[0], kGates);
  std::vector<Array> hs(static_cast<std::size_t>(s.steps)), cs = hs, gates = hs;
  Array h = x[2], c = x[3];
  for (std::int64_t i = 0; i < s.steps; ++i) {
    const std::int64_t t = reverse ? s.steps - 1 - i : i;
    const Array sum = at_step(x[0], t) + matmul(h, x[1], false, true);
    const Array in = sigmoid(gate(sum, 0, s.width)), forget = sigmoid(gate(sum, 1, s.width));
    const Array fresh = tanh(gate(sum, 2, s.width)), out = sigmoid(gate(sum, 3, s.width));
    c = forget * c + in * fresh;
    h = out * tanh(c);
    const auto at = static_cast<std::size_t>(t);
    hs[at] = h, cs[at] = c, gates[at] = cat({in, forget, fresh, out}, 1);
  }
  return {as_steps(hs), as_steps(cs), as_steps(gates)};
}

SamplesOf<Lstm> Lstm::samples() {
  return {{{false}, {sample({3, 2, 8}), sample({8, 2}), sample({2, 2}), sample({2, 2})}},
          {{true}, {sample({2, 3, 4}), sample({4, 1}), sample({3, 1}), sample({3, 1})}}};
}

Specs LstmGrad::infer(Operands x) const {
  require_inputs(name(), x, 5u + (of_cells ? 1 : 0) + (of_gates ? 1 : 0));
  const Array& gates = x[3].array();
  const SequenceSizes s(name(), gates, kGates);
  require_shape(name(), "w", gates, x[0].array(), s.weight());
  require_shape(name(), "c0", gates, x[1].array(), s.state());
  require_shape(name(), "c", gates, x[2].array(), s.states());
  require_shape(name(), "gh", gates, x[4].array(), s.states());
  if (of_cells) require_shape(name(), "gc", gates, x[5].array(), s.states());
  if (of_gates) require_shape(name(), "ggates", gates, x[x.size() - 1].array(), gates.shape());
  const Spec state{s.state(), gates.dtype(), gates.device()};
  return {Spec{gates.shape(), gates.dtype(), gates.device()}, state, state};
}

Arrays LstmGrad::lower(const Arrays& x) const {
  const SequenceSizes s(name(), x[3], kGates);
  const Array earlier = before(x[1], x[2], reverse);
  std::vector<Array> dxs(static_cast<std::size_t>(s.steps));
  Array dh = zeros_like(x[1]), dc = dh;
  for (std::int64_t i = 0; i < s.steps; ++i) {
    const std::int64_t t = reverse ? i : s.steps - 1 - i;
    const Array g = at_step(x[3], t), turned = tanh(at_step(x[2], t));
    const Array in = gate(g, 0, s.width), forget = gate(g, 1, s.width), fresh = gate(g, 2, s.width),
                out = gate(g, 3, s.width);
    dh = dh + at_step(x[4], t);
    dc = dc + dh * out * (1.0 - turned * turned);
    if (of_cells) dc = dc + at_step(x[5], t);
    Array slopes = cat({dc * fresh, dc * at_step(earlier, t), dc * in, dh * turned}, 1);
    if (of_gates) slopes = slopes + at_step(x[x.size() - 1], t);
    const Array dx =
        slopes * cat({in * (1.0 - in), forget * (1.0 - forget), 1.0 - fresh * fresh, out * (1.0 - out)}, 1);
    dc = dc * forget;
    dh = matmul(dx, x[0]);
    dxs[static_cast<std::size_t>(t)] = dx;
  }
  return {as_steps(dxs), dh, dc};
}

SamplesOf<LstmGrad> LstmGrad::samples() {
  const auto share = [](const Shape& shape) { return SampleInput{shape, DType::F64, 0.1, 0.9}; };
  std::vector<SampleInput> x{sample({8, 2}), sample({3, 2}), sample({2, 3, 2}), share({2, 3, 8}), sample({2, 3, 2})};
  SamplesOf<LstmGrad> all{{{}, x}, {{true}, x}};
  x.push_back(sample({2, 3, 2}));
  x.push_back(sample({2, 3, 8}));
  all.push_back({{false, true, true}, x});
  return all;
}

}  // namespace fornax::op
