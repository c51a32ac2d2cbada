// Check: faults are found where they arise, counts are exact, and nothing else changes.

#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <fornax/fornax.hpp>
#include <support/values.hpp>

namespace fornax::test {
namespace {

using C = Check<Cpu>;
using AC = Autodiff<Check<Cpu>>;

constexpr check::Options kRecord = {.on_fault = check::OnFault::Record};

template <class B> Tensor<B, 1> vector(const std::vector<double>& values) {
  return Tensor<B, 1>::from_data(TensorData(values));
}

// A network whose hidden scale is a parameter, in scopes.
template <class B> Tensor<B, 1> network(const Tensor<B, 2>& x, const Tensor<B, 2>& w) {
  Tensor<B, 2> h;
  {
    const Scope encoder("encoder");
    const Scope layer("layer1");
    h = x.matmul(w).relu();
  }
  const Scope head("head");
  return h.sqrt().sum();
}

TEST(Check, ThrowsAtTheFirstOperationThatMakesANaN) {
  const auto x = vector<C>({1.0, -2.0, 0.0, 4.0});
  const Scope outer("encoder");
  try {
    const Scope inner("layer1");
    x.mul_scalar(2.0).sqrt().exp();
    FAIL() << "no error";
  } catch (const NonFinite& e) {
    EXPECT_EQ(e.operation(), "sqrt");
    const check::Fault& fault = e.fault();
    EXPECT_EQ(fault.operation, "sqrt");
    EXPECT_EQ(fault.scope, (std::vector<std::string>{"encoder", "layer1"}));
    ASSERT_EQ(fault.inputs.size(), 1u);
    const ArrayReport& in = fault.inputs[0];
    EXPECT_EQ(in.shape, Shape{4});
    EXPECT_EQ(in.dtype, DType::F64);
    EXPECT_EQ(in.min, -4);
    EXPECT_EQ(in.max, 8);
    EXPECT_EQ(in.mean, 1.5);
    EXPECT_EQ(in.nans, 0);
    EXPECT_EQ(in.infinities, 0);
    EXPECT_EQ(in.zeros, 1);
    ASSERT_EQ(fault.results.size(), 1u);
    EXPECT_EQ(fault.results[0].nans, 1);
    const std::string text = e.what();
    for (const char* part : {"sqrt: made NaN", "encoder/layer1", "f64 [4]", "min -4, max 8, mean 1.5"})
      EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
  EXPECT_EQ(numbers(x.array()), (Numbers{1, -2, 0, 4}));
}

TEST(Check, ErrorIsAValueErrorOfFornax) {
  EXPECT_THROW(vector<C>({-1.0}).log(), ValueError);
  EXPECT_THROW(vector<C>({-1.0}).log(), Error);
}

TEST(Check, ReportsTheFirstFaultAndNotWhatFollowsFromIt) {
  const auto report = check::watch([] { vector<C>({1.0, 0.0}).log().mul_scalar(2.0).exp().sum(); }, kRecord);
  ASSERT_EQ(report.faults.size(), 1u);
  EXPECT_EQ(report.faults[0]->operation, "log");
  EXPECT_EQ(report.faults[0]->gradient_of, "");
  EXPECT_EQ(report.faults[0]->results[0].infinities, 1);
}

TEST(Check, TellsANaNFromAnInfinityThatWasThere) {
  // -inf from log, then -inf - -inf: two faults, one for each birth.
  const auto report = check::watch(
      [] {
        const auto y = vector<C>({0.0, 1.0}).log();
        (y - y).neg();
      },
      kRecord);
  ASSERT_EQ(report.faults.size(), 2u);
  EXPECT_EQ(report.faults[0]->operation, "log");
  EXPECT_EQ(report.faults[1]->operation, "sub");
  EXPECT_EQ(report.faults[1]->inputs[0].infinities, 1);
  EXPECT_EQ(report.faults[1]->results[0].nans, 1);
}

TEST(Check, AllowsInfinitiesThatTheUserPutIn) {
  const auto x = Tensor<C, 2>::from_data({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}});
  const auto mask = Tensor<C, 2, Bool>::from_data({{false, true, false}, {false, false, true}});
  EXPECT_NO_THROW(x.mask_fill(mask, -kInf).softmax(1).sum());
  EXPECT_NO_THROW(x + kInf);
  EXPECT_NO_THROW((Tensor<C, 1>::full({3}, kInf) + 1.0));
  EXPECT_NO_THROW(x.clamp(-kInf, kInf));
  // A row in which everything is masked is a fault of softmax, though the infinities were put in.
  const auto all = Tensor<C, 2, Bool>::from_data({{true, true, true}, {false, false, false}});
  EXPECT_EQ(message_of<NonFinite>([&] { x.mask_fill(all, -kInf).softmax(1); }).rfind("softmax: made NaN", 0), 0u);
}

TEST(Check, MayLeaveInfinitiesAlone) {
  const auto report =
      check::watch([] { vector<C>({0.0}).log(); }, {.on_fault = check::OnFault::Throw, .infinities = false});
  EXPECT_EQ(report.fault_count, 0u);
  EXPECT_THROW(check::watch([] { vector<C>({-1.0}).log(); }, {.infinities = false}), NonFinite);
}

TEST(Check, FindsAFaultOfBackwardWithTheScopeOfTheFunction) {
  const auto x = Tensor<AC, 2>::from_data({{1.0, 2.0}});
  const auto w = Tensor<AC, 2>::from_data({{1.0, -1.0}, {2.0, -1.0}}).require_grad();
  // relu makes a zero, whose square root has an infinite slope: forward is finite.
  Tensor<AC, 1> loss;
  EXPECT_NO_THROW(loss = network(x, w));
  const auto report = check::watch([&] { loss.backward(); }, kRecord);
  ASSERT_GE(report.faults.size(), 1u);
  const check::Fault& first = *report.faults[0];
  EXPECT_EQ(first.scope, (std::vector<std::string>{"backward", "head"}));
  EXPECT_TRUE(std::any_of(first.results.begin(), first.results.end(), [](const auto& r) { return r.infinities == 1; }));
  EXPECT_TRUE(std::any_of(first.inputs.begin(), first.inputs.end(), [](const auto& r) { return r.zeros == 1; }))
      << first.str();
  EXPECT_EQ(first.operation, "div");
  EXPECT_EQ(first.gradient_of, "sqrt");
  EXPECT_NE(first.str().find("made an infinity from finite inputs, in the gradient of sqrt; scope: backward/head"),
            std::string::npos);
  EXPECT_EQ(autodiff::differentiated_operation(), "");
  EXPECT_THROW(loss.backward(), NonFinite);
}

TEST(Check, ScopeOfTheCallerHoldsInBackwardWhereNoScopeWasRecorded) {
  const auto x = vector<AC>({0.0}).require_grad();
  const auto y = x.sqrt();
  const Scope step("step");
  const auto report = check::watch([&] { y.backward(); }, kRecord);
  ASSERT_GE(report.faults.size(), 1u);
  EXPECT_EQ(report.faults[0]->scope, (std::vector<std::string>{"backward", "step"}));
  EXPECT_EQ(scope_text(scope_names()), "step");
}

TEST(Check, HooksBelongToNoOperation) {
  const auto x = vector<AC>({1.0, 2.0}).require_grad();
  const auto h = x * x;
  std::string in_hook = "not called";
  h.register_hook([&](const auto& g) {
    in_hook = autodiff::differentiated_operation();
    EXPECT_THROW(g.sub_scalar(1.0).log(), NonFinite);
  });
  h.exp().sum().neg().exp().backward();
  EXPECT_EQ(in_hook, "");
}

TEST(Check, ScopeIsLeftWhenARuleThrows) {
  Tensor<AC, 1> y;
  const auto x = vector<AC>({0.0}).require_grad();
  {
    const Scope scope("inside");
    y = x.sqrt();
  }
  EXPECT_THROW(y.backward(), NonFinite);
  EXPECT_TRUE(scope_names().empty());
  EXPECT_EQ(autodiff::differentiated_operation(), "");
}

TEST(Check, GivesTheSameBitsAsWithoutIt) {
  const auto w = TensorData({{1.0, -1.0, 0.5}, {2.0, -1.5, 0.25}});
  const auto run = [&]<class B>(B*) {
    const auto p = Tensor<Autodiff<B>, 2>::from_data(w).require_grad();
    const auto y =
        Tensor<Autodiff<B>, 2>::from_data({{1.0, 2.0}}, {}, DType::F64).matmul(p).tanh().softmax(1).log().sum();
    return std::pair(y.to_data(), p.grad(y.backward())->to_data());
  };
  const auto plain = run(static_cast<Cpu*>(nullptr)), checked = run(static_cast<C*>(nullptr));
  EXPECT_EQ(plain.first, checked.first);
  EXPECT_EQ(plain.second, checked.second);
}

TEST(Check, StandsUnderNestedAutodiff) {
  using A2 = Autodiff<AC>;
  const auto x1 = vector<AC>({0.5, 2.0}).require_grad();
  const auto x2 = Tensor<A2, 1>::from_inner(x1).require_grad();
  const auto report = check::watch([&] {
    const Tensor<AC, 1> g = *x2.grad((x2 * x2 * x2).sum().backward());
    expect_same(numbers(x1.grad(g.sum().backward())->array()), {3, 12});
  });
  EXPECT_GE(report.calls("mul"), 6u);
  // The infinite slope of the root at 0 is found in the second derivative too.
  const auto z1 = vector<AC>({0.0}).require_grad();
  const auto z2 = Tensor<A2, 1>::from_inner(z1).require_grad();
  const Tensor<AC, 1> g = *z2.grad(z2.powf_scalar(1.5).sum().backward());
  EXPECT_EQ(numbers(g.array()), (Numbers{0}));
  EXPECT_THROW(g.backward(), NonFinite);
}

TEST(Check, CountsExactly) {
  const auto x = Tensor<C, 2>::zeros({3, 4});
  const auto w = Tensor<C, 2>::ones({4, 5});
  const auto report = check::watch([&] {
    for (int i = 0; i < 7; ++i) x.matmul(w).exp();
    x.exp();
  });
  EXPECT_EQ(report.calls("matmul"), 7u);
  EXPECT_EQ(report.calls("exp"), 8u);
  EXPECT_EQ(report.calls("log"), 0u);
  ASSERT_EQ(report.operations.size(), 2u);
  EXPECT_GE(report.operations[0].seconds, report.operations[1].seconds);
  for (const check::OperationTotals& t : report.operations) {
    EXPECT_GT(t.seconds, 0);
    if (t.name == "matmul") {
      EXPECT_EQ(t.input_bytes, 7u * 4 * (3 * 4 + 4 * 5));
      EXPECT_EQ(t.output_bytes, 7u * 4 * (3 * 5));
    } else {
      EXPECT_EQ(t.input_bytes, 4u * (7 * 3 * 5 + 3 * 4));
    }
  }
  EXPECT_EQ(report.events.size(), 15u);
}

TEST(Check, SeesTheCreationOfTensorsToo) {
  const auto report = check::watch([] {
    Tensor<AC, 2>::random({8, 8});
    Tensor<C, 1, Int>::arange(0, 5);
  });
  EXPECT_EQ(report.calls("random"), 1u);
  EXPECT_EQ(report.calls("arange"), 1u);
}

TEST(Check, CountsBackward) {
  const auto x = vector<AC>({1.0, 2.0}).require_grad();
  const auto report = check::watch([&] { x.exp().sum().backward(); });
  EXPECT_EQ(report.calls("exp"), 1u);
  EXPECT_EQ(report.calls("mul"), 1u);  // g * y
  bool backward = false;
  for (const check::Event& e : report.events) backward = backward || (!e.scope.empty() && e.scope[0] == "backward");
  EXPECT_TRUE(backward);
}

TEST(Check, TableIsAlignedAndSorted) {
  const auto report = check::watch([] {
    const auto x = Tensor<C, 2>::ones({300, 300});
    x.matmul(x);
    vector<C>({1.0}).exp();
  });
  std::istringstream lines(report.table());
  std::string line;
  std::vector<std::string> all;
  while (std::getline(lines, line)) all.push_back(line);
  ASSERT_EQ(all.size(), 2 + report.operations.size());
  for (const std::string& l : all) EXPECT_EQ(l.size(), all[0].size()) << l;
  EXPECT_EQ(all[0].rfind("operation", 0), 0u);
  EXPECT_EQ(all.back().rfind("all", 0), 0u);
  for (std::size_t i = 1; i < report.operations.size(); ++i)
    EXPECT_GE(report.operations[i - 1].seconds, report.operations[i].seconds);
}

TEST(Check, KeepsToItsLimits) {
  const auto report = check::watch(
      [] {
        const auto x = vector<C>({0.0});
        for (int i = 0; i < 5; ++i) x.log();
      },
      {.on_fault = check::OnFault::Record, .max_faults = 2, .max_events = 3});
  EXPECT_EQ(report.faults.size(), 2u);
  EXPECT_EQ(report.fault_count, 5u);
  EXPECT_EQ(report.events.size(), 3u);
  EXPECT_EQ(report.dropped_events, 2u);
  EXPECT_EQ(report.calls("log"), 5u);
  EXPECT_NE(report.str().find("3 more"), std::string::npos);
}

TEST(Check, MayIgnoreFaults) {
  const auto report = check::watch([] { vector<C>({-1.0}).log(); }, {.on_fault = check::OnFault::Ignore});
  EXPECT_EQ(report.fault_count, 0u);
  EXPECT_EQ(report.calls("log"), 1u);
}

TEST(Check, TheInnermostSessionCollects) {
  const auto x = vector<C>({1.0});
  const check::Session outer;
  x.exp();
  const auto inner = check::watch([&] { x.exp(), x.exp(); });
  x.exp();
  EXPECT_EQ(inner.calls("exp"), 2u);
  EXPECT_EQ(outer.report().calls("exp"), 2u);
}

TEST(Check, ThreadsJoinASessionOrStayApart) {
  const auto x = vector<C>({1.0, 2.0});
  constexpr int kThreads = 4, kCalls = 200;
  const check::Session session(kRecord);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const bool joins = t % 2 == 0;
      if (joins) {
        const check::Join joined(session);
        const Scope scope("thread " + std::to_string(t));
        for (int i = 0; i < kCalls; ++i) x.exp();
        vector<C>({0.0}).log();
      } else {
        const auto own = check::watch([&] {
          for (int i = 0; i < kCalls; ++i) x.exp();
        });
        EXPECT_EQ(own.calls("exp"), static_cast<std::uint64_t>(kCalls));
      }
    });
  }
  for (std::thread& t : threads) t.join();
  const check::Report report = session.report();
  EXPECT_EQ(report.calls("exp"), 2u * kCalls);
  EXPECT_EQ(report.fault_count, 2u);
}

