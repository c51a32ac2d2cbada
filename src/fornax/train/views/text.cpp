#include <fornax/train/views/text.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <fornax/io/markup.hpp>

namespace fornax::train {

namespace {

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

std::string printed(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

const MetricValue* value_of(const EpochEnd* end, const std::string& metric) {
  if (!end) return nullptr;
  const auto at = std::ranges::find_if(end->metrics, [&](const MetricValue& v) { return v.name == metric; });
  return at == end->metrics.end() ? nullptr : &*at;
}

}  // namespace

std::string number_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  const double size = std::fabs(value);
  if (value == 0) return "0";
  if (size < 1e-4 || size >= 1e7) return printed("%.3e", value);
  if (size >= 1000) return printed("%.0f", value);
  return printed(size < 1e-3   ? "%.7f"
                 : size < 0.01 ? "%.6f"
                 : size < 0.1  ? "%.5f"
                 : size < 10   ? "%.4f"
                 : size < 100  ? "%.2f"
                               : "%.1f",
                 value);
}

std::string value_text(double value, std::string_view unit) {
  std::string text = number_text(value);
  if (!unit.empty()) text.append(" ").append(unit);
  return text;
}

std::string duration_text(double seconds) {
  if (!(seconds >= 0) || seconds > 1e9) return "?";
  if (seconds < 0.9995) return printed("%.0f ms", seconds * 1000);
  if (seconds < 59.95) return printed("%.1f s", seconds);
  const long long s = std::llround(seconds);
  char text[64];
  if (s < 3600) {
    std::snprintf(text, sizeof text, "%lld:%02lld min", s / 60, s % 60);
  } else {
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld h", s / 3600, s / 60 % 60, s % 60);
  }
  return text;
}

std::size_t columns_of(std::string_view utf8) {
  return static_cast<std::size_t>(std::ranges::count_if(utf8, starts_character));
}

std::string cut(std::string_view utf8, std::size_t width) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < utf8.size(); ++i)
    if (starts_character(utf8[i]) && characters++ == width) return std::string(utf8.substr(0, i));
  return std::string(utf8);
}

std::string padded(std::string_view utf8, std::size_t width) {
  std::string out = cut(utf8, width);
  return out.append(width - columns_of(out), ' ');
}

std::string padded_left(std::string_view utf8, std::size_t width) {
  const std::string text = cut(utf8, width);
  return std::string(width - columns_of(text), ' ') + text;
}

std::string epoch_text(std::int64_t epoch, std::int64_t epochs) {
  const std::string number = "epoch " + std::to_string(epoch + 1);
  return epochs > 0 ? number + "/" + std::to_string(epochs) : number;
}

// --- EpochTable -------------------------------------------------------------------------------------------------------

EpochTable::EpochTable(const RunStart& run) : epochs_(run.epochs) {
  epoch_width_ = std::max<std::size_t>(std::string("epoch").size(), 2 * std::to_string(epochs_).size() + 1);
  for (const Split split : {Split::Train, Split::Valid}) {
    if (split == Split::Valid && run.valid_batches == 0) continue;
    for (const MetricInfo& m : run.metrics) {
      if (!(split == Split::Train ? m.train : m.valid)) continue;
      std::string title = std::string(name_of(split)) + " " + io::printable(m.name);
      const std::size_t value = std::string("1.234e-05").size() + (m.unit.empty() ? 0 : 1 + columns_of(m.unit));
      const std::size_t width = std::max(columns_of(title), value);
      columns_.push_back({split, m.name, io::printable(m.unit), std::move(title), width});
    }
  }
}

std::string EpochTable::header() const {
  std::string line = padded_left("epoch", epoch_width_) + "  " + padded_left("time", 10);
  for (const Column& c : columns_) line += "  " + padded_left(c.title, c.width);
  return line;
}

std::string EpochTable::row(const EpochEnd* train, const EpochEnd* valid) const {
  const std::int64_t epoch = train ? train->epoch : valid ? valid->epoch : 0;
  std::string number = std::to_string(epoch + 1);
  if (epochs_ > 0) number += "/" + std::to_string(epochs_);
  const double seconds = (train ? train->epoch_seconds : 0.0) + (valid ? valid->epoch_seconds : 0.0);
  std::string line = padded_left(number, epoch_width_) + "  " + padded_left(duration_text(seconds), 10);
  for (const Column& c : columns_) {
    const MetricValue* const v = value_of(c.split == Split::Train ? train : valid, c.metric);
    line += "  " + padded_left(v ? value_text(v->epoch, c.unit) : "-", c.width);
  }
  return line;
}

std::string summary_text(const History& history) {
  const EpochTable table(history.run);
  std::string text = io::printable(history.run.name) + "\n" + table.header() + "\n";
  const std::vector<EpochEnd>& epochs = history.epochs;
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    if (epochs[i].split == Split::Train) {
      const bool pair =
          i + 1 < epochs.size() && epochs[i + 1].split == Split::Valid && epochs[i + 1].epoch == epochs[i].epoch;
      text += table.row(&epochs[i], pair ? &epochs[i + 1] : nullptr) + "\n";
      if (pair) ++i;
    } else if (epochs[i].split == Split::Valid) {
      text += table.row(nullptr, &epochs[i]) + "\n";
    }
  }
  for (const std::string& m : history.messages) text += "  " + io::printable(m) + "\n";
  return history.end ? text + outcome_text(*history.end) + "\n" : text;
}

std::string outcome_text(const RunEnd& end) {
  const std::string text = std::string(name_of(end.outcome)) + " after " + duration_text(end.seconds);
  return end.text.empty() ? text : text + ": " + io::printable(end.text);
}

}  // namespace fornax::train
