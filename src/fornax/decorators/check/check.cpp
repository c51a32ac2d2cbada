#include <fornax/decorators/check/check.hpp>

#include <cmath>

#include <fornax/array/pool.hpp>
#include <fornax/decorators/around.hpp>
#include <fornax/decorators/autodiff/autodiff.hpp>
#include <fornax/decorators/check/session.hpp>
#include <fornax/ops/describe.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::check {

namespace {

// An array that Check sees the operations of.
struct WatchedBody : ArrayBody {
  WatchedBody(Interpreter* owner, Array v) : ArrayBody(owner, v.dtype(), v.device(), v.shape()), value(std::move(v)) {}

  Array value;
};

// Moves elements and changes none, so that there is nothing to look for.
bool only_moves(const Op& op) {
  return std::holds_alternative<op::Broadcast>(op) || std::holds_alternative<op::Reshape>(op) ||
         std::holds_alternative<op::Permute>(op) || std::holds_alternative<op::Slice>(op) ||
         std::holds_alternative<op::Cat>(op);
}

void add_setting(ArrayReport& settings, const Scalar& s) {
  if (std::isnan(s.as_double())) ++settings.nans;
  if (std::isinf(s.as_double())) ++settings.infinities;
}

// NaN and infinities among the numbers that an operation was set to.
ArrayReport non_finite_settings(const Op& op) {
  ArrayReport settings;
  if (const auto* with_scalar = std::get_if<op::WithScalar>(&op)) add_setting(settings, with_scalar->scalar);
  if (const auto* full = std::get_if<op::Full>(&op)) add_setting(settings, full->value);
  if (const auto* clamp = std::get_if<op::Clamp>(&op)) {
    if (clamp->has_low) add_setting(settings, clamp->low);
    if (clamp->has_high) add_setting(settings, clamp->high);
  }
  return settings;
}

// What is known of the results that are not finite; null if they are no fault of this operation.
Ref<Fault> find_fault(const Op& op, Operands inputs, const Arrays& results, bool infinities) {
  bool finite = true;
  for (const Array& y : results) finite = finite && all_finite(y);
  if (finite) return {};
  Ref<Fault> fault(new Fault);
  ArrayReport before = non_finite_settings(op), after;
  for (const Operand& x : inputs) {
    const ArrayReport& r = fault->inputs.emplace_back(report_on(x.array()));
    before.nans += r.nans;
    before.infinities += r.infinities;
  }
  for (const Array& y : results) {
    const ArrayReport& r = fault->results.emplace_back(report_on(y));
    after.nans += r.nans;
    after.infinities += r.infinities;
  }
  const bool new_nan = after.nans > 0 && before.nans == 0;
  const bool new_infinity = infinities && after.infinities > 0 && before.nans == 0 && before.infinities == 0;
  if (!new_nan && !new_infinity) return {};
  fault->operation = std::string(name(op));
  fault->settings = settings_text(op);
  fault->scope = scope_names();
  fault->gradient_of = std::string(autodiff::differentiated_operation());
  return fault;
}

std::uint64_t bytes_of(const Array& a) { return static_cast<std::uint64_t>(a.numel()) * size_of(a.dtype()); }

class Decorator final : public Interpreter {
 public:
  explicit Decorator(Interpreter& wrapped) : Interpreter(&wrapped, &kFamily, &kAll) {}

  Arrays apply(const Op& op, Operands inputs) override;
  const Array& primal(const Array& array) override { return static_cast<WatchedBody*>(array.body())->value; }
  void destroy(ArrayBody* body) noexcept override { Pool::destroy(static_cast<WatchedBody*>(body)); }
  Array enter(Array a) override;
  std::string name() const override { return "Check<" + inner()->name() + ">"; }

 private:
  static constexpr char kFamily = 0;
};

Array Decorator::enter(Array a) {
  if (a.interpreter() == this) return a;
  if (inner()->watches(a.numel())) a = inner()->enter(std::move(a));
  return Array(Pool::make<WatchedBody>(this, std::move(a)));
}

Arrays Decorator::apply(const Op& op, Operands inputs) {
  // Everything is lent, nothing given: a report needs the inputs as they were.
  std::vector<Operand> values;
  values.reserve(inputs.size());
  std::uint64_t input_bytes = 0, output_bytes = 0;
  for (const Operand& x : inputs) {
    values.emplace_back(x->interpreter() == this ? primal(x.array()) : x.array());
    input_bytes += bytes_of(x.array());
  }
  const auto start = Clock::now();
  Arrays results = inner()->apply(op, values);
  const auto end = Clock::now();
  for (const Array& y : results) output_bytes += bytes_of(y);

  Session::State* const session = current_session;
  static const Options standard;
  const Options& options = session ? session->options : standard;
  if (session) session->count(fornax::name(op), start, end, input_bytes, output_bytes, values, results);
  if (options.on_fault != OnFault::Ignore && !only_moves(op)) {
    if (Ref<Fault> fault = find_fault(op, values, results, options.infinities)) {
      if (session) session->record(fault);
      if (options.on_fault == OnFault::Throw) throw NonFinite(std::move(fault));
    }
  }
  for (Array& y : results) y = Array(Pool::make<WatchedBody>(this, std::move(y)));
  return results;
}

}  // namespace

Interpreter& around(Interpreter& inner) { return decorator_around<Decorator>(inner); }

}  // namespace fornax::check
