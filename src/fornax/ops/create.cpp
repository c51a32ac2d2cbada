#include <fornax/ops/create.hpp>

namespace fornax::op {

Spec Full::infer(Operands x) const {
  require_inputs(name(), x, 0);
  if (is_int(spec->dtype) && value.kind == Scalar::Kind::Float)
    throw DTypeError(
        name(), "the value " + value.str() + " is a float, the dtype is " + std::string(fornax::name(spec->dtype)));
  return *spec;
}

SamplesOf<Full> Full::samples() {
  return {{{Ref(new Box<Spec>({Shape{2, 3}, DType::F64})), 1.5}, {}},
          {{Ref(new Box<Spec>({Shape{2, 3}, DType::I64})), 7}, {}}};
}

Spec Arange::infer(Operands x) const {
  require_inputs(name(), x, 0);
  if (dtype == DType::Bool) throw DTypeError(name(), "Bool has no ranges");
  if (count < 0)
    throw ValueError(name(), "the range has no direction: step " + step.str() + " leads away from the end");
  if (count > std::int64_t{1} << 59)  // what a Shape holds
    throw ShapeError(name(), std::to_string(count) + " elements; the limit is 2^59");
  return {Shape{count}, dtype, device};
}

SamplesOf<Arange> Arange::samples() { return {{{0.5, 0.25, 5, DType::F64, {}}, {}}, {{3, -2, 4, DType::I64, {}}, {}}}; }

Spec Random::infer(Operands x) const {
  require_inputs(name(), x, 0);
  const Distribution& d = settings->distribution;
  const DType dtype = settings->spec.dtype;
  switch (d.kind) {
    case Distribution::Kind::Uniform:
      if (!(d.a <= d.b))
        throw ValueError("uniform", "low " + std::to_string(d.a) + " is above high " + std::to_string(d.b));
      break;
    case Distribution::Kind::Normal:
      if (!(d.b >= 0)) throw ValueError("normal", "the standard deviation is " + std::to_string(d.b));
      break;
    case Distribution::Kind::Bernoulli:
      if (!(d.a >= 0 && d.a <= 1)) throw ValueError("bernoulli", "the probability is " + std::to_string(d.a));
      break;
  }
  if (dtype == DType::Bool && d.kind != Distribution::Kind::Bernoulli)
    throw DTypeError(name(), "Bool elements are drawn from bernoulli only");
  if (is_int(dtype) && d.kind == Distribution::Kind::Normal)
    throw DTypeError(name(), "normal draws are Float; cast() the result");
  return settings->spec;
}

SamplesOf<Random> Random::samples() {
  const Spec spec{Shape{4, 5}, DType::F64};
  SamplesOf<Random> all;
  for (const Distribution& d :
       {Distribution::uniform(-1, 2), Distribution::normal(1, 0.5), Distribution::bernoulli(0.3)})
    all.push_back({{Ref(new Box<RandomSettings>({spec, d, {42, 0}}))}, {}});
  return all;
}

}  // namespace fornax::op
