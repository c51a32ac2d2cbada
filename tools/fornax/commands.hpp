#pragma once
// What the command `fornax` can do: a function for each subcommand. They print to `out`, and throw errors of fornax.

#include <iosfwd>
#include <string>
#include <vector>

namespace fornax::tool {

struct InspectOptions {
  std::string file;
  std::vector<std::string> only;  // patterns of names; none: all
  bool no_values = false;         // dtypes and shapes alone
  bool json = false;
};
/// What stands in a file of tensors. Damage is an error.
void inspect(const InspectOptions& options, std::ostream& out);

struct ConvertOptions {
  std::string from, to;
  std::string format;  // of `to`: "safetensors", "checkpoint", "npz", "npy"; empty: by the ending of its name
  std::string dtype;   // of floats; empty: as they are
  std::vector<std::string> only;     // patterns of names; none: all
  std::vector<std::string> renames;  // "old=new"
  bool from_torch = false;
  std::vector<std::string> transposed, dropped;  // patterns of PyTorch's names
};
/// From one format of tensor files to another.
void convert(const ConvertOptions& options, std::ostream& out);

/// A page for the run in a directory.
void report(const std::string& directory, const std::string& to, std::ostream& out);

/// What fornax would compute on, and with which libraries.
void devices(bool json, std::ostream& out);

/// A quick look at what this machine gives: products, memory, the cost of an operation.
void bench(bool json, std::ostream& out);

struct TrainOptions {
  std::string config;     // a file of settings
  std::string directory;  // of the run; empty: runs/NAME
  std::string print;      // the network whose settings are to be printed instead
  bool resume = false, dashboard = false, quiet = false;
};
/// Trains one of the networks that come with fornax.
void train(const TrainOptions& options, std::ostream& out);
/// Their names, one a line, with what they are; empty if there are none.
std::string networks();

}  // namespace fornax::tool
