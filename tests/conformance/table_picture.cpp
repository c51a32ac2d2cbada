// Convolution, pooling, resizing and sampling; pictures as columns and blocks.

#include <algorithm>

#include <fornax/functional/conv.hpp>
#include <fornax/functional/fold.hpp>
#include <fornax/functional/pool.hpp>
#include <fornax/functional/resample.hpp>

#include "table.hpp"

namespace fornax::conformance {

namespace {

namespace fn = functional;

// One number for each of N dims, or one for all.
template <int N> PerDim<N> per_dim(const Call& c, const char* name) {
  const std::vector<std::int64_t> given = c.attrs.integers(name);
  if (given.size() != 1 && given.size() != N)
    throw Malformed(std::string(name) + " has " + std::to_string(given.size()) + " numbers");
  std::array<std::int64_t, N> values{};
  for (std::size_t d = 0; d < N; ++d) values[d] = given[given.size() == 1 ? 0 : d];
  return PerDim<N>(values);
}
template <int N> PerDim<N> per_dim(const Call& c, const char* name, std::int64_t fallback) {
  return c.attrs.has(name) ? per_dim<N>(c, name) : PerDim<N>(fallback);
}

const Array* bias_of(const Call& c) { return c.has(2) ? &c[2] : nullptr; }

template <int N> Arrays conv(const Call& c) {
  fn::ConvOptions<N> o{.stride = per_dim<N>(c, "stride", 1),
                       .dilation = per_dim<N>(c, "dilation", 1),
                       .groups = c.attrs.integer("groups", 1)};
  const bool named = c.attrs.has("padding") && c.attrs.at("padding").kind == Value::Kind::Text;
  if (!named) {
    o.padding = per_dim<N>(c, "padding", 0);
  } else if (c.attrs.text("padding") == "same") {
    o.padding = fn::ConvPad::Same;
  } else if (c.attrs.text("padding") != "valid") {
    throw Absent("no padding is called \"" + c.attrs.text("padding") + "\"");
  }
  return fn::conv<N>(c[0], c[1], bias_of(c), o);
}

template <int N> Arrays conv_transpose(const Call& c) {
  return fn::conv_transpose<N>(c[0], c[1], bias_of(c),
                               {.stride = per_dim<N>(c, "stride", 1),
                                .padding = per_dim<N>(c, "padding", 0),
                                .output_padding = per_dim<N>(c, "output_padding", 0),
                                .dilation = per_dim<N>(c, "dilation", 1),
                                .groups = c.attrs.integer("groups", 1)});
}

template <int N> fn::PoolStride<N> stride_of(const Call& c) {
  return c.attrs.has("stride") ? fn::PoolStride<N>(per_dim<N>(c, "stride")) : fn::PoolStride<N>();
}

template <int N> fn::MaxPoolOptions<N> max_pool_options(const Call& c) {
  return {.stride = stride_of<N>(c),
          .padding = per_dim<N>(c, "padding", 0),
          .dilation = per_dim<N>(c, "dilation", 1),
          .ceil_mode = c.attrs.flag("ceil_mode", false)};
}

template <int N> Arrays max_pool(const Call& c) {
  return fn::max_pool<N>(c[0], per_dim<N>(c, "kernel"), max_pool_options<N>(c));
}
template <int N> Arrays max_pool_with_indices(const Call& c) {
  const fn::Pooled y = fn::max_pool_with_indices<N>(c[0], per_dim<N>(c, "kernel"), max_pool_options<N>(c));
  return {y.values, y.indices};
}

template <int N> Arrays avg_pool(const Call& c) {
  fn::AvgPoolOptions<N> o{.stride = stride_of<N>(c),
                          .padding = per_dim<N>(c, "padding", 0),
                          .ceil_mode = c.attrs.flag("ceil_mode", false),
                          .count_include_pad = c.attrs.flag("count_include_pad", true)};
  if (c.attrs.has("divisor_override")) o.divisor = c.attrs.integer("divisor_override");
  return fn::avg_pool<N>(c[0], per_dim<N>(c, "kernel"), o);
}

template <int N> Arrays lp_pool(const Call& c) {
  return fn::lp_pool<N>(c[0], c.attrs.real("p"), per_dim<N>(c, "kernel"),
                        {.stride = stride_of<N>(c), .ceil_mode = c.attrs.flag("ceil_mode", false)});
}

template <int N> Arrays adaptive_avg_pool(const Call& c) {
  return fn::adaptive_avg_pool<N>(c[0], per_dim<N>(c, "output_size"));
}
template <int N> Arrays adaptive_max_pool(const Call& c) {
  return fn::adaptive_max_pool<N>(c[0], per_dim<N>(c, "output_size"));
}

Arrays interpolate(const Call& c) {
  using Mode = fn::InterpolateMode;
  static constexpr std::pair<std::string_view, Mode> modes[] = {
      {"nearest", Mode::Nearest},   {"nearest-exact", Mode::NearestExact}, {"linear", Mode::Linear},
      {"bilinear", Mode::Bilinear}, {"trilinear", Mode::Trilinear},        {"bicubic", Mode::Bicubic},
      {"area", Mode::Area},
  };
  fn::InterpolateOptions o{.align_corners = c.attrs.flag("align_corners", false)};
  const std::string wanted = c.attrs.text("mode");
  const auto* mode = std::find_if(std::begin(modes), std::end(modes), [&](const auto& m) { return m.first == wanted; });
  if (mode == std::end(modes)) throw Absent("no mode is called \"" + wanted + "\"");
  o.mode = mode->second;
  if (c.attrs.has("size")) o.size = c.attrs.integers("size");
  if (c.attrs.has("scale")) {
    const Value& scale = c.attrs.at("scale");
    const auto number = [](const Value& v) {
      return v.kind == Value::Kind::Int ? static_cast<double>(v.integer) : v.real;
    };
    if (scale.kind != Value::Kind::List) o.scale_factor = {number(scale)};
    for (const Value& v : scale.list) o.scale_factor.push_back(number(v));
  }
  return fn::interpolate(c[0], o);
}

Arrays grid_sample(const Call& c) {
  fn::GridSampleOptions o{.align_corners = c.attrs.flag("align_corners", false)};
  const std::string mode = c.attrs.text("mode"), padding = c.attrs.text("padding_mode");
  if (mode != "bilinear" && mode != "nearest" && mode != "bicubic") throw Absent("no mode is called \"" + mode + "\"");
  if (padding != "zeros" && padding != "border" && padding != "reflection")
    throw Absent("no padding is called \"" + padding + "\"");
  o.mode = mode == "nearest"   ? fn::SampleMode::Nearest
           : mode == "bicubic" ? fn::SampleMode::Bicubic
                               : fn::SampleMode::Bilinear;
  o.padding = padding == "border"       ? fn::SamplePadding::Border
              : padding == "reflection" ? fn::SamplePadding::Reflection
                                        : fn::SamplePadding::Zeros;
  return fn::grid_sample(c[0], c[1], o);
}

Arrays affine_grid(const Call& c) {
  const std::vector<std::int64_t> size = c.attrs.integers("size");
  return fn::affine_grid(c[0], Shape(size), c.attrs.flag("align_corners", false));
}

fn::FoldOptions fold_options(const Call& c) {
  return {
      .stride = per_dim<2>(c, "stride"), .padding = per_dim<2>(c, "padding"), .dilation = per_dim<2>(c, "dilation")};
}
Arrays unfold2d(const Call& c) { return fn::unfold(c[0], per_dim<2>(c, "kernel"), fold_options(c)); }
Arrays fold2d(const Call& c) {
  return fn::fold(c[0], per_dim<2>(c, "output_size"), per_dim<2>(c, "kernel"), fold_options(c));
}

constexpr Row kRows[] = {
    {"conv1d", conv<1>},
    {"conv2d", conv<2>},
    {"conv3d", conv<3>},
    {"conv_transpose1d", conv_transpose<1>},
    {"conv_transpose2d", conv_transpose<2>},
    {"conv_transpose3d", conv_transpose<3>},
    {"max_pool1d", max_pool<1>},
    {"max_pool2d", max_pool<2>},
    {"max_pool3d", max_pool<3>},
    {"max_pool1d_with_indices", max_pool_with_indices<1>},
    {"max_pool2d_with_indices", max_pool_with_indices<2>},
    {"max_pool3d_with_indices", max_pool_with_indices<3>},
    {"avg_pool1d", avg_pool<1>},
    {"avg_pool2d", avg_pool<2>},
    {"avg_pool3d", avg_pool<3>},
    {"lp_pool1d", lp_pool<1>},
    {"lp_pool2d", lp_pool<2>},
    {"lp_pool3d", lp_pool<3>},
    {"adaptive_avg_pool1d", adaptive_avg_pool<1>},
    {"adaptive_avg_pool2d", adaptive_avg_pool<2>},
    {"adaptive_avg_pool3d", adaptive_avg_pool<3>},
    {"adaptive_max_pool1d", adaptive_max_pool<1>},
    {"adaptive_max_pool2d", adaptive_max_pool<2>},
    {"adaptive_max_pool3d", adaptive_max_pool<3>},
    {"interpolate", interpolate},
    {"grid_sample", grid_sample},
    {"affine_grid", affine_grid},
    {"unfold2d", unfold2d},
    {"fold2d", fold2d},
    {"pixel_shuffle", [](const Call& c) -> Arrays { return fn::pixel_shuffle(c[0], c.attrs.integer("factor")); }},
    {"pixel_unshuffle", [](const Call& c) -> Arrays { return fn::pixel_unshuffle(c[0], c.attrs.integer("factor")); }},
};

}  // namespace

std::span<const Row> picture_rows() { return kRows; }

}  // namespace fornax::conformance
