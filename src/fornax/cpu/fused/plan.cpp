#include <fornax/cpu/fused/plan.hpp>

#include <algorithm>
#include <list>
#include <mutex>
#include <unordered_map>

#include <fornax/cpu/fused/reduction.hpp>
#include <fornax/cpu/isa/isa.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>

namespace fornax::cpu {

namespace {

using fused::Code;
using fused::Instruction;
using fused::kInput;

// Where memory limits, short tiles are better: streams of reading and phases of computing mix. Where caches do, the cost
// of a step is spread over more elements by long ones.
constexpr std::int64_t kTile = 512;
constexpr std::int64_t kTask = 1 << 14;

// Gives registers out and takes them back. One that had elements of some size gets no others: compiled code reads and
// writes a tile piece by piece, and the pieces of two values would not lie at the same places.
class Registers {
 public:
  Place take(std::size_t size) {
    std::vector<Place>& free = free_[size];
    if (free.empty()) {
      sizes_.push_back(size);
      return static_cast<Place>(sizes_.size() - 1);
    }
    const Place r = free.back();
    free.pop_back();
    return r;
  }
  void give(Place r) { free_[sizes_[r]].push_back(r); }
  std::size_t made() const { return sizes_.size(); }

 private:
  std::vector<Place> free_[9];  // by the size of an element
  std::vector<std::size_t> sizes_;
};

// Ends last: what is compiled should not be cut in pieces by them.
std::vector<std::size_t> order_of_steps(const fused::Program& program) {
  std::vector<std::size_t> order;
  for (const bool ends : {false, true})
    for (std::size_t i = 0; i < program.code.size(); ++i)
      if (is_end(program.code[i].code) == ends) order.push_back(i);
  return order;
}

Ref<const Plan> make_plan(const fused::Program& program, const std::vector<Source>& sources,
                          const std::vector<bool>& streamed) {
  Ref<Plan> plan(new Plan);
  // Of whole rows one thing after the other is computed, so that the processor does not see by itself what is read next.
  for (const Source source : sources)
    plan->expected.push_back(program.walk == fused::Walk::WholeRows && source == Source::Adjacent);
  plan->inputs = program.inputs.size();
  plan->outputs = program.outputs.size();
  plan->tile = kTile;
  plan->range = kTask;
  const auto first_output = static_cast<Place>(plan->inputs);
  const auto first_register = static_cast<Place>(plan->inputs + plan->outputs);

  const std::size_t n = program.code.size();
  std::vector<std::size_t> last_use(n, 0), output(n, kNowhere);
  std::vector<std::size_t> step_of(n, 0);
  std::vector<Place> place(n, kNowhere);
  const std::vector<std::size_t> order = order_of_steps(program);
  for (const std::size_t i : order)
    for (std::size_t k = 0; k < program.code[i].count; ++k)
      if (const fused::Value v = program.code[i].arguments[k]; v < kInput) last_use[v] = i;
  for (std::size_t o = 0; o < plan->outputs; ++o) output[program.outputs[o]] = o;

  Registers registers;
  for (const std::size_t i : order) {
    const Instruction& from = program.code[i];
    Step step{};
    step.code = from.code;
    step.fn = from.fn;
    step.count = from.count;
    step.dtype = from.dtype;
    step.setting = from.setting;
    step.y = step.streamed = kNowhere;
    step.widens = compute_type(from.dtype) != from.dtype;
    for (std::size_t k = 0; k < from.count; ++k) {
      const fused::Value v = from.arguments[k];
      const bool is_input = v >= kInput;
      step.from[k] = is_input ? program.inputs[v - kInput] : program.code[v].dtype;
      step.x[k] = is_input ? static_cast<Place>(v - kInput) : place[v];
      step.widens = step.widens || compute_type(step.from[k]) != step.from[k];
    }
    step.kernel = kernel_for(from, step.from[0]);
    step.vectors[0] = step.vectors[1] = kNowhere;
    if (from.code == Code::Reduce) {
      step.reduce = static_cast<ReduceFn>(from.fn);
      step.walk = static_cast<fused::Walk>(from.setting);
      step.output = static_cast<std::uint16_t>(output[i]);
      const Grain grain = grain_of(step.reduce, from.dtype);
      plan->tile = std::max(plan->tile, grain.block);
      plan->range = std::max(plan->range, grain.range);
      if (step.walk == fused::Walk::Columns) plan->rows = std::max(plan->rows, grain.block);
    } else if (from.code == Code::NormVectorGrad) {
      plan->steps[step_of[from.arguments[0]]].vectors[from.fn] = static_cast<std::uint16_t>(output[i]);
    } else if (output[i] != kNowhere && !streamed[output[i]]) {
      step.y = place[i] = static_cast<Place>(first_output + output[i]);
    } else {
      // Not that of an argument which ends here: compilers give up vectors where a result might overlap its arguments.
      step.y = place[i] = static_cast<Place>(first_register + registers.take(size_of(from.dtype)));
      plan->width = std::max(plan->width, size_of(from.dtype));
      if (output[i] != kNowhere) step.streamed = static_cast<Place>(first_output + output[i]);
    }
    for (std::size_t k = 0; k < from.count; ++k) {
      const fused::Value v = from.arguments[k];
      if (v >= kInput || last_use[v] != i || place[v] < first_register) continue;
      last_use[v] = n;  // once, however often the instruction reads it
      registers.give(static_cast<Place>(place[v] - first_register));
    }
    if (step.y >= first_register && step.y != kNowhere && last_use[i] == 0)
      registers.give(static_cast<Place>(step.y - first_register));
    if (from.code == Code::Cast || is_end(from.code)) step.widens = false;
    plan->widens = plan->widens || step.widens;
    step_of[i] = plan->steps.size();
    if (from.code != Code::NormVectorGrad) plan->steps.push_back(step);
  }
  for (const DType type : program.inputs) plan->width = std::max(plan->width, size_of(type));
  plan->registers = registers.made();
  // One operation that reads and writes where things lie keeps nothing in between.
  const auto in_place = [](Source s) { return s == Source::Adjacent || s == Source::Unused; };
  if (n == 1 && program.walk != fused::Walk::WholeRows && plan->registers == 0 &&
      std::all_of(sources.begin(), sources.end(), in_place))
    plan->tile = plan->range;
  return plan;
}

// All that a plan depends on, as bytes.
std::string key_of(const fused::Program& program, const std::vector<Source>& sources,
                   const std::vector<bool>& streamed) {
  static_assert(sizeof(Instruction) == 12, "no gaps, whose bytes would be anything");
  std::string key;
  key.reserve(4 + 2 * program.inputs.size() + 3 * program.outputs.size() + sizeof(Instruction) * program.code.size());
  key.push_back(static_cast<char>(program.walk));
  key.push_back(static_cast<char>(program.inputs.size()));
  key.push_back(static_cast<char>(program.outputs.size()));
  for (const DType type : program.inputs) key.push_back(static_cast<char>(type));
  for (const Source source : sources) key.push_back(static_cast<char>(source));
  for (std::size_t o = 0; o < program.outputs.size(); ++o) {
    key.push_back(static_cast<char>(program.outputs[o] & 0xff));
    key.push_back(static_cast<char>(program.outputs[o] >> 8));
    key.push_back(streamed[o] ? '\1' : '\0');
  }
  key.append(reinterpret_cast<const char*>(program.code.data()), program.code.size() * sizeof(Instruction));
  return key;
}

// The latest plans; the one that was not used for longest makes room.
class Cache {
 public:
  Ref<const Plan> find(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto at = index_.find(key);
    if (at == index_.end()) return {};
    entries_.splice(entries_.begin(), entries_, at->second);
    return at->second->plan;
  }
  // What is there from now on: this plan, or that of a thread that was faster.
  Ref<const Plan> add(std::string key, Ref<const Plan> plan) {
    const std::lock_guard lock(mutex_);
    if (const auto at = index_.find(key); at != index_.end()) return at->second->plan;
    entries_.push_front({std::move(key), plan});
    index_.emplace(entries_.front().key, entries_.begin());
    if (entries_.size() > kMostPlans) {
      index_.erase(entries_.back().key);
      entries_.pop_back();
    }
    return plan;
  }
  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return entries_.size();
  }

