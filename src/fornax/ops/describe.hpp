#pragma once

#include <string>

namespace fornax {

struct Op;

/// The settings of an operation as text, such as "dim=1, log=false"; empty if it has none beyond its name.
std::string settings_text(const Op& op);

}  // namespace fornax
