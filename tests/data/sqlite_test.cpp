#include <fornax/data/sqlite.hpp>

#include <sqlite3.h>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <data/files.hpp>
#include <fornax/array/error.hpp>
#include <fornax/data/loader.hpp>

namespace fornax::test {
namespace {

using data::SqliteTable;
using data::SqlRow;

static_assert(data::MapDataset<SqliteTable>);

std::string database(const TempDir& dir, const std::string& sql) {
  const std::string path = dir.path("a.db");
  sqlite3* db = nullptr;
  EXPECT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
  sqlite3_close(db);
  return path;
}

TEST(SqliteTable, RowsHaveTheirTypes) {
  const TempDir dir;
  const SqliteTable table(database(dir,
                                   "CREATE TABLE \"odd \"\"name\"(a, b, c, d, e);"
                                   "INSERT INTO \"odd \"\"name\" VALUES(1, 2.5, 'text', x'00ff', NULL);"
                                   "INSERT INTO \"odd \"\"name\" VALUES(-9223372036854775808, '', x'', 0.0, 'z');"
                                   "DELETE FROM \"odd \"\"name\" WHERE rowid = 1;"
                                   "INSERT INTO \"odd \"\"name\" VALUES(1, 2.5, 'text', x'00ff', NULL);"),
                          "odd \"name");
  EXPECT_EQ(table.columns(), (std::vector<std::string>{"a", "b", "c", "d", "e"}));
  ASSERT_EQ(table.size(), 2);
  const std::vector<std::byte> bytes{std::byte{0}, std::byte{255}};
  EXPECT_EQ(table.get(1), (SqlRow{std::int64_t{1}, 2.5, std::string("text"), bytes, std::monostate()}));
  EXPECT_EQ(table.get(0), (SqlRow{std::numeric_limits<std::int64_t>::min(), std::string(), std::vector<std::byte>(),
                                  0.0, std::string("z")}));
  EXPECT_THROW(table.get(2), IndexError);
}

TEST(SqliteTable, WorkersReadItTogether) {
  const TempDir dir;
  std::string sql = "CREATE TABLE t(x INTEGER);BEGIN;";
  for (int i = 0; i < 300; ++i) sql += "INSERT INTO t VALUES(" + std::to_string(i) + ");";
  const SqliteTable table(database(dir, sql + "COMMIT;"), "t");
  data::DataLoader loader(table, {.batch_size = 7, .workers = 4});
  std::int64_t expected = 0;
  for (const auto& batch : loader)
    for (const SqlRow& row : batch) EXPECT_EQ(std::get<std::int64_t>(row[0]), expected++);
  EXPECT_EQ(expected, 300);
}

TEST(SqliteTable, NamesWhatIsWrong) {
  const TempDir dir;
  EXPECT_EQ(message_of<IoError>([&] { SqliteTable(dir.path("no.db"), "t"); }),
            "SqliteTable \"" + dir.path("no.db") + "\": unable to open database file");
  const std::string path = database(dir, "CREATE TABLE t(x); INSERT INTO t VALUES(1);");
  EXPECT_EQ(message_of<IoError>([&] { SqliteTable(path, "u"); }), "SqliteTable \"" + path + "\": no such table: u");
  const std::string text = dir.write("text", Bytes(5000, std::byte{'x'}));
  EXPECT_EQ(message_of<IoError>([&] { SqliteTable(text, "t"); }),
            "SqliteTable \"" + text + "\": file is not a database");
  const SqliteTable table(path, "t");
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, "DELETE FROM t", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
  EXPECT_EQ(message_of<ValueError>([&] { table.get(0); }), "SqliteTable \"" + path + "\": the row with id 1 has gone");
}

}  // namespace
}  // namespace fornax::test
