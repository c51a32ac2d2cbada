#include <fornax/functional/deform_conv.hpp>

#include <string>

#include <fornax/functional/common.hpp>
#include <fornax/functional/picture.hpp>

namespace fornax::functional {

namespace {

constexpr std::string_view kName = "deform_conv2d";

// Windows along one spatial dim.
struct Windows {
  std::int64_t kernel, count, stride, before, dilation;
};

Windows windows_along(int d, const Array& x, const Array& weight, const DeformConvOptions& o) {
  const WindowSettings w{.kernel = weight.shape()[d + 2],
                         .stride = o.stride[d],
                         .before = o.padding[d],
                         .after = o.padding[d],
                         .dilation = o.dilation[d]};
  return {w.kernel, window_count(kName, d, x.shape()[d + 2], w), w.stride, w.before, w.dilation};
}

void require_groups(const char* what, std::int64_t groups, std::int64_t channels) {
  if (groups < 1)
    throw ValueError(kName, std::string(what) + " is " + std::to_string(groups) + "; it must be positive");
  if (channels % groups != 0)
    throw ShapeError(kName, std::to_string(channels) + " channels do not fall into " + std::to_string(groups) +
                                " equal parts, as " + what + " asks");
}

// Where window element k of result l lies along the dim if nothing bends it: [1, K, L].
Array straight(const Array& beside, const Windows& rows, const Windows& columns, bool along_rows) {
  std::vector<double> at;
  at.reserve(static_cast<std::size_t>(rows.kernel * columns.kernel * rows.count * columns.count));
  const auto place = [](const Windows& w, std::int64_t window, std::int64_t element) {
    return static_cast<double>(window * w.stride - w.before + element * w.dilation);
  };
  for (std::int64_t i = 0; i < rows.kernel; ++i)
    for (std::int64_t j = 0; j < columns.kernel; ++j)
      for (std::int64_t y = 0; y < rows.count; ++y)
        for (std::int64_t x = 0; x < columns.count; ++x)
          at.push_back(along_rows ? place(rows, y, i) : place(columns, x, j));
  return host_values(beside, at, Shape{1, rows.kernel * columns.kernel, rows.count * columns.count}, beside.dtype());
}

}  // namespace

Array deform_conv2d(const Array& x, const Array& offset, const Array& weight, const Array& mask, const Array& bias,
                    const DeformConvOptions& options) {
  impl::require_floats(kName, {&x, &offset, &weight});
  if (mask.defined()) impl::require_floats(kName, {&x, &mask});
  if (bias.defined()) impl::require_floats(kName, {&x, &bias});
  impl::require_rank(kName, "x", x, 4);
  impl::require_rank(kName, "the weight", weight, 4);
  const std::int64_t images = x.shape()[0], channels = x.shape()[1], outputs = weight.shape()[0];
  const std::int64_t groups = options.groups, parts = options.offset_groups;
  require_groups("groups", groups, channels);
  require_groups("groups", groups, outputs);
  require_groups("offset_groups", parts, channels);
  if (weight.shape()[1] != channels / groups)
    throw ShapeError(kName, "the weight has shape " + weight.shape().str() + ", x has " + x.shape().str() + "; for " +
                                std::to_string(groups) + " groups the weight's dim 1 must be " +
                                std::to_string(channels / groups));
  const Windows rows = windows_along(0, x, weight, options), columns = windows_along(1, x, weight, options);
  const std::int64_t elements = rows.kernel * columns.kernel, places = rows.count * columns.count;
  impl::require_shape(kName, "the offset", offset, Shape{images, 2 * parts * elements, rows.count, columns.count});
  if (mask.defined())
    impl::require_shape(kName, "the mask", mask, Shape{images, parts * elements, rows.count, columns.count});
  if (bias.defined()) impl::require_shape(kName, "the bias", bias, Shape{outputs});

  // Every group of every image is a picture of its own, read at `elements` times `places` positions.
  const std::int64_t samples = images * parts * elements * places;
  const Array wide = x.dtype() == DType::F64 ? offset : cast(offset, DType::F32);
  const Array moved = reshape(wide, Shape{images * parts, elements, 2, places});
  const auto positions_along = [&](bool along_rows) {
    const Array by = reshape(narrow(moved, 2, along_rows ? 0 : 1, 1), Shape{images * parts, elements, places});
    return reshape(by + straight(wide, rows, columns, along_rows), Shape{samples, 1});
  };
  const Array pictures = reshape(x, Shape{images * parts, channels / parts, x.shape()[2], x.shape()[3]});
  Array read = between_pixels(Picture(pictures, samples, SamplePadding::Zeros, false),
                              {positions_along(true), positions_along(false)});
  if (mask.defined()) read = read * reshape(mask, Shape{samples, 1});

  // [N, parts, elements, places, channels of a part] to [N, groups, channels of a group and elements, places]
  const std::int64_t order[] = {0, 1, 4, 2, 3};
  const Array windows = reshape(permute(reshape(read, Shape{images, parts, elements, places, channels / parts}), order),
                                Shape{images, groups, channels / groups * elements, places});
  const Array kernels = reshape(weight, Shape{1, groups, outputs / groups, channels / groups * elements});
  const Array y = reshape(matmul(kernels, windows), Shape{images, outputs, rows.count, columns.count});
  return bias.defined() ? y + reshape(bias, Shape{outputs, 1, 1}) : y;
}

}  // namespace fornax::functional
