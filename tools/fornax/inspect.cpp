#include <filesystem>
#include <ostream>

#include <nlohmann/json.hpp>

#include <fornax/decorators/statistics.hpp>
#include <fornax/io/markup.hpp>
#include <fornax/io/named.hpp>
#include <fornax/io/state_dict.hpp>
#include <fornax/train/views/text.hpp>

#include "commands.hpp"
#include "tensor_file.hpp"

namespace fornax::tool {

namespace {

using nlohmann::json;

struct Entry {
  std::string name;
  ArrayReport about;
  std::uint64_t bytes = 0;
};

bool wanted(const std::string& name, const std::vector<std::string>& patterns) {
  return patterns.empty() || !io::filter({{name, Array()}}, patterns).empty();
}

std::string size_text(std::uint64_t bytes) {
  constexpr const char* units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; size >= 1024 && unit < 4; ++unit) size /= 1024;
  return (unit == 0 ? std::to_string(bytes) : train::number_text(size)) + " " + units[unit];
}

json as_json(const Entry& e, bool values) {
  const ArrayReport& a = e.about;
  json shape = json::array();
  for (int d = 0; d < a.shape.rank(); ++d) shape.push_back(a.shape[d]);
  json out = {
      {"name", io::printable(e.name)}, {"dtype", name(a.dtype)}, {"shape", std::move(shape)}, {"bytes", e.bytes}};
  if (!values) return out;
  const bool any = a.nans + a.infinities < a.shape.numel();
  for (const auto& [key, value] : {std::pair{"min", a.min}, {"max", a.max}, {"mean", a.mean}, {"std", a.stddev}})
    out[key] = any ? json(value) : json(nullptr);
  out["nan"] = a.nans;
  out["inf"] = a.infinities;
  out["zeros"] = a.zeros;
  return out;
}

using Row = std::vector<std::string>;

Row row_of(const Entry& e, bool values) {
  const ArrayReport& a = e.about;
  Row row{io::printable(e.name), std::string(name(a.dtype)), a.shape.str(), size_text(e.bytes)};
  if (!values) return row;
  const bool any = a.nans + a.infinities < a.shape.numel();
  for (const double v : {a.min, a.max, a.mean, a.stddev}) row.push_back(any ? train::number_text(v) : "-");
  row.push_back(std::to_string(a.nans));
  row.push_back(std::to_string(a.infinities));
  return row;
}

// Names on the left, all else on the right.
void print_table(const std::vector<Row>& rows, std::ostream& out) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], train::columns_of(row[i]));
  for (const Row& row : rows) {
    std::string line = train::padded(row[0], widths[0]);
    for (std::size_t i = 1; i < row.size(); ++i)
      line += "  " + (i == 1 || i == 2 ? train::padded(row[i], widths[i]) : train::padded_left(row[i], widths[i]));
    out << line << "\n";
  }
}

}  // namespace

void inspect(const InspectOptions& options, std::ostream& out) {
  const Format format = format_of(options.file);
  std::vector<Entry> entries;
  std::uint64_t bytes = 0;
  std::int64_t elements = 0, bad = 0;
  const io::Metadata texts = each_tensor(options.file, format, [&](const std::string& name, const TensorData& data) {
    if (!wanted(name, options.only)) return;
    Entry e{.name = name, .about = {.shape = data.shape(), .dtype = data.dtype()}, .bytes = data.bytes().size()};
    if (!options.no_values) e.about = report_on(io::to_array(data));
    bytes += e.bytes;
    elements += data.numel();
    bad += e.about.nans + e.about.infinities;
    entries.push_back(std::move(e));
  });

  if (options.json) {
    json tensors = json::array(), metadata = json::object();
    for (const Entry& e : entries) tensors.push_back(as_json(e, !options.no_values));
    for (const auto& [key, text] : texts) metadata[io::printable(key)] = text;
    const json all = {{"file", options.file},          {"format", name_of(format)},
                      {"tensors", std::move(tensors)}, {"metadata", std::move(metadata)},
                      {"elements", elements},          {"bytes", bytes}};
    out << all.dump(2, ' ', false, json::error_handler_t::replace) << "\n";
    return;
  }
  out << options.file << ": " << name_of(format) << ", " << entries.size()
      << (entries.size() == 1 ? " tensor" : " tensors") << ", " << elements
      << (elements == 1 ? " element, " : " elements, ") << size_text(bytes)
      << (format == Format::Checkpoint ? "; all checksums are right\n" : "\n");
  if (bad > 0) out << bad << (bad == 1 ? " element is" : " elements are") << " not finite\n";
  if (!entries.empty()) {
    std::vector<Row> rows{{"name", "dtype", "shape", "size"}};
    if (!options.no_values) rows[0].insert(rows[0].end(), {"min", "max", "mean", "std", "NaN", "inf"});
    for (const Entry& e : entries) rows.push_back(row_of(e, !options.no_values));
    out << "\n";
    print_table(rows, out);
  }
  if (texts.empty()) return;
  out << "\nmetadata\n";
  for (const auto& [key, text] : texts) out << "  " << io::printable(key) << ": " << io::printable(text) << "\n";
}

}  // namespace fornax::tool
