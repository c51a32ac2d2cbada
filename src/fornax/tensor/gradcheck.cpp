#include <fornax/tensor/gradcheck.hpp>

#include <cmath>
#include <cstdio>
#include <limits>
#include <random>

namespace fornax {

void GradcheckResult::assert_passed() const {
  if (outcome != Outcome::Passed) throw ValueError("gradcheck", message);
}

namespace detail {

namespace {

using Outcome = GradcheckResult::Outcome;
using Element = GradcheckResult::Element;
using Numbers = std::vector<double>;

Array upload(Interpreter& on, const Numbers& values, const Shape& shape) {
  Array a = backend_of(on).upload(DType::F64, shape, std::as_bytes(std::span(values)), {});
  return on.inner()->watches(a.numel()) ? on.inner()->enter(std::move(a)) : a;
}

Numbers numbers(const Array& a) { return a.to_data().to_vector<double>(); }

// The error in units of what is allowed; infinite where a NaN or an infinity stands against another value.
double error_of(double a, double b, double allowed) {
  if (a == b) return 0;
  const double error = std::abs(a - b);
  if (!std::isfinite(error)) return std::numeric_limits<double>::infinity();
  return error > 0 && allowed == 0 ? std::numeric_limits<double>::infinity() : error / allowed;
}

std::string number(double v) {
  char text[40];
  std::snprintf(text, sizeof text, "%.10g", v);
  return text;
}

void require_inputs(const Arrays& inputs) {
  bool any = false;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Array& x = inputs[i];
    const std::string which = "input " + std::to_string(i);
    if (!x.defined()) throw ValueError("gradcheck", which + " is empty: it was moved from, or never given a value");
    if (!is_float(x.dtype())) continue;
    any = true;
    if (x.dtype() != DType::F64)
      throw DTypeError("gradcheck",
                       which + " is " + std::string(name(x.dtype())) + "; differences need f64: cast(DType::F64)");
  }
  if (!any) throw ValueError("gradcheck", "no input is Float, so there is no gradient to check");
}

// Everything that a check compares: values of the Float results and the rows of their Jacobian by reverse mode.
struct Run {
  std::vector<Numbers> values;                 // by output; empty for results that are not Float
  std::vector<std::vector<Numbers>> jacobian;  // by output and input: rows one after another
};

Run reverse(Interpreter& on, autodiff::Region& f, const Arrays& inputs) {
  Arrays leaves = inputs;
  for (Array& x : leaves)
    if (is_float(x.dtype())) x = autodiff::require_grad(on, detach(x));
  const Arrays results = f.run(leaves);
  Run run;
  run.values.resize(results.size());
  run.jacobian.resize(results.size());
  for (std::size_t o = 0; o < results.size(); ++o) {
    const Array& y = results[o];
    if (!is_float(y.dtype())) continue;
    run.values[o] = numbers(y);
    run.jacobian[o].resize(inputs.size());
    if (y.dtype() != DType::F64)
      throw DTypeError("gradcheck", "result " + std::to_string(o) + " is " + std::string(name(y.dtype())) +
                                        "; differences need f64 all the way");
    Numbers one(static_cast<std::size_t>(y.numel()));
    for (std::size_t e = 0; e < one.size(); ++e) {
      autodiff::GradientStore gradients;
      if (autodiff::is_tracked(on, y)) {
        one[e] = 1;
        gradients = autodiff::backward(on, y, upload(on, one, y.shape()));
        one[e] = 0;
      }
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (!is_float(inputs[i].dtype())) continue;
        const Array g = gradients.find(leaves[i]);
        const Numbers row = g.defined() ? numbers(g) : Numbers(static_cast<std::size_t>(inputs[i].numel()));
        run.jacobian[o][i].insert(run.jacobian[o][i].end(), row.begin(), row.end());
      }
    }
  }
  return run;
}

std::vector<Numbers> values_of(autodiff::Region& f, const Arrays& inputs) {
  std::vector<Numbers> values;
  for (const Array& y : f.run(inputs)) values.push_back(is_float(y.dtype()) ? numbers(y) : Numbers());
  return values;
}

bool equal_sizes(const std::vector<Numbers>& a, const std::vector<Numbers>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i].size() != b[i].size()) return false;
  return true;
}

GradcheckResult non_deterministic(const std::string& what, const Element& at) {
  GradcheckResult r;
  r.outcome = Outcome::NonDeterministic;
  r.worst = at;
  r.message = what + ": " + number(at.reverse) + " and then " + number(at.difference) +
              " with the same inputs; fix its random numbers, or allow for it by GradcheckOptions::nondeterminism";
  return r;
}

std::string element_of(const char* what, std::size_t which, std::int64_t element, const Shape* shape) {
  return std::string("element ") + std::to_string(element) + " of " + what + " " + std::to_string(which) +
         (shape ? " " + shape->str() : "");
}

// Two runs with the same inputs: the same values and gradients?
std::optional<GradcheckResult> compare_runs(const Run& a, const Run& b, double allowed) {
  if (!equal_sizes(a.values, b.values)) {
    GradcheckResult r;
    r.outcome = Outcome::NonDeterministic;
    r.message = "two runs with the same inputs give results of different sizes";
    return r;
  }
  const auto differ = [&](double x, double y) {
    return !(x == y) && !(std::isnan(x) && std::isnan(y)) && !(std::abs(x - y) <= allowed);
  };
  for (std::size_t o = 0; o < a.values.size(); ++o) {
    for (std::size_t e = 0; e < a.values[o].size(); ++e) {
      const double x = a.values[o][e], y = b.values[o][e];
      const auto at = static_cast<std::int64_t>(e);
      if (differ(x, y))
        return non_deterministic(element_of("result", o, at, nullptr), {0, o, 0, at, x, y, std::abs(x - y)});
    }
    for (std::size_t i = 0; i < a.jacobian[o].size(); ++i) {
      for (std::size_t e = 0; e < a.jacobian[o][i].size(); ++e) {
        const double x = a.jacobian[o][i][e], y = b.jacobian[o][i][e];
        const std::size_t columns = a.jacobian[o][i].size() / a.values[o].size();
        const Element at{i,
                         o,
                         static_cast<std::int64_t>(e % columns),
                         static_cast<std::int64_t>(e / columns),
                         x,
                         y,
                         std::abs(x - y)};
        if (differ(x, y)) return non_deterministic("the gradient of input " + std::to_string(i), at);
      }
    }
  }
  return std::nullopt;
}

}  // namespace

