#include <fornax/io/checkpoint.hpp>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/array/error.hpp>
#include <fornax/fornax.hpp>
#include <io/files.hpp>
#include <support/process.hpp>

namespace fornax::test {
namespace {

using namespace fornax::io;

NamedData small() {
  return {{"layer.weight", TensorData({{1.0F, 2.0F, 3.0F}, {4.0F, 5.0F, 6.0F}})},
          {"layer.bias", TensorData({0.5, -0.5})},
          {"steps", TensorData(std::vector<std::int64_t>{42}, Shape{})},
          {"mask", TensorData({true, false})}};
}

Bytes small_checkpoint() {
  const TempDir dir;
  save_checkpoint(dir.path("c"), to_arrays(small()), {{"epoch", "3"}});
  return contents_of(dir.path("c"));
}

std::string refusal(const Bytes& bytes) {
  return message_of<FormatError>([&] { load_checkpoint_bytes(bytes, "c"); });
}

TEST(Checkpoint, ComesBackAsItWasAndIsASafetensorsFile) {
  const TempDir dir;
  save_checkpoint(dir.path("c"), to_arrays(small()), {{"epoch", "3"}});
  const Record record = load_checkpoint(dir.path("c"));
  EXPECT_EQ(to_data(record.arrays), small());
  EXPECT_EQ(record.metadata, (Metadata{{"epoch", "3"}}));
  EXPECT_EQ(to_data(read_safetensors(dir.path("c")).arrays), small());
  EXPECT_EQ(load_checkpoint(dir.path("c"), {.floats_as = DType::F32}).arrays.at("layer.bias").dtype(), DType::F32);
}

// Written by the first version of save_checkpoint: files must stay readable.
TEST(Checkpoint, FilesOfTheFirstVersionAreRead) {
  const Record record = load_checkpoint(golden("checkpoint.safetensors"));
  EXPECT_EQ(to_data(record.arrays), (NamedData{{"layer.weight", TensorData({{1.0F, 2.0F, 3.0F}, {4.0F, 5.0F, 6.0F}})},
                                               {"layer.bias", TensorData({0.5, -0.5})},
                                               {"mask", TensorData({true, false})}}));
  EXPECT_EQ(record.metadata, (Metadata{{"epoch", "3"}}));
}

TEST(Checkpoint, TheValuesOfATrackedTensorAreSaved) {
  const TempDir dir;
  const auto w = Tensor<Autodiff<Cpu>, 1>::from_data({1.0F, 2.0F}).require_grad();
  save_checkpoint(dir.path("c"), {{"w", w.array()}});
  EXPECT_EQ(load_checkpoint(dir.path("c")).arrays.at("w").to_data(), TensorData({1.0F, 2.0F}));
}

TEST(Checkpoint, EveryTruncationIsRefused) {
  const Bytes whole = small_checkpoint();
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const std::string message = refusal(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)));
    ASSERT_TRUE(message.starts_with("read_safetensors \"c\": ")) << n << ": " << message;
  }
  EXPECT_NE(refusal(whole + bytes_of({0})).find("the tensors end at byte"), std::string::npos);
}

TEST(Checkpoint, EveryBitOfHeaderAndElementsIsGuarded) {
  Bytes bytes = small_checkpoint();
  std::size_t by_checksum = 0;
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    const std::byte mask = static_cast<std::byte>(1 << (bit % 8));
    bytes[bit / 8] ^= mask;
    const std::string message = refusal(bytes);
    ASSERT_TRUE(message.starts_with("read_safetensors \"c\": ")) << bit << ": " << message;
    by_checksum += message.find("checksum is") != std::string::npos ? 1 : 0;
    bytes[bit / 8] ^= mask;
  }
  // Elements: two tensors of whole numbers, two of floats; the mask's other bits are refused for what they are.
  EXPECT_GE(by_checksum, 8U * (8 + 16 + 24) + 2);
}

TEST(Checkpoint, DamageInALargePayloadIsFoundWhereverItIs) {
  const TempDir dir;
  std::vector<float> values(100'000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  save_checkpoint(dir.path("c"), to_arrays({{"w", TensorData(values)}}));
  Bytes bytes = contents_of(dir.path("c"));
  const std::size_t payload = 4 * values.size();
  std::mt19937_64 random(17);
  for (int i = 0; i < 1000; ++i) {
    const std::size_t at = bytes.size() - payload + random() % payload;
    const std::byte mask = static_cast<std::byte>(1 << (random() % 8));
    bytes[at] ^= mask;
    ASSERT_NE(refusal(bytes).find("tensor \"w\" is damaged: its checksum is"), std::string::npos) << at;
    bytes[at] ^= mask;
  }
}

TEST(Checkpoint, DamageIsNamed) {
  Bytes bytes = small_checkpoint();
  bytes.back() ^= std::byte{1};  // the mask lies last
  EXPECT_NE(refusal(bytes).find("tensor \"mask\" is damaged: its checksum is"), std::string::npos);
  bytes = small_checkpoint();
  bytes[100] ^= std::byte{1};  // in the name of a checksum
  EXPECT_NE(refusal(bytes).find("the header is damaged: its checksum is"), std::string::npos);
}

TEST(Checkpoint, AFileWithoutChecksumsIsNoCheckpoint) {
  EXPECT_NE(refusal(safetensors_bytes(small(), {{"a", "b"}})).find("it is no checkpoint of fornax"), std::string::npos);
}

TEST(Checkpoint, NamesOfItsOwnAreRefused) {
  const TempDir dir;
  EXPECT_EQ(message_of<ValueError>([&] {
              save_checkpoint(dir.path("c"), {}, {{"fornax.checkpoint", "x"}});
            }),
            "save_checkpoint: metadata \"fornax.checkpoint\": names that begin with fornax. are for fornax itself");
  EXPECT_EQ(files_in(dir.path()), 0);
}

// A program (writer/checkpoint_writer.cpp) saves step after step, and is killed at any moment.
TEST(Checkpoint, AKilledWriterLeavesItsLatestStep) {
  const TempDir dir;
  const std::string path = dir.path("c");
  std::mt19937_64 random(3);
  std::int64_t step = -1;
  int progressed = 0;
  for (int run = 0; run < 200; ++run) {
    Child writer({FORNAX_CHECKPOINT_WRITER, path, std::to_string(step + 1)});
    std::int64_t saved = step, reported = 0;
    // The first report says that the writer is at work; after it comes the random moment.
    if (writer.read(&reported, sizeof(reported))) saved = reported;
    ::usleep(static_cast<useconds_t>(random() % 20'000));
    writer.send(SIGKILL);
    while (writer.read(&reported, sizeof(reported))) saved = reported;
    const int status = writer.wait();
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself: " << status;

    const Record record = load_checkpoint(path);
    const std::int64_t found = std::stoll(record.metadata.at("step"));
    EXPECT_TRUE(found == saved || found == saved + 1) << found << " in the file; the writer had reported " << saved;
    for (const float value : record.arrays.at("w").to_data().to_vector<float>())
      ASSERT_EQ(value, static_cast<float>(found));
    progressed += found > step ? 1 : 0;
    step = found;
    for (const auto& entry : std::filesystem::directory_iterator(dir.path()))
      if (entry.path() != path) std::filesystem::remove(entry.path());
  }
  EXPECT_EQ(progressed, 200);
}

}  // namespace
}  // namespace fornax::test
