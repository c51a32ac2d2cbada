#pragma once
// The page on which a run is drawn, live or as a report.

#include <string>

namespace fornax::train {

struct PageParts {
  std::string title;
  std::string data;      // of page_data
  std::string chart_js;  // put into the page; empty: none
  /// For the live page: what its requests prove themselves with. It then loads /chart.js and asks for /data.json.
  std::string token;
};
std::string fill_page(const PageParts& parts);

/// Chart.js as Debian installs it; empty if it is not there.
std::string chart_js();

}  // namespace fornax::train
