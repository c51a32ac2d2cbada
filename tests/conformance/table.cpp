#include "table.hpp"

#include <map>

namespace fornax::conformance {

Function find_function(std::string_view name) {
  static const std::map<std::string_view, Function> all = [] {
    std::map<std::string_view, Function> functions;
    for (const auto rows :
         {elementwise_rows(), activation_rows(), reduce_rows(), layout_rows(), index_rows(), order_rows(),
          product_rows(), linalg_rows(), nn_rows(), picture_rows(), recurrent_rows(), loss_rows()})
      for (const Row& r : rows)
        if (!functions.emplace(r.name, r.function).second)
          throw std::logic_error("two rows for " + std::string(r.name));
    return functions;
  }();
  const auto at = all.find(name);
  return at == all.end() ? nullptr : at->second;
}

}  // namespace fornax::conformance
