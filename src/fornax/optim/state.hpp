#pragma once

#include <map>
#include <string>

#include <fornax/array/array.hpp>

namespace fornax::optim {

/// What an optimizer, a scheduler or an average of weights has to remember, by name: enough to go on in another process
/// with the same bits. Arrays share their buffers with their owner until it changes them.
struct State {
  std::string kind;                       // whose state it is: "Adam"
  std::map<std::string, Array> arrays;    // "conv1.weight/exp_avg"
  std::map<std::string, double> numbers;  // "conv1.weight/step", "lr"

  /// Throws ValueError unless the state is of this kind.
  void require_kind(std::string_view wanted) const;
  /// Throws ValueError if there is no such number or array.
  double number(const std::string& name) const;
  const Array& array(const std::string& name) const;
};

}  // namespace fornax::optim
