#include <fornax/train/views/dashboard.hpp>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include <fornax/io/markup.hpp>
#include <fornax/train/views/text.hpp>

namespace fornax::train {

namespace {

constexpr int kLeastWidth = 40, kLeastHeight = 10, kMessages = 4;

struct Limits {
  double from = 0.0, to = 1.0;
};

// Of what is finite; empty if nothing is.
std::optional<Limits> limits_of(const std::vector<const std::vector<CurvePoint>*>& curves, double CurvePoint::*which) {
  std::optional<Limits> found;
  for (const auto* curve : curves)
    for (const CurvePoint& p : *curve) {
      const double v = p.*which;
      if (!std::isfinite(v)) continue;
      if (!found) found = Limits{v, v};
      found = Limits{std::min(found->from, v), std::max(found->to, v)};
    }
  return found;
}

const MetricValue* value_of(const std::optional<StepEnd>& step, const MetricHistory& metric) {
  if (!step) return nullptr;
  const auto at = std::ranges::find_if(step->metrics, [&](const MetricValue& v) { return v.name == metric.info.name; });
  return at == step->metrics.end() ? nullptr : &*at;
}

// As means of neighbours, no more than `most` of them: more would only blacken the picture.
std::vector<CurvePoint> thinned(const std::vector<CurvePoint>& points, std::size_t most) {
  const std::size_t each = (points.size() + most - 1) / std::max<std::size_t>(most, 1);
  std::vector<CurvePoint> out;
  for (std::size_t i = 0; i < points.size(); i += each) {
    const std::size_t n = std::min(each, points.size() - i);
    CurvePoint sum;
    for (std::size_t j = i; j < i + n; ++j) sum = {sum.x + points[j].x, sum.y + points[j].y};
    out.push_back({sum.x / static_cast<double>(n), sum.y / static_cast<double>(n)});
  }
  return out;
}

class Drawing {
 public:
  Drawing(const History& history, const DashboardState& state, int width, int height)
      : h_(history), state_(state), screen_(width, height) {}

  Screen draw() {
    if (screen_.width() < kLeastWidth || screen_.height() < kLeastHeight) {
      screen_.text(0, 0, "this window is too small for the dashboard");
      return screen_;
    }
    header();
    bars();
    metrics();
    const int messages = std::min<int>(static_cast<int>(texts().size()), std::min(kMessages, screen_.height() / 6));
    const int bottom = screen_.height() - 1 - messages;
    if (state_.help) {
      help();
    } else if (bottom - y_ >= 5) {
      plot(bottom);
    }
    y_ = bottom;
    const std::vector<std::string> all = texts();
    for (int i = messages; i > 0; --i) screen_.text(1, y_++, all[all.size() - static_cast<std::size_t>(i)], Ink::Faint);
    footer();
    return screen_;
  }

 private:
  char32_t rule() const { return state_.ascii ? U'-' : U'─'; }

  // Name, state and times on one line.
  void header() {
    int x = screen_.text(1, 0, cut(io::printable(h_.run.name.empty() ? "run" : h_.run.name), 40), Ink::Strong);
    const char* const what = h_.end              ? name_of(h_.end->outcome)
                             : state_.asked.stop ? "stopping"
                             : h_.last           ? "running"
                                                 : "starting";
    x = screen_.text(x + 2, 0, what, h_.end && h_.end->outcome == Outcome::Failed ? Ink::Bad : Ink::Good);
    if (state_.asked.save) x = screen_.text(x + 2, 0, "saving", Ink::Good);
    std::string times;
    if (h_.last) times = duration_text(h_.end ? h_.end->seconds : h_.last->seconds) + " elapsed";
    if (const double left = h_.seconds_left(); left >= 0 && !h_.end) times += ", " + duration_text(left) + " left";
    const int at = screen_.width() - 1 - static_cast<int>(columns_of(times));
    if (at > x + 1) screen_.text(at, 0, times, Ink::Faint);
    for (int i = 0; i < screen_.width(); ++i) screen_.put(i, 1, rule(), Ink::Faint);
    y_ = 2;
  }

  void bar(const std::string& label, double part, const std::string& text) {
    const int begin = 1 + 12, end = screen_.width() - 26;
    screen_.text(1, y_, label);
    if (end - begin >= 8 && part >= 0) {
      const int width = end - begin;
      const int eighths = static_cast<int>(std::lround(std::clamp(part, 0.0, 1.0) * 8 * width));
      for (int i = 0; i < width; ++i) {
        const int full = std::clamp(eighths - 8 * i, 0, 8);
        if (state_.ascii) {
          screen_.put(begin + i, y_, full >= 4 ? U'#' : U'.', full >= 4 ? Ink::Train : Ink::Faint);
        } else if (full == 0) {
          screen_.put(begin + i, y_, U'·', Ink::Faint);
        } else {
          screen_.put(begin + i, y_, static_cast<char32_t>(0x2590 - full),
                      Ink::Train);  // U+2588 is full, U+258F an eighth
        }
      }
      screen_.text(end + 1, y_, text, Ink::Faint);
    } else {
      screen_.text(begin, y_, text, Ink::Faint);
    }
    ++y_;
  }

