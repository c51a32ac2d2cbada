#pragma once
// Runs that were kept by run_log (views.hpp): read back, and shown.

#include <cstdint>
#include <string>

#include <fornax/train/views/history.hpp>

namespace fornax::train {

/// The run in a directory. A last line that a killed process did not finish is left out.
///
/// Errors:  IoError if a file cannot be read; FormatError with file and line for what run_log does not write.
History read_run(const std::string& directory);
/// The same without what came after a step.
History read_run(const std::string& directory, std::int64_t last_step);

/// What was there of a run before the part that begins now; empty for a new run, or if nothing readable was kept.
History earlier_part(const RunStart& start);

/// A page with curves, settings, model, epochs and outcome. It needs nothing else and no network: Chart.js, if Debian's
/// package libjs-chart.js is there, stands in it. FORNAX_CHART_JS in the environment may name another copy of it.
std::string html_report(const History& history);

/// Writes the report of a run that was kept in `directory`; to report.html there, unless `path` says otherwise. Returns the path.
///
/// Errors:  those of read_run; IoError.
std::string write_report(const std::string& directory, const std::string& path = {});

}  // namespace fornax::train
