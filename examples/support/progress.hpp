#pragma once
// How far the training is.

#include <cstdint>
#include <cstdio>
#include <string_view>

namespace examples {

/// Shows the running means of an epoch: a bar that moves in a terminal, one line per epoch anywhere else.
///
///   epoch 2/5 [===========>        ] 60% loss 0.412 acc 85.2% 51234 images/s
///
/// Example:
///   Progress progress(5, 60000);
///   for (int epoch = 0; epoch < 5; ++epoch) {
///     progress.begin_epoch();
///     for (...) progress.step(64, loss, right);
///     progress.end_epoch("test acc 88.1%");
///   }
class Progress {
 public:
  /// `images` is the number of images in an epoch.
  Progress(int epochs, std::int64_t images, std::FILE* out = stdout);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// Leaves the line of an epoch that was broken off, so that what is printed next begins on its own.
  ~Progress();

  void begin_epoch();
  /// A batch is done: `loss` is its mean over the images, `right` the number of right predictions.
  void step(std::int64_t images, double loss, std::int64_t right);
  /// Prints the line that stays; `note` is added to it. The pace is that of the steps, without what follows them.
  void end_epoch(std::string_view note = {});

 private:
  void draw();
  void print_figures() const;

  int epochs_;
  std::int64_t images_;
  std::FILE* out_;
  bool terminal_;

  int epoch_ = 0;
  std::int64_t done_ = 0, right_ = 0;
  double loss_ = 0;                                   // sum over the images
  double start_ = 0, last_step_ = 0, last_draw_ = 0;  // seconds
  bool line_open_ = false;
};

}  // namespace examples