GradcheckResult gradcheck(Interpreter& on, autodiff::Region& f, const Arrays& inputs, const GradcheckOptions& options) {
  require_inputs(inputs);
  if (!(options.step > 0))
    throw ValueError("gradcheck", "the step is " + number(options.step) + "; it must be above 0");
  const Run run = reverse(on, f, inputs);
  if (auto differs = compare_runs(run, reverse(on, f, inputs), options.nondeterminism)) return *differs;

  GradcheckResult result;
  double worst = -1;
  Arrays moved = inputs;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!is_float(inputs[i].dtype())) continue;
    Numbers x = numbers(inputs[i]);
    for (std::size_t e = 0; e < x.size(); ++e) {
      const double centre = x[e];
      // What x really moves by, after rounding.
      const double up = centre + options.step, down = centre - options.step;
      x[e] = up;
      moved[i] = upload(on, x, inputs[i].shape());
      const std::vector<Numbers> above = values_of(f, moved);
      x[e] = down;
      moved[i] = upload(on, x, inputs[i].shape());
      const std::vector<Numbers> below = values_of(f, moved);
      x[e] = centre;
      if (!equal_sizes(above, run.values) || !equal_sizes(below, run.values))
        throw ValueError("gradcheck", "the sizes of the results depend on the values of input " + std::to_string(i));
      for (std::size_t o = 0; o < run.values.size(); ++o) {
        for (std::size_t r = 0; r < run.values[o].size(); ++r) {
          const double difference = (above[o][r] - below[o][r]) / (up - down);
          const double reverse = run.jacobian[o][i][r * x.size() + e];
          const double error =
              error_of(reverse, difference, options.absolute + options.relative * std::abs(difference));
          ++result.compared;
          if (!(error > worst)) continue;
          worst = error;
          result.worst = {i, o, static_cast<std::int64_t>(e), static_cast<std::int64_t>(r), reverse, difference, error};
        }
      }
    }
    moved[i] = inputs[i];
  }
  const Element& w = result.worst;
  if (result.compared == 0) {
    result.message = "there was nothing to compare: the inputs or the Float results have no elements";
    return result;
  }
  const bool passed = w.error <= 1;
  if (!passed) result.outcome = Outcome::WrongGradient;
  result.message = std::string(passed ? "all gradients agree" : "a gradient is wrong") +
                   "; worst: " + element_of("result", w.output, w.output_element, nullptr) + " by " +
                   element_of("input", w.input, w.input_element, &inputs[w.input].shape()) + ": reverse mode gives " +
                   number(w.reverse) + ", central differences give " + number(w.difference) + " (" + number(w.error) +
                   " times what is allowed; " + std::to_string(result.compared) + " compared)";
  return result;
}

namespace {

// (x..., v...) -> gradients of sum(v * f(x)) with respect to the Float x.
class GradientOf final : public autodiff::Region {
 public:
  GradientOf(Interpreter& twice, Ref<autodiff::Region> f, std::size_t inputs)
      : twice_(twice), f_(std::move(f)), inputs_(inputs) {}

  Arrays run(const Arrays& all) override {
    Arrays leaves;
    for (std::size_t i = 0; i < inputs_; ++i)
      leaves.push_back(is_float(all[i].dtype()) ? autodiff::require_grad(twice_, all[i]) : all[i]);
    const Arrays y = f_->run(leaves);
    Array sum;
    std::size_t v = inputs_;
    for (const Array& result : y) {
      if (!is_float(result.dtype())) continue;
      const Array part = reduce_all(ReduceFn::Sum, result * all[v++]);
      sum = sum.defined() ? sum + part : part;
    }
    autodiff::GradientStore gradients;
    if (sum.defined() && autodiff::is_tracked(twice_, sum))
      gradients = autodiff::backward(twice_, std::move(sum), Array());
    Arrays out;
    for (std::size_t i = 0; i < inputs_; ++i) {
      if (!is_float(all[i].dtype())) continue;
      const Array g = gradients.find(leaves[i]);
      out.push_back(g.defined() ? g : zeros_like(all[i]));
    }
    return out;
  }

 private:
  Interpreter& twice_;
  Ref<autodiff::Region> f_;
  std::size_t inputs_;
};

}  // namespace

GradcheckResult gradgradcheck(Interpreter& once, Interpreter& twice, Ref<autodiff::Region> f, const Arrays& inputs,
                              const GradcheckOptions& options) {
  require_inputs(inputs);
  Arrays all = inputs;
  std::mt19937_64 random(1);  // NOLINT: the same weights in every run are what is wanted
  for (const Array& y : f->run(inputs)) {
    if (!is_float(y.dtype())) continue;
    Numbers v(static_cast<std::size_t>(y.numel()));
    for (double& e : v) e = 0.5 + static_cast<double>(random() >> 11) * 0x1p-53;
    all.push_back(upload(once, v, y.shape()));
  }
  GradientOf gradient(twice, std::move(f), inputs.size());
  return gradcheck(once, gradient, all, options);
}

}  // namespace detail
}  // namespace fornax
