// Views whose libraries were not there when fornax was built.

#include <fornax/array/error.hpp>
#include <fornax/train/views/views.hpp>

namespace fornax::train {

#ifndef FORNAX_WITH_NCURSES
std::unique_ptr<View> terminal_view(const TerminalOptions&) {
  throw ValueError("terminal_view", "fornax was built without ncurses (Debian package libncurses-dev)");
}
bool terminal_view_works() { return false; }
#endif

#ifndef FORNAX_WITH_HTTPLIB
std::unique_ptr<WebView> web_view(const WebOptions&) {
  throw ValueError("web_view", "fornax was built without cpp-httplib (Debian package libcpp-httplib-dev)");
}
#endif

}  // namespace fornax::train
