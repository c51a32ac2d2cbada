#include <fornax/io/npy.hpp>

#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/array/error.hpp>
#include <io/files.hpp>

namespace fornax::test {
namespace {

using namespace fornax::io;

Bytes file_of(const std::string& header, std::size_t data_bytes, int version = 1) {
  Bytes out = bytes_of({0x93, 'N', 'U', 'M', 'P', 'Y', version, 0});
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    out.push_back(static_cast<std::byte>(header.size() >> (8 * i) & 0xff));
  return out + bytes_of_text(header) + Bytes(data_bytes);
}

std::string refusal(const Bytes& bytes) {
  return message_of<FormatError>([&] { read_npy_bytes(bytes, "x"); });
}
std::string refused_header(const std::string& header, std::size_t data_bytes = 0) {
  return refusal(file_of(header, data_bytes));
}

TEST(Npy, ReadsWhatNumPyWrites) {
  EXPECT_EQ(read_npy(golden("f32_2x3.npy")), TensorData({{0.0F, 0.25F, 0.5F}, {0.75F, 1.0F, 1.25F}}));
  EXPECT_EQ(read_npy(golden("big_endian_f8.npy")), TensorData({{1.5, -2.0}}));
  EXPECT_EQ(read_npy(golden("scalar_i8.npy")), TensorData(std::vector<std::int64_t>{-5}, Shape{}));
  EXPECT_EQ(read_npy(golden("bool.npy")), TensorData({true, false, true}));
  EXPECT_EQ(read_npy(golden("f16.npy")), TensorData({0.5F, -3.0F}).convert(DType::F16));
  EXPECT_EQ(read_npy(golden("version2.npy")), TensorData({3, 1, 2}));
  EXPECT_EQ(read_npy(golden("version3.npy")), TensorData({3, 1, 2}));
}

TEST(Npy, ArraysInFortranOrderArriveInRowMajorOrder) {
  std::vector<std::int16_t> values(24);
  std::iota(values.begin(), values.end(), std::int16_t{0});
  EXPECT_EQ(read_npy(golden("fortran_i16.npy")), TensorData(values, Shape{2, 3, 4}));
}

TEST(Npy, WritesTheBytesThatNumPyWrites) {
  EXPECT_EQ(npy_bytes(TensorData({{0.0F, 0.25F, 0.5F}, {0.75F, 1.0F, 1.25F}})), contents_of(golden("f32_2x3.npy")));
  EXPECT_EQ(npy_bytes(TensorData(std::vector<std::int64_t>{-5}, Shape{})), contents_of(golden("scalar_i8.npy")));
  EXPECT_EQ(npy_bytes(TensorData({true, false, true})), contents_of(golden("bool.npy")));
  EXPECT_EQ(npy_bytes(TensorData({0.5F, -3.0F}).convert(DType::F16)), contents_of(golden("f16.npy")));
}

TEST(Npy, EveryDtypeComesBackFromAFile) {
  const TempDir dir;
  for (const DType dtype :
       {DType::F64, DType::F32, DType::F16, DType::I64, DType::I32, DType::I16, DType::I8, DType::U8, DType::Bool}) {
    const TensorData data = TensorData({{0.0, 1.0, 1.0}, {1.0, 0.0, 1.0}}).convert(dtype);
    write_npy(dir.path("a.npy"), data);
    EXPECT_EQ(read_npy(dir.path("a.npy")), data) << name(dtype);
  }
  const TensorData empty(Shape{3, 0, 2}, DType::F32);
  EXPECT_EQ(read_npy_bytes(npy_bytes(empty), "x"), empty);
  EXPECT_EQ(message_of<DTypeError>([] { npy_bytes(TensorData(Shape{1}, DType::BF16)); }),
            "write_npy: NumPy has no bf16; convert to f32");
}

TEST(Npy, RefusesWhatIsNoNpyFile) {
  EXPECT_EQ(refusal({}), "read_npy_bytes \"x\": ends after 0 bytes; .npy begins with 8: \\x93NUMPY, version");
  EXPECT_EQ(refusal(Bytes(20)), "read_npy_bytes \"x\": does not begin with \\x93NUMPY");
  EXPECT_EQ(refusal(file_of("{}", 0, 4)), "read_npy_bytes \"x\": version 4.0 is unknown; expected 1.0, 2.0 or 3.0");
  const Bytes whole = contents_of(golden("f32_2x3.npy"));
  for (std::size_t n = 0; n < whole.size(); ++n)
    ASSERT_NE(refusal(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n))), "") << n;
  EXPECT_EQ(refusal(whole + bytes_of({0})), "read_npy_bytes \"x\": f32 [2, 3] needs 24 bytes; 25 follow the header");
}

TEST(Npy, RefusesHeadersThatSaySomethingElse) {
  const std::string begin = "read_npy_bytes \"x\": the header is wrong at its byte ";
  EXPECT_EQ(refused_header(""), begin + "0: expected {");
  EXPECT_EQ(refused_header("{'descr': '<f4', 'shape': (2,)}"), begin + "31: fortran_order is missing");
  EXPECT_EQ(refused_header("{'descr': '<f4', 'descr': '<f4'}"), begin + "25: the key \"descr\" is there twice");
  EXPECT_EQ(refused_header("{'dtype': '<f4'}"), begin + "9: the key \"dtype\" is unknown");
  EXPECT_EQ(refused_header("{'descr': [('a', '<f4')]}"), begin + "10: a structured dtype, which fornax has not");
  EXPECT_EQ(refused_header("{'descr': '|O'}"),
            begin + "14: dtype \"|O\" is unknown; expected f2 f4 f8 i1 i2 i4 i8 u1 or b1 behind < or > or |");
  EXPECT_EQ(refused_header("{'fortran_order': 1}"), begin + "18: fortran_order is neither True nor False");
  EXPECT_EQ(refused_header("{'shape': (2)}"), begin + "12: expected a comma after the only size");
  EXPECT_EQ(refused_header("{'shape': (2,-1)}"), begin + "13: expected a size");
  EXPECT_EQ(refused_header("{'shape': (1,1,1,1,1,1,1,1,1)}"), begin + "28: more than 8 dims");
  EXPECT_NE(refused_header("{'shape': (4294967296,4294967296)}").find("too many elements"), std::string::npos);
  EXPECT_EQ(refused_header("{'descr': '<f4', 'fortran_order': False, 'shape': ()} x", 4),
            begin + "54: text follows the dictionary");
  EXPECT_NE(message_of<FormatError>([] { read_npy(golden("u16.npy")); }).find("dtype \"<u2\" is unknown"),
            std::string::npos);
  EXPECT_EQ(refused_header("{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,)}", 4),
            "read_npy_bytes \"x\": f32 [1099511627776] needs 4398046511104 bytes; 4 follow the header");
}

}  // namespace
}  // namespace fornax::test
