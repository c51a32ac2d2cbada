#pragma once
// Runs as JSON: what a run log keeps, and what a page draws. Apart, since the JSON library takes seconds to compile.

#include <string>
#include <string_view>
#include <vector>

#include <fornax/train/views/history.hpp>

namespace fornax::train {

/// The text of run.json: all of a history but the metrics of steps and epochs.
std::string print_run(const History& history);
/// A history with what that text says. Throws FormatError that begins with `operation`.
History parse_run(const std::string& operation, std::string_view text);

/// What pages draw (page.hpp says how): JSON, with curves and all.
std::string page_data(const History& history);

}  // namespace fornax::train
