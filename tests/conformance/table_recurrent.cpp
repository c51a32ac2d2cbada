// Recurrent layers over x [T, N, In].

#include <fornax/functional/recurrent.hpp>

#include "compose.hpp"

namespace fornax::conformance {

namespace {

functional::Recurrent options(const Call& c) { return {.bidirectional = c.attrs.flag("bidirectional", false)}; }

// Weights of each direction from input `first` on: w_ih, w_hh, a bias, and a second one if there are four of them.
std::vector<functional::RecurrentWeights> weights(const Call& c, std::size_t first, std::size_t each) {
  std::vector<functional::RecurrentWeights> all;
  const std::size_t directions = options(c).bidirectional ? 2 : 1;
  for (std::size_t d = 0; d < directions; ++d) {
    const std::size_t i = first + each * d;
    all.push_back({c[i], c[i + 1], c[i + 2], each == 4 ? c[i + 3] : Array()});
  }
  return all;
}

Arrays lstm_row(const Call& c) {
  const auto r = functional::lstm(c[0], c[1], c[2], weights(c, 3, 3), options(c));
  return {r.output, r.h, r.c};
}

Arrays gru_row(const Call& c) {
  const auto r = functional::gru(c[0], c[1], weights(c, 2, 4), c.attrs.flag("reset_after", true), options(c));
  return {r.output, r.h};
}

// The state is [N, H], without a dim of layers.
Arrays rnn_tanh_row(const Call& c) {
  const auto r = functional::rnn(c[0], unsqueeze(c[1], 0), weights(c, 2, 3));
  return {r.output, squeeze(r.h, 0)};
}

constexpr Row kRows[] = {{"lstm", lstm_row}, {"gru", gru_row}, {"rnn_tanh", rnn_tanh_row}};

}  // namespace

std::span<const Row> recurrent_rows() { return kRows; }

}  // namespace fornax::conformance
