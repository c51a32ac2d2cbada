#include <fornax/optim/optimizer.hpp>

#include <algorithm>
#include <cmath>
#include <deque>

#include <fornax/array/allocate.hpp>
#include <fornax/array/error.hpp>
#include <fornax/nn/module.hpp>
#include <fornax/optim/place.hpp>
#include <fornax/optim/rules.hpp>

namespace fornax::optim {

namespace {

constexpr std::string_view kMaster = "master";  // the f32 copy of a parameter of 16 bits

template <class T> T& entry(std::map<std::string, T, std::less<>>& all, std::string_view name, const T& initial) {
  const auto at = all.find(name);
  return at != all.end() ? at->second : all.emplace(std::string(name), initial).first->second;
}

bool is_narrow(const Array& x) { return is_float(x.dtype()) && size_of(x.dtype()) < 4; }

}  // namespace

void detail::require_momentum(std::string_view optimizer, std::string_view setting, double value) {
  setting == "beta1" ? require_fraction(optimizer, setting, value) : require_not_negative(optimizer, setting, value);
}

Optimizer::Optimizer(std::string_view name, double lr) : name_(name), lr_(lr) { require_not_negative(name, "lr", lr); }

void Optimizer::set_lr(double lr) {
  require_not_negative(name_, "lr", lr);
  lr_ = lr;
}

void Optimizer::set_momentum(double) { throw ValueError(name_, "has no momentum that a schedule could turn"); }

Array& Slots::array(std::string_view name) { return entry(arrays, name, Array()); }

Array& Slots::array(std::string_view name, const Array& like) {
  Array& a = array(name);
  if (!a.defined()) a = zeros_like(like);
  return a;
}

double& Slots::number(std::string_view name, double initial) { return entry(numbers, name, initial); }

GradientOptimizer::GradientOptimizer(std::string_view name, double lr, double weight_decay, Decay decay)
    : Optimizer(name, lr), weight_decay_(weight_decay), decay_(decay) {
  require_not_negative(name, "weight_decay", weight_decay);
}

Shape GradientOptimizer::shape_of(std::string_view, const Shape& parameter) const { return parameter; }

void GradientOptimizer::add_group(Group group) {
  require_not_negative(name(), "lr_scale", group.lr_scale);
  if (group.weight_decay) {
    if (decay_ == Decay::None) throw ValueError(name(), "has no weight decay that a group could set");
    require_not_negative(name(), "weight_decay", *group.weight_decay);
  }
  groups_.push_back(std::move(group));
}

void GradientOptimizer::set_clipping(Clip clip) {
  if (clip.kind != Clip::Kind::None) require_positive(name(), "clipping limit", clip.limit);
  clip_ = clip;
}

const Group* GradientOptimizer::group_of(std::string_view path) const {
  for (std::size_t i = groups_.size(); i-- > 0;)
    if (nn::matches(groups_[i].pattern, path)) return &groups_[i];
  return nullptr;
}

// Parameters come in the same order in every step, so the next one is usually right behind the last.
Slots* GradientOptimizer::find(std::string_view path) {
  const std::size_t n = slots_.size();
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t at = (hint_ + i) % n;
    if (slots_[at].path != path) continue;
    hint_ = at + 1;
    return &slots_[at];
  }
  return nullptr;
}

struct GradientOptimizer::Work {
  const nn::NamedParameter& parameter;
  Array gradient;
  Rate rate;
};

