#include <fornax/decorators/trace/trace.hpp>

#include <map>
#include <mutex>

#include <fornax/array/error.hpp>
#include <fornax/array/pool.hpp>
#include <fornax/array/tensor_data.hpp>
#include <fornax/decorators/around.hpp>
#include <fornax/decorators/autodiff/autodiff.hpp>
#include <fornax/decorators/trace/program.hpp>
#include <fornax/ops/describe.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::trace {

struct Recorder::State : Counted {
  State(Interpreter* interpreter, const Options& o) : on(interpreter), options(o), program(new Program::Body) {}

  Interpreter* const on;
  const Options options;

  std::mutex mutex;  // for all below
  bool open = true;
  Ref<Program::Body> program;
  std::map<const ArrayBody*, std::size_t> known_constants;  // which the program holds, so that no address is used twice

  std::size_t add_value(std::size_t node, std::size_t output, const Array& a);
  std::size_t add_node(Node node, const Op* op, const Array& constant, std::span<const Array> results);
  std::size_t constant(const Array& a);
};

namespace {

using State = Recorder::State;

// An array whose operations are recorded.
struct TracedBody : ArrayBody {
  TracedBody(Interpreter* owner, Array v, Ref<State> in, std::size_t number)
      : ArrayBody(owner, v.dtype(), v.device(), v.shape()), value(std::move(v)), state(std::move(in)), id(number) {}

  Array value;
  Ref<State> state;
  std::size_t id;
};

class Decorator final : public Interpreter {
 public:
  explicit Decorator(Interpreter& wrapped) : Interpreter(&wrapped, &kFamily) {}

  Arrays apply(const Op& op, Operands inputs) override;
  const Array& primal(const Array& array) override { return static_cast<TracedBody*>(array.body())->value; }
  void destroy(ArrayBody* body) noexcept override { Pool::destroy(static_cast<TracedBody*>(body)); }
  std::string name() const override { return "Trace<" + inner()->name() + ">"; }

  static constexpr char kFamily = 0;
};

TracedBody* traced(const Interpreter* on, const Array& a) {
  return a.interpreter() == on ? static_cast<TracedBody*>(a.body()) : nullptr;
}

Array make_traced(const Ref<State>& state, const Array& value, std::size_t id) {
  return Array(Pool::make<TracedBody>(state->on, value, state, id));
}

bool is_open(State& state) {
  const std::lock_guard lock(state.mutex);
  return state.open;
}

// The recording that an operation belongs to; null if all of its inputs are constants.
Ref<State> recording_of(const Op& op, const Interpreter* on, Operands inputs) {
  Ref<State> found;
  for (const Operand& x : inputs) {
    const TracedBody* body = traced(on, x.array());
    if (!body || body->state.get() == found.get() || !is_open(*body->state)) continue;
    if (found) throw ValueError(name(op), "the operands belong to two recordings; finish one of them first");
    found = body->state;
  }
  return found;
}

}  // namespace

std::size_t State::add_value(std::size_t node, std::size_t output, const Array& a) {
  Value v{node, output, {}, {}};
  if (options.statistics) {
    v.about = report_on(a);
  } else {
    v.about.shape = a.shape();
    v.about.dtype = a.dtype();
    v.about.measured = false;
  }
  if (a.numel() <= options.max_elements) v.elements = a.to_data().to_vector<double>();
  program->values.push_back(std::move(v));
  return program->values.size() - 1;
}

std::size_t State::add_node(Node node, const Op* op, const Array& constant, std::span<const Array> results) {
  const std::size_t n = program->nodes.size();
  for (std::size_t i = 0; i < results.size(); ++i) node.outputs.push_back(add_value(n, i, results[i]));
  program->nodes.push_back(std::move(node));
  program->ops.push_back(op ? *op : Op(op::Where{}));
  program->constants.push_back(constant);
  return n;
}

std::size_t State::constant(const Array& a) {
  const auto at = known_constants.find(a.body());
  if (at != known_constants.end()) return at->second;
  const std::size_t node =
      add_node({NodeKind::Constant, "constant", {}, scope_names(), {}, {}, {}}, nullptr, a, {&a, 1});
  return known_constants[a.body()] = program->nodes[node].outputs[0];
}

Arrays Decorator::apply(const Op& op, Operands inputs) {
  // Everything is lent, nothing given: the program holds constants, which must stay as they are.
  std::vector<Operand> values;
  values.reserve(inputs.size());
  for (const Operand& x : inputs) values.emplace_back(traced(this, x.array()) ? primal(x.array()) : x.array());
  const Ref<State> state = recording_of(op, this, inputs);
  Arrays results = inner()->apply(op, values);
  if (!state) return results;

  const std::lock_guard lock(state->mutex);
  if (!state->open) return results;
  Node node{NodeKind::Operation,
            std::string(fornax::name(op)),
            settings_text(op),
            scope_names(),
            {},
            {},
            std::string(autodiff::differentiated_operation())};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const TracedBody* body = traced(this, inputs[i].array());
    const bool ours = body && body->state.get() == state.get();
    node.inputs.push_back(ours ? body->id : state->constant(values[i].array()));
  }
  const std::size_t made = state->add_node(std::move(node), &op, {}, {results.data(), results.size()});
  for (std::size_t i = 0; i < results.size(); ++i)
    results[i] = make_traced(state, results[i], state->program->nodes[made].outputs[i]);
  return results;
}

Interpreter& around(Interpreter& inner) { return decorator_around<Decorator>(inner); }

Recorder::Recorder(Interpreter& on, const Options& options) : on_(&on), state_(new State(&on, options)) {
  if (on.family() != &Decorator::kFamily) throw ValueError("trace", on.name() + " records nothing; Trace<B> does");
}

Recorder::~Recorder() {
  const std::lock_guard lock(state_->mutex);
  state_->open = false;
}

Array Recorder::input(const Array& x, std::string name) {
  if (!x.defined()) throw ValueError("trace", "an input is empty: it was moved from, or never given a value");
  if (!on_->covers(x.interpreter()))
    throw DeviceError("trace", "the input lives on " + x.interpreter()->name() + ", the recording on " + on_->name());
  const Array& value = traced(on_, x) ? on_->primal(x) : x;
  const std::lock_guard lock(state_->mutex);
  Program::Body& program = *state_->program;
  if (!state_->open) throw ValueError("trace", "the recording is finished");
  if (name.empty()) name = "input " + std::to_string(program.inputs.size());
  const std::size_t node =
      state_->add_node({NodeKind::Input, std::move(name), {}, scope_names(), {}, {}, {}}, nullptr, {}, {&value, 1});
  program.inputs.push_back(program.nodes[node].outputs[0]);
  return make_traced(state_, value, program.inputs.back());
}

Program Recorder::finish(std::span<const Array> outputs) {
  for (const Array& a : outputs)
    if (!a.defined()) throw ValueError("trace", "an output is empty: it was moved from, or never given a value");
  const std::lock_guard lock(state_->mutex);
  if (!state_->open) throw ValueError("trace", "the recording is finished");
  Program::Body& program = *state_->program;
  for (const Array& output : outputs) {
    const Array* a = &output;
    while (a->interpreter() != on_ && a->interpreter()->depth() > on_->depth()) a = &a->interpreter()->primal(*a);
    const TracedBody* body = traced(on_, *a);
    const Array& value = body ? body->value : *a;
    const bool ours = body && body->state.get() == state_.get();
    program.outputs.push_back(ours ? body->id : state_->constant(value));
    program.results.push_back(value);
  }
  state_->open = false;
  return Program(state_->program);
}

}  // namespace fornax::trace
