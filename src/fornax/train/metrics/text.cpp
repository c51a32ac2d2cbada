#include <fornax/train/metrics/text.hpp>

#include <algorithm>
#include <map>

#include <fornax/functional/loss.hpp>
#include <fornax/train/metrics/values.hpp>

namespace fornax::train {

namespace {

using detail::real;
using detail::TextPair;
using detail::Tokens;

MetricInfo lower(std::string name) { return {.name = std::move(name), .unit = "", .goal = Goal::Lower}; }

// Numbers for what is compared: the same for the same.
template <class Key> class Numbers {
 public:
  std::int64_t of(const Key& key) {
    return numbers_.emplace(key, static_cast<std::int64_t>(numbers_.size())).first->second;
  }

 private:
  std::map<Key, std::int64_t> numbers_;
};

Tokens code_points(std::string_view text) {
  Tokens points;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) == 0x80U && !points.empty()) {
      points.back() = points.back() * 256 + byte;  // what follows the first byte of a code point
    } else {
      points.push_back(byte);
    }
  }
  return points;
}

Tokens words_of(std::string_view text, Numbers<std::string>& numbers) {
  constexpr std::string_view blanks = " \t\r\n";
  Tokens words;
  for (std::size_t at = text.find_first_not_of(blanks); at != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(blanks, at), text.size());
    words.push_back(numbers.of(std::string(text.substr(at, end - at))));
    at = text.find_first_not_of(blanks, end);
  }
  return words;
}

TextPair word_pair(std::string_view output, std::string_view target) {
  Numbers<std::string> numbers;
  Tokens a = words_of(output, numbers), b = words_of(target, numbers);
  return {std::move(a), std::move(b)};
}

// Runs of tokens between spaces as one number each.
Tokens join_words(const Tokens& tokens, std::int64_t space, Numbers<Tokens>& numbers) {
  Tokens words, word;
  const auto end_word = [&] {
    if (!word.empty()) words.push_back(numbers.of(word));
    word.clear();
  };
  for (std::int64_t token : tokens) {
    if (token == space) {
      end_word();
    } else {
      word.push_back(token);
    }
  }
  end_word();
  return words;
}

Tokens row_of(const Tokens& all, std::int64_t row, std::int64_t length, const SequenceConfig& config) {
  Tokens tokens;
  for (std::int64_t i = row * length; i < (row + 1) * length; ++i) {
    const std::int64_t token = all[static_cast<std::size_t>(i)];
    if (config.end && token == *config.end) break;
    if (!config.pad || token != *config.pad) tokens.push_back(token);
  }
  return tokens;
}

}  // namespace

namespace detail {

std::vector<TextPair> texts_of(const std::string& metric, const Observation& seen, const SequenceConfig& config) {
  const Array &output = seen.require_output(metric), &target = seen.require_target(metric);
  const bool scores = output.rank() == 3 && is_float(output.dtype());
  if ((!scores && (output.rank() != 2 || is_float(output.dtype()))) || target.rank() != 2 ||
      output.shape()[0] != target.shape()[0])
    refuse_shapes(metric, output, target, "Int [N, T] or logits [N, C, T] with Int [N, S]");
  const Tokens a = (scores ? arg_reduce(true, output, 1) : output).to_data().to_vector<std::int64_t>();
  const Tokens b = target.to_data().to_vector<std::int64_t>();
  std::vector<TextPair> pairs;
  for (std::int64_t i = 0; i < target.shape()[0]; ++i)
    pairs.push_back({row_of(a, i, output.shape()[scores ? 2 : 1], config), row_of(b, i, target.shape()[1], config)});
  return pairs;
}

}  // namespace detail

