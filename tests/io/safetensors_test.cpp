#include <fornax/io/safetensors.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/array/error.hpp>
#include <fornax/fornax.hpp>
#include <io/files.hpp>

namespace fornax::test {
namespace {

using namespace fornax::io;

// A file with this header, padded in no way, and so many bytes of data.
Bytes file_of(const std::string& header, std::size_t data_bytes) {
  Bytes out;
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<std::byte>(header.size() >> (8 * i) & 0xff));
  out = out + bytes_of_text(header);
  for (std::size_t i = 0; i < data_bytes; ++i) out.push_back(static_cast<std::byte>(i % 2));
  return out;
}

std::string refusal(const std::string& header, std::size_t data_bytes) {
  const Bytes bytes = file_of(header, data_bytes);
  return message_of<FormatError>([&] {
    const SafetensorsReader reader(bytes, "x");
    for (const std::string& name : reader.names()) reader.read(name);
  });
}

#define EXPECT_REFUSED(header, data_bytes, detail) \
  EXPECT_EQ(refusal(header, data_bytes), std::string("read_safetensors \"x\": ") + (detail))

NamedData every_dtype() {
  return {
      {"f64", TensorData({1.5, -2.25})},
      {"f32", TensorData({{0.0F, 0.25F, 0.5F}, {0.75F, 1.0F, std::numeric_limits<float>::quiet_NaN()}})},
      {"f16", TensorData({0.5F, -3.0F}).convert(DType::F16)},
      {"bf16", TensorData({1.5F, -2.25F}).convert(DType::BF16)},
      {"i64", TensorData(std::vector<std::int64_t>{(std::int64_t{1} << 53) + 1}, Shape{})},
      {"i32", TensorData({-7, 2147483647})},
      {"i16", TensorData(std::vector<std::int16_t>{-300, 300})},
      {"i8", TensorData(std::vector<std::int8_t>{-128, 127, 0})},
      {"u8", TensorData(std::vector<std::uint8_t>{0, 255})},
      {"bool", TensorData({true, false, true})},
      {"empty", TensorData(Shape{0, 4}, DType::F32)},
      {"deep", TensorData(Shape{1, 1, 1, 1, 1, 1, 1, 2}, DType::I8)},
  };
}

// --- What it reads and writes -----------------------------------------------------------------------------------------

TEST(Safetensors, EveryDtypeComesBackBitForBitFromFilesAndMemory) {
  const TempDir dir;
  const NamedData data = every_dtype();
  const Metadata texts{{"who", "fornax \"quoted\" \xc3\xbc\n"}, {"", "empty name"}};
  write_safetensors(dir.path("a"), data, texts);
  EXPECT_EQ(contents_of(dir.path("a")), safetensors_bytes(data, texts));
  const SafetensorsReader file(dir.path("a"));
  EXPECT_EQ(file.metadata(), texts);
  ASSERT_EQ(file.names().size(), data.size());
  for (const auto& [name, values] : data) {
    EXPECT_EQ(file.read(name), values) << name;
    EXPECT_EQ(file.dtype(name), values.dtype());
    EXPECT_EQ(file.shape(name), values.shape());
  }
}

TEST(Safetensors, ArraysComeBackWithTheDtypeThatIsAskedFor) {
  const TempDir dir;
  const NamedArrays arrays = to_arrays(every_dtype());
  write_safetensors(dir.path("a"), arrays);
  const Record same = read_safetensors(dir.path("a"));
  for (const auto& [name, values] : every_dtype()) EXPECT_EQ(same.arrays.at(name).to_data(), values) << name;
  const Record wide = read_safetensors(dir.path("a"), {.floats_as = DType::F64});
  EXPECT_EQ(wide.arrays.at("bf16").to_data(), TensorData({1.5, -2.25}));
  EXPECT_EQ(wide.arrays.at("f16").to_data(), TensorData({0.5, -3.0}));
  EXPECT_EQ(wide.arrays.at("i16").dtype(), DType::I16);
  EXPECT_EQ(wide.arrays.at("bool").dtype(), DType::Bool);
}

TEST(Safetensors, ReadsWhatTheReferenceImplementationWrites) {
  const SafetensorsReader file(golden("numpy.safetensors"));
  EXPECT_EQ(file.metadata(), (Metadata{{"format", "np"}, {"who", "safetensors \"quoted\" \xc3\xbc"}}));
  EXPECT_EQ(file.read("weight"), TensorData({{0.0F, 0.25F, 0.5F}, {0.75F, 1.0F, 1.25F}}));
  EXPECT_EQ(file.read("bias"), TensorData({1.5, -2.25}));
  EXPECT_EQ(file.read("half"), TensorData({0.5F, -3.0F}).convert(DType::F16));
  EXPECT_EQ(file.read("steps"), TensorData(std::vector<std::int64_t>{9007199254740993}, Shape{}));
  EXPECT_EQ(file.read("i32"), TensorData({-7, 2147483647}));
  EXPECT_EQ(file.read("i16"), TensorData(std::vector<std::int16_t>{-300, 300}, Shape{2, 1}));
  EXPECT_EQ(file.read("i8"), TensorData(std::vector<std::int8_t>{-128, 127, 0}));
  EXPECT_EQ(file.read("u8"), TensorData(std::vector<std::uint8_t>{0, 255}));
  EXPECT_EQ(file.read("mask"), TensorData({true, false, true}));
  EXPECT_EQ(file.read("empty"), TensorData(Shape{0, 4}, DType::F32));
  EXPECT_EQ(SafetensorsReader(golden("bf16.safetensors")).read("b"), TensorData({1.5F, -2.25F}).convert(DType::BF16));
}

TEST(Safetensors, ElementsBeginAtMultiplesOfEight) {
  const Bytes bytes = safetensors_bytes(every_dtype());
  EXPECT_EQ(std::to_integer<int>(bytes[0]) % 8, 0);
  const SafetensorsReader reader(bytes, "x");
  EXPECT_EQ(reader.header().find("\"f64\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]}"), 1U);
}

TEST(Safetensors, AFileWithoutTensorsIsAFile) {
  const Bytes empty = file_of("{}", 0);
  EXPECT_TRUE(SafetensorsReader(empty, "x").names().empty());
  const Bytes written = safetensors_bytes({});
  EXPECT_TRUE(SafetensorsReader(written, "x").names().empty());
  const Bytes padded = file_of("{ \"a\" : {\"shape\":[],\"data_offsets\":[0,1],\n\"dtype\":\"U8\"} }   ", 1);
  EXPECT_EQ(SafetensorsReader(padded, "x").read("a"), TensorData(std::vector<std::uint8_t>{0}, Shape{}));
}

TEST(Safetensors, TensorsNeedNotLieInTheOrderOfTheHeader) {
  const Bytes bytes = file_of(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[1,3]},)"
                              R"("e":{"dtype":"U8","shape":[0],"data_offsets":[1,1]},)"
                              R"("b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
                              3);
  EXPECT_EQ(SafetensorsReader(bytes, "x").read("a"), TensorData(std::vector<std::uint8_t>{1, 0}));
}

