#pragma once

namespace fornax::trace {

/// The page around a program's data: @TITLE@, and after it @DATA@, are to be replaced.
extern const char* const kPage;

}  // namespace fornax::trace
