#include <fornax/nn/parameters.hpp>

#include <fornax/array/allocate.hpp>

namespace fornax::nn::detail {

std::string join_path(const std::string& path, std::string_view name) try {
  if (path.empty()) return std::string(name);
  std::string joined = path;
  if (!name.empty()) joined.append(".").append(name);
  return joined;
} catch (const std::bad_alloc&) {
  fornax::detail::throw_exhausted();
}

std::string join_path(const std::string& path, std::size_t index) {
  return join_path(path, std::string_view(std::to_string(index)));
}

std::string_view field_name(std::string_view names, std::size_t index) {
  for (; index > 0; --index) names.remove_prefix(names.find(',') + 1);
  names = names.substr(0, names.find(','));
  const std::size_t from = names.find_first_not_of(' ');
  names.remove_prefix(from == std::string_view::npos ? names.size() : from);
  return names.substr(0, names.find_last_not_of(' ') + 1);
}

bool is_trainable(const Array& array, Interpreter& on, bool autodiff) {
  return is_float(array.dtype()) && (!autodiff || autodiff::is_leaf(on, array));
}

}  // namespace fornax::nn::detail
