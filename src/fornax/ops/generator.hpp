#pragma once

#include <cstdint>
#include <vector>

#include <fornax/ops/create.hpp>

namespace fornax {

/// A position in the Philox stream of a seed: the same seed gives the same values on every machine and thread count.
/// It is a value: copy it to repeat draws, store seed() and offset() to go on later. Not synchronised.
class Generator {
 public:
  explicit Generator(std::uint64_t seed = 0, std::uint64_t offset = 0) : next_{seed, offset} {}

  std::uint64_t seed() const { return next_.seed; }
  std::uint64_t offset() const { return next_.offset; }
  /// Reserves the part of the stream that `elements` values need.
  Draw draw(std::int64_t elements);

 private:
  Draw next_;
};

/// The device's own generator, used where none is named; any thread may draw from it.
Draw draw_default(Device device, std::int64_t elements);
/// Starts the device's generator afresh.
void manual_seed(std::uint64_t seed, Device device = {});
/// The state of the device's generator, and its restoration.
Generator default_generator(Device device = {});
void set_default_generator(const Generator& generator, Device device = {});

/// While one lives, the calling thread's draws are recorded, or those recorded before are given out again: how a
/// recomputed region sees the same random numbers.
class DrawLog {
 public:
  enum class Mode : std::uint8_t { Record, Replay };

  DrawLog(std::vector<Draw>& draws, Mode mode);
  ~DrawLog();
  DrawLog(const DrawLog&) = delete;
  DrawLog& operator=(const DrawLog&) = delete;

 private:
  friend class Generator;
  void pass(Draw& draw);
  bool replaying() const;

  std::vector<Draw>& draws_;
  Mode mode_;
  std::size_t position_ = 0;
  DrawLog* outer_;
};

}  // namespace fornax
