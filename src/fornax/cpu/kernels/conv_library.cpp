#include <fornax/cpu/kernels/conv_library.hpp>

#if defined(FORNAX_WITH_ONEDNN)

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include <fornax/cpu/isa/isa.hpp>
#include <fornax/cpu/kernels/channels_last.hpp>
#include <fornax/cpu/kernels/one_thread.hpp>
#include <fornax/cpu/kernels/onednn.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

namespace {

using Size = std::int64_t;
using Dims = dnnl::memory::dims;
using Desc = dnnl::memory::desc;

/// All that a primitive depends on.
struct Problem {
  ConvKind kind;
  int dims;
  Size images, groups, in_channels, out_channels;  // of all groups
  SpatialSizes in = {}, kernel = {}, out = {}, stride = {1, 1, 1}, dilation = {1, 1, 1}, before = {}, after = {};

  Problem(const ConvSettings& s, const Shape& x, const Shape& w, const Shape& y)
      : kind(s.kind), dims(s.dims), images(x[0]), groups(s.groups), in_channels(x[1]), out_channels(w[0]) {
    for (int d = 0; d < dims; ++d) {
      const auto i = static_cast<std::size_t>(d);
      in[i] = x[d + 2];
      kernel[i] = w[d + 2];
      out[i] = y[d + 2];
      stride[i] = s.stride[i];
      dilation[i] = s.dilation[i];
      before[i] = s.before[i];
      // The library wants no more padding than windows reach.
      after[i] = (out[i] - 1) * stride[i] + (kernel[i] - 1) * dilation[i] + 1 - in[i] - before[i];
    }
  }

  Problem of(Size batch) const {
    Problem p = *this;
    p.images = batch;
    return p;
  }
  Size weights() const { return out_channels * in_channels / groups * taps(); }
  Size taps() const {
    Size n = 1;
    for (int d = 0; d < dims; ++d) n *= kernel[static_cast<std::size_t>(d)];
    return n;
  }
  /// Multiplications for one image.
  double cost() const {
    double n = static_cast<double>(weights());
    for (int d = 0; d < dims; ++d) n *= static_cast<double>(out[static_cast<std::size_t>(d)]);
    return n;
  }

  Dims spatial(const SpatialSizes& s, Size less = 0) const {
    Dims list;
    for (int d = 0; d < dims; ++d) list.push_back(s[static_cast<std::size_t>(d)] - less);
    return list;
  }
  Desc picture(Size channels, const SpatialSizes& sizes) const {
    using Tag = dnnl::memory::format_tag;
    Dims list = spatial(sizes);
    list.insert(list.begin(), {images, channels});
    return {list, dnnl::memory::data_type::f32, dims == 1 ? Tag::nwc : dims == 2 ? Tag::nhwc : Tag::ndhwc};
  }
  Desc weight(bool any) const {
    Dims list = spatial(kernel);
    list.insert(list.begin(), {out_channels / groups, in_channels / groups});
    if (groups > 1) list.insert(list.begin(), groups);
    if (any) return {list, dnnl::memory::data_type::f32, dnnl::memory::format_tag::any};
    Dims strides(list.size(), 1);
    for (std::size_t i = list.size() - 1; i > 0; --i) strides[i - 1] = strides[i] * list[i];
    return {list, dnnl::memory::data_type::f32, strides};
  }

  auto key() const {
    return std::tuple(kind, dims, images, groups, in_channels, out_channels, in, kernel, out, stride, dilation, before,
                      after);
  }
  friend bool operator<(const Problem& a, const Problem& b) { return a.key() < b.key(); }
};

/// A primitive and what it wants its weight to be.
struct Plan {
  dnnl::primitive primitive;
  Desc source, weight, result;
  std::size_t scratch = 0;

