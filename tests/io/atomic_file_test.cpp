#include <fornax/io/atomic_file.hpp>

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/array/error.hpp>
#include <fornax/io/checkpoint.hpp>
#include <io/files.hpp>

namespace fornax::test {
namespace {

using namespace fornax::io;
namespace fs = std::filesystem;

std::string text_of(const std::string& path) {
  const Bytes bytes = contents_of(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// No file of this process grows beyond so many bytes, as if the disk were full: writing then fails.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : signal_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, signal_);
  }

 private:
  rlimit before_{};
  void (*signal_)(int);
};

TEST(AtomicFile, ReplacesWhatWasThereAndLeavesNothingElse) {
  const TempDir dir;
  write_file_atomically("t", dir.path("a"), std::string_view("one"));
  EXPECT_EQ(text_of(dir.path("a")), "one");
  write_file_atomically("t", dir.path("a"), std::string_view("two, longer"));
  EXPECT_EQ(text_of(dir.path("a")), "two, longer");
  EXPECT_EQ(files_in(dir.path()), 1);
}

TEST(AtomicFile, WithoutCommitNothingHappened) {
  const TempDir dir;
  write_file_atomically("t", dir.path("a"), std::string_view("old"));
  {
    AtomicFile file("t", dir.path("a"));
    file.write(std::string_view("new"));
    EXPECT_EQ(text_of(dir.path("a")), "old");
    EXPECT_EQ(files_in(dir.path()), 2);
  }
  EXPECT_EQ(text_of(dir.path("a")), "old");
  EXPECT_EQ(files_in(dir.path()), 1);
}

TEST(AtomicFile, AFullDiskLeavesTheOldFileAndNamesPathAndReason) {
  const TempDir dir;
  const std::string path = dir.path("a");
  write_file_atomically("t", path, std::string_view("old"));
  {
    const FullDisk full(1000);
    EXPECT_EQ(message_of<IoError>([&] { write_file_atomically("t", path, std::string(5000, 'x')); }),
              "t: cannot write \"" + path + "\": File too large");
  }
  EXPECT_EQ(text_of(path), "old");
  EXPECT_EQ(files_in(dir.path()), 1);
}

TEST(AtomicFile, AFullDiskLeavesTheOldCheckpoint) {
  const TempDir dir;
  const NamedData small{{"w", TensorData({1.0F})}}, large{{"w", TensorData(Shape{10'000}, DType::F32)}};
  save_checkpoint(dir.path("c"), to_arrays(small));
  {
    const FullDisk full(4096);
    EXPECT_EQ(message_of<IoError>([&] { save_checkpoint(dir.path("c"), to_arrays(large)); }),
              "save_checkpoint: cannot write \"" + dir.path("c") + "\": File too large");
    EXPECT_EQ(message_of<IoError>([&] { write_safetensors(dir.path("c"), large); }),
              "write_safetensors: cannot write \"" + dir.path("c") + "\": File too large");
  }
  EXPECT_EQ(to_data(load_checkpoint(dir.path("c")).arrays), small);
  EXPECT_EQ(files_in(dir.path()), 1);
}

TEST(AtomicFile, NamesTheReasonWhereItCannotWrite) {
  const TempDir dir;
  const auto message = [](const std::string& path) {
    return message_of<IoError>([&] { write_file_atomically("t", path, std::string_view("x")); });
  };
  EXPECT_EQ(message(dir.path("no/a")), "t: cannot write \"" + dir.path("no/a") + "\": No such file or directory");
  write_file_atomically("t", dir.path("file"), std::string_view("x"));
  EXPECT_EQ(message(dir.path("file/a")), "t: cannot write \"" + dir.path("file/a") + "\": Not a directory");
  EXPECT_EQ(message(dir.path()), "t: cannot write \"" + dir.path() + "\": it is not a regular file");
  EXPECT_EQ(message("/dev/null"), "t: cannot write \"/dev/null\": it is not a regular file");
  if (::geteuid() == 0) return;  // root may write anywhere
  fs::permissions(dir.path(), fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_EQ(message(dir.path("a")), "t: cannot write \"" + dir.path("a") + "\": Permission denied");
  fs::permissions(dir.path(), fs::perms::owner_all);
}

TEST(AtomicFile, KeepsPermissionsAndLinks) {
  const TempDir dir;
  write_file_atomically("t", dir.path("a"), std::string_view("old"));
  fs::permissions(dir.path("a"), fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink(dir.path("a"), dir.path("link"));
  write_file_atomically("t", dir.path("link"), std::string_view("new"));
  EXPECT_TRUE(fs::is_symlink(dir.path("link")));
  EXPECT_EQ(text_of(dir.path("a")), "new");
  EXPECT_EQ(fs::status(dir.path("a")).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST(AtomicFile, WritersAtTheSameTimeDoNotMix) {
  const TempDir dir;
  const std::string path = dir.path("a");
  std::vector<std::thread> writers;
  for (char c = 'a'; c < 'e'; ++c)
    writers.emplace_back([&, c] {
      for (int i = 0; i < 20; ++i) write_file_atomically("t", path, std::string(10'000, c));
    });
  for (std::thread& writer : writers) writer.join();
  const std::string text = text_of(path);
  EXPECT_EQ(text, std::string(10'000, text[0]));
  EXPECT_EQ(files_in(dir.path()), 1);
}

}  // namespace
}  // namespace fornax::test