// --- What it refuses --------------------------------------------------------------------------------------------------

TEST(Safetensors, RefusesAHeaderThatIsNotThere) {
  const auto message = [](const Bytes& bytes) {
    return message_of<FormatError>([&] { SafetensorsReader(bytes, "x"); });
  };
  EXPECT_EQ(message({}),
            "read_safetensors \"x\": ends after 0 bytes; safetensors begins with 8: the size of the header");
  EXPECT_EQ(message(bytes_of({1, 0, 0, 0, 0, 0, 0})),
            "read_safetensors \"x\": ends after 7 bytes; safetensors begins with 8: the size of the header");
  EXPECT_EQ(message(bytes_of({3, 0, 0, 0, 0, 0, 0, 0, '{', '}'})),
            "read_safetensors \"x\": a header of 3 bytes is announced, and 2 follow");
  EXPECT_EQ(message(bytes_of({1, 225, 245, 5, 0, 0, 0, 0, '{', '}'})),
            "read_safetensors \"x\": a header of 100000001 bytes is announced; the format allows 100000000");
  EXPECT_EQ(message(bytes_of({255, 255, 255, 255, 255, 255, 255, 255, '{', '}'})),
            "read_safetensors \"x\": a header of 18446744073709551615 bytes is announced; the format allows 100000000");
  EXPECT_EQ(message(bytes_of({0, 0, 0, 0, 0, 0, 0, 0})), "read_safetensors \"x\": the header does not begin with {");
}

TEST(Safetensors, RefusesWhatIsNoJsonObject) {
  EXPECT_REFUSED(" {}", 0, "the header does not begin with {");
  EXPECT_REFUSED("[]", 0, "the header does not begin with {");
  EXPECT_REFUSED("{}\n", 0, "the header does not end with } and spaces");
  EXPECT_REFUSED(std::string("{}\0}", 4), 0, "the header has a zero byte, at 2");
  EXPECT_NE(refusal("{}}", 0).find("the header is no JSON, from its byte 3 on"), std::string::npos);
  EXPECT_NE(refusal("{\"\xff\":1}", 0).find("the header is no JSON, from its byte 3 on"), std::string::npos);
  EXPECT_NE(refusal("{'a':1}", 0).find("the header is no JSON, from its byte 2 on"), std::string::npos);
}

