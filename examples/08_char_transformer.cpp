// A transformer learns to write like a text, letter by letter; then it writes, with a cache of keys and values.

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>

#include <fornax/data/data.hpp>
#include <fornax/data/text_file.hpp>
#include <fornax/fornax.hpp>
#include <fornax/io/io.hpp>

#include "support/example.hpp"

using namespace fornax;

namespace {

struct CharTransformerConfig {
  std::string text = "/usr/share/common-licenses";  // a file, or a directory whose files are read one after the other
  std::int64_t context = 128, d_model = 128, n_heads = 4, n_layers = 3;
  double dropout = 0.1;
  std::int64_t steps = 1500, batch_size = 24;
  double lr = 1e-3, clip_norm = 1;
  std::uint64_t seed = 1;
  std::string prompt = "You may ";
  std::int64_t length = 400;  // letters to write at the end
  double temperature = 0.7;
  FORNAX_CONFIG(CharTransformerConfig, text, context, d_model, n_heads, n_layers, dropout, steps, batch_size, lr,
                clip_norm, seed, prompt, length, temperature)

  void validate() const {
    nn::require_positive("CharTransformerConfig", "context", context);
    nn::require_positive("CharTransformerConfig", "steps", steps);
    nn::require_positive("CharTransformerConfig", "temperature", temperature);
  }
};

// --- Text ---------------------------------------------------------------------------------------------------------------

std::string read_text(const std::string& path) {
  namespace fs = std::filesystem;
  std::map<std::string, bool> files;  // sorted, so that every run sees the same text
  if (fs::is_directory(path)) {
    for (const auto& entry : fs::directory_iterator(path))
      if (entry.is_regular_file() && !entry.is_symlink()) files[entry.path()] = true;
  } else {
    files[path] = true;
  }
  std::string text;
  for (const auto& [file, wanted] : files)
    for (const char c : data::read_text("char_transformer", file))  // without indentation
      if (c != ' ' || (!text.empty() && text.back() != ' ' && text.back() != '\n')) text += c;
  return text;
}

/// Which number each letter has: those that occur, in the order of their codes.
struct Vocabulary {
  std::string letters;
  std::int64_t numbers[256];

  explicit Vocabulary(const std::string& text) {
    bool seen[256] = {};
    for (const char c : text) seen[static_cast<unsigned char>(c)] = true;
    for (int c = 0; c < 256; ++c) {
      numbers[c] = static_cast<std::int64_t>(letters.size());
      if (seen[c]) letters += static_cast<char>(c);
    }
  }
  std::vector<std::int64_t> encode(std::string_view text) const {
    std::vector<std::int64_t> ids;
    for (const char c : text) ids.push_back(numbers[static_cast<unsigned char>(c)]);
    return ids;
  }
  std::int64_t size() const { return static_cast<std::int64_t>(letters.size()); }
};

/// Parts of a text that begin anywhere in it: `length` letters, and the ones behind each of them.
struct Excerpts {
  std::shared_ptr<const std::vector<std::int64_t>> ids;
  std::int64_t first, last, length, count;

