#include <cmath>

#include <nlohmann/json.hpp>

#include <fornax/decorators/trace/page.hpp>
#include <fornax/decorators/trace/program.hpp>
#include <fornax/io/markup.hpp>

namespace fornax::trace {

namespace {

using nlohmann::json;

// JSON has no NaN and no infinities.
json number(double v) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "inf" : "-inf";
  return v;
}

json value_data(const Value& v) {
  json elements = json::array();
  for (const double e : v.elements) elements.push_back(number(e));
  json data = {{"node", v.node}, {"type", type_of(v)}, {"elements", std::move(elements)}};
  const ArrayReport& a = v.about;
  if (a.measured)
    data["statistics"] = {{"min", number(a.min)}, {"max", number(a.max)}, {"mean", number(a.mean)},
                          {"NaN", a.nans},        {"inf", a.infinities},  {"zeros", a.zeros}};
  return data;
}

json program_data(const Program::Body& p) {
  constexpr const char* kinds[] = {"input", "constant", "operation"};
  json nodes = json::array(), values = json::array();
  for (const Node& n : p.nodes) {
    json scope = json::array();
    for (const std::string& s : n.scope) scope.push_back(io::printable(s));
    nodes.push_back({{"kind", kinds[static_cast<std::size_t>(n.kind)]},
                     {"name", title_of(n)},
                     {"settings", n.settings},
                     {"scope", std::move(scope)},
                     {"gradient_of", io::printable(n.gradient_of)},
                     {"inputs", n.inputs},
                     {"outputs", n.outputs}});
  }
  for (const Value& v : p.values) values.push_back(value_data(v));
  return {{"nodes", std::move(nodes)}, {"values", std::move(values)}, {"outputs", p.outputs}};
}

}  // namespace

std::string Program::html(std::string_view title) const {
  // The marks are looked for in the page alone: a title or a name may hold them too.
  constexpr std::string_view title_mark = "@TITLE@", data_mark = "@DATA@";
  const std::string_view page = kPage;
  const std::size_t at = page.find(title_mark), data_at = page.find(data_mark);
  std::string out(page.substr(0, at));
  out += io::escaped(io::printable(title));
  out += page.substr(at + title_mark.size(), data_at - at - title_mark.size());
  out += io::json_for_script(program_data(*body_).dump());
  return out.append(page.substr(data_at + data_mark.size()));
}

}  // namespace fornax::trace
