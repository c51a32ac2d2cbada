// Wrong calls: convolutions, pools, resampling, folding.

#include "wrong_calls.hpp"

namespace fornax::test {
namespace {

using namespace functional;

constexpr std::int64_t kHuge = std::int64_t{1} << 62;

Shape picture(int dims, std::int64_t channels, std::int64_t size) {
  Shape shape{1, channels};
  for (int d = 0; d < dims; ++d) shape = shape.inserted(d + 2, size);
  return shape;
}

// clang-format off
void add_convolutions(WrongCalls& all) {
  const auto of_dims = [&]<int N>(std::integral_constant<int, N>, const char* forward, const char* back) {
    const Array none, x = zeros(picture(N, 2, 5)), w = zeros(picture(N, 2, 3)), whole = zeros(picture(N, 2, 5), DType::I64);
    const Array small = zeros(picture(N, 2, 3), DType::F32), bias = zeros({2});
    const auto conv_of = [=](const Array& a, const Array& b, const Array* c = nullptr, const ConvOptions<N>& o = {}) { conv<N>(a, b, c, o); };
    const auto back_of = [=](const Array& a, const Array& b, const Array* c = nullptr, const ConvTransposeOptions<N>& o = {}) { conv_transpose<N>(a, b, c, o); };
    const auto add = [&](const char* name, Wrong error, std::function<void()> call, const char* what) {
      all.push_back({name, error, std::move(call), std::string(name) + ": " + what});
    };
    add(forward, Wrong::Value, [=] { conv_of(x, none); }, "an empty handle");
    add(forward, Wrong::Shape, [=] { conv_of(zeros({5}), w); }, "another rank");
    add(forward, Wrong::Shape, [=] { conv_of(x, zeros(picture(N, 3, 3))); }, "other channels");
    add(forward, Wrong::Shape, [=] { conv_of(x, zeros(picture(N, 2, 6))); }, "a kernel larger than x");
    add(forward, Wrong::DType, [=] { conv_of(x, small); }, "two dtypes");
    add(forward, Wrong::DType, [=] { conv_of(whole, whole); }, "integers");
    add(forward, Wrong::Shape, [=] { conv_of(x, w, &bias); }, "a bias of another size");
    add(forward, Wrong::Value, [=] { conv_of(x, w, nullptr, {.stride = 0}); }, "stride 0");
    add(forward, Wrong::Value, [=] { conv_of(x, w, nullptr, {.padding = -1}); }, "negative padding");
    add(forward, Wrong::Value, [=] { conv_of(x, w, nullptr, {.dilation = kHuge}); }, "dilation 2^62");
    add(forward, Wrong::Value, [=] { conv_of(x, w, nullptr, {.groups = 0}); }, "no groups");
    add(forward, Wrong::Value, [=] { conv_of(x, w, nullptr, {.stride = 2, .padding = ConvPad::Same}); }, "Same with a stride");
    const Array wb = zeros(picture(N, 1, 3).with(0, 2));
    add(back, Wrong::Value, [=] { back_of(none, wb); }, "an empty handle");
    add(back, Wrong::Shape, [=] { back_of(x, zeros({2, 2})); }, "another rank");
    add(back, Wrong::Shape, [=] { back_of(x, zeros(picture(N, 1, 3).with(0, 3))); }, "other channels");
    add(back, Wrong::DType, [=] { back_of(whole, wb); }, "two dtypes");
    add(back, Wrong::Value, [=] { back_of(x, wb, nullptr, {.stride = 0}); }, "stride 0");
    add(back, Wrong::Value, [=] { back_of(x, wb, nullptr, {.padding = -1}); }, "negative padding");
    add(back, Wrong::Value, [=] { back_of(x, wb, nullptr, {.output_padding = 1}); }, "output padding of a stride");
    add(back, Wrong::Shape, [=] { back_of(x, wb, nullptr, {.padding = 4}); }, "padding that leaves nothing");
    add(back, Wrong::Shape, [=] { back_of(x, wb, &bias); }, "a bias of another size");
  };
  of_dims(std::integral_constant<int, 1>(), "conv1d", "conv_transpose1d");
  of_dims(std::integral_constant<int, 2>(), "conv2d", "conv_transpose2d");
  of_dims(std::integral_constant<int, 3>(), "conv3d", "conv_transpose3d");
}

void add_deformed(WrongCalls& all) {
  const Array none, x = zeros({1, 2, 5, 5}), w = zeros({4, 2, 3, 3}), offset = zeros({1, 18, 3, 3}), mask = zeros({1, 9, 3, 3}), b = zeros({4});
  all.insert(all.end(), {
    WRONG(deform_conv2d, Value, deform_conv2d(x, none, w, none, none)),
    WRONG(deform_conv2d, DType, deform_conv2d(x, zeros({1, 18, 3, 3}, DType::F32), w, none, none)),
    WRONG(deform_conv2d, DType, deform_conv2d(x, offset, w, zeros({1, 9, 3, 3}, DType::Bool), none)),
    WRONG(deform_conv2d, Shape, deform_conv2d(zeros({2, 5, 5}), offset, w, none, none)),
    WRONG(deform_conv2d, Shape, deform_conv2d(x, mask, w, none, none)),
    WRONG(deform_conv2d, Shape, deform_conv2d(x, offset, w, offset, none)),
    WRONG(deform_conv2d, Shape, deform_conv2d(x, offset, w, mask, zeros({3}))),
    WRONG(deform_conv2d, Shape, deform_conv2d(x, offset, zeros({4, 3, 3, 3}), mask, b)),
    WRONG(deform_conv2d, Shape, deform_conv2d(x, offset, w, mask, b, {.groups = 2})),
    WRONG(deform_conv2d, Shape, deform_conv2d(x, offset, w, mask, b, {.offset_groups = 3})),
    WRONG(deform_conv2d, Shape, deform_conv2d(x, offset, zeros({4, 2, 6, 6}), mask, b)),
    WRONG(deform_conv2d, Value, deform_conv2d(x, offset, w, mask, b, {.groups = 0})),
    WRONG(deform_conv2d, Value, deform_conv2d(x, offset, w, mask, b, {.offset_groups = -1})),
    WRONG(deform_conv2d, Value, deform_conv2d(x, offset, w, mask, b, {.stride = 0})),
    WRONG(deform_conv2d, Value, deform_conv2d(x, offset, w, mask, b, {.padding = -1})),
    WRONG(deform_conv2d, Value, deform_conv2d(x, offset, w, mask, b, {.dilation = kHuge})),
  });
}

void add_pools(WrongCalls& all) {
  const auto of_dims = [&]<int N>(std::integral_constant<int, N>) {
    const std::string d = std::to_string(N) + "d";
    const Array none, x = zeros(picture(N, 2, 5)), flags = zeros(picture(N, 2, 5), DType::Bool), whole = zeros(picture(N, 2, 5), DType::I64), scalar = zeros({});
    const auto add = [&](const std::string& name, Wrong error, std::function<void()> call, const char* what, const std::string& named = {}) {
      all.push_back({name, error, std::move(call), name + ": " + what, named});
    };
    const auto largest = [=](const Array& a, PerDim<N> k, const MaxPoolOptions<N>& o = {}) { max_pool(a, k, o); };
    const Array places = zeros(x.shape(), DType::I64);
    const auto unpool = [=](const Array& a, const Array& i, PerDim<N> size) { max_unpool<N>(a, i, size); };
    add("max_unpool" + d, Wrong::Value, [=] { unpool(none, places, 4); }, "an empty handle");
    add("max_unpool" + d, Wrong::Shape, [=] { unpool(scalar, places, 4); }, "another rank");
    add("max_unpool" + d, Wrong::DType, [=] { unpool(x, x, 4); }, "indices that are numbers");
    add("max_unpool" + d, Wrong::Value, [=] { unpool(x, places, 0); }, "no place");
    add("max_unpool" + d, Wrong::Index, [=] { unpool(x, places + 10000, 4); }, "a place beyond the plane");
    add("max_pool" + d, Wrong::Value, [=] { largest(none, 2); }, "an empty handle");
    add("max_pool" + d, Wrong::DType, [=] { largest(flags, 2); }, "truths");
    add("max_pool" + d, Wrong::Shape, [=] { largest(scalar, 2); }, "another rank");
    add("max_pool" + d, Wrong::Shape, [=] { largest(x, 6); }, "a window larger than x");
    add("max_pool" + d, Wrong::Value, [=] { largest(x, 0); }, "an empty window");
    add("max_pool" + d, Wrong::Value, [=] { largest(x, 2, {.stride = 0}); }, "stride 0");
    add("max_pool" + d, Wrong::Value, [=] { largest(x, 2, {.padding = 2}); }, "padding of a window");
    add("max_pool" + d, Wrong::Value, [=] { largest(x, 3, {.dilation = kHuge}); }, "dilation 2^62");
    add("avg_pool" + d, Wrong::Value, [=] { avg_pool(none, PerDim<N>(2), AvgPoolOptions<N>{}); }, "an empty handle");
    add("avg_pool" + d, Wrong::DType, [=] { avg_pool(whole, PerDim<N>(2), AvgPoolOptions<N>{}); }, "integers");
    add("avg_pool" + d, Wrong::Shape, [=] { avg_pool(x, PerDim<N>(6), AvgPoolOptions<N>{}); }, "a window larger than x");
    add("avg_pool" + d, Wrong::Value, [=] { avg_pool(x, PerDim<N>(2), AvgPoolOptions<N>{.divisor = 0}); }, "divisor 0");
    add("lp_pool" + d, Wrong::Value, [=] { lp_pool(none, 2, PerDim<N>(2), LpPoolOptions<N>{}); }, "an empty handle");
    add("lp_pool" + d, Wrong::Value, [=] { lp_pool(x, 0, PerDim<N>(2), LpPoolOptions<N>{}); }, "p 0");
    add("lp_pool" + d, Wrong::DType, [=] { lp_pool(whole, 2, PerDim<N>(2), LpPoolOptions<N>{}); }, "integers");
    add("lp_pool" + d, Wrong::Shape, [=] { lp_pool(x, 2, PerDim<N>(6), LpPoolOptions<N>{}); }, "a window larger than x");
    add("adaptive_max_pool" + d, Wrong::Value, [=] { adaptive_max_pool_with_indices(none, PerDim<N>(2)); }, "an empty handle", "max_pool" + d);
    add("adaptive_max_pool" + d, Wrong::Value, [=] { adaptive_max_pool_with_indices(x, PerDim<N>(-1)); }, "a negative size", "max_pool" + d);
    add("adaptive_max_pool" + d, Wrong::DType, [=] { adaptive_max_pool_with_indices(flags, PerDim<N>(2)); }, "truths", "max_pool" + d);
    add("adaptive_avg_pool" + d, Wrong::Value, [=] { adaptive_avg_pool(none, PerDim<N>(2)); }, "an empty handle", "avg_pool" + d);
    add("adaptive_avg_pool" + d, Wrong::Value, [=] { adaptive_avg_pool(x, PerDim<N>(kHuge)); }, "2^62 windows", "avg_pool" + d);
    add("adaptive_avg_pool" + d, Wrong::DType, [=] { adaptive_avg_pool(whole, PerDim<N>(2)); }, "integers", "avg_pool" + d);
  };
  of_dims(std::integral_constant<int, 1>());
  of_dims(std::integral_constant<int, 2>());
  of_dims(std::integral_constant<int, 3>());
}

void add_sampling(WrongCalls& all) {
  const Array none, x = zeros({1, 1, 4, 4}), grid = zeros({1, 2, 2, 2}), theta = zeros({1, 2, 3}), m = zeros({4, 4}), flags = zeros({1, 1, 4, 4}, DType::Bool);
  const Array columns = zeros({1, 4, 9}), whole = zeros({1, 1, 4, 4}, DType::I64);
  all.insert(all.end(), {
    WRONG(interpolate, Value, interpolate(none, {.size = {2, 2}})),
    WRONG(interpolate, Shape, interpolate(m, {.size = {2}})),
    WRONG(interpolate, Value, interpolate(x, {})),
    WRONG(interpolate, Value, interpolate(x, {.size = {2, 2, 2}})),
    WRONG(interpolate, Value, interpolate(x, {.size = {0, 2}})),
    WRONG(interpolate, DType, interpolate(whole, {.size = {2, 2}, .mode = InterpolateMode::Linear})),
    WRONG(grid_sample, Value, grid_sample(x, none)),
    WRONG(grid_sample, DType, grid_sample(whole, zeros({1, 2, 2, 2}, DType::I64))),
    WRONG(grid_sample, DType, grid_sample(x, zeros({1, 2, 2, 2}, DType::F32))),
    WRONG(grid_sample, Shape, grid_sample(x, zeros({1, 2, 2, 3}))),
    WRONG(grid_sample, Shape, grid_sample(x, zeros({2, 2, 2, 2}))),
    WRONG(grid_sample, Shape, grid_sample(zeros({1, 1, 0, 4}), grid)),
    WRONG(affine_grid, Value, affine_grid(none, Shape{1, 1, 2, 2})),
    WRONG(affine_grid, Shape, affine_grid(theta, Shape{1, 1, 2})),
    WRONG(affine_grid, Shape, affine_grid(theta, Shape{2, 1, 2, 2})),
    WRONG(affine_grid, DType, affine_grid(zeros({1, 2, 3}, DType::I64), Shape{1, 1, 2, 2})),
    WRONG(unfold, Value, unfold(none, 2)),
    WRONG(unfold, Shape, unfold(m, 2)),
    WRONG(unfold, Shape, unfold(x, 5)),
    WRONG(unfold, Value, unfold(x, 2, {.stride = 0})),
    WRONG(unfold, Value, unfold(x, 0)),
    WRONG(fold, Value, fold(none, 4, 2)),
    WRONG(fold, Shape, fold(x, 4, 2)),
    WRONG(fold, Shape, fold(columns, 5, 2)),
    WRONG(fold, Shape, fold(zeros({1, 3, 9}), 4, 2)),
    WRONG(fold, Value, fold(columns, 4, 2, {.dilation = 0})),
    WRONG(pixel_shuffle, Value, pixel_shuffle(none, 2)),
    WRONG(pixel_shuffle, Shape, pixel_shuffle(m, 2)),
    WRONG(pixel_shuffle, Shape, pixel_shuffle(x, 2)),
    WRONG(pixel_shuffle, Value, pixel_shuffle(x, 0)),
    WRONG(pixel_shuffle, Value, pixel_shuffle(x, kHuge)),
    WRONG(pixel_unshuffle, Value, pixel_unshuffle(none, 2)),
    WRONG(pixel_unshuffle, Shape, pixel_unshuffle(m, 2)),
    WRONG(pixel_unshuffle, Shape, pixel_unshuffle(x, 3)),
    WRONG(pixel_unshuffle, Value, pixel_unshuffle(x, -2)),
  });
}
// clang-format on

}  // namespace

WrongCalls picture_calls() {
  WrongCalls all;
  add_convolutions(all);
  add_deformed(all);
  add_pools(all);
  add_sampling(all);
  return all;
}

}  // namespace fornax::test
