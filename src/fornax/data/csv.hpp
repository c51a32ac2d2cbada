#pragma once
// Comma-separated values.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fornax/data/dataset.hpp>

namespace fornax::data {

struct CsvOptions {
  char separator = ',';
  /// The first record has the names of the columns.
  bool header = true;
};

/// A file of comma-separated values: a dataset whose items are rows of texts. Fields in quotes may have separators, line
/// breaks and doubled quotes; all records have the same number of fields; nothing is trimmed or guessed. Lines end with
/// CRLF or LF, and a byte order mark is passed over.
///
/// Errors:  IoError if the file cannot be read; FormatError with the line for a record of another length, a quote within a
///          bare field or text behind a closing one, a quoted field without end, a carriage return alone, or a name of a
///          column that is there twice.
/// Source:  RFC 4180.
class CsvTable {
 public:
  static CsvTable read(const std::string& path, const CsvOptions& options = {});
  /// The same from memory; errors call it `name`.
  static CsvTable parse(std::string_view text, std::string_view name, const CsvOptions& options = {});

  /// Names of the columns; empty without a header.
  const std::vector<std::string>& columns() const { return table_->columns; }
  /// Number of the column of this name. Throws ValueError if there is none.
  std::int64_t column(std::string_view name) const;

  std::int64_t size() const { return table_->rows; }
  std::vector<std::string> get(std::int64_t row) const;
  std::string_view field(std::int64_t row, std::int64_t column) const;

  /// f64 [rows, columns]. Throws FormatError with the line for a field that is not a number as a whole.
  TensorData numbers() const;
  TensorData numbers(std::span<const std::int64_t> columns) const;

 private:
  struct Table {
    std::string name, text;           // the fields' contents one behind the other
    std::vector<std::size_t> ends;    // of each field in text
    std::vector<std::int64_t> lines;  // on which each row begins
    std::vector<std::string> columns;
    std::int64_t rows = 0, width = 0;
  };
  explicit CsvTable(std::shared_ptr<const Table> table) : table_(std::move(table)) {}
  std::shared_ptr<const Table> table_;
};

}  // namespace fornax::data
