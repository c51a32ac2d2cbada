#pragma once
// Ways to watch a run and to keep what it tells: views to be handed to a Learner.

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include <fornax/train/view.hpp>

namespace fornax::train {

// --- To watch ---------------------------------------------------------------------------------------------------------

struct LineOptions {
  std::FILE* out = nullptr;     // null: standard output
  double progress_every = 5.0;  // seconds between lines within an epoch
  bool quiet = false;           // epochs, messages and the outcome alone
};
/// A table that grows by a line for each epoch, with lines of progress between: for logs and pipes.
std::unique_ptr<View> line_view(const LineOptions& options = {});

struct TerminalOptions {
  /// Lines and curves of ASCII alone; in locales without UTF-8 they are in any case.
  bool ascii = false;
  /// Prints the table of epochs and the messages when the run has ended and the screen is given back.
  bool summary = true;
};
/// A dashboard that fills the terminal: curves, metrics, progress, time left. Keys: q stops the run, s saves, arrows and tab
/// choose the metric, ? says so. It draws from a thread of its own, at most ten times a second: keys and resizing work however
/// long a step takes, and a step pays for nothing but putting its values into a list. One at a time.
///
/// Errors:  ValueError if standard input or output is no terminal, if its type (TERM) is not known, if there is one already, or
///          if fornax was built without ncurses.
std::unique_ptr<View> terminal_view(const TerminalOptions& options = {});
/// Whether terminal_view would work here.
bool terminal_view_works();

/// The dashboard in a terminal, lines elsewhere.
std::unique_ptr<View> auto_view();

struct WebOptions {
  int port = 0;          // 0: any that is free
  bool announce = true;  // says the address on standard error
};
class WebView : public View {
 public:
  /// "http://127.0.0.1:40123/".
  virtual std::string url() const = 0;
};
/// The dashboard as a page that this process serves to browsers on this machine (127.0.0.1) as long as the view lives. Other sites
/// in the same browser can neither read it nor stop the run: names other than this machine's are refused, and requests
/// that change something need a token that only the page has.
///
/// Errors:  IoError if the port is taken; ValueError if fornax was built without cpp-httplib.
std::unique_ptr<WebView> web_view(const WebOptions& options = {});

// --- To keep ----------------------------------------------------------------------------------------------------------

struct RunLogOptions {
  std::int64_t every = 1;  // steps between rows of steps.csv
  bool report = true;      // writes report.html at the end
};
/// Keeps a run in its directory (RunStart::directory): `run.json` with its settings, checkpoints, messages and outcome,
/// `steps.csv` with the metrics of training batches, `epochs.csv` with those of epochs, and at the end `report.html`. A run that
/// is resumed goes on in the same files, without the rows after the step at which it resumes; one that begins at step 0
/// replaces them. What is written anew is written as a whole or not at all; a killed run leaves all but the last seconds.
///
/// Errors:  IoError; ValueError if the run has no directory, or if a metric is named like a column; FormatError if files of
///          an earlier part of the run are damaged.
std::unique_ptr<View> run_log(const RunLogOptions& options = {});

/// Writes scalars for TensorBoard: loss/train_step by step, loss/train and loss/valid by epoch.
/// `directory`: empty means "tensorboard" in the run's own.
///
/// Errors:  IoError; ValueError if neither directory is given.
/// Source:  TensorFlow, tensorflow/core/util/event.proto, framework/summary.proto, and lib/io/record_writer.cc.
std::unique_ptr<View> tensorboard_view(const std::string& directory = {}, std::int64_t every = 1);

}  // namespace fornax::train
