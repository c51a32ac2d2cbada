#if defined(FORNAX_WITH_ONEDNN)

#include <fornax/cpu/kernels/conv_plan.hpp>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

#include <fornax/cpu/isa/isa.hpp>
#include <fornax/cpu/kernels/one_thread.hpp>

namespace fornax::cpu {

namespace {

using Size = std::int64_t;
using Desc = dnnl::memory::desc;
using Dims = dnnl::memory::dims;
using Type = dnnl::memory::data_type;
using Tag = dnnl::memory::format_tag;

/// Slower than our own products: loops for reference, and products of columns.
bool is_slow(const char* implementation) {
  return std::strstr(implementation, "ref") != nullptr || std::strstr(implementation, "gemm") != nullptr;
}

constexpr Size kBlock = 16;    // floats of a cache line, and of a vector
constexpr Size kAhead = 1024;  // floats that are asked for before they are needed

ConvSide side(const Desc& given, const Desc& wanted, bool written) {
  ConvSide s{given, wanted, {}};
  if (given == wanted) return s;
  const Dims shape = given.dims();
  if (shape.size() == 4 && shape[1] % kBlock == 0 && given == Desc(shape, Type::f32, Tag::nhwc) &&
      wanted == Desc(shape, Type::f32, Tag::nChw16c)) {
    s.images = shape[0];
    s.channels = shape[1];
    s.pixels = shape[2] * shape[3];
    return s;
  }
  const Desc &from = written ? wanted : given, &to = written ? given : wanted;
  s.turn = dnnl::reorder(dnnl::reorder::primitive_desc(engine(), from, engine(), to));
  return s;
}

std::optional<ConvPlan> make_plan(const ConvProblem& p) {
  using dnnl::prop_kind;
  const OneThread guard;  // the way in which work is cut is a part of the primitive
  const auto algorithm = p.winograd ? dnnl::algorithm::convolution_winograd : dnnl::algorithm::convolution_direct;
  const Desc source = p.picture(true, p.winograd), weight = p.weight(true), result = p.picture(false, p.winograd);
  const Dims strides = p.spatial(p.stride), gaps = p.spatial(p.dilation, 1), before = p.spatial(p.before),
             after = p.spatial(p.after);
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (p.relu) {
    dnnl::post_ops end;
    end.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
    attributes.set_post_ops(end);
  }
  ConvPlan plan;
  // False if the implementation is slow. What is written is turned from what the primitive makes.
  const auto take = [&]<class Primitive>(const typename Primitive::primitive_desc& desc, const Desc& x, const Desc& w,
                                         const Desc& y, Primitive) {
    if (is_slow(desc.impl_info_str())) return false;
    plan.primitive = Primitive(desc);
    plan.source = side(p.picture(true), x, p.kind == ConvKind::Input);
    plan.weight = side(p.weight(false), w, p.kind == ConvKind::Weight);
    plan.result = side(p.picture(false), y, p.kind == ConvKind::Forward);
    plan.scratch = desc.scratchpad_desc().get_size();
    return true;
  };
  bool fast = false;
  try {
    ConvProblem ahead = p;
    ahead.kind = ConvKind::Forward;
    const dnnl::convolution_forward::primitive_desc hint(
        {prop_kind::forward_training, algorithm, source, ahead.weight(true), p.bias_vector(), result, strides, gaps,
         before, after},
        attributes, engine());
    if (p.kind == ConvKind::Forward) {
      fast = take(hint, hint.src_desc(), hint.weights_desc(), hint.dst_desc(), dnnl::convolution_forward());
    } else if (p.kind == ConvKind::Input) {
      const dnnl::convolution_backward_data::primitive_desc desc(
          {algorithm, source, weight, result, strides, gaps, before, after}, attributes, engine(), hint);
      fast = take(desc, desc.diff_src_desc(), desc.weights_desc(), desc.diff_dst_desc(),
                  dnnl::convolution_backward_data());
    } else {
      const dnnl::convolution_backward_weights::primitive_desc desc(
          {algorithm, source, weight, result, strides, gaps, before, after}, attributes, engine(), hint);
      fast = take(desc, desc.src_desc(), desc.diff_weights_desc(), desc.diff_dst_desc(),
                  dnnl::convolution_backward_weights());
    }
  } catch (const dnnl::error&) {
    return {};
  }
  return fast ? std::optional(plan) : std::nullopt;
}

}  // namespace

void ConvSide::run(std::byte* source, std::byte* target, bool to_given) const {
  if (pixels == 0) {
    const OneThread guard;
    const Desc &from = to_given ? wanted : given, &to = to_given ? given : wanted;
    dnnl::memory a(from, engine(), source), b(to, engine(), target);
    return turn.execute(stream(), a, b);
  }
  const auto* from = reinterpret_cast<const float*>(source);
  auto* to = reinterpret_cast<float*>(target);
  const Size size = channels * pixels;
  for (Size i = 0; i < images; ++i, from += size, to += size)
    for (Size p = 0; p < pixels; ++p)
      for (Size c = 0; c < channels; c += kBlock) {
        const Size line = p * channels + c, block = c * pixels + p * kBlock;
        // The given pictures may be far away: asking for them early saves a third of the time.
        __builtin_prefetch((to_given ? to : from) + std::min(line + kAhead, size), 1);
        std::memcpy(to + (to_given ? line : block), from + (to_given ? block : line), kBlock * sizeof(float));
      }
}

ConvProblem::ConvProblem(const ConvSettings& s, DType of_pictures, const Shape& x, const Shape& w, const Shape& y)
    : ConvSizes(s, x, w, y), kind(s.kind), type(of_pictures) {
  // The library wants no more padding than windows reach.
  for (std::size_t i = first(); i < kMaxSpatialDims; ++i)
    after[i] = (out[i] - 1) * stride[i] + (kernel[i] - 1) * dilation[i] + 1 - in[i] - before[i];
}

// Outputs are made in tiles of 4 x 4 from 6 x 6 inputs with 36 multiplications instead of 144 (Lavin and Gray, "Fast
// algorithms for convolutional neural networks", 2016). Turning inputs, weights and outputs into that form and back has
// to pay: with few tiles the weights take too long, with few channels the pictures do. Measured, and kept to where the
// gain is clear.
bool ConvProblem::suits_winograd(Size batch) const {
  static const bool off = [] {
    const char* wish = std::getenv("FORNAX_WINOGRAD");  // NOLINT(concurrency-mt-unsafe): read once
    return wish && std::strcmp(wish, "off") == 0;
  }();
  constexpr Size least_tiles = 96, least_channels = 32, most_channels = 256, lanes = 16;
  if (dims != 2 || groups != 1 || off || type != DType::F32 || isa() != Isa::Avx512) return false;
  for (std::size_t d = first(); d < kMaxSpatialDims; ++d)
    if (kernel[d] != 3 || stride[d] != 1 || dilation[d] != 1 || before[d] > 2 || after[d] > 2) return false;
  for (const Size channels : {in_channels, out_channels})
    if (channels % lanes != 0 || channels < least_channels || channels > most_channels) return false;
  // Those of what is written; to compute the gradient of the weight, of y.
  const SpatialSizes& made = kind == ConvKind::Input ? in : out;
  const Size tiles = (made[1] + 3) / 4 * ((made[2] + 3) / 4);
  return batch * tiles >= least_tiles && made[1] * made[2] * 5 >= tiles * 16 * 4;
}

Dims ConvProblem::spatial(const SpatialSizes& s, Size less) const {
  Dims list;
  for (std::size_t d = first(); d < kMaxSpatialDims; ++d) list.push_back(s[d] - less);
  return list;
}

Desc ConvProblem::picture(bool of_x, bool any) const {
  Dims list = spatial(of_x ? in : out);
  list.insert(list.begin(), {images, of_x ? in_channels : out_channels});
  constexpr Tag by_rows[] = {Tag::ncw, Tag::nchw, Tag::ncdhw}, by_channels[] = {Tag::nwc, Tag::nhwc, Tag::ndhwc};
  const Tag tag = any ? Tag::any : ((of_x ? rows_in : rows_out) ? by_rows : by_channels)[dims - 1];
  return {list, type == DType::BF16 ? Type::bf16 : Type::f32, tag};
}

Desc ConvProblem::weight(bool any) const {
  Dims list = spatial(kernel);
  list.insert(list.begin(), {out_channels / groups, in_channels / groups});
  if (groups > 1) list.insert(list.begin(), groups);
  const Type stored = type == DType::BF16 ? Type::bf16 : Type::f32;
  if (any) return {list, kind == ConvKind::Weight ? Type::f32 : stored, Tag::any};
  Dims strides(list.size(), 1);
  for (std::size_t i = list.size() - 1; i > 0; --i) strides[i - 1] = strides[i] * list[i];
  return {list, stored, strides};
}

Desc ConvProblem::bias_vector() const { return biased ? Desc({out_channels}, Type::f32, Tag::a) : Desc(); }

std::shared_ptr<const std::optional<ConvPlan>> conv_plan(const ConvProblem& p) {
  constexpr std::size_t most = 1024;
  static std::mutex mutex;
  static std::map<ConvProblem, std::shared_ptr<const std::optional<ConvPlan>>> plans;
  const std::lock_guard lock(mutex);
  if (const auto found = plans.find(p); found != plans.end()) return found->second;
  if (plans.size() >= most) plans.clear();
  return plans[p] = std::make_shared<const std::optional<ConvPlan>>(make_plan(p));
}

}  // namespace fornax::cpu

#endif
