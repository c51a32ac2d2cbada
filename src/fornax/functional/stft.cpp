#include <algorithm>

#include <fornax/functional/signal.hpp>
#include <fornax/ops/functions.hpp>
#include <fornax/ops/matrix.hpp>

namespace fornax::signal {

namespace {

std::string text(std::int64_t n) { return std::to_string(n); }

void require_frames(std::string_view operation, const Array& window, const Frames& frames) {
  require_defined(operation, window);
  if (frames.size < 1 || frames.hop < 1)
    throw ValueError(operation, "frames of " + text(frames.size) + " samples every " + text(frames.hop) +
                                    "; both must be 1 at least");
  if (window.rank() != 1 || window.numel() == 0 || window.numel() > frames.size)
    throw ShapeError(operation, "the window has shape " + window.shape().str() + "; it must be a vector of at most " +
                                    text(frames.size) + " values");
}

/// The window in the middle of a frame.
Array centered(const Array& window, std::int64_t size) {
  const std::int64_t rest = size - window.numel();
  if (rest == 0) return window;
  return cat({zeros_like(window, Shape{rest / 2}), window, zeros_like(window, Shape{rest - rest / 2})}, 0);
}

/// Position of every sample of every frame: [frames, size].
Array positions(const Array& like, std::int64_t count, const Frames& frames) {
  return reshape(counting(like, count) * Scalar(frames.hop), Shape{count, 1}) + counting(like, frames.size);
}

}  // namespace

Complex<Array> stft(const Array& x, const Array& window, const Frames& frames) {
  constexpr std::string_view operation = "stft";
  require_frames(operation, window, frames);
  require_defined(operation, x);
  require_same_type(operation, x, window);
  if (x.rank() == 0) throw ShapeError(operation, "a tensor of rank 0 has no samples");
  const int last = x.rank() - 1;
  const std::int64_t samples = x.shape()[last], before = frames.centered ? frames.size / 2 : 0;
  if (before > 0 && before >= samples)
    throw ShapeError(operation, text(samples) + " samples cannot be mirrored over " + text(before) + " more");
  const std::int64_t all = samples + 2 * before;
  if (all < frames.size)
    throw ShapeError(operation, text(samples) + " samples are too few for a frame of " + text(frames.size));
  const std::int64_t count = (all - frames.size) / frames.hop + 1;
  // Mirrored positions count from the other side: -1 is 1, and samples is samples - 2.
  Array at = reshape(positions(x, count, frames), Shape{count * frames.size}) - Scalar(before);
  if (before > 0) {
    at = unary(UnaryFn::Abs, at);
    at = binary(BinaryFn::Minimum, at, Scalar(2 * (samples - 1)) - at);
  }
  Shape shape = x.shape().with(last, count).inserted(last + 1, frames.size);
  const Array framed = reshape(select(x, last, at), shape) * centered(window, frames.size);
  const Complex<Array> z = rfft(framed);
  return {transpose(z.re), transpose(z.im)};
}

Array istft(const Complex<Array>& z, const Array& window, const Frames& frames, std::optional<std::int64_t> length) {
  constexpr std::string_view operation = "istft";
  require_frames(operation, window, frames);
  require_defined(operation, z.re);
  require_defined(operation, z.im);
  require_same_type(operation, z.re, window);
  const int rank = z.re.rank();
  if (rank < 2 || z.re.shape()[rank - 2] != frames.size / 2 + 1 || z.re.shape()[rank - 1] == 0)
    throw ShapeError(operation,
                     "needs shape [..., " + text(frames.size / 2 + 1) + ", frames], got " + z.re.shape().str());
  const std::int64_t count = z.re.shape()[rank - 1], before = frames.centered ? frames.size / 2 : 0;
  if (count > (std::int64_t{1} << 58) / std::max(frames.hop, frames.size))
    throw ShapeError(operation, "the signal of " + text(count) + " frames is too long");
  const std::int64_t all = frames.size + frames.hop * (count - 1);
  const Array weight = centered(window, frames.size);
  const Array framed = irfft({transpose(z.re), transpose(z.im)}, frames.size) * weight;
  const Array at = reshape(positions(window, count, frames), Shape{count * frames.size});
  const auto added_up = [&](const Array& pieces) {
    const Shape b = batch_of(pieces.shape());
    const Array flat = reshape(pieces, b.inserted(b.rank(), count * frames.size));
    return select_assign(zeros_like(flat, b.inserted(b.rank(), all)), -1, at, flat, Update::Add);
  };
  const std::int64_t longest = all - 2 * before, n = length.value_or(longest);
  if (n < 0 || n > std::int64_t{1} << 58) throw ValueError(operation, "cannot make " + text(n) + " samples");
  // What was mirrored is cut off; a given length may take back from the end what is there.
  const std::int64_t kept = std::clamp<std::int64_t>(length ? std::min(n, all - before) : longest, 0, all);
  const Array sum = narrow(added_up(framed), -1, before, kept);
  const Array squares = broadcast_to(weight * weight, Shape{count, frames.size});
  const Array envelope = narrow(added_up(squares), -1, before, kept);
  constexpr double kNothing = 1e-11;
  if (kept > 0 && reduce_all(ReduceFn::Min, envelope).item() < kNothing)
    throw ValueError(operation, "the squared windows add up to less than 1e-11 somewhere: there the signal is lost");
  Array y = sum / envelope;
  if (n <= kept) return y;
  return cat({y, zeros_like(y, y.shape().with(y.rank() - 1, n - kept))}, -1);
}

}  // namespace fornax::signal
