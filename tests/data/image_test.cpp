#include <fornax/data/image.hpp>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/array/error.hpp>
#include <fornax/data/loader.hpp>
#include <io/files.hpp>

namespace fornax::test {
namespace {

using namespace fornax::data;
namespace fs = std::filesystem;
using U8 = std::uint8_t;

TensorData levels(const std::vector<U8>& values, const Shape& shape) { return TensorData(values, shape); }

// The pictures of make.py: red, green, blue; (1 2 3), (40 50 60), white.
const std::vector<U8> kRgb{255, 0, 0, 1, 40, 255, 0, 255, 0, 2, 50, 255, 0, 0, 255, 3, 60, 255};

TEST(ReadImage, PngArrivesAsItWasWritten) {
  EXPECT_EQ(read_image(golden("rgb.png")), levels(kRgb, Shape{3, 2, 3}));
  EXPECT_EQ(read_image(golden("palette.png")).shape(), (Shape{3, 2, 3}));
  EXPECT_EQ(read_image(golden("grey.png"), Colour::Grey), levels({255, 0, 0, 1, 40, 255}, Shape{1, 2, 3}));
  EXPECT_EQ(read_image(golden("grey.png")),
            levels({255, 0, 0, 1, 40, 255, 255, 0, 0, 1, 40, 255, 255, 0, 0, 1, 40, 255}, Shape{3, 2, 3}));
}

TEST(ReadImage, TransparentPixelsAreBlack) {
  EXPECT_EQ(read_image(golden("alpha.png")),
            levels({255, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0}, Shape{3, 2, 3}));
}

TEST(ReadImage, SixteenBitsBecomeEight) {
  EXPECT_EQ(read_image(golden("grey16.png"), Colour::Grey), levels({0, 255, 1, 100}, Shape{1, 2, 2}));
}

// Of one colour, (200, 100, 50); decoders may round in their own way.
TEST(ReadImage, JpegArrivesWithinItsRounding) {
  const TensorData rgb = read_image(golden("rgb.jpg"));
  ASSERT_EQ(rgb.shape(), (Shape{3, 5, 9}));
  for (std::int64_t i = 0; i < 45; ++i) {
    EXPECT_NEAR(rgb[i], 200, 2);
    EXPECT_NEAR(rgb[45 + i], 100, 2);
    EXPECT_NEAR(rgb[90 + i], 50, 2);
  }
  EXPECT_EQ(read_image(golden("grey.jpg"), Colour::Grey), levels(std::vector<U8>(24, 100), Shape{1, 8, 3}));
  EXPECT_EQ(read_image(golden("progressive.jpg"), Colour::Grey), levels(std::vector<U8>(64, 37), Shape{1, 8, 8}));
  EXPECT_EQ(read_image(golden("grey.jpg")).shape(), (Shape{3, 8, 3}));
}

TEST(ReadImage, EveryTruncationIsRefused) {
  for (const char* const file : {"rgb.png", "palette.png", "rgb.jpg", "grey.jpg", "progressive.jpg"}) {
    const Bytes whole = contents_of(golden(file));
    // A PNG file without its last chunk, and a JPEG file without its last two bytes, have all of the picture.
    const std::size_t end = std::string(file).ends_with("png") ? 12 : 2;
    for (std::size_t n = 0; n + end < whole.size(); ++n)
      ASSERT_NE(message_of<FormatError>([&] { read_image_bytes(std::span(whole).first(n), "x"); }), "") << file << n;
  }
}

TEST(ReadImage, NamesWhatIsWrong) {
  EXPECT_EQ(message_of<FormatError>([] { read_image(golden("small.idx")); }),
            "read_image \"" + golden("small.idx") + "\": it is neither PNG nor JPEG");
  Bytes png = contents_of(golden("rgb.png"));
  png[18] = std::byte{0xff};  // a width of 65283
  EXPECT_NE(message_of<FormatError>([&] {
              read_image_bytes(png, "x");
            }).find("read_image_bytes \"x\": the PNG file is damaged: "),
            std::string::npos);
  // The size of a JPEG file has no checksum: 65535 x 65535 pixels are refused before there is memory for them.
  Bytes jpeg = contents_of(golden("grey.jpg"));
  const Bytes frame = bytes_of({0xff, 0xc0});
  const auto at = std::ranges::search(jpeg, frame).begin();
  ASSERT_NE(at, jpeg.end());
  std::fill(at + 5, at + 9, std::byte{0xff});
  const std::string message = message_of<FormatError>([&] { read_image_bytes(jpeg, "x"); });
  EXPECT_TRUE(message == "read_image_bytes \"x\": 65535 x 65535 pixels are announced; 1 to 2^26 are read" ||
              message.find("is damaged: Maximum supported image dimension") != std::string::npos)
      << message;
}

// --- Folders ----------------------------------------------------------------------------------------------------------

TEST(ImageFolder, FoldersAreClassesInAlphabeticalOrder) {
  const TempDir dir;
  fs::create_directories(dir.path("dog/inner"));
  fs::create_directories(dir.path("cat"));
  fs::create_directories(dir.path("empty"));
  fs::copy_file(golden("rgb.png"), dir.path("dog/b.PNG"));
  fs::copy_file(golden("rgb.png"), dir.path("dog/inner/a.png"));
  fs::copy_file(golden("grey.jpg"), dir.path("dog/a.jpeg"));
  fs::copy_file(golden("rgb.jpg"), dir.path("cat/x.jpg"));
  fs::copy_file(golden("small.idx"), dir.path("cat/notes.txt"));
  const ImageFolder folder(dir.path());
  EXPECT_EQ(folder.classes(), (std::vector<std::string>{"cat", "dog", "empty"}));
  ASSERT_EQ(folder.size(), 4);
  EXPECT_EQ(folder.path(0), dir.path("cat/x.jpg"));
  EXPECT_EQ(folder.path(1), dir.path("dog/a.jpeg"));
  EXPECT_EQ(folder.path(2), dir.path("dog/b.PNG"));
  EXPECT_EQ(folder.path(3), dir.path("dog/inner/a.png"));
  EXPECT_EQ(folder.label(0), 0);
  EXPECT_EQ(folder.get(3).label, 1);
  EXPECT_EQ(folder.get(2).input, levels(kRgb, Shape{3, 2, 3}));
  EXPECT_EQ(ImageFolder(dir.path(), Colour::Grey).get(0).input.shape(), (Shape{1, 5, 9}));
  EXPECT_THROW(folder.get(4), IndexError);
}

TEST(ImageFolder, ADamagedPictureIsNamedByTheLoader) {
  const TempDir dir;
  fs::create_directories(dir.path("a"));
  fs::copy_file(golden("rgb.png"), dir.path("a/1.png"));
  dir.write("a/2.png", Bytes(10));
  DataLoader loader(ImageFolder(dir.path()), {.batch_size = 1, .workers = 2}, StackLabelled());
  EXPECT_TRUE(loader.next());
  EXPECT_EQ(message_of<LoadError>([&] { loader.next(); }),
            "DataLoader: item 1 of batch 1: read_image \"" + dir.path("a/2.png") + "\": it is neither PNG nor JPEG");
}

TEST(ImageFolder, NamesWhatIsNotThere) {
  const TempDir dir;
  EXPECT_EQ(message_of<IoError>([&] { ImageFolder(dir.path("no")); }),
            "ImageFolder \"" + dir.path("no") + "\": No such file or directory");
  EXPECT_EQ(message_of<ValueError>([&] { ImageFolder(dir.path()); }),
            "ImageFolder \"" + dir.path() + "\": there is no folder in it; each would be a class");
}

}  // namespace
}  // namespace fornax::test
