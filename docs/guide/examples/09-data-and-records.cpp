// [begin]
#include <array>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fornax/data/data.hpp>
#include <fornax/fornax.hpp>
#include <fornax/io/io.hpp>
#include <iostream>
#include <string>

using namespace fornax;
namespace data = fornax::data;
namespace io = fornax::io;
// [/begin]

// [module]
template <class B> struct Net {
  nn::Linear<B> fc;
  FORNAX_MODULE(Net, fc)
};
// [/module]

void datasets() {
  // [dataset]
  data::InMemoryDataset words(std::vector<std::string>{"sun", "moon", "star", "planet", "comet", "galaxy"});
  auto lengths = data::map(words, [](const std::string& word) { return static_cast<int>(word.size()); });
  std::printf("%s has %d letters\n", words.get(3).c_str(), lengths.get(3));
  auto [train, valid] = data::split(words, std::array{2.0 / 3, 1.0 / 3}, 7);
  std::printf("%d to train with, %d to judge with\n", static_cast<int>(train.size()), static_cast<int>(valid.size()));
  // [/dataset]

  // [own]
  struct Squares {
    std::int64_t size() const { return 10; }
    double get(std::int64_t i) const { return static_cast<double>(i * i); }
  };
  auto runs = data::windows(Squares{}, 3, 3);  // [0, 1, 4], [9, 16, 25], [36, 49, 64]
  std::printf("%d runs, the last ends with %.0f\n", static_cast<int>(runs.size()), runs.get(2)[2]);
  // [/own]
}

void loaders() {
  // [loader]
  TensorData inputs(Shape{10, 2}, DType::F32);
  TensorData labels({0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  data::DataLoader loader(data::TensorDataset(inputs, labels),
                          {.batch_size = 4, .sampler = data::Sampler::shuffled(1), .workers = 2},
                          data::StackLabelled());
  for (auto& batch : loader) {
    auto x = Tensor<Cpu, 2>::from_data(batch.inputs);
    auto y = Tensor<Cpu, 1, Int>::from_data(batch.labels);
    std::cout << x.shape().str() << " " << y.to_data() << "\n";
  }
  // [/loader]

  // [augment]
  auto noisy = data::map(data::TensorDataset(inputs, labels), [](data::Labelled item, data::Random& random) {
    for (float& v : item.input.values<float>()) v += static_cast<float>(random.uniform(-0.1, 0.1));
    return item;
  });
  data::DataLoader augmented(noisy, {.batch_size = 4, .seed = 3}, data::StackLabelled());
  auto first_epoch = augmented.next()->inputs;
  while (augmented.next()) {}
  auto second_epoch = augmented.next()->inputs;
  std::cout << std::boolalpha << (first_epoch == second_epoch) << "\n";
  // [/augment]

  // [state]
  data::DataLoader before(data::TensorDataset(inputs, labels), {.batch_size = 4, .sampler = data::Sampler::shuffled(1)},
                          data::StackLabelled());
  before.next();
  std::string saved = before.state().str();  // a line of text: goes into a checkpoint's metadata
  data::DataLoader after(data::TensorDataset(inputs, labels),
                         {.batch_size = 4, .sampler = data::Sampler::shuffled(1), .workers = 2}, data::StackLabelled());
  after.restore(data::LoaderState::parse(saved));
  std::cout << (before.next()->labels == after.next()->labels) << "\n";
  // [/state]

  // [error]
  auto faulty = data::map(data::TensorDataset(inputs, labels), [](data::Labelled item) {
    if (item.label == 6) throw IoError("read_image", "\"6.png\": No such file or directory");
    return item;
  });
  data::DataLoader failing(faulty, {.batch_size = 4, .workers = 2}, data::StackLabelled());
  try {
    for (auto& batch : failing) std::cout << batch.inputs.shape().str() << "\n";
  } catch (const data::LoadError& error) {
    std::cout << error.what() << "\n";
  }
  // [/error]
}

void readers(const std::string& folder) {
  // [csv]
  auto table = data::CsvTable::parse("x,y,name\n1,0.5,\"a, b\"\n2,0.25,c\n", "points.csv");
  std::cout << table.get(0)[2] << "\n";
  std::cout << table.numbers(std::array{table.column("x"), table.column("y")}) << "\n";
  // [/csv]

  // [npz]
  io::write_npz(folder + "/points.npz", {{"xy", TensorData({{1.0, 0.5}, {2.0, 0.25}})}}, io::Packing::Deflated);
  std::cout << io::read_npz(folder + "/points.npz").at("xy") << "\n";
  // [/npz]
}

void records(const std::string& folder) {
  // [save]
  io::NamedArrays weights{{"fc.weight", Tensor<Cpu, 2>::ones({2, 3}).array()},
                          {"fc.bias", Tensor<Cpu, 1>::from_data({0.5, -0.5}).array()}};
  std::string path = folder + "/step-100.safetensors";
  io::save_checkpoint(path, weights, {{"step", "100"}});
  auto record = io::load_checkpoint(path);
  std::cout << record.metadata.at("step") << " " << record.arrays.at("fc.bias").to_data() << "\n";
  // [/save]

  // [damage]
  std::FILE* file = std::fopen(path.c_str(), "r+b");
  std::fseek(file, -1, SEEK_END);
  std::fputc(7, file);
  std::fclose(file);
  try {
    io::load_checkpoint(path);
  } catch (const FormatError& error) {
    std::string message = error.what();
    std::size_t from = message.find("tensor \"");
    std::cout << message.substr(from, message.find(": its") - from) << "\n";
  }
  // [/damage]

  // [torch]
  io::write_safetensors(folder + "/torch.safetensors",
                        io::NamedData{{"module.fc.weight", TensorData(Shape{3, 2}, DType::F16)},
                                      {"module.fc.bias", TensorData(Shape{3}, DType::F16)},
                                      {"module.head.weight", TensorData(Shape{2}, DType::F16)}});
  auto state = io::read_safetensors(folder + "/torch.safetensors", {.floats_as = DType::F32});
  auto ours =
      io::from_torch(state.arrays, {.transposed = {"**.fc.weight"}, .names = {io::rename_prefix("module.", "")}});
  Net<Cpu> net{nn::LinearConfig{.d_input = 2, .d_output = 3}.init<Cpu>()};
  auto report = io::load_into(net, ours, {.allow_unexpected = true});
  std::cout << report.loaded << " loaded\n" << report.str() << "\n";
  // [/torch]
}

int main() {
  const auto folder = std::filesystem::temp_directory_path() / "fornax-guide-data-and-records";
  std::filesystem::create_directories(folder);
  datasets();
  loaders();
  readers(folder.string());
  records(folder.string());
  std::filesystem::remove_all(folder);
}
