// A training step in which each allocation fails in turn: every one must end in OutOfMemory, with nothing lost.
//
// operator new is replaced, and the library's calls of aligned_alloc are wrapped by the linker. Usage: exhausted
// Prints how many allocations failed, or what went wrong.

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <vector>

#include <fornax/cpu/memory.hpp>
#include <fornax/cpu/threads.hpp>
#include <fornax/fornax.hpp>

extern "C" {
void* __real_aligned_alloc(std::size_t alignment, std::size_t size);
void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size);
}

namespace {

// Counts down to the allocation that fails; 0: none does.
thread_local std::size_t until_failure = 0;
thread_local std::size_t allocations = 0;

bool fails() {
  ++allocations;
  return until_failure > 0 && --until_failure == 0;
}

// Null where there is none.
void* take(std::size_t size, std::size_t alignment) {
  const std::size_t whole = (size + alignment - 1) / alignment * alignment;
  return fails() ? nullptr : __real_aligned_alloc(alignment, whole == 0 ? alignment : whole);
}
void* take_or_throw(std::size_t size, std::size_t alignment) {
  if (void* memory = take(size, alignment)) return memory;
  throw std::bad_alloc();
}

constexpr std::size_t kAligned = alignof(std::max_align_t);

}  // namespace

void* operator new(std::size_t size) { return take_or_throw(size, kAligned); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return take_or_throw(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return take(size, kAligned); }
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return take(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace fornax {
namespace {

using B = Autodiff<Cpu>;

template <class T> struct Net {
  nn::Conv2d<T> conv;
  nn::BatchNorm<T> norm;
  nn::Linear<T> first, last;
  nn::Lstm<T> lstm;
  nn::Dropout drop;
  FORNAX_MODULE(Net, conv, norm, first, last, lstm, drop)

  Tensor<T, 2> forward(const Tensor<T, 4>& x) const {
    const auto h = norm.forward(conv.forward(x)).relu();
    const auto rows = drop.forward(functional::gelu(first.forward(h.template flatten<3>(2, 3))));
    return last.forward(lstm.forward(rows).output.mean_dim(1).squeeze_dim(1));
  }
};

struct Training {
  Net<B> net{nn::Conv2dConfig{.channels = {1, 4}, .kernel_size = 3}.init<B>(),
             nn::BatchNormConfig{.num_features = 4}.init<B>(),
             nn::LinearConfig{.d_input = 36, .d_output = 24}.init<B>(),
             nn::LinearConfig{.d_input = 16, .d_output = 3}.init<B>(),
             nn::LstmConfig{.d_input = 24, .d_hidden = 16}.init<B>(),
             nn::Dropout{0.2}};
  optim::Adam adam{{.lr = 0.01}};
  Tensor<B, 4> x = Tensor<B, 4>::random({16, 1, 8, 8});
  Tensor<B, 1, Int> y = Tensor<B, 1, Int>::from_data({0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0});

  void step() {
    manual_seed(3);
    adam.step(net, functional::cross_entropy(net.forward(x), y).backward());
  }
};

// The elements of all that is trained, and of the statistics.
std::vector<TensorData> values_of(const Training& training) {
  std::vector<TensorData> all;
  for (const auto& [path, array] : nn::state_of(training.net)) all.push_back(array.to_data());
  return all;
}

int fail_each_in_turn() {
  manual_seed(1);
  Training training;
  training.step();
  const nn::State model = nn::state_of(training.net);
  const optim::State optimizer = training.adam.state();
  const auto go_back = [&] {
    nn::load_state(training.net, model);
    training.adam.load_state(optimizer);
  };
  const std::vector<TensorData> before = values_of(training);
  go_back();
  training.step();
  const std::vector<TensorData> after = values_of(training);
  go_back();
  const std::uint64_t live = memory_stats().live;

  for (std::size_t n = 1;; ++n) {
    trim_memory();  // so that buffers are asked for, and not taken from what is kept
    bool failed = false;
    until_failure = n;
    try {
      training.step();
    } catch (const OutOfMemory&) {
      failed = true;
    } catch (const std::exception& e) {
      until_failure = 0;
      std::printf("allocation %zu: another error: %s\n", n, e.what());
      return 1;
    }
    const bool reached = until_failure == 0;
    until_failure = 0;
    // A parameter is as it was, or as it is to be.
    const std::vector<TensorData> now = values_of(training);
    for (std::size_t i = 0; i < now.size(); ++i)
      if (!(now[i] == before[i]) && !(now[i] == after[i])) {
        std::printf("allocation %zu: array %zu is neither the old nor the new one\n", n, i);
        return 1;
      }
    // Where it is as it was, the optimizer has counted no update.
    const auto counted = training.adam.state().numbers;
    std::size_t i = 0;
    for (const auto& [path, array] : nn::state_of(training.net)) {
      const auto step = counted.find(path + "/step"), old = optimizer.numbers.find(path + "/step");
      const bool same = now[i] == before[i];
      ++i;
      if (step == counted.end() || !same || step->second == old->second) continue;
      std::printf("allocation %zu: an update of %s is counted, and was not made\n", n, path.c_str());
      return 1;
    }
    go_back();
    if (memory_stats().live != live) {
      std::printf("allocation %zu: %lld bytes more are live\n", n, static_cast<long long>(memory_stats().live - live));
      return 1;
    }
    training.step();
    if (values_of(training) != after) {
      std::printf("allocation %zu: the next step gives other values\n", n);
      return 1;
    }
    go_back();
    if (!reached) {
      std::printf("%zu allocations failed\n", n - 1);
      return n > 100 ? 0 : 1;
    }
    // One that somebody can do without, such as the memory of a cache, may fail unseen.
    if (!failed) std::printf("allocation %zu: not needed\n", n);
  }
}

}  // namespace
}  // namespace fornax

extern "C" void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size) {
  return fails() ? nullptr : __real_aligned_alloc(alignment, size);
}

int main() {
  fornax::set_num_threads(1);
  try {
    return fornax::fail_each_in_turn();
  } catch (const std::exception& e) {
    std::printf("%s\n", e.what());
    return 1;
  }
}
