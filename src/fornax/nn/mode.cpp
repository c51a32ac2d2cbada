#include <fornax/nn/mode.hpp>

namespace fornax::nn {

namespace {

constinit thread_local int depth = 0;

}  // namespace

EvalMode::EvalMode() { ++depth; }
EvalMode::~EvalMode() { --depth; }

bool detail::evaluating() { return depth > 0; }

}  // namespace fornax::nn