void GradientOptimizer::require_fitting_state(const nn::Parameters& parameters) {
  std::size_t known = 0;
  for (const nn::NamedParameter& p : parameters) {
    const Slots* const s = find(p.path);
    if (!s) continue;
    ++known;
    const Array& w = *p.array;
    const DType dtype = is_narrow(w) ? DType::F32 : w.dtype();
    for (const auto& [slot, kept] : s->arrays) {
      if (!kept.defined()) continue;
      const Shape wanted = slot == kMaster ? w.shape() : shape_of(slot, w.shape());
      if (!(kept.shape() == wanted))
        throw ShapeError(name(), "what is kept as " + slot + " of \"" + p.path + "\" has shape " + kept.shape().str() +
                                     "; a parameter of shape " + w.shape().str() + " needs " + wanted.str());
      if (kept.dtype() != dtype)
        throw DTypeError(name(), "what is kept as " + slot + " of \"" + p.path + "\" is " +
                                     std::string(fornax::name(kept.dtype())) + ", the parameter is " +
                                     std::string(fornax::name(w.dtype())));
    }
  }
  if (!unchecked_ || known == slots_.size()) return;
  for (const Slots& s : slots_)
    if (std::none_of(parameters.begin(), parameters.end(),
                     [&](const nn::NamedParameter& p) { return p.path == s.path; }))
      throw ValueError(name(), "the loaded state has parameter \"" + s.path + "\", which the model has not");
}

StepReport GradientOptimizer::update_all(const nn::Parameters& parameters, NamedGradients gradients) try {
  bool wanted = false;
  for (const nn::NamedParameter& p : parameters) wanted = wanted || p.trainable;
  if (wanted && gradients.empty())
    throw ValueError(name(),
                     "none of the model's parameters has a gradient here; gradients fit the model as it was "
                     "when they were taken, and each step makes new leaves");
  require_fitting_state(parameters);

  // What is to be changed, with its gradients alone: others count neither for norms nor for being finite.
  std::vector<Work> all;
  NamedGradients used;
  for (const nn::NamedParameter& p : parameters) {
    Array g = gradients.take(p.path);
    if (!g.defined() || !p.trainable) continue;
    const Group* const group = group_of(p.path);
    if (group && group->frozen) continue;
    if (!(g.shape() == p.array->shape()))
      throw ShapeError(name(), "the gradient of \"" + p.path + "\" has shape " + g.shape().str() +
                                   ", the parameter has " + p.array->shape().str());
    const Rate rate{lr() * (group ? group->lr_scale : 1),
                    group && group->weight_decay ? *group->weight_decay : weight_decay_, decay_};
    all.push_back({p, Array(), rate});
    used.set(p.path, std::move(g));
  }
  for (const NamedGradients::Entry& e : gradients.entries())
    if (e.array.defined())
      throw ValueError(name(), "there is a gradient for \"" + e.path + "\", which the model has not");

  StepReport report;
  if (skip_non_finite_) {
    if (const std::string* path = used.first_non_finite()) {
      report.skipped = true;
      report.non_finite = *path;
      return report;
    }
  }
  report.norm = used.clip(clip_);
  unchecked_ = false;
  // Small parameters go together, so that a step of many costs little more than its elements; copies are held of few.
  constexpr std::int64_t most = 1 << 18;
  for (std::size_t begin = 0; begin < all.size();) {
    std::int64_t elements = 0;
    std::size_t end = begin;
    for (; end < all.size() && (end == begin || elements + all[end].parameter.array->numel() <= most); ++end) {
      all[end].gradient = used.take(all[end].parameter.path);
      elements += all[end].parameter.array->numel();
    }
    update_batch(std::span(all).subspan(begin, end - begin));
    report.updated += static_cast<std::int64_t>(end - begin);
    begin = end;
  }
  return report;
} catch (const std::bad_alloc&) {
  fornax::detail::throw_exhausted();
}

Slots& GradientOptimizer::slots_for(std::string_view path) {
  if (Slots* const kept = find(path)) return *kept;
  slots_.push_back({std::string(path), 0, {}, {}});
  hint_ = slots_.size();
  return slots_.back();
}

