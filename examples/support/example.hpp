#pragma once
// What the programs that train have in common: a config in JSON, a directory for the run, and ways to watch it. Each can
// be run on its own, or by the command `fornax train`.

#include <memory>
#include <string>
#include <vector>

#include <fornax/train/train.hpp>

namespace examples {

struct RunOptions {
  std::string directory;   // checkpoints, logs and the model go here
  bool resume = false;     // from the newest checkpoint in it
  bool dashboard = false;  // a page for a browser on this machine
  bool quiet = false;
};

/// The run's directory, and the views that the options ask for.
fornax::train::LearnerBuilder builder(const RunOptions& options);

struct Example {
  std::string name, about;
  std::string (*default_config)();
  void (*run)(const std::string& config, const RunOptions& options);
};

/// Those that are linked into this program, sorted by name.
const std::vector<Example>& all();
bool add(Example example);

/// Settings of an example as they stand in a file: {"network": "fashion_cnn", "config": {...}}.
std::string settings_of(const Example& example);
/// The config in such a file. Throws IoError or FormatError, ValueError if it is for none of the examples.
struct Settings {
  const Example* example;
  std::string config;
};
Settings read_settings(const std::string& path);

/// main() of a program with one example:
///   NAME [--config FILE] [--directory DIR] [--resume] [--dashboard] [--quiet] [--print-config]
int run_main(const Example& example, int argc, char** argv);

template <class Config, void (*run)(const Config&, const RunOptions&)> bool add(const char* name, const char* about) {
  return add(
      Example{name, about, [] { return Config().to_json(); },
              [](const std::string& config, const RunOptions& options) { run(Config::from_json(config), options); }});
}

}  // namespace examples

/// Makes `run(const Config&, const RunOptions&)` an example of this name.
#define FORNAX_EXAMPLE(Config, run, name, about) \
  [[maybe_unused]] static const bool kIsExample = examples::add<Config, run>(name, about);
