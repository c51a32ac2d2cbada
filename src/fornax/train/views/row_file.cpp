#include <fornax/train/views/row_file.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include <fornax/array/error.hpp>
#include <fornax/data/csv.hpp>
#include <fornax/data/text_file.hpp>
#include <fornax/io/atomic_file.hpp>
#include <fornax/io/input.hpp>

namespace fornax::train {

namespace {

const std::vector<std::string>& columns_of_table(LogTable table) {
  static const std::vector<std::string> steps{"step", "epoch", "batch", "items", "seconds"};
  static const std::vector<std::string> epochs{"split", "epoch", "step", "seconds", "epoch_seconds"};
  return table == LogTable::Steps ? steps : epochs;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

// The shortest text that reads back as the same value.
void append_number(std::string& text, double value) {
  char digits[32];
  text.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

class Reader {
 public:
  Reader(LogTable table, const std::string& path) : table_(table), operation_(io::operation_on("read_run", path)) {}

  void read(const std::string& path, const std::function<void(const LogRow&)>& f) {
    std::string text = data::read_text(operation_, path);
    text.resize(text.rfind('\n') + 1);  // npos + 1 is 0
    if (text.empty()) throw FormatError(operation_, "it has no line with the names of the columns");
    const data::CsvTable csv = data::CsvTable::parse(text, path);
    const std::vector<std::string>& columns = csv.columns();
    const std::vector<std::string>& fixed = columns_of_table(table_);
    if (columns.size() < fixed.size() || !std::equal(fixed.begin(), fixed.end(), columns.begin()))
      throw FormatError(operation_, "the columns do not begin with those of a run log");
    LogRow row;
    for (row_ = 0; row_ < csv.size(); ++row_) {
      read_fixed(csv, row);
      row.metrics.clear();
      for (std::size_t c = fixed.size(); c < columns.size(); ++c) {
        const std::string_view field = csv.field(row_, static_cast<std::int64_t>(c));
        if (field.empty()) continue;
        const double value = number(field);
        row.metrics.push_back({columns[c], value, value});
      }
      f(row);
    }
  }

 private:
  void read_fixed(const data::CsvTable& csv, LogRow& row) const {
    if (table_ == LogTable::Steps) {
      row.step = integer(csv.field(row_, 0));
      row.epoch = integer(csv.field(row_, 1));
      row.batch = integer(csv.field(row_, 2));
      row.items = integer(csv.field(row_, 3));
      row.seconds = number(csv.field(row_, 4));
    } else {
      row.split = split(csv.field(row_, 0));
      row.epoch = integer(csv.field(row_, 1));
      row.step = integer(csv.field(row_, 2));
      row.seconds = number(csv.field(row_, 3));
      row.epoch_seconds = number(csv.field(row_, 4));
    }
  }

  [[noreturn]] void fail(std::string_view field, const char* wanted) const {
    throw FormatError(operation_,
                      "row " + std::to_string(row_ + 1) + ": " + io::in_quotes(field) + " is not " + wanted);
  }

  double number(std::string_view field) const {
    double value = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (error != std::errc{} || end != field.data() + field.size()) fail(field, "a number");
    return value;
  }

  // Not so large that sums of them could overflow.
  std::int64_t integer(std::string_view field) const {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (error != std::errc{} || end != field.data() + field.size() || value < 0 || value > std::int64_t{1} << 53)
      fail(field, "a number of steps, epochs, batches or items");
    return value;
  }

  Split split(std::string_view field) const {
    for (const Split s : {Split::Train, Split::Valid, Split::Test})
      if (field == name_of(s)) return s;
    fail(field, "train, valid or test");
  }

  LogTable table_;
  std::string operation_;
  std::int64_t row_ = 0;
};

}  // namespace

void read_rows(LogTable table, const std::string& path, const std::function<void(const LogRow&)>& f) {
  Reader(table, path).read(path, f);
}

RowFile::RowFile(LogTable table, const std::string& path, const std::vector<std::string>& metrics,
                 std::span<const LogRow> rows)
    : table_(table), path_(path), metrics_(metrics) {
  std::vector<std::string> columns = columns_of_table(table);
  for (const std::string& m : metrics) {
    if (std::ranges::find(columns, m) != columns.end())
      throw ValueError("run_log", "metric " + io::in_quotes(m) + " is named like another column of \"" + path + "\"");
    columns.push_back(m);
  }
  std::string text;
  for (const std::string& c : columns) text += (text.empty() ? "" : ",") + csv_field(c);
  text += "\n";
  for (const LogRow& row : rows) append(text, row);
  io::write_file_atomically("run_log", path, text);
  file_.open(path, std::ios::binary | std::ios::app);
  flush();
}

void RowFile::append(std::string& text, const LogRow& row) const {
  const auto integers = [&](std::initializer_list<std::int64_t> values) {
    for (const std::int64_t v : values) text += std::to_string(v) + ",";
  };
  if (table_ == LogTable::Steps) {
    integers({row.step, row.epoch, row.batch, row.items});
    append_number(text, row.seconds);
  } else {
    text.append(name_of(row.split)).append(",");
    integers({row.epoch, row.step});
    append_number(text, row.seconds);
    text += ",";
    append_number(text, row.epoch_seconds);
  }
  for (const std::string& name : metrics_) {
    text += ",";
    const auto at = std::ranges::find_if(row.metrics, [&](const MetricValue& v) { return v.name == name; });
    if (at != row.metrics.end()) append_number(text, table_ == LogTable::Steps ? at->value : at->epoch);
  }
  text += "\n";
}

void RowFile::add(const LogRow& row) {
  append(pending_, row);
  if (pending_.size() > 1 << 16) flush();
}

void RowFile::flush() {
  file_ << pending_ << std::flush;
  if (!file_) throw IoError("run_log", "cannot write \"" + path_ + "\"");
  pending_.clear();
}

}  // namespace fornax::train
