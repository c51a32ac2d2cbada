#pragma once
// Steps of many parameters, gathered so that those with equal settings are one operation; not part of the public surface.

#include <initializer_list>
#include <vector>

#include <fornax/ops/functions.hpp>
#include <fornax/ops/op.hpp>
#include <fornax/optim/optimizer.hpp>

namespace fornax::optim {

template <class Step> class StepLists {
 public:
  /// The set of arrays that the step takes; all but the second, the gradient, are changed by run(), which counts the update too.
  void add(const Step& step, Slots& kept, std::initializer_list<Array*> arrays) {
    const Array& w = **arrays.begin();
    for (List& list : lists_) {
      const Array& first = *list.arrays[0];
      if (list.step == step && first.dtype() == w.dtype() && first.device() == w.device() &&
          first.interpreter() == w.interpreter()) {
        list.arrays.insert(list.arrays.end(), arrays);
        list.kept.push_back(&kept);
        return;
      }
    }
    lists_.push_back({step, arrays, {&kept}});
  }
  void run() {
    for (const List& list : lists_) {
      std::vector<Operand> given;
      for (Array* a : list.arrays) given.emplace_back(std::move(*a));
      Arrays changed = run_all(list.step, given);
      for (std::size_t i = 0, y = 0; i < list.arrays.size(); ++i)
        if (i % list.step.set() != 1) *list.arrays[i] = std::move(changed[y++]);
      for (Slots* kept : list.kept) ++kept->step;
    }
    lists_.clear();
  }

 private:
  struct List {
    Step step;
    std::vector<Array*> arrays;
    std::vector<Slots*> kept;
  };
  std::vector<List> lists_;
};

}  // namespace fornax::optim
