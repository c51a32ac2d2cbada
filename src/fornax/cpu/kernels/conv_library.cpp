#include <fornax/cpu/kernels/conv_library.hpp>

#if defined(FORNAX_WITH_ONEDNN)

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>

#include <fornax/cpu/isa/isa.hpp>
#include <fornax/cpu/kernels/channels_last.hpp>
#include <fornax/cpu/kernels/compute_type.hpp>
#include <fornax/cpu/kernels/conv_plan.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/gemm.hpp>
#include <fornax/cpu/kernels/one_thread.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

namespace {

using Size = std::int64_t;

constexpr double kLeastCost = 1 << 20;     // multiplications that are worth a task
constexpr double kLeastProblem = 1 << 14;  // that are worth turning pictures; of one channel, where columns are cheap:
constexpr double kLeastOfOneChannel = 1 << 20;
constexpr Size kTasks = 8;                 // so many, if it costs little, to keep all cores busy
constexpr Size kLeastTasks = 4;            // that are left if larger ones have a faster algorithm
constexpr Size kMostSums = Size{1} << 22;  // elements of the weights that tasks sum up on their own

std::byte* bytes(const Array& a) { return dense(a).data; }

Array buffer(std::string_view operation, Size size) { return cpu_empty(operation, Shape{size}, DType::U8); }

/// So many bytes that what follows is aligned like they are.
Size padded(std::size_t size) { return static_cast<Size>((size + 63) / 64 * 64); }

class Convolution {
 public:
  Convolution(std::string_view name, const ConvProblem& problem) : name_(name), p_(problem) {
    Size each = std::max<Size>((p_.images + kTasks - 1) / kTasks, 1);
    each = std::max(each, static_cast<Size>(std::min(kLeastCost / p_.cost(), 1e6)));
    if (p_.kind == ConvKind::Weight) each = std::max(each, p_.images * p_.weights() / kMostSums);
    each = std::min(each, p_.images);
    Size tiled = each;
    while (!p_.suits_winograd(tiled) && (tiled + 1) * kLeastTasks <= p_.images) ++tiled;
    if (p_.suits_winograd(tiled)) {
      p_.winograd = true;
      find_plans(tiled);
      if (is_fast()) return;
    }
    // Only where pictures are turned anyway are they taken as they come.
    p_.winograd = p_.rows_in = p_.rows_out = false;
    find_plans(each);
  }
  /// The weight is turned once for all parts.
  bool is_fast() const {
    return plans_[0]->has_value() && plans_[1]->has_value() &&
           (*plans_[0])->weight.wanted == (*plans_[1])->weight.wanted;
  }
  const ConvProblem& problem() const { return p_; }

  /// All three arrays lie in memory as the problem says, the weight row-major.
  void run(std::byte* source, std::byte* weight, std::byte* result, std::byte* bias = nullptr) const {
    p_.kind == ConvKind::Weight ? sum(source, result, weight) : apply(source, weight, result, bias);
  }

 private:
  void find_plans(Size each) {
    each_ = each;
    tasks_ = (p_.images + each_ - 1) / each_;
    plans_[0] = conv_plan(p_.of(each_));
    plans_[1] = p_.images % each_ == 0 ? plans_[0] : conv_plan(p_.of(p_.images % each_));
  }
  const ConvPlan& whole() const { return **plans_[0]; }

