// Trace: what is recorded runs again with the same bits, and is drawn without trusting names.

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <fornax/fornax.hpp>
#include <support/samples.hpp>
#include <support/values.hpp>

namespace fornax::test {
namespace {

using T = Trace<Cpu>;
using trace::NodeKind;

std::size_t count(const trace::Program& p, std::string_view name) {
  std::size_t n = 0;
  for (const trace::Node& node : p.nodes()) n += node.name == name;
  return n;
}

std::size_t occurrences(std::string_view text, std::string_view part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

TEST(Trace, RecordsOperationsAsData) {
  const auto x = Tensor<Cpu, 2>::ones({2, 3});
  const auto w = Tensor<Cpu, 2>::ones({3, 4});
  const auto program = trace::record(
      [&](const auto& a) {
        const Scope scope("layer");
        const auto b = Tensor<T, 2>(w.array());
        const auto first = a.matmul(b), second = a.matmul(b);
        return (first + second).softmax(1);
      },
      x);
  // input, constant (once, though it is used twice), matmul, matmul, add, softmax
  ASSERT_EQ(program.nodes().size(), 6u);
  EXPECT_EQ(program.nodes()[0].kind, NodeKind::Input);
  EXPECT_EQ(program.nodes()[0].name, "input 0");
  EXPECT_EQ(program.nodes()[1].kind, NodeKind::Constant);
  EXPECT_EQ(count(program, "matmul"), 2u);
  const trace::Node& softmax = program.nodes()[5];
  EXPECT_EQ(softmax.name, "softmax");
  EXPECT_EQ(softmax.settings, "dim=1");
  EXPECT_EQ(softmax.scope, (std::vector<std::string>{"layer"}));
  const trace::Value& y = program.values()[program.outputs()[0]];
  EXPECT_EQ(y.node, 5u);
  EXPECT_EQ(y.about.shape, (Shape{2, 4}));
  EXPECT_EQ(y.about.mean, 0.25);
  EXPECT_EQ(y.elements, std::vector<double>(8, 0.25));
  EXPECT_EQ(program.text(),
            "%0 = input \"input 0\": f32 [2, 3]\n"
            "%1 = constant: f32 [3, 4]  # layer\n"
            "%2 = matmul(%0, %1) {transpose_lhs=false, transpose_rhs=false}: f32 [2, 4]  # layer\n"
            "%3 = matmul(%0, %1) {transpose_lhs=false, transpose_rhs=false}: f32 [2, 4]  # layer\n"
            "%4 = add(%2, %3): f32 [2, 4]  # layer\n"
            "%5 = softmax(%4) {dim=1}: f32 [2, 4]  # layer\n"
            "return %5\n");
}

// Convolution, pooling, gather, softmax and their gradients.
template <class B>
std::tuple<Tensor<B, 2>, Tensor<B, 4>> convolutional(const Tensor<B, 4>& x, const Tensor<B, 4>& w,
                                                     const Tensor<B, 2, Int>& index) {
  using A = Autodiff<B>;
  const auto weight = Tensor<A, 4>::from_inner(w).require_grad();
  Tensor<A, 2> p;
  {
    const Scope scope("features");
    const auto h = functional::conv2d(Tensor<A, 4>::from_inner(x), weight).relu();
    p = functional::max_pool2d(h, 2).template flatten<2>(1, -1).softmax(1);
  }
  const Scope scope("loss");
  const auto loss = p.gather(1, Tensor<A, 2, Int>::from_inner(index)).log().neg().mean();
  const auto gradients = loss.backward();
  return {p.inner(), *weight.grad(gradients)};
}

TEST(Trace, ReplayGivesTheSameBits) {
  manual_seed(3);
  const auto x = Tensor<Cpu, 4>::random({2, 3, 8, 8}), w = Tensor<Cpu, 4>::random({4, 3, 3, 3});
  const auto index = Tensor<Cpu, 2, Int>::from_data({{5}, {17}});
  const auto f = [](const auto& a, const auto& b, const auto& i) { return convolutional(a, b, i); };
  const auto program = trace::record(f, x, w, index);
  const auto [p, g] = convolutional<Cpu>(x, w, index);
  EXPECT_EQ(program.results()[0].to_data(), p.to_data());
  EXPECT_EQ(program.results()[1].to_data(), g.to_data());
  const Array same[] = {x.array(), w.array(), index.array()};
  for (int round = 0; round < 2; ++round) {
    const Arrays again = program.run(same);
    EXPECT_EQ(again[0].to_data(), p.to_data());
    EXPECT_EQ(again[1].to_data(), g.to_data());
  }

  // Other values of the same shapes: what the function gives for them.
  const auto x2 = Tensor<Cpu, 4>::random({2, 3, 8, 8}), w2 = Tensor<Cpu, 4>::random({4, 3, 3, 3});
  const auto index2 = Tensor<Cpu, 2, Int>::from_data({{0}, {35}});
  const auto [p2, g2] = convolutional<Cpu>(x2, w2, index2);
  const Array others[] = {x2.array(), w2.array(), index2.array()};
  const Arrays other = program.run(others);
  EXPECT_EQ(other[0].to_data(), p2.to_data());
  EXPECT_EQ(other[1].to_data(), g2.to_data());
  EXPECT_NE(g.to_data(), g2.to_data());

  bool backward = false;
  for (const trace::Node& n : program.nodes())
    backward = backward || n.scope == std::vector<std::string>{"backward", "loss"} ||
               n.scope == std::vector<std::string>{"backward", "loss", "features"};
  EXPECT_TRUE(backward);
  for (const trace::Node& n : program.nodes()) {
    if (n.name == "conv2d_weight") {
      EXPECT_EQ(n.gradient_of, "conv2d");
    } else if (n.kind == NodeKind::Operation && n.scope.front() != "backward") {
      EXPECT_EQ(n.gradient_of, "");
    }
  }
}

TEST(Trace, ReplayCanBeDifferentiated) {
  using A = Autodiff<Cpu>;
  const auto x = Tensor<Cpu, 1>::from_data(TensorData({1.0, 2.0}));
  const auto program = trace::record([](const auto& a) { return (a * a * a).sum(); }, x);
  const auto leaf = Tensor<A, 1>::from_inner(x).require_grad();
  const Array inputs[] = {leaf.array()};
  const auto y = Tensor<A, 1>(program.run(inputs)[0]);
  EXPECT_EQ(numbers(leaf.grad(y.backward())->array()), (Numbers{3, 12}));
}

TEST(Trace, ReplayLeavesItsInputsAndConstantsAlone) {
  const auto x = Tensor<Cpu, 1>::full({1000}, 2.0), c = Tensor<Cpu, 1>::full({1000}, 3.0);
  const auto program =
      trace::record([&](const auto& a) { return (a * Tensor<T, 1>(c.array())).exp() - Tensor<T, 1>(c.array()); }, x);
  const Array inputs[] = {x.array()};
  const TensorData first = program.run(inputs)[0].to_data();
  EXPECT_EQ(program.run(inputs)[0].to_data(), first);
  EXPECT_EQ(x.to_data(), TensorData(std::vector<float>(1000, 2.0f)));
  EXPECT_EQ(c.to_data(), TensorData(std::vector<float>(1000, 3.0f)));
}

TEST(Trace, ReplayChecksItsInputs) {
  const auto x = Tensor<Cpu, 2>::ones({2, 3});
  const auto program = trace::record([](const auto& a) { return a.exp(); }, x);
  const Array wrong_shape[] = {Tensor<Cpu, 2>::ones({3, 2}).array()};
  const Array wrong_dtype[] = {x.cast(DType::F64).array()};
  EXPECT_EQ(message_of<ShapeError>([&] { program.run(wrong_shape); }),
            "Program::run: input 0 has shape [3, 2], the recorded one has [2, 3]");
  EXPECT_EQ(message_of<DTypeError>([&] { program.run(wrong_dtype); }),
            "Program::run: input 0 has dtype f64, the recorded one has f32");
  EXPECT_EQ(message_of<ValueError>([&] { program.run({}); }), "Program::run: needs 1 inputs, got 0");
}

TEST(Trace, EveryOperationReplaysWithTheSameBits) {
  Random random(5);
  std::size_t replayed = 0;
  for (const Case& c : all_cases()) {
    if (c.inputs.empty()) continue;
    const std::vector<Array> x = upload(draw(c, random));
    trace::Recorder recorder(T::interpreter());
    std::vector<Array> traced;
    for (const Array& a : x) traced.push_back(recorder.input(a));
    const std::vector<Array> y = execute(c.op, lend(traced));
    const trace::Program program = recorder.finish(y);
    const Arrays again = program.run(x);
    const std::vector<Array> plain = execute(c.op, lend(x));
    ASSERT_EQ(again.size(), plain.size()) << c.label();
    for (std::size_t i = 0; i < plain.size(); ++i)
      EXPECT_EQ(again[i].to_data(), plain[i].to_data()) << c.label() << program.text();
    ++replayed;
  }
  EXPECT_GT(replayed, 200u);
}

TEST(Trace, WhatDependsOnNoInputIsAConstant) {
  const auto program = trace::record(
      [](const auto& x) {
        const auto c = (Tensor<T, 1>::ones({3}) * 2.0).exp();
        return std::tuple{x + c, c};
      },
      Tensor<Cpu, 1>::ones({3}));
  EXPECT_EQ(count(program, "exp"), 0u);
  EXPECT_EQ(count(program, "constant"), 1u);
  EXPECT_EQ(program.outputs()[1], program.nodes()[1].outputs[0]);
}

TEST(Trace, RecordingEnds) {
  Array kept;
  const auto program = trace::record(
      [&](const auto& x) {
        kept = x.array();
        return x.exp();
      },
      Tensor<Cpu, 1>::ones({3}));
  const std::string text = program.text();
  const Array y = exp(exp(kept));
  EXPECT_EQ(program.text(), text);
  EXPECT_EQ(y.interpreter(), &Cpu::interpreter());
}

TEST(Trace, RefusesToMixTwoRecordings) {
  trace::Recorder a(T::interpreter()), b(T::interpreter());
  const Array x = a.input(floats({1.0})), y = b.input(floats({2.0}));
  EXPECT_EQ(message_of<ValueError>([&] { x + y; }).rfind("add: the operands belong to two recordings", 0), 0u);
  const Array out[] = {x};
  a.finish(out);
  EXPECT_EQ((x + y).item(), 3.0);
  EXPECT_THROW(a.finish(out), ValueError);
  EXPECT_THROW(a.input(floats({1.0})), ValueError);
  EXPECT_THROW(trace::Recorder(Cpu::interpreter()), ValueError);
}

TEST(Trace, RecordsFromManyThreads) {
  trace::Recorder recorder(T::interpreter());
  const Array x = recorder.input(floats({1.0, 2.0}), "x");
  constexpr int kThreads = 4, kCalls = 100;
  std::vector<Array> results(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const Scope scope("thread " + std::to_string(t));
      Array y = x;
      for (int i = 0; i < kCalls; ++i) y = y + static_cast<double>(t);
      results[static_cast<std::size_t>(t)] = y;
    });
  }
  for (std::thread& t : threads) t.join();
  const trace::Program program = recorder.finish(results);
  EXPECT_EQ(program.nodes().size(), 1u + kThreads * kCalls);
  const Array inputs[] = {floats({0.0, 0.0})};
  const Arrays again = program.run(inputs);
  for (int t = 0; t < kThreads; ++t)
    EXPECT_EQ(numbers(again[static_cast<std::size_t>(t)]), Numbers(2, static_cast<double>(t * kCalls)));
}

// --- Pictures ----------------------------------------------------------------------------------------------------------

const std::string kHostile = "a\"b\\ </script><script>alert(1)</script> <!-- & ]]> \xff\xc3\n@DATA@ é";

trace::Program hostile_program() {
  return trace::record(
      [](const auto& x) {
        const Scope scope(kHostile);
        const Scope inner("inner");
        return x.log();
      },
      Tensor<Cpu, 1>::from_data(TensorData({0.0, -1.0})));
}

// Elements opened and closed in turn, attributes quoted, no stray markup: enough of XML for what svg() writes.
void expect_well_formed(const std::string& xml) {
  std::vector<std::string> open;
  for (std::size_t at = 0; at < xml.size();) {
    if (xml[at] == '&') {
      const std::size_t end = xml.find(';', at);
      ASSERT_NE(end, std::string::npos);
      const std::string entity = xml.substr(at, end - at + 1);
      EXPECT_TRUE(entity == "&amp;" || entity == "&lt;" || entity == "&gt;" || entity == "&quot;" || entity == "&#39;")
          << entity;
    }
    if (xml[at] != '<') {
      ++at;
      continue;
    }
    const std::size_t end = xml.find('>', at);
    ASSERT_NE(end, std::string::npos);
    const std::string tag = xml.substr(at + 1, end - at - 1);
    EXPECT_EQ(occurrences(tag, "\"") % 2, 0u) << tag;
    const std::string name = tag.substr(tag[0] == '/' ? 1 : 0, tag.find_first_of(" /", 1) - (tag[0] == '/' ? 1 : 0));
    EXPECT_TRUE(name == "svg" || name == "g" || name == "rect" || name == "text" || name == "path" || name == "title")
        << tag;
    if (tag[0] == '/') {
      ASSERT_FALSE(open.empty());
      EXPECT_EQ(open.back(), tag.substr(1));
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(name);
    }
    at = end + 1;
  }
  EXPECT_TRUE(open.empty());
}

TEST(TracePicture, SvgIsWellFormedWhateverTheNames) {
  const std::string svg = hostile_program().svg();
  expect_well_formed(svg);
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_NE(svg.find("&lt;/script&gt;"), std::string::npos);
  EXPECT_EQ(occurrences(svg, "<g><title>"), 3u);  // input, log, output
}

TEST(TracePicture, DotQuotesNames) {
  const std::string dot = hostile_program().dot();
  EXPECT_NE(dot.find("a\\\"b\\\\ </script>"), std::string::npos);
  // Outside of quoted strings there is nothing but the language itself.
  std::string bare;
  bool quoted = false;
  int depth = 0;
  for (std::size_t i = 0; i < dot.size(); ++i) {
    if (quoted && dot[i] == '\\') {
      ++i;
    } else if (dot[i] == '"') {
      quoted = !quoted;
    } else if (!quoted) {
      bare += dot[i];
      depth += dot[i] == '{' ? 1 : dot[i] == '}' ? -1 : 0;
      EXPECT_GE(depth, 0);
    }
  }
  EXPECT_FALSE(quoted);
  EXPECT_EQ(depth, 0);
  EXPECT_EQ(bare.find("script"), std::string::npos);
  EXPECT_EQ(occurrences(bare, "subgraph cluster_"), 2u);
  EXPECT_EQ(occurrences(bare, "->"), 2u);
}

TEST(TracePicture, HtmlHoldsItsDataWithoutMarkup) {
  const auto program = hostile_program();
  const std::string page = program.html("<title> & " + kHostile);
  EXPECT_EQ(occurrences(page, "<script"), 2u);
  EXPECT_EQ(occurrences(page, "</script"), 2u);
  EXPECT_EQ(page.find("alert(1)</script>"), std::string::npos);
  EXPECT_EQ(page.find("http:"), page.find("http://www.w3.org/2000/svg"));  // a name, not an address to load
  EXPECT_EQ(page.find("https:"), std::string::npos);
  EXPECT_NE(page.find("<title>&lt;title&gt; &amp; a"), std::string::npos);
  const std::string begin = "id=\"data\">";
  const std::size_t start = page.find(begin) + begin.size();
  const auto data = nlohmann::json::parse(page.substr(start, page.find("</script>", start) - start));
  ASSERT_EQ(data.at("nodes").size(), 2u);
  EXPECT_EQ(data.at("nodes")[1].at("scope")[1], "inner");
  const std::string scope = data.at("nodes")[1].at("scope")[0];
  EXPECT_EQ(scope, "a\"b\\ </script><script>alert(1)</script> <!-- & ]]> ???@DATA@ é");
  EXPECT_EQ(data.at("values")[1].at("statistics").at("NaN"), 1);
  EXPECT_EQ(data.at("values")[1].at("elements"), (nlohmann::json{"-inf", "NaN"}));
}

TEST(TracePicture, WritesTheFormatThatThePathNames) {
  const auto program = hostile_program();
  const std::string base = ::testing::TempDir() + "fornax_trace_" + std::to_string(::getpid());
  for (const auto& [end, expected] : {std::pair(".txt", program.text()), std::pair(".dot", program.dot()),
                                      std::pair(".svg", program.svg()), std::pair(".html", program.html())}) {
    program.write(base + end);
    std::ifstream file(base + end, std::ios::binary);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), expected);
    std::remove((base + end).c_str());
  }
  EXPECT_THROW(program.write(base + ".png"), ValueError);
  EXPECT_THROW(program.write("/no such folder/x.dot"), IoError);
}

TEST(TracePicture, DrawsEveryNodeOfALongProgram) {
  const auto program = trace::record(
      [](const auto& x) {
        auto y = x;
        for (int i = 0; i < 200; ++i) y = y + x;
        return y;
      },
      Tensor<Cpu, 1>::ones({3}));
  const std::string svg = program.svg();
  expect_well_formed(svg);
  EXPECT_EQ(occurrences(svg, "<g><title>"), 202u);
}

}  // namespace
}  // namespace fornax::test
