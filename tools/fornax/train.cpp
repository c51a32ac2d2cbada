// Trains the networks of examples/, which are linked into the command.

#include <ostream>

#include <fornax/array/error.hpp>

#include "commands.hpp"
#ifdef FORNAX_WITH_EXAMPLES
#include "support/example.hpp"
#endif

namespace fornax::tool {

#ifdef FORNAX_WITH_EXAMPLES

std::string networks() {
  std::string text;
  for (const examples::Example& e : examples::all()) text += "  " + e.name + ": " + e.about + "\n";
  return text;
}

void train(const TrainOptions& options, std::ostream& out) {
  if (!options.print.empty()) {
    for (const examples::Example& e : examples::all())
      if (e.name == options.print) return static_cast<void>(out << examples::settings_of(e));
    throw ValueError("train", "there is no network \"" + options.print + "\"; there are:\n" + networks());
  }
  if (options.config.empty()) throw ValueError("train", "needs a file of settings; --print NAME makes one");
  const examples::Settings settings = examples::read_settings(options.config);
  settings.example->run(settings.config,
                        {.directory = options.directory.empty() ? "runs/" + settings.example->name : options.directory,
                         .resume = options.resume,
                         .dashboard = options.dashboard,
                         .quiet = options.quiet});
}

#else

std::string networks() { return {}; }
void train(const TrainOptions&, std::ostream&) {
  throw ValueError("train", "this build has no networks: it was made without the examples (FORNAX_BUILD_EXAMPLES)");
}

#endif

}  // namespace fornax::tool
