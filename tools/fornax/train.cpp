// The networks that `fornax train` knows: a line in the table for each, with a function that trains it.

#include <array>
#include <ostream>
#include <span>

#include <nlohmann/json.hpp>

#include <fornax/array/error.hpp>
#include <fornax/data/text_file.hpp>
#include <fornax/io/input.hpp>
#include <fornax/io/markup.hpp>

#include "commands.hpp"

namespace fornax::tool {

namespace {

struct Network {
  const char* name;   // the value of "network" in the settings
  const char* about;  // a few words
  void (*train)(const nlohmann::json& settings, std::ostream& out);
};

constexpr std::array<Network, 0> kNetworks{};

}  // namespace

std::string networks() {
  std::string text;
  for (const Network& n : std::span<const Network>(kNetworks))
    text += std::string("  ") + n.name + ": " + n.about + "\n";
  return text;
}

void train(const std::string& config_file, std::ostream& out) {
  const std::string operation = io::operation_on("train", config_file);
  const nlohmann::json settings = nlohmann::json::parse(data::read_text(operation, config_file), nullptr, false);
  if (!settings.is_object()) throw FormatError(operation, "it is not a JSON object");
  const auto wanted = settings.find("network");
  if (wanted == settings.end() || !wanted->is_string())
    throw FormatError(operation, "\"network\" is missing or not a text");
  for (const Network& n : std::span<const Network>(kNetworks))
    if (*wanted == n.name) {
      n.train(settings, out);
      return;
    }
  throw ValueError(operation, "there is no network " + io::in_quotes(wanted->get<std::string>()) +
                                  (kNetworks.empty() ? "; this build has none" : "; there are:\n" + networks()));
}

}  // namespace fornax::tool
