// Recurrent layers over x [T, N, In], one step after another. The backward direction runs from the end.

#include "compose.hpp"

namespace fornax::conformance {

namespace {

Array sigmoid(const Array& x) { return unary(UnaryFn::Sigmoid, x); }

Array joined(const std::vector<Array>& parts, std::int64_t dim) {
  std::vector<Operand> operands;
  for (const Array& p : parts) operands.emplace_back(p);
  return cat(operands, dim);
}

Array stacked(const std::vector<Array>& parts) {
  std::vector<Array> raised;
  for (const Array& p : parts) raised.push_back(unsqueeze(p, 0));
  return joined(raised, 0);
}

// Gate number i of rows [N, gates * H].
Array gate(const Array& rows, std::int64_t i, std::int64_t width) { return narrow(rows, 1, i * width, width); }

void require_sequence(const char* operation, const Array& x) {
  if (x.rank() != 3 || x.shape()[0] == 0)
    throw ShapeError(operation, x.shape().str() + " is not [T, N, In] with T >= 1");
}

// Runs step(x_t) over all t, in reverse if asked; returns what it gives at each t.
template <class F> std::vector<Array> over_time(const Array& x, bool backwards, F step) {
  const std::int64_t length = x.shape()[0];
  std::vector<Array> results(static_cast<std::size_t>(length));
  for (std::int64_t i = 0; i < length; ++i) {
    const std::int64_t t = backwards ? length - 1 - i : i;
    results[static_cast<std::size_t>(t)] = step(part(x, 0, t));
  }
  return results;
}

// Inputs: x, h0 [D, N, H], c0 [D, N, H], then w_ih, w_hh, b of each direction; gates i, f, g, o.
Arrays lstm(const Call& c) {
  require_sequence("lstm", c[0]);
  const std::size_t directions = c.attrs.flag("bidirectional", false) ? 2 : 1;
  const std::int64_t width = c[1].shape()[checked_dim("lstm", -1, c[1].rank())];
  std::vector<Array> outputs, last_h, last_c;
  for (std::size_t d = 0; d < directions; ++d) {
    const Array &w_ih = c[3 + 3 * d], &w_hh = c[4 + 3 * d], &b = c[5 + 3 * d];
    Array h = part(c[1], 0, static_cast<std::int64_t>(d)), cell = part(c[2], 0, static_cast<std::int64_t>(d));
    outputs.push_back(stacked(over_time(c[0], d == 1, [&](const Array& x) {
      const Array g = linear(x, w_ih, &b) + linear(h, w_hh, nullptr);
      cell = sigmoid(gate(g, 1, width)) * cell + sigmoid(gate(g, 0, width)) * tanh(gate(g, 2, width));
      h = sigmoid(gate(g, 3, width)) * tanh(cell);
      return h;
    })));
    last_h.push_back(h);
    last_c.push_back(cell);
  }
  return {joined(outputs, -1), stacked(last_h), stacked(last_c)};
}

// Inputs: x, h0 [D, N, H], then w_ih, w_hh, b_ih, b_hh of each direction; gates r, z, n.
Arrays gru(const Call& c) {
  require_sequence("gru", c[0]);
  const std::size_t directions = c.attrs.flag("bidirectional", false) ? 2 : 1;
  const bool reset_after = c.attrs.flag("reset_after", true);
  const std::int64_t width = c[1].shape()[checked_dim("gru", -1, c[1].rank())];
  std::vector<Array> outputs, last;
  for (std::size_t d = 0; d < directions; ++d) {
    const Array &w_ih = c[2 + 4 * d], &w_hh = c[3 + 4 * d], &b_ih = c[4 + 4 * d], &b_hh = c[5 + 4 * d];
    Array h = part(c[1], 0, static_cast<std::int64_t>(d));
    outputs.push_back(stacked(over_time(c[0], d == 1, [&](const Array& x) {
      const Array of_x = linear(x, w_ih, &b_ih), of_h = linear(h, w_hh, &b_hh);
      const Array reset = sigmoid(gate(of_x, 0, width) + gate(of_h, 0, width));
      const Array update = sigmoid(gate(of_x, 1, width) + gate(of_h, 1, width));
      Array recalled;
      if (reset_after) {
        recalled = reset * gate(of_h, 2, width);
      } else {
        const Array bias = narrow(b_hh, 0, 2 * width, width);
        recalled = linear(reset * h, narrow(w_hh, 0, 2 * width, width), &bias);
      }
      h = (1.0 - update) * tanh(gate(of_x, 2, width) + recalled) + update * h;
      return h;
    })));
    last.push_back(h);
  }
  return {joined(outputs, -1), stacked(last)};
}

// Inputs: x, h0 [N, H], w_ih, w_hh, b.
Arrays rnn_tanh(const Call& c) {
  require_sequence("rnn_tanh", c[0]);
  Array h = c[1];
  const Array y = stacked(over_time(c[0], false, [&](const Array& x) {
    h = tanh(linear(x, c[2], &c[4]) + linear(h, c[3], nullptr));
    return h;
  }));
  return {y, h};
}

constexpr Row kRows[] = {{"lstm", lstm}, {"gru", gru}, {"rnn_tanh", rnn_tanh}};

}  // namespace

std::span<const Row> recurrent_rows() { return kRows; }

}  // namespace fornax::conformance
