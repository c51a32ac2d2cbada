#include <fornax/decorators/trace/program.hpp>

#include <fornax/array/error.hpp>
#include <fornax/io/atomic_file.hpp>
#include <fornax/io/markup.hpp>
#include <fornax/ops/functions.hpp>

namespace fornax::trace {

Program::Program(const Ref<Body>& body) : body_(body) {}
Program::Program(const Program&) = default;
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program other) noexcept {
  body_ = std::move(other.body_);
  return *this;
}
Program::~Program() = default;

const std::vector<Node>& Program::nodes() const { return body_->nodes; }
const Array& Program::constant(std::size_t node) const { return body_->constants[node]; }
const std::vector<Value>& Program::values() const { return body_->values; }
const std::vector<std::size_t>& Program::inputs() const { return body_->inputs; }
const std::vector<std::size_t>& Program::outputs() const { return body_->outputs; }
const Arrays& Program::results() const { return body_->results; }

std::string type_of(const Value& value) { return std::string(name(value.about.dtype)) + " " + value.about.shape.str(); }

std::string title_of(const Node& node) { return io::printable(node.name); }

namespace {

void require_like(const Value& recorded, const Array& given, std::size_t position) {
  const std::string which = "input " + std::to_string(position);
  if (!given.defined())
    throw ValueError("Program::run", which + " is empty: it was moved from, or never given a value");
  if (!(given.shape() == recorded.about.shape))
    throw ShapeError("Program::run", which + " has shape " + given.shape().str() + ", the recorded one has " +
                                         recorded.about.shape.str());
  if (given.dtype() != recorded.about.dtype)
    throw DTypeError("Program::run", which + " has dtype " + std::string(name(given.dtype())) +
                                         ", the recorded one has " + std::string(name(recorded.about.dtype)));
}

}  // namespace

Arrays Program::run(std::span<const Array> given) const {
  const Body& p = *body_;
  if (given.size() != p.inputs.size())
    throw ValueError("Program::run",
                     "needs " + std::to_string(p.inputs.size()) + " inputs, got " + std::to_string(given.size()));
  for (std::size_t i = 0; i < given.size(); ++i) require_like(p.values[p.inputs[i]], given[i], i);

  // From the outputs back: which nodes matter, and which of them reads an array last.
  constexpr std::size_t kNever = ~std::size_t{0};
  std::vector<std::size_t> last_reader(p.values.size(), kNever);
  std::vector<bool> needed(p.values.size());
  for (const std::size_t v : p.outputs) needed[v] = true, last_reader[v] = p.nodes.size();
  for (std::size_t n = p.nodes.size(); n-- > 0;) {
    bool wanted = false;
    for (const std::size_t v : p.nodes[n].outputs) wanted = wanted || needed[v];
    if (!wanted) continue;
    for (const std::size_t v : p.nodes[n].inputs) {
      needed[v] = true;
      if (last_reader[v] == kNever) last_reader[v] = n;
    }
  }

  std::vector<Array> arrays(p.values.size());
  for (std::size_t i = 0; i < given.size(); ++i) arrays[p.inputs[i]] = given[i];
  for (std::size_t n = 0; n < p.nodes.size(); ++n) {
    const Node& node = p.nodes[n];
    bool wanted = false;
    for (const std::size_t v : node.outputs) wanted = wanted || needed[v];
    if (!wanted || node.kind == NodeKind::Input) continue;
    if (node.kind == NodeKind::Constant) {
      arrays[node.outputs[0]] = p.constants[n];
      continue;
    }
    std::vector<Operand> operands;
    for (const std::size_t v : node.inputs) operands.emplace_back(arrays[v]);
    Arrays results = run_all(p.ops[n], operands);
    for (std::size_t i = 0; i < node.outputs.size(); ++i) arrays[node.outputs[i]] = std::move(results[i]);
    for (const std::size_t v : node.inputs)
      if (last_reader[v] == n) arrays[v] = Array();
    for (const std::size_t v : node.outputs)
      if (!needed[v]) arrays[v] = Array();
  }
  Arrays out;
  for (const std::size_t v : p.outputs) out.push_back(arrays[v]);
  return out;
}

std::string Program::text() const {
  const Body& p = *body_;
  std::string text;
  const auto list = [&](const std::vector<std::size_t>& values) {
    std::string all;
    for (const std::size_t v : values) all.append(all.empty() ? "%" : ", %").append(std::to_string(v));
    return all;
  };
  for (const Node& node : p.nodes) {
    text.append(list(node.outputs)).append(" = ");
    if (node.kind == NodeKind::Input) {
      text += "input \"" + io::printable(node.name) + "\"";
    } else {
      text += io::printable(node.name);
      if (node.kind == NodeKind::Operation) text += "(" + list(node.inputs) + ")";
    }
    if (!node.settings.empty()) text += " {" + node.settings + "}";
    text += ":";
    for (std::size_t i = 0; i < node.outputs.size(); ++i)
      text.append(i ? ", " : " ").append(type_of(p.values[node.outputs[i]]));
    if (!node.scope.empty()) text += "  # " + io::printable(scope_text(node.scope));
    text += "\n";
  }
  return text + "return " + list(p.outputs) + "\n";
}

void Program::write(const std::string& path) const {
  const std::string_view p = path;
  if (p.ends_with(".txt")) return io::write_file_atomically("Program::write", path, text());
  if (p.ends_with(".dot")) return io::write_file_atomically("Program::write", path, dot());
  if (p.ends_with(".svg")) return io::write_file_atomically("Program::write", path, svg());
  if (p.ends_with(".html")) return io::write_file_atomically("Program::write", path, html());
  throw ValueError("Program::write", "the format of \"" + path + "\" is not known; use .txt, .dot, .svg or .html");
}

}  // namespace fornax::trace
