#include <fornax/functional/rnnt_loss.hpp>

#include <string>

#include <fornax/array/interpreter.hpp>
#include <fornax/functional/common.hpp>
#include <fornax/ops/functions/scanning.hpp>

namespace fornax::functional {

namespace {

using namespace impl;

// The labels, 0 beyond each target's end.
Numbers labels_of(const Array& targets, const Numbers& lengths, std::int64_t blank, std::int64_t classes) {
  constexpr std::string_view name = "rnnt_loss";
  Numbers labels = integers_of(name, "targets", targets);
  const std::int64_t most = targets.shape()[1];
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto n = static_cast<std::int64_t>(i) / most, u = static_cast<std::int64_t>(i) % most;
    if (u >= lengths[static_cast<std::size_t>(n)]) {
      labels[i] = 0;
    } else if (labels[i] < 0 || labels[i] >= classes) {
      throw IndexError(name, "label " + std::to_string(labels[i]) + " of target " + std::to_string(n) +
                                 " is outside [0, " + std::to_string(classes) + ")");
    } else if (labels[i] == blank) {
      throw ValueError(name, "target " + std::to_string(n) + " holds the blank, " + std::to_string(blank));
    }
  }
  return labels;
}

}  // namespace

Array rnnt_loss(const Array& logits, const Array& targets, const Array& input_lengths, const Array& target_lengths,
                std::int64_t blank, Reduction reduction) {
  constexpr std::string_view name = "rnnt_loss";
  require_floats(name, {&logits});
  require_rank(name, "the logits", logits, 4);
  require_defined(name, {&targets});
  const std::int64_t samples = logits.shape()[0], steps = logits.shape()[1], states = logits.shape()[2],
                     classes = logits.shape()[3];
  if (steps < 1 || states < 1)
    throw ShapeError(name,
                     "the logits have shape " + logits.shape().str() + "; need [N, T, U + 1, C] with T at least 1");
  require_shape(name, "targets", targets, Shape{samples, states - 1});
  if (blank < 0 || blank >= classes)
    throw IndexError(name,
                     "blank is " + std::to_string(blank) + ", the classes are [0, " + std::to_string(classes) + ")");
  Numbers ends = lengths_of(name, "input lengths", input_lengths, samples, steps);
  const Numbers lengths = lengths_of(name, "target lengths", target_lengths, samples, states - 1);
  for (std::int64_t& n : ends)
    if (--n < 0) throw ValueError(name, "one of the input lengths is 0; must be in [1, " + std::to_string(steps) + "]");
  const Numbers labels = labels_of(targets, lengths, blank, classes);
  if (samples == 0) return reduced(zeros_like(logits, Shape{0}), reduction);

  const Array log_probs = fornax::log_softmax(logits, -1);
  const std::vector<Array> reads = unstacked(squeeze(narrow(log_probs, 3, blank, 1), 3), 1);  // [N, U + 1], T times
  // What it costs to write the first u labels at time t: the recursion over u is then a running sum.
  Array written = zeros_like(logits, Shape{samples, steps, 1});
  if (states > 1) {
    const Array index = broadcast_to(host_values(logits, labels, Shape{samples, 1, states - 1, 1}),
                                     Shape{samples, steps, states - 1, 1});
    written = cat({written, cumsum(squeeze(gather(narrow(log_probs, 2, 0, states - 1), 3, index), 3), 2)}, 2);
  }
  const std::vector<Array> writes = unstacked(written, 1);
  std::vector<Array> paths;  // log of the sum over all paths to (t, u), and of reading on there
  Array alpha = writes[0];
  for (std::size_t t = 0; t < writes.size(); ++t) {
    if (t > 0) alpha = writes[t] + logcumsumexp(paths.back() - writes[t], 1);
    paths.push_back(alpha + reads[t]);
  }
  const Array time = broadcast_to(host_values(logits, ends, Shape{1, samples, 1}), Shape{1, samples, states});
  const Array last = squeeze(gather(stacked(paths, 0), 0, time), 0);
  return reduced(-squeeze(gather(last, 1, host_values(logits, lengths, Shape{samples, 1})), 1), reduction);
}

}  // namespace fornax::functional
