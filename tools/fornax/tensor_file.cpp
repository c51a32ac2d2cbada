#include "tensor_file.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include <fornax/array/error.hpp>
#include <fornax/io/checkpoint.hpp>
#include <fornax/io/input.hpp>
#include <fornax/io/npy.hpp>
#ifdef FORNAX_WITH_DATA
#include <fornax/data/npz.hpp>
#endif

namespace fornax::tool {

namespace {

constexpr std::array<std::string_view, 4> kNames{"safetensors", "checkpoint", "npz", "npy"};

#ifndef FORNAX_WITH_DATA
[[noreturn]] void no_npz(const std::string& path) {
  throw ValueError(path, "this build reads and writes no .npz files: zlib was not found (Debian package zlib1g-dev)");
}
#endif

io::NamedData read_npz(const std::string& path) {
#ifdef FORNAX_WITH_DATA
  return io::read_npz(path);
#else
  no_npz(path);
#endif
}

void write_npz(const std::string& path, const io::NamedData& tensors) {
#ifdef FORNAX_WITH_DATA
  io::write_npz(path, tensors);
#else
  static_cast<void>(tensors);
  no_npz(path);
#endif
}

}  // namespace

std::string_view name_of(Format format) { return kNames[static_cast<std::size_t>(format)]; }

Format format_named(const std::string& name) {
  const auto at = std::ranges::find(kNames, name);
  if (at == kNames.end())
    throw ValueError("format", io::in_quotes(name) + " is none; there are safetensors, checkpoint, npz and npy");
  return static_cast<Format>(at - kNames.begin());
}

Format format_for(const std::string& path) {
  const std::string ending = std::filesystem::path(path).extension().string();
  if (ending != ".safetensors" && ending != ".npz" && ending != ".npy")
    throw ValueError(path, "the name does not end with .safetensors, .npz or .npy; --to says the format");
  return format_named(ending.substr(1));
}

Format format_of(const std::string& path) {
  const io::Input input(io::operation_on("read", path), path);
  std::string begin(std::min<std::uint64_t>(input.size(), 64), '\0');
  input.read(0, std::as_writable_bytes(std::span(begin)));
  if (begin.starts_with("\x93NUMPY")) return Format::Npy;
  if (begin.starts_with("PK")) return Format::Npz;
  return begin.find("\"fornax.checkpoint\"") != std::string::npos ? Format::Checkpoint : Format::Safetensors;
}

io::Metadata each_tensor(const std::string& path, Format format,
                         const std::function<void(const std::string& name, const TensorData& data)>& f) {
  switch (format) {
    case Format::Npy: f(std::filesystem::path(path).stem().string(), io::read_npy(path)); return {};
    case Format::Npz:
      for (const auto& [name, data] : read_npz(path)) f(name, data);
      return {};
    case Format::Checkpoint: {
      const io::Record record = io::load_checkpoint(path);
      for (const auto& [name, array] : record.arrays) f(name, array.to_data());
      return record.metadata;
    }
    case Format::Safetensors: break;
  }
  const io::SafetensorsReader file(path);
  for (const std::string& name : file.names()) f(name, file.read(name));
  return file.metadata();
}

void write_tensors(const std::string& path, Format format, const io::NamedData& tensors, const io::Metadata& texts) {
  switch (format) {
    case Format::Npy:
      if (tensors.size() != 1)
        throw ValueError(path, "a .npy file holds one tensor; there are " + std::to_string(tensors.size()) +
                                   " (--only chooses, and .npz holds several)");
      io::write_npy(path, tensors.begin()->second);
      break;
    case Format::Npz: write_npz(path, tensors); break;
    case Format::Checkpoint: io::save_checkpoint(path, io::to_arrays(tensors), texts); break;
    case Format::Safetensors: io::write_safetensors(path, tensors, texts); break;
  }
}

}  // namespace fornax::tool
