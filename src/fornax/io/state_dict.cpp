#include <fornax/io/state_dict.hpp>

#include <algorithm>
#include <optional>
#include <utility>

#include <fornax/array/error.hpp>
#include <fornax/io/input.hpp>
#include <fornax/ops/functions.hpp>

namespace fornax::io {

namespace {

// A pattern in pieces: texts, and the signs * and ** between them.
struct Piece {
  enum class Kind : std::uint8_t { Text, Star, StarStar };
  Kind kind = Kind::Text;
  std::string_view text;
};

std::vector<Piece> pieces_of(std::string_view pattern) {
  std::vector<Piece> pieces;
  while (!pattern.empty()) {
    if (pattern.starts_with('*')) {
      const bool two = pattern.starts_with("**");
      pieces.push_back({two ? Piece::Kind::StarStar : Piece::Kind::Star, {}});
      pattern.remove_prefix(two ? 2 : 1);
    } else {
      const std::string_view text = pattern.substr(0, pattern.find('*'));
      pieces.push_back({Piece::Kind::Text, text});
      pattern.remove_prefix(text.size());
    }
  }
  return pieces;
}

// What the signs stand for, if the pattern fits. Every pair of places is found wrong at most once, so that the time stays
// below the length of the pattern times the square of that of the name.
class Matcher {
 public:
  Matcher(const std::vector<Piece>& pieces, std::string_view name)
      : pieces_(pieces), name_(name), failed_((pieces.size() + 1) * (name.size() + 1)) {}

  std::optional<std::vector<std::string_view>> match() {
    if (!from(0, 0)) return std::nullopt;
    std::ranges::reverse(found_);
    return std::move(found_);
  }

 private:
  // Whether the pieces from p on fit the name from i on.
  bool from(std::size_t p, std::size_t i) {
    if (p == pieces_.size()) return i == name_.size();
    if (failed_[p * (name_.size() + 1) + i]) return false;
    const Piece& piece = pieces_[p];
    if (piece.kind == Piece::Kind::Text) {
      if (name_.substr(i).starts_with(piece.text) && from(p + 1, i + piece.text.size())) return true;
    } else {
      for (std::size_t end = i;; ++end) {
        if (from(p + 1, end)) {
          found_.push_back(name_.substr(i, end - i));
          return true;
        }
        if (end == name_.size() || (piece.kind == Piece::Kind::Star && name_[end] == '.')) break;
      }
    }
    failed_[p * (name_.size() + 1) + i] = true;
    return false;
  }

  const std::vector<Piece>& pieces_;
  std::string_view name_;
  std::vector<bool> failed_;
  std::vector<std::string_view> found_;
};

std::optional<std::vector<std::string_view>> matched(std::string_view pattern, std::string_view name) {
  const std::vector<Piece> pieces = pieces_of(pattern);
  return Matcher(pieces, name).match();
}

bool fits(const std::string& name, const std::vector<std::string>& patterns) {
  return std::ranges::any_of(patterns, [&](const std::string& p) { return matched(p, name).has_value(); });
}

std::string replaced(const std::string& name, const Rename& rule) {
  const std::vector<Piece> pattern = pieces_of(rule.pattern), replacement = pieces_of(rule.replacement);
  const auto found = matched(rule.pattern, name);
  if (!found) return name;
  std::string out;
  std::vector<bool> used(found->size(), false);
  for (const Piece& piece : replacement) {
    if (piece.kind == Piece::Kind::Text) {
      out += piece.text;
      continue;
    }
    std::size_t sign = 0, k = 0;
    for (; k < pattern.size(); ++k) {
      if (pattern[k].kind == Piece::Kind::Text) continue;
      if (pattern[k].kind == piece.kind && !used[sign]) break;
      ++sign;
    }
    if (k == pattern.size())
      throw ValueError("rename", "the replacement " + in_quotes(rule.replacement) +
                                     " has more * or ** than the pattern " + in_quotes(rule.pattern));
    used[sign] = true;
    out += (*found)[sign];
  }
  return out;
}

}  // namespace

Rename rename_prefix(std::string_view prefix, std::string_view replacement) {
  return {std::string(prefix) + "**", std::string(replacement) + "**"};
}
Rename rename_suffix(std::string_view suffix, std::string_view replacement) {
  return {"**" + std::string(suffix), "**" + std::string(replacement)};
}

std::string rename(const std::string& name, const std::vector<Rename>& rules) {
  std::string current = name;
  for (const Rename& rule : rules) current = replaced(current, rule);
  return current;
}

NamedArrays rename(const NamedArrays& arrays, const std::vector<Rename>& rules) {
  NamedArrays renamed;
  std::map<std::string, std::string> origin;
  for (const auto& [name, array] : arrays) {
    const std::string other = rename(name, rules);
    if (!renamed.emplace(other, array).second)
      throw ValueError("rename",
                       in_quotes(origin[other]) + " and " + in_quotes(name) + " both become " + in_quotes(other));
    origin[other] = name;
  }
  return renamed;
}

NamedArrays filter(const NamedArrays& arrays, const std::vector<std::string>& patterns) {
  NamedArrays kept;
  for (const auto& [name, array] : arrays)
    if (fits(name, patterns)) kept.emplace(name, array);
  return kept;
}

NamedArrays from_torch(const NamedArrays& state, const TorchLayout& layout) {
  NamedArrays arrays;
  for (const auto& [name, array] : state) {
    if (fits(name, layout.dropped)) continue;
    const bool transpose = fits(name, layout.transposed);
    if (transpose && array.rank() != 2)
      throw ShapeError("from_torch", in_quotes(name) + " has shape " + array.shape().str() +
                                         "; a weight to be transposed is a matrix");
    arrays.emplace(name, transpose ? swap_dims(array, 0, 1) : array);
  }
  return rename(arrays, layout.names);
}

}  // namespace fornax::io
