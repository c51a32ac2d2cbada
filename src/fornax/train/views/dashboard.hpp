#pragma once
// The dashboard of a terminal as a picture: no terminal is needed to draw it.

#include <cstddef>

#include <fornax/train/views/history.hpp>
#include <fornax/train/views/screen.hpp>

namespace fornax::train {

/// What the user has chosen, and what is being waited for.
struct DashboardState {
  std::size_t metric = 0;  // whose curve is drawn; beyond the last one means the first
  bool help = false;
  bool ascii = false;
  Request asked = {};  // that the run has not answered yet
};

Screen draw_dashboard(const History& history, const DashboardState& state, int width, int height);

}  // namespace fornax::train
