#include <ostream>

#include <fornax/train/views/page.hpp>
#include <fornax/train/views/run_log.hpp>

#include "commands.hpp"

namespace fornax::tool {

void report(const std::string& directory, const std::string& to, std::ostream& out) {
  out << fornax::train::write_report(directory, to) << "\n";
  if (fornax::train::chart_js().empty())
    out << "without curves: Chart.js (Debian package libjs-chart.js) was not found\n";
}

}  // namespace fornax::tool
