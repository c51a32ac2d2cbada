#include <fornax/ops/gru.hpp>

#include <fornax/ops/op.hpp>
#include <fornax/ops/sequence.hpp>

namespace fornax::op {

namespace {

// Parts of x and w, and gates that are kept.
constexpr std::int64_t kParts = 3;
std::int64_t kept_gates(bool reset_after) { return reset_after ? 4 : 3; }

SampleInput sample(const Shape& shape) { return {shape, DType::F64, -1, 1}; }
SampleInput share(const Shape& shape) { return {shape, DType::F64, 0.1, 0.9}; }

}  // namespace

Specs Gru::infer(Operands x) const {
  require_inputs(name(), x, 4);
  const Array& of_x = x[0].array();
  const SequenceSizes s(name(), of_x, kParts);
  require_shape(name(), "w", of_x, x[1].array(), s.weight());
  require_shape(name(), "b", of_x, x[2].array(), Shape{kParts * s.width});
  require_shape(name(), "h0", of_x, x[3].array(), s.state());
  return {Spec{s.states(), of_x.dtype(), of_x.device()},
          Spec{Shape{s.steps, s.batch, kept_gates(reset_after) * s.width}, of_x.dtype(), of_x.device()}};
}

Arrays Gru::vjp(const Arrays& x, std::span<const Array> y, std::span<const Array> g, Wanted wanted) const {
  const GruGrad grad{reverse, reset_after, g[1].defined()};
  std::vector<Array> inputs{x[1], x[3], y[0], y[1], g[0].defined() ? g[0] : zeros_like(y[0])};
  if (g[1].defined()) inputs.push_back(g[1]);
  const Arrays down = run_all(grad, lent(inputs));
  const Array& ds = down[reset_after ? 2 : 0];
  Array dw, db;
  if (wanted[1]) {
    const Array rows = rows_of_all(ds), earlier = before(x[3], y[0], reverse);
    if (reset_after) {
      dw = matmul(rows, rows_of_all(earlier), true, false);
    } else {
      const std::int64_t width = x[3].shape()[1];
      const Array recalled = earlier * narrow(y[1], 2, 0, width);
      dw = cat({matmul(narrow(rows, 1, 0, 2 * width), rows_of_all(earlier), true, false),
                matmul(narrow(rows, 1, 2 * width, width), rows_of_all(recalled), true, false)},
               0);
    }
  }
  if (wanted[2]) db = reshape(reduce(ReduceFn::Sum, rows_of_all(ds), 0), Shape{ds.shape()[2]});
  Arrays grads{down[0], dw, db};
  grads.push_back(down[1]);
  return grads;
}

Arrays Gru::lower(const Arrays& x) const {
  const SequenceSizes s(name(), x[0], kParts);
  const std::int64_t n = s.width;
  std::vector<Array> hs(static_cast<std::size_t>(s.steps)), gates = hs;
  const auto of_state = [&](const Array& h, std::int64_t first, std::int64_t count) {
    return matmul(h, narrow(x[1], 0, first * n, count * n), false, true) + narrow(x[2], 0, first * n, count * n);
  };
  Array h = x[3];
  for (std::int64_t i = 0; i < s.steps; ++i) {
    const std::int64_t t = reverse ? s.steps - 1 - i : i;
    const Array of_x = at_step(x[0], t), sum = narrow(of_x, 1, 0, 2 * n) + of_state(h, 0, 2);
    const Array r = sigmoid(gate(sum, 0, n)), z = sigmoid(gate(sum, 1, n));
    const Array recalled = reset_after ? of_state(h, 2, 1) : of_state(r * h, 2, 1);
    const Array fresh = tanh(gate(of_x, 2, n) + (reset_after ? r * recalled : recalled));
    h = (1.0 - z) * fresh + z * h;
    const auto at = static_cast<std::size_t>(t);
    hs[at] = h, gates[at] = reset_after ? cat({r, z, fresh, recalled}, 1) : cat({r, z, fresh}, 1);
  }
  return {as_steps(hs), as_steps(gates)};
}

SamplesOf<Gru> Gru::samples() {
  SamplesOf<Gru> all;
  for (const bool reset_after : {true, false}) {
    all.push_back({{false, reset_after}, {sample({3, 2, 6}), sample({6, 2}), sample({6}), sample({2, 2})}});
    all.push_back({{true, reset_after}, {sample({2, 5, 3}), sample({3, 1}), sample({3}), sample({5, 1})}});
  }
  return all;
}

Specs GruGrad::infer(Operands x) const {
  require_inputs(name(), x, of_gates ? 6 : 5);
  const Array& gates = x[3].array();
  const SequenceSizes s(name(), gates, kept_gates(reset_after));
  require_shape(name(), "w", gates, x[0].array(), Shape{kParts * s.width, s.width});
  require_shape(name(), "h0", gates, x[1].array(), s.state());
  require_shape(name(), "h", gates, x[2].array(), s.states());
  require_shape(name(), "gh", gates, x[4].array(), s.states());
  if (of_gates) require_shape(name(), "ggates", gates, x[5].array(), gates.shape());
  const Spec parts{Shape{s.steps, s.batch, kParts * s.width}, gates.dtype(), gates.device()};
  Specs specs{parts, Spec{s.state(), gates.dtype(), gates.device()}};
  if (reset_after) specs.push_back(parts);
  return specs;
}

Arrays GruGrad::lower(const Arrays& x) const {
  const SequenceSizes s(name(), x[3], kept_gates(reset_after));
  const std::int64_t n = s.width;
  const Array earlier = before(x[1], x[2], reverse);
  const Array w_gates = narrow(x[0], 0, 0, 2 * n), w_new = narrow(x[0], 0, 2 * n, n);
  std::vector<Array> dxs(static_cast<std::size_t>(s.steps)), dss = dxs;
  Array dh = zeros_like(x[1]);
  for (std::int64_t i = 0; i < s.steps; ++i) {
    const std::int64_t t = reverse ? i : s.steps - 1 - i;
    const Array g = at_step(x[3], t), h = at_step(earlier, t), more = of_gates ? at_step(x[5], t) : Array();
    const auto with_more = [&](const Array& slope, std::int64_t number) {
      return of_gates ? slope + gate(more, number, n) : slope;
    };
    const Array r = gate(g, 0, n), z = gate(g, 1, n), fresh = gate(g, 2, n);
    dh = dh + at_step(x[4], t);
    const Array dn = with_more(dh * (1.0 - z), 2) * (1.0 - fresh * fresh);
    const Array dz = with_more(dh * (h - fresh), 1) * z * (1.0 - z);
    const Array ds = reset_after ? with_more(dn * r, 3) : dn;
    const Array back = reset_after ? Array() : matmul(ds, w_new);
    const Array dr = with_more(reset_after ? dn * gate(g, 3, n) : back * h, 0) * r * (1.0 - r);
    const Array slopes = cat({dr, dz}, 1);
    dh = dh * z + matmul(slopes, w_gates) + (reset_after ? matmul(ds, w_new) : back * r);
    const auto at = static_cast<std::size_t>(t);
    dxs[at] = cat({slopes, dn}, 1);
    if (reset_after) dss[at] = cat({slopes, ds}, 1);
  }
  Arrays down{as_steps(dxs), dh};
  if (reset_after) down.push_back(as_steps(dss));
  return down;
}

SamplesOf<GruGrad> GruGrad::samples() {
  SamplesOf<GruGrad> all;
  for (const bool reset_after : {true, false}) {
    const Shape gates{2, 3, kept_gates(reset_after) * 2};
    std::vector<SampleInput> x{sample({6, 2}), sample({3, 2}), sample({2, 3, 2}), share(gates), sample({2, 3, 2})};
    all.push_back({{false, reset_after}, x});
    all.push_back({{true, reset_after}, x});
    x.push_back(sample(gates));
    all.push_back({{false, reset_after, true}, x});
  }
  return all;
}

}  // namespace fornax::op
