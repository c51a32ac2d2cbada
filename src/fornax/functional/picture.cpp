#include <fornax/functional/picture.hpp>

#include <fornax/ops/functions.hpp>

namespace fornax::functional {

namespace {

// c where it lies between the outermost pixels, else the nearer of these; its slope there is 0. A NaN becomes 0.
Array clipped(const Array& c, std::int64_t size) {
  const auto last = static_cast<double>(size - 1);
  return where(greater(c, 0.0), where(greater_equal(c, last), last, c), 0.0);
}

// c mirrored at the outermost pixels' centres (align_corners) or outer edges, as often as needed.
Array reflected(const Array& c, std::int64_t size, bool align_corners) {
  const double low = align_corners ? 0 : -0.5, span = static_cast<double>(align_corners ? size - 1 : size);
  if (span == 0) return zeros_like(c);
  const Array from_low = c - low;
  const Array distance = where(greater_equal(from_low, 0.0), from_low, -from_low);
  const Array rest = with_scalar(ScalarFn::Fmod, distance, span);
  const Array turned = equal(with_scalar(ScalarFn::Fmod, floor(distance / span), 2.0), 1.0);
  return where(turned, span - rest, rest) + low;
}

}  // namespace

Picture::Picture(const Array& x, std::int64_t samples, SamplePadding padding, bool align_corners)
    : padding_(padding), align_corners_(align_corners), shape_(x.shape()), dims_(x.rank() - 2) {
  std::vector<std::int64_t> order{0};
  std::int64_t plane = 1;
  for (int d = 0; d < dims_; ++d) {
    order.push_back(d + 2);
    plane *= size(d);
  }
  order.push_back(1);
  const std::int64_t images = shape_[0];
  rows_ = reshape(permute(x, order), Shape{images * plane, shape_[1]});
  const Array number = arange(*x.interpreter(), 0, images, 1, DType::I64, x.device()) * Scalar(plane);
  const Shape each{images, images == 0 ? 0 : samples / images};
  first_ = reshape(broadcast_to(reshape(number, Shape{images, 1}), each), Shape{samples});
}

Array Picture::padded(const Array& c, int d) const {
  switch (padding_) {
    case SamplePadding::Border: return clipped(c, size(d));
    case SamplePadding::Reflection: return clipped(reflected(c, size(d), align_corners_), size(d));
    default: return c;
  }
}

Array Picture::at(const Positions& places) const {
  Array index = first_, inside;
  std::int64_t step = 1;
  for (int d = dims_ - 1; d >= 0; --d) {
    const Array& place = places[static_cast<std::size_t>(d)];
    const Array here = logical_and(greater_equal(place, 0.0), lower_equal(place, static_cast<double>(size(d) - 1)));
    index = index + reshape(cast(where(here, place, 0.0), DType::I64), first_.shape()) * Scalar(step);
    inside = inside.defined() ? logical_and(inside, here) : here;
    step *= size(d);
  }
  return where(inside, select(rows_, 0, index), 0.0);
}

Array Picture::weighted(const Positions& places, const Array& weight) const {
  return at(places) * cast(weight, rows_.dtype());
}

Array between_pixels(const Picture& x, const Positions& c) {
  const auto dims = static_cast<std::size_t>(x.dims());
  Positions low, t;
  for (std::size_t d = 0; d < dims; ++d) {
    const Array place = x.padded(c[d], static_cast<int>(d));
    low.push_back(floor(place));
    t.push_back(place - low[d]);
  }
  Array sum;
  for (std::size_t corner = 0; corner < std::size_t{1} << dims; ++corner) {
    Positions places;
    Array weight;
    for (std::size_t d = 0; d < dims; ++d) {
      const bool upper = ((corner >> d) & 1u) != 0;
      places.push_back(upper ? low[d] + 1.0 : low[d]);
      const Array part = upper ? t[d] : 1.0 - t[d];
      weight = weight.defined() ? weight * part : part;
    }
    const Array part = x.weighted(places, weight);
    sum = sum.defined() ? sum + part : part;
  }
  return sum;
}

}  // namespace fornax::functional
