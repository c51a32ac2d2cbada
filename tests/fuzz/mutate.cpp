// mutate RUNS FILE...: hands the files, and then RUNS mutations of them, to the fuzz target that is linked in. The same
// mutations every time. Memory is bounded, so that a size that is only claimed is not believed.

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <ios>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <fuzz/fuzz.hpp>
#include <support/process.hpp>

namespace {

using Bytes = std::vector<std::uint8_t>;

class Mutations {
 public:
  explicit Mutations(const std::vector<Bytes>& files) : files_(files) {}

  Bytes next() {
    Bytes bytes = files_[below(files_.size())];
    for (std::size_t changes = 1 + below(4); changes > 0 && !bytes.empty(); --changes) change(bytes);
    return bytes;
  }

 private:
  std::size_t below(std::size_t n) { return random_() % n; }

  void change(Bytes& bytes) {
    const std::size_t at = below(bytes.size());
    const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t length = std::min(bytes.size() - at, 1 + below(16));
    // Values at which readers change their mind.
    static constexpr std::uint8_t values[] = {0,   1,   0x7f, 0x80, 0xff, '0', '9', '"',
                                              '{', '}', '[',  ']',  ',',  '-', ' ', '\\'};
    switch (below(7)) {
      case 0: bytes[at] ^= static_cast<std::uint8_t>(1U << below(8)); break;
      case 1: bytes[at] = values[below(std::size(values))]; break;
      case 2: bytes[at] = static_cast<std::uint8_t>(below(256)); break;
      case 3: bytes.erase(place, place + static_cast<std::ptrdiff_t>(length)); break;
      case 4: bytes.insert(place, length, values[below(std::size(values))]); break;
      case 5: bytes.resize(at); break;
      default: {
        const std::size_t from = below(bytes.size() - length + 1);
        const Bytes copy(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                         bytes.begin() + static_cast<std::ptrdiff_t>(from + length));
        std::copy(copy.begin(), copy.end(), place);
      }
    }
  }

  const std::vector<Bytes>& files_;
  std::mt19937_64 random_{20240229};
};

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    std::fputs("usage: mutate RUNS FILE...\n", stderr);
    return 2;
  }
  // The sanitizers reserve more addresses than any bound would leave them.
  if (!fornax::test::kAddressSanitizer && !fornax::test::kThreadSanitizer) {
    constexpr rlim_t bound = rlim_t{1} << 30;
    const rlimit limit{bound, bound};
    ::setrlimit(RLIMIT_AS, &limit);
  }
  std::vector<Bytes> files;
  for (int i = 2; i < count; ++i) {
    std::ifstream in(arguments[i], std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in || text.empty()) {
      std::fprintf(stderr, "mutate: cannot read %s\n", arguments[i]);
      return 2;
    }
    files.emplace_back(text.begin(), text.end());
  }
  for (const Bytes& file : files) LLVMFuzzerTestOneInput(file.data(), file.size());
  Mutations mutations(files);
  for (long run = std::atol(arguments[1]); run > 0; --run) {
    const Bytes bytes = mutations.next();
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
}
