#include <fornax/data/idx.hpp>

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <data/files.hpp>
#include <fornax/array/error.hpp>

namespace fornax::test {
namespace {

TensorData parse(const Bytes& bytes) { return read_idx_bytes(bytes, "x"); }

std::string refusal(const Bytes& bytes) {
  return message_of<FormatError>([&] { parse(bytes); });
}

Bytes prefix(const Bytes& bytes, std::size_t n) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n)};
}

Bytes with_bit_flipped(Bytes bytes, std::size_t bit) {
  bytes[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
  return bytes;
}

// u8 [6, 8]: three rows 0 0 7 7 7 7 0 0, then three rows 1 to 8.
Bytes small_file() {
  Bytes rows;
  for (int i = 0; i < 3; ++i) rows = rows + bytes_of({0, 0, 7, 7, 7, 7, 0, 0});
  for (int i = 0; i < 3; ++i) rows = rows + bytes_of({1, 2, 3, 4, 5, 6, 7, 8});
  return idx_bytes(0x08, {6, 8}, rows);
}

// gzip 1.12, `gzip -n9` of small_file().
Bytes small_file_packed() {
  return bytes_of({0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x63, 0x60, 0xe0, 0x60, 0x62, 0x60,
                   0x60, 0x60, 0x03, 0x62, 0x0e, 0x06, 0x06, 0x76, 0x20, 0x00, 0xb2, 0xd0, 0x68, 0x46, 0x26, 0x66,
                   0x16, 0x56, 0x36, 0x76, 0x0e, 0x74, 0x1a, 0x00, 0x73, 0x9d, 0xeb, 0x01, 0x3c, 0x00, 0x00, 0x00});
}

// --- What it reads ----------------------------------------------------------------------------------------------------

TEST(ReadIdx, EveryElementTypeArrivesInTheOrderOfTheHost) {
  EXPECT_EQ(parse(idx_bytes(0x08, {3}, bytes_of({0, 127, 255}))), TensorData(std::vector<std::uint8_t>{0, 127, 255}));
  EXPECT_EQ(parse(idx_bytes(0x09, {3}, bytes_of({0x80, 0xff, 0x7f}))),
            TensorData(std::vector<std::int8_t>{-128, -1, 127}));
  EXPECT_EQ(parse(idx_bytes(0x0B, {2}, bytes_of({0x01, 0x02, 0xff, 0xfe}))),
            TensorData(std::vector<std::int16_t>{258, -2}));
  EXPECT_EQ(parse(idx_bytes(0x0C, {2}, bytes_of({0x01, 0x02, 0x03, 0x04, 0x80, 0, 0, 0}))),
            TensorData(std::vector<std::int32_t>{16909060, std::numeric_limits<std::int32_t>::min()}));
  // IEEE 754 by hand: 1.5 = 1.1b * 2^0, -2 = -1.0b * 2^1.
  EXPECT_EQ(parse(idx_bytes(0x0D, {2}, bytes_of({0x3f, 0xc0, 0, 0, 0xc0, 0, 0, 0}))),
            TensorData(std::vector<float>{1.5F, -2.0F}));
  EXPECT_EQ(parse(idx_bytes(0x0E, {2}, bytes_of({0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0}))),
            TensorData(std::vector<double>{1.5, -2.0}));
}

TEST(ReadIdx, PlainFilesPackedFilesAndMemoryGiveTheSameArray) {
  const TempDir dir;
  const TensorData expected = parse(small_file());
  EXPECT_EQ(expected.shape(), (Shape{6, 8}));
  EXPECT_EQ(expected[2], 7);
  EXPECT_EQ(expected[47], 8);
  EXPECT_EQ(read_idx(dir.write("plain", small_file())), expected);
  EXPECT_EQ(read_idx(dir.write("packed.gz", small_file_packed())), expected);
  EXPECT_EQ(read_idx(dir.write("packed, whatever its name", small_file_packed())), expected);
}

TEST(ReadIdx, RankZeroIsOneElementAndRankEightIsTheMost) {
  EXPECT_EQ(parse(idx_bytes(0x08, {}, bytes_of({42}))), TensorData(std::vector<std::uint8_t>{42}, Shape{}));
  const TensorData deep = parse(idx_bytes(0x08, {1, 1, 2, 1, 1, 1, 1, 3}, bytes_of({1, 2, 3, 4, 5, 6})));
  EXPECT_EQ(deep.shape(), (Shape{1, 1, 2, 1, 1, 1, 1, 3}));
  EXPECT_EQ(deep[5], 6);
}

TEST(ReadIdx, ASizeOfZeroIsAnArrayWithoutElements) {
  EXPECT_EQ(parse(idx_bytes(0x0E, {0, 28, 28}, {})), TensorData(Shape{0, 28, 28}, DType::F64));
}

TEST(ReadIdx, DataLargerThanOneReadIsComplete) {
  constexpr std::uint32_t n = 200'003;  // several doublings of the buffer, and a last step that is not full
  Bytes elements;
  for (std::uint32_t i = 0; i < n; ++i)
    for (const int shift : {24, 16, 8, 0}) elements.push_back(static_cast<std::byte>(i >> shift));
  const Bytes file = idx_bytes(0x0C, {n}, elements);
  const TempDir dir;
  for (const TensorData& data : {parse(file), read_idx(dir.write("large", file))}) {
    ASSERT_EQ(data.shape(), Shape{n});
    const auto values = data.values<std::int32_t>();
    for (std::uint32_t i = 0; i < n; ++i) ASSERT_EQ(values[i], static_cast<std::int32_t>(i));
  }
}

// --- What it refuses --------------------------------------------------------------------------------------------------

TEST(ReadIdx, AnEmptyInputIsRefused) {
  EXPECT_EQ(refusal({}), "read_idx_bytes \"x\": the file is empty; IDX starts with 4 bytes: 00 00, element type, rank");
  const TempDir dir;
  const std::string path = dir.write("empty", {});
  EXPECT_EQ(message_of<FormatError>([&] { read_idx(path); }),
            "read_idx \"" + path + "\": the file is empty; IDX starts with 4 bytes: 00 00, element type, rank");
}

TEST(ReadIdx, AHeaderThatEndsEarlyIsRefusedWithItsByteCounts) {
  EXPECT_EQ(refusal(bytes_of({0, 0, 8})),
            "read_idx_bytes \"x\": ends after 3 bytes; IDX starts with 4: 00 00, element type, rank");
  EXPECT_EQ(refusal(bytes_of({0, 0, 8, 3, 0, 0, 0, 1, 0})),
            "read_idx_bytes \"x\": ends after 9 bytes; a header of rank 3 has 16");
}

TEST(ReadIdx, AnotherMagicNumberIsRefused) {
  EXPECT_EQ(refusal(bytes_of({'P', 'K', 3, 4, 0, 0, 0, 0})),
            "read_idx_bytes \"x\": starts with 50 4b; IDX starts with 00 00");
}

TEST(ReadIdx, AnUnknownElementTypeIsRefused) {
  EXPECT_EQ(
      refusal(idx_bytes(0x0A, {1}, bytes_of({1}))),
      "read_idx_bytes \"x\": element type 0a is unknown; expected 08 (u8), 09 (i8), 0b (i16), 0c (i32), 0d (f32) or "
      "0e (f64)");
}

TEST(ReadIdx, ARankAboveEightIsRefused) {
  EXPECT_EQ(refusal(idx_bytes(0x08, {1, 1, 1, 1, 1, 1, 1, 1, 1}, bytes_of({1}))),
            "read_idx_bytes \"x\": rank 9 is above 8");
  EXPECT_EQ(refusal(bytes_of({0, 0, 8, 255})), "read_idx_bytes \"x\": rank 255 is above 8");
}

TEST(ReadIdx, SizesWhoseProductOverflowsAreAFormatError) {
  const std::uint32_t most = 0xffffffff;
  EXPECT_EQ(
      refusal(idx_bytes(0x0E, {most, most, most}, bytes_of({1}))),
      "read_idx_bytes \"x\": the header is impossible: shape: too many elements: [4294967295, 4294967295, 4294967295]; "
      "the limit is 2^59");
  EXPECT_NE(refusal(idx_bytes(0x08, {0, most, most, most}, {})).find("too many elements"), std::string::npos);
}

TEST(ReadIdx, AHeaderThatClaimsATerabyteCostsNothing) {
  const Bytes file = idx_bytes(0x08, {1U << 20, 1U << 20}, bytes_of({1, 2, 3, 4}));
  ASSERT_EQ(file.size(), 16);
  // An attempt to allocate what is claimed would end in OutOfMemory, or in the end of this process.
  EXPECT_EQ(refusal(file),
            "read_idx_bytes \"x\": ends after 4 bytes of data; u8 [1048576, 1048576] needs 1099511627776");
  const TempDir dir;
  const std::string path = dir.write("terabyte", file);
  EXPECT_EQ(message_of<FormatError>([&] { read_idx(path); }),
            "read_idx \"" + path + "\": ends after 4 bytes of data; u8 [1048576, 1048576] needs 1099511627776");
}

TEST(ReadIdx, BytesAfterTheLastElementAreRefused) {
  EXPECT_EQ(refusal(idx_bytes(0x0B, {2}, bytes_of({0, 1, 0, 2, 0}))),
            "read_idx_bytes \"x\": goes on after its last element; a header of 8 bytes and i16 [2] need 12");
  EXPECT_EQ(refusal(idx_bytes(0x08, {0}, bytes_of({1}))),
            "read_idx_bytes \"x\": goes on after its last element; a header of 8 bytes and u8 [0] need 8");
}

TEST(ReadIdx, EveryTruncationIsRefused) {
  const TempDir dir;
  const Bytes whole = small_file();
  for (std::size_t n = 0; n < whole.size(); ++n) {
    SCOPED_TRACE("the first " + std::to_string(n) + " bytes");
    refusal(prefix(whole, n));
    const std::string path = dir.write("truncated", prefix(whole, n));
    message_of<FormatError>([&] { read_idx(path); });
  }
}

TEST(ReadIdx, EveryFlippedBitOfAHeaderIsRefusedOrReadAsWhatItThenSays) {
  const TempDir dir;
  const std::vector<Bytes> files = {small_file(), idx_bytes(0x0C, {1}, bytes_of({0, 0, 0, 1})),
                                    idx_bytes(0x09, {}, bytes_of({1})), idx_bytes(0x0D, {0, 2}, {})};
  for (const Bytes& whole : files) {
    const std::size_t header = 4 + 4 * std::to_integer<std::size_t>(whole[3]);
    for (std::size_t bit = 0; bit < 8 * header; ++bit) {
      SCOPED_TRACE("bit " + std::to_string(bit) + " of a file of " + std::to_string(whole.size()) + " bytes");
      const Bytes flipped = with_bit_flipped(whole, bit);
      const std::string path = dir.write("flipped", flipped);
      try {
        const TensorData data = parse(flipped);
        EXPECT_EQ(data.shape().rank(), std::to_integer<int>(flipped[3]));
        EXPECT_EQ(data.bytes().size(), static_cast<std::size_t>(data.numel()) * size_of(data.dtype()));
        EXPECT_EQ(4 + 4 * static_cast<std::size_t>(data.shape().rank()) + data.bytes().size(), flipped.size());
        EXPECT_EQ(read_idx(path), data);
      } catch (const Error&) {
        EXPECT_THROW(read_idx(path), Error);
      }
    }
  }
}

// --- Packed files -----------------------------------------------------------------------------------------------------

TEST(ReadIdx, EveryTruncationOfAPackedFileIsRefused) {
  const TempDir dir;
  const Bytes whole = small_file_packed();
  for (std::size_t n = 0; n < whole.size(); ++n) {
    SCOPED_TRACE("the first " + std::to_string(n) + " bytes");
    const std::string path = dir.write("truncated.gz", prefix(whole, n));
    message_of<FormatError>([&] { read_idx(path); });
  }
}

TEST(ReadIdx, EveryFlippedBitOfAPackedFileIsRefusedOrChangesNothing) {
  const TempDir dir;
  const Bytes whole = small_file_packed();
  const TensorData expected = parse(small_file());
  int refused = 0;
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    SCOPED_TRACE("bit " + std::to_string(bit));
    const std::string path = dir.write("flipped.gz", with_bit_flipped(whole, bit));
    try {
      EXPECT_EQ(read_idx(path), expected);  // the flip was in the time stamp or the like
    } catch (const FormatError&) {
      ++refused;
    }
  }
  // All but the 10 bytes of gzip's header are guarded by its checksum and length (RFC 1952).
  EXPECT_GE(refused, static_cast<int>(8 * (whole.size() - 10)) - 8);
}

