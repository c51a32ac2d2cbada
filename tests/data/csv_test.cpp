#include <fornax/data/csv.hpp>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <data/files.hpp>
#include <fornax/array/error.hpp>
#include <io/files.hpp>

namespace fornax::test {
namespace {

using data::CsvTable;
using Row = std::vector<std::string>;

CsvTable parse(const std::string& text, const data::CsvOptions& options = {}) {
  return CsvTable::parse(text, "x", options);
}

std::string refusal(const std::string& text) {
  return message_of<FormatError>([&] { parse(text).numbers(); });
}

static_assert(data::MapDataset<CsvTable>);

TEST(Csv, ReadsRowsOfTexts) {
  const CsvTable table = parse("a,b,c\r\n1, x ,\r\n\"q\"\"uote\",\"line\nbreak, comma\",end\r\n");
  EXPECT_EQ(table.columns(), (Row{"a", "b", "c"}));
  ASSERT_EQ(table.size(), 2);
  EXPECT_EQ(table.get(0), (Row{"1", " x ", ""}));
  EXPECT_EQ(table.get(1), (Row{"q\"uote", "line\nbreak, comma", "end"}));
  EXPECT_EQ(table.field(1, 2), "end");
  EXPECT_EQ(table.column("c"), 2);
  EXPECT_EQ(message_of<ValueError>([&] { table.column("d"); }), "read_csv \"x\": there is no column \"d\"");
}

TEST(Csv, LinesMayEndEitherWayAndTheLastNeedNotEnd) {
  for (const std::string text : {"1,2\n3,4\n", "1,2\r\n3,4\r\n", "1,2\n3,4", "\xef\xbb\xbf\"1\",2\n3,\"4\""}) {
    const CsvTable table = parse(text, {.header = false});
    EXPECT_EQ(table.numbers(), TensorData({{1.0, 2.0}, {3.0, 4.0}})) << text;
    EXPECT_TRUE(table.columns().empty());
  }
  EXPECT_EQ(parse("a\n").size(), 0);
  EXPECT_EQ(parse("").size(), 0);
  EXPECT_EQ(parse("a\n\n").get(0), Row{""}) << "an empty line is a record of one empty field";
  EXPECT_EQ(parse("1;2", {.separator = ';', .header = false}).get(0), (Row{"1", "2"}));
}

TEST(Csv, NumbersAreThoseOfSomeOrAllColumns) {
  const CsvTable table = parse("x,name,y\n1e3,a,-0.5\ninf,b,7\n");
  const std::vector<std::int64_t> columns{2, 0};
  EXPECT_EQ(table.numbers(columns), TensorData({{-0.5, 1000.0}, {7.0, std::numeric_limits<double>::infinity()}}));
  EXPECT_EQ(message_of<FormatError>([&] { table.numbers(); }), "read_csv \"x\": line 2, field 2: \"a\" is no number");
}

TEST(Csv, RefusesWhatTheFormatDoesNotAllowWithItsLine) {
  EXPECT_EQ(refusal("a,b\n1,2\n3\n"), "read_csv \"x\": line 3: 1 fields; the first record has 2");
  EXPECT_EQ(refusal("a\n\"1\n2\"\n1,2\n"), "read_csv \"x\": line 4: 2 fields; the first record has 1");
  EXPECT_EQ(refusal("a\nb\"c\n"), "read_csv \"x\": line 2: a quote within a field that is not in quotes");
  EXPECT_EQ(refusal("a\n\"b\"c\n"), "read_csv \"x\": line 2: text behind a closing quote");
  EXPECT_EQ(refusal("a\n1\n\"b\n\n"), "read_csv \"x\": line 3: a quote that begins here is not closed");
  EXPECT_EQ(refusal("a\rb\n"), "read_csv \"x\": line 1: a carriage return without a line feed");
  EXPECT_EQ(refusal("a,a\n"), "read_csv \"x\": line 1: column \"a\" is there twice");
  EXPECT_EQ(refusal("a\n1x\n"), "read_csv \"x\": line 2, field 1: \"1x\" is no number");
  EXPECT_EQ(refusal("a\n 1\n"), "read_csv \"x\": line 2, field 1: \" 1\" is no number");
}

TEST(Csv, ReadsFiles) {
  const TempDir dir;
  const std::string path = dir.write("a.csv", bytes_of_text("a,b\n1,2\n"));
  EXPECT_EQ(CsvTable::read(path).numbers(), TensorData({{1.0, 2.0}}));
  EXPECT_EQ(message_of<IoError>([&] { CsvTable::read(dir.path("no")); }),
            "read_csv \"" + dir.path("no") + "\": No such file or directory");
}

}  // namespace
}  // namespace fornax::test
