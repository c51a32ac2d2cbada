#pragma once
// How oneDNN computes one part of a convolution. Included only where FORNAX_WITH_ONEDNN is defined.

#include <memory>
#include <optional>
#include <tuple>

#include <fornax/cpu/kernels/conv_sizes.hpp>
#include <fornax/cpu/kernels/onednn.hpp>

namespace fornax::cpu {

/// All that a plan depends on.
struct ConvProblem : ConvSizes {
  using Desc = dnnl::memory::desc;
  using Dims = dnnl::memory::dims;

  ConvKind kind;
  SpatialSizes after = {};
  DType type;  // F32 or BF16
  // Pictures are row-major in memory; else their channels are adjacent.
  bool rows_in = false, rows_out = false;
  bool biased = false, relu = false;
  bool winograd = false;

  ConvProblem(const ConvSettings& s, DType type, const Shape& x, const Shape& w, const Shape& y);

  ConvProblem of(std::int64_t batch) const {
    ConvProblem p = *this;
    p.images = batch;
    return p;
  }
  std::int64_t taps() const { return product(kernel); }
  std::int64_t weights() const { return out_channels * in_channels / groups * taps(); }
  /// Multiplications for one image.
  double cost() const { return static_cast<double>(weights()) * static_cast<double>(product(out)); }
  /// True if Winograd's algorithm takes less time for so many images at once.
  bool suits_winograd(std::int64_t batch) const;

  Dims spatial(const SpatialSizes& s, std::int64_t less = 0) const;
  /// Pictures as they lie in memory: the side of x, of y. `any`: as the library likes them.
  Desc picture(bool of_x, bool any = false) const;
  /// The weight as it lies in memory, or as the library likes it. Its gradient is summed up in f32.
  Desc weight(bool any) const;
  /// In f32; empty if there is none.
  Desc bias_vector() const;

  auto key() const {
    return std::tuple(kind, dims, images, groups, in_channels, out_channels, in, kernel, out, stride, dilation, before,
                      after, type, rows_in, rows_out, biased, relu, winograd);
  }
  friend bool operator<(const ConvProblem& a, const ConvProblem& b) { return a.key() < b.key(); }
};

/// An array that a primitive reads or writes.
struct ConvSide {
  dnnl::memory::desc given, wanted;  // as it lies in memory, as the primitive has it
  dnnl::reorder turn;                // from one to the other, if they differ
  // If not 0: between pictures with adjacent channels and those with 16 adjacent channels of so many pixels, which is
  // a copy that needs no library.
  std::int64_t images = 0, pixels = 0, channels = 0;

  bool turns() const { return given != wanted; }
  /// From `source` to `target`, one of which is as given, the other as wanted.
  void run(std::byte* source, std::byte* target, bool to_given) const;
};

struct ConvPlan {
  dnnl::primitive primitive;
  ConvSide source, weight, result;
  std::size_t scratch = 0;  // bytes of the primitive
};

/// None if the library has nothing fast. Plans are kept; making one takes microseconds to milliseconds.
std::shared_ptr<const std::optional<ConvPlan>> conv_plan(const ConvProblem& problem);

}  // namespace fornax::cpu