TEST(Safetensors, RefusesEntriesThatAreNoEntries) {
  EXPECT_REFUSED(R"({"a":1})", 0, "tensor \"a\" holds something else than an object");
  EXPECT_REFUSED(R"({"a":[]})", 0, "tensor \"a\" holds something else than an object");
  EXPECT_REFUSED(R"({"a":null})", 0, "tensor \"a\" holds something else than an object");
  EXPECT_REFUSED(R"({"a":{}})", 0, "tensor \"a\": dtype is missing");
  EXPECT_REFUSED(R"({"a":{"dtype":"U8","shape":[]}})", 1, "tensor \"a\": data_offsets is missing");
  EXPECT_REFUSED(R"({"a":{"dtype":"U8","shape":[],"data_offsets":[0,1],"more":1}})", 1,
                 "tensor \"a\": \"more\" is unknown; an entry has dtype, shape and data_offsets");
  EXPECT_REFUSED(R"({"a":{"dtype":7,"shape":[],"data_offsets":[0,1]}})", 1,
                 "tensor \"a\" holds something else than a text in dtype");
  EXPECT_REFUSED(R"({"a":{"dtype":"U8","shape":2,"data_offsets":[0,1]}})", 1,
                 "tensor \"a\" holds something else than a list of sizes in shape");
  EXPECT_REFUSED(R"({"a":{"dtype":"U8","shape":[[1]],"data_offsets":[0,1]}})", 1,
                 "tensor \"a\" holds something else than whole numbers in shape");
  EXPECT_REFUSED(R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}})", 1,
                 "tensor \"a\" holds something else than whole numbers in shape");
  EXPECT_REFUSED(R"({"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}})", 1,
                 "tensor \"a\" holds something else than whole numbers in shape");
  EXPECT_REFUSED(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}})", 1,
                 "tensor \"a\": data_offsets has 1 numbers, not 2");
  EXPECT_REFUSED(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":{"0":1}}})", 1,
                 "tensor \"a\" holds something else than a list of two numbers in data_offsets");
  EXPECT_REFUSED(R"({"__metadata__":{"a":1}})", 0, "__metadata__ holds something else than texts");
  EXPECT_REFUSED(R"({"__metadata__":"a"})", 0, "__metadata__ holds something else than an object");
}

TEST(Safetensors, RefusesNamesThatAreThereTwice) {
  const std::string a = R"("a":{"dtype":"U8","shape":[],"data_offsets":[0,1]})";
  EXPECT_REFUSED("{" + a + "," + a + "}", 1, "tensor \"a\" is there twice");
  EXPECT_REFUSED("{" + a + R"(,"\u0061":{"dtype":"U8","shape":[],"data_offsets":[0,1]}})", 1,
                 "tensor \"a\" is there twice");
  EXPECT_REFUSED(R"({"__metadata__":{},"__metadata__":{}})", 0, "__metadata__ is there twice");
  EXPECT_REFUSED(R"({"__metadata__":{"a":"","a":""}})", 0, "__metadata__: \"a\" is there twice");
  EXPECT_REFUSED(R"({"a":{"dtype":"U8","dtype":"U8","shape":[],"data_offsets":[0,1]}})", 1,
                 "tensor \"a\": dtype is there twice");
  EXPECT_REFUSED(R"({"a":{"dtype":"U8","shape":[],"shape":[],"data_offsets":[0,1]}})", 1,
                 "tensor \"a\": shape is there twice");
}

TEST(Safetensors, RefusesDtypesThatItHasNot) {
  for (const std::string dtype : {"U16", "F8_E4M3", "f32", "C64", ""})
    EXPECT_REFUSED("{\"a\":{\"dtype\":\"" + dtype + R"(","shape":[1],"data_offsets":[0,2]}})", 2,
                   "tensor \"a\": dtype \"" + dtype +
                       "\" is unknown; expected F64, F32, F16, BF16, I64, I32, I16, I8, U8 or BOOL");
}

TEST(Safetensors, RefusesSizesThatOverflowOrDoNotFit) {
  const auto shape = [](const std::string& list, std::size_t bytes) {
    return refusal(
        "{\"a\":{\"dtype\":\"F32\",\"shape\":" + list + ",\"data_offsets\":[0," + std::to_string(bytes) + "]}}", bytes);
  };
  EXPECT_EQ(shape("[3]", 8),
            "read_safetensors \"x\": tensor \"a\": data_offsets [0, 8] hold 8 bytes; F32 [3] needs 12");
  EXPECT_EQ(shape("[18446744073709551615]", 8),
            "read_safetensors \"x\": tensor \"a\": size 18446744073709551615 is too large");
  EXPECT_NE(shape("[4294967296,4294967296]", 0).find("too many elements: [4294967296, 4294967296]"), std::string::npos);
  EXPECT_NE(shape("[0,4611686018427387904,4611686018427387904]", 0).find("too many elements"), std::string::npos);
  EXPECT_NE(shape("[4611686018427387904]", 0).find("too many elements"), std::string::npos);
  EXPECT_NE(shape("[99999999999999999999]", 0).find("whole numbers in shape"), std::string::npos);
  EXPECT_NE(shape("[1,1,1,1,1,1,1,1,1]", 4).find("shape has more than 8 numbers"), std::string::npos);
  // What would be a terabyte is refused for what the file has, not for want of memory.
  EXPECT_EQ(shape("[1099511627776]", 4),
            "read_safetensors \"x\": tensor \"a\": data_offsets [0, 4] hold 4 bytes; F32 [1099511627776] needs "
            "4398046511104");
}

