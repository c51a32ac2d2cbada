#include <langinfo.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <clocale>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>
#include <string>
#include <thread>

#include <fornax/array/error.hpp>
#include <fornax/train/views/dashboard.hpp>
#include <fornax/train/views/run_log.hpp>
#include <fornax/train/views/text.hpp>
#include <fornax/train/views/views.hpp>

// Last, since they make macros of common words.
#define NCURSES_NOMACROS 1
#include <curses.h>
#include <term.h>

namespace fornax::train {

namespace {

// --- The terminal -----------------------------------------------------------------------------------------------------

std::atomic<bool> screen_taken{false};
std::timed_mutex drawing;  // held while characters go to the terminal
std::terminate_handler terminate_before = nullptr;

// By any thread, at the end of a run or of the process: waits for a picture that is being drawn, but not for ever, since
// the process may have ended in the middle of one.
void restore_screen() {
  if (!screen_taken.exchange(false)) return;
  const std::unique_lock lock(drawing, std::chrono::milliseconds(200));
  ::endwin();
}

// Exceptions that nobody catches run no destructors.
[[noreturn]] void restore_and_terminate() {
  restore_screen();
  if (terminate_before) terminate_before();
  std::abort();
}

// The screen of ncurses, given back when this ends, and when the process ends in other ways.
class Terminal {
 public:
  Terminal() {
    if (screen_taken.exchange(true)) throw ValueError("terminal_view", "there is one already");
    // ncurses replaces the handlers of signals that nobody handles.
    for (std::size_t i = 0; i < std::size(kSignals); ++i) before_[i] = handler_of(kSignals[i]);
    screen_ = ::newterm(nullptr, stdout, stdin);
    if (!screen_) {
      screen_taken = false;
      throw ValueError("terminal_view", "this terminal cannot be used: TERM is not known");
    }
    for (std::size_t i = 0; i < std::size(kSignals); ++i) during_[i] = handler_of(kSignals[i]).sa_handler;
    static const bool once = [] {
      terminate_before = std::set_terminate(restore_and_terminate);
      return std::atexit(restore_screen) == 0;
    }();
    static_cast<void>(once);
    ::cbreak();
    ::noecho();
    ::nonl();
    ::keypad(stdscr, TRUE);
    ::curs_set(0);
    if (::has_colors()) {
      ::start_color();
      ::use_default_colors();
      const short colors[] = {COLOR_CYAN, COLOR_BLUE, COLOR_YELLOW, COLOR_GREEN, COLOR_RED};
      for (short i = 0; i < 5; ++i) ::init_pair(static_cast<short>(i + 1), colors[i], -1);
    }
  }
  ~Terminal() {
    restore_screen();
    ::delscreen(screen_);
    // A handler that others have set meanwhile is theirs.
    for (std::size_t i = 0; i < std::size(kSignals); ++i)
      if (handler_of(kSignals[i]).sa_handler == during_[i]) ::sigaction(kSignals[i], &before_[i], nullptr);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void show(const Screen& picture) {
    const std::lock_guard lock(drawing);
    if (!screen_taken) return;  // given back meanwhile
    for (int y = 0; y < picture.height(); ++y)
      for (int x = 0; x < picture.width(); ++x) {
        const Cell& cell = picture.at(x, y);
        const wchar_t text[2] = {static_cast<wchar_t>(cell.character), L'\0'};
        const Style style = style_of(cell.ink);
        cchar_t c{};
        ::setcchar(&c, text, style.attributes, style.pair, nullptr);
        ::mvadd_wch(y, x, &c);
      }
    ::refresh();
  }

 private:
  static constexpr int kSignals[] = {SIGINT, SIGTERM, SIGTSTP, SIGWINCH};

  struct Style {
    attr_t attributes;
    short pair;
  };
  static Style style_of(Ink ink) {
    switch (ink) {
      case Ink::Strong: return {A_BOLD, 0};
      case Ink::Faint: return {A_DIM, 0};
      case Ink::Steps: return {A_NORMAL, 2};
      case Ink::Train: return {A_BOLD, 1};
      case Ink::Valid: return {A_BOLD, 3};
      case Ink::Good: return {A_NORMAL, 4};
      case Ink::Bad: return {A_BOLD, 5};
      case Ink::Chosen: return {A_BOLD, 0};
      case Ink::Plain: break;
    }
    return {A_NORMAL, 0};
  }

  static struct sigaction handler_of(int signal) {
    struct sigaction now {};
    ::sigaction(signal, nullptr, &now);
    return now;
  }

  SCREEN* screen_ = nullptr;
  struct sigaction before_[4] = {};
  void (*during_[4])(int) = {};
};

// --- The view ---------------------------------------------------------------------------------------------------------

class TerminalView final : public View {
 public:
  explicit TerminalView(const TerminalOptions& options) : options_(options) {
    if (!terminal_view_works())
      throw ValueError("terminal_view",
                       "standard input or output is no terminal that ncurses knows; line_view needs none");
    // Which characters the terminal takes is the locale's to say; programs start in "C".
    if (std::strcmp(std::setlocale(LC_CTYPE, nullptr), "C") == 0) std::setlocale(LC_CTYPE, "");
    state_.ascii = options.ascii || std::strcmp(::nl_langinfo(CODESET), "UTF-8") != 0;
  }
  ~TerminalView() override { close(); }
  TerminalView(const TerminalView&) = delete;
  TerminalView& operator=(const TerminalView&) = delete;

