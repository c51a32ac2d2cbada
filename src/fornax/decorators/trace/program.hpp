#pragma once
// The inside of a program, shared by its sources.

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fornax/decorators/trace/trace.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::trace {

struct Program::Body : Counted {
  std::vector<Node> nodes;
  std::vector<Value> values;
  std::vector<std::size_t> inputs, outputs;
  Arrays results;
  std::vector<Op> ops;           // by node; meaningless for nodes that are no operations
  std::vector<Array> constants;  // by node; empty for nodes that are no constants
};

/// What stands in a node's box: its name, and the types of its results.
std::string title_of(const Node& node);
std::string type_of(const Value& value);

}  // namespace fornax::trace