  void apply(std::byte* source, std::byte* weight, std::byte* result, std::byte* bias) const {
    Array turned;
    if (const ConvSide& side = whole().weight; side.turns()) {
      turned = buffer(name_, padded(side.wanted.get_size()));
      turn(side, weight, bytes(turned), false);
      weight = bytes(turned);
    }
    for_each_part([&](Size, const ConvPlan& part, Size source_at, Size result_at, std::byte* scratch) {
      execute(part, source + source_at, weight, result + result_at, bias, scratch);
    });
  }
  /// The sums of the parts, joined in their order.
  void sum(std::byte* source, std::byte* result, std::byte* weight) const {
    const ConvSide& side = whole().weight;
    const std::size_t size = side.wanted.get_size();
    const Array parts = buffer(name_, static_cast<Size>(size) * tasks_);
    for_each_part([&](Size task, const ConvPlan& part, Size source_at, Size result_at, std::byte* scratch) {
      execute(part, source + source_at, bytes(parts) + task * static_cast<Size>(size), result + result_at, nullptr,
              scratch);
    });
    auto* const total = reinterpret_cast<float*>(bytes(parts));
    const auto count = static_cast<Size>(size / sizeof(float));
    parallel_for(count, kLeastElements, [&](Size begin, Size end) {
      for (Size task = 1; task < tasks_; ++task)
        for (Size i = begin; i < end; ++i) total[i] += total[task * count + i];
    });
    if (side.turns()) return turn(side, bytes(parts), weight, true);
    std::copy_n(bytes(parts), size, weight);
  }

  template <class F> void for_each_part(const F& f) const {
    const Size source = static_cast<Size>(whole().source.given.get_size());
    const Size result = static_cast<Size>(whole().result.given.get_size());
    const int threads = threads_for(tasks_);
    const Size scratch = std::max(scratch_of(whole()), scratch_of(**plans_[1]));
    const Array memory = buffer(name_, scratch * threads);
    parallel_tasks(tasks_, threads, [&](Size task, int worker) {
      const OneThread guard;
      f(task, task + 1 < tasks_ ? whole() : **plans_[1], task * source, task * result,
        bytes(memory) + worker * scratch);
    });
  }
  static Size scratch_of(const ConvPlan& plan) {
    Size size = padded(plan.scratch);
    for (const ConvSide* side : {&plan.source, &plan.result})
      if (side->turns()) size += padded(side->wanted.get_size());
    return size;
  }
  static dnnl::memory memory(const dnnl::memory::desc& desc, std::byte* at) { return {desc, engine(), at}; }

  void turn(const ConvSide& side, std::byte* source, std::byte* target, bool to_given) const {
    try {
      side.run(source, target, to_given);
    } catch (const dnnl::error& e) {
      throw Error(name_, std::string("oneDNN: ") + e.what());
    }
  }
  /// A part, its pictures turned on the way if the primitive has them in another order.
  void execute(const ConvPlan& plan, std::byte* source, std::byte* weight, std::byte* result, std::byte* bias,
               std::byte* scratch) const {
    const bool forward = p_.kind == ConvKind::Forward, input = p_.kind == ConvKind::Input;
    std::byte* next = scratch + padded(plan.scratch);
    const auto place = [&](const ConvSide& side, std::byte* given, bool written) {
      if (!side.turns()) return given;
      std::byte* const at = next;
      next += padded(side.wanted.get_size());
      if (!written) turn(side, given, at, false);
      return at;
    };
    std::byte* const x = place(plan.source, source, input);
    std::byte* const y = place(plan.result, result, forward);
    try {
      std::unordered_map<int, dnnl::memory> arguments = {
          {input ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, memory(plan.source.wanted, x)},
          {p_.kind == ConvKind::Weight ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, memory(plan.weight.wanted, weight)},
          {forward ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, memory(plan.result.wanted, y)},
          {DNNL_ARG_SCRATCHPAD,
           memory({{static_cast<Size>(plan.scratch)}, dnnl::memory::data_type::u8, dnnl::memory::format_tag::a},
                  scratch)}};
      if (bias) arguments.emplace(DNNL_ARG_BIAS, memory(p_.bias_vector(), bias));
      plan.primitive.execute(stream(), arguments);
    } catch (const dnnl::error& e) {
      throw Error(name_, std::string("oneDNN: ") + e.what());
    }
    if (x != source && input) turn(plan.source, x, source, true);
    if (y != result && forward) turn(plan.result, y, result, true);
  }

