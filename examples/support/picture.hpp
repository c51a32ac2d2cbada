#pragma once
// A picture of predictions, to look at what a model has learnt.

#include <span>
#include <string>

#include <fornax/array/tensor_data.hpp>

namespace examples {

/// Writes a PNG: a grid of the images, `columns` wide, row by row, with the name of the predicted class under each: green
/// if it is right; red, with the true class in a second line, if it is wrong.
///
/// Shapes:  images u8 [N, 28, 28]; predicted, truth [N], positions in class_names.
/// Units:   grey levels, 0 is the background; they are inverted, so that the images stand dark on light.
/// Errors:  DTypeError, ShapeError, IndexError, ValueError for arguments that do not fit each other; IoError if the file
///          cannot be written. `path` is replaced whole or not at all.
void write_prediction_picture(const std::string& path, const fornax::TensorData& images, std::span<const int> predicted,
                              std::span<const int> truth, std::span<const std::string> class_names, int columns);

}  // namespace examples
