#pragma once
// Pictures read at positions that are data. Not part of the public surface.

#include <vector>

#include <fornax/functional/resample.hpp>

namespace fornax::functional {

/// Positions in pixels, each an array [M, 1] for one spatial dim.
using Positions = std::vector<Array>;

/// x [N, C, spatial...] as rows of channels, one for each pixel of each image, to be read at M positions: as many in each
/// image, one image after the other.
class Picture {
 public:
  Picture(const Array& x, std::int64_t samples, SamplePadding padding, bool align_corners);

  int dims() const { return dims_; }
  std::int64_t size(int d) const { return shape_[d + 2]; }

  /// Positions along a spatial dim, brought into the picture as the padding asks.
  Array padded(const Array& c, int d) const;
  /// The pixels at whole positions: [M, C]; zeros beyond the picture.
  Array at(const Positions& places) const;
  /// The same, each times its weight [M, 1].
  Array weighted(const Positions& places, const Array& weight) const;

 private:
  SamplePadding padding_;
  bool align_corners_;
  Shape shape_;
  int dims_;
  Array rows_, first_;  // the number of the first row of each sample's image
};

/// Linear interpolation between the pixels around each position: [M, C].
Array between_pixels(const Picture& x, const Positions& c);

}  // namespace fornax::functional