void GradientOptimizer::update_batch(std::span<Work> batch) {
  struct Changes {
    std::vector<Update> updates;
    std::deque<Place> places;

    ~Changes() {
      for (std::size_t i = 0; i < places.size(); ++i)
        if (!places[i].value.defined()) places[i].value = std::move(updates[i].w);
    }
  } changes;
  for (const Work& work : batch) slots_for(work.parameter.path);  // first, since new ones move those that are there
  changes.updates.resize(batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    Update& u = changes.updates[i];
    u.kept = &slots_for(batch[i].parameter.path);
    u.rate = batch[i].rate;
    Place& place = changes.places.emplace_back(batch[i].parameter);
    const DType dtype = place.value.dtype();
    if (!is_narrow(place.value)) {
      u.w = std::move(place.value);
    } else {
      // The copy counts while it rounds to the parameter: weights may have been loaded since.
      Array& master = u.kept->array(kMaster);
      if (!master.defined() || reduce_all(ReduceFn::All, equal(cast(master, dtype), place.value)).item() == 0)
        master = cast(place.value, DType::F32);
      u.w = std::move(master);
    }
    u.g = cast(std::move(batch[i].gradient), u.w.dtype());
  }
  update_each(changes.updates);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    Array& value = changes.places[i].value;
    if (!value.defined()) continue;
    value = cast(changes.updates[i].w, value.dtype());
    changes.updates[i].kept->array(kMaster) = std::move(changes.updates[i].w);
  }
}

void GradientOptimizer::update_each(std::span<Update> updates) const {
  for (Update& u : updates) {
    if (u.rate.l2() != 0) u.g = std::move(u.g) + u.w * u.rate.l2();
    if (u.rate.shrink() != 1) u.w = std::move(u.w) * u.rate.shrink();
    ++u.kept->step;
    try {
      update(u.w, std::move(u.g), *u.kept, u.rate);
    } catch (...) {
      --u.kept->step;
      throw;
    }
  }
}

void GradientOptimizer::update(Array&, Array, Slots&, const Rate&) const {
  throw Error(name(), "has no rule for one parameter alone; reaching this is a bug in fornax");
}

State GradientOptimizer::state() const {
  State s;
  s.kind = name();
  s.numbers["lr"] = lr();
  if (const auto m = momentum()) s.numbers["momentum"] = *m;
  for (const Slots& kept : slots_) {
    s.numbers[kept.path + "/step"] = static_cast<double>(kept.step);
    for (const auto& [slot, value] : kept.arrays)
      if (value.defined()) s.arrays[kept.path + "/" + slot] = value;
    for (const auto& [slot, value] : kept.numbers) s.numbers[kept.path + "/" + slot] = value;
  }
  return s;
}

void GradientOptimizer::load_state(const State& state) {
  state.require_kind(name());
  const double rate = state.number("lr");
  std::vector<Slots> loaded;
  const auto slots_at = [&](const std::string& key, std::string& slot) -> Slots& {
    const std::size_t cut = key.rfind('/');
    if (cut == std::string::npos) throw ValueError("load_state", "\"" + key + "\" names no parameter");
    slot = key.substr(cut + 1);
    const std::string path = key.substr(0, cut);
    // Keys are sorted, so those of one parameter mostly stand together.
    for (std::size_t i = loaded.size(); i-- > 0;)
      if (loaded[i].path == path) return loaded[i];
    return loaded.emplace_back(Slots{path, 0, {}, {}});
  };
  std::string slot;
  for (const auto& [key, value] : state.numbers) {
    if (key == "lr" || key == "momentum") continue;
    Slots& s = slots_at(key, slot);
    if (slot != "step") {
      s.number(slot, value) = value;
    } else if (value >= 0 && value < 0x1p53 && value == std::floor(value)) {
      s.step = static_cast<std::int64_t>(value);
    } else {
      throw ValueError("load_state", "\"" + key + "\" is " + Scalar(value).str() + ", which is no number of steps");
    }
  }
  for (const auto& [key, value] : state.arrays) {
    if (!value.defined()) throw ValueError("load_state", "the array \"" + key + "\" is empty");
    slots_at(key, slot).array(slot) = detach(value);
  }
  if (momentum()) set_momentum(state.number("momentum"));
  set_lr(rate);
  slots_ = std::move(loaded);
  hint_ = 0;
  unchecked_ = true;
}

}  // namespace fornax::optim
