#include <fornax/train/views/views.hpp>

int main() {
  const auto view = fornax::train::auto_view();  // which links the library of the terminal, if there is one
  view->on_message("the views are installed");
}
