#include <map>

#include <fornax/decorators/trace/program.hpp>
#include <fornax/io/markup.hpp>

namespace fornax::trace {

namespace {

// A quoted string of the DOT language; \n breaks lines.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// The scopes as a tree.
struct Group {
  std::map<std::string, Group> groups;
  std::vector<std::size_t> nodes;
};

void write_group(const Program::Body& p, const Group& group, int& clusters, const std::string& indent,
                 std::string& out) {
  for (const std::size_t n : group.nodes) {
    const Node& node = p.nodes[n];
    std::string label = title_of(node);
    if (!node.settings.empty()) label += "\n" + node.settings;
    for (const std::size_t v : node.outputs) label += "\n" + type_of(p.values[v]);
    const bool backward = !node.scope.empty() && node.scope.front() == "backward";
    const char* style = node.kind == NodeKind::Input      ? "shape=ellipse, style=filled, fillcolor=\"#d5e8d4\""
                        : node.kind == NodeKind::Constant ? "shape=box, style=\"filled,dashed\", fillcolor=\"#f0f0f0\""
                        : backward                        ? "shape=box, style=\"filled,rounded\", fillcolor=\"#f8d9c4\""
                                   : "shape=box, style=\"filled,rounded\", fillcolor=\"#dae8fc\"";
    out += indent + "n" + std::to_string(n) + " [label=" + quoted(label) + ", " + style + "];\n";
  }
  for (const auto& [name, inner] : group.groups) {
    out += indent + "subgraph cluster_" + std::to_string(clusters++) + " {\n";
    out += indent + "  label=" + quoted(io::printable(name)) + "; color=\"#999999\";\n";
    write_group(p, inner, clusters, indent + "  ", out);
    out += indent + "}\n";
  }
}

}  // namespace

std::string Program::dot() const {
  const Body& p = *body_;
  Group all;
  for (std::size_t n = 0; n < p.nodes.size(); ++n) {
    Group* group = &all;
    for (const std::string& name : p.nodes[n].scope) group = &group->groups[name];
    group->nodes.push_back(n);
  }
  std::string out = "digraph program {\n  node [fontname=\"sans-serif\", fontsize=10];\n  edge [color=\"#666666\"];\n";
  int clusters = 0;
  write_group(p, all, clusters, "  ", out);
  for (std::size_t n = 0; n < p.nodes.size(); ++n)
    for (const std::size_t v : p.nodes[n].inputs)
      out += "  n" + std::to_string(p.values[v].node) + " -> n" + std::to_string(n) + ";\n";
  for (std::size_t i = 0; i < p.outputs.size(); ++i) {
    const std::string id = "o" + std::to_string(i);
    out += "  " + id + " [label=\"output " + std::to_string(i) +
           "\", shape=ellipse, style=filled, fillcolor=\"#fff2cc\"];\n";
    out += "  n" + std::to_string(p.values[p.outputs[i]].node) + " -> " + id + ";\n";
  }
  return out + "}\n";
}

}  // namespace fornax::trace
