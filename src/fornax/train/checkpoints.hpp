#pragma once
// When a run is saved, and which of its checkpoints are kept.

#include <cstdint>
#include <string>
#include <vector>

#include <fornax/io/model.hpp>
#include <fornax/train/view.hpp>

namespace fornax::train {

/// When to save, and how many of the files that this rule asked for to keep. Rules are composed: a file stays for as long as
/// one of them wants it.
struct CheckpointRule {
  enum class When : std::uint8_t { Steps, Epochs, Seconds, Best, Asked };

  When when = When::Epochs;
  double every = 1;
  std::int64_t keep = 1;
  std::string metric = {};  // with When::Best
  Split split = Split::Valid;
  Goal goal = Goal::None;  // None: the metric's own

  /// "every 500 steps", "best valid accuracy".
  std::string reason() const;
};

/// After each epoch; the last n files.
CheckpointRule keep_last(std::int64_t n = 2);
/// After an epoch whose metric is among the n best so far; their files.
CheckpointRule keep_best(std::string metric = "loss", std::int64_t n = 1, Split split = Split::Valid);
/// After every n epochs, steps or (at the end of a step) seconds; the last `keep` files.
CheckpointRule every_epochs(std::int64_t n, std::int64_t keep = 1);
CheckpointRule every_steps(std::int64_t n, std::int64_t keep = 1);
CheckpointRule every_seconds(double seconds, std::int64_t keep = 1);

/// The checkpoints in a run's directory by their step, newest first; empty if there are none. They are complete, since they
/// appear as a whole; whether they are intact is found by reading them.
std::vector<std::string> checkpoints_in(const std::string& directory);
/// The newest checkpoint that is intact, or "" if there is none.
std::string latest_checkpoint(const std::string& directory);

namespace detail {

/// The weights in a checkpoint of a run, those of an average if there is one.
io::NamedArrays weights_of(const std::string& path);

/// Which rules ask for a checkpoint, and what they keep.
class Keeper {
 public:
  Keeper() = default;
  /// Throws ValueError for numbers that are not positive.
  Keeper(std::string directory, std::vector<CheckpointRule> rules);

  bool active() const { return !directory_.empty(); }
  std::vector<CheckpointRule>& rules() { return rules_; }
  const std::string& directory() const { return directory_; }

  /// Where the checkpoint of a step goes.
  std::string path_of(std::int64_t step) const;
  /// Numbers of the rules that want one after this step, and after this epoch (counted from 1); values are those of the
  /// metrics of rules for the best, in the order of the rules.
  std::vector<std::size_t> due_after_step(std::int64_t step, double seconds);
  std::vector<std::size_t> due_after_epoch(std::int64_t epoch, const std::vector<double>& values);
  /// The rule for those that someone asked for.
  std::vector<std::size_t> asked() const { return {rules_.size() - 1}; }
  std::string reason(const std::vector<std::size_t>& due) const;

  /// Puts the file on the lists of these rules; returns the files that no list has any more.
  std::vector<std::string> enlist(const std::vector<std::size_t>& due, std::int64_t step,
                                  const std::vector<double>& values);
  /// The best file by the first rule for the best, and "" if there is none.
  std::string best() const;

  /// The lists as text, to be saved with each checkpoint, and back. Lists of rules that are not there are forgotten.
  std::string str() const;
  void parse(const std::string& text);
  /// Removes what killed processes left: parts of files, and files before `step` that are on no list.
  void clean(std::int64_t step) const;

 private:
  struct Entry {
    std::int64_t step;
    double value;
  };
  bool listed(std::int64_t step) const;

  std::string directory_;
  std::vector<CheckpointRule> rules_;
  std::vector<std::vector<Entry>> lists_;  // oldest or worst first
  std::vector<double> saved_at_;           // seconds
};

}  // namespace detail

/// Puts the weights of a run into a model: those of a checkpoint, or of the newest intact one in a run's directory. If the
/// run averaged its weights, these are the averages.
///
/// Errors:  as of io::load_model; IoError if the directory has no checkpoint.
/// Example: auto net = NetConfig().init<Cpu>();
///          train::load_weights("runs/circle", net);
template <nn::Module M> nn::LoadReport load_weights(const std::string& path, M& model) {
  return io::load_into(model, detail::weights_of(path));
}

}  // namespace fornax::train
