// The tile interpreter: a program runs over a few hundred elements at a time, instruction by instruction, so that what
// lies between its inputs and outputs never leaves the first cache. The kernels are those of the operations themselves.

#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

#include <fornax/cpu/fused/inputs.hpp>
#include <fornax/cpu/fused/plan.hpp>
#include <fornax/cpu/fused/reader.hpp>
#include <fornax/cpu/fused/reduction.hpp>
#include <fornax/cpu/fused/row_step.hpp>
#include <fornax/cpu/fused/stream.hpp>
#include <fornax/cpu/isa/rows.hpp>
#include <fornax/cpu/kernels/compute_type.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

namespace {

using fused::Call;
using fused::Code;
using fused::kInput;

constexpr std::size_t kStreamed = std::size_t{32} << 20;  // bytes of results that no cache keeps until they are read
constexpr std::int64_t kTask = 1 << 14;                   // elements of whole rows that one task has at least
constexpr std::size_t kPad = 128;  // between tiles, which would otherwise compete for the same lines of the cache

Shape permuted(const Shape& shape, const DimOrder& order) {
  std::array<std::int64_t, kMaxRank> sizes{};
  for (int d = 0; d < shape.rank(); ++d) sizes[static_cast<std::size_t>(d)] = shape[order[static_cast<std::size_t>(d)]];
  return Shape(std::span<const std::int64_t>(sizes.data(), static_cast<std::size_t>(shape.rank())));
}

const void* setting_of(const Call& call, Code code, std::uint16_t setting) {
  if (code == Code::WithScalar) return &call.settings[setting].number;
  return code == Code::Clamp ? &call.settings[setting].clamp : nullptr;
}

// What a program of one operation would only add to the cost of its kernel.
bool run_alone(const Call& call, const std::vector<bool>& streamed, const Arrays& results) {
  const fused::Program& program = call.program;
  const fused::Instruction& only = program.code[0];
  if (program.code.size() != 1 || executor() != Executor::Automatic || program.walk != fused::Walk::Elements ||
      streamed[0] || !(results[0].shape() == call.shape))
    return false;
  const auto input = [&](std::size_t k) -> const Array& { return call.inputs[only.arguments[k] - kInput]; };
  const Kernel kernel = kernel_for(only, input(0).dtype());
  if (!kernel) return false;
  SmallVector<View, 3> x;
  for (std::size_t k = 0; k < only.count; ++k) x.push_back(View(input(k)));
  run_elementwise(kernel, results[0], {x.data(), x.size()}, setting_of(call, only.code, only.setting));
  return true;
}

class Run {
 public:
  Run(const Call& call, const Plan& plan, const std::vector<Input>& inputs, const Shape& shape, const Arrays& results)
      : call_(call),
        plan_(plan),
        inputs_(inputs),
        tile_(tile_of(call, plan)),
        tile_bytes_(static_cast<std::size_t>(tile_) * plan.width + kPad) {
    split();
    workers_.resize(static_cast<std::size_t>(threads_for(tasks_)));
    compiled_ = plan.compiled.get(plan, call.rows * call.columns);
    registers_ = plan.registers + (compiled_ ? compiled_->registers : 0);
    std::size_t tiles = registers_;
    for (const Input& x : inputs) tiles += x.source == Source::Repeated || x.source == Source::Gathered;
    const std::size_t converted = plan.widens ? 4 * (static_cast<std::size_t>(tile_) * sizeof(float) + kPad) : 0;
    const std::size_t bytes = tiles * tile_bytes_ + converted;
    scratch_ = cpu_empty("fusion", Shape{bytes * workers_.size()}, DType::U8);
    for (std::size_t w = 0; w < workers_.size(); ++w) place(workers_[w], dense(scratch_).data + w * bytes, results);
    for (std::size_t x = 0; x < inputs.size(); ++x) {
      if (inputs[x].source != Source::Gathered) continue;
      const Reader reader(inputs[x].data, size_of(call.program.inputs[x]), shape, inputs[x].strides);
      if (!inputs[x].same_rows) gathered_.push_back({x, reader});
      for (const Worker& w : workers_)
        if (inputs[x].same_rows) reader.read(0, std::min(tile_, shape.numel()), w.base[x]);
    }
    for (const Step& step : plan.steps) {
      if (step.code == Code::Reduce)
        reductions_.push_back(
            make_reduction(call, step.reduce, step.walk, results[step.output], static_cast<int>(workers_.size())));
    }
    if (call.program.walk == fused::Walk::WholeRows)
      rows_ = make_row_steps(call, plan, results, static_cast<int>(workers_.size()), tile_ / call.columns);
    if (compiled_) take_numbers();
  }

