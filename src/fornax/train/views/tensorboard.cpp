// Event files are written by hand: two messages of numbers and texts in protocol buffers' encoding, and a checksum. See
// docs/dependencies.md.

#include <unistd.h>

#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fornax/array/error.hpp>
#include <fornax/io/markup.hpp>
#include <fornax/train/views/views.hpp>

namespace fornax::train {

namespace {

// --- CRC-32C (RFC 3720, appendix B.4), masked as TensorFlow's record_writer masks it ------------------------------------

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c & 1u) != 0 ? c >> 1 ^ 0x82f63b78u : c >> 1;
    table[i] = c;
  }
  return table;
}

std::uint32_t masked_crc(std::string_view bytes) {
  static constexpr std::array<std::uint32_t, 256> table = crc_table();
  std::uint32_t c = ~0u;
  for (const char b : bytes) c = table[(c ^ static_cast<unsigned char>(b)) & 0xffu] ^ c >> 8;
  c = ~c;
  return (c >> 15 | c << 17) + 0xa282ead8u;
}

// --- Protocol buffers -------------------------------------------------------------------------------------------------

template <class T> std::string little(T value) {
  std::string out;
  for (std::size_t i = 0; i < sizeof value; ++i, value = static_cast<T>(value >> 8))
    out += static_cast<char>(value & 0xff);
  return out;
}

std::string varint(std::uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  return out + static_cast<char>(value);
}

enum Wire : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
std::string key(unsigned field, Wire wire) { return varint(field << 3 | wire); }
std::string bytes_field(unsigned field, std::string_view content) {
  return key(field, kBytes) + varint(content.size()) + std::string(content);
}

// Event: wall_time = 1, step = 2, file_version = 3, summary = 5, session_log = 7.
std::string event(std::int64_t step, const std::string& rest) {
  const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  std::string out = key(1, kFixed64) + little(std::bit_cast<std::uint64_t>(now));
  if (step != 0) out += key(2, kVarint) + varint(static_cast<std::uint64_t>(step));
  return out + rest;
}

// Summary: value = 1, of tag = 1 and simple_value = 2.
std::string scalar(const std::string& tag, double value) {
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
  return bytes_field(1, bytes_field(1, tag) + key(2, kFixed32) + little(bits));
}

class TensorBoardView final : public View {
 public:
  TensorBoardView(std::string directory, std::int64_t every) : directory_(std::move(directory)), every_(every) {
    if (every < 1)
      throw ValueError("tensorboard_view", "every is " + std::to_string(every) + "; it counts steps, 1 or more");
  }

  void on_start(const RunStart& start) override {
    if (directory_.empty() && start.directory.empty())
      throw ValueError("tensorboard_view", "neither it nor the run has a directory");
    if (directory_.empty()) directory_ = start.directory + "/tensorboard";
    std::error_code error;
    std::filesystem::create_directories(directory_, error);
    if (error)
      throw IoError("tensorboard_view", "cannot make the directory \"" + directory_ + "\": " + error.message());
    open();
    write(event(0, bytes_field(3, "brain.Event:2")));
    // TensorBoard then forgets what earlier files have after this step. SessionLog: status = 1, START = 1.
    if (start.first_step > 0) write(event(start.first_step + 1, bytes_field(7, key(1, kVarint) + varint(1))));
    flush();
  }

  void on_step(const StepEnd& step) override {
    if (step.split != Split::Train || step.step % every_ != 0 || !file_.is_open()) return;
    std::string summary;
    for (const MetricValue& v : step.metrics) summary += scalar(io::printable(v.name) + "/train_step", v.value);
    write(event(step.step, bytes_field(5, summary)));
    if (step.seconds - flushed_ < 2.0) return;
    flushed_ = step.seconds;
    flush();
  }

  void on_epoch(const EpochEnd& end) override {
    if (!file_.is_open()) return;
    std::string summary;
    for (const MetricValue& v : end.metrics)
      summary += scalar(io::printable(v.name) + "/" + name_of(end.split), v.epoch);
    write(event(end.step, bytes_field(5, summary)));
    flush();
  }

  void on_end(const RunEnd&) override {
    if (file_.is_open()) flush();
  }

 private:
  // A name that no other run in the directory has.
  void open() {
    char host[256] = {};
    if (::gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
    std::string number = std::to_string(now.count());
    number.insert(0, number.size() < 10 ? 10 - number.size() : 0, '0');
    for (int n = 0;; ++n) {
      path_ = directory_ + "/events.out.tfevents." + number + "." + host + "." + std::to_string(::getpid()) + "." +
              std::to_string(n);
      if (!std::filesystem::exists(path_)) break;
    }
    file_.open(path_, std::ios::binary | std::ios::app);
    flush();
  }

  // A record: length, checksum of the length, content, checksum of the content.
  void write(const std::string& content) {
    const std::string length = little(std::uint64_t{content.size()});
    file_ << length << little(masked_crc(length)) << content << little(masked_crc(content));
  }

  void flush() {
    file_.flush();
    if (!file_) throw IoError("tensorboard_view", "cannot write \"" + path_ + "\"");
  }

  std::string directory_, path_;
  std::int64_t every_;
  std::ofstream file_;
  double flushed_ = 0.0;
};

}  // namespace

std::unique_ptr<View> tensorboard_view(const std::string& directory, std::int64_t every) {
  return std::make_unique<TensorBoardView>(directory, every);
}

}  // namespace fornax::train
