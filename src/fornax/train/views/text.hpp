#pragma once
// Numbers and columns as people read them.

#include <cstddef>
#include <string>
#include <string_view>

#include <fornax/train/views/history.hpp>

namespace fornax::train {

/// With four significant digits or more: "0.4312", "91.25", "6120", "1.200e-05", "nan".
std::string number_text(double value);
/// With its unit: "91.25 %", "6120 items/s".
std::string value_text(double value, std::string_view unit);
/// "45 ms", "12.3 s", "4:05 min", "1:23:45 h".
std::string duration_text(double seconds);
/// Number of characters; each is taken to be one column wide.
std::size_t columns_of(std::string_view utf8);
/// Filled with spaces to a width, or cut to it.
std::string padded(std::string_view utf8, std::size_t width);
std::string padded_left(std::string_view utf8, std::size_t width);
/// Cut to a width.
std::string cut(std::string_view utf8, std::size_t width);

/// The epochs of a run as a table with a row for each: its training and, if there is one, its validation.
class EpochTable {
 public:
  explicit EpochTable(const RunStart& run);
  std::string header() const;
  /// Either may be null.
  std::string row(const EpochEnd* train, const EpochEnd* valid) const;

 private:
  struct Column {
    Split split;
    std::string metric, unit, title;
    std::size_t width;
  };
  std::vector<Column> columns_;
  std::int64_t epochs_ = 0;
  std::size_t epoch_width_ = 0;
};

/// The table of a history, its messages and its outcome: lines.
std::string summary_text(const History& history);
/// "finished after 9.0 s: all epochs are done".
std::string outcome_text(const RunEnd& end);

/// "epoch 3/10".
std::string epoch_text(std::int64_t epoch, std::int64_t epochs);

}  // namespace fornax::train