  std::string_view name_;
  ConvProblem p_;
  Size each_ = 1, tasks_ = 0;
  std::shared_ptr<const std::optional<ConvPlan>> plans_[2];  // of a whole part, of the last
};

bool by_rows(const Array& a) { return is_contiguous(a) && !is_channels_last(a); }

/// The problem, if it is one for the library.
std::optional<ConvProblem> problem_of(const ConvSettings& s, DType type, const ConvShapes& shapes) {
  const bool narrow = type == DType::BF16 && has_bf16_products();
  if ((type != DType::F32 && !narrow) || isa() == Isa::Portable || shapes.x.numel() == 0 || shapes.y.numel() == 0)
    return {};
  ConvProblem p(s, type, shapes.x, shapes.w, shapes.y);
  for (std::size_t i = p.first(); i < kMaxSpatialDims; ++i)
    if (p.before[i] < 0 || p.in[i] > INT32_MAX || p.before[i] > INT32_MAX || p.stride[i] > INT32_MAX) return {};
  const double least = p.in_channels > p.groups ? kLeastProblem : kLeastOfOneChannel;
  if (static_cast<double>(p.images) * p.cost() < least) return {};
  // One image would run on one thread; one channel has little to be adjacent.
  if (p.images < 2 || p.in_channels / p.groups < (s.kind == ConvKind::Input ? 8 : 1)) return {};
  return p;
}

}  // namespace

Array convolve_by_library(std::string_view name, const ConvSettings& s, const Spec& spec, Operands inputs,
                          const ConvShapes& shapes, const ConvExtra& extra) {
  std::optional<ConvProblem> p = problem_of(s, spec.dtype, shapes);
  Array first = inputs[0].array(), second = inputs[1].array();
  // Products of row-major pictures need no columns.
  if (!p || (spec.dtype == DType::F32 && p->is_pointwise() && is_contiguous(first))) return {};
  const bool input = s.kind == ConvKind::Input, weight = s.kind == ConvKind::Weight;
  // So few channels leave most lanes of the library's kernels empty.
  constexpr Size few = 3;
  if (s.kind == ConvKind::Forward && spec.dtype == DType::F32 && p->groups == 1 && by_rows(first) &&
      std::max(p->in_channels, p->out_channels) <= few)
    return {};
  (input ? p->rows_out : p->rows_in) = by_rows(first);
  if (weight) p->rows_out = by_rows(second);
  p->biased = extra.bias.defined();
  p->relu = extra.activation == UnaryFn::Relu;
  const Convolution convolution(name, *p);
  if (!convolution.is_fast()) return {};

  const ConvProblem& found = convolution.problem();
  const auto settled = [&](const Array& a, bool of_x) {
    return (of_x ? found.rows_in : found.rows_out) ? a : as_channels_last(name, a);
  };
  first = settled(first, !input);
  second = weight ? settled(second, false) : cpu_contiguous(second);
  const Array result = weight ? cpu_empty(name, spec.shape, spec.dtype)
                              : cpu_empty(name, spec.shape, spec.dtype, channels_last_strides(spec.shape));
  switch (s.kind) {
    case ConvKind::Forward: {
      const Array bias = found.biased ? as_contiguous(name, extra.bias, DType::F32) : Array();
      convolution.run(bytes(first), bytes(second), bytes(result), found.biased ? bytes(bias) : nullptr);
      break;
    }
    case ConvKind::Input: convolution.run(bytes(result), bytes(second), bytes(first)); break;
    case ConvKind::Weight: convolution.run(bytes(first), bytes(result), bytes(second)); break;
  }
  if (extra.activation && !found.relu) {
    const View view(result);
    run_elementwise(kernel_of(*extra.activation, compute_type(spec.dtype)), result, {&view, 1});
  }
  return result;
}

}  // namespace fornax::cpu

#else

namespace fornax::cpu {

Array convolve_by_library(std::string_view, const ConvSettings&, const Spec&, Operands, const ConvShapes&,
                          const ConvExtra&) {
  return {};
}

}  // namespace fornax::cpu

#endif
