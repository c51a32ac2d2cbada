#pragma once
// What a run tells those who watch it: the seam between the Learner and its views.

#include <cstdint>
#include <string>
#include <vector>

namespace fornax::train {

enum class Split : std::uint8_t { Train, Valid, Test };
/// "train", "valid", "test".
const char* name_of(Split split);

enum class Goal : std::uint8_t { Lower, Higher, None };

/// What a view needs to know of a metric in order to draw it.
struct MetricInfo {
  std::string name;  // "loss", "accuracy"
  std::string unit;  // "", "%", "items/s", "MiB"
  Goal goal = Goal::None;
  bool train = true;  // whether steps of the split have it
  bool valid = true;
};

/// A metric at one step: of this batch, and over the epoch so far. At the end of an epoch both are the epoch's.
struct MetricValue {
  std::string name;
  double value = 0.0;
  double epoch = 0.0;
};

struct RunStart {
  std::string name;       // "fashion-mnist-cnn"
  std::string directory;  // where the run's files go; empty if it keeps none
  std::string summary;    // the model as a table; may be empty
  std::string config;     // JSON; may be empty
  std::int64_t epochs = 0;
  std::int64_t train_batches = -1;  // in an epoch; -1: not known
  std::int64_t valid_batches = -1;
  std::int64_t first_epoch = 0;  // where a resumed run goes on
  std::int64_t first_batch = 0;
  std::int64_t first_step = 0;
  std::vector<MetricInfo> metrics;
};

/// After a batch; the metrics are those that are cheap to compute so far.
struct StepEnd {
  Split split = Split::Train;
  std::int64_t epoch = 0;  // from 0
  std::int64_t batch = 0;  // in the epoch, from 0
  std::int64_t batches = -1;
  std::int64_t step = 0;   // optimizer steps of the whole run so far
  std::int64_t items = 0;  // in this batch
  double seconds = 0.0;    // since the run began
  std::vector<MetricValue> metrics;
};

struct EpochEnd {
  Split split = Split::Train;
  std::int64_t epoch = 0;
  std::int64_t step = 0;
  double seconds = 0.0;        // since the run began
  double epoch_seconds = 0.0;  // of this split's part of the epoch
  std::vector<MetricValue> metrics;
};

struct CheckpointSaved {
  std::string path;
  std::string reason;  // "every 500 steps", "best valid accuracy"
  std::int64_t epoch = 0;
  std::int64_t step = 0;
};

enum class Outcome : std::uint8_t { Finished, StoppedEarly, Stopped, Interrupted, Failed };
/// "finished", "stopped early", ...
const char* name_of(Outcome outcome);

struct RunEnd {
  Outcome outcome = Outcome::Finished;
  std::string text;  // why, and how to go on
  double seconds = 0.0;
};

/// What a viewer may ask for; the Learner acts when the batch is done.
struct Request {
  bool stop = false;  // finish the step, save, end
  bool save = false;  // write a checkpoint
};

/// Something that shows or records a run. Called by the training thread, one call at a time; a view that needs time does its
/// work elsewhere. Nothing a view throws ends the run: the Learner says so once and leaves the view out from there on.
class View {
 public:
  virtual ~View() = default;
  virtual void on_start(const RunStart&) {}
  virtual void on_step(const StepEnd&) {}
  virtual void on_epoch(const EpochEnd&) {}
  virtual void on_saved(const CheckpointSaved&) {}
  /// A line for the user: "early stopping in 2 epochs".
  virtual void on_message(const std::string&) {}
  virtual void on_end(const RunEnd&) {}
  /// Asked after each batch of training and validation. What it asks to save is saved after the next training batch.
  virtual Request poll() { return {}; }
};

}  // namespace fornax::train
