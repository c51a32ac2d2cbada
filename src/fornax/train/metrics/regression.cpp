#include <fornax/train/metrics/regression.hpp>

#include <fornax/train/metrics/values.hpp>

namespace fornax::train {

namespace {

using detail::real;

struct Pairs {
  std::vector<double> y, t;
  Pairs(const std::string& metric, const Observation& seen) {
    const Array &output = seen.require_output(metric), &target = seen.require_target(metric);
    if (output.numel() != target.numel()) detail::refuse_shapes(metric, output, target, "as many elements of both");
    y = output.to_data().to_vector<double>();
    t = target.to_data().to_vector<double>();
  }
  double count() const { return real(y.size()); }
  double squares() const {
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) sum += (y[i] - t[i]) * (y[i] - t[i]);
    return sum;
  }
};

MetricInfo lower(std::string name) { return {.name = std::move(name), .unit = "", .goal = Goal::Lower}; }

}  // namespace

Mae::Mae() : MeanMetric(lower("mae")) {}
MeanMetric::Sum Mae::sum_of(const Observation& seen) const {
  const Pairs p(name(), seen);
  double sum = 0;
  for (std::size_t i = 0; i < p.y.size(); ++i) sum += std::abs(p.y[i] - p.t[i]);
  return {sum, p.count()};
}

Mse::Mse() : MeanMetric(lower("mse")) {}
MeanMetric::Sum Mse::sum_of(const Observation& seen) const {
  const Pairs p(name(), seen);
  return {p.squares(), p.count()};
}

Rmse::Rmse() : MeanMetric(lower("rmse")) {}
MeanMetric::Sum Rmse::sum_of(const Observation& seen) const {
  const Pairs p(name(), seen);
  return {p.squares(), p.count()};
}
double Rmse::finish(const Sum& total) const { return std::sqrt(MeanMetric::finish(total)); }

R2::R2() : Metric({.name = "r2", .unit = "", .goal = Goal::Higher}) {}

// Chan, Golub and LeVeque 1979: exact where a difference of large sums would cancel.
void R2::Moments::add(const Moments& b) {
  if (b.n == 0) return;
  const double both = n + b.n, apart = b.mean - mean;
  squares += b.squares + apart * apart * n * b.n / both;
  mean += apart * b.n / both;
  residual += b.residual;
  n = both;
}

double R2::Moments::value() const {
  if (n < 2) return detail::kNone;
  if (squares == 0) return residual == 0 ? 1 : 0;
  return 1 - residual / squares;
}

double R2::update(const Observation& seen) {
  const Pairs p(name(), seen);
  Moments batch;
  for (double t : p.t) batch.add({.n = 1, .mean = t});
  batch.residual = p.squares();
  total_.add(batch);
  return batch.value();
}

optim::State R2::state() const {
  return {
      .kind = "r2",
      .arrays = {},
      .numbers = {{"n", total_.n}, {"mean", total_.mean}, {"squares", total_.squares}, {"residual", total_.residual}}};
}

void R2::load_state(const optim::State& s) {
  s.require_kind("r2");
  total_ = {s.number("n"), s.number("mean"), s.number("squares"), s.number("residual")};
}

}  // namespace fornax::train
