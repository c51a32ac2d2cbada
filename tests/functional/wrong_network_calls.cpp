// Wrong calls: activations, softmax, attention, normalisation, recurrent networks, embedding, dropout, linear maps.

#include "wrong_calls.hpp"

namespace fornax::test {
namespace {

using namespace functional;

const double kNumber = kNan;

// Functions of one Float array.
void add_plain(WrongCalls& all) {
  const std::pair<const char*, Array (*)(const Array&)> functions[] = {
      {"relu", [](const Array& x) { return functional::relu(x); }},
      {"relu6", [](const Array& x) { return relu6(x); }},
      {"leaky_relu", [](const Array& x) { return leaky_relu(x); }},
      {"rrelu", [](const Array& x) { return rrelu(x); }},
      {"elu", [](const Array& x) { return elu(x); }},
      {"celu", [](const Array& x) { return celu(x); }},
      {"selu", [](const Array& x) { return selu(x); }},
      {"gelu", [](const Array& x) { return gelu(x); }},
      {"silu", [](const Array& x) { return silu(x); }},
      {"mish", [](const Array& x) { return mish(x); }},
      {"softplus", [](const Array& x) { return softplus(x); }},
      {"softsign", [](const Array& x) { return softsign(x); }},
      {"sigmoid", [](const Array& x) { return functional::sigmoid(x); }},
      {"log_sigmoid", [](const Array& x) { return log_sigmoid(x); }},
      {"hard_sigmoid", [](const Array& x) { return hard_sigmoid(x); }},
      {"hardsigmoid", [](const Array& x) { return hardsigmoid(x); }},
      {"hardswish", [](const Array& x) { return hardswish(x); }},
      {"hardtanh", [](const Array& x) { return hardtanh(x); }},
      {"tanhshrink", [](const Array& x) { return tanhshrink(x); }},
      {"hardshrink", [](const Array& x) { return hardshrink(x); }},
      {"softshrink", [](const Array& x) { return softshrink(x); }},
      {"shrink", [](const Array& x) { return shrink(x); }},
      {"threshold", [](const Array& x) { return threshold(x, 1, 2); }},
      {"thresholded_relu", [](const Array& x) { return thresholded_relu(x); }},
      {"dropout", [](const Array& x) { return dropout(x); }},
      {"alpha_dropout", [](const Array& x) { return alpha_dropout(x); }},
      {"rms_norm", [](const Array& x) { return rms_norm(x); }},
      {"rope", [](const Array& x) { return rope(x); }},
      {"gumbel_softmax", [](const Array& x) { return gumbel_softmax(x); }},
  };
  for (const auto& [name, f] : functions) {
    all.push_back({name, Wrong::Value, [f = f] { f(Array()); }, std::string(name) + " of an empty handle"});
    all.push_back({name, Wrong::DType, [f = f] { f(zeros({2, 3}, DType::I64)); }, std::string(name) + " of integers"});
    all.push_back({name, Wrong::DType, [f = f] { f(zeros({2, 3}, DType::Bool)); }, std::string(name) + " of truths"});
  }
}

// clang-format off
void add_activations(WrongCalls& all) {
  const Array none, v = zeros({3}), m = zeros({2, 3}), whole = zeros({3}, DType::I64), small = zeros({2, 3}, DType::F32);
  all.insert(all.end(), {
    WRONG(rrelu, Value, rrelu(v, {.low = 0.5, .high = 0.25})),
    WRONG(rrelu, Value, rrelu(v, {.low = kNumber})),
    WRONG(celu, Value, celu(v, 0)),
    WRONG(softplus, Value, softplus(v, 0)),
    WRONG(softplus, Value, softplus(v, -1)),
    WRONG(hardtanh, Value, hardtanh(v, 1, -1)),
    WRONG(hardshrink, Value, hardshrink(v, -1)),
    WRONG(softshrink, Value, softshrink(v, -0.5)),
    WRONG(shrink, Value, shrink(v, -0.5)),
    WRONG(prelu, Value, prelu(none, v)),
    WRONG(prelu, Value, prelu(m, none)),
    WRONG(prelu, Shape, prelu(m, zeros({2}))),
    WRONG(prelu, Shape, prelu(m, zeros({1, 3}))),
    WRONG(prelu, DType, prelu(m, zeros({3}, DType::F32))),
    WRONG(glu, Value, glu(none)),
    WRONG(glu, DType, glu(zeros({4}, DType::I64))),
    WRONG(glu, Shape, glu(v)),
    WRONG(glu, Index, glu(v, 1)),
    WRONG(swiglu, Value, swiglu(m, none, none)),
    WRONG(swiglu, DType, swiglu(small, zeros({3, 2}), zeros({3, 2}))),
    WRONG(swiglu, Shape, swiglu(m, zeros({2, 2}), zeros({2, 2}))),
    WRONG(swiglu, Shape, swiglu(m, zeros({3, 2}), zeros({3, 4}))),
    WRONG(softmax, DType, functional::softmax(whole, 0)),
    WRONG(softmax, Index, functional::softmax(v, 1)),
    WRONG(softmax, Value, functional::softmax(none, 0)),
    WRONG(log_softmax, DType, functional::log_softmax(whole, 0)),
    WRONG(log_softmax, Index, functional::log_softmax(v, 1)),
    WRONG(log_softmax, Value, functional::log_softmax(none, 0)),
    WRONG(softmin, Value, softmin(none, 0)),
    WRONG(softmin, DType, softmin(whole, 0)),
    WRONG(softmin, Index, softmin(v, -2)),
    WRONG(quiet_softmax, Value, quiet_softmax(none, 0)),
    WRONG(quiet_softmax, DType, quiet_softmax(whole, 0)),
    WRONG(quiet_softmax, Index, quiet_softmax(v, 2)),
    WRONG(gumbel_softmax, Value, gumbel_softmax(v, {.temperature = 0})),
    WRONG(gumbel_softmax, Index, gumbel_softmax(v, {.dim = 1})),
    WRONG(dropout, Value, dropout(v, {.probability = 1.5})),
    WRONG(alpha_dropout, Value, alpha_dropout(v, {.probability = -0.5})),
    WRONG(feature_dropout, Value, feature_dropout(none)),
    WRONG(feature_dropout, DType, feature_dropout(zeros({2, 3}, DType::I64))),
    WRONG(feature_dropout, Shape, feature_dropout(v)),
    WRONG(feature_dropout, Value, feature_dropout(m, {.probability = kNumber})),
  });
}

void add_attention(WrongCalls& all) {
  const Array none, q = zeros({2, 4}), k = zeros({3, 4}), v = zeros({3, 5}), x = zeros({1, 2, 4}), s = zeros({});
  const Array square = zeros({4, 4}), bias = zeros({4});
  const MultiHeadWeights w{square, bias, square, bias, square, bias, square, bias};
  MultiHeadWeights narrow_weights = w, no_weights = w;
  narrow_weights.key = zeros({4, 3}), no_weights.value = none;
  all.insert(all.end(), {
    WRONG(scaled_dot_product_attention, Value, scaled_dot_product_attention(q, none, v)),
    WRONG(scaled_dot_product_attention, Shape, scaled_dot_product_attention(q, zeros({3, 5}), v)),
    WRONG(scaled_dot_product_attention, Shape, scaled_dot_product_attention(q, k, zeros({2, 5}))),
    WRONG(scaled_dot_product_attention, Shape, scaled_dot_product_attention(q, k, v, zeros({3, 2}))),
    WRONG(scaled_dot_product_attention, DType, scaled_dot_product_attention(q, k, v, zeros({2, 3}, DType::I64))),
    WRONG(scaled_dot_product_attention, DType, scaled_dot_product_attention(q, zeros({3, 4}, DType::F32), v)),
    WRONG(scaled_dot_product_attention, Value, scaled_dot_product_attention(q, k, v, {}, {.softcap = -1})),
    WRONG(scaled_dot_product_attention, Value, scaled_dot_product_attention(q, k, v, {}, {.dropout = 2})),
    WRONG(scaled_dot_product_attention, Shape, scaled_dot_product_attention(zeros({4}), k, v)),
    WRONG(multi_head_attention, Value, multi_head_attention(none, x, x, w, 2)),
    WRONG(multi_head_attention, Shape, multi_head_attention(x, x, x, w, 3)),
    WRONG(multi_head_attention, Shape, multi_head_attention(x, x, x, w, 0)),
    WRONG(multi_head_attention, Shape, multi_head_attention(q, q, q, w, 2)),
    WRONG(multi_head_attention, Shape, multi_head_attention(x, x, x, narrow_weights, 2)),
    WRONG(multi_head_attention, Value, multi_head_attention(x, x, x, no_weights, 2)),
    WRONG(rope, Shape, rope(zeros({1, 2, 3}))),
    WRONG(rope, Shape, rope(zeros({1, 2, 2, 3}))),
    WRONG(rope, Value, rope(zeros({1, 2, 2, 4}), {.theta = 0})),
    WRONG(alibi_bias, Value, alibi_bias(none, 1, 2, 2)),
    WRONG(alibi_bias, Value, alibi_bias(s, 0, 2, 2)),
    WRONG(alibi_bias, Value, alibi_bias(s, 1, -2, 2)),
    WRONG(alibi_bias, Value, alibi_bias(s, 1, 2, -2)),
    WRONG(alibi_bias, DType, alibi_bias(zeros({}, DType::I64), 1, 2, 2)),
  });
}

void add_norms(WrongCalls& all) {
  const Array none, x = zeros({2, 3, 4}), c = zeros({3}), four = zeros({4}), v = zeros({3}), whole = zeros({2, 3, 4}, DType::I64);
  static constexpr std::int64_t last[] = {4}, other[] = {5}, many[] = {1, 2, 3, 4};
  all.insert(all.end(), {
    WRONG(batch_norm, Value, batch_norm(none, none, none, none, none).output),
    WRONG(batch_norm, DType, batch_norm(whole, none, none, none, none).output),
    WRONG(batch_norm, Shape, batch_norm(v, none, none, none, none).output),
    WRONG(batch_norm, Shape, batch_norm(x, four, none, none, none).output),
    WRONG(batch_norm, Shape, batch_norm(x, c, c, four, four).output),
    WRONG(batch_norm, Value, batch_norm(x, none, none, none, none, {.training = false}).output),
    WRONG(batch_norm, Value, batch_norm(zeros({1, 3}), none, none, none, none).output),
    WRONG(batch_norm, Value, batch_norm(x, none, none, none, none, {.eps = -1}).output),
    WRONG(batch_norm, Value, batch_norm(x, none, none, c, c, {.momentum = -1}).output),
    WRONG(layer_norm, Value, layer_norm(none, last)),
    WRONG(layer_norm, DType, layer_norm(whole, last)),
    WRONG(layer_norm, Shape, layer_norm(x, other)),
    WRONG(layer_norm, Shape, layer_norm(x, many)),
    WRONG(layer_norm, Shape, layer_norm(x, last, c)),
    WRONG(layer_norm, Value, layer_norm(x, last, four, four, -1)),
    WRONG(rms_norm, Shape, rms_norm(x, c)),
    WRONG(rms_norm, Value, rms_norm(x, four, -1)),
    WRONG(group_norm, Value, group_norm(none, 1)),
    WRONG(group_norm, DType, group_norm(whole, 1)),
    WRONG(group_norm, Shape, group_norm(x, 2)),
    WRONG(group_norm, Shape, group_norm(x, 0)),
    WRONG(group_norm, Shape, group_norm(v, 1)),
    WRONG(group_norm, Shape, group_norm(x, 3, four)),
    WRONG(instance_norm, Value, instance_norm(none)),
    WRONG(instance_norm, DType, instance_norm(whole)),
    WRONG(instance_norm, Shape, instance_norm(x, four)),
    WRONG(instance_norm, Value, instance_norm(x, c, c, -1)),
    WRONG(local_response_norm, Value, local_response_norm(none)),
    WRONG(local_response_norm, DType, local_response_norm(whole)),
    WRONG(local_response_norm, Value, local_response_norm(x, {.size = 0})),
    WRONG(local_response_norm, Shape, local_response_norm(v)),
  });
}

void add_recurrent(WrongCalls& all) {
  const Array none, x = zeros({5, 2}), h = zeros({5, 3}), wide = zeros({5, 4}), seq = zeros({4, 5, 2}), small = zeros({5, 3}, DType::F32);
  const auto gates = [](std::int64_t n) { return RecurrentWeights{zeros({3 * n, 2}), zeros({3 * n, 3}), zeros({3 * n}), zeros({3 * n})}; };
  const RecurrentWeights one = gates(1), three = gates(3), four = gates(4);
  const std::vector<RecurrentWeights> rnn1{one}, gru1{three}, lstm1{four}, nothing;
  const Array h1 = zeros({1, 5, 3}), h2 = zeros({2, 5, 3});
  all.insert(all.end(), {
    WRONG(rnn_cell, Value, rnn_cell(none, h, one)),
    WRONG(rnn_cell, Shape, rnn_cell(x, wide, one)),
    WRONG(rnn_cell, Shape, rnn_cell(wide, h, one)),
    WRONG(rnn_cell, DType, rnn_cell(x, small, one)),
    WRONG(rnn_cell, Shape, rnn_cell(x, h, three)),
    WRONG(gru_cell, Value, gru_cell(x, none, three)),
    WRONG(gru_cell, Shape, gru_cell(x, h, one)),
    WRONG(gru_cell, Shape, gru_cell(x, zeros({4, 3}), three)),
    WRONG(gru_cell, DType, gru_cell(x, small, three)),
    WRONG(lstm_cell, Value, lstm_cell(x, {h, none}, four)),
    WRONG(lstm_cell, Shape, lstm_cell(x, {h, wide}, four)),
    WRONG(lstm_cell, Shape, lstm_cell(x, {h, h}, three)),
    WRONG(lstm_cell, DType, lstm_cell(x, {small, h}, four)),
    WRONG(rnn, Value, rnn(none, h1, rnn1)),
    WRONG(rnn, Value, rnn(seq, none, nothing)),
    WRONG(rnn, Shape, rnn(seq, h2, rnn1)),
    WRONG(rnn, Shape, rnn(x, none, rnn1)),
    WRONG(rnn, Value, rnn(seq, none, rnn1, Rnn::Tanh, {.bidirectional = true})),
    WRONG(rnn, Value, rnn(seq, none, rnn1, Rnn::Tanh, {.dropout = 2})),
    WRONG(gru, Value, gru(none, h1, gru1)),
    WRONG(gru, Shape, gru(seq, none, rnn1)),
    WRONG(gru, Shape, gru(zeros({0, 5, 2}), none, gru1)),
    WRONG(gru, DType, gru(zeros({4, 5, 2}, DType::I64), none, gru1)),
    WRONG(lstm, Value, lstm(none, h1, h1, lstm1)),
    WRONG(lstm, Shape, lstm(seq, h1, h2, lstm1)),
    WRONG(lstm, Shape, lstm(seq, none, none, gru1)),
    WRONG(lstm, Value, lstm(seq, none, none, nothing)),
  });
}

void add_maps(WrongCalls& all) {
  const Array none, x = zeros({5, 2}), w = zeros({3, 2}), b = zeros({3}), whole = zeros({5}, DType::I64), s = zeros({});
  const Array cube = zeros({4, 2, 3}), y = zeros({5, 3});
  all.insert(all.end(), {
    WRONG(linear, Value, linear(none, w)),
    WRONG(linear, Shape, linear(x, zeros({3, 4}))),
    WRONG(linear, Shape, linear(x, w, zeros({2}))),
    WRONG(linear, Shape, linear(s, w)),
    WRONG(linear, DType, linear(zeros({5, 2}, DType::F32), w)),
    WRONG(linear_io, Value, linear_io(x, none)),
    WRONG(linear_io, Shape, linear_io(x, w)),
    WRONG(linear_io, Shape, linear_io(x, zeros({2, 3}), zeros({2}))),
    WRONG(linear_io, DType, linear_io(zeros({5, 2}, DType::I64), zeros({2, 3}, DType::I64))),
    WRONG(bilinear, Value, bilinear(x, none, cube)),
    WRONG(bilinear, Shape, bilinear(x, x, cube)),
    WRONG(bilinear, Shape, bilinear(x, zeros({4, 3}), cube)),
    WRONG(bilinear, Shape, bilinear(x, y, cube, zeros({3}))),
    WRONG(bilinear, DType, bilinear(x, zeros({5, 3}, DType::F32), cube)),
    WRONG(embedding, Value, embedding(none, whole)),
    WRONG(embedding, DType, embedding(w, x)),
    WRONG(embedding, Shape, embedding(cube, whole)),
    WRONG(embedding, Index, embedding(w, ints({3}))),
    WRONG(embedding, Index, embedding(w, ints({0}), 3)),
    WRONG(embedding_bag, Value, embedding_bag(w, none)),
    WRONG(embedding_bag, Shape, embedding_bag(w, whole)),
    WRONG(embedding_bag, Value, embedding_bag(w, zeros({2, 0}, DType::I64), Bag::Max)),
    WRONG(embedding_bag, Index, embedding_bag(w, ints({-1}, Shape{1, 1}))),
    WRONG(one_hot, Value, functional::one_hot(none)),
    WRONG(one_hot, DType, functional::one_hot(x)),
    WRONG(one_hot, Value, functional::one_hot(ints({}))),
    WRONG(one_hot, Value, functional::one_hot(whole, 0)),
    WRONG(one_hot, Index, functional::one_hot(ints({2}), 2)),
    WRONG(one_hot, Index, functional::one_hot(ints({-1}))),
  });
}
// clang-format on

}  // namespace

WrongCalls network_calls() {
  WrongCalls all;
  add_plain(all);
  add_activations(all);
  add_attention(all);
  add_norms(all);
  add_recurrent(all);
  add_maps(all);
  return all;
}

}  // namespace fornax::test