  void bars() {
    const std::int64_t epoch = h_.last ? h_.last->epoch : h_.run.first_epoch;
    bar("run", h_.done(), epoch_text(epoch, h_.run.epochs));
    std::string label = "training", text = "no batch yet";
    double part = 0;
    if (h_.last) {
      label = h_.last->split == Split::Train ? "training" : h_.last->split == Split::Valid ? "validation" : "test";
      text = "batch " + std::to_string(h_.last->batch + 1);
      part = -1;
      if (h_.last->batches > 0) {
        text += "/" + std::to_string(h_.last->batches);
        part = static_cast<double>(h_.last->batch + 1) / static_cast<double>(h_.last->batches);
      }
    }
    bar(label, part, text);
    ++y_;
  }

  // A row for each metric: this batch, the epoch so far, the latest validation, the best.
  void metrics() {
    const int rows = std::min<int>(static_cast<int>(h_.metrics.size()), std::max(2, screen_.height() / 3));
    const std::size_t name_width = 12, width = 13;
    const auto column = [&](std::size_t i) { return 3 + static_cast<int>(name_width + i * width); };
    const auto fits = [&](std::size_t i) { return column(i + 1) <= screen_.width(); };
    const char* const titles[] = {"batch", "epoch", "validation", "best"};
    for (std::size_t i = 0; i < 4; ++i)
      if (fits(i)) screen_.text(column(i), y_, padded_left(titles[i], width), Ink::Faint);
    ++y_;
    // The chosen one stays in sight.
    const std::size_t chosen = this->chosen();
    const std::size_t first =
        chosen >= static_cast<std::size_t>(rows) ? chosen - static_cast<std::size_t>(rows) + 1 : 0;
    for (std::size_t m = first; m < first + static_cast<std::size_t>(rows); ++m, ++y_) {
      const MetricHistory& metric = h_.metrics[m];
      const Ink ink = m == chosen ? Ink::Chosen : Ink::Plain;
      screen_.put(1, y_, m == chosen ? (state_.ascii ? U'>' : U'▸') : U' ', Ink::Strong);
      screen_.text(3, y_, cut(io::printable(metric.info.name), name_width - 1), ink);
      const std::string unit = io::printable(metric.info.unit);
      const auto value = [&](std::size_t i, std::optional<double> v, Ink with) {
        if (fits(i)) screen_.text(column(i), y_, padded_left(v ? value_text(*v, unit) : "-", width), with);
      };
      const MetricValue* const now = value_of(h_.last_train, metric);
      const MetricValue* const validating =
          h_.last && h_.last->split == Split::Valid ? value_of(h_.last, metric) : nullptr;
      std::optional<double> valid;
      if (!metric.valid.empty()) valid = metric.valid.back().y;
      if (validating) valid = validating->epoch;
      value(0, now ? std::optional(now->value) : std::nullopt, Ink::Plain);
      value(1, now ? std::optional(now->epoch) : std::nullopt, Ink::Train);
      value(2, valid, Ink::Valid);
      value(3, metric.best ? std::optional(metric.best->metrics.front().epoch) : std::nullopt, Ink::Good);
      if (metric.best && fits(4))
        screen_.text(column(4) + 1, y_, "epoch " + std::to_string(metric.best->epoch + 1), Ink::Faint);
    }
    ++y_;
  }

