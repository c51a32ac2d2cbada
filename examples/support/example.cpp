#include "example.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include <nlohmann/json.hpp>

#include <fornax/data/text_file.hpp>
#include <fornax/train/views/views.hpp>

namespace examples {

namespace {

std::vector<Example>& table() {
  static std::vector<Example> examples;
  return examples;
}

void usage(const Example& example) {
  std::printf(
      "%s: %s\n\n"
      "  --config FILE     settings in JSON; those of --print-config if not given\n"
      "  --directory DIR   where checkpoints, logs and the model go (runs/%s)\n"
      "  --resume          go on from the newest checkpoint there\n"
      "  --dashboard       show the run on a web page of this machine\n"
      "  --quiet           print results only\n"
      "  --print-config    print the settings and end\n",
      example.name.c_str(), example.about.c_str(), example.name.c_str());
}

}  // namespace

const std::vector<Example>& all() { return table(); }

bool add(Example example) {
  table().push_back(std::move(example));
  std::sort(table().begin(), table().end(), [](const Example& a, const Example& b) { return a.name < b.name; });
  return true;
}

std::string settings_of(const Example& example) {
  nlohmann::ordered_json settings;
  settings["network"] = example.name;
  settings["config"] = nlohmann::ordered_json::parse(example.default_config());
  return settings.dump(2) + "\n";
}

Settings read_settings(const std::string& path) {
  const std::string operation = "settings \"" + path + "\"";
  const auto settings = nlohmann::ordered_json::parse(fornax::data::read_text(operation, path), nullptr, false);
  const auto field = [&](const char* name) { return settings.is_object() ? settings.find(name) : settings.end(); };
  if (field("network") == settings.end() || !field("network")->is_string() || field("config") == settings.end())
    throw fornax::FormatError(operation, "needs {\"network\": NAME, \"config\": {...}}");
  for (const Example& example : all())
    if (*field("network") == example.name) return {&example, field("config")->dump()};
  std::string names;
  for (const Example& example : all()) names += (names.empty() ? "" : ", ") + example.name;
  throw fornax::ValueError(operation, "there is no network " + field("network")->dump() + " here; there are: " + names);
}

fornax::train::LearnerBuilder builder(const RunOptions& options) {
  using namespace fornax::train;
  LearnerBuilder builder(options.directory);
  builder.resume(options.resume);
  if (!options.resume) builder.overwrite();
  if (!options.quiet) builder.view(std::shared_ptr<View>(auto_view()));
  if (!options.directory.empty()) builder.view(std::shared_ptr<View>(run_log()));
  if (options.dashboard) builder.view(std::shared_ptr<View>(web_view()));
  return builder;
}

int run_main(const Example& example, int argc, char** argv) {
  RunOptions options{.directory = "runs/" + example.name};
  std::string config = example.default_config();
  try {
    for (int i = 1; i < argc; ++i) {
      const auto is = [&](const char* option) { return std::strcmp(argv[i], option) == 0; };
      const bool more = i + 1 < argc;
      if (is("--config") && more) {
        config = read_settings(argv[++i]).config;
      } else if (is("--directory") && more) {
        options.directory = argv[++i];
      } else if (is("--resume")) {
        options.resume = true;
      } else if (is("--dashboard")) {
        options.dashboard = true;
      } else if (is("--quiet")) {
        options.quiet = true;
      } else if (is("--print-config")) {
        std::printf("%s", settings_of(example).c_str());
        return 0;
      } else {
        usage(example);
        return is("--help") ? 0 : 2;
      }
    }
    example.run(config, options);
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 1;
  }
}

}  // namespace examples
