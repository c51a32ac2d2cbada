// The dashboard on a terminal of its own: a pseudo terminal, behind which the test is the user.

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include <fornax/array/error.hpp>
#include <fornax/train/views/views.hpp>
#include <support/errors.hpp>

namespace fornax::test {
namespace {

using namespace fornax::train;

// What xterm is told when the screen of a program begins and ends.
const std::string kTaken = "\x1b[?1049h", kGivenBack = "\x1b[?1049l";

class DemoInTerminal {
 public:
  explicit DemoInTerminal(const char* views) : terminal_(::posix_openpt(O_RDWR | O_NOCTTY)) {
    EXPECT_EQ(::grantpt(terminal_), 0);
    EXPECT_EQ(::unlockpt(terminal_), 0);
    const std::string name = ::ptsname(terminal_);
    resize(100, 30);
    child_ = ::fork();
    if (child_ != 0) return;
    ::setsid();
    const int side = ::open(name.c_str(), O_RDWR);
    ::ioctl(side, TIOCSCTTY, 0);
    for (int file = 0; file < 3; ++file) ::dup2(side, file);
    ::setenv("TERM", "xterm-256color", 1);
    ::setenv("LC_ALL", "C.UTF-8", 1);
    ::unsetenv("LINES");
    ::unsetenv("COLUMNS");
    ::execl(FORNAX_RUN_DEMO, FORNAX_RUN_DEMO, views, "20", nullptr);
    ::_exit(127);
  }
  DemoInTerminal(const DemoInTerminal&) = delete;
  DemoInTerminal& operator=(const DemoInTerminal&) = delete;
  ~DemoInTerminal() {
    if (child_ > 0) ::kill(child_, SIGKILL);
    finish();
    ::close(terminal_);
  }

  void type(const std::string& keys) { EXPECT_EQ(::write(terminal_, keys.data(), keys.size()), std::ssize(keys)); }
  void resize(unsigned short columns, unsigned short rows) {
    const winsize size{rows, columns, 0, 0};
    EXPECT_EQ(::ioctl(terminal_, TIOCSWINSZ, &size), 0);
  }
  // Reads until the text has come, for twenty seconds at most.
  bool shows(const std::string& text) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (output.find(text, seen_) == std::string::npos) {
      if (std::chrono::steady_clock::now() > deadline || !read_some()) return false;
    }
    seen_ = output.find(text, seen_) + text.size();
    return true;
  }
  // Reads the rest; the exit status.
  int finish() {
    if (child_ <= 0) return 0;
    while (read_some()) {}
    int status = 0;
    ::waitpid(child_, &status, 0);
    child_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  std::string output;

 private:
  bool read_some() {
    pollfd wait{terminal_, POLLIN, 0};
    if (::poll(&wait, 1, 20'000) <= 0) return false;
    char buffer[4096];
    const ssize_t n = ::read(terminal_, buffer, sizeof buffer);  // EIO when the other side is closed
    if (n <= 0) return false;
    output.append(buffer, static_cast<std::size_t>(n));
    return true;
  }

  int terminal_;
  pid_t child_ = 0;
  std::size_t seen_ = 0;
};

TEST(TerminalView, KeysReachTheRunAndTheScreenIsGivenBack) {
  if (!FORNAX_TEST_NCURSES) GTEST_SKIP() << "built without ncurses";
  DemoInTerminal demo("terminal");
  ASSERT_TRUE(demo.shows(kTaken));
  ASSERT_TRUE(demo.shows("fashion-mnist-cnn"));
  ASSERT_TRUE(demo.shows("q"));
  demo.type("?");
  EXPECT_TRUE(demo.shows("choose the metric"));
  demo.type("?s");
  EXPECT_TRUE(demo.shows("asked.safetensors"));
  demo.resize(60, 20);
  demo.type("jq");
  EXPECT_TRUE(demo.shows(kGivenBack));
  EXPECT_TRUE(demo.shows("stopped after"));
  EXPECT_EQ(demo.finish(), 0);
}

TEST(TerminalView, AnExceptionThatNobodyCatchesLeavesTheTerminalUsable) {
  if (!FORNAX_TEST_NCURSES) GTEST_SKIP() << "built without ncurses";
  DemoInTerminal demo("terminal,throw");
  ASSERT_TRUE(demo.shows(kTaken));
  EXPECT_TRUE(demo.shows(kGivenBack));
  EXPECT_TRUE(demo.shows("at once"));
  EXPECT_EQ(demo.finish(), 128 + SIGABRT);
}

TEST(TerminalView, NeedsATerminal) {
  if (::isatty(0) != 0 && ::isatty(1) != 0) GTEST_SKIP() << "there is one";
  EXPECT_FALSE(terminal_view_works());
  EXPECT_TRUE(message_of<ValueError>([] { terminal_view(); }).starts_with("terminal_view: "));
  EXPECT_NE(auto_view(), nullptr);
}

}  // namespace
}  // namespace fornax::test
