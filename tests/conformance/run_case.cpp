#include "run_case.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include <fornax/array/error.hpp>
#include <fornax/cpu/tag.hpp>
#include <fornax/decorators/autodiff/autodiff.hpp>
#include <fornax/decorators/batched/batched.hpp>
#include <fornax/decorators/dual/dual.hpp>

#include "table.hpp"
#include "train.hpp"

namespace fornax::conformance {

std::string exact(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

Array upload(const TensorData& data, const Setup& s) {
  return backend_of(*s.on).upload(data.dtype(), data.shape(), data.bytes(), Device::cpu());
}

namespace {

std::string shape_text(const std::vector<std::int64_t>& dims) {
  std::string text = "[";
  for (const std::int64_t n : dims) text += (text.size() > 1 ? ", " : "") + std::to_string(n);
  return text + "]";
}

// Throws Mismatch unless `got` has the expected shape and kind, and its elements are within the tolerance.
void compare(const std::string& what, const Literal& want, const TensorData& got, Tolerance tolerance,
             double& largest) {
  const std::span<const std::int64_t> dims = got.shape().dims();
  const bool scalar = want.shape.empty() && got.shape() == Shape{1};
  if (!scalar && !std::equal(dims.begin(), dims.end(), want.shape.begin(), want.shape.end()))
    throw Mismatch(what + " has shape " + got.shape().str() + ", expected " + shape_text(want.shape));
  const bool same_kind = is_float(want.dtype)        ? is_float(got.dtype())
                         : want.dtype == DType::Bool ? got.dtype() == DType::Bool
                                                     : is_int(got.dtype());
  if (!same_kind)
    throw Mismatch(what + " is " + std::string(name(got.dtype())) + ", expected " + std::string(name(want.dtype)));
  std::string first;
  const auto differ = [&](std::size_t i, const std::string& value, const std::string& expected) {
    if (first.empty()) first = what + ", element " + std::to_string(i) + ": " + value + ", expected " + expected;
  };
  if (!is_float(want.dtype)) {
    const std::vector<std::int64_t> values = got.to_vector<std::int64_t>();
    for (std::size_t i = 0; i < values.size(); ++i)
      if (values[i] != want.integers.at(i)) differ(i, std::to_string(values[i]), std::to_string(want.integers[i]));
  } else {
    const std::vector<double> values = got.to_vector<double>();
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double x = values[i], w = want.reals.at(i);
      if (x == w || (std::isnan(x) && std::isnan(w))) continue;
      const double error = std::abs(x - w);
      // Written so that a NaN on one side, or an infinity, is a difference.
      if (!(error <= tolerance.absolute + tolerance.relative * std::abs(w)) || std::isinf(w))
        differ(i, exact(x), exact(w));
      if (!(error <= largest)) largest = error;
    }
  }
  if (!first.empty()) throw Mismatch(first);
}

// A finite value of the file that is infinite as `real`: the case cannot be posed in that dtype.
bool overflows(const Literal& t, DType real) {
  return is_float(t.dtype) && real == DType::F32 && std::any_of(t.reals.begin(), t.reals.end(), [](double x) {
           return std::isfinite(x) && std::isinf(static_cast<float>(x));
         });
}

// The inputs on the outermost interpreter, and what each tape knows them as.
struct Inputs {
  Arrays outer;
  std::vector<Arrays> leaves;  // by tape, outermost first; empty where no gradient is wanted
};

Inputs make_inputs(const Case& c, const Setup& s) {
  Inputs made;
  made.leaves.resize(s.tapes.size());
  for (const Input& input : c.inputs) {
    Array x = upload(input.value.tensor(s.real), s);
    for (std::size_t t = s.tapes.size(); t-- > 0;) {
      const bool tracked = input.wants_grad && !c.cotangents.empty();
      if (tracked) x = autodiff::require_grad(*s.tapes[t], x);
      made.leaves[t].push_back(tracked ? x : Array());
    }
    made.outer.push_back(std::move(x));
  }
  return made;
}

Function function_of(const std::string& op) {
  const Function f = find_function(op);
  if (!f) throw Absent("the library has no \"" + op + "\"");
  return f;
}

Arrays outputs_of(const Case& c, const Arrays& inputs, const Setup& s) {
  if (c.op != "program") return function_of(c.op)({inputs, c.steps.at(0).attrs, *s.on, s.real});
  for (const Step& step : c.steps) function_of(step.op);
  std::map<std::string, Array> values;
  for (std::size_t i = 0; i < c.inputs.size(); ++i) values[c.inputs[i].name] = inputs[i];
  for (const Step& step : c.steps) {
    Arrays arguments;
    for (const std::string& n : step.inputs) arguments.push_back(values.at(n));
    const Arrays results = function_of(step.op)({arguments, step.attrs, *s.on, s.real});
    for (std::size_t i = 0; i < step.results.size(); ++i) {
      if (i >= results.size()) throw Mismatch(step.op + " gave " + std::to_string(results.size()) + " results");
      values[step.results[i]] = results[i];
    }
  }
  Arrays outputs;
  for (const std::string& n : c.outputs) outputs.push_back(values.at(n));
  return outputs;
}

// The sum over outputs of sum(output * cotangent); empty if there is nothing to differentiate.
Array loss_of(const Case& c, const Arrays& outputs, const Setup& s) {
  Array loss;
  for (std::size_t i = 0; i < c.cotangents.size() && i < outputs.size(); ++i) {
    if (!c.cotangents[i] || !is_float(outputs[i].dtype())) continue;
    const TensorData cotangent = c.cotangents[i]->tensor(s.real).convert(outputs[i].dtype());
    const Array weighted = outputs[i] * upload(cotangent.reshape(outputs[i].shape()), s);
    const Array part = cast(reduce_all(ReduceFn::Sum, weighted), s.real);
    loss = loss.defined() ? loss + part : part;
  }
  return loss;
}

// Every tape of the stack has recorded the same computation, so each must give the same gradients.
void check_gradients(const Case& c, const Inputs& inputs, const Array& loss, const Setup& s, Tolerance tolerance,
                     double& largest) {
  Array root = loss;
  for (std::size_t t = 0; t < s.tapes.size(); ++t) {
    autodiff::GradientStore store;
    if (root.defined() && autodiff::is_tracked(*s.tapes[t], root))
      store = autodiff::backward(*s.tapes[t], root, Array());
    for (std::size_t k = 0; k < c.inputs.size(); ++k) {
      if (c.expect != Expect::Values || !c.expected_grads[k]) continue;
      const Array& leaf = inputs.leaves[t][k];
      if (!leaf.defined())
        throw Malformed("a gradient is expected of input " + std::to_string(k) + ", which has no \"grad\"");
      const Array gradient = store.find(leaf);
      // No path from the input to the loss: the gradient is zero.
      const TensorData got = gradient.defined() ? gradient.to_data() : TensorData(leaf.shape(), leaf.dtype());
      compare("gradient of " + c.inputs[k].name + (t > 0 ? " on tape " + std::to_string(t) : ""), *c.expected_grads[k],
              got, tolerance, largest);
    }
    if (root.defined()) root = autodiff::inner(*s.tapes[t], root);
  }
}

// Sum over outputs of output * cotangent, for inputs of which number k moves along `direction`: its slope, and (if the
// case has one output) that of each element before they are summed.
struct Slope {
  double total = 0;
  Array each;
};
Slope slope_along(const Case& c, const Inputs& inputs, std::size_t k, const std::vector<double>& direction,
                  const Setup& s) {
  Setup around = s;
  around.on = &dual::around(*s.on);
  const Array& x = inputs.outer[k];
  Arrays moving = inputs.outer;
  moving[k] = dual::make(*around.on, x, upload(TensorData(direction, x.shape()).convert(x.dtype()), s));
  const Arrays outputs = outputs_of(c, moving, around);
  Slope slope;
  const Array loss = loss_of(c, outputs, around);
  const Array total = loss.defined() ? dual::tangent(*around.on, loss) : Array();
  if (total.defined()) slope.total = total.item();
  if (outputs.size() == 1 && c.cotangents[0] && total.defined()) {
    const TensorData v = c.cotangents[0]->tensor(s.real).convert(outputs[0].dtype());
    slope.each = dual::tangent(*around.on, outputs[0]) * upload(v.reshape(outputs[0].shape()), s);
  }
  return slope;
}

// Element j of a gradient is the slope along the j-th unit vector. Where another element has an infinite slope, 0 times
// that is NaN; an elementwise function then shows its slopes one beside the other along (1, 1, ...).
void check_gradients_forward(const Case& c, const Inputs& inputs, const Setup& s, Tolerance tolerance,
                             double& largest) {
  for (std::size_t k = 0; k < c.inputs.size(); ++k) {
    if (c.expect != Expect::Values || !c.expected_grads[k]) continue;
    const Shape& shape = inputs.outer[k].shape();
    const auto n = static_cast<std::size_t>(shape.numel());
    std::vector<double> gradient(n);
    bool undefined = false;
    for (std::size_t j = 0; j < n; ++j) {
      std::vector<double> unit(n);
      unit[j] = 1;
      gradient[j] = slope_along(c, inputs, k, unit, s).total;
      undefined = undefined || std::isnan(gradient[j]);
    }
    if (undefined) {
      const Array each = slope_along(c, inputs, k, std::vector<double>(n, 1.0), s).each;
      const auto tail = [&] {  // the sizes that x broadcasts from, or what is as long
        return each.shape().dims().last(
            std::min<std::size_t>(static_cast<std::size_t>(shape.rank()), each.shape().dims().size()));
      };
      if (each.defined() && std::equal(tail().begin(), tail().end(), shape.dims().begin(), shape.dims().end()))
        gradient = sum_to(each, shape).to_data().to_vector<double>();
    }
    compare("gradient of " + c.inputs[k].name, *c.expected_grads[k], TensorData(gradient, shape).convert(s.real),
            tolerance, largest);
  }
}

// The outputs by vmap, over a batch of two equal samples: their mean, which lets gradients flow through both.
Arrays outputs_of_batch(const Case& c, const Arrays& inputs, const Setup& s) {
  Setup around = s;
  around.on = &batched::around(*s.on);
  const batched::Frame frame(*around.on, 2, batched::Randomness::Same);
  Arrays samples;
  for (const Array& x : inputs)
    samples.push_back(batched::make(*around.on, broadcast_to(x, x.shape().inserted(0, 2)), 0));
  Arrays outputs;
  for (const Array& y : outputs_of(c, samples, around)) {
    const Array both = batched::unmake(*around.on, y, 2, 0);
    const Array one = is_float(y.dtype()) ? reduce(ReduceFn::Mean, both, 0) : narrow(both, 0, 1, 1);
    outputs.push_back(reshape(one, y.shape()));
  }
  return outputs;
}

void check(const Case& c, const Setup& s, double& largest) {
  const Inputs inputs = make_inputs(c, s);
  const Arrays outputs = s.vmap ? outputs_of_batch(c, inputs.outer, s) : outputs_of(c, inputs.outer, s);
  const Tolerance tolerance = (s.real == DType::F64 ? c.f64 : c.f32).value_or(Tolerance());
  if (c.expect == Expect::Values) {
    if (outputs.size() != c.expected_outputs.size())
      throw Mismatch(std::to_string(outputs.size()) + " outputs, expected " +
                     std::to_string(c.expected_outputs.size()));
    for (std::size_t i = 0; i < outputs.size(); ++i)
      if (c.expected_outputs[i])
        compare("output " + std::to_string(i), *c.expected_outputs[i], outputs[i].to_data(), tolerance, largest);
  } else {
    for (const Array& y : outputs) static_cast<void>(y.to_data());
  }
  if (!c.cotangents.empty() && s.forward)
    check_gradients_forward(c, inputs, s, tolerance, largest);
  else if (!c.cotangents.empty() && !s.tapes.empty())
    check_gradients(c, inputs, loss_of(c, outputs, s), s, tolerance, largest);
}

bool tagged(const Case& c, const char* tag) { return std::find(c.tags.begin(), c.tags.end(), tag) != c.tags.end(); }

Interpreter& interpreter_of(const std::string& name, std::vector<Interpreter*>& tapes) {
  if (name == "Cpu") return Cpu::interpreter();
  const std::string autodiff = "Autodiff<";
  if (!name.starts_with(autodiff) || !name.ends_with(">"))
    throw std::invalid_argument("no backend is called \"" + name + "\"; there are Cpu and Autodiff<...>");
  Interpreter& inner = interpreter_of(name.substr(autodiff.size(), name.size() - autodiff.size() - 1), tapes);
  tapes.insert(tapes.begin(), &autodiff::around(inner));
  return *tapes.front();
}

}  // namespace

Setup setup_of(const std::string& name, DType real, bool forward, bool vmap) {
  Setup s{nullptr, {}, real, forward, vmap};
  s.on = &interpreter_of(name, s.tapes);
  return s;
}

Outcome run_case(const Case& c, const Setup& s) {
  if (tagged(c, "peer_specific")) return {Verdict::Absent, 0, "peer_specific: not scored"};
  if (c.op != "train" && c.op != "lr_schedule" && c.expect == Expect::Values && !(s.real == DType::F64 ? c.f64 : c.f32))
    return {Verdict::Absent, 0, "the case is not for " + std::string(name(s.real))};
  for (const Input& i : c.inputs)
    if (overflows(i.value, s.real)) return {Verdict::Absent, 0, i.name + " overflows " + std::string(name(s.real))};
  double largest = 0;
  try {
    if (c.op == "train") {
      check_training(c, s, largest);
    } else if (c.op == "lr_schedule") {
      check_schedule(c, largest);
    } else {
      check(c, s, largest);
    }
    if (c.expect == Expect::Error) return {Verdict::Failed, 0, "no error was raised"};
    return {Verdict::Passed, largest, ""};
  } catch (const Absent& e) {
    return {Verdict::Absent, 0, e.what()};
  } catch (const Error& e) {
    if (c.expect != Expect::Values) return {Verdict::Passed, 0, ""};
    // Shapes that depend on values are what vmap refuses.
    if (s.vmap && std::string_view(e.what()).starts_with("vmap: a tensor inside vmap"))
      return {Verdict::Absent, 0, e.what()};
    return {Verdict::Failed, largest, e.what()};
  } catch (const std::exception& e) {
    return {Verdict::Failed, largest, e.what()};
  }
}

}  // namespace fornax::conformance
