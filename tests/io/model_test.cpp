// Modules in files.

#include <filesystem>

#include <gtest/gtest.h>

#include <fornax/fornax.hpp>
#include <fornax/io/io.hpp>
#include <support/errors.hpp>

namespace fornax::test {
namespace {

template <class B> struct Net {
  nn::Linear<B> fc;
  nn::BatchNorm<B> norm;
  FORNAX_MODULE(Net, fc, norm)
};

template <class B> Net<B> net(std::int64_t width, std::uint64_t seed) {
  manual_seed(seed);
  return {nn::LinearConfig{.d_input = 3, .d_output = width}.init<B>(),
          nn::BatchNormConfig{.num_features = width}.init<B>()};
}

class ModelFile : public testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::temp_directory_path() / ("fornax-model-" + std::to_string(::getpid()) + ".safetensors");
  }
  void TearDown() override { std::filesystem::remove(path_); }
  std::filesystem::path path_;
};

TEST_F(ModelFile, GivesBackParametersAndBuffersOnEitherBackend) {
  using B = Autodiff<Cpu>;
  const Net<B> saved = net<B>(4, 1);
  io::save_model(path_, saved, {{"epoch", "3"}});
  EXPECT_EQ(io::load_checkpoint(path_).metadata.at("epoch"), "3");

  Net<B> other = net<B>(4, 2);
  const nn::LoadReport report = io::load_model(path_, other);
  EXPECT_TRUE(report.complete());
  EXPECT_EQ(report.loaded, nn::state_of(saved).size());
  for (const auto& [name, array] : nn::state_of(saved))
    EXPECT_EQ(nn::state_of(other).at(name).to_data(), array.to_data());
  EXPECT_TRUE(other.fc.weight.is_require_grad());

  Net<Cpu> inference = net<Cpu>(4, 3);
  io::load_model(path_, inference);
  EXPECT_EQ(inference.fc.weight.to_data(), saved.fc.weight.to_data());
}

TEST_F(ModelFile, OfAnotherShapeIsRefusedAndTheModuleStays) {
  io::save_model(path_, net<Cpu>(4, 1));
  Net<Cpu> narrow = net<Cpu>(2, 2);
  const TensorData before = narrow.fc.weight.to_data();
  EXPECT_THROW(io::load_model(path_, narrow), ValueError);
  EXPECT_EQ(narrow.fc.weight.to_data(), before);
  const nn::LoadReport report = io::load_model(path_, narrow, nn::LoadOptions::partial());
  EXPECT_EQ(report.loaded, 0U);
  EXPECT_FALSE(report.mismatched.empty());
}

TEST_F(ModelFile, ThatIsMissingOrNoCheckpointIsRefused) {
  Net<Cpu> model = net<Cpu>(2, 2);
  EXPECT_THROW(io::load_model(path_, model), IoError);
  io::write_safetensors(path_, io::named_arrays(nn::state_of(model)));
  EXPECT_THROW(io::load_model(path_, model), FormatError);
  EXPECT_TRUE(io::load_into(model, io::read_safetensors(path_).arrays).complete());
}

}  // namespace
}  // namespace fornax::test