  template <class Primitive> void take(const typename Primitive::primitive_desc& desc, const Desc& of_weight) {
    primitive = Primitive(desc);
    weight = of_weight;
    scratch = desc.scratchpad_desc().get_size();
  }
};

/// Slower than our own products: loops for reference, and products of columns.
bool is_slow(const char* implementation) {
  return std::strstr(implementation, "ref") != nullptr || std::strstr(implementation, "gemm") != nullptr;
}

/// None if the library has nothing fast.
std::optional<Plan> make_plan(const Problem& p) {
  using dnnl::algorithm;
  using dnnl::prop_kind;
  const OneThread guard;  // the way in which work is cut is a part of the primitive
  Plan plan;
  plan.source = p.picture(p.in_channels, p.in);
  plan.result = p.picture(p.out_channels, p.out);
  const Dims strides = p.spatial(p.stride), gaps = p.spatial(p.dilation, 1), before = p.spatial(p.before),
             after = p.spatial(p.after);
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  try {
    const dnnl::convolution_forward::desc forward(prop_kind::forward_training, algorithm::convolution_direct,
                                                  plan.source, p.weight(true), plan.result, strides, gaps, before,
                                                  after);
    const dnnl::convolution_forward::primitive_desc hint(forward, attributes, engine());
    if (p.kind == ConvKind::Forward) {
      if (is_slow(hint.impl_info_str())) return {};
      plan.take<dnnl::convolution_forward>(hint, hint.weights_desc());
    } else if (p.kind == ConvKind::Input) {
      const dnnl::convolution_backward_data::desc backward(algorithm::convolution_direct, plan.source, p.weight(true),
                                                           plan.result, strides, gaps, before, after);
      const dnnl::convolution_backward_data::primitive_desc desc(backward, attributes, engine(), hint);
      if (is_slow(desc.impl_info_str())) return {};
      plan.take<dnnl::convolution_backward_data>(desc, desc.weights_desc());
    } else {
      const dnnl::convolution_backward_weights::desc backward(
          algorithm::convolution_direct, plan.source, p.weight(true), plan.result, strides, gaps, before, after);
      const dnnl::convolution_backward_weights::primitive_desc desc(backward, attributes, engine(), hint);
      if (is_slow(desc.impl_info_str())) return {};
      plan.take<dnnl::convolution_backward_weights>(desc, desc.diff_weights_desc());
    }
  } catch (const dnnl::error&) {
    return {};
  }
  return plan;
}

/// Plans that were made before. Making one takes microseconds to milliseconds.
std::shared_ptr<const std::optional<Plan>> plan_of(const Problem& p) {
  constexpr std::size_t most = 1024;
  static std::mutex mutex;
  static std::map<Problem, std::shared_ptr<const std::optional<Plan>>> plans;
  const std::lock_guard lock(mutex);
  if (const auto found = plans.find(p); found != plans.end()) return found->second;
  if (plans.size() >= most) plans.clear();
  return plans[p] = std::make_shared<const std::optional<Plan>>(make_plan(p));
}

float* floats(const Array& a) { return reinterpret_cast<float*>(dense(a).data); }

Array buffer(std::string_view operation, std::size_t bytes) {
  return cpu_empty(operation, Shape{static_cast<Size>((bytes + 3) / 4)}, DType::F32);
}

void reorder(const Desc& from, float* source, const Desc& to, float* target) {
  const OneThread guard;
  dnnl::memory a(from, engine(), source), b(to, engine(), target);
  dnnl::reorder(a, b).execute(stream(), a, b);
}

constexpr double kLeastCost = 1 << 20;     // multiplications that are worth a task
constexpr Size kTasks = 8;                 // so many, if it costs little, to keep all cores busy
constexpr Size kMostSums = Size{1} << 22;  // elements of the weights that tasks sum up on their own

class Convolution {
 public:
  Convolution(const op::Conv& op, const Problem& problem) : name_(op.name()), p_(problem) {
    each_ = std::max<Size>((p_.images + kTasks - 1) / kTasks, 1);
    each_ = std::max(each_, static_cast<Size>(std::min(kLeastCost / p_.cost(), 1e6)));
    if (p_.kind == ConvKind::Weight) each_ = std::max(each_, p_.images * p_.weights() / kMostSums);
    each_ = std::min(each_, p_.images);
    tasks_ = (p_.images + each_ - 1) / each_;
    plans_[0] = plan_of(p_.of(each_));
    plans_[1] = p_.images % each_ == 0 ? plans_[0] : plan_of(p_.of(p_.images % each_));
  }
  bool is_fast() const { return plans_[0]->has_value() && plans_[1]->has_value(); }

  /// Forward and Input: `weight` as the user has it.
  void run(float* source, float* weight, float* result) const {
    const Plan& plan = **plans_[0];
    Array turned;
    const Desc plain = p_.weight(false);
    if (plan.weight != plain) {
      turned = buffer(name_, plan.weight.get_size());
      reorder(plain, weight, plan.weight, floats(turned));
      weight = floats(turned);
    }
    for_each_part([&](Size, const Plan& part, Size source_at, Size result_at, float* scratch) {
      if (part.weight != plan.weight) throw Error(name_, "oneDNN wants two layouts for the weight of one convolution");
      execute(part, source + source_at, weight, result + result_at, scratch);
    });
  }
  /// Weight: the sums of the parts, joined in their order.
  void sum(float* source, float* result, float* weight) const {
    const Plan& plan = **plans_[0];
    const auto size = static_cast<Size>(plan.weight.get_size() / sizeof(float));
    const Array parts = buffer(name_, plan.weight.get_size() * static_cast<std::size_t>(tasks_));
    for_each_part([&](Size task, const Plan& part, Size source_at, Size result_at, float* scratch) {
      if (part.weight != plan.weight) throw Error(name_, "oneDNN wants two layouts for the weight of one convolution");
      execute(part, source + source_at, floats(parts) + task * size, result + result_at, scratch);
    });
    float* const total = floats(parts);
    parallel_for(size, kLeastElements, [&](Size begin, Size end) {
      for (Size task = 1; task < tasks_; ++task)
        for (Size i = begin; i < end; ++i) total[i] += total[task * size + i];
    });
    reorder(plan.weight, total, p_.weight(false), weight);
  }

