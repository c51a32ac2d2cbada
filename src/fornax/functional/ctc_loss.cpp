#include <fornax/functional/ctc_loss.hpp>

#include <algorithm>
#include <limits>

#include <fornax/array/interpreter.hpp>
#include <fornax/array/tensor_data.hpp>
#include <fornax/functional/common.hpp>

namespace fornax::functional {

namespace {

using namespace impl;

constexpr double kInf = std::numeric_limits<double>::infinity();

// The targets with blanks between, before and behind their labels, and what follows from them; all [N, states].
struct Plan {
  std::int64_t states = 1;
  Numbers input_lengths, target_lengths;
  Numbers labels;  // blank beyond the target's end
  Numbers skips;   // 1 where a state may be reached from two before it: a label that differs from the one before it
  Numbers ends;    // 1 for the two states in which an alignment may end
};

Plan plan_of(std::string_view operation, const Array& x, const Array& targets, const Array& input_lengths,
             const Array& target_lengths, std::int64_t blank) {
  require_floats(operation, {&x});
  require_rank(operation, "the input", x, 3);
  const std::int64_t samples = x.shape()[1], classes = x.shape()[2];
  if (blank < 0 || blank >= classes)
    throw IndexError(operation,
                     "blank is " + std::to_string(blank) + ", the classes are [0, " + std::to_string(classes) + ")");
  const Numbers target = integers_of(operation, "targets", targets);
  const bool flat = targets.rank() == 1;
  if (!flat && (targets.rank() != 2 || targets.shape()[0] != samples))
    throw ShapeError(operation, "the targets have shape " + targets.shape().str() + ", the input " + x.shape().str() +
                                    "; needs [N, S], or one target after another");
  Plan p;
  p.input_lengths = lengths_of(operation, "input lengths", input_lengths, samples, x.shape()[0]);
  p.target_lengths =
      lengths_of(operation, "target lengths", target_lengths, samples, flat ? targets.numel() : targets.shape()[1]);
  std::int64_t longest = 0, sum = 0;
  for (const std::int64_t n : p.target_lengths) longest = std::max(longest, n), sum += n;
  if (flat && sum != targets.numel())
    throw ShapeError(operation, "the target lengths add up to " + std::to_string(sum) + ", there are " +
                                    std::to_string(targets.numel()) + " labels");
  p.states = 2 * longest + 1;
  const auto size = static_cast<std::size_t>(Shape{samples, p.states}.numel());
  p.labels.assign(size, blank);
  p.skips.assign(size, 0);
  p.ends.assign(size, 0);
  std::int64_t start = 0;
  for (std::int64_t n = 0; n < samples; ++n) {
    const std::int64_t length = p.target_lengths[static_cast<std::size_t>(n)];
    const auto row = static_cast<std::size_t>(n * p.states);
    const auto first = static_cast<std::size_t>(flat ? start : n * targets.shape()[1]);
    for (std::size_t i = 0; i < static_cast<std::size_t>(length); ++i) {
      const std::int64_t label = target[first + i];
      if (label < 0 || label >= classes)
        throw IndexError(operation, "label " + std::to_string(label) + " of target " + std::to_string(n) +
                                        " is outside [0, " + std::to_string(classes) + ")");
      if (label == blank)
        throw ValueError(operation, "target " + std::to_string(n) + " holds the blank, " + std::to_string(blank));
      p.labels[row + 2 * i + 1] = label;
      p.skips[row + 2 * i + 1] = i > 0 && label != target[first + i - 1];
    }
    p.ends[row + static_cast<std::size_t>(2 * length)] = 1;
    if (length > 0) p.ends[row + static_cast<std::size_t>(2 * length - 1)] = 1;
    start += length;
  }
  return p;
}

// log(sum of exp) along a dim, which goes away; -inf where all terms are, with gradient 0. Any shift gives the same
// value, so none needs a gradient.
Array log_sum(const Array& terms, int dim) {
  const Array largest = detach(reduce(ReduceFn::Max, terms, dim));
  const Array shift = where(unary(UnaryFn::IsFinite, largest), largest, 0.0);
  const Array sum = reduce(ReduceFn::Sum, exp(terms - shift), dim), none = equal(sum, 0.0);
  return squeeze(where(none, -kInf, log(where(none, 1.0, sum)) + shift), dim);
}

// [N] negative log-likelihoods.
Array losses(const Array& x, const Plan& p) {
  const std::int64_t length = x.shape()[0], samples = x.shape()[1], s = p.states;
  const Shape shape{samples, s};
  const Array labels = host_values(x, p.labels, shape);
  const Array skips = host_values(x, p.skips, shape, DType::Bool);
  const Array emitted = gather(x, 2, broadcast_to(unsqueeze(labels, 0), Shape{length, samples, s}));
  const Array two_before = full_like(zeros_like(x, Shape{samples, 2}), -kInf);
  const Array one_before = full_like(zeros_like(x, Shape{samples, 1}), -kInf);
  const Array lengths = host_values(x, p.input_lengths, Shape{samples, 1});
  const std::int64_t shortest = *std::min_element(p.input_lengths.begin(), p.input_lengths.end());

  // Before the first step only state "-1" is possible, from which states 0 and 1 are reached.
  Array alpha = full_like(zeros_like(x, shape), -kInf);
  alpha = where(equal(counting(x, s), 0), 0.0, alpha);
  const std::vector<Array> steps = unstacked(emitted, 0);
  for (std::size_t t = 0; t < steps.size(); ++t) {
    Array next;
    if (t == 0) {
      next = where(lower_equal(counting(x, s), 1), steps[0], -kInf);
    } else {
      const Array from_before = s > 1 ? cat({one_before, narrow(alpha, 1, 0, s - 1)}, 1) : one_before;
      const Array from_two = s > 1 ? cat({two_before, narrow(alpha, 1, 0, s - 2)}, 1) : one_before;
      const Array ways[] = {alpha, from_before, where(skips, from_two, -kInf)};
      next = log_sum(stacked(ways, 0), 0) + steps[t];
    }
    // A sample that has ended stays as it is.
    const auto step = static_cast<std::int64_t>(t);
    alpha = step < shortest ? next : where(greater(lengths, step), next, alpha);
  }
  return -log_sum(where(host_values(x, p.ends, shape, DType::Bool), alpha, -kInf), 1);
}

Array ctc(std::string_view operation, const Array& log_probs, const Array& targets, const Array& input_lengths,
          const Array& target_lengths, const Ctc& options, Reduction reduction) {
  const Plan p = plan_of(operation, log_probs, targets, input_lengths, target_lengths, options.blank);
  const std::int64_t samples = log_probs.shape()[1];
  Array loss = samples == 0 ? zeros_like(log_probs, Shape{0}) : losses(log_probs, p);
  if (options.zero_infinity) loss = where(equal(loss, kInf), 0.0, loss);
  if (reduction == Reduction::Mean) {
    Numbers divisors = p.target_lengths;
    for (std::int64_t& n : divisors) n = std::max<std::int64_t>(n, 1);
    loss = loss / cast(host_values(log_probs, divisors, Shape{samples}), log_probs.dtype());
  }
  return reduced(loss, reduction);
}

}  // namespace

Array ctc_loss(const Array& log_probs, const Array& targets, const Array& input_lengths, const Array& target_lengths,
               const Ctc& options, Reduction reduction) {
  return ctc("ctc_loss", log_probs, targets, input_lengths, target_lengths, options, reduction);
}

Array ctc_loss_from_logits(const Array& logits, const Array& targets, const Array& input_lengths,
                           const Array& target_lengths, const Ctc& options, Reduction reduction) {
  constexpr std::string_view name = "ctc_loss_from_logits";
  require_floats(name, {&logits});
  require_rank(name, "the input", logits, 3);
  return ctc(name, fornax::log_softmax(logits, -1), targets, input_lengths, target_lengths, options, reduction);
}

}  // namespace fornax::functional
