#include <fornax/data/npz.hpp>

#include <zlib.h>

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/array/error.hpp>
#include <io/files.hpp>

namespace fornax::test {
namespace {

using namespace fornax::io;

std::string refusal(const Bytes& bytes) {
  return message_of<FormatError>([&] { read_npz_bytes(bytes, "x"); });
}

TEST(Npz, ReadsWhatNumPyWrites) {
  const NamedData plain = read_npz(golden("plain.npz"));
  EXPECT_EQ(plain, (NamedData{{"a", TensorData({{0.0F, 0.25F, 0.5F}, {0.75F, 1.0F, 1.25F}})},
                              {"b", TensorData({true, false, true})}}));
  const NamedData packed = read_npz(golden("packed.npz"));
  EXPECT_EQ(packed, (NamedData{{"zeros", TensorData(Shape{50, 40}, DType::F32)},
                               {"b", TensorData(std::vector<std::int64_t>{0, 1, 2, 3, 4})}}));
}

TEST(Npz, WhatItWritesComesBackStoredAndDeflated) {
  const TempDir dir;
  NamedData data;
  data.emplace("zeros", TensorData(Shape{100, 100}, DType::F64));
  data.emplace("a/b", TensorData({1, 2, 3}));
  data.emplace("", TensorData({true}));
  write_npz(dir.path("stored.npz"), data);
  write_npz(dir.path("deflated.npz"), data, Packing::Deflated);
  EXPECT_EQ(read_npz(dir.path("stored.npz")), data);
  EXPECT_EQ(read_npz(dir.path("deflated.npz")), data);
  EXPECT_GT(contents_of(dir.path("stored.npz")).size(), 80'000U);
  EXPECT_LT(contents_of(dir.path("deflated.npz")).size(), 2'000U);
  write_npz(dir.path("none.npz"), {});
  EXPECT_EQ(read_npz(dir.path("none.npz")), NamedData{});
}

TEST(Npz, EveryTruncationIsRefused) {
  for (const char* const file : {"plain.npz", "packed.npz"}) {
    const Bytes whole = contents_of(golden(file));
    for (std::size_t n = 0; n < whole.size(); ++n)
      ASSERT_NE(refusal(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n))), "") << file << n;
  }
}

TEST(Npz, DamagedElementsAreNamed) {
  Bytes bytes = contents_of(golden("plain.npz"));
  const Bytes quarter = bytes_of({0, 0, 0x80, 0x3e});  // 0.25, in the first array
  const auto at = std::ranges::search(bytes, quarter).begin();
  ASSERT_NE(at, bytes.end());
  *at ^= std::byte{1};
  EXPECT_EQ(refusal(bytes), "read_npz_bytes \"x\": entry \"a.npy\" is damaged: its checksum differs");
}

TEST(Npz, RefusesWhatIsNoArchiveOfArrays) {
  EXPECT_EQ(refusal({}), "read_npz_bytes \"x\": it is no zip archive: there is no end of a directory");
  const TempDir dir;
  write_npz(dir.path("a.npz"), {{"a", TensorData({1, 2})}});
  Bytes bytes = contents_of(dir.path("a.npz"));
  for (auto rest = std::span(bytes); rest.size() >= 5; rest = rest.subspan(1))
    if (rest[0] == std::byte{'a'} && rest[1] == std::byte{'.'}) rest[2] = std::byte{'x'};
  EXPECT_EQ(refusal(bytes), "read_npz_bytes \"x\": entry \"a.xpy\" is no .npy file");
}

// An entry of some bytes that claims to be a gigabyte: refused for what deflate can do, before memory is taken.
TEST(Npz, RefusesSizesThatDeflateCannotReach) {
  const TempDir dir;
  write_npz(dir.path("a.npz"), {{"a", TensorData({1, 2})}}, Packing::Deflated);
  Bytes bytes = contents_of(dir.path("a.npz"));
  const Bytes directory = bytes_of({'P', 'K', 1, 2});
  const auto entry = std::ranges::search(bytes, directory).begin();
  ASSERT_NE(entry, bytes.end());
  entry[46 + 5 + 4 + 3] =
      std::byte{0x40};  // behind the header, the name and the field's own: a byte of the unpacked size
  EXPECT_NE(refusal(bytes).find("entry \"a.npy\" announces 10737419"), std::string::npos) << refusal(bytes);
}

TEST(Npz, RefusesAnEntryThatIsThereTwice) {
  const TempDir dir;
  write_npz(dir.path("a.npz"), {{"a", TensorData({1})}, {"b", TensorData({2})}});
  Bytes bytes = contents_of(dir.path("a.npz"));
  for (auto rest = std::span(bytes); rest.size() >= 5; rest = rest.subspan(1))
    if (rest[0] == std::byte{'b'} && rest[1] == std::byte{'.'} && rest[2] == std::byte{'n'}) rest[0] = std::byte{'a'};
  EXPECT_EQ(refusal(bytes), "read_npz_bytes \"x\": \"a\" is there twice");
}

}  // namespace
}  // namespace fornax::test