TEST(Check, WritesATimelineThatParses) {
  const auto report = check::watch([] {
    const Scope hostile("a \"quoted\" \\ </script>\n\xff name");
    vector<C>({1.0}).exp().exp();
  });
  const std::string path = ::testing::TempDir() + "fornax_check_" + std::to_string(::getpid()) + ".json";
  report.write_chrome_trace(path);
  std::ifstream file(path);
  const auto parsed = nlohmann::json::parse(file);
  std::remove(path.c_str());
  int calls = 0, names = 0;
  for (const auto& e : parsed.at("traceEvents")) {
    if (e.at("ph") == "X") {
      ++calls;
      EXPECT_EQ(e.at("name"), "exp");
      EXPECT_GE(e.at("dur").get<double>(), 0);
      EXPECT_EQ(e.at("args").at("arrays"), "f64 [1] -> f64 [1]");
      EXPECT_NE(e.at("args").at("scope").get<std::string>().find("\"quoted\" \\ </script>\n"), std::string::npos);
    } else {
      ++names;
    }
  }
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(names, 1);
}

TEST(Check, SaysWhereItCannotWrite) {
  const std::string message =
      message_of<IoError>([] { check::Report().write_chrome_trace("/no such folder/trace.json"); });
  EXPECT_NE(message.find("/no such folder/trace.json"), std::string::npos);
  EXPECT_NE(message.find("No such file"), std::string::npos);
}

TEST(Check, StatisticsOfLargeNumbersDoNotOverflow) {
  const ArrayReport r = report_on(vector<Cpu>({1e308, 1.5e308, 1.7e308}).array());
  EXPECT_NEAR(r.mean, 1.4e308, 1e295);
  const ArrayReport none = report_on(vector<Cpu>({kNan, kInf, -kInf}).array());
  EXPECT_EQ(none.nans, 1);
  EXPECT_EQ(none.infinities, 2);
  EXPECT_EQ(none.mean, 0);
}

TEST(Check, NamesItself) {
  EXPECT_EQ(AC::interpreter().name(), "Autodiff<Check<Cpu>>");
  EXPECT_EQ(&C::interpreter(), &Check<Cpu>::interpreter());
}

}  // namespace
}  // namespace fornax::test
