#include <fornax/train/metrics/progress.hpp>

#include <algorithm>
#include <cstdio>

#include <unistd.h>

#include <fornax/cpu/memory.hpp>

namespace fornax::train {

namespace {

constexpr double kMiB = 1024.0 * 1024.0;

optim::State one_number(const char* kind, double value) {
  return {.kind = kind, .arrays = {}, .numbers = {{"value", value}}};
}
double one_number(const char* kind, const optim::State& state) {
  state.require_kind(kind);
  return state.number("value");
}

// 0 where the system does not say.
double resident_mib() {
  long pages = 0, ignored = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (!file) return 0;
  const bool read = std::fscanf(file, "%ld %ld", &ignored, &pages) == 2;
  std::fclose(file);
  return read ? static_cast<double>(pages) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / kMiB : 0;
}

}  // namespace

Loss::Loss() : MeanMetric({.name = "loss", .unit = "", .goal = Goal::Lower}) {}
MeanMetric::Sum Loss::sum_of(const Observation& seen) const {
  const double n = static_cast<double>(seen.items);
  return {seen.loss * n, n};
}

LearningRate::LearningRate() : Metric({.name = "lr", .unit = "", .goal = Goal::None, .train = true, .valid = false}) {}
optim::State LearningRate::state() const { return one_number("lr", last_); }
void LearningRate::load_state(const optim::State& state) { last_ = one_number("lr", state); }

Throughput::Throughput()
    : MeanMetric({.name = "speed", .unit = "items/s", .goal = Goal::None, .train = true, .valid = true}) {}
MeanMetric::Sum Throughput::sum_of(const Observation& seen) const {
  return {static_cast<double>(seen.items), seen.seconds};
}

ProcessMemory::ProcessMemory()
    : Metric({.name = "memory", .unit = "MiB", .goal = Goal::None, .train = true, .valid = false}) {}
double ProcessMemory::update(const Observation& seen) {
  age_ += seen.seconds;
  if (last_ == 0 || age_ > 0.1) {
    age_ = 0;
    last_ = resident_mib();
  }
  most_ = std::max(most_, last_);
  return last_;
}
optim::State ProcessMemory::state() const { return one_number("memory", most_); }
void ProcessMemory::load_state(const optim::State& state) { most_ = one_number("memory", state); }

ArrayMemory::ArrayMemory()
    : Metric({.name = "arrays", .unit = "MiB", .goal = Goal::None, .train = true, .valid = false}) {}
double ArrayMemory::update(const Observation&) {
  const double now = static_cast<double>(memory_stats().live) / kMiB;
  most_ = std::max(most_, now);
  return now;
}
optim::State ArrayMemory::state() const { return one_number("arrays", most_); }
void ArrayMemory::load_state(const optim::State& state) { most_ = one_number("arrays", state); }

}  // namespace fornax::train
