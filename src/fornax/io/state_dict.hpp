#pragma once
// From the names and layouts of one model to those of another.

#include <string>
#include <string_view>
#include <vector>

#include <fornax/io/named.hpp>

namespace fornax::io {

// --- Names ------------------------------------------------------------------------------------------------------------

/// One change of names. In a pattern, * stands for any text without a dot and ** for any text; each may be empty and takes
/// as little as it can. What they stood for takes the place of the same signs, in the same order, in the replacement.
struct Rename {
  std::string pattern, replacement;
};

/// A name that begins with `prefix` gets `replacement` in its place; likewise at the end. Neither has a *.
Rename rename_prefix(std::string_view prefix, std::string_view replacement);
Rename rename_suffix(std::string_view suffix, std::string_view replacement);

/// `name` after every rule that fits it, one after the other. Throws ValueError if a replacement has a * or ** to which
/// none in the pattern corresponds.
///
/// Example: rename("encoder.3.gamma", {{"encoder.*.gamma", "blocks.*.weight"}})   // "blocks.3.weight"
std::string rename(const std::string& name, const std::vector<Rename>& rules);
/// The same for all names. Throws ValueError if two of them become one.
NamedArrays rename(const NamedArrays& arrays, const std::vector<Rename>& rules);
/// Those whose names fit one of the patterns.
NamedArrays filter(const NamedArrays& arrays, const std::vector<std::string>& patterns);

// --- PyTorch ----------------------------------------------------------------------------------------------------------

/// What fornax keeps in another way than PyTorch's state dict, as patterns of names (see Rename).
struct TorchLayout {
  /// Weights of linear layers: [out, in] there, [in, out] here. Matrices alone; others that fit are an error.
  std::vector<std::string> transposed = {};
  /// Changes of names that go from there to here.
  std::vector<Rename> names = {};
  /// Entries of the state dict that have no counterpart here, such as "**.num_batches_tracked".
  std::vector<std::string> dropped = {"**.num_batches_tracked", "num_batches_tracked"};
};

/// A state dict of PyTorch in the layout of fornax: drops, transposes (patterns are those of PyTorch's names), then renames.
/// Throws ShapeError if a weight to be transposed is no matrix, ValueError if two names become one.
NamedArrays from_torch(const NamedArrays& state, const TorchLayout& layout);

}  // namespace fornax::io
