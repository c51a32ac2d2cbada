#pragma once
// Fashion-MNIST: 70 000 pictures of clothes in ten classes.

#include <cstdint>
#include <string>
#include <string_view>

#include <fornax/array/tensor_data.hpp>

namespace fornax {

inline constexpr int kFashionClasses = 10;

/// The 60 000 samples to train with, or the 10 000 to judge with.
enum class FashionSplit : std::uint8_t { Train, Test };

/// Pictures and their classes.
struct ImageSet {
  TensorData images;  // u8 [N, 28, 28], 0 is the background
  TensorData labels;  // u8 [N], in [0, 10)
};

/// Directory of the data set: that in the environment variable FASHION_MNIST_DIR if set, else where Debian's package
/// dataset-fashion-mnist puts it.
///
/// Errors:  IoError if there is no such directory.
std::string find_fashion_mnist();

/// One split of the data set, from the four files of its publication, packed with gzip or plain.
///
/// Units:   grey levels 0 to 255, as stored.
/// Errors:  IoError if a file is missing or cannot be read; FormatError if a file is not what the split consists of.
/// Source:  Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747.
/// Example: auto train = read_fashion_mnist(find_fashion_mnist(), FashionSplit::Train);
ImageSet read_fashion_mnist(const std::string& directory, FashionSplit split);

/// Name of a class: 0 is "T-shirt/top". Throws IndexError if there is none with this label.
std::string_view fashion_mnist_class_name(int label);

}  // namespace fornax
