#pragma once
// Programs that tests run to their end.

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <support/process.hpp>

namespace fornax::test {

/// What a program left behind that has ended.
struct Ended {
  int status = -1;  // its exit status; 128 + n if signal n ended it
  std::string output, errors;
};

/// Runs a program, without a shell and without input, until it ends.
inline Ended run_program(const std::vector<std::string>& command) {
  std::FILE* const files[] = {std::tmpfile(), std::tmpfile()};
  Ended ended;
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(::open("/dev/null", O_RDONLY), 0);
    ::dup2(::fileno(files[0]), 1);
    ::dup2(::fileno(files[1]), 2);
    become(command);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  ended.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  for (std::string* const text : {&ended.output, &ended.errors}) {
    std::FILE* const file = files[text == &ended.output ? 0 : 1];
    std::rewind(file);
    for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) *text += static_cast<char>(c);
    std::fclose(file);
  }
  return ended;
}

}  // namespace fornax::test
