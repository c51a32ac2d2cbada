#pragma once
// The tensors of a module by path: what is saved, and put into another module.

#include <fornax/nn/module.hpp>

namespace fornax::nn {

/// Arrays by path, in the order in which they were added; on the plain backend, without history.
class State {
 public:
  using Entry = std::pair<std::string, Array>;

  /// Throws ValueError if the path is there already, or the array is empty.
  void add(std::string path, Array array);
  /// The array; null if there is none.
  const Array* find(std::string_view path) const;
  /// The array. Throws ValueError if there is none.
  const Array& at(std::string_view path) const;

  std::size_t size() const { return entries_.size(); }
  std::vector<Entry>::const_iterator begin() const { return entries_.begin(); }
  std::vector<Entry>::const_iterator end() const { return entries_.end(); }

 private:
  std::vector<Entry> entries_;
  std::vector<std::size_t> order_;  // by path
};

/// What load_state found.
struct LoadReport {
  std::vector<std::string> missing;     // in the module, not in the state
  std::vector<std::string> unexpected;  // in the state, not in the module
  std::vector<std::string> mismatched;  // "conv1.weight": [8, 1, 3, 3] in the state, [16, 1, 3, 3] in the module
  std::size_t loaded = 0;               // tensors that were replaced

  bool complete() const { return missing.empty() && unexpected.empty() && mismatched.empty(); }
  /// All of it in sentences; empty if it is complete.
  std::string str() const;
};

struct LoadOptions {
  bool allow_missing = false, allow_unexpected = false, allow_mismatched = false;
  static LoadOptions partial() { return {true, true, true}; }
};

namespace detail {

State state_of(const Listing& module);
LoadReport load_state(const Listing& module, const State& state, const LoadOptions& options);

}  // namespace detail

/// Parameters and buffers by path. Nothing is copied: arrays never change.
template <Module M> State state_of(const M& module) { return detail::state_of(detail::listing_of(module)); }

/// Replaces parameters and buffers by those of the state, converted to the module's dtype. Leaves stay leaves, frozen
/// parameters frozen, and what was one parameter at two paths stays one; it has the first path's value.
///
/// Errors: ValueError, and the module is as it was, if the report would have an entry that the options do not allow.
template <Module M> LoadReport load_state(M& module, const State& state, const LoadOptions& options = {}) {
  return detail::load_state(detail::listing_of(module), state, options);
}

}  // namespace fornax::nn
