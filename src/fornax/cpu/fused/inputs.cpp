#include <fornax/cpu/fused/inputs.hpp>

#include <algorithm>

#include <fornax/array/dense.hpp>

namespace fornax::cpu {

using fused::kInput;

DimOrder order_of(const fused::Call& call) {
  DimOrder rows{};
  for (std::size_t d = 0; d < rows.size(); ++d) rows[d] = static_cast<std::int8_t>(d);
  if (call.row_major || call.program.walk != fused::Walk::Elements) return rows;
  const Array* like = nullptr;
  for (const Array& x : call.inputs) {
    if (!x.defined() || !is_dense(x)) continue;
    if (!like) like = &x;
    if (x.rank() > 2 && !is_contiguous(x)) {
      like = &x;
      break;
    }
  }
  return like ? memory_order(*like) : rows;
}

Input input_of(const fused::Call& call, const Array& x, const DimOrder& order) {
  if (!x.defined()) return {};
  Input input{dense(x).data, {}, Source::Gathered};
  bool adjacent = true;
  std::int64_t step = 1;
  for (int d = x.rank() - 1; d >= 0; --d) {
    const std::int8_t from = order[static_cast<std::size_t>(d)];
    const std::int64_t stride = dense(x).strides[static_cast<std::size_t>(from)];
    input.strides[static_cast<std::size_t>(d)] = stride;
    adjacent = adjacent && (x.shape()[from] == 1 || stride == step);
    step *= x.shape()[from];
  }
  if (adjacent) {
    input.source = Source::Adjacent;
  } else if (repeats_one_element(x)) {
    input.source = Source::Repeated;
  } else if (call.program.walk == fused::Walk::WholeRows) {
    // Row-major, so that the dims of a row are the last ones.
    std::int64_t row = 1;
    input.same_rows = true;
    for (int d = x.rank() - 1; d >= 0; --d) {
      const bool within = row < call.columns;
      row *= x.shape()[d];
      if (!within && x.shape()[d] != 1)
        input.same_rows = input.same_rows && input.strides[static_cast<std::size_t>(d)] == 0;
    }
  }
  return input;
}

std::vector<std::size_t> reused_inputs(const fused::Call& call, const std::vector<Source>& sources) {
  const auto& [types, code, outputs, walk] = call.program;
  std::vector<std::size_t> last_read(types.size(), 0), reused(outputs.size(), types.size());
  for (std::size_t i = 0; i < code.size(); ++i)
    for (std::size_t k = 0; k < code[i].count; ++k)
      if (code[i].arguments[k] >= kInput) {
        std::size_t& last = last_read[code[i].arguments[k] - kInput];
        last = std::max(last, is_end(code[i].code) ? code.size() : i);  // ends run last
      }
  for (std::size_t x = 0; x < types.size(); ++x) {
    if (sources[x] != Source::Adjacent || !call.inputs[x].unique()) continue;
    const DenseBody& body = dense(call.inputs[x]);
    if (!body.storage || !body.storage->references.is_one()) continue;
    for (std::size_t o = 0; o < outputs.size(); ++o) {
      const fused::Instruction& made = code[outputs[o]];
      if (reused[o] != types.size() || is_end(made.code) || made.dtype != types[x]) continue;
      if (last_read[x] > outputs[o]) continue;
      reused[o] = x;
      break;
    }
  }
  return reused;
}

}  // namespace fornax::cpu
