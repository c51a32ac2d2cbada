#include <bit>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include <fornax/array/error.hpp>
#include <fornax/io/input.hpp>
#include <fornax/train/views/views.hpp>
#include <io/files.hpp>
#include <train/events.hpp>

namespace fornax::test {
namespace {

using namespace fornax::train;

// --- A strict reader of event files, after the formats' own documents ---------------------------------------------------

struct Event {
  double wall_time = 0;
  std::int64_t step = 0;
  std::string file_version;
  std::map<std::string, float> scalars;
  std::optional<std::uint64_t> session_status;
};

using View8 = std::span<const std::byte>;

// Bit by bit, from the polynomial 0x1edc6f41 of RFC 3720.
std::uint32_t crc32c(View8 bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const std::byte b : bytes)
    for (unsigned bit = 0; bit < 8; ++bit) {
      const bool one = ((crc ^ (std::to_integer<std::uint32_t>(b) >> bit)) & 1) != 0;
      crc = (crc >> 1) ^ (one ? 0x82f63b78u : 0);
    }
  return ~crc;
}

std::uint32_t masked(std::uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8u; }

// Takes fields of a message one by one; every byte must belong to one.
class Message {
 public:
  explicit Message(View8 all) : rest_(all) {}
  bool next() {
    if (rest_.empty()) return false;
    const std::uint64_t key = varint();
    field = static_cast<unsigned>(key >> 3);
    switch (key & 7) {
      case 0: value = varint(); break;
      case 1: value = io::little_endian(take(8)); break;
      case 2: bytes = take(varint()); break;
      case 5: value = io::little_endian(take(4)); break;
      default: throw std::runtime_error("wire type");
    }
    return true;
  }
  std::string text() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
  unsigned field = 0;
  std::uint64_t value = 0;
  View8 bytes;

 private:
  View8 take(std::uint64_t n) {
    if (n > rest_.size()) throw std::runtime_error("ends early");
    const View8 taken = rest_.first(n);
    rest_ = rest_.subspan(n);
    return taken;
  }
  std::uint64_t varint() {
    std::uint64_t out = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto b = std::to_integer<std::uint64_t>(take(1)[0]);
      out |= (b & 0x7f) << shift;
      if (b < 0x80) return out;
    }
    throw std::runtime_error("varint");
  }
  View8 rest_;
};

void read_summary(View8 bytes, Event& event) {
  for (Message summary(bytes); summary.next();) {
    ASSERT_EQ(summary.field, 1U);
    std::string tag;
    float scalar = 0;
    for (Message value(summary.bytes); value.next();) {
      if (value.field == 1) tag = value.text();
      if (value.field == 2) scalar = std::bit_cast<float>(static_cast<std::uint32_t>(value.value));
    }
    event.scalars[tag] = scalar;
  }
}

std::vector<Event> read_events(const std::string& path) {
  const Bytes file = contents_of(path);
  std::vector<Event> events;
  for (std::size_t at = 0; at < file.size();) {
    const View8 all(file);
    const View8 length = all.subspan(at, 8);
    const std::uint64_t n = io::little_endian(length);
    EXPECT_EQ(io::little_endian(all.subspan(at + 8, 4)), masked(crc32c(length)));
    const View8 content = all.subspan(at + 12, n);
    EXPECT_EQ(io::little_endian(all.subspan(at + 12 + n, 4)), masked(crc32c(content)));
    at += n + 16;
    Event& event = events.emplace_back();
    for (Message m(content); m.next();) {
      if (m.field == 1) event.wall_time = std::bit_cast<double>(m.value);
      if (m.field == 2) event.step = static_cast<std::int64_t>(m.value);
      if (m.field == 3) event.file_version = m.text();
      if (m.field == 5) read_summary(m.bytes, event);
      if (m.field == 7)
        for (Message log(m.bytes); log.next();)
          if (log.field == 1) event.session_status = log.value;
    }
  }
  return events;
}

std::string only_file(const std::string& directory) {
  EXPECT_EQ(files_in(directory), 1);
  return std::filesystem::directory_iterator(directory)->path().string();
}

TEST(TensorBoardView, ChecksumsAreThoseOfRfc3720) {
  const std::string digits = "123456789";
  EXPECT_EQ(crc32c(std::as_bytes(std::span(digits))), 0xe3069283U);
  const Bytes zeros(32);  // RFC 3720, appendix B.4
  EXPECT_EQ(crc32c(zeros), 0x8a9136aaU);
}

TEST(TensorBoardView, WritesScalarsThatAStrictReaderFinds) {
  const TempDir dir;
  tell_small_run(*tensorboard_view(), dir.path());
  const std::string path = only_file(dir.path("tensorboard"));
  EXPECT_TRUE(std::filesystem::path(path).filename().string().starts_with("events.out.tfevents."));
  const std::vector<Event> events = read_events(path);
  ASSERT_EQ(events.size(), 1U + 12U + 6U);
  EXPECT_EQ(events[0].file_version, "brain.Event:2");
  EXPECT_GT(events[0].wall_time, 1.6e9);
  EXPECT_EQ(events[3].step, 3);
  EXPECT_EQ(events[3].scalars,
            (std::map<std::string, float>{{"loss/train_step", static_cast<float>(small_loss(3))},
                                          {"accuracy/train_step", static_cast<float>(100 - 100 * small_loss(3))},
                                          {"lr/train_step", 0.1F}}));
  EXPECT_EQ(events[5].scalars,
            (std::map<std::string, float>{{"loss/train", 0.26F}, {"accuracy/train", 74.0F}, {"lr/train", 0.1F}}));
  EXPECT_EQ(events[6].scalars, (std::map<std::string, float>{{"loss/valid", 0.26F}, {"accuracy/valid", 74.0F}}));
}

TEST(TensorBoardView, LongTagsAndLargeStepsAreVarintsOfSeveralBytes) {
  const TempDir dir;
  const std::string name(300, 'm');
  const auto view = tensorboard_view(dir.path("tb"));
  RunStart start = small_run();
  start.metrics = {{.name = name, .unit = "", .goal = Goal::None}};
  view->on_start(start);
  view->on_step({.step = 5'000'000'000, .metrics = {{name, -1.5, 0}}});
  view->on_end({});
  const Event event = read_events(only_file(dir.path("tb"))).at(1);
  EXPECT_EQ(event.step, 5'000'000'000);
  EXPECT_EQ(event.scalars.at(name + "/train_step"), -1.5F);
}

TEST(TensorBoardView, AResumedRunSaysWhereItGoesOn) {
  const TempDir dir;
  RunStart start = small_run(dir.path());
  start.first_step = 6;
  const auto view = tensorboard_view();
  view->on_start(start);
  const std::vector<Event> events = read_events(only_file(dir.path("tensorboard")));
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1].session_status, 1U);
  EXPECT_EQ(events[1].step, 7);
  const auto another = tensorboard_view();
  another->on_start(start);
  EXPECT_EQ(files_in(dir.path("tensorboard")), 2);
}

TEST(TensorBoardView, WrongCallsAreRefused) {
  EXPECT_EQ(message_of<ValueError>([] { tensorboard_view()->on_start(small_run()); }),
            "tensorboard_view: neither it nor the run has a directory");
  EXPECT_EQ(message_of<ValueError>([] { tensorboard_view("x", 0); }),
            "tensorboard_view: every is 0; it counts steps, 1 or more");
}

}  // namespace
}  // namespace fornax::test