  void all() {
    parallel_tasks(tasks_, static_cast<int>(workers_.size()), [&](std::int64_t task, int worker) {
      run_task(task, worker);
      finish_streams();
    });
    for (const auto& r : reductions_) r->finish();
    for (const auto& r : rows_) r->finish();
  }

 private:
  struct Worker {
    std::vector<std::byte*> base;    // of each place
    std::vector<std::int64_t> step;  // bytes from an element to the next; 0 where tiles lie on top of each other
    std::vector<std::byte*> at;      // the tile in the places of a segment
    std::vector<float> numbers;      // kNumbers for each setting, for compiled code
    std::byte* wide[4] = {};         // tiles of f32, for arguments and result of what is stored in 16 bits
    std::size_t index = 0;
  };
  struct Gathered {
    std::size_t input;
    Reader reader;
  };

  void place(Worker& w, std::byte* scratch, const Arrays& results) {
    w.index = static_cast<std::size_t>(&w - workers_.data());
    const auto tile = [&] { return std::exchange(scratch, scratch + tile_bytes_); };
    for (std::size_t x = 0; x < plan_.inputs; ++x) {
      const std::size_t size = size_of(call_.program.inputs[x]);
      switch (inputs_[x].source) {
        case Source::Unused: w.base.push_back(nullptr); break;
        case Source::Adjacent: w.base.push_back(const_cast<std::byte*>(inputs_[x].data)); break;
        case Source::Repeated:
          w.base.push_back(tile());
          pack(inputs_[x].data, 0, w.base.back(), size, tile_);
          break;
        case Source::Gathered: w.base.push_back(tile()); break;
      }
      w.step.push_back(inputs_[x].source == Source::Adjacent ? static_cast<std::int64_t>(size) : 0);
    }
    for (const Array& y : results) {
      w.base.push_back(dense(y).data);
      w.step.push_back(static_cast<std::int64_t>(size_of(y.dtype())));
    }
    for (std::size_t r = 0; r < registers_; ++r) {
      w.base.push_back(tile());
      w.step.push_back(0);
    }
    if (!plan_.widens) return;
    for (std::byte*& wide : w.wide)
      wide = std::exchange(scratch, scratch + static_cast<std::size_t>(tile_) * sizeof(float) + kPad);
  }

  static std::int64_t tile_of(const Call& call, const Plan& plan) {
    if (call.program.walk != fused::Walk::WholeRows) return plan.tile;
    return call.columns * std::max<std::int64_t>(1, plan.tile / call.columns);
  }

  // The work as tasks, by sizes alone.
  void split() {
    const std::int64_t length = call_.columns;
    if (call_.program.walk == fused::Walk::WholeRows) {
      rows_of_task_ = std::max<std::int64_t>(1, kTask / length);
      std::int64_t together = plan_.rows;
      for (const Step& s : plan_.steps)
        if (s.code == Code::NormGrad) together = std::max(together, norm_samples_of_task(call_.rows, length));
      rows_of_task_ = (rows_of_task_ + together - 1) / together * together;
      tasks_ = (call_.rows + rows_of_task_ - 1) / rows_of_task_;
    } else if (call_.program.walk == fused::Walk::Columns) {
      tasks_ = (length + kMostColumns - 1) / kMostColumns;
    } else if (length > plan_.range) {
      parts_of_row_ = (length + plan_.range - 1) / plan_.range;
      tasks_ = call_.rows * parts_of_row_;
    } else {
      rows_of_task_ = std::max<std::int64_t>(1, plan_.range / length);
      tasks_ = (call_.rows + rows_of_task_ - 1) / rows_of_task_;
    }
  }

