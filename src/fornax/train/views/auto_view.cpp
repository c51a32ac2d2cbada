#include <fornax/train/views/views.hpp>

namespace fornax::train {

std::unique_ptr<View> auto_view() { return terminal_view_works() ? terminal_view() : line_view(); }

}  // namespace fornax::train