std::int64_t edit_distance(std::span<const std::int64_t> a, std::span<const std::int64_t> b) {
  std::vector<std::int64_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = static_cast<std::int64_t>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::int64_t diagonal = row[0];
    row[0] = static_cast<std::int64_t>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::int64_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

// --- Perplexity -------------------------------------------------------------------------------------------------------

Perplexity::Perplexity(std::optional<std::int64_t> ignore_index)
    : MeanMetric(lower("perplexity")), ignore_index_(ignore_index) {}
MeanMetric::Sum Perplexity::sum_of(const Observation& seen) const {
  const Array &logits = seen.require_output(name()), &targets = seen.require_target(name());
  if (!detail::of_classes(logits.shape(), targets.shape()))
    detail::refuse_shapes(name(), logits, targets, "[N, C, ...] with [N, ...]");
  Sum sum{0, real(targets.numel())};
  if (ignore_index_)
    for (std::int64_t t : targets.to_data().to_vector<std::int64_t>()) sum.weight -= t == *ignore_index_ ? 1 : 0;
  if (sum.weight > 0)
    sum.sum =
        functional::cross_entropy(logits, targets, {}, {.ignore_index = ignore_index_}, functional::Reduction::Sum)
            .item();
  return sum;
}
double Perplexity::finish(const Sum& total) const { return std::exp(MeanMetric::finish(total)); }

// --- Error rates ------------------------------------------------------------------------------------------------------

namespace {

template <class Sum> void add_edits(Sum& sum, const Tokens& output, const Tokens& target) {
  sum.sum += real(edit_distance(output, target));
  sum.weight += real(target.size());
}

}  // namespace

CharErrorRate::CharErrorRate(SequenceConfig config) : MeanMetric(lower("cer")), config_(config) {}
MeanMetric::Sum CharErrorRate::sum_of(const Observation& seen) const {
  Sum sum;
  for (const TextPair& pair : detail::texts_of(name(), seen, config_)) add_edits(sum, pair.output, pair.target);
  return sum;
}
void CharErrorRate::add_text(std::string_view output, std::string_view target) {
  Sum sum;
  add_edits(sum, code_points(output), code_points(target));
  add(sum);
}

WordErrorRate::WordErrorRate(SequenceConfig config) : MeanMetric(lower("wer")), config_(config) {}
MeanMetric::Sum WordErrorRate::sum_of(const Observation& seen) const {
  Sum sum;
  for (const TextPair& pair : detail::texts_of(name(), seen, config_)) {
    if (!config_.space) {
      add_edits(sum, pair.output, pair.target);
      continue;
    }
    Numbers<Tokens> numbers;
    const Tokens output = join_words(pair.output, *config_.space, numbers);
    add_edits(sum, output, join_words(pair.target, *config_.space, numbers));
  }
  return sum;
}
void WordErrorRate::add_text(std::string_view output, std::string_view target) {
  const TextPair pair = word_pair(output, target);
  Sum sum;
  add_edits(sum, pair.output, pair.target);
  add(sum);
}

// --- BLEU -------------------------------------------------------------------------------------------------------------

void Bleu::Grams::add(const TextPair& pair) {
  output += real(pair.output.size());
  target += real(pair.target.size());
  for (std::size_t n = 1; n <= longest; ++n) {
    std::map<Tokens, double> left;  // of the target's n-grams
    const auto grams = [n](const Tokens& tokens, const auto& f) {
      for (std::size_t i = 0; i + n <= tokens.size(); ++i) {
        const auto first = tokens.begin() + static_cast<std::ptrdiff_t>(i);
        f(Tokens(first, first + static_cast<std::ptrdiff_t>(n)));
      }
    };
    grams(pair.target, [&](const Tokens& gram) { ++left[gram]; });
    grams(pair.output, [&](const Tokens& gram) {
      ++all[n - 1];
      const auto found = left.find(gram);
      if (found == left.end() || found->second == 0) return;
      --found->second;
      ++matches[n - 1];
    });
  }
}

void Bleu::Grams::add(const Grams& other) {
  for (std::size_t i = 0; i < longest; ++i) {
    matches[i] += other.matches[i];
    all[i] += other.all[i];
  }
  output += other.output;
  target += other.target;
}

double Bleu::Grams::value() const {
  if (target == 0) return detail::kNone;
  double log = output < target ? 1 - target / output : 0;
  for (std::size_t i = 0; i < longest; ++i) {
    if (matches[i] == 0) return 0;
    log += std::log(matches[i] / all[i]) / real(longest);
  }
  return std::exp(log);
}

Bleu::Bleu(SequenceConfig config) : Metric({.name = "bleu", .unit = "", .goal = Goal::Higher}), config_(config) {}

double Bleu::update(const Observation& seen) {
  Grams batch;
  for (const TextPair& pair : detail::texts_of(name(), seen, config_)) batch.add(pair);
  total_.add(batch);
  return batch.value();
}
void Bleu::add_text(std::string_view output, std::string_view target) { total_.add(word_pair(output, target)); }

optim::State Bleu::state() const {
  optim::State s{.kind = "bleu", .arrays = {}, .numbers = {{"output", total_.output}, {"target", total_.target}}};
  for (std::size_t i = 0; i < longest; ++i) {
    s.numbers["matches." + std::to_string(i + 1)] = total_.matches[i];
    s.numbers["all." + std::to_string(i + 1)] = total_.all[i];
  }
  return s;
}

void Bleu::load_state(const optim::State& s) {
  s.require_kind("bleu");
  Grams loaded;
  loaded.output = s.number("output");
  loaded.target = s.number("target");
  for (std::size_t i = 0; i < longest; ++i) {
    loaded.matches[i] = s.number("matches." + std::to_string(i + 1));
    loaded.all[i] = s.number("all." + std::to_string(i + 1));
  }
  total_ = loaded;
}

}  // namespace fornax::train
