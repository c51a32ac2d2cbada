// Products of vectors and matrices.

#include <fornax/functional/linear.hpp>

#include "compose.hpp"

namespace fornax::conformance {

namespace {

Array optional(const Call& c, std::size_t i) { return c.has(i) ? c[i] : Array(); }

void require_vectors(const char* operation, const Call& c) {
  if (c[0].rank() != 1 || c[1].rank() != 1)
    throw ShapeError(operation, "needs two tensors of rank 1: " + c[0].shape().str() + " and " + c[1].shape().str());
}

Arrays dot(const Call& c) {
  require_vectors("dot", c);
  return product(c[0], c[1]);
}

constexpr Row kRows[] = {
    {"matmul", [](const Call& c) -> Arrays { return product(c[0], c[1]); }},
    {"dot", dot},
    {"linear", [](const Call& c) -> Arrays { return functional::linear(c[0], c[1], optional(c, 2)); }},
    {"linear_io", [](const Call& c) -> Arrays { return functional::linear_io(c[0], c[1], optional(c, 2)); }},
    {"bilinear", [](const Call& c) -> Arrays { return functional::bilinear(c[0], c[1], c[2], optional(c, 3)); }},
};

}  // namespace

std::span<const Row> product_rows() { return kRows; }

}  // namespace fornax::conformance
