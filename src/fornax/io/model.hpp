#pragma once
// Modules in files.

#include <string>

#include <fornax/io/checkpoint.hpp>
#include <fornax/nn/state.hpp>

namespace fornax::io {

/// A module's state as named arrays, and back.
NamedArrays named_arrays(const nn::State& state);
nn::State to_state(const NamedArrays& arrays);

/// Writes the parameters and buffers of a module as a checkpoint; errors as of save_checkpoint.
template <nn::Module M> void save_model(const std::string& path, const M& model, const Metadata& metadata = {}) {
  save_checkpoint(path, named_arrays(nn::state_of(model)), metadata);
}

/// Puts arrays of a record, by name, in the place of a module's parameters and buffers, as nn::load_state does.
///
/// Errors:  ValueError that lists what is missing, unexpected and mismatched, unless the options allow it; the module is
///          then as it was.
/// Example: load_into(model, from_torch(read_safetensors("resnet.safetensors").arrays, layout), {.allow_unexpected = true});
template <nn::Module M>
nn::LoadReport load_into(M& model, const NamedArrays& arrays, const nn::LoadOptions& options = {}) {
  return nn::load_state(model, to_state(arrays), options);
}

/// The same from a checkpoint, all of which is checked first.
///
/// Errors:  as of load_checkpoint and load_into.
template <nn::Module M>
nn::LoadReport load_model(const std::string& path, M& model, const nn::LoadOptions& options = {}) {
  return load_into(model, load_checkpoint(path).arrays, options);
}

}  // namespace fornax::io
