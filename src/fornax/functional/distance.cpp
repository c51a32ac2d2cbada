#include <fornax/functional/distance.hpp>

#include <fornax/functional/common.hpp>

namespace fornax::functional {

namespace {

using namespace impl;

void require_order(std::string_view operation, double p) {
  if (!(p >= 0)) throw ValueError(operation, "p is " + Scalar(p).str() + "; must be at least 0");
}

}  // namespace

Array lp_normalize(const Array& x, const LpNormalize& options) {
  require_floats("lp_normalize", {&x});
  require_order("lp_normalize", options.p);
  require_positive("lp_normalize", "eps", options.eps);
  if (x.rank() == 0) {  // torch takes the dim of a scalar for none
    static_cast<void>(checked_dim("lp_normalize", options.dim, 1));
    return x / at_least(norm(x, options.p, {}), options.eps);
  }
  const DimSet dims = DimSet::of(checked_dim("lp_normalize", options.dim, x.rank()));
  return x / at_least(norm(x, options.p, dims), options.eps);
}

Array cosine_similarity(const Array& a, const Array& b, std::int64_t dim, double eps) {
  require_floats("cosine_similarity", {&a, &b});
  require_positive("cosine_similarity", "eps", eps);
  const Shape shape = broadcast_shape("cosine_similarity", a.shape(), b.shape());
  const int d = checked_dim("cosine_similarity", dim, shape.rank());
  const auto unit = [&](const Array& x) { return x / at_least(norm(x, 2, DimSet::of(d)), eps); };
  return sum_along(unit(broadcast_to(a, shape)) * unit(broadcast_to(b, shape)), d);
}

Array pairwise_distance(const Array& a, const Array& b, double p, double eps) {
  require_broadcast("pairwise_distance", {&a, &b});
  require_order("pairwise_distance", p);
  const Array d = a - b + eps;
  return squeeze(norm(d, p, DimSet::of(checked_dim("pairwise_distance", -1, d.rank()))), -1);
}

Array cdist(const Array& a, const Array& b, double p) {
  require_floats("cdist", {&a, &b});
  require_order("cdist", p);
  if (a.rank() < 2 || b.rank() < 2 || a.shape()[a.rank() - 1] != b.shape()[b.rank() - 1])
    throw ShapeError("cdist", "the inputs have shapes " + a.shape().str() + " and " + b.shape().str() +
                                  "; needs [..., P, M] and [..., R, M]");
  const Array d = unsqueeze(a, -2) - unsqueeze(b, -3);
  return squeeze(norm(d, p, DimSet::of(d.rank() - 1)), -1);
}

}  // namespace fornax::functional
