#include "progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>

namespace examples {

namespace {

constexpr int kBar = 20;               // characters
constexpr double kBetweenDraws = 0.1;  // seconds; drawing more often costs time and shows nothing
constexpr const char* kEraseLine = "\r\x1b[K";

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

bool can_redraw(std::FILE* out) {
  const char* const term = std::getenv("TERM");
  return ::isatty(::fileno(out)) != 0 && term != nullptr && std::string_view(term) != "dumb";
}

std::string bar(double fraction) {
  const auto full = static_cast<std::size_t>(fraction * kBar);
  std::string text = std::string(full, '=') + (full < kBar ? ">" : "");
  text.resize(kBar, ' ');
  return "[" + text + "]";
}

}  // namespace

Progress::Progress(int epochs, std::int64_t images, std::FILE* out)
    : epochs_(epochs), images_(std::max<std::int64_t>(images, 1)), out_(out), terminal_(can_redraw(out)) {}

Progress::~Progress() {
  if (line_open_) std::fputs("\n", out_);
}

void Progress::begin_epoch() {
  ++epoch_;
  done_ = right_ = 0;
  loss_ = 0;
  start_ = last_step_ = seconds();
  last_draw_ = 0;
}

void Progress::step(std::int64_t images, double loss, std::int64_t right) {
  done_ += images;
  right_ += right;
  loss_ += loss * static_cast<double>(images);
  last_step_ = seconds();
  if (terminal_ && last_step_ - last_draw_ >= kBetweenDraws) draw();
}

void Progress::end_epoch(std::string_view note) {
  if (line_open_) std::fputs(kEraseLine, out_);
  std::fprintf(out_, "epoch %d/%d ", epoch_, epochs_);
  print_figures();
  std::fprintf(out_, " %.1f s%s%.*s\n", last_step_ - start_, note.empty() ? "" : " ", static_cast<int>(note.size()),
               note.data());
  std::fflush(out_);
  line_open_ = false;
}

void Progress::draw() {
  const double fraction = std::min(1.0, static_cast<double>(done_) / static_cast<double>(images_));
  std::fprintf(out_, "%sepoch %d/%d %s %.0f%% ", kEraseLine, epoch_, epochs_, bar(fraction).c_str(), 100 * fraction);
  print_figures();
  std::fflush(out_);
  last_draw_ = last_step_;
  line_open_ = true;
}

void Progress::print_figures() const {
  const double n = static_cast<double>(std::max<std::int64_t>(done_, 1));
  const double elapsed = std::max(last_step_ - start_, 1e-9);
  std::fprintf(out_, "loss %.3f acc %.1f%% %.0f images/s", loss_ / n, 100 * static_cast<double>(right_) / n,
               static_cast<double>(done_) / elapsed);
}

}  // namespace examples
