// Saving a run as a whole, and going on from it with the same bits.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <sstream>

#include <fornax/array/error.hpp>
#include <fornax/io/model.hpp>
#include <fornax/train/loop.hpp>
#include <fornax/train/snapshot.hpp>

namespace fornax::train::detail {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kFormat = 1;

std::uint64_t number(std::int64_t n) { return static_cast<std::uint64_t>(n); }

std::int64_t get_count(const io::Record& from, const std::string& name) {
  return static_cast<std::int64_t>(get_number(from, name));
}

optim::State require_state(const io::Record& from, const std::string& prefix) {
  std::optional<optim::State> state = find_state(from, prefix);
  if (!state)
    throw ValueError("Learner", "the checkpoint has no state of \"" + prefix + "\": the run it is of had none");
  return std::move(*state);
}

}  // namespace

std::vector<Generator> Loop::generators() const {
  std::vector<Generator> all{default_generator()};
  for (const Generator* generator : settings_.generators) all.push_back(*generator);
  return all;
}

void Loop::set_generators(const std::vector<Generator>& all) const {
  set_default_generator(all[0]);
  for (std::size_t i = 0; i < settings_.generators.size(); ++i) *settings_.generators[i] = all[i + 1];
}

io::Record Loop::snapshot(Task& task, const Keeper& keeper) const {
  io::Record record;
  put_number(record, "format", kFormat);
  put_number(record, "epoch", number(at_.epoch));
  put_number(record, "batch", number(at_.batch));
  put_number(record, "step", number(at_.step));
  put_text(record, "phase", name_of(at_.phase));
  put_text(record, "train_loader", task.place(Split::Train));
  put_text(record, "valid_loader", task.place(Split::Valid));
  put_text(record, "checkpoints", keeper.str());
  put_number(record, "milliseconds", static_cast<std::uint64_t>(seconds() * 1e3));
  std::string random;
  for (const Generator& generator : generators())
    random += std::to_string(generator.seed()) + " " + std::to_string(generator.offset()) + "\n";
  put_text(record, "generators", random);

  for (auto& [path, array] : task.state()) record.arrays.emplace("model/" + path, array);
  put_state(record, "optimizer", task.optimizer().state());
  if (scheduler_) put_state(record, "scheduler", scheduler_->state());
  if (plateau_) put_state(record, "plateau", plateau_->state());
  if (ema_) put_state(record, "ema", ema_->state());
  if (stopping_) put_state(record, "stopping", stopping_->state());
  if (scaler_) put_state(record, "scaler", scaler_->state());
  put_number(record, "accumulated", number(accumulator_.count()));
  // In their order, by which a norm of all of them is summed up.
  std::string paths;
  for (const auto& [path, array] : accumulator_.sum().entries()) {
    record.arrays.emplace("accumulated/" + path, array);
    paths += path + "\n";
  }
  put_text(record, "accumulated_paths", paths);
  // Between epochs no metric has anything to remember.
  if (at_.batch > 0 || at_.phase == Split::Valid)
    for (const auto& metric : settings_.metrics[0]) put_state(record, "metric/" + metric->name(), metric->state());
  return record;
}

bool Loop::resume(Task& task) {
  for (const std::string& path : checkpoints_in(settings_.directory)) {
    io::Record record;
    try {
      record = io::load_checkpoint(path);
    } catch (const Error& error) {
      say(std::string("a checkpoint is damaged, and the one before it is taken: ") + error.what());
      continue;
    }
    restore(task, record);
    keeper_.clean(at_.step);
    last_saved_ = at_;
    last_saved_path_ = path;
    return true;
  }
  return false;
}

void Loop::restore(Task& task, const io::Record& record) {
  if (const std::uint64_t format = get_number(record, "format"); format != kFormat)
    throw FormatError("Learner", "the checkpoint is of version " + std::to_string(format) + "; this program reads " +
                                     std::to_string(kFormat));
  task.load_state(io::to_state(arrays_below(record, "model")));
  if (scheduler_) scheduler_->load_state(require_state(record, "scheduler"));
  task.optimizer().load_state(require_state(record, "optimizer"));
  // Rates follow from the schedule, and so may the momentum, which is none of what every optimizer saves.
  if (scheduler_)
    if (const auto momentum = scheduler_->momentum()) task.optimizer().set_momentum(*momentum);
  if (plateau_) plateau_->load_state(require_state(record, "plateau"));
  if (ema_) ema_->load_state(require_state(record, "ema"));
  if (stopping_) stopping_->load_state(require_state(record, "stopping"));
  if (scaler_) scaler_->load_state(require_state(record, "scaler"));
  optim::NamedGradients sum;
  const io::NamedArrays parts = arrays_below(record, "accumulated");
  std::istringstream paths(get_text(record, "accumulated_paths"));
  for (std::string path; std::getline(paths, path);)
    if (const auto part = parts.find(path); part != parts.end()) sum.set(path, part->second);
  accumulator_.restore(std::move(sum), get_count(record, "accumulated"));
  for (const auto& metric : settings_.metrics[0])
    if (const auto state = find_state(record, "metric/" + metric->name())) metric->load_state(*state);

  at_.epoch = get_count(record, "epoch");
  at_.batch = get_count(record, "batch");
  at_.step = get_count(record, "step");
  at_.phase = get_text(record, "phase") == name_of(Split::Valid) ? Split::Valid : Split::Train;
  task.go_to(Split::Train, get_text(record, "train_loader"), at_.phase == Split::Train ? at_.batch : 0);
  if (task.has(Split::Valid)) task.go_to(Split::Valid, get_text(record, "valid_loader"), 0);
  seconds_before_ = static_cast<double>(get_count(record, "milliseconds")) / 1e3;
  keeper_.parse(get_text(record, "checkpoints"), seconds_before_);

  std::vector<Generator> random;
  std::istringstream lines(get_text(record, "generators"));
  for (std::uint64_t seed = 0, offset = 0; lines >> seed >> offset;) random.emplace_back(seed, offset);
  if (random.size() != settings_.generators.size() + 1)
    throw ValueError("Learner", "the checkpoint has " + std::to_string(random.size()) +
                                    " random generators, the default one among them, and this run " +
                                    std::to_string(settings_.generators.size() + 1));
  set_generators(random);
}

void Loop::save(Task& task, const std::vector<std::size_t>& due, const std::vector<double>& values) {
  Keeper next = keeper_;
  const std::vector<std::string> dropped = next.enlist(due, at_.step, values);
  const std::string path = next.path_of(at_.step);
  try {
    fs::create_directories(fs::path(path).parent_path());
    const io::Record record = snapshot(task, next);
    io::save_checkpoint(path, record.arrays, record.metadata);
  } catch (const Error& error) {
    // A full disk need not end a run that may have taken days.
    say(std::string("no checkpoint was written, and the run goes on without: ") + error.what());
    return;
  } catch (const fs::filesystem_error& error) {
    say(std::string("no checkpoint was written, and the run goes on without: ") + error.what());
    return;
  }
  keeper_ = std::move(next);
  // Not before the new one is whole.
  std::error_code ignored;
  for (const std::string& file : dropped) fs::remove(file, ignored);
  last_saved_ = at_;
  last_saved_path_ = path;
  const CheckpointSaved saved{.path = path, .reason = keeper_.reason(due), .epoch = at_.epoch, .step = at_.step};
  tell([&](View& view) { view.on_saved(saved); });
}

void Loop::save_last(Task& task) {
  if (keeper_.active() && !(last_saved_ && *last_saved_ == at_)) save(task, keeper_.asked(), {});
}

}  // namespace fornax::train::detail