 private:
  template <class F> void for_each_part(const F& f) const {
    const auto floats_in = [&](const Desc& d) { return static_cast<Size>(d.get_size() / sizeof(float)); };
    const Plan& plan = **plans_[0];
    const Size source = floats_in(plan.source), result = floats_in(plan.result);
    const int threads = threads_for(tasks_);
    const Size scratch = static_cast<Size>(std::max(plan.scratch, (*plans_[1])->scratch) + 63) / 64 * 16;
    const Array memory = buffer(name_, static_cast<std::size_t>(scratch * threads) * sizeof(float));
    parallel_tasks(tasks_, threads, [&](Size task, int worker) {
      const OneThread guard;
      f(task, task + 1 < tasks_ ? plan : **plans_[1], task * source, task * result, floats(memory) + worker * scratch);
    });
  }
  void execute(const Plan& plan, float* source, float* weight, float* result, float* scratch) const {
    const auto memory = [](const Desc& desc, float* at) { return dnnl::memory(desc, engine(), at); };
    const bool forward = p_.kind == ConvKind::Forward, input = p_.kind == ConvKind::Input;
    try {
      plan.primitive.execute(
          stream(),
          {{input ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, memory(plan.source, source)},
           {p_.kind == ConvKind::Weight ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, memory(plan.weight, weight)},
           {forward ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, memory(plan.result, result)},
           {DNNL_ARG_SCRATCHPAD,
            memory(Desc({static_cast<Size>(plan.scratch)}, dnnl::memory::data_type::u8, dnnl::memory::format_tag::a),
                   scratch)}});
    } catch (const dnnl::error& e) {
      throw Error(name_, std::string("oneDNN: ") + e.what());
    }
  }

  std::string_view name_;
  Problem p_;
  Size each_, tasks_;
  std::shared_ptr<const std::optional<Plan>> plans_[2];  // of a whole part, of the last
};

bool is_pointwise(const Problem& p) { return p.taps() == 1 && p.stride == SpatialSizes{1, 1, 1} && p.in == p.out; }

}  // namespace

Array convolve_by_library(const op::Conv& op, const Spec& spec, Operands inputs, const Shape& x, const Shape& w,
                          const Shape& y) {
  const ConvSettings& s = *op.settings;
  if (spec.dtype != DType::F32 || isa() == Isa::Portable || x.numel() == 0 || y.numel() == 0) return {};
  const Problem p(s, x, w, y);
  for (std::size_t i = 0; i < static_cast<std::size_t>(s.dims); ++i)
    if (p.before[i] < 0 || p.in[i] > INT32_MAX || p.before[i] > INT32_MAX || p.stride[i] > INT32_MAX) return {};
  if (static_cast<double>(p.images) * p.cost() < kLeastCost) return {};
  // One image would run on one thread; one channel has little to be adjacent; products of row-major pictures need no
  // columns.
  if (p.images < 2 || p.in_channels / p.groups < (s.kind == ConvKind::Input ? 8 : 1)) return {};
  const Array& first = inputs[0].array();
  if (is_pointwise(p) && is_contiguous(first)) return {};
  const Convolution convolution(op, p);
  if (!convolution.is_fast()) return {};

  const Array from = as_channels_last(op.name(), first);
  if (s.kind == ConvKind::Weight) {
    const Array g = as_channels_last(op.name(), inputs[1].array());
    Array result = cpu_empty(op.name(), spec.shape, spec.dtype);
    convolution.sum(floats(from), floats(g), floats(result));
    return result;
  }
  const Array weight = cpu_contiguous(inputs[1].array());
  Array result = cpu_empty(op.name(), spec.shape, spec.dtype, channels_last_strides(spec.shape));
  if (s.kind == ConvKind::Forward)
    convolution.run(floats(from), floats(weight), floats(result));
  else
    convolution.run(floats(result), floats(weight), floats(from));
  return result;
}

}  // namespace fornax::cpu

#else

namespace fornax::cpu {

Array convolve_by_library(const op::Conv&, const Spec&, Operands, const Shape&, const Shape&, const Shape&) {
  return {};
}

}  // namespace fornax::cpu

#endif
