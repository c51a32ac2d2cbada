#include <ostream>

#include <fornax/array/error.hpp>
#include <fornax/io/input.hpp>
#include <fornax/io/state_dict.hpp>

#include "commands.hpp"
#include "tensor_file.hpp"

namespace fornax::tool {

namespace {

io::Rename rename_of(const std::string& text) {
  const std::size_t at = text.find('=');
  if (at == std::string::npos || at == 0)
    throw ValueError("--rename", io::in_quotes(text) + " is not of the form old=new");
  return {text.substr(0, at), text.substr(at + 1)};
}

}  // namespace

void convert(const ConvertOptions& options, std::ostream& out) {
  const Format to = options.format.empty() ? format_for(options.to) : format_named(options.format);
  io::ReadOptions reading;
  if (!options.dtype.empty()) {
    reading.floats_as = parse_dtype(options.dtype);
    if (!is_float(*reading.floats_as))
      throw ValueError("--dtype", options.dtype + " is no dtype of floats: f64, f32, f16 or bf16");
  }
  io::TorchLayout layout{.transposed = options.transposed, .names = {}, .dropped = options.dropped};
  if (options.from_torch) {
    const io::TorchLayout usual;
    layout.dropped.insert(layout.dropped.end(), usual.dropped.begin(), usual.dropped.end());
  }
  for (const std::string& text : options.renames) layout.names.push_back(rename_of(text));

  io::NamedArrays arrays;
  io::Metadata texts = each_tensor(
      options.from, format_of(options.from),
      [&](const std::string& name, const TensorData& data) { arrays.emplace(name, io::to_array(data, reading)); });
  if (!options.only.empty()) arrays = io::filter(arrays, options.only);
  const io::NamedData tensors = io::to_data(io::from_torch(arrays, layout));
  if (tensors.empty()) throw ValueError(options.from, "no tensor is left to be written");
  std::erase_if(texts, [](const auto& text) { return text.first.starts_with("fornax."); });
  write_tensors(options.to, to, tensors, texts);
  out << options.to << ": " << name_of(to) << ", " << tensors.size() << (tensors.size() == 1 ? " tensor" : " tensors");
  const bool lost = !texts.empty() && (to == Format::Npy || to == Format::Npz);
  out << (lost ? "; the metadata are left out: the format has none\n" : "\n");
}

}  // namespace fornax::tool
