#pragma once

#include <string_view>

namespace fornax::optim {

/// True if the text matches the pattern, in which `*` stands for any characters and `?` for one.
bool matches(std::string_view pattern, std::string_view text);

}  // namespace fornax::optim
