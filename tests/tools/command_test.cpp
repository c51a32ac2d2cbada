#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fornax/cpu/threads.hpp>
#include <fornax/io/checkpoint.hpp>
#include <fornax/io/npy.hpp>
#include <fornax/train/views/views.hpp>
#include <io/files.hpp>
#include <support/run_program.hpp>
#include <train/events.hpp>

namespace fornax::test {
namespace {

using nlohmann::json;
using Words = std::vector<std::string>;

Ended run(Words words) {
  words.insert(words.begin(), FORNAX_COMMAND);
  return run_program(words);
}

// What it prints if all goes well.
std::string printed(const Words& words) {
  const Ended ended = run(words);
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(ended.errors, "");
  return ended.output;
}

// The one line with which it fails.
std::string refused(const Words& words, int status = 1) {
  const Ended ended = run(words);
  EXPECT_EQ(ended.status, status);
  EXPECT_EQ(ended.output, "");
  EXPECT_EQ(std::ranges::count(ended.errors, '\n'), 1) << ended.errors;
  return ended.errors;
}

io::NamedData tensors() {
  return {{"fc.weight", TensorData({{1.0F, 2.0F, 3.0F}, {4.0F, 5.0F, 6.0F}})},
          {"fc.bias", TensorData({0.5F, std::numeric_limits<float>::quiet_NaN(), -0.5F})},
          {"steps", TensorData({7LL})}};
}

TEST(Command, HelpIsThereForEveryCommandWithExamples) {
  EXPECT_NE(printed({"--help"}).find("inspect"), std::string::npos);
  EXPECT_TRUE(printed({"--version"}).starts_with("fornax "));
  for (const char* const c : {"inspect", "convert", "report", "devices", "bench", "train"}) {
    const std::string help = printed({c, "--help"});
    EXPECT_NE(help.find("  fornax " + std::string(c)), std::string::npos) << help;
    EXPECT_NE(help.find("Example"), std::string::npos) << help;
  }
}

TEST(Command, WrongCallsAreToldApartFromFailures) {
  EXPECT_EQ(refused({}, 2), "fornax: COMMAND is required (fornax --help)\n");
  EXPECT_EQ(refused({"inspect"}, 2), "fornax: FILE is required (fornax --help)\n");
  EXPECT_NE(refused({"dance"}, 2).find("dance"), std::string::npos);
  EXPECT_NE(refused({"devices", "--jsn"}, 2).find("--jsn"), std::string::npos);
  EXPECT_EQ(refused({"inspect", "/nowhere"}), "fornax inspect: read \"/nowhere\": No such file or directory\n");
}

TEST(Inspect, PrintsATable) {
  const TempDir dir;
  io::write_safetensors(dir.path("m"), tensors(), {{"epoch", "3"}});
  EXPECT_EQ(printed({"inspect", dir.path("m")}), dir.path("m") +
                                                     R"(: safetensors, 3 tensors, 10 elements, 44 bytes
1 element is not finite

name       dtype  shape       size      min     max    mean     std  NaN  inf
fc.bias    f32    [3]     12 bytes  -0.5000  0.5000       0  0.5000    1    0
fc.weight  f32    [2, 3]  24 bytes   1.0000  6.0000  3.5000  1.7078    0    0
steps      i64    [1]      8 bytes   7.0000  7.0000  7.0000       0    0    0

metadata
  epoch: 3
)");
  EXPECT_EQ(printed({"inspect", "--no-values", "--only", "*.weight", "--only", "steps", dir.path("m")}),
            dir.path("m") +
                R"(: safetensors, 2 tensors, 7 elements, 32 bytes

name       dtype  shape       size
fc.weight  f32    [2, 3]  24 bytes
steps      i64    [1]      8 bytes

metadata
  epoch: 3
)");
}

TEST(Inspect, PrintsJson) {
  const TempDir dir;
  io::NamedData data = tensors();
  data.emplace("empty", TensorData(Shape{0, 2}, DType::F32));
  io::write_safetensors(dir.path("m"), data, {});
  const json all = json::parse(printed({"inspect", "--json", dir.path("m")}));
  EXPECT_EQ(all["format"], "safetensors");
  EXPECT_EQ(all["elements"], 10);
  const json& weight = all["tensors"][2];
  EXPECT_EQ(weight["name"], "fc.weight");
  EXPECT_EQ(weight["shape"], (json{2, 3}));
  EXPECT_EQ(weight["mean"], 3.5);
  EXPECT_DOUBLE_EQ(weight["std"].get<double>(), std::sqrt(35.0 / 12.0));
  EXPECT_EQ(all["tensors"][0]["name"], "empty");
  EXPECT_EQ(all["tensors"][0]["min"], nullptr);
  EXPECT_EQ(all["tensors"][1]["nan"], 1);
}

TEST(Inspect, VerifiesCheckpoints) {
  const TempDir dir;
  io::save_checkpoint(dir.path("c"), io::to_arrays(tensors()), {{"step", "9"}});
  const std::string text = printed({"inspect", dir.path("c")});
  EXPECT_NE(text.find(": checkpoint, 3 tensors, 10 elements, 44 bytes; all checksums are right\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("\n  step: 9\n"), std::string::npos);
  EXPECT_EQ(text.find("xxh3"), std::string::npos);
  Bytes bytes = contents_of(dir.path("c"));
  bytes.back() ^= std::byte{1};
  EXPECT_NE(refused({"inspect", dir.write("damaged", bytes)}).find("is damaged: its checksum is"), std::string::npos);
  bytes.resize(bytes.size() - 5);
  EXPECT_NE(refused({"inspect", dir.write("short", bytes)}).find("fornax inspect: read_safetensors"),
            std::string::npos);
}

TEST(Inspect, KnowsFormatsByHowTheyBegin) {
  EXPECT_NE(printed({"inspect", golden("f32_2x3.npy")}).find(": npy, 1 tensor, 6 elements"), std::string::npos);
  EXPECT_NE(printed({"inspect", golden("packed.npz")}).find(": npz, "), std::string::npos);
  const TempDir dir;
  std::filesystem::copy(golden("packed.npz"), dir.path("other.name"));
  EXPECT_NE(printed({"inspect", dir.path("other.name")}).find(": npz, "), std::string::npos);
  EXPECT_NE(refused({"inspect", dir.write("empty", {})}).find("fornax inspect: read_safetensors"), std::string::npos);
}

TEST(Convert, GoesRoundAllFormats) {
  const TempDir dir;
  io::write_safetensors(dir.path("a.safetensors"), tensors(), {{"epoch", "3"}});
  EXPECT_EQ(printed({"convert", dir.path("a.safetensors"), dir.path("b.npz")}),
            dir.path("b.npz") + ": npz, 3 tensors; the metadata are left out: the format has none\n");
  EXPECT_EQ(printed({"convert", "--to", "checkpoint", dir.path("b.npz"), dir.path("c")}),
            dir.path("c") + ": checkpoint, 3 tensors\n");
  EXPECT_EQ(printed({"convert", dir.path("c"), dir.path("d.safetensors")}),
            dir.path("d.safetensors") + ": safetensors, 3 tensors\n");
  EXPECT_EQ(io::to_data(io::read_safetensors(dir.path("d.safetensors")).arrays), tensors());
  EXPECT_TRUE(io::read_safetensors(dir.path("d.safetensors")).metadata.empty());
  printed({"convert", "--only", "fc.weight", dir.path("c"), dir.path("w.npy")});
  EXPECT_EQ(io::read_npy(dir.path("w.npy")), tensors().at("fc.weight"));
}

TEST(Convert, ChangesDtypesAndNames) {
  const TempDir dir;
  io::write_safetensors(dir.path("a.safetensors"), tensors(), {{"epoch", "3"}});
  printed({"convert", "--dtype", "bf16", "--rename", "fc.*=head.*", "--rename=**.bias=**.offset",
           dir.path("a.safetensors"), dir.path("b.safetensors")});
  const io::Record record = io::read_safetensors(dir.path("b.safetensors"));
  EXPECT_EQ(record.arrays.at("head.weight").dtype(), DType::BF16);
  EXPECT_EQ(record.arrays.at("head.weight").to_data(), tensors().at("fc.weight").convert(DType::BF16));
  EXPECT_TRUE(record.arrays.contains("head.offset"));
  EXPECT_EQ(record.arrays.at("steps").dtype(), DType::I64);
  EXPECT_EQ(record.metadata, (io::Metadata{{"epoch", "3"}}));
}

TEST(Convert, TakesWeightsOfPyTorch) {
  const TempDir dir;
  io::NamedData state = tensors();
  state.emplace("bn.num_batches_tracked", TensorData({3LL}));
  io::write_safetensors(dir.path("t.safetensors"), state);
  printed({"convert", "--from-torch", "--transpose", "fc.weight", "--drop", "steps", dir.path("t.safetensors"),
           dir.path("f.safetensors")});
  const io::Record record = io::read_safetensors(dir.path("f.safetensors"));
  EXPECT_EQ(record.arrays.size(), 2U);
  EXPECT_EQ(record.arrays.at("fc.weight").to_data(), TensorData({{1.0F, 4.0F}, {2.0F, 5.0F}, {3.0F, 6.0F}}));
}

TEST(Convert, SaysWhatDoesNotFit) {
  const TempDir dir;
  const std::string in = dir.path("a.safetensors"), out = dir.path("o.safetensors");
  io::write_safetensors(in, tensors());
  EXPECT_EQ(refused({"convert", in, "out.bin"}),
            "fornax convert: out.bin: the name does not end with .safetensors, .npz or .npy; --to says the format\n");
  EXPECT_EQ(refused({"convert", "--to", "h5", in, out}),
            "fornax convert: format: \"h5\" is none; there are safetensors, checkpoint, npz and npy\n");
  EXPECT_EQ(refused({"convert", "--dtype", "i64", in, out}),
            "fornax convert: --dtype: i64 is no dtype of floats: f64, f32, f16 or bf16\n");
  EXPECT_EQ(refused({"convert", "--rename", "x", in, out}),
            "fornax convert: --rename: \"x\" is not of the form old=new\n");
  EXPECT_NE(refused({"convert", "--rename", "fc.*=same", in, out}).find("fornax convert: rename: "), std::string::npos);
  EXPECT_EQ(refused({"convert", in, dir.path("o.npy")}),
            "fornax convert: " + dir.path("o.npy") +
                ": a .npy file holds one tensor; there are 3 (--only chooses, and .npz holds several)\n");
  EXPECT_EQ(refused({"convert", "--only", "nothing", in, out}),
            "fornax convert: " + in + ": no tensor is left to be written\n");
  EXPECT_NE(refused({"convert", "--dtype", "bf16", in, dir.path("o.npz")}).find("bf16"), std::string::npos);
  EXPECT_EQ(files_in(dir.path()), 1);
}

TEST(Report, IsWrittenForAKeptRun) {
  const TempDir dir;
  tell_small_run(*train::run_log({.report = false}), dir.path("run"));
  EXPECT_TRUE(printed({"report", dir.path("run")}).starts_with(dir.path("run/report.html") + "\n"));
  EXPECT_TRUE(
      printed({"report", dir.path("run"), "-o", dir.path("page.html")}).starts_with(dir.path("page.html") + "\n"));
  EXPECT_EQ(contents_of(dir.path("run/report.html")), contents_of(dir.path("page.html")));
  EXPECT_EQ(refused({"report", dir.path("none")}),
            "fornax report: read_run \"" + dir.path("none/run.json") + "\": No such file or directory\n");
}

TEST(Devices, SaysWhatItComputesOn) {
  const json all = json::parse(printed({"devices", "--json"}));
  const json& cpu = all["devices"][0];
  EXPECT_EQ(cpu["name"], "Cpu");
  EXPECT_EQ(cpu["threads"], num_threads());
  EXPECT_GE(cpu["cores_usable"], 1);
  EXPECT_NE(std::ranges::find(cpu["instruction_sets"], cpu["instruction_set"]), cpu["instruction_sets"].end());
  EXPECT_GT(cpu["memory_MiB"], 0);
  const std::string text = printed({"devices"});
  EXPECT_NE(text.find("instruction set"), std::string::npos);
  EXPECT_NE(text.find("LAPACK"), std::string::npos);
}

TEST(Train, SaysWhatIsWrongWithItsSettings) {
  if (printed({"train", "--help"}).find("fashion_cnn") == std::string::npos)
    GTEST_SKIP() << "built without the examples";
  const TempDir dir;
  const auto refused_with = [&](const std::string& text) {
    return refused({"train", dir.write("c.json", bytes_of_text(text))});
  };
  const std::string begin = "fornax train: settings \"" + dir.path("c.json") + "\": ";
  EXPECT_TRUE(refused_with("{").starts_with(begin + "needs {\"network\""));
  EXPECT_TRUE(refused_with(R"({"network": "time_series"})").starts_with(begin + "needs {\"network\""));
  EXPECT_TRUE(refused_with(R"({"network": "none", "config": {}})").starts_with(begin + "there is no network \"none\""));
  EXPECT_NE(refused_with(R"({"network": "time_series", "config": {"pints": 3}})").find("pints"), std::string::npos);
}

TEST(Train, TrainsWithTheSettingsThatItPrints) {
  if (printed({"train", "--help"}).find("fashion_cnn") == std::string::npos)
    GTEST_SKIP() << "built without the examples";
  const TempDir dir;
  auto settings = nlohmann::json::parse(printed({"train", "--print", "time_series"}));
  settings["config"]["points"] = 400;
  settings["config"]["window"] = 10;
  settings["config"]["hidden"] = 4;
  settings["config"]["epochs"] = 2;
  const std::string file = dir.write("c.json", bytes_of_text(settings.dump()));
  const std::string text = printed({"train", file, "--directory", dir.path("run"), "--quiet"});
  EXPECT_NE(text.find("rms error"), std::string::npos);
  EXPECT_NE(printed({"inspect", dir.path("run") + "/model.safetensors"}).find("lstm.layers.0"), std::string::npos);
  EXPECT_NE(printed({"report", dir.path("run")}).find("report.html"), std::string::npos);
}

}  // namespace
}  // namespace fornax::test
