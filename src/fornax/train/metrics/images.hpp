#pragma once
// Metrics of pictures [N, C, H, W] that are to look alike. Each is computed for each picture; the mean over pictures counts.

#include <fornax/train/metric.hpp>

namespace fornax::train {

/// Peak signal-to-noise ratio, 10 log10(range^2 / mean (y - t)^2), in decibels; infinite for equal pictures.
class Psnr final : public MeanMetric {
 public:
  /// `range` is that of the pixels: 1 for [0, 1], 255 for bytes.
  explicit Psnr(double range = 1);

 private:
  Sum sum_of(const Observation& seen) const override;
  double range_;
};

struct SsimConfig {
  double range = 1;  // of the pixels
  int window = 11;   // width of the Gaussian window, odd
  double sigma = 1.5;
  double k1 = 0.01, k2 = 0.03;
};

/// Structural similarity: the mean of (2 m_y m_t + c1) (2 s_yt + c2) / ((m_y^2 + m_t^2 + c1) (s_y^2 + s_t^2 + c2)) over the
/// places of a Gaussian window that lie inside the picture, with means m and (co)variances s in the window, c = (k range)^2.
///
/// Errors: ShapeError for pictures smaller than the window.
/// Source: Wang, Bovik, Sheikh and Simoncelli 2004.
class Ssim final : public MeanMetric {
 public:
  explicit Ssim(const SsimConfig& config = {});

 private:
  Sum sum_of(const Observation& seen) const override;
  SsimConfig config_;
};

/// The same over five scales, each half the one before (means of 2 x 2 pixels), as the product of powers 0.0448, 0.2856,
/// 0.3001, 0.2363 and 0.1333 of their terms; the term of means counts at the last scale only. A negative term counts as 0.
///
/// Errors: ShapeError for pictures whose fifth scale is smaller than the window: below 176 pixels for one of 11.
/// Source: Wang, Simoncelli and Bovik 2003.
class MsSsim final : public MeanMetric {
 public:
  explicit MsSsim(const SsimConfig& config = {});

 private:
  Sum sum_of(const Observation& seen) const override;
  SsimConfig config_;
};

}  // namespace fornax::train
