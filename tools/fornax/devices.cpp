#include <dlfcn.h>
#include <sched.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <fstream>
#include <ostream>
#include <string>

#include <nlohmann/json.hpp>

#include <fornax/cpu/isa/isa.hpp>
#include <fornax/cpu/threads.hpp>
#include <fornax/train/views/page.hpp>
#include <fornax/train/views/text.hpp>

#include "commands.hpp"
#include "tool_config.hpp"

namespace fornax::tool {

namespace {

using nlohmann::ordered_json;

// The rest of the first line of a file of /proc that begins so.
std::string line_of(const char* file, const std::string& begin) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(begin)) {
      const std::size_t at = line.find_first_not_of(" \t:", begin.size());
      return at == std::string::npos ? "" : line.substr(at);
    }
  return "";
}

std::int64_t memory_mib(const char* key) { return std::atoll(line_of("/proc/meminfo", key).c_str()) / 1024; }

int cores_usable() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

std::string isa_text(cpu::Isa isa) {
  return isa == cpu::Isa::Avx512 ? "avx512" : isa == cpu::Isa::Avx2 ? "avx2" : "portable";
}

ordered_json isas() {
  ordered_json list = ordered_json::array();
  for (const cpu::Isa isa : {cpu::Isa::Portable, cpu::Isa::Avx2, cpu::Isa::Avx512})
    if (cpu::has_isa(isa)) list.push_back(isa_text(isa));
  return list;
}

// The file that a function of LAPACK comes from: Debian's alternatives decide who stands behind the name.
std::string lapack_file() {
  Dl_info about{};
  void* const function = ::dlsym(RTLD_DEFAULT, "dgetrf_");
  char path[PATH_MAX];
  if (!function || ::dladdr(function, &about) == 0 || !about.dli_fname || !::realpath(about.dli_fname, path)) return "";
  return path;
}

ordered_json facts() {
  const std::string lapack = lapack_file();
  return {{"fornax", kVersion},
          {"devices",
           {{{"name", "Cpu"},
             {"processor", line_of("/proc/cpuinfo", "model name")},
             {"cores", ::sysconf(_SC_NPROCESSORS_ONLN)},
             {"cores_usable", cores_usable()},
             {"threads", num_threads()},
             {"instruction_set", isa_text(cpu::isa())},
             {"instruction_sets", isas()},
             {"memory_MiB", memory_mib("MemTotal")},
             {"memory_available_MiB", memory_mib("MemAvailable")}}}},
          {"libraries",
           {{"oneDNN", kWithOneDnn},
            {"LAPACK", lapack.empty() ? "linked" : lapack},
            {"fornax::data", kDataReaders},
            {"ncurses", kWithNcurses},
            {"cpp-httplib", kWithHttplib},
            {"Chart.js", fornax::train::chart_js().empty() ? "" : "there"}}}};
}

}  // namespace

void devices(bool json, std::ostream& out) {
  const ordered_json all = facts();
  if (json) {
    out << all.dump(2, ' ', false, ordered_json::error_handler_t::replace) << "\n";
    return;
  }
  const auto line = [&](const char* what, const std::string& value, const char* note) {
    out << "  " << fornax::train::padded(what, 18) << value << (*note ? "  " : "") << note << "\n";
  };
  out << "fornax " << kVersion << "\n";
  for (const auto& d : all["devices"]) {
    const auto text = [&](const char* key) { return d[key].is_string() ? d[key].get<std::string>() : d[key].dump(); };
    out << "\n" << text("name") << "\n";
    line("processor", text("processor"), "");
    line("cores", text("cores_usable") + " of " + text("cores"), "(that this process may use)");
    line("threads", text("threads"), "(FORNAX_NUM_THREADS or OMP_NUM_THREADS changes it)");
    line("instruction set", text("instruction_set"), "(FORNAX_ISA chooses a lesser one)");
    line("memory", text("memory_MiB") + " MiB", "");
    line("  available", text("memory_available_MiB") + " MiB", "");
  }
  out << "\nLibraries\n";
  const auto library = [&](const char* name, const char* missing) {
    const std::string value = all["libraries"][name].get<std::string>();
    line(name, value.empty() ? "not there" : value, value.empty() ? missing : "");
  };
  library("oneDNN", "(libdnnl-dev; large products and convolutions run slower)");
  library("LAPACK", "");
  library("fornax::data", "(zlib1g-dev; no data sets, no .npz)");
  library("ncurses", "(libncurses-dev; no dashboard in the terminal)");
  library("cpp-httplib", "(libcpp-httplib-dev; no dashboard in the browser)");
  library("Chart.js", "(libjs-chart.js; pages without curves)");
}

}  // namespace fornax::tool
