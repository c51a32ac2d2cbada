#include <fornax/io/model.hpp>

namespace fornax::io {

NamedArrays named_arrays(const nn::State& state) { return {state.begin(), state.end()}; }

nn::State to_state(const NamedArrays& arrays) {
  nn::State state;
  for (const auto& [name, array] : arrays) state.add(name, array);
  return state;
}

}  // namespace fornax::io
