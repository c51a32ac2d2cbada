// fornax-conformance: runs reference cases on a backend. Verdicts go to stdout, reasons to stderr.

#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "run_case.hpp"

namespace {

using namespace fornax::conformance;

constexpr const char* kUsage =
    "usage: fornax-conformance [--backend NAME] [--dtype f64|f32] [--forward] [--vmap] [--accumulate N] FILE...\n"
    "  --backend NAME   a stack of decorators, Autodiff<Cpu> unless given: Cpu (outputs only), Autodiff<Cpu>,\n"
    "                   Autodiff<Autodiff<Cpu>>, ...\n"
    "  --dtype          what the f64 of the files become; f64 unless given\n"
    "  --forward        gradients by forward mode, element by element, instead of in reverse\n"
    "  --vmap           the operations run on a batch of two equal samples; gradients flow through it\n"
    "  --accumulate N   training sums the gradients of N equal parts of each batch; its losses must be those of whole\n"
    "                   batches too\n"
    "prints `passed|failed|absent ID [largest error]` for each case, and why on stderr;\n"
    "exits 1 if a case failed, 2 if it could not run\n";

struct Options {
  std::string backend = "Autodiff<Cpu>", dtype = "f64";
  bool forward = false, vmap = false;
  std::int64_t accumulate = 1;
  std::vector<std::string> files;
};

// Throws std::invalid_argument.
Options options_of(const std::vector<std::string>& arguments) {
  Options o;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& a = arguments[i];
    const auto value = [&] {
      if (++i == arguments.size()) throw std::invalid_argument(a + " needs a value");
      return arguments[i];
    };
    if (a == "--backend") {
      o.backend = value();
    } else if (a == "--dtype") {
      o.dtype = value();
    } else if (a == "--forward") {
      o.forward = true;
    } else if (a == "--vmap") {
      o.vmap = true;
    } else if (a == "--accumulate") {
      o.accumulate = std::stoll(value());
    } else if (a.starts_with("-")) {
      throw std::invalid_argument("unknown option " + a);
    } else {
      o.files.push_back(a);
    }
  }
  if (o.dtype != "f64" && o.dtype != "f32") throw std::invalid_argument("--dtype is f64 or f32, not " + o.dtype);
  if (o.accumulate < 1) throw std::invalid_argument("--accumulate needs a positive number");
  if (o.files.empty()) throw std::invalid_argument("no files");
  return o;
}

int run(const Options& o) {
  Setup setup = setup_of(o.backend, o.dtype == "f64" ? fornax::DType::F64 : fornax::DType::F32, o.forward, o.vmap);
  setup.accumulate = o.accumulate;
  std::vector<Case> cases;
  for (const std::string& path : o.files)
    for (Case& c : read_cases(path)) cases.push_back(std::move(c));
  int count[3] = {};
  for (const Case& c : cases) {
    const Outcome outcome = run_case(c, setup);
    constexpr const char* words[] = {"passed", "failed", "absent"};
    const auto verdict = static_cast<std::size_t>(outcome.verdict);
    ++count[verdict];
    if (outcome.verdict == Verdict::Absent) {
      std::printf("%s %s\n", words[verdict], c.id.c_str());
    } else {
      std::printf("%s %s %.3g\n", words[verdict], c.id.c_str(), outcome.error);
    }
    if (!outcome.reason.empty()) std::fprintf(stderr, "%s: %s\n", c.id.c_str(), outcome.reason.c_str());
  }
  std::printf("%d passed, %d failed, %d skipped\n", count[0], count[1], count[2]);
  return count[1] > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() == 1 && arguments[0] == "--help") {
    std::fputs(kUsage, stdout);
    return 0;
  }
  try {
    return run(options_of(arguments));
  } catch (const std::invalid_argument& e) {
    std::fprintf(stderr, "fornax-conformance: %s\n%s", e.what(), kUsage);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "fornax-conformance: %s\n", e.what());
  }
  return 2;
}
