#include <fornax/nn/summary.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>

namespace fornax::nn {

namespace {

std::int64_t multiply_adds_of(const trace::Program& program, const trace::Node& node) {
  if (node.kind != trace::NodeKind::Operation || node.inputs.size() < 2) return 0;
  const auto shape = [&](std::size_t value) { return program.values()[value].about.shape; };
  const Shape a = shape(node.inputs[0]), b = shape(node.inputs[1]), y = shape(node.outputs[0]);
  if (a.numel() == 0 || b.numel() == 0 || y.numel() == 0) return 0;
  if (node.name == "matmul") {
    // Transposed or not, the matrices have M K, K N and M N elements: K² is the product of two by the third.
    const std::int64_t matrix = y[y.rank() - 2] * y[y.rank() - 1], batch = y.numel() / matrix;
    const double product = static_cast<double>(a.numel() / batch) * static_cast<double>(b.numel() / batch);
    return y.numel() * std::llround(std::sqrt(product / static_cast<double>(matrix)));
  }
  if (node.name == "linear" || node.name == "quantized_linear") return y.numel() * a[a.rank() - 1];
  if (node.name == "attention") {  // q kᵀ and p v, all of them: also the part that a causal mask leaves out
    const Shape v = shape(node.inputs[2]);
    const std::int64_t keys = b[b.rank() - 2];
    return a.numel() * keys + a.numel() / a[a.rank() - 1] * keys * v[v.rank() - 1];
  }
  if (node.name == "lstm" || node.name == "gru") return a.numel() * b[1];
  if (node.name.starts_with("conv_transpose")) return a.numel() * (b.numel() / b[0]);
  for (const std::string_view conv : {"conv1d", "conv2d", "conv3d", "biased_conv1d", "biased_conv2d", "biased_conv3d"})
    if (node.name == conv) return y.numel() * (b.numel() / b[0]);
  return 0;
}

}  // namespace

std::int64_t multiply_adds(const trace::Program& program) {
  std::int64_t sum = 0;
  for (const trace::Node& node : program.nodes()) sum += multiply_adds_of(program, node);
  return sum;
}

namespace detail {

namespace {

/// What a tensor of the module took part in.
struct Work {
  std::int64_t multiply_adds = 0;
  Shape output;
};

/// The work of each slot whose tensor is a factor of a product, itself or as another view.
std::map<std::size_t, Work> work_of(const Run& run) {
  const trace::Program& program = run.program;
  const auto slot_of = [&](std::size_t value) {
    for (;;) {
      const std::size_t at = program.values()[value].node;
      const trace::Node& node = program.nodes()[at];
      if (node.kind == trace::NodeKind::Constant) {
        const ArrayBody* body = program.constant(at).body();
        return static_cast<std::size_t>(std::find(run.slots.begin(), run.slots.end(), body) - run.slots.begin());
      }
      if (node.kind == trace::NodeKind::Input || node.inputs.size() != 1) return run.slots.size();
      value = node.inputs[0];
    }
  };
  std::map<std::size_t, Work> work;
  for (const trace::Node& node : program.nodes()) {
    const std::int64_t count = multiply_adds_of(program, node);
    if (count == 0) continue;
    for (const std::size_t input : node.inputs) {
      if (program.values()[input].about.shape.rank() < 2) continue;  // a bias, or a scale
      const std::size_t slot = slot_of(input);
      if (slot == run.slots.size()) continue;
      work[slot].multiply_adds += count;
      work[slot].output = program.values()[node.outputs[0]].about.shape;
    }
  }
  return work;
}

// "101,770".
std::string with_commas(std::int64_t n) {
  std::string digits = std::to_string(n);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

// Units: bytes.
std::string memory(std::int64_t bytes) {
  const char* const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit < 4; ++unit) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
  return text;
}

std::int64_t bytes_of(const Array& a) { return a.numel() * static_cast<std::int64_t>(size_of(a.dtype())); }

// Characters on the screen: the bytes that do not continue one in UTF-8.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

struct Table {
  std::vector<std::vector<std::string>> rows;
  std::vector<bool> right;  // columns of numbers

  std::string str() const {
    std::vector<std::size_t> widths(right.size());
    for (const auto& row : rows)
      for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], width(row[c]));
    std::string text;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      std::string line;
      for (std::size_t c = 0; c < widths.size(); ++c) {
        const std::string& cell = rows[r][c];
        const std::string space(widths[c] - width(cell), ' ');
        line.append(c ? "  " : "").append(right[c] ? space + cell : cell + space);
      }
      line.resize(line.find_last_not_of(' ') + 1);
      text += line + "\n";
      if (r > 0) continue;
      std::size_t whole = 2 * (widths.size() - 1);
      for (const std::size_t w : widths) whole += w;
      text += std::string(whole, '-') + "\n";
    }
    return text;
  }
};

std::string last_name(const Part& part) {
  return part.path.substr(part.path.rfind('.') + 1);  // npos + 1 is 0
}

}  // namespace

std::string summary(const Listing& module, const Run* run) {
  std::vector<std::string> head = {"Layer", "Type", "Tensors", "Parameters", "Memory"};
  std::vector<bool> right = {false, false, false, true, true};
  if (run) {
    head.insert(head.end(), {"Output", "Multiply-adds"});
    right.insert(right.end(), {false, true});
  }
  head.emplace_back("Settings");
  right.push_back(false);
  Table table{{head}, right};
  const std::map<std::size_t, Work> work = run ? work_of(*run) : std::map<std::size_t, Work>();
  std::int64_t trainable = 0, frozen = 0, buffers = 0, bytes = 0;
  std::set<const ArrayBody*> seen;
  for (const Part& part : module.parts) {
    std::int64_t count = 0, size = 0, products = 0;
    std::string tensors, output;
    for (const std::size_t i : part.slots) {
      const Slot& slot = module.slots[i];
      if (!slot.array->defined()) continue;
      if (const auto found = work.find(i); found != work.end()) {
        products += found->second.multiply_adds;
        output = found->second.output.str();
      }
      const Array& a = *slot.array;
      const bool first = seen.insert(a.body()).second, parameter = slot.role == Role::Parameter;
      tensors.append(tensors.empty() ? "" : ", ").append(slot.path.substr(slot.path.rfind('.') + 1));
      tensors.append(" ").append(a.shape().str());
      if (!first) tensors += " tied";
      if (parameter && !slot.trainable()) tensors += " frozen";
      if (!first) continue;
      size += bytes_of(a);
      if (parameter) {
        count += a.numel();
        (slot.trainable() ? trainable : frozen) += a.numel();
      } else {
        buffers += a.numel();
      }
    }
    bytes += size;
    const bool root = part.depth == 0;
    const std::string name(root ? 0 : 2 * static_cast<std::size_t>(part.depth - 1), ' ');
    std::vector<std::string> row = {root ? "" : name + last_name(part), part.type, tensors,
                                    count ? with_commas(count) : "", size ? memory(size) : ""};
    if (run) row.insert(row.end(), {output, products ? with_commas(products) : ""});
    row.push_back(part.settings);
    table.rows.push_back(row);
  }
  std::string text = table.str();
  text += "Parameters: " + with_commas(trainable + frozen);
  if (frozen) text += " (" + with_commas(trainable) + " trainable, " + with_commas(frozen) + " frozen)";
  if (buffers) text += "; other tensors: " + with_commas(buffers);
  text += "; memory: " + memory(bytes);
  if (run) text += "; multiply-adds: " + with_commas(multiply_adds(run->program));
  return text + "\n";
}

}  // namespace detail
}  // namespace fornax::nn
