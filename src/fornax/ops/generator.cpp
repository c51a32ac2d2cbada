#include <fornax/ops/generator.hpp>

#include <mutex>

namespace fornax {

namespace {

thread_local DrawLog* current_log = nullptr;

std::mutex default_mutex;
Generator default_cpu;  // guarded by default_mutex

}  // namespace

DrawLog::DrawLog(std::vector<Draw>& draws, Mode mode) : draws_(draws), mode_(mode), outer_(current_log) {
  current_log = this;
}

DrawLog::~DrawLog() { current_log = outer_; }

bool DrawLog::replaying() const { return mode_ == Mode::Replay || (outer_ && outer_->replaying()); }

void DrawLog::pass(Draw& draw) {
  if (mode_ == Mode::Record) {
    if (outer_) outer_->pass(draw);
    draws_.push_back(draw);
    return;
  }
  if (position_ == draws_.size())
    throw ValueError("checkpoint", "the recomputed function draws more random tensors than it did at first");
  draw = draws_[position_++];
}

Draw Generator::draw(std::int64_t elements) {
  Draw result = next_;
  // A block of Philox serves two 64-bit values, so half as many blocks always suffice.
  if (!current_log || !current_log->replaying()) next_.offset += static_cast<std::uint64_t>(elements / 2 + 1);
  if (current_log) current_log->pass(result);
  return result;
}

Draw draw_default(Device, std::int64_t elements) {
  const std::lock_guard lock(default_mutex);
  return default_cpu.draw(elements);
}

void manual_seed(std::uint64_t seed, Device device) { set_default_generator(Generator(seed), device); }

Generator default_generator(Device) {
  const std::lock_guard lock(default_mutex);
  return default_cpu;
}

void set_default_generator(const Generator& generator, Device) {
  const std::lock_guard lock(default_mutex);
  default_cpu = generator;
}

}  // namespace fornax
