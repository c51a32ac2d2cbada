#pragma once

namespace fornax::trace {

/// The page around a program's data: @TITLE@ and @DATA@ are to be replaced, in this order.
extern const char* const kPage;

}  // namespace fornax::trace
