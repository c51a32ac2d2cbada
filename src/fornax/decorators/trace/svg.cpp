#include <algorithm>
#include <cstdio>

#include <fornax/decorators/trace/layout.hpp>
#include <fornax/decorators/trace/program.hpp>
#include <fornax/io/markup.hpp>

namespace fornax::trace {

namespace {

std::string number(double v) {
  char text[40];
  std::snprintf(text, sizeof text, "%.1f", v);
  return text;
}

// At most so many characters (not bytes), the last of them an ellipsis.
std::string shortened(const std::string& text, std::size_t most) {
  std::size_t characters = 0, cut = text.size();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) == 0x80) continue;
    if (++characters == most) cut = i;
  }
  return characters <= most ? text : text.substr(0, cut) + "\u2026";
}

struct Box {
  std::string title, type, tip;
  const char* fill;
};

constexpr double kRow = 64, kBoxHeight = 36;
constexpr std::size_t kTitleLength = 28;

Box box_of(const Program::Body& p, const Node& node) {
  Box box;
  box.title = shortened(title_of(node), kTitleLength);
  if (!node.outputs.empty()) box.type = type_of(p.values[node.outputs[0]]);
  if (node.outputs.size() > 1) box.type += ", ...";
  box.tip = title_of(node);
  if (!node.settings.empty()) box.tip += "\n" + node.settings;
  if (!node.scope.empty()) box.tip += "\nscope: " + io::printable(scope_text(node.scope));
  for (const std::size_t v : node.outputs) box.tip += "\n" + p.values[v].about.str();
  const bool backward = !node.scope.empty() && node.scope.front() == "backward";
  box.fill = node.kind == NodeKind::Input      ? "#d5e8d4"
             : node.kind == NodeKind::Constant ? "#f0f0f0"
             : backward                        ? "#f8d9c4"
                                               : "#dae8fc";
  return box;
}

}  // namespace

std::string Program::svg() const {
  const Body& p = *body_;
  std::vector<Box> boxes;
  std::vector<std::pair<std::size_t, std::size_t>> edges;
  for (std::size_t n = 0; n < p.nodes.size(); ++n) {
    boxes.push_back(box_of(p, p.nodes[n]));
    for (const std::size_t v : p.nodes[n].inputs) edges.emplace_back(p.values[v].node, n);
  }
  for (std::size_t i = 0; i < p.outputs.size(); ++i) {
    const Value& v = p.values[p.outputs[i]];
    edges.emplace_back(v.node, boxes.size());
    boxes.push_back({"output " + std::to_string(i), type_of(v), v.about.str(), "#fff2cc"});
  }
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  std::vector<double> widths;
  for (const Box& b : boxes)
    widths.push_back(16 + 6.6 * static_cast<double>(std::max({b.title.size(), b.type.size(), std::size_t{6}})));
  const Drawing d = lay_out(widths, kRow, edges);

  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number(d.width) + " " +
                    number(d.height) + "\" width=\"" + number(d.width) + "\" height=\"" + number(d.height) +
                    "\" font-family=\"sans-serif\" font-size=\"11\" text-anchor=\"middle\">\n"
                    "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
                    "<g fill=\"none\" stroke=\"#888\">\n";
  for (const auto& route : d.routes) {
    double x = route[0].x, y = route[0].y + kBoxHeight / 2;
    out += "<path d=\"M" + number(x) + " " + number(y);
    for (std::size_t i = 1; i < route.size(); ++i) {
      const double to = i + 1 == route.size() ? route[i].y - kBoxHeight / 2 : route[i].y, middle = (y + to) / 2;
      out += " C" + number(x) + " " + number(middle) + " " + number(route[i].x) + " " + number(middle) + " " +
             number(route[i].x) + " " + number(to);
      x = route[i].x, y = to;
    }
    out += "\"/>\n<path stroke=\"none\" fill=\"#888\" d=\"M" + number(x) + " " + number(y) + " l-3 -6 h6 z\"/>\n";
  }
  out += "</g>\n";
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const auto [x, y] = d.centres[i];
    out += "<g><title>" + io::escaped(boxes[i].tip) + "</title><rect x=\"" + number(x - widths[i] / 2) + "\" y=\"" +
           number(y - kBoxHeight / 2) + "\" width=\"" + number(widths[i]) + "\" height=\"" + number(kBoxHeight) +
           "\" rx=\"5\" fill=\"" + boxes[i].fill + "\" stroke=\"#666\"/><text x=\"" + number(x) + "\" y=\"" +
           number(y - 3) + "\" font-weight=\"bold\">" + io::escaped(boxes[i].title) + "</text><text x=\"" + number(x) +
           "\" y=\"" + number(y + 12) + "\" fill=\"#444\">" + io::escaped(boxes[i].type) + "</text></g>\n";
  }
  return out + "</svg>\n";
}

}  // namespace fornax::trace