 private:
  struct Entry {
    std::string key;
    Ref<const Plan> plan;
  };
  std::mutex mutex_;
  std::list<Entry> entries_;  // the one used last in front
  std::unordered_map<std::string_view, std::list<Entry>::iterator> index_;
};

Cache& cache() {
  static Cache* const c = new Cache;  // never destroyed: static variables may hold arrays that are read late
  return *c;
}

}  // namespace

Kernel kernel_for(const Instruction& i, DType argument) {
  const DType type = compute_type(argument);
  switch (i.code) {
    case Code::Unary: return kernel_of(static_cast<UnaryFn>(i.fn), type);
    case Code::Slope: return slope_kernel(static_cast<UnaryFn>(i.fn), type, isa());
    case Code::Binary: return kernel_of(static_cast<BinaryFn>(i.fn), type);
    case Code::WithScalar: return kernel_of(static_cast<ScalarFn>(i.fn), type);
    case Code::Where: return where_kernel(size_of(compute_type(i.dtype)), isa());
    case Code::Clamp: return clamp_kernel(type, isa());
    default: return nullptr;
  }
}

Ref<const Plan> plan_for(const fused::Program& program, const std::vector<Source>& sources,
                         const std::vector<bool>& streamed) {
  std::string key = key_of(program, sources, streamed);
  if (Ref<const Plan> plan = cache().find(key)) return plan;
  return cache().add(std::move(key), make_plan(program, sources, streamed));
}

std::size_t cached_plans() { return cache().size(); }

}  // namespace fornax::cpu
