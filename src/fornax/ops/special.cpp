#include <fornax/ops/special.hpp>

#include <fornax/ops/functions.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::op {

namespace {

Spec smooth(std::string_view operation, int order, Operands x) {
  require_inputs(operation, x, 1);
  require_float(operation, x[0].array());
  if (order < 0 || order > kMaxOrder)
    throw ValueError(operation,
                     "order " + std::to_string(order) + " is outside [0, " + std::to_string(kMaxOrder) + "]");
  return {x[0]->shape(), x[0]->dtype(), x[0]->device()};
}

}  // namespace

std::string_view NthDerivative::name() const {
  if (fn == SmoothFn::Sinc) return "sinc";
  return order == 0 ? "lgamma" : order == 1 ? "digamma" : "polygamma";
}

Spec NthDerivative::infer(Operands x) const { return smooth(name(), order, x); }

Arrays NthDerivative::vjp(const Arrays& x, const Array&, const Array& g, Wanted) const {
  return g * run(NthDerivative{fn, order + 1}, {x[0]});
}

SamplesOf<NthDerivative> NthDerivative::samples() {
  SamplesOf<NthDerivative> all;
  for (const int order : {0, 1, 2, 3}) {
    all.push_back({{SmoothFn::Lgamma, order}, {{Shape{2, 3}, DType::F64, 0.7, 12}}});
    all.push_back({{SmoothFn::Sinc, order}, {{Shape{2, 3}, DType::F64, -1.5, 1.5}}});
  }
  all.push_back({{SmoothFn::Lgamma, 0}, {{Shape{2, 3}, DType::F64, -1.8, -1.2}}});
  return all;
}

std::string_view BesselI::name() const {
  if (order == 0) return scaled ? "i0e" : "i0";
  if (order == 1) return scaled ? "i1e" : "i1";
  return scaled ? "bessel_ie" : "bessel_i";
}

Spec BesselI::infer(Operands x) const { return smooth(name(), order, x); }

Arrays BesselI::vjp(const Arrays& x, const Array& y, const Array& g, Wanted) const {
  const auto of = [&](int n) { return run(BesselI{n, scaled}, {x[0]}); };
  const Array slope = order == 0 ? of(1) : 0.5 * (of(order - 1) + of(order + 1));
  return g * (scaled ? slope - sign(x[0]) * y : slope);
}

SamplesOf<BesselI> BesselI::samples() {
  SamplesOf<BesselI> all;
  for (const int order : {0, 1, 2, 3})
    for (const bool scaled : {false, true})
      all.push_back({{order, scaled}, {{Shape{2, 3}, DType::F64, -3, 3, scaled ? 0.01 : 0}}});
  return all;
}

}  // namespace fornax::op
