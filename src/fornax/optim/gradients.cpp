#include <fornax/optim/gradients.hpp>

#include <algorithm>
#include <cmath>

#include <fornax/array/allocate.hpp>
#include <fornax/array/error.hpp>
#include <fornax/optim/rules.hpp>

namespace fornax::optim {

namespace {

// Only leaves have a gradient that an optimizer can use: one made from others would be trained in vain.
void require_leaf(const nn::NamedParameter& p) {
  const Interpreter* tape = autodiff::tape_of(*p.array);
  if (tape && !autodiff::is_leaf(*tape, *p.array))
    throw ValueError("gradients", "parameter \"" + p.path +
                                      "\" is the result of recorded operations; detach().require_grad() makes a leaf "
                                      "of its values");
}

void require_shape(const nn::NamedParameter& p, const Array& gradient) {
  if (!(gradient.shape() == p.array->shape()))
    throw ShapeError("gradients", "the gradient of \"" + p.path + "\" has shape " + gradient.shape().str() +
                                      ", the parameter has " + p.array->shape().str());
}

// Sums and quotients of 16-bit gradients would overflow or vanish where the gradients do not.
Array widened(Array x) { return size_of(x.dtype()) < 4 ? cast(std::move(x), DType::F32) : x; }

double scale_for(double norm, double limit) { return std::min(1.0, limit / (norm + 1e-6)); }

}  // namespace

NamedGradients::NamedGradients(const nn::Parameters& parameters, const autodiff::GradientStore& store) try {
  for (const nn::NamedParameter& p : parameters) {
    require_leaf(p);
    const Array gradient = store.find(*p.array);
    if (!gradient.defined()) continue;
    require_shape(p, gradient);
    entries_.push_back({p.path, detach(gradient)});
  }
} catch (const std::bad_alloc&) {
  fornax::detail::throw_exhausted();
}

NamedGradients::NamedGradients(const nn::Parameters& parameters, autodiff::GradientStore&& store)
    : NamedGradients(parameters, std::as_const(store)) {
  store = autodiff::GradientStore();  // its handles: the buffers are ours alone then
}

NamedGradients::NamedGradients(const nn::Parameters& tree) try {
  for (const nn::NamedParameter& p : tree)
    if (is_float(p.array->dtype())) entries_.push_back({p.path, detach(*p.array)});
} catch (const std::bad_alloc&) {
  fornax::detail::throw_exhausted();
}

NamedGradients::Entry* NamedGradients::entry(std::string_view path) {
  const std::size_t n = entries_.size();
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t at = (hint_ + i) % n;
    if (entries_[at].path != path) continue;
    hint_ = at + 1;
    return &entries_[at];
  }
  return nullptr;
}

Array NamedGradients::find(std::string_view path) const {
  for (const Entry& e : entries_)
    if (e.path == path) return e.array;
  return Array();
}

Array NamedGradients::take(std::string_view path) {
  Entry* const e = entry(path);
  return e ? std::move(e->array) : Array();
}

void NamedGradients::set(std::string_view path, Array gradient) try {
  if (Entry* const e = entry(path)) {
    e->array = std::move(gradient);
  } else {
    entries_.push_back({std::string(path), std::move(gradient)});
  }
} catch (const std::bad_alloc&) {
  fornax::detail::throw_exhausted();
}

double NamedGradients::norm() const {
  double largest = 0;  // hypot() of many would be slow; the squares of norms above 1e150 would overflow
  std::vector<double> norms;
  for (const Entry& e : entries_) {
    if (!e.array.defined()) continue;
    norms.push_back(norm_of(e.array));
    largest = std::max(largest, norms.back());
    if (std::isnan(norms.back())) return norms.back();
  }
  if (largest == 0 || std::isinf(largest)) return largest;
  double sum = 0;
  for (const double n : norms) sum += (n / largest) * (n / largest);
  return largest * std::sqrt(sum);
}

const std::string* NamedGradients::first_non_finite() const {
  for (const Entry& e : entries_)
    if (e.array.defined() && !all_finite(e.array)) return &e.path;
  return nullptr;
}

void NamedGradients::scale(double factor) {
  for (Entry& e : entries_)
    if (e.array.defined()) e.array = widened(std::move(e.array)) * factor;
}

double NamedGradients::clip(const Clip& clip) {
  if (clip.kind == Clip::Kind::None) return 0;
  if (!(clip.limit > 0)) throw ValueError("clip", "the limit is " + Scalar(clip.limit).str() + "; it must be positive");
  if (clip.kind == Clip::Kind::GlobalNorm) {
    const double all = norm();
    const double factor = scale_for(all, clip.limit);
    if (factor < 1 || std::isnan(factor)) scale(factor);
    return all;
  }
  const Scalar low = -clip.limit, high = clip.limit;
  for (Entry& e : entries_) {
    if (!e.array.defined()) continue;
    if (clip.kind == Clip::Kind::Value) {
      e.array = clamp(std::move(e.array), &low, &high);
    } else if (const double factor = scale_for(norm_of(e.array), clip.limit); factor < 1 || std::isnan(factor)) {
      e.array = std::move(e.array) * factor;
    }
  }
  return 0;
}

void NamedGradients::add(NamedGradients other) {
  for (Entry& e : other.entries_) {
    if (!e.array.defined()) continue;
    Entry* const mine = entry(e.path);
    if (mine && mine->array.defined() && !(mine->array.shape() == e.array.shape()))
      throw ShapeError("gradients", "the gradients of \"" + e.path + "\" have shapes " + mine->array.shape().str() +
                                        " and " + e.array.shape().str());
  }
  for (Entry& e : other.entries_) {
    if (!e.array.defined()) continue;
    Entry* const mine = entry(e.path);
    if (!mine) {
      entries_.push_back(std::move(e));
    } else if (!mine->array.defined()) {
      mine->array = std::move(e.array);
    } else {
      mine->array = widened(std::move(mine->array)) + widened(std::move(e.array));
    }
  }
}

NamedGradients GradientsAccumulator::take() {
  count_ = 0;
  return std::exchange(sum_, NamedGradients());
}

NamedGradients GradientsAccumulator::take_mean() {
  if (count_ > 1) sum_.scale(1.0 / static_cast<double>(count_));
  return take();
}

}  // namespace fornax::optim
