#pragma once

#include <optional>

#include <fornax/cpu/kernels/kernels.hpp>

namespace fornax::cpu {

/// What a convolution does beyond its settings.
struct ConvExtra {
  Array bias = {};                         // of the output channels; kind Forward
  std::optional<UnaryFn> activation = {};  // of what the bias was added to
};

/// The three arrays' shapes: of the picture's side, of the weight, of the result's side.
struct ConvShapes {
  Shape x, w, y;

  ConvShapes(ConvKind kind, const Shape& result, const Shape& left, const Shape& right)
      : x(kind == ConvKind::Input ? result : left),
        w(kind == ConvKind::Weight ? result : right),
        y(kind == ConvKind::Forward ? result
          : kind == ConvKind::Input ? left
                                    : right) {}
};

/// The convolution by oneDNN, or an empty array if it is not for it: another dtype than f32, little work, or sizes for
/// which the library has no fast kernel. x, y and their gradients have their channels adjacent in memory, behind the
/// usual shapes: what comes otherwise is turned once, and what goes out stays so through elementwise operations.
Array convolve_by_library(std::string_view name, const ConvSettings& s, const Spec& spec, Operands inputs,
                          const ConvShapes& shapes, const ConvExtra& extra);

/// The same by whatever is fastest.
Array convolve(std::string_view name, const ConvSettings& s, const Spec& spec, Operands inputs,
               const ConvExtra& extra = {});

}  // namespace fornax::cpu
