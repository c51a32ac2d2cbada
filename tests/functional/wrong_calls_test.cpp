// Wrong calls of the functions that are composed of operations: each must throw the right error, whose message begins
// with the name of the function; and every function that a header of the room declares has at least three.

#include "wrong_calls.hpp"

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

namespace fornax::test {
namespace {

WrongCalls all_calls() {
  WrongCalls all;
  for (WrongCalls part : {network_calls(), loss_calls(), picture_calls(), layout_calls(), linalg_calls(),
                          signal_calls(), elementwise_calls()})
    for (WrongCall& c : part) all.push_back(std::move(c));
  return all;
}

template <class E> void expect_error(const WrongCall& c) {
  const std::string begin = (c.named.empty() ? c.function : c.named) + ": ";
  try {
    c.call();
    ADD_FAILURE() << c.text << " is accepted";
  } catch (const E& e) {
    EXPECT_EQ(std::string(e.what()).substr(0, begin.size()), begin) << c.text << " says: " << e.what();
  } catch (const std::exception& e) {
    ADD_FAILURE() << c.text << " throws an error of another type: " << e.what();
  }
}

TEST(WrongCalls, OfFunctionsThrowTheRightErrorWithTheNameInFront) {
  for (const WrongCall& c : all_calls()) {
    switch (c.error) {
      case Wrong::Shape: expect_error<ShapeError>(c); break;
      case Wrong::DType: expect_error<DTypeError>(c); break;
      case Wrong::Index: expect_error<IndexError>(c); break;
      case Wrong::Value: expect_error<ValueError>(c); break;
    }
  }
}

// The functions on Array that a public header declares: at the start of a line, with a result that holds arrays.
std::set<std::string> declared_in(const std::string& header) {
  std::ifstream in(std::string(FORNAX_SOURCE_DIR) + "/src/fornax/functional/" + header + ".hpp");
  EXPECT_TRUE(in.good()) << header;
  std::stringstream text;
  text << in.rdbuf();
  const std::string source = text.str();
  static const std::regex declaration(
      R"((?:^|\n)(?:Array|std::vector<Array>|Complex<Array>|\w+Result|\w+Result<[\w, ]*>|LstmState) (\w+)\(([^;]*)\)[;])");
  static const std::regex macro(R"(\nFORNAX_CONV\((\w+),)");
  std::set<std::string> names;
  for (std::sregex_iterator m(source.begin(), source.end(), declaration), end; m != end; ++m) names.insert((*m)[1]);
  for (std::sregex_iterator m(source.begin(), source.end(), macro), end; m != end; ++m) names.insert((*m)[1]);
  return names;
}

TEST(WrongCalls, AreAtLeastThreeForEveryFunction) {
  std::map<std::string, int> count;
  for (const WrongCall& c : all_calls()) ++count[c.function];
  std::set<std::string> functions;
  for (const char* header : {"activation", "attention",       "class_loss",  "conv",      "ctc_loss", "deform_conv",
                             "distance",   "dropout",         "einsum",      "embedding", "fold",     "layout",
                             "linalg",     "linear",          "margin_loss", "norm",      "pad",      "quantize",
                             "recurrent",  "regression_loss", "resample",    "sampling",  "signal",   "softmax"})
    functions.merge(declared_in(header));
  // Those that the headers make with a macro.
  for (const char* pool : {"max_pool", "max_unpool", "avg_pool", "lp_pool", "adaptive_max_pool", "adaptive_avg_pool"})
    for (const char* dims : {"1d", "2d", "3d"}) functions.insert(std::string(pool) + dims);
  functions.erase("conv_transpose");  // tried under the names that it is called by
  // Fewer ways to go wrong: the first two take every array, the last every shape with room for one more dim.
  for (const char* name : {"squeeze", "gumbel_noise", "cartesian_grid"}) EXPECT_EQ(functions.erase(name), 1u) << name;
  EXPECT_GT(functions.size(), 150u);
  for (const std::string& name : functions) EXPECT_GE(count[name], 3) << name;
}

}  // namespace
}  // namespace fornax::test
