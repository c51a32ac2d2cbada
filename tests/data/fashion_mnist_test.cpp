#include <fornax/data/fashion_mnist.hpp>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <data/files.hpp>
#include <fornax/array/error.hpp>

namespace fornax::test {
namespace {

// Sets FASHION_MNIST_DIR for the length of a test.
class Variable {
 public:
  explicit Variable(const std::string& value) {
    if (const char* const old = std::getenv("FASHION_MNIST_DIR")) old_ = old;
    ::setenv("FASHION_MNIST_DIR", value.c_str(), 1);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() {
    if (old_) {
      ::setenv("FASHION_MNIST_DIR", old_->c_str(), 1);
    } else {
      ::unsetenv("FASHION_MNIST_DIR");
    }
  }

 private:
  std::optional<std::string> old_;
};

Bytes images(std::uint32_t n, std::uint32_t side = 28) {
  Bytes pixels;
  for (std::uint32_t i = 0; i < n; ++i)
    pixels.insert(pixels.end(), std::size_t{side} * side, static_cast<std::byte>(i));
  return idx_bytes(0x08, {n, side, side}, pixels);
}

Bytes labels(std::initializer_list<int> values) {
  return idx_bytes(0x08, {static_cast<std::uint32_t>(values.size())}, bytes_of(values));
}

std::string refusal(const TempDir& dir) {
  return message_of<FormatError>([&] { read_fashion_mnist(dir.path(), FashionSplit::Test); });
}

TEST(FashionMnist, TrainAndTestComeFromTheirOwnFiles) {
  const TempDir dir;
  dir.write("train-images-idx3-ubyte", images(3));
  dir.write("train-labels-idx1-ubyte", labels({9, 0, 4}));
  dir.write("t10k-images-idx3-ubyte.gz", images(2));  // zlib hands plain bytes through, whatever the name
  dir.write("t10k-labels-idx1-ubyte.gz", labels({1, 2}));
  const ImageSet train = read_fashion_mnist(dir.path(), FashionSplit::Train);
  EXPECT_EQ(train.images.shape(), (Shape{3, 28, 28}));
  EXPECT_EQ(train.images[2 * 28 * 28], 2);
  EXPECT_EQ(train.labels, TensorData(std::vector<std::uint8_t>{9, 0, 4}));
  const ImageSet test = read_fashion_mnist(dir.path(), FashionSplit::Test);
  EXPECT_EQ(test.images.shape(), (Shape{2, 28, 28}));
  EXPECT_EQ(test.labels, TensorData(std::vector<std::uint8_t>{1, 2}));
}

TEST(FashionMnist, AMissingDirectoryIsNamedWithThePackageToInstall) {
  const std::string expected =
      "read_fashion_mnist: \"/no/such/place\" is missing; install Debian's package dataset-fashion-mnist, or set "
      "FASHION_MNIST_DIR to the directory that has the data set";
  EXPECT_EQ(message_of<IoError>([] { read_fashion_mnist("/no/such/place", FashionSplit::Train); }), expected);
}

TEST(FashionMnist, AMissingFileIsNamedWithThePackageToInstall) {
  const TempDir dir;
  dir.write("t10k-images-idx3-ubyte", images(1));
  const std::string message = message_of<IoError>([&] { read_fashion_mnist(dir.path(), FashionSplit::Test); });
  EXPECT_NE(message.find(dir.path("t10k-labels-idx1-ubyte.gz")), std::string::npos) << message;
  EXPECT_NE(message.find("install Debian's package dataset-fashion-mnist"), std::string::npos) << message;
}

TEST(FashionMnist, ImagesOfAnotherShapeOrTypeAreRefused) {
  const TempDir dir;
  const std::string path = dir.write("t10k-images-idx3-ubyte", images(2, 27));
  dir.write("t10k-labels-idx1-ubyte", labels({1, 2}));
  EXPECT_EQ(refusal(dir), "read_fashion_mnist: \"" + path + "\" has u8 [2, 27, 27]; expected u8 [N, 28, 28]");
  dir.write("t10k-images-idx3-ubyte", labels({1, 2}));
  EXPECT_EQ(refusal(dir), "read_fashion_mnist: \"" + path + "\" has u8 [2]; expected u8 [N, 28, 28]");
  dir.write("t10k-images-idx3-ubyte", idx_bytes(0x09, {1, 28, 28}, Bytes(784)));
  EXPECT_EQ(refusal(dir), "read_fashion_mnist: \"" + path + "\" has i8 [1, 28, 28]; expected u8 [N, 28, 28]");
}

TEST(FashionMnist, LabelsThatDoNotMatchTheImagesAreRefused) {
  const TempDir dir;
  dir.write("t10k-images-idx3-ubyte", images(2));
  const std::string path = dir.write("t10k-labels-idx1-ubyte", labels({1, 2, 3}));
  EXPECT_EQ(refusal(dir), "read_fashion_mnist: \"" + path + "\" has u8 [3]; the images need u8 [2]");
  dir.write("t10k-labels-idx1-ubyte", idx_bytes(0x0C, {2}, Bytes(8)));
  EXPECT_EQ(refusal(dir), "read_fashion_mnist: \"" + path + "\" has i32 [2]; the images need u8 [2]");
}

TEST(FashionMnist, ALabelThatIsNoClassIsRefused) {
  const TempDir dir;
  dir.write("t10k-images-idx3-ubyte", images(3));
  const std::string path = dir.write("t10k-labels-idx1-ubyte", labels({9, 10, 11}));
  EXPECT_EQ(refusal(dir), "read_fashion_mnist: \"" + path + "\": label 1 is 10; labels are 0 to 9");
}

TEST(FashionMnist, TheEnvironmentVariableChoosesTheDirectory) {
  const TempDir dir;
  const Variable variable(dir.path());
  EXPECT_EQ(find_fashion_mnist(), dir.path());
}

TEST(FashionMnist, AChosenDirectoryThatIsMissingIsNotReplacedByAnother) {
  const Variable variable("/no/such/place");
  const std::string message = message_of<IoError>([] { find_fashion_mnist(); });
  EXPECT_EQ(message.find("find_fashion_mnist: \"/no/such/place\" is missing; install"), 0) << message;
}

TEST(FashionMnist, ClassesHaveTheirPublishedNames) {
  EXPECT_EQ(fashion_mnist_class_name(0), "T-shirt/top");
  EXPECT_EQ(fashion_mnist_class_name(9), "Ankle boot");
  EXPECT_THROW(fashion_mnist_class_name(-1), IndexError);
  EXPECT_THROW(fashion_mnist_class_name(10), IndexError);
}

TEST(FashionMnist, TheInstalledDataSetHasEveryClassEquallyOften) {
  std::string directory;
  try {
    directory = find_fashion_mnist();
  } catch (const IoError& e) {
    GTEST_SKIP() << e.what();
  }
  // arXiv:1708.07747, section 2: 6 000 and 1 000 pictures of each class.
  const std::pair<FashionSplit, int> splits[] = {{FashionSplit::Train, 6000}, {FashionSplit::Test, 1000}};
  for (const auto& [split, per_class] : splits) {
    const ImageSet set = read_fashion_mnist(directory, split);
    EXPECT_EQ(set.images.shape(), (Shape{10 * per_class, 28, 28}));
    std::array<int, 10> count{};
    for (const std::uint8_t label : set.labels.values<std::uint8_t>()) ++count[label];
    for (const int n : count) EXPECT_EQ(n, per_class);
  }
  // Debian's dataset-fashion-mnist: `zcat train-labels-idx1-ubyte.gz | head -c 20 | xxd`.
  const ImageSet train = read_fashion_mnist(directory, FashionSplit::Train);
  EXPECT_EQ(fashion_mnist_class_name(static_cast<int>(train.labels[0])), "Ankle boot");
  EXPECT_EQ(fashion_mnist_class_name(static_cast<int>(train.labels[3])), "Dress");
}

}  // namespace
}  // namespace fornax::test