  void run_task(std::int64_t task, int worker) {
    Worker& w = workers_[static_cast<std::size_t>(worker)];
    const std::int64_t length = call_.columns;
    const std::int64_t rows_of_tile = std::max<std::int64_t>(1, tile_ / length);
    if (call_.program.walk == fused::Walk::Columns) {
      const std::int64_t first = task * kMostColumns, width = std::min(kMostColumns, length - first);
      for (const auto& r : reductions_) r->begin(worker, first, width);
      const std::int64_t rows = width == length ? rows_of_tile : 1;
      for (std::int64_t row = 0; row < call_.rows; row += rows)
        tile(w, row, first, width * std::min(rows, call_.rows - row));
      for (const auto& r : reductions_) r->end(worker);
    } else if (parts_of_row_ > 0) {
      const std::int64_t row = task / parts_of_row_, first = task % parts_of_row_ * plan_.range;
      part_of_row(w, row, first, std::min(first + plan_.range, length));
    } else {
      const std::int64_t first = task * rows_of_task_, end = std::min(first + rows_of_task_, call_.rows);
      if (length > tile_) {
        for (std::int64_t row = first; row < end; ++row) part_of_row(w, row, 0, length);
      } else {
        for (std::int64_t row = first; row < end; row += rows_of_tile)
          tile(w, row, 0, length * std::min(rows_of_tile, end - row));
      }
    }
  }

  void part_of_row(Worker& w, std::int64_t row, std::int64_t begin, std::int64_t end) {
    for (std::int64_t c = begin; c < end; c += plan_.tile) tile(w, row, c, std::min(plan_.tile, end - c));
  }

  void tile(Worker& w, std::int64_t row, std::int64_t column, std::int64_t n) {
    const std::int64_t start = row * call_.columns + column;
    for (const Gathered& g : gathered_) g.reader.read(start, n, w.base[g.input]);
    const auto at = [&](Place p) { return w.base[p] + start * w.step[p]; };
    std::size_t reduction = 0, of_rows = 0;
    const Segment* segment = compiled_ ? compiled_->segments.data() : nullptr;
    const Segment* const last = compiled_ ? segment + compiled_->segments.size() : nullptr;
    for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
      if (segment != last && segment->begin == i) {
        if (run_segment(w, *segment, row, start, n, of_rows)) {
          of_rows += segment->of_rows;
          i = segment++->end - 1;
          continue;
        }
        segment = last;  // later ones may need what this one would have left to them
      }
      const Step& s = plan_.steps[i];
      const std::byte* x[3] = {at(s.x[0])};
      for (std::size_t k = 1; k < s.count; ++k) x[k] = at(s.x[k]);
      if (s.code == Code::Reduce) {
        reductions_[reduction++]->tile(static_cast<int>(w.index), x[0], row, column, n);
        continue;
      }
      std::byte* const y = at(s.y);
      if (takes_rows(s.code)) {
        rows_[of_rows++]->tile(static_cast<int>(w.index), y, x, row, n / call_.columns);
      } else if (s.code == Code::Cast) {
        convert(x[0], s.from[0], y, s.dtype, n);
      } else if (s.widens) {
        widened(w, s, y, x, n);
      } else {
        s.kernel(y, x, n, setting_of(call_, s.code, s.setting));
      }
      if (s.streamed != kNowhere) stream_(at(s.streamed), y, static_cast<std::size_t>(n) * size_of(s.dtype));
    }
  }

  // False if a result that goes past the caches does not lie as that takes; then the interpreter runs these steps.
  bool run_segment(Worker& w, const Segment& segment, std::int64_t row, std::int64_t start, std::int64_t n,
                   std::size_t of_rows) {
    const std::int64_t piece = segment.of_rows ? call_.columns : n;
    for (std::size_t p = 0; p < segment.places.size(); ++p)
      w.at[p] = w.base[segment.places[p]] + start * w.step[segment.places[p]];
    for (const std::size_t p : segment.streamed)
      if (reinterpret_cast<std::uintptr_t>(w.at[p]) % kStreamAlignment != 0 ||
          (piece < n && piece * segment.sizes[p] % static_cast<std::int64_t>(kStreamAlignment) != 0))
        return false;
    for (; n > 0; n -= piece, ++row) {
      if (segment.of_rows) {
        const Step& s = plan_.steps[segment.begin];
        const std::byte* x[3] = {};
        for (std::size_t k = 0; k < s.count; ++k)
          x[k] = w.at[static_cast<std::size_t>(std::find(segment.places.begin(), segment.places.end(), s.x[k]) -
                                               segment.places.begin())];
        rows_[of_rows]->numbers(static_cast<int>(w.index), &w.numbers[kNumbers * s.setting], x, row);
      }
      segment.run(w.at.data(), w.numbers.data(), piece);
      if (piece == n) break;
      for (std::size_t p = 0; p < segment.places.size(); ++p) w.at[p] += piece * segment.sizes[p];
    }
    return true;
  }

