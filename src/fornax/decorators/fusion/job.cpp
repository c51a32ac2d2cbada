#include <fornax/decorators/fusion/job.hpp>

#include <bitset>

#include <fornax/array/dense.hpp>
#include <fornax/decorators/fusion/instruction.hpp>

namespace fornax::fusion {

using fused::Instruction;
using fused::kInput;
using fused::Value;

namespace {

// A norm's gradient brings two more than one instruction.
using Set = std::bitset<Group::kMostInstructions + 2>;

template <class F> void each_argument(const Instruction& i, F&& f) {
  for (std::size_t k = 0; k < i.count; ++k) f(i.arguments[k]);
}

// With what these are made of, as far as that is not `known`.
Set with_arguments(const Group& group, Set wanted, const Set& known = {}) {
  for (std::size_t i = group.slots.size(); i-- > 0;)
    if (wanted[i])
      each_argument(group.slots[i].instruction, [&](Value v) {
        if (v < kInput && !known[v]) wanted.set(v);
      });
  return wanted;
}

// Whether it is there anyway: somebody else holds it, or it takes hardly any memory.
bool is_free(const Array& x) {
  const Storage* storage = dense(x).storage;
  return !x.unique() || !storage || !storage->references.is_one() || repeats_one_element(x);
}

// The instructions that compute a result again, beginning with inputs and with results that are written.
struct Recipe {
  Set code, known;
  std::bitset<Group::kMostInputs + Set().size()> inputs;
  bool possible = false;
};

// Whether it takes less time than to write the result and to read it, where reading what it is made of takes none on top.
bool pays(const Group& group, const Recipe& recipe, DType dtype) {
  int cost = 0;
  std::uint64_t bytes = 0;
  const auto numel = static_cast<std::uint64_t>(group.shape.numel());
  for (std::size_t i = 0; i < group.slots.size(); ++i) {
    const Instruction& made = group.slots[i].instruction;
    if (recipe.code[i]) cost += cost_of(made);
    if (recipe.known[i]) bytes += numel * size_of(made.dtype);
  }
  for (std::size_t i = 0; i < group.inputs.size(); ++i)
    if (recipe.inputs[i]) bytes += bytes_of(group.inputs[i]);
  const std::uint64_t own = numel * size_of(dtype);
  return cost <= kMostCost && bytes <= own + own / 4;  // a weight or a bias beside the rows
}

// Which of the results that are read go on waiting.
Set waiting_results(const Group& group, const Set& read, const Set& running, const LazyBody& asked) {
  const std::size_t n = group.slots.size();
  Set used;  // by other instructions; a result that is not will surely be read
  for (std::size_t i = 0; i < n; ++i)
    if (running[i])
      each_argument(group.slots[i].instruction, [&](Value v) {
        if (v < kInput) used.set(v);
      });
  Set waiting;
  std::vector<Recipe> recipes(n);
  for (std::size_t i = 0; i < n; ++i) {
    const Instruction& made = group.slots[i].instruction;
    if (!running[i] || !group.slots[i].may_wait) continue;
    Recipe recipe;
    recipe.possible = true;
    recipe.code.set(i);
    each_argument(made, [&](Value v) {
      if (v >= kInput) {
        recipe.inputs.set(v - kInput);
        recipe.possible = recipe.possible && is_free(group.inputs[v - kInput]);
      } else if (read[v] && !waiting[v]) {
        recipe.known.set(v);
      } else {
        recipe.code |= recipes[v].code;
        recipe.known |= recipes[v].known;
        recipe.inputs |= recipes[v].inputs;
        recipe.possible = recipe.possible && recipes[v].possible;
      }
    });
    waiting[i] = read[i] && used[i] && asked.slot != i && recipe.possible && pays(group, recipe, made.dtype);
    recipes[i] = recipe;
  }
  return waiting;
}

// Makes the group of what goes on waiting.
void put_off(Job& job, const Group& group, const Set& waiting, const Set& written) {
  const std::size_t n = group.slots.size();
  const Set kept = with_arguments(group, waiting, written) & ~written;
  Ref<Group> rest(new Group(group.shape));
  for (std::size_t i = 0; i < n; ++i)
    if (kept[i])
      each_argument(group.slots[i].instruction, [&](Value v) {
        if (v >= kInput) rest->input(group.inputs[v - kInput]);
      });
  std::vector<Value> number(n, 0);  // in the new group
  for (std::size_t i = 0; i < n; ++i) {
    if (!kept[i]) continue;
    Instruction made = group.slots[i].instruction;
    for (std::size_t k = 0; k < made.count; ++k) {
      Value& v = made.arguments[k];
      if (v >= kInput) {
        v = rest->input(group.inputs[v - kInput]);
      } else {
        if (written[v] && number[v] == 0) {
          number[v] = static_cast<Value>(kInput + rest->inputs.size() + job.known.size());
          job.known.push_back(v);
        }
        v = number[v];
      }
    }
    if (has_setting(made.code)) {
      rest->settings.push_back(group.settings[made.setting]);
      made.setting = static_cast<std::uint16_t>(rest->settings.size() - 1);
    }
    number[i] = static_cast<Value>(rest->slots.size());
    rest->slots.push_back({made, nullptr, false, group.slots[i].row_major});
    if (waiting[i]) job.moved.push_back({static_cast<Value>(i), number[i]});
  }
  rest->inputs.reserve(rest->inputs.size() + job.known.size());
  job.rest = std::move(rest);
}

}  // namespace

Job job_of(Group& group, const LazyBody* asked) {
  const std::size_t n = group.slots.size();
  Set read;
  for (std::size_t i = 0; i < n; ++i) read[i] = group.slots[i].readers != nullptr;
  const Set running = with_arguments(group, read);
  const Set waiting = asked ? waiting_results(group, read, running, *asked) : Set();
  const Set written = read & ~waiting;
  Job job;
  job.program.walk = group.walk;
  if (waiting.any()) put_off(job, group, waiting, written);
  std::vector<bool> used(group.inputs.size(), false);
  std::vector<Value> number(n);
  for (std::size_t i = 0; i < n; ++i) {
    if (!running[i]) continue;
    number[i] = static_cast<Value>(job.program.code.size());
    Instruction& made = job.program.code.emplace_back(group.slots[i].instruction);
    for (std::size_t k = 0; k < made.count; ++k) {
      Value& v = made.arguments[k];
      if (v < kInput) {
        v = number[v];
      } else {
        used[v - kInput] = true;
      }
    }
    if (!written[i]) continue;
    const LazyBody* reader = group.slots[i].readers;
    job.program.outputs.push_back(number[i]);
    job.results.push_back({reader->shape, reader->dtype, reader->device});
    job.slots.push_back(static_cast<Value>(i));
    job.row_major = job.row_major || group.slots[i].row_major;
  }
  for (std::size_t i = 0; i < group.inputs.size(); ++i) {
    Array& x = group.inputs[i];
    job.program.inputs.push_back(x.defined() ? x.dtype() : DType::Bool);
    if (!used[i]) x = Array();
  }
  return job;
}

bool Job::leave(Group& group, const Arrays& results_there) noexcept {
  if (!rest) return false;
  for (const Value v : known) {
    std::size_t k = 0;
    while (slots[k] != v) ++k;
    const Array& x = results_there[k];
    rest->inputs.push_back(x.shape() == rest->shape ? x : view(x, rest->shape, contiguous_strides(rest->shape), 0));
    rest->bytes += bytes_of(x);
  }
  for (const Moved& m : moved)
    while (LazyBody* const reader = group.slots[m.from].readers) {
      group.detach(*reader);
      rest->attach(*reader, m.to, rest);
    }
  return rest->readers > 0;
}

}  // namespace fornax::fusion
