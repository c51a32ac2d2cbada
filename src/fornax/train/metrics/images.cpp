#include <fornax/train/metrics/images.hpp>

#include <algorithm>
#include <array>

#include <fornax/nn/config.hpp>
#include <fornax/train/metrics/values.hpp>

namespace fornax::train {

namespace {

using detail::real;

struct Pictures {
  std::vector<double> y, t;
  std::int64_t count = 0, channels = 0, height = 0, width = 0;

  Pictures(const std::string& metric, const Observation& seen) {
    const Array &output = seen.require_output(metric), &target = seen.require_target(metric);
    const Shape& shape = output.shape();
    if (shape.rank() != 4 || !(shape == target.shape()))
      detail::refuse_shapes(metric, output, target, "[N, C, H, W] of both");
    count = shape[0], channels = shape[1], height = shape[2], width = shape[3];
    y = output.to_data().to_vector<double>();
    t = target.to_data().to_vector<double>();
  }
};

struct Plane {
  std::int64_t height, width;
  std::vector<double> values;
  double at(std::int64_t i, std::int64_t j) const { return values[static_cast<std::size_t>(i * width + j)]; }
};

Plane plane_of(const std::vector<double>& all, const Pictures& p, std::int64_t number) {
  const auto begin = all.begin() + static_cast<std::ptrdiff_t>(number * p.height * p.width);
  return {p.height, p.width, {begin, begin + static_cast<std::ptrdiff_t>(p.height * p.width)}};
}

Plane product(const Plane& a, const Plane& b) {
  Plane c = a;
  for (std::size_t i = 0; i < c.values.size(); ++i) c.values[i] *= b.values[i];
  return c;
}

Plane halved(const Plane& a) {
  Plane half{a.height / 2, a.width / 2, {}};
  for (std::int64_t i = 0; i < half.height; ++i)
    for (std::int64_t j = 0; j < half.width; ++j)
      half.values.push_back(
          (a.at(2 * i, 2 * j) + a.at(2 * i, 2 * j + 1) + a.at(2 * i + 1, 2 * j) + a.at(2 * i + 1, 2 * j + 1)) / 4);
  return half;
}

// Where the window lies inside: rows, then columns.
Plane filtered(const Plane& a, const std::vector<double>& window) {
  const auto w = static_cast<std::int64_t>(window.size());
  Plane rows{a.height, a.width - w + 1, {}};
  for (std::int64_t i = 0; i < rows.height; ++i)
    for (std::int64_t j = 0; j < rows.width; ++j) {
      double sum = 0;
      for (std::int64_t k = 0; k < w; ++k) sum += window[static_cast<std::size_t>(k)] * a.at(i, j + k);
      rows.values.push_back(sum);
    }
  Plane out{a.height - w + 1, rows.width, {}};
  for (std::int64_t i = 0; i < out.height; ++i)
    for (std::int64_t j = 0; j < out.width; ++j) {
      double sum = 0;
      for (std::int64_t k = 0; k < w; ++k) sum += window[static_cast<std::size_t>(k)] * rows.at(i + k, j);
      out.values.push_back(sum);
    }
  return out;
}

void check(const char* metric, const SsimConfig& c) {
  nn::require_positive(metric, "range", c.range);
  nn::require_positive(metric, "sigma", c.sigma);
  nn::require(c.window > 0 && c.window % 2 == 1, metric, "window", c.window, "positive and odd");
}

std::vector<double> gaussian(const SsimConfig& c) {
  std::vector<double> window;
  double sum = 0;
  for (int i = 0; i < c.window; ++i) {
    const double x = i - (c.window - 1) / 2;
    window.push_back(std::exp(-x * x / (2 * c.sigma * c.sigma)));
    sum += window.back();
  }
  for (double& w : window) w /= sum;
  return window;
}

struct Similarity {
  double whole, contrast;  // with the term of means, and without
};

Similarity similarity(const Plane& y, const Plane& t, const SsimConfig& c) {
  const std::vector<double> window = gaussian(c);
  const double c1 = c.k1 * c.range * c.k1 * c.range, c2 = c.k2 * c.range * c.k2 * c.range;
  const Plane my = filtered(y, window), mt = filtered(t, window), yy = filtered(product(y, y), window),
              tt = filtered(product(t, t), window), yt = filtered(product(y, t), window);
  Similarity sum{0, 0};
  for (std::size_t i = 0; i < my.values.size(); ++i) {
    const double a = my.values[i], b = mt.values[i];
    const double contrast = (2 * (yt.values[i] - a * b) + c2) / (yy.values[i] - a * a + tt.values[i] - b * b + c2);
    sum.contrast += contrast;
    sum.whole += contrast * (2 * a * b + c1) / (a * a + b * b + c1);
  }
  const double n = real(my.values.size());
  return {sum.whole / n, sum.contrast / n};
}

void require_size(const std::string& metric, const Pictures& p, std::int64_t least) {
  if (p.count > 0 && std::min(p.height, p.width) < least)
    throw ShapeError(metric, "the pictures have " + std::to_string(p.height) + " x " + std::to_string(p.width) +
                                 " pixels; at least " + std::to_string(least) + " each way would fit");
}

// The mean over channels of f(y, t), summed over pictures.
template <class F> double sum_over(const Pictures& p, const F& f) {
  double sum = 0;
  for (std::int64_t i = 0; i < p.count * p.channels; ++i) sum += f(plane_of(p.y, p, i), plane_of(p.t, p, i));
  return sum / real(p.channels);
}

MetricInfo higher(std::string name, std::string unit = "") {
  return {.name = std::move(name), .unit = std::move(unit), .goal = Goal::Higher};
}

}  // namespace

Psnr::Psnr(double range) : MeanMetric(higher("psnr", "dB")), range_(range) {
  nn::require_positive("Psnr", "range", range);
}
MeanMetric::Sum Psnr::sum_of(const Observation& seen) const {
  const Pictures p(name(), seen);
  Sum sum{0, real(p.count)};
  const auto size = static_cast<std::size_t>(p.channels * p.height * p.width);
  for (std::size_t first = 0; first < p.y.size(); first += size) {
    double squares = 0;
    for (std::size_t i = first; i < first + size; ++i) squares += (p.y[i] - p.t[i]) * (p.y[i] - p.t[i]);
    sum.sum += 10 * std::log10(range_ * range_ * real(size) / squares);
  }
  return sum;
}

Ssim::Ssim(const SsimConfig& config) : MeanMetric(higher("ssim")), config_(config) { check("Ssim", config); }
MeanMetric::Sum Ssim::sum_of(const Observation& seen) const {
  const Pictures p(name(), seen);
  require_size(name(), p, config_.window);
  return {sum_over(p, [&](const Plane& y, const Plane& t) { return similarity(y, t, config_).whole; }), real(p.count)};
}

MsSsim::MsSsim(const SsimConfig& config) : MeanMetric(higher("ms-ssim")), config_(config) { check("MsSsim", config); }
MeanMetric::Sum MsSsim::sum_of(const Observation& seen) const {
  constexpr std::array weights{0.0448, 0.2856, 0.3001, 0.2363, 0.1333};
  const Pictures p(name(), seen);
  // Halved four times, rounding down each time, the window must still fit.
  require_size(name(), p, std::int64_t{config_.window} << (weights.size() - 1));
  return {sum_over(p,
                   [&](Plane y, Plane t) {
                     double all = 1;
                     for (std::size_t scale = 0; scale < weights.size(); ++scale) {
                       if (scale > 0) y = halved(y), t = halved(t);
                       const Similarity s = similarity(y, t, config_);
                       const double term = scale + 1 == weights.size() ? s.whole : s.contrast;
                       all *= std::pow(std::max(term, 0.0), weights[scale]);
                     }
                     return all;
                   }),
          real(p.count)};
}

}  // namespace fornax::train
