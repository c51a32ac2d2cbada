#include <fornax/data/text_lines.hpp>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <data/files.hpp>
#include <fornax/array/error.hpp>
#include <fornax/data/dataset.hpp>
#include <io/files.hpp>

namespace fornax::test {
namespace {

using data::LineStream;
using data::TextLines;
using Lines = std::vector<std::string>;

static_assert(data::MapDataset<TextLines> && data::IterableDataset<LineStream>);

Lines all(const TextLines& lines) {
  Lines out;
  for (std::int64_t i = 0; i < lines.size(); ++i) out.push_back(lines.get(i));
  return out;
}
Lines all(const LineStream& lines) {
  Lines out;
  auto stream = lines.stream();
  while (auto line = stream.next()) out.push_back(*line);
  return out;
}

TEST(TextLines, AreTheSameHeldAndStreamed) {
  const TempDir dir;
  const std::pair<std::string, Lines> cases[] = {
      {"", {}},
      {"\n", {""}},
      {"a", {"a"}},
      {"a\n", {"a"}},
      {"a\r\nb\n\nc", {"a", "b", "", "c"}},
      {"\n\n", {"", ""}},
      {std::string(70'000, 'x') + "\n" + std::string(65'536, 'y') + "\nz",
       {std::string(70'000, 'x'), std::string(65'536, 'y'), "z"}},
      {std::string(65'535, 'x') + "\nz\n", {std::string(65'535, 'x'), "z"}},
  };
  for (const auto& [text, expected] : cases) {
    const std::string path = dir.write("a.txt", bytes_of_text(text));
    EXPECT_EQ(all(TextLines(path)), expected) << text.substr(0, 20);
    EXPECT_EQ(all(LineStream(path)), expected) << text.substr(0, 20);
    EXPECT_EQ(all(LineStream(path)), expected) << "a stream begins anew";
  }
}

TEST(TextLines, NamesWhatIsWrong) {
  const TempDir dir;
  const std::string path = dir.write("a.txt", bytes_of_text("a\nbcd\n"));
  EXPECT_EQ(message_of<IndexError>([&] { TextLines(path).get(2); }), "TextLines: item 2 of 2");
  EXPECT_EQ(message_of<FormatError>([&] { all(LineStream(path, 2)); }),
            "LineStream \"" + path + "\": line 2 is longer than 2 bytes");
  EXPECT_THROW(TextLines(dir.path("no")), IoError);
  EXPECT_THROW(LineStream(dir.path("no")).stream(), IoError);
}

}  // namespace
}  // namespace fornax::test
