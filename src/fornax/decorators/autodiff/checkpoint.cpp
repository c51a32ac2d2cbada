#include <algorithm>
#include <atomic>

#include <fornax/array/autocast.hpp>
#include <fornax/array/pool.hpp>
#include <fornax/decorators/autodiff/decorator.hpp>
#include <fornax/ops/functions.hpp>
#include <fornax/ops/generator.hpp>

namespace fornax::autodiff {

namespace {

// Nodes recorded while one lives bear its number, which tells them from nodes that the region only uses.
class RegionScope {
 public:
  RegionScope() : outer_(current_region), region_(next()) { current_region = region_; }
  ~RegionScope() { current_region = outer_; }
  RegionScope(const RegionScope&) = delete;
  RegionScope& operator=(const RegionScope&) = delete;
  std::uint64_t number() const { return region_; }

 private:
  static std::uint64_t next() {
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
  }
  std::uint64_t outer_, region_;
};

struct Recorded {
  Arrays leaves;  // the inputs as leaves of this recording
  Arrays results;
  std::uint64_t region;
};

Recorded record(Decorator& on, Region& region, const Arrays& values, const Arrays& tracked_like,
                std::vector<Draw>& draws, DrawLog::Mode mode, DType autocast) {
  const RegionScope scope;
  const detail::SetAutocast as_at_first(autocast);
  const DrawLog log(draws, mode);
  Recorded r;
  r.region = scope.number();
  for (std::size_t i = 0; i < values.size(); ++i)
    r.leaves.push_back(tracked_like[i].defined() ? require_grad(on, values[i]) : values[i]);
  r.results = region.run(r.leaves);
  return r;
}

ReachedList roots_of(const Decorator& on, const Recorded& r, std::span<const Array> cotangents) {
  ReachedList roots;
  for (std::size_t i = 0; i < r.results.size(); ++i) {
    const TrackedBody* body = tracked(on, r.results[i]);
    if (!body) continue;
    Array g = i < cotangents.size() ? cotangents[i] : Array();
    if (g.defined()) roots.push_back({body->node, body->output, std::move(g)});
  }
  return roots;
}

// The tracked tensors that a recording used without being given them: edges that leave its region.
std::vector<Edge> captured_by(const Decorator& on, const Recorded& r) {
  std::vector<const Node*> seen;
  std::vector<Edge> captured;
  const auto visit = [&](const Edge& e) {
    if (e.node->region == r.region) {
      if (std::find(seen.begin(), seen.end(), e.node.get()) == seen.end()) seen.push_back(e.node.get());
      return;
    }
    const bool known = std::any_of(captured.begin(), captured.end(),
                                   [&](const Edge& c) { return c.node.get() == e.node.get() && c.output == e.output; });
    if (!known) captured.push_back(e);
  };
  for (const Array& y : r.results)
    if (const TrackedBody* body = tracked(on, y)) visit({body->node, body->output});
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (seen[i]->leaf) continue;
    for (const Edge& e : static_cast<const Record*>(seen[i])->parents)
      if (e.node) visit(e);
  }
  return captured;
}

// Runs a region again in backward. Its inputs are the region's own, then the tracked tensors that it captured.
class Recompute final : public CustomFunction {
 public:
  Recompute(Decorator& on, Ref<Region> region, const Arrays& x) : on_(on), region_(std::move(region)), tracked_(x) {
    for (Array& a : tracked_)
      if (!is_tracked(on, a)) a = Array();
    for (const Array& a : x) values_.push_back(inner(on, a));
  }

  // The first run is recorded as well, only to find the tracked tensors that the function captured. Its tape goes away
  // at the end, so that the tape of one region at most exists at a time.
  Arrays first_run() {
    Recorded first = record(on_, *region_, values_, tracked_, draws_, DrawLog::Mode::Record, autocast_);
    captured_ = captured_by(on_, first);
    return std::move(first.results);
  }

  // Makes the node's parents: the inputs, then what was captured.
  void connect(Record& node) {
    for (std::size_t i = 0; i < tracked_.size(); ++i) {
      const TrackedBody* body = tracked_[i].defined() ? tracked(on_, tracked_[i]) : nullptr;
      node.parents.push_back(body ? Edge{body->node, body->output} : Edge{});
      if (body) node.wanted.set(i);
      node.inputs.push_back(std::move(values_[i]));
      // Only whether an input is tracked matters from here on; holding it would keep its tape alive twice.
      tracked_[i] = body ? node.inputs[i] : Array();
    }
    values_.clear();
    for (const Edge& e : captured_) {
      node.wanted.set(node.parents.size());
      node.parents.push_back(e);
      node.inputs.push_back(Array());
    }
  }

  std::string_view name() const override { return "checkpoint"; }
  Arrays forward(const Arrays&) const override {
    throw Error("checkpoint", "a region is run by its decorator; reaching this is a bug in fornax");
  }

  Arrays vjp(const Arrays& x, std::span<const Array> g, Wanted) const override {
    Arrays own;
    for (std::size_t i = 0; i < tracked_.size(); ++i) own.push_back(x[i]);
    std::vector<Draw> draws = draws_;
    const Recorded again = record(on_, *region_, own, tracked_, draws, DrawLog::Mode::Replay, autocast_);
    Arrays gradients;
    gradients.resize(tracked_.size() + captured_.size());
    ReachedList roots = roots_of(on_, again, g), reached;
    walk_back({roots.data(), roots.size()}, {.release = false, .region = again.region}, reached);
    for (Reached& r : reached) {
      bool placed = false;
      for (std::size_t i = 0; i < tracked_.size() && !placed; ++i) {
        const TrackedBody* leaf = tracked_[i].defined() ? tracked(on_, again.leaves[i]) : nullptr;
        placed = leaf && leaf->node.get() == r.node.get();
        if (placed) gradients[i] = std::move(r.gradient);
      }
      for (std::size_t i = 0; i < captured_.size() && !placed; ++i) {
        placed = captured_[i].node.get() == r.node.get() && captured_[i].output == r.output;
        if (placed) gradients[tracked_.size() + i] = std::move(r.gradient);
      }
      if (!placed && r.node->region != again.region)
        throw ValueError("checkpoint",
                         "run again, the function uses a tracked tensor that it did not use at first; "
                         "capture by value what may change");
    }
    return gradients;
  }

 private:
  Decorator& on_;
  Ref<Region> region_;
  Arrays tracked_;  // defined where the input is tracked
  Arrays values_;
  std::vector<Edge> captured_;
  std::vector<Draw> draws_;
  const DType autocast_ = detail::autocast_dtype;
};

}  // namespace

Arrays checkpoint(Interpreter& on, Ref<Region> region, const Arrays& x) {
  for (const Array& a : x) require_defined("checkpoint", a);
  auto& decorator = static_cast<Decorator&>(on);
  Ref<Recompute> function(new Recompute(decorator, std::move(region), x));
  Arrays results = function->first_run();
  auto* node = Pool::make<Record>(op::Custom{function}, current_region);
  const NodeRef owner(node);
  node->outputs = static_cast<std::uint32_t>(results.size());
  function->connect(*node);
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (TrackedBody* body = tracked(on, results[i]))
      results[i] = decorator.track(body->value, owner, static_cast<std::uint32_t>(i));
  }
  return results;
}

}  // namespace fornax::autodiff