  // The numbers beside arrays and the bounds of clamps, as the kernels convert them.
  void take_numbers() {
    std::vector<float> numbers(kNumbers * call_.settings.size());
    for (const Step& s : plan_.steps) {
      if (s.from[0] != DType::F32) continue;
      float* const to = s.code == Code::WithScalar || s.code == Code::Clamp ? &numbers[kNumbers * s.setting] : nullptr;
      if (s.code == Code::WithScalar) to[0] = static_cast<float>(call_.settings[s.setting].number.as_double());
      if (s.code != Code::Clamp) continue;
      const op::Clamp& clamp = call_.settings[s.setting].clamp;
      constexpr float kInf = std::numeric_limits<float>::infinity();
      to[0] = clamp.has_low ? static_cast<float>(clamp.low.as_double()) : -kInf;
      to[1] = clamp.has_high ? static_cast<float>(clamp.high.as_double()) : kInf;
    }
    std::size_t most = 0;
    for (const Segment& s : compiled_->segments) most = std::max(most, s.places.size());
    for (Worker& w : workers_) {
      w.at.resize(most);
      w.numbers = numbers;
    }
  }

  // Computes in f32, and rounds once.
  void widened(Worker& w, const Step& s, std::byte* y, const std::byte** x, std::int64_t n) {
    for (std::size_t k = 0; k < s.count; ++k) {
      if (compute_type(s.from[k]) == s.from[k]) continue;
      convert(x[k], s.from[k], w.wide[k], DType::F32, n);
      x[k] = w.wide[k];
    }
    const bool narrow = compute_type(s.dtype) != s.dtype;
    s.kernel(narrow ? w.wide[3] : y, x, n, setting_of(call_, s.code, s.setting));
    if (narrow) convert(w.wide[3], DType::F32, y, s.dtype, n);
  }

  const Call& call_;
  const Plan& plan_;
  const std::vector<Input>& inputs_;
  const std::int64_t tile_;
  const std::size_t tile_bytes_;
  std::int64_t tasks_ = 0;
  std::int64_t parts_of_row_ = 0, rows_of_task_ = 0;  // one of them, for walks along rows
  std::vector<Worker> workers_;
  Array scratch_;
  std::vector<Gathered> gathered_;
  std::vector<std::unique_ptr<Reduction>> reductions_;
  std::vector<std::unique_ptr<RowStep>> rows_;
  const Compiled* compiled_ = nullptr;
  std::size_t registers_ = 0;
  void (*const stream_)(std::byte*, const std::byte*, std::size_t) = row_kernels(DType::F32, isa()).stream;
};

}  // namespace

}  // namespace fornax::cpu

namespace fornax {

Arrays CpuBackend::run_program(const fused::Call& call) {
  using namespace cpu;
  const fused::Program& program = call.program;
  const DimOrder order = order_of(call);
  std::vector<Input> inputs;
  std::vector<Source> sources;
  for (const Array& x : call.inputs) {
    inputs.push_back(input_of(call, x, order));
    sources.push_back(inputs.back().source);
  }
  const std::vector<std::size_t> reused = reused_inputs(call, sources);

  std::size_t fresh = 0;
  for (std::size_t o = 0; o < program.outputs.size(); ++o)
    if (reused[o] == program.inputs.size())
      fresh += static_cast<std::size_t>(call.results[o].shape.numel()) * size_of(call.results[o].dtype);
  const Shape walked = permuted(call.shape, order);
  const Strides steps = contiguous_strides(walked);
  Strides strides{};
  for (int d = 0; d < walked.rank(); ++d)
    strides[static_cast<std::size_t>(order[static_cast<std::size_t>(d)])] = steps[static_cast<std::size_t>(d)];
  std::vector<bool> streamed;
  Arrays results;
  for (std::size_t o = 0; o < program.outputs.size(); ++o) {
    const Spec& spec = call.results[o];
    const bool takes = reused[o] != program.inputs.size();
    streamed.push_back(!takes && fresh >= kStreamed && !is_end(program.code[program.outputs[o]].code));
    if (takes) {
      const Array& x = call.inputs[reused[o]];
      results.push_back(x.shape() == spec.shape ? x : view(x, spec.shape, contiguous_strides(spec.shape), 0));
    } else if (program.walk == fused::Walk::Elements && !call.row_major) {
      results.push_back(cpu_empty("fusion", spec.shape, spec.dtype, strides));
    } else {
      results.push_back(cpu_empty("fusion", spec.shape, spec.dtype));
    }
  }
  if (!run_alone(call, streamed, results))
    Run(call, *plan_for(program, sources, streamed), inputs, walked, results).all();
  return results;
}

}  // namespace fornax