  std::int64_t size() const { return count; }
  std::vector<std::int64_t> get(std::int64_t i) const {
    data::Random random(0, 0, static_cast<std::uint64_t>(i));
    return get(i, random);
  }
  std::vector<std::int64_t> get(std::int64_t, data::Random& random) const {
    const auto start = ids->begin() + first + random.below(last - first - length);
    return {start, start + length + 1};
  }
};

struct TextBatch {
  TensorData inputs, targets;  // i64 [N, L]
};
TextBatch stack_texts(const std::vector<std::vector<std::int64_t>>& items) {
  std::vector<std::int64_t> x, y;
  for (const auto& item : items) {
    x.insert(x.end(), item.begin(), item.end() - 1);
    y.insert(y.end(), item.begin() + 1, item.end());
  }
  const auto n = static_cast<std::int64_t>(items.size());
  const Shape shape{n, static_cast<std::int64_t>(x.size()) / n};
  return {TensorData(x, shape), TensorData(y, shape)};
}

// --- Network ------------------------------------------------------------------------------------------------------------

template <class B> struct CharTransformer {
  nn::Embedding<B> letters, places;
  nn::TransformerEncoder<B> encoder;
  nn::LayerNorm<B> norm;
  nn::Linear<B> head;
  FORNAX_MODULE(CharTransformer, letters, places, encoder, norm, head)

  CharTransformer() = default;
  CharTransformer(const CharTransformerConfig& c, std::int64_t vocabulary)
      : letters(embedding(vocabulary, c)),
        places(embedding(c.context, c)),
        encoder(nn::TransformerEncoderConfig{.d_model = c.d_model,
                                             .d_ff = 4 * c.d_model,
                                             .n_heads = c.n_heads,
                                             .n_layers = c.n_layers,
                                             .dropout = c.dropout,
                                             .norm_first = true}
                    .init<B>()),
        norm(nn::LayerNormConfig{.d_model = c.d_model}.init<B>()),
        head(nn::LinearConfig{.d_input = c.d_model, .d_output = vocabulary}.init<B>()) {}

  // [N, L] -> [N, L, d_model]; the first letter stands at place `from`.
  Tensor<B, 3> embed(const Tensor<B, 2, Int>& ids, std::int64_t from = 0) const {
    const auto at = Tensor<B, 1, Int>::arange(from, from + ids.dims()[1]);
    return letters.forward(ids) + places.forward(at).unsqueeze_dim(0);
  }
  Tensor<B, 3> forward(const Tensor<B, 2, Int>& ids) const {
    return head.forward(norm.forward(encoder.forward(embed(ids), true)));
  }

  auto step(const TextBatch& batch) const {
    const auto logits = forward(Tensor<B, 2, Int>::from_data(batch.inputs));
    const auto targets = Tensor<B, 2, Int>::from_data(batch.targets).reshape({-1});
    const auto rows = logits.reshape({-1, logits.dims()[2]});
    return train::ClassificationOutput<B>{functional::cross_entropy(rows, targets), rows, targets};
  }

 private:
  static nn::Embedding<B> embedding(std::int64_t n, const CharTransformerConfig& c) {
    return nn::EmbeddingConfig{.n_embedding = n, .d_model = c.d_model, .initializer = nn::Initializer::normal(0, 0.05)}
        .init<B>();
  }
};

/// The prompt and what follows. Keys and values of what is written already are kept; when the context is full, the second
/// half of it is read again.
std::string write(const CharTransformer<Cpu>& model, const Vocabulary& vocabulary, const CharTransformerConfig& c) {
  std::string text = c.prompt;
  std::vector<nn::AttentionCache<Cpu>> caches;
  std::int64_t place = 0;
  std::vector<std::int64_t> unread = vocabulary.encode(text);
  for (std::int64_t i = 0; i < c.length; ++i) {
    if (place + static_cast<std::int64_t>(unread.size()) > c.context) {
      caches.clear();
      place = 0;
      unread = vocabulary.encode(std::string_view(text).substr(text.size() - static_cast<std::size_t>(c.context / 2)));
    }
    const auto n = static_cast<std::int64_t>(unread.size());
    const auto ids = Tensor<Cpu, 2, Int>::from_data(TensorData(unread, Shape{1, n}));
    const auto hidden = model.encoder.forward_cache(model.embed(ids, place), caches);
    const auto logits =
        model.head.forward(model.norm.forward(hidden.narrow(1, n - 1, 1))).reshape({-1}) / c.temperature;
    const std::int64_t next = functional::categorical_from_logits(logits).into_scalar();
    place += n;
    unread = {next};
    text += vocabulary.letters[static_cast<std::size_t>(next)];
  }
  return text;
}

void run(const CharTransformerConfig& c, const examples::RunOptions& options) {
  c.validate();
  const std::string text = read_text(c.text);
  const Vocabulary vocabulary(text);
  const auto ids = std::make_shared<const std::vector<std::int64_t>>(vocabulary.encode(text));
  const auto n = static_cast<std::int64_t>(ids->size()), judged = n / 10;  // the last tenth is to judge with
  if (judged <= c.context + 1)
    throw ValueError("char_transformer", "the text has only " + std::to_string(n) + " letters");
  std::printf("%lld letters, %lld different ones\n", static_cast<long long>(n),
              static_cast<long long>(vocabulary.size()));

  const std::int64_t steps_of_epoch = std::min<std::int64_t>(c.steps, 250);
  const auto loader = [&](std::int64_t first, std::int64_t last, std::int64_t count) {
    return data::DataLoader(Excerpts{ids, first, last, c.context, count}, {.batch_size = c.batch_size, .seed = c.seed},
                            stack_texts);
  };
  auto train_loader = loader(0, n - judged, steps_of_epoch * c.batch_size);
  auto valid_loader = loader(n - judged, n, 20 * c.batch_size);

  manual_seed(c.seed);
  auto learner =
      examples::builder(options)
          .name("char-transformer")
          .config(c)
          .epochs((c.steps + steps_of_epoch - 1) / steps_of_epoch)
          .seed(c.seed)
          .metric(train::Perplexity())
          .metric(train::Accuracy())
          .metric(train::Throughput())
          .schedule(optim::warmup_lr(c.steps / 20, optim::cosine_lr({.t_max = c.steps, .eta_min = c.lr / 10})))
          .clip(optim::Clip::global_norm(c.clip_norm))
          .checkpoint(train::keep_last(1))
          .build(nn::train(CharTransformer<Cpu>(c, vocabulary.size())), optim::AdamW({.lr = c.lr}));
  const auto trained = learner.fit(train_loader, valid_loader);
  if (trained.outcome() != train::Outcome::Finished) return;
  io::save_model(options.directory + "/model.safetensors", trained.model, {{"config", c.to_json()}});
  std::printf("\nloss %.3f on text that it has not seen; it writes:\n\n%s\n", trained.value("loss"),
              write(trained.model, vocabulary, c).c_str());
}

}  // namespace

FORNAX_EXAMPLE(CharTransformerConfig, run, "char_transformer",
               "a transformer that writes like a text, letter by letter")
