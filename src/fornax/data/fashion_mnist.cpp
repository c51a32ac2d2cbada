#include <fornax/data/fashion_mnist.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include <fornax/array/error.hpp>
#include <fornax/data/idx.hpp>

namespace fornax {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kVariable = "FASHION_MNIST_DIR";
constexpr std::string_view kDebianDirectory = "/usr/share/datasets/fashion-mnist";
constexpr std::int64_t kSide = 28;

constexpr std::string_view kClassNames[kFashionClasses] = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                                                           "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};

[[noreturn]] void missing(std::string_view operation, const std::string& path) {
  throw IoError(operation, "\"" + path + "\" is missing; install Debian's package dataset-fashion-mnist, or set " +
                               std::string(kVariable) + " to the directory that has the data set");
}

bool is_there(const fs::path& path) {
  std::error_code ignored;  // what cannot be seen counts as missing
  return fs::exists(path, ignored);
}

std::string find_file(const fs::path& directory, const std::string& file) {
  if (!is_there(directory)) missing("read_fashion_mnist", directory.string());
  std::string packed = (directory / (file + ".gz")).string();
  std::string plain = (directory / file).string();
  if (is_there(packed)) return packed;
  if (is_there(plain)) return plain;
  missing("read_fashion_mnist", packed);
}

void check_images(const TensorData& images, const std::string& path) {
  const Shape& s = images.shape();
  if (images.dtype() != DType::U8 || s.rank() != 3 || s[1] != kSide || s[2] != kSide)
    throw FormatError("read_fashion_mnist", "\"" + path + "\" has " + std::string(name(images.dtype())) + " " +
                                                s.str() + "; expected u8 [N, 28, 28]");
}

void check_labels(const TensorData& labels, const std::string& path, std::int64_t count) {
  if (labels.dtype() != DType::U8 || !(labels.shape() == Shape{count}))
    throw FormatError("read_fashion_mnist", "\"" + path + "\" has " + std::string(name(labels.dtype())) + " " +
                                                labels.shape().str() + "; the images need u8 " + Shape{count}.str());
  const auto values = labels.values<std::uint8_t>();
  const auto wrong = std::ranges::find_if(values, [](std::uint8_t v) { return v >= kFashionClasses; });
  if (wrong != values.end())
    throw FormatError("read_fashion_mnist", "\"" + path + "\": label " + std::to_string(wrong - values.begin()) +
                                                " is " + std::to_string(*wrong) + "; labels are 0 to 9");
}

}  // namespace

std::string find_fashion_mnist() {
  const char* const chosen = std::getenv(std::string(kVariable).c_str());
  std::string directory(chosen != nullptr && *chosen != '\0' ? std::string_view(chosen) : kDebianDirectory);
  if (!is_there(directory)) missing("find_fashion_mnist", directory);
  return directory;
}

ImageSet read_fashion_mnist(const std::string& directory, FashionSplit split) {
  const std::string prefix = split == FashionSplit::Train ? "train" : "t10k";
  const std::string images_path = find_file(directory, prefix + "-images-idx3-ubyte");
  const std::string labels_path = find_file(directory, prefix + "-labels-idx1-ubyte");
  ImageSet set{.images = read_idx(images_path), .labels = read_idx(labels_path)};
  check_images(set.images, images_path);
  check_labels(set.labels, labels_path, set.images.shape()[0]);
  return set;
}

std::string_view fashion_mnist_class_name(int label) {
  if (label < 0 || label >= kFashionClasses)
    throw IndexError("fashion_mnist_class_name", "label " + std::to_string(label) + "; labels are 0 to 9");
  return kClassNames[label];
}

}  // namespace fornax
