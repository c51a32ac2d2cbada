#include <cstdio>
#include <optional>
#include <string>

#include <fornax/io/markup.hpp>
#include <fornax/train/views/history.hpp>
#include <fornax/train/views/text.hpp>
#include <fornax/train/views/views.hpp>

namespace fornax::train {

namespace {

class LineView final : public View {
 public:
  explicit LineView(const LineOptions& options) : options_(options), out_(options.out ? options.out : stdout) {}

  void on_start(const RunStart& start) override {
    history_.on_start(start);
    table_.emplace(start);
    std::string text = io::printable(start.name.empty() ? "run" : start.name);
    if (start.epochs > 0) text += ": " + std::to_string(start.epochs) + " epochs";
    if (start.train_batches >= 0) text += " of " + std::to_string(start.train_batches) + " batches";
    if (start.valid_batches > 0) text += ", " + std::to_string(start.valid_batches) + " of validation";
    if (start.first_step > 0) text += "; resumed after step " + std::to_string(start.first_step);
    print(text);
    print(table_->header());
  }

  void on_step(const StepEnd& step) override {
    history_.on_step(step);
    if (pending_ && step.epoch != pending_->epoch) print_row(nullptr);
    if (options_.quiet || step.seconds - last_ < options_.progress_every) return;
    last_ = step.seconds;
    std::string text = "  " + epoch_text(step.epoch, history_.run.epochs) + "  " + name_of(step.split) + " " +
                       std::to_string(step.batch + 1);
    if (step.batches >= 0) text += "/" + std::to_string(step.batches);
    for (const MetricValue& v : step.metrics) {
      const MetricHistory* const known = history_.find(v.name);
      text += "  " + io::printable(v.name) + " " + value_text(v.epoch, known ? io::printable(known->info.unit) : "");
    }
    if (const double left = history_.seconds_left(); left >= 0) text += "  " + duration_text(left) + " left";
    print(text);
  }

  void on_epoch(const EpochEnd& end) override {
    history_.on_epoch(end);
    last_ = end.seconds;
    if (end.split == Split::Train) {
      if (pending_) print_row(nullptr);
      pending_ = end;
      if (history_.run.valid_batches == 0) print_row(nullptr);
    } else if (end.split == Split::Valid) {
      print_row(&end);
    } else {
      print_test(end);
    }
  }

  void on_saved(const CheckpointSaved& checkpoint) override {
    if (!options_.quiet)
      print("  saved " + io::printable(checkpoint.path) + " (" + io::printable(checkpoint.reason) + ")");
  }
  void on_message(const std::string& text) override { print("  " + io::printable(text)); }

  void on_end(const RunEnd& end) override {
    if (pending_) print_row(nullptr);
    print(outcome_text(end));
  }

 private:
  // Of the epoch whose training has ended, with its validation.
  void print_row(const EpochEnd* valid) {
    const bool together = !pending_ || !valid || pending_->epoch == valid->epoch;
    if (!together) print_row(nullptr);
    if (table_) print(table_->row(pending_ ? &*pending_ : nullptr, valid));
    pending_.reset();
  }

  void print_test(const EpochEnd& end) {
    if (pending_) print_row(nullptr);
    std::string text = "test:";
    for (const MetricValue& v : end.metrics) {
      const MetricHistory* const known = history_.find(v.name);
      text += "  " + io::printable(v.name) + " " + value_text(v.epoch, known ? io::printable(known->info.unit) : "");
    }
    print(text);
  }

  void print(const std::string& line) {
    std::fputs((line + "\n").c_str(), out_);
    std::fflush(out_);
  }

  LineOptions options_;
  std::FILE* out_;
  History history_;
  std::optional<EpochTable> table_;
  std::optional<EpochEnd> pending_;
  double last_ = 0.0;
};

}  // namespace

std::unique_ptr<View> line_view(const LineOptions& options) { return std::make_unique<LineView>(options); }

}  // namespace fornax::train