TEST(Safetensors, RefusesOverlapsHolesAndOffsetsOutsideTheFile) {
  const auto two = [](const std::string& a, const std::string& b, std::size_t bytes) {
    return refusal("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":" + a +
                       "},\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":" + b + "}}",
                   bytes);
  };
  const std::string begin = "read_safetensors \"x\": ";
  EXPECT_EQ(two("[0,2]", "[1,3]", 3),
            begin + "tensors \"a\" and \"b\" overlap: one ends at byte 2, the other begins at 1");
  EXPECT_EQ(two("[0,2]", "[0,2]", 2),
            begin + "tensors \"a\" and \"b\" overlap: one ends at byte 2, the other begins at 0");
  EXPECT_EQ(two("[0,2]", "[3,5]", 5), begin + "bytes 2 to 3 of the data, before tensor \"b\", belong to no tensor");
  EXPECT_EQ(two("[3,5]", "[1,3]", 5), begin + "bytes 0 to 1 of the data, before tensor \"b\", belong to no tensor");
  EXPECT_EQ(two("[0,2]", "[2,4]", 5), begin + "the tensors end at byte 4 of the data, which has 5");
  EXPECT_EQ(two("[0,2]", "[2,4]", 3), begin + "tensor \"b\" ends at byte 4 of the data, which has 3");
  EXPECT_EQ(two("[0,2]", "[4,2]", 4), begin + "tensor \"b\": data_offsets [4, 2] end before they begin");
  EXPECT_EQ(two("[0,2]", "[18446744073709551613,18446744073709551615]", 4),
            begin + "tensor \"b\" ends at byte 18446744073709551615 of the data, which has 4");
}

TEST(Safetensors, RefusesBoolsThatAreNeither) {
  Bytes bytes = file_of(R"({"a":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]}})", 3);
  bytes.back() = std::byte{2};
  const SafetensorsReader reader(bytes, "x");
  EXPECT_EQ(message_of<FormatError>([&] { reader.read("a"); }),
            "read_safetensors \"x\": tensor \"a\": element 2 is 2; BOOL is 0 or 1");
}

TEST(Safetensors, RefusesDepthAndLengthWithoutBuildingThemUp) {
  EXPECT_NE(refusal("{\"a\":" + std::string(1'000'000, '[') + "}", 0).find("something else than an object"),
            std::string::npos);
  std::string objects = "{";
  for (int i = 0; i < 100'000; ++i) objects += "\"a\":{";
  EXPECT_NE(refusal(objects + "}", 0).find("\"a\" is unknown"), std::string::npos);
  const std::string long_name(1'000'000, 'n');
  EXPECT_LT(refusal("{\"" + long_name + "\":1}", 0).size(), 200U) << "a message has no place for a megabyte";
}

TEST(Safetensors, RefusesNamesThatTheFormatHasNoPlaceFor) {
  const NamedData bad{{"\xff", TensorData({1.0F})}}, reserved{{"__metadata__", TensorData({1.0F})}};
  EXPECT_EQ(message_of<ValueError>([&] { safetensors_bytes(bad); }), "write_safetensors: \"\xff\" is not UTF-8");
  EXPECT_EQ(message_of<ValueError>([&] { safetensors_bytes(reserved); }),
            "write_safetensors: a tensor cannot be called __metadata__");
}

TEST(Safetensors, NamesWhatIsNotThere) {
  const TempDir dir;
  EXPECT_EQ(message_of<IoError>([&] { SafetensorsReader(dir.path("no")); }),
            "read_safetensors \"" + dir.path("no") + "\": No such file or directory");
  EXPECT_EQ(message_of<IoError>([&] { SafetensorsReader(dir.path()); }),
            "read_safetensors \"" + dir.path() + "\": it is not a regular file");
  const Bytes empty = file_of("{}", 0);
  const SafetensorsReader reader(empty, "x");
  EXPECT_EQ(message_of<ValueError>([&] { reader.read("w"); }),
            "read_safetensors \"x\": there is no tensor \"w\" among the 0");
}

}  // namespace
}  // namespace fornax::test
