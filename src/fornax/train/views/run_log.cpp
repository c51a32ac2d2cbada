#include <fornax/train/views/run_log.hpp>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include <fornax/array/error.hpp>
#include <fornax/data/text_file.hpp>
#include <fornax/io/atomic_file.hpp>
#include <fornax/io/input.hpp>
#include <fornax/train/views/page.hpp>
#include <fornax/train/views/row_file.hpp>
#include <fornax/train/views/run_json.hpp>
#include <fornax/train/views/views.hpp>

namespace fornax::train {

namespace {

constexpr double kFlushEvery = 2.0;  // seconds

std::string file_in(const std::string& directory, const char* name) { return directory + "/" + name; }

StepEnd step_of(const LogRow& row) {
  return {.split = Split::Train,
          .epoch = row.epoch,
          .batch = row.batch,
          .step = row.step,
          .items = row.items,
          .seconds = row.seconds,
          .metrics = row.metrics};
}

EpochEnd epoch_of(const LogRow& row) {
  return {.split = row.split,
          .epoch = row.epoch,
          .step = row.step,
          .seconds = row.seconds,
          .epoch_seconds = row.epoch_seconds,
          .metrics = row.metrics};
}

LogRow row_of(const StepEnd& s) {
  return {
      .step = s.step, .epoch = s.epoch, .batch = s.batch, .items = s.items, .seconds = s.seconds, .metrics = s.metrics};
}

LogRow row_of(const EpochEnd& e) {
  return {.split = e.split,
          .step = e.step,
          .epoch = e.epoch,
          .seconds = e.seconds,
          .epoch_seconds = e.epoch_seconds,
          .metrics = e.metrics};
}

// The names of the metrics of a split, with those that kept rows have beside them.
std::vector<std::string> metric_names(const RunStart& start, bool steps, const std::vector<LogRow>& rows) {
  std::vector<std::string> names;
  for (const MetricInfo& m : start.metrics)
    if (m.train || !steps) names.push_back(m.name);
  for (const LogRow& row : rows)
    for (const MetricValue& v : row.metrics)
      if (std::ranges::find(names, v.name) == names.end()) names.push_back(v.name);
  return names;
}

class RunLog final : public View {
 public:
  explicit RunLog(const RunLogOptions& options) : options_(options) {
    if (options.every < 1)
      throw ValueError("run_log", "every is " + std::to_string(options.every) + "; it counts steps, 1 or more");
  }
  // What is still held back is of use even if the run did not end in order.
  ~RunLog() override {
    try {
      flush();
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): nobody is left to be told
    }
  }
  RunLog(const RunLog&) = delete;
  RunLog& operator=(const RunLog&) = delete;

  void on_start(const RunStart& start) override {
    history_ = {};
    if (start.directory.empty()) throw ValueError("run_log", "the run has no directory");
    directory_ = start.directory;
    std::error_code error;
    std::filesystem::create_directories(directory_, error);
    if (error) throw IoError("run_log", "cannot make the directory \"" + directory_ + "\": " + error.message());
    std::vector<LogRow> steps, epochs;
    if (start.first_step > 0 && std::filesystem::exists(file_in(directory_, "run.json"))) {
      history_ = read_run(directory_, start.first_step);
      read_rows(LogTable::Steps, file_in(directory_, "steps.csv"), [&](const LogRow& row) {
        if (row.step <= start.first_step) steps.push_back(row);
      });
      // An epoch that was interrupted in its validation has its training behind it.
      read_rows(LogTable::Epochs, file_in(directory_, "epochs.csv"), [&](const LogRow& row) {
        const bool whole = row.epoch < start.first_epoch;
        if (row.step <= start.first_step && (whole || (row.epoch == start.first_epoch && row.split == Split::Train)))
          epochs.push_back(row);
      });
    }
    history_.on_start(start);
    steps_.emplace(LogTable::Steps, file_in(directory_, "steps.csv"), metric_names(start, true, steps), steps);
    epochs_.emplace(LogTable::Epochs, file_in(directory_, "epochs.csv"), metric_names(start, false, epochs), epochs);
    save();
  }

  void on_step(const StepEnd& step) override {
    if (step.split != Split::Train || !steps_ || step.step % options_.every != 0) return;
    steps_->add(row_of(step));
    if (step.seconds - flushed_ < kFlushEvery) return;
    flushed_ = step.seconds;
    steps_->flush();
  }

  void on_epoch(const EpochEnd& end) override {
    if (!epochs_) return;
    epochs_->add(row_of(end));
    flush();
    save();
  }

  void on_saved(const CheckpointSaved& checkpoint) override {
    history_.on_saved(checkpoint);
    flush();
    save();
  }

  void on_message(const std::string& text) override { history_.on_message(text); }

  void on_end(const RunEnd& end) override {
    if (!epochs_) return;
    history_.on_end(end);
    flush();
    save();
    if (options_.report) write_report(directory_);
  }

 private:
  void flush() {
    if (steps_) steps_->flush();
    if (epochs_) epochs_->flush();
  }
  void save() const { io::write_file_atomically("run_log", file_in(directory_, "run.json"), print_run(history_)); }

  RunLogOptions options_;
  std::string directory_;
  History history_;  // settings, checkpoints and messages: the tables have the rest
  std::optional<RowFile> steps_, epochs_;
  double flushed_ = 0.0;
};

}  // namespace

std::unique_ptr<View> run_log(const RunLogOptions& options) { return std::make_unique<RunLog>(options); }

History read_run(const std::string& directory) { return read_run(directory, std::numeric_limits<std::int64_t>::max()); }

History read_run(const std::string& directory, std::int64_t last_step) {
  const std::string path = file_in(directory, "run.json");
  const std::string operation = io::operation_on("read_run", path);
  History history = parse_run(operation, data::read_text(operation, path));
  history.run.directory = directory;
  const std::optional<RunEnd> end = std::exchange(history.end, std::nullopt);
  read_rows(LogTable::Steps, file_in(directory, "steps.csv"), [&](const LogRow& row) {
    if (row.step <= last_step) history.on_step(step_of(row));
  });
  // Where a run was resumed, the end of an epoch may have been told twice; the later one counts.
  std::vector<EpochEnd> epochs;
  read_rows(LogTable::Epochs, file_in(directory, "epochs.csv"), [&](const LogRow& row) {
    if (row.step > last_step) return;
    std::erase_if(epochs, [&](const EpochEnd& e) { return e.epoch == row.epoch && e.split == row.split; });
    epochs.push_back(epoch_of(row));
  });
  for (const EpochEnd& e : epochs) history.on_epoch(e);
  history.end = end;
  return history;
}

History earlier_part(const RunStart& start) {
  if (start.first_step <= 0 || start.directory.empty()) return {};
  try {
    return read_run(start.directory, start.first_step);
  } catch (const Error&) {
    return {};
  }
}

std::string html_report(const History& history) {
  return fill_page({.title = history.run.name.empty() ? "run" : history.run.name,
                    .data = page_data(history),
                    .chart_js = chart_js(),
                    .token = {}});
}

std::string write_report(const std::string& directory, const std::string& path) {
  const std::string to = path.empty() ? file_in(directory, "report.html") : path;
  io::write_file_atomically("write_report", to, html_report(read_run(directory)));
  return to;
}

}  // namespace fornax::train
