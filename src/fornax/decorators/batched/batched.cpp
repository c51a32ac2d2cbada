#include <fornax/decorators/batched/batched.hpp>

#include <vector>

#include <fornax/array/pool.hpp>
#include <fornax/decorators/around.hpp>
#include <fornax/ops/functions.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::batched {

namespace {

constinit thread_local Frame* current = nullptr;

struct BatchedBody : ArrayBody {
  BatchedBody(Interpreter* owner, Array v)
      : ArrayBody(owner, v.dtype(), v.device(), v.shape().without(0)), value(std::move(v)) {}

  Array value;  // the batch dim is dim 0
};

class Decorator final : public Interpreter {
 public:
  explicit Decorator(Interpreter& wrapped) : Interpreter(&wrapped, &kFamily) {}

  Arrays apply(const Op& op, Operands inputs) override;
  Array create(const Op& op) override;
  const Array& primal(const Array&) override {
    throw ValueError("vmap", "a tensor inside vmap stands for a whole batch: its values cannot be read there");
  }
  Array detach(const Array& array) override {
    return wrap(fornax::detach(static_cast<BatchedBody*>(array.body())->value));
  }
  void destroy(ArrayBody* body) noexcept override { Pool::destroy(static_cast<BatchedBody*>(body)); }
  std::string name() const override { return "Batched<" + inner()->name() + ">"; }

  Array wrap(Array value) { return Array(Pool::make<BatchedBody>(this, std::move(value))); }

 private:
  static constexpr char kFamily = 0;
};

BatchedBody* batched_body(const Interpreter& on, const Array& x) {
  return x.interpreter() == &on ? static_cast<BatchedBody*>(x.body()) : nullptr;
}

// One sample after the other, for what has no batching rule.
Arrays loop(const Op& op, const BatchedInputs& in) {
  std::vector<std::vector<Array>> results;
  for (std::int64_t i = 0; i < in.size; ++i) {
    Arrays sample;
    for (std::size_t k = 0; k < in.x.size(); ++k) {
      if (!in.batched[k]) {
        sample.push_back(in.x[k]);
        continue;
      }
      const Array one = narrow(in.x[k], 0, i, 1);
      sample.push_back(reshape(one, one.shape().without(0)));
    }
    const Arrays y = run_all(op, lent(sample));
    results.resize(y.size());
    for (std::size_t r = 0; r < y.size(); ++r) results[r].push_back(reshape(y[r], y[r].shape().inserted(0, 1)));
  }
  if (in.size == 0) throw ValueError(name(op), "has no batching rule, and a batch of no samples shows no shape");
  Arrays stacked;
  for (const std::vector<Array>& parts : results) stacked.push_back(cat(lent(parts), 0));
  return stacked;
}

Arrays Decorator::apply(const Op& op, Operands inputs) {
  if (inputs.empty()) return create(op);
  BatchedInputs in{{}, {}, -1};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const BatchedBody* body = batched_body(*this, inputs[i].array());
    in.x.push_back(body ? body->value : inputs[i].array());
    if (!body) continue;
    in.batched.set(i);
    const std::int64_t size = body->value.shape()[0];
    if (in.size >= 0 && in.size != size)
      throw ShapeError(fornax::name(op), "operands come from batches of " + std::to_string(in.size) + " and " +
                                             std::to_string(size) + " samples");
    in.size = size;
  }
  if (in.size < 0) return inner()->apply(op, lent(in.x));
  if (inputs.size() > 63) {  // Wanted counts the inputs from the 64th on as one
    for (std::size_t i = 0; i < in.x.size(); ++i)
      if (!batched_body(*this, inputs[i].array()))
        in.x[i] = broadcast_to(in.x[i], in.x[i].shape().inserted(0, in.size));
    in.batched = Wanted::all();
  }
  require_fits(op, inputs);
  Arrays y;
  if (!batch(op, in, y)) {
    if (lower(op, inputs, y)) {
      for (Array& result : y)
        if (!batched_body(*this, result)) result = wrap(broadcast_to(result, result.shape().inserted(0, in.size)));
      return y;
    }
    y = loop(op, in);
  }
  for (Array& result : y) result = wrap(std::move(result));
  return y;
}

Array Decorator::create(const Op& op) {
  const auto* random = std::get_if<op::Random>(&op);
  const Frame* frame = current;
  while (frame && &frame->interpreter != this) frame = frame->outer;
  if (!random || !frame || frame->randomness == Randomness::Same) return inner()->create(op);
  if (frame->randomness == Randomness::Error)
    throw ValueError("random", "inside vmap random numbers may be the same or different for each sample: say which");
  // A stream of its own for each sample: the golden ratio spreads the seeds (Philox mixes them).
  std::vector<Array> samples;
  for (std::int64_t i = 0; i < frame->size; ++i) {
    RandomSettings settings = *random->settings;
    settings.draw.seed += static_cast<std::uint64_t>(i) * 0x9E3779B97F4A7C15ull;
    const Array one = inner()->create(op::Random{Ref(new Box<RandomSettings>(settings))});
    samples.push_back(reshape(one, one.shape().inserted(0, 1)));
  }
  if (samples.empty()) {
    const Array one = inner()->create(op);
    return wrap(broadcast_to(narrow(reshape(one, one.shape().inserted(0, 1)), 0, 0, 0), one.shape().inserted(0, 0)));
  }
  return wrap(cat(lent(samples), 0));
}

}  // namespace

Interpreter& around(Interpreter& inner) { return decorator_around<Decorator>(inner); }

Array make(Interpreter& on, const Array& x, std::int64_t dim) {
  if (x.rank() == 0) throw ShapeError("vmap", "a tensor of rank 0 has no dim to map over");
  const int d = checked_dim("vmap", dim, x.rank());
  std::vector<std::int64_t> order{d};
  for (int e = 0; e < x.rank(); ++e)
    if (e != d) order.push_back(e);
  return static_cast<Decorator&>(on).wrap(d == 0 ? x : permute(x, order));
}

Array unmake(const Interpreter& on, const Array& x, std::int64_t size, std::int64_t dim) {
  const BatchedBody* body = batched_body(on, x);
  const Array whole = body ? body->value : broadcast_to(x, x.shape().inserted(0, size));
  const int d = checked_dim("vmap", dim, whole.rank());
  if (d == 0) return whole;
  std::vector<std::int64_t> order;
  for (int e = 1; e < whole.rank(); ++e) order.push_back(e);
  order.insert(order.begin() + d, 0);
  return permute(whole, order);
}

bool is_batched(const Interpreter& on, const Array& x) { return batched_body(on, x) != nullptr; }

Frame::Frame(Interpreter& on, std::int64_t n, Randomness policy)
    : interpreter(on), size(n), randomness(policy), outer(current) {
  current = this;
}
Frame::~Frame() { current = outer; }

}  // namespace fornax::batched
