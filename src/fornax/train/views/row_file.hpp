#pragma once
// The tables of a run log: CSV files that grow by a row at a time.

#include <cstdint>
#include <fstream>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <fornax/train/view.hpp>

namespace fornax::train {

/// A row of either table. The first column of epochs.csv is the split, which steps.csv has not.
struct LogRow {
  Split split = Split::Train;
  std::int64_t step = 0, epoch = 0, batch = 0, items = 0;
  double seconds = 0.0, epoch_seconds = 0.0;
  std::vector<MetricValue> metrics;  // both values are the same
};

enum class LogTable : std::uint8_t { Steps, Epochs };

/// Calls f with each row. A last line without an end is left out.
///
/// Errors:  IoError; FormatError with the line.
void read_rows(LogTable table, const std::string& path, const std::function<void(const LogRow&)>& f);

/// A table that is being written.
class RowFile {
 public:
  /// Begins the file anew with these rows. Throws ValueError if a metric is named like a column or like another one.
  RowFile(LogTable table, const std::string& path, const std::vector<std::string>& metrics,
          std::span<const LogRow> rows);
  void add(const LogRow& row);
  /// Hands what was added to the system. Throws IoError.
  void flush();

 private:
  void append(std::string& text, const LogRow& row) const;

  LogTable table_;
  std::string path_, pending_;
  std::vector<std::string> metrics_;
  std::ofstream file_;
};

}  // namespace fornax::train
