#pragma once
// Metrics of sequences: of tokens, words or characters.

#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <fornax/train/metric.hpp>

namespace fornax::train {

/// The least number of insertions, deletions and replacements that turn one sequence into the other.
///
/// Source: Levenshtein 1966, by the algorithm of Wagner and Fischer 1974.
std::int64_t edit_distance(std::span<const std::int64_t> a, std::span<const std::int64_t> b);

/// exp of the mean negative log-likelihood of the targets, in nats a token.
///
/// Shapes: logits [N, C, ...] and Int [N, ...].
class Perplexity final : public MeanMetric {
 public:
  explicit Perplexity(std::optional<std::int64_t> ignore_index = {});

 private:
  Sum sum_of(const Observation& seen) const override;
  double finish(const Sum& total) const override;
  std::optional<std::int64_t> ignore_index_;
};

/// How rows of tokens are read.
struct SequenceConfig {
  std::optional<std::int64_t> pad = {};    // left out, wherever it stands
  std::optional<std::int64_t> end = {};    // nothing from the first one on counts
  std::optional<std::int64_t> space = {};  // for WordErrorRate: what stands between words; none: a token is a word
};

namespace detail {

using Tokens = std::vector<std::int64_t>;

struct TextPair {
  Tokens output, target;
};
/// Rows of Int [N, T] each, or the most likely tokens of logits [N, C, T].
std::vector<TextPair> texts_of(const std::string& metric, const Observation& seen, const SequenceConfig& config);

}  // namespace detail

/// Edits over the number of characters (tokens) of the targets.
///
/// Shapes: Int [N, T] or logits [N, C, T], and Int [N, S].
class CharErrorRate final : public MeanMetric {
 public:
  explicit CharErrorRate(SequenceConfig config = {});
  /// Takes up a pair of texts in UTF-8, whose code points are the characters.
  void add_text(std::string_view output, std::string_view target);

 private:
  Sum sum_of(const Observation& seen) const override;
  SequenceConfig config_;
};
using Cer = CharErrorRate;

/// The same of words.
class WordErrorRate final : public MeanMetric {
 public:
  explicit WordErrorRate(SequenceConfig config = {});
  /// Takes up a pair of texts, whose words stand between blanks.
  void add_text(std::string_view output, std::string_view target);

 private:
  Sum sum_of(const Observation& seen) const override;
  SequenceConfig config_;
};
using Wer = WordErrorRate;

/// BLEU of a whole corpus with one reference for each text: the geometric mean of the shares of n-grams, n = 1 to 4, that
/// stand in the target too, times exp(1 - target length / output length) if the output is shorter. 0 if for some n no n-gram
/// does.
///
/// Shapes: as of CharErrorRate.
/// Source: Papineni, Roukos, Ward and Zhu 2002.
class Bleu final : public Metric {
 public:
  static constexpr std::size_t longest = 4;

  explicit Bleu(SequenceConfig config = {});
  /// Takes up a pair of texts, whose words stand between blanks.
  void add_text(std::string_view output, std::string_view target);

  double update(const Observation& seen) override;
  double value() const override { return total_.value(); }
  void reset() override { total_ = {}; }
  optim::State state() const override;
  void load_state(const optim::State& state) override;

 private:
  struct Grams {
    std::array<double, longest> matches{}, all{};
    double output = 0, target = 0;  // tokens
    void add(const detail::TextPair& pair);
    void add(const Grams& other);
    double value() const;
  };
  SequenceConfig config_;
  Grams total_;
};

}  // namespace fornax::train