  void plot(int bottom) {
    if (h_.metrics.empty()) return;
    const MetricHistory& metric = h_.metrics[chosen()];
    constexpr int labels = 11;
    const int left = labels + 1, rows = bottom - y_ - 3, columns = screen_.width() - left - 2;
    const std::vector<CurvePoint> steps = thinned(metric.steps.points(), static_cast<std::size_t>(columns));
    const std::string unit = metric.info.unit.empty() ? "" : " (" + io::printable(metric.info.unit) + ")";
    int x = screen_.text(3, y_, io::printable(metric.info.name) + unit, Ink::Strong);
    const auto legend = [&](bool there, char mark, const char* text, Ink ink) {
      if (!there) return;
      x = screen_.text(x + 3, y_, state_.ascii ? std::string(1, mark) : "━", ink);
      x = screen_.text(x + 1, y_, text, Ink::Faint);
    };
    legend(!steps.empty(), '.', "training batches", Ink::Steps);
    legend(!metric.train.empty(), '+', "training epochs", Ink::Train);
    legend(!metric.valid.empty(), 'o', "validation", Ink::Valid);
    ++y_;

    const std::vector<const std::vector<CurvePoint>*> curves{&steps, &metric.train, &metric.valid};
    std::optional<Limits> across = limits_of(curves, &CurvePoint::x), up = limits_of(curves, &CurvePoint::y);
    if (!across || !up) {
      screen_.text(3, y_, "nothing to draw yet", Ink::Faint);
      return;
    }
    if (across->from < across->to / 5) across->from = 0;
    if (across->to == across->from) across->to += 1;
    if (up->to == up->from)
      *up = {up->from - 1e-9 - std::fabs(up->from) * 0.1, up->to + 1e-9 + std::fabs(up->to) * 0.1};

    Canvas canvas(columns, rows, state_.ascii);
    const auto place = [&](const CurvePoint& p) {
      const double u = (p.x - across->from) / (across->to - across->from), v = (up->to - p.y) / (up->to - up->from);
      return std::pair(static_cast<int>(std::lround(u * (canvas.width() - 1))),
                       static_cast<int>(std::lround(v * (canvas.height() - 1))));
    };
    const auto trace = [&](const std::vector<CurvePoint>& points, Ink ink, char mark) {
      const CurvePoint* before = nullptr;
      for (const CurvePoint& p : points) {
        if (std::isfinite(p.y)) {
          const auto [x1, y1] = place(p);
          const auto [x0, y0] = before ? place(*before) : place(p);
          canvas.line(x0, y0, x1, y1, ink, mark);
        }
        before = std::isfinite(p.y) ? &p : nullptr;
      }
    };
    trace(steps, Ink::Steps, '.');
    trace(metric.train, Ink::Train, '+');
    trace(metric.valid, Ink::Valid, 'o');

    const int top = y_;
    for (int row = 0; row < rows; ++row) screen_.put(left - 1, top + row, state_.ascii ? U'|' : U'│', Ink::Faint);
    for (int i = 0; i < columns; ++i) screen_.put(left + i, top + rows, rule(), Ink::Faint);
    screen_.put(left - 1, top + rows, state_.ascii ? U'+' : U'└', Ink::Faint);
    for (const int row : {0, (rows - 1) / 2, rows - 1}) {
      const double v = rows > 1 ? up->to - (up->to - up->from) * row / (rows - 1) : up->to;
      screen_.text(0, top + row, padded_left(number_text(v), labels - 1), Ink::Faint);
    }
    canvas.show(screen_, left, top);
    const auto step_text = [](double v) { return std::to_string(static_cast<long long>(v)); };
    const std::string last = step_text(across->to);
    screen_.text(left, top + rows + 1, step_text(across->from), Ink::Faint);
    screen_.text(left + columns / 2 - 7, top + rows + 1, "optimizer step", Ink::Faint);
    screen_.text(left + columns - static_cast<int>(last.size()), top + rows + 1, last, Ink::Faint);
  }

  void help() {
    for (const char* line : {"q                  stop: finish this step, save, and end the run",
                             "s                  save a checkpoint after this step",
                             "arrows, tab, j, k  choose the metric whose curve is drawn",
                             "Ctrl-C             as the program has it", "?                  back to the curve"})
      screen_.text(3, y_++, line);
  }

  // The latest messages, checkpoints among them.
  std::vector<std::string> texts() const {
    std::vector<std::string> out;
    if (!h_.saved.empty())
      out.push_back("saved " + io::printable(h_.saved.back().path) + " (" + io::printable(h_.saved.back().reason) +
                    ")");
    for (const std::string& m : h_.messages) out.push_back(io::printable(m));
    return out;
  }

  void footer() {
    int x = 1;
    for (const auto& [key, what] :
         {std::pair{"q", "stop"}, {"s", "save"}, {state_.ascii ? "arrows" : "↑↓", "metric"}, {"?", "help"}}) {
      x = screen_.text(x, screen_.height() - 1, key, Ink::Strong);
      x = screen_.text(x + 1, screen_.height() - 1, what, Ink::Faint) + 3;
    }
  }

  std::size_t chosen() const { return state_.metric < h_.metrics.size() ? state_.metric : 0; }

  const History& h_;
  const DashboardState& state_;
  Screen screen_;
  int y_ = 0;
};

}  // namespace

Screen draw_dashboard(const History& history, const DashboardState& state, int width, int height) {
  return Drawing(history, state, width, height).draw();
}

}  // namespace fornax::train