TEST(ReadIdx, ADamagedPackedFileIsNamedWithWhatZlibSays) {
  const TempDir dir;
  const Bytes whole = small_file_packed();
  const std::string cut = dir.write("cut.gz", prefix(whole, whole.size() - 4));
  EXPECT_EQ(message_of<FormatError>([&] { read_idx(cut); }),
            "read_idx \"" + cut + "\": the gzip stream is damaged: unexpected end of file; 60 bytes could be read");
  // The checksum is followed by four bytes that hold the length.
  const std::string sum = dir.write("sum.gz", with_bit_flipped(whole, 8 * (whole.size() - 8)));
  EXPECT_EQ(message_of<FormatError>([&] {
              read_idx(sum);
            }).find("read_idx \"" + sum + "\": the gzip stream is damaged: incorrect data check; "),
            0);
}

TEST(ReadIdx, ASecondPackedPartCountsAsBytesAfterTheLastElement) {
  const TempDir dir;
  const std::string path = dir.write("twice.gz", small_file_packed() + small_file_packed());
  EXPECT_NE(message_of<FormatError>([&] { read_idx(path); }).find("goes on after its last element"), std::string::npos);
}

// --- Files that cannot be read ----------------------------------------------------------------------------------------

TEST(ReadIdx, AMissingFileIsNamedWithTheReasonOfTheSystem) {
  const TempDir dir;
  const std::string path = dir.path("nowhere.gz");
  EXPECT_EQ(message_of<IoError>([&] { read_idx(path); }), "read_idx \"" + path + "\": No such file or directory");
}

TEST(ReadIdx, ADirectoryIsNotAFile) {
  const TempDir dir;
  EXPECT_EQ(message_of<IoError>([&] { read_idx(dir.path()); }), "read_idx \"" + dir.path() + "\": Is a directory");
}

TEST(ReadIdx, AFileThatMayNotBeReadIsNamedWithTheReasonOfTheSystem) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read every file";
  const TempDir dir;
  const std::string path = dir.write("secret", small_file());
  std::filesystem::permissions(path, std::filesystem::perms::none);
  EXPECT_EQ(message_of<IoError>([&] { read_idx(path); }), "read_idx \"" + path + "\": Permission denied");
}

}  // namespace
}  // namespace fornax::test
