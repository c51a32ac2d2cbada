#pragma once
// Rows of an SQLite database. Only in builds that have libsqlite3.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace fornax::data {

/// NULL, INTEGER, REAL, TEXT or BLOB.
using SqlValue = std::variant<std::monostate, std::int64_t, double, std::string, std::vector<std::byte>>;
using SqlRow = std::vector<SqlValue>;

/// The rows of a table, by their row ids in ascending order; which rows there are is looked up once. The database is
/// opened for reading only. Several threads may read: one reads at a time.
///
/// Errors:  IoError if the file cannot be opened, is no database or lacks the table, with SQLite's reason; here and in `get`.
///          IndexError; ValueError if a row has gone since.
class SqliteTable {
 public:
  SqliteTable(const std::string& path, const std::string& table);

  const std::vector<std::string>& columns() const;
  std::int64_t size() const;
  SqlRow get(std::int64_t i) const;

 private:
  struct Connection;
  std::shared_ptr<Connection> connection_;
};

}  // namespace fornax::data
