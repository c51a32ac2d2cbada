#include <fornax/data/sqlite.hpp>

#include <sqlite3.h>

#include <mutex>
#include <utility>

#include <fornax/array/error.hpp>
#include <fornax/data/dataset.hpp>
#include <fornax/io/input.hpp>

namespace fornax::data {

namespace {

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

// A name as SQL has it: in quotes, which are doubled within.
std::string sql_name(const std::string& name) {
  std::string out = "\"";
  for (const char c : name) out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

SqlValue value_of(sqlite3_stmt* row, int column) {
  const auto size = [&] { return static_cast<std::size_t>(sqlite3_column_bytes(row, column)); };
  switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER: return std::int64_t{sqlite3_column_int64(row, column)};
    case SQLITE_FLOAT: return sqlite3_column_double(row, column);
    case SQLITE_TEXT: {
      const unsigned char* const text = sqlite3_column_text(row, column);
      return std::string(reinterpret_cast<const char*>(text), size());
    }
    case SQLITE_BLOB: {
      const auto* const bytes = static_cast<const std::byte*>(sqlite3_column_blob(row, column));
      return std::vector<std::byte>(bytes, bytes + size());
    }
    default: return std::monostate();
  }
}

}  // namespace

struct SqliteTable::Connection {
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
  };

  Connection(const std::string& path, const std::string& table) : operation(io::operation_on("SqliteTable", path)) {
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
    database.reset(opened);
    if (code != SQLITE_OK) fail();
    const Statement list = prepare("SELECT rowid FROM " + sql_name(table) + " ORDER BY rowid");
    int step = SQLITE_ROW;
    while ((step = sqlite3_step(list.get())) == SQLITE_ROW) ids.push_back(sqlite3_column_int64(list.get(), 0));
    if (step != SQLITE_DONE) fail();
    row = prepare("SELECT * FROM " + sql_name(table) + " WHERE rowid = ?");
    for (int k = 0; k < sqlite3_column_count(row.get()); ++k) columns.emplace_back(sqlite3_column_name(row.get(), k));
  }

  [[noreturn]] void fail() const {
    throw IoError(operation, database ? sqlite3_errmsg(database.get()) : "no memory to open it");
  }
  Statement prepare(const std::string& sql) const {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database.get(), sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) fail();
    return Statement(statement);
  }

  std::string operation;
  std::unique_ptr<sqlite3, Close> database;
  std::vector<sqlite3_int64> ids;
  std::vector<std::string> columns;
  std::mutex mutex;  // guards the statement, and with it the database
  Statement row;
};

SqliteTable::SqliteTable(const std::string& path, const std::string& table)
    : connection_(std::make_shared<Connection>(path, table)) {}

const std::vector<std::string>& SqliteTable::columns() const { return connection_->columns; }
std::int64_t SqliteTable::size() const { return static_cast<std::int64_t>(connection_->ids.size()); }

SqlRow SqliteTable::get(std::int64_t i) const {
  check_item("SqliteTable", i, size());
  Connection& c = *connection_;
  const std::lock_guard lock(c.mutex);
  const sqlite3_int64 id = c.ids[static_cast<std::size_t>(i)];
  sqlite3_stmt* const row = c.row.get();
  sqlite3_reset(row);
  sqlite3_bind_int64(row, 1, id);
  const int step = sqlite3_step(row);
  if (step == SQLITE_DONE) throw ValueError(c.operation, "the row with id " + std::to_string(id) + " has gone");
  if (step != SQLITE_ROW) c.fail();
  SqlRow values;
  for (int k = 0; k < sqlite3_column_count(row); ++k) values.push_back(value_of(row, k));
  sqlite3_reset(row);
  return values;
}

}  // namespace fornax::data