  void on_start(const RunStart& start) override {
    close();
    {
      const std::lock_guard lock(mutex_);
      history_ = earlier_part(start);
      history_.on_start(start);
    }
    terminal_ = std::make_unique<Terminal>();
    closing_ = false;
    painter_ = std::thread([this] { paint(); });
  }
  void on_step(const StepEnd& step) override {
    add([&] { history_.on_step(step); });
  }
  void on_epoch(const EpochEnd& end) override {
    add([&] { history_.on_epoch(end); });
  }
  void on_saved(const CheckpointSaved& checkpoint) override {
    add([&] {
      history_.on_saved(checkpoint);
      state_.asked.save = false;
    });
  }
  void on_message(const std::string& text) override {
    add([&] { history_.on_message(text); });
  }
  void on_end(const RunEnd& end) override {
    add([&] { history_.on_end(end); });
    close();
    if (options_.summary) print_summary();
  }

  Request poll() override {
    return {.stop = stop_.exchange(false, std::memory_order_relaxed),
            .save = save_.exchange(false, std::memory_order_relaxed)};
  }

 private:
  template <class F> void add(const F& f) {
    const std::lock_guard lock(mutex_);
    f();
    changed_ = true;
  }

  void close() {
    closing_ = true;
    if (painter_.joinable()) painter_.join();
    terminal_.reset();
  }

  // What a line view would have printed.
  void print_summary() const {
    std::fputs(summary_text(history_).c_str(), stdout);
    std::fflush(stdout);
  }

  // Waits for a key, a tenth of a second at most, and draws if there is something new and the last picture is as old as that.
  // ncurses is called by this thread alone.
  void paint() {
    using Clock = std::chrono::steady_clock;
    constexpr auto least = std::chrono::milliseconds(100);
    auto drawn = Clock::now() - least;
    bool wanted = false, anew = false;
    while (!closing_) {
      const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(drawn + least - Clock::now()).count();
      ::wtimeout(stdscr, wanted ? static_cast<int>(std::clamp<std::int64_t>(wait + 1, 1, 100)) : 100);
      const int key = ::wgetch(stdscr);
      std::unique_lock lock(mutex_);
      wanted |= (key != ERR && act(key)) || changed_;
      anew |= key == KEY_RESIZE || key == kCtrlL;
      if (!wanted || Clock::now() - drawn < least) continue;
      wanted = changed_ = false;
      const Screen picture = draw_dashboard(history_, state_, COLS, LINES);
      lock.unlock();
      if (anew) ::clear();
      anew = false;
      terminal_->show(picture);
      drawn = Clock::now();
    }
  }

  bool act(int key) {
    const std::size_t n = std::max<std::size_t>(history_.metrics.size(), 1);
    switch (key) {
      case 'q':
        stop_ = true;
        state_.asked.stop = true;
        return true;
      case 's':
        save_ = true;
        state_.asked.save = true;
        return true;
      case KEY_DOWN:
      case KEY_RIGHT:
      case '\t':
      case 'j': state_.metric = (state_.metric + 1) % n; return true;
      case KEY_UP:
      case KEY_LEFT:
      case KEY_BTAB:
      case 'k': state_.metric = (state_.metric + n - 1) % n; return true;
      case '?':
      case 'h': state_.help = !state_.help; return true;
      case KEY_RESIZE:
      case kCtrlL: return true;  // draws the screen anew
      default: return false;
    }
  }

  static constexpr int kCtrlL = 12;

  TerminalOptions options_;
  std::mutex mutex_;  // guards the history, the state and `changed_`
  History history_;
  DashboardState state_;
  bool changed_ = true;
  std::unique_ptr<Terminal> terminal_;
  std::thread painter_;
  std::atomic<bool> closing_{false}, stop_{false}, save_{false};
};

}  // namespace

bool terminal_view_works() {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0) return false;
  const char* const type = std::getenv("TERM");
  int error = 0;
  return type && std::strcmp(type, "dumb") != 0 && ::setupterm(type, STDOUT_FILENO, &error) == OK;
}

std::unique_ptr<View> terminal_view(const TerminalOptions& options) { return std::make_unique<TerminalView>(options); }

}  // namespace fornax::train
