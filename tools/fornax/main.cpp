// The command `fornax`: looks into files of tensors, converts them, shows runs and what they run on.

#include <cstdio>
#include <exception>
#include <iostream>

#include <CLI/CLI.hpp>

#include "commands.hpp"
#include "tool_config.hpp"

namespace {

using namespace fornax::tool;

constexpr int kFailed = 1, kWrongCall = 2;

CLI::App* command(CLI::App& app, const char* name, const char* about, const char* examples) {
  CLI::App* const sub = app.add_subcommand(name, about);
  sub->footer(examples);
  return sub;
}

void add_inspect(CLI::App& app, InspectOptions& o) {
  CLI::App* const c =
      command(app, "inspect", "Shows the tensors of a file: dtype, shape, statistics, metadata",
              "Knows safetensors, checkpoints (whose checksums it verifies), .npy and .npz files by how they begin.\n"
              "Patterns of names: * stands for any text without a dot, ** for any text.\n\n"
              "Examples:\n"
              "  fornax inspect model.safetensors\n"
              "  fornax inspect --only 'conv*.weight' model.safetensors\n"
              "  fornax inspect --json model.safetensors | jq '.tensors[] | select(.nan > 0).name'");
  c->add_option("FILE", o.file, "The file")->required();
  c->add_option("--only", o.only, "Only tensors whose names fit this pattern (may be repeated)")
      ->type_name("PATTERN")
      ->allow_extra_args(false);
  c->add_flag("--no-values", o.no_values, "Does not look at elements: dtypes and shapes alone");
  c->add_flag("--json", o.json, "Prints JSON");
  c->callback([&o] { inspect(o, std::cout); });
}

void add_convert(CLI::App& app, ConvertOptions& o) {
  CLI::App* const c = command(
      app, "convert", "Turns a file of tensors into another format, with other names or dtypes",
      "Tensors are dropped and transposed by their old names, then renamed. In patterns * stands for any text\n"
      "without a dot, ** for any text; what they stood for takes the place of the same signs in the new name.\n\n"
      "Examples:\n"
      "  fornax convert weights.npz weights.safetensors\n"
      "  fornax convert --dtype bf16 model.safetensors small.safetensors\n"
      "  fornax convert --to checkpoint weights.npz start.safetensors\n"
      "  fornax convert --rename 'encoder.**=body.**' --rename 'head.*.gamma=head.*.weight' a.safetensors "
      "b.safetensors\n"
      "  fornax convert --from-torch --transpose 'fc*.weight' torch.safetensors fornax.safetensors");
  const auto list = [&](const char* name, std::vector<std::string>& to, const char* about, const char* type) {
    c->add_option(name, to, about)->type_name(type)->allow_extra_args(false);
  };
  c->add_option("IN", o.from, "The file to read; its format is found by how it begins")->required();
  c->add_option("OUT", o.to, "The file to write; what is there is replaced")->required();
  c->add_option("--to", o.format,
                "Format of OUT: safetensors, checkpoint, npz or npy (by default the ending of its name says)")
      ->type_name("FORMAT");
  c->add_option("--dtype", o.dtype, "Stores floats as f64, f32, f16 or bf16")->type_name("DTYPE");
  list("--only", o.only, "Only tensors whose old names fit this pattern (may be repeated)", "PATTERN");
  list("--rename", o.renames, "Changes names that fit OLD (may be repeated; one after the other)", "OLD=NEW");
  c->add_flag("--from-torch", o.from_torch, "Drops what PyTorch has and fornax has not: num_batches_tracked");
  list("--transpose", o.transposed,
       "Transposes these matrices: weights of PyTorch's linear layers are [out, in], fornax's [in, out]", "PATTERN");
  list("--drop", o.dropped, "Leaves out tensors whose old names fit this pattern (may be repeated)", "PATTERN");
  c->callback([&o] { convert(o, std::cout); });
}

void add_report(CLI::App& app, std::string& directory, std::string& to) {
  CLI::App* const c =
      command(app, "report", "Makes an HTML page of a run: curves, epochs, settings, model, outcome",
              "DIR is where the run was kept (run.json, steps.csv, epochs.csv). The page needs no network.\n\n"
              "Examples:\n"
              "  fornax report runs/mnist                   # writes runs/mnist/report.html\n"
              "  fornax report runs/mnist -o mnist.html");
  c->add_option("DIR", directory, "Directory of the run")->required();
  c->add_option("-o,--output", to, "Where to write it (by default report.html in DIR)")->type_name("FILE");
  c->callback([&] { report(directory, to, std::cout); });
}

void add_devices(CLI::App& app, bool& json) {
  CLI::App* const c =
      command(app, "devices", "Shows what fornax computes on: cores, threads, instruction set, libraries",
              "Examples:\n"
              "  fornax devices\n"
              "  FORNAX_ISA=avx2 FORNAX_NUM_THREADS=1 fornax devices --json");
  c->add_flag("--json", json, "Prints JSON");
  c->callback([&json] { devices(json, std::cout); });
}

void add_bench(CLI::App& app, bool& json) {
  CLI::App* const c = command(
      app, "bench", "Measures this machine in a few seconds: products, memory, cost of an operation",
      "Medians of repeated runs, with as many threads as `fornax devices` says. To compare with other libraries,\n"
      "run scripts/bench in the source tree.\n\n"
      "Examples:\n"
      "  fornax bench\n"
      "  FORNAX_NUM_THREADS=1 fornax bench --json");
  c->add_flag("--json", json, "Prints JSON");
  c->callback([&json] { bench(json, std::cout); });
}

void add_train(CLI::App& app, TrainOptions& o) {
  static const std::string examples =
      "CONFIG says which network, and its settings. There are:\n" +
      (networks().empty() ? std::string("  (this build has none)\n") : networks()) +
      "\nThe run's checkpoints, curves and model go into its directory. Ctrl-C ends a run after the\n"
      "step; --resume goes on with the same bits.\n\n"
      "Examples:\n"
      "  fornax train --print fashion_cnn > settings.json\n"
      "  fornax train settings.json --dashboard\n"
      "  fornax train settings.json --resume";
  CLI::App* const c = command(app, "train", "Trains one of the networks that come with fornax", examples.c_str());
  c->add_option("CONFIG", o.config, "Settings: a file of JSON");
  c->add_option("--directory", o.directory, "Where the run goes (by default runs/ and the network's name)")
      ->type_name("DIR");
  c->add_option("--print", o.print, "Prints the settings of a network, to be changed and trained with")
      ->type_name("NAME");
  c->add_flag("--resume", o.resume, "Goes on from the newest checkpoint in the directory");
  c->add_flag("--dashboard", o.dashboard, "Shows the run on a web page of this machine");
  c->add_flag("--quiet", o.quiet, "Prints results only");
  c->callback([&o] { train(o, std::cout); });
}

// Errors are one line, on standard error.
int fail(const CLI::App& app, const char* what) {
  const auto chosen = app.get_subcommands();
  std::cout.flush();
  std::fprintf(stderr, "fornax%s%s: %s\n", chosen.empty() ? "" : " ",
               chosen.empty() ? "" : chosen[0]->get_name().c_str(), what);
  return kFailed;
}

}  // namespace

int main(int count, char** arguments) {
  CLI::App app("Tensors, runs and machines, as fornax sees them", "fornax");
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", std::string("fornax ") + kVersion);
  app.footer(
      "`fornax COMMAND --help` explains a command and gives examples.\n"
      "Exit status: 0 done, 1 failed (a line on standard error says why), 2 wrong call.");
  InspectOptions inspect_options;
  ConvertOptions convert_options;
  TrainOptions train_options;
  std::string directory, page;
  bool devices_json = false, bench_json = false;
  add_inspect(app, inspect_options);
  add_convert(app, convert_options);
  add_report(app, directory, page);
  add_train(app, train_options);
  add_devices(app, devices_json);
  add_bench(app, bench_json);
  try {
    app.parse(count, arguments);
    // Not required by CLI11 itself, which would then say so of a misspelt one too.
    if (app.get_subcommands().empty()) throw CLI::RequiredError("COMMAND");
    std::cout.flush();
    if (!std::cout) return fail(app, "cannot write to standard output");
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    std::cerr << "fornax: " << error.what() << " (fornax --help)\n";
    return kWrongCall;
  } catch (const std::exception& error) {
    return fail(app, error.what());
  }
}
