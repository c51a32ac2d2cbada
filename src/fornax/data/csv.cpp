#include <fornax/data/csv.hpp>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <system_error>
#include <utility>

#include <fornax/array/error.hpp>
#include <fornax/data/text_file.hpp>
#include <fornax/io/input.hpp>

namespace fornax::data {

namespace {

// Cuts a text into records and fields.
class Scanner {
 public:
  Scanner(std::string operation, std::string_view text, char separator)
      : operation_(std::move(operation)), text_(text), separator_(separator) {}

  bool at_end() const { return at_ == text_.size(); }
  std::int64_t line() const { return line_; }

  // Appends the fields of one record and their ends; returns their number.
  std::int64_t read_record(std::string& fields, std::vector<std::size_t>& ends) {
    for (std::int64_t count = 1;; ++count) {
      read_field(fields);
      ends.push_back(fields.size());
      if (at_end() || text_[at_] != separator_) {
        end_record();
        return count;
      }
      ++at_;
    }
  }
  [[noreturn]] void fail(std::int64_t line, const std::string& detail) const {
    throw FormatError(operation_, "line " + std::to_string(line) + ": " + detail);
  }

 private:
  void read_field(std::string& to) {
    if (at_end() || text_[at_] != '"') {
      for (; !at_end() && text_[at_] != separator_ && text_[at_] != '\n' && text_[at_] != '\r'; ++at_) {
        if (text_[at_] == '"') fail(line_, "a quote within a field that is not in quotes");
        to += text_[at_];
      }
      return;
    }
    const std::int64_t begin = line_;
    for (++at_;; ++at_) {
      if (at_end()) fail(begin, "a quote that begins here is not closed");
      if (text_[at_] == '"') {
        if (++at_ == text_.size() || text_[at_] != '"') break;
      }
      if (text_[at_] == '\n') ++line_;
      to += text_[at_];
    }
    if (!at_end() && text_[at_] != separator_ && text_[at_] != '\n' && text_[at_] != '\r')
      fail(line_, "text behind a closing quote");
  }
  void end_record() {
    if (at_end()) return;
    if (text_[at_] == '\r' && (++at_ == text_.size() || text_[at_] != '\n'))
      fail(line_, "a carriage return without a line feed");
    ++at_;
    ++line_;
  }

  std::string operation_;
  std::string_view text_;
  char separator_;
  std::size_t at_ = 0;
  std::int64_t line_ = 1;
};

}  // namespace

CsvTable CsvTable::read(const std::string& path, const CsvOptions& options) {
  return parse(read_text(io::operation_on("read_csv", path), path), path, options);
}

CsvTable CsvTable::parse(std::string_view text, std::string_view name, const CsvOptions& options) {
  constexpr std::string_view mark = "\xef\xbb\xbf";
  if (text.starts_with(mark)) text.remove_prefix(mark.size());
  auto table = std::make_shared<Table>();
  table->name = io::operation_on("read_csv", name);
  Scanner scanner(table->name, text, options.separator);
  if (options.header && !scanner.at_end()) {
    std::string names;
    std::vector<std::size_t> ends;
    table->width = scanner.read_record(names, ends);
    std::size_t begin = 0;
    for (const std::size_t end : ends) {
      std::string column = names.substr(begin, end - begin);
      if (std::ranges::find(table->columns, column) != table->columns.end())
        scanner.fail(1, "column " + io::in_quotes(column) + " is there twice");
      table->columns.push_back(std::move(column));
      begin = end;
    }
  }
  while (!scanner.at_end()) {
    const std::int64_t line = scanner.line();
    const std::int64_t fields = scanner.read_record(table->text, table->ends);
    if (table->rows == 0 && !options.header) table->width = fields;
    if (fields != table->width)
      scanner.fail(line, std::to_string(fields) + " fields; the first record has " + std::to_string(table->width));
    table->lines.push_back(line);
    ++table->rows;
  }
  return CsvTable(std::move(table));
}

std::int64_t CsvTable::column(std::string_view name) const {
  const auto found = std::ranges::find(table_->columns, name);
  if (found == table_->columns.end()) throw ValueError(table_->name, "there is no column " + io::in_quotes(name));
  return found - table_->columns.begin();
}

std::string_view CsvTable::field(std::int64_t row, std::int64_t column) const {
  check_item("CsvTable", row, size());
  check_item("CsvTable column", column, table_->width);
  const auto i = static_cast<std::size_t>(row * table_->width + column);
  const std::size_t begin = i == 0 ? 0 : table_->ends[i - 1];
  return std::string_view(table_->text).substr(begin, table_->ends[i] - begin);
}

std::vector<std::string> CsvTable::get(std::int64_t row) const {
  check_item("CsvTable", row, size());
  std::vector<std::string> fields;
  for (std::int64_t k = 0; k < table_->width; ++k) fields.emplace_back(field(row, k));
  return fields;
}

TensorData CsvTable::numbers() const {
  std::vector<std::int64_t> all(static_cast<std::size_t>(table_->width));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  return numbers(all);
}

TensorData CsvTable::numbers(std::span<const std::int64_t> columns) const {
  TensorData out(Shape{size(), columns.size()}, DType::F64);
  auto to = out.values<double>().begin();
  for (std::int64_t row = 0; row < size(); ++row)
    for (const std::int64_t column : columns) {
      const std::string_view text = field(row, column);
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *to++);
      if (error != std::errc() || end != text.data() + text.size())
        throw FormatError(table_->name, "line " + std::to_string(table_->lines[static_cast<std::size_t>(row)]) +
                                            ", field " + std::to_string(column + 1) + ": " + io::in_quotes(text) +
                                            " is no number");
    }
  return out;
}

}  // namespace fornax::data
