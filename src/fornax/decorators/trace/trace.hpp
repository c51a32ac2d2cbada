#pragma once
// The program as data: a decorator that records the operations it runs.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fornax/array/interpreter.hpp>
#include <fornax/array/ref.hpp>
#include <fornax/array/scope.hpp>
#include <fornax/decorators/statistics.hpp>

namespace fornax::trace {

/// The decorator around `inner`; one for each interpreter, made on first use. Any thread may ask.
Interpreter& around(Interpreter& inner);

enum class NodeKind : std::uint8_t { Input, Constant, Operation };

/// Where arrays come from. Arrays are numbered in the order in which they came up.
struct Node {
  NodeKind kind = NodeKind::Operation;
  std::string name;                // of the operation, or of the input
  std::string settings;            // "dim=1"
  std::vector<std::string> scope;  // outermost first; "backward" comes first in a backward pass
  std::vector<std::size_t> inputs, outputs;
  std::string gradient_of;  // in backward, the operation whose gradient this is a part of
};

/// An array that came up while recording.
struct Value {
  std::size_t node = 0;    // what made it
  std::size_t output = 0;  // which of that node's results it is
  ArrayReport about;
  std::vector<double> elements;  // all, of an array of at most Options::max_elements
};

struct Options {
  bool statistics = true;         // measure every array, which reads it once
  std::int64_t max_elements = 8;  // keep the elements of arrays up to this size
};

/// Recorded operations: to be read, drawn, and run again. A counted handle to something that never changes.
class Program {
 public:
  Program(const Program&);
  Program(Program&&) noexcept;
  Program& operator=(Program) noexcept;
  ~Program();

  const std::vector<Node>& nodes() const;
  const std::vector<Value>& values() const;
  const std::vector<std::size_t>& inputs() const;
  const std::vector<std::size_t>& outputs() const;
  /// The array of a constant, on the wrapped interpreter; empty for other nodes.
  const Array& constant(std::size_t node) const;
  /// What the recorded run returned, on the wrapped interpreter.
  const Arrays& results() const;

  /// Runs the recorded operations on other arrays of the same shapes and dtypes, on whatever interpreter these ask for;
  /// the same arrays give the same bits. Constants, among them random numbers, are those of the recording. Throws
  /// ValueError for another number of inputs, ShapeError and DTypeError.
  Arrays run(std::span<const Array> inputs) const;

  /// A line for each node.
  std::string text() const;
  /// For Graphviz: scopes are clusters.
  std::string dot() const;
  /// A picture.
  std::string svg() const;
  /// A page that needs nothing beside it: scopes fold, and a click on a node tells all about it.
  std::string html(std::string_view title = "program") const;
  /// One of the above, chosen by the end of the path (.txt .dot .svg .html), as a whole or not at all. Throws
  /// ValueError for another end, IoError.
  void write(const std::string& path) const;

  struct Body;

 private:
  friend class Recorder;
  explicit Program(const Ref<Body>& body);
  Ref<Body> body_;
};

/// Records what happens to its inputs until it is finished or gone; after that, arrays that were made meanwhile are
/// plain values. Any thread may run operations.
class Recorder {
 public:
  /// `on` must be a Trace.
  explicit Recorder(Interpreter& on, const Options& options = {});
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// x as an array whose operations are recorded. An empty name becomes "input 0" and so on.
  Array input(const Array& x, std::string name = {});
  /// Ends the recording. Decorators above Trace are looked through; an array that does not depend on an input is a
  /// constant.
  Program finish(std::span<const Array> outputs);

  struct State;

 private:
  Interpreter* on_;
  Ref<State> state_;
};

}  // namespace fornax::trace
