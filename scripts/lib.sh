# shellcheck shell=bash
# Shared by the scripts beside it: numbered steps, packages that are missing, and a clear word when something fails.
# Source it from a script that has set `steps`, the number of its steps.

set -euo pipefail

root=$(CDPATH="" cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
logs=$root/build/logs
cd -- "$root"

bold='' red='' plain=''
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
  bold=$'\e[1m' red=$'\e[31m' plain=$'\e[0m'
fi

# What building the library takes.
build_packages=(g++ cmake ninja-build ccache libdnnl-dev liblapack-dev libkissfft-dev libxxhash-dev libxbyak-dev nlohmann-json3-dev zlib1g-dev)
# What it takes too for readers, dashboards and the command fornax, which are left out without them.
optional_packages=(libpng-dev libjpeg62-turbo-dev libsqlite3-dev libncurses-dev libcpp-httplib-dev pkg-config libjs-chart.js libcli11-dev)

steps=${steps:-1}
step_number=0
step_name=start
advice=''  # what to do if the present step fails
SECONDS=0

# duration SECONDS: "75" -> "1 min 15 s"
duration() {
  if (($1 >= 60)); then printf '%d min %d s' $(($1 / 60)) $(($1 % 60)); else printf '%d s' "$1"; fi
}

# step NAME [ADVICE]: begins the next step.
step() {
  step_number=$((step_number + 1)) step_name=$1 advice=${2:-}
  printf '\n%s[%d/%d] %s%s  (%s so far)\n' "$bold" "$step_number" "$steps" "$step_name" "$plain" "$(duration "$SECONDS")"
}

# fail WHAT [ADVICE]: says so and ends the script.
fail() {
  advice=${2:-$advice}
  printf '\n%s%s%s\n' "$red" "$1" "$plain" >&2
  exit 1
}

# On the way out with an error: which step failed, what commonly causes it, what to do.
on_exit() {
  local status=$?
  ((status == 0)) && return
  {
    printf '\n%sfailed in step %d of %d (%s) after %s%s\n' \
      "$red" "$step_number" "$steps" "$step_name" "$(duration "$SECONDS")" "$plain"
    disk_advice
    if [[ -n $advice ]]; then printf 'what to do: %s\n' "$advice"; fi
  } >&2
}
trap on_exit EXIT
trap 'advice="interrupted; run it again to go on from here"; exit 130' INT TERM

# Names the folders whose disk is as good as full: compilers and apt report that in many ways, rarely clearly.
disk_advice() {
  local folder free
  for folder in "$root" "${TMPDIR:-/tmp}" /var; do
    free=$(df -Pk -- "$folder" 2>/dev/null | awk 'NR == 2 { print $4 }') || continue
    if [[ -n $free ]] && ((free < 200 * 1024)); then
      printf 'the disk that holds %s has only %d MB left; make room (about 2 GB are needed) and run it again\n' \
        "$folder" $((free / 1024))
    fi
  done
}

# logged NAME COMMAND...: runs it with the output in build/logs/NAME.log; shows the end of the log if it fails.
logged() {
  local log=$logs/$1.log
  shift
  mkdir -p -- "$logs"
  "$@" >"$log" 2>&1 && return
  printf '%s\n' "--- the end of $log:" >&2
  tail -n 20 -- "$log" >&2
  printf '%s\n' '---' >&2
  return 1
}

# --- Packages ---------------------------------------------------------------------------------------------------------

# Sets the array `missing` to those of the given Debian packages that are not installed.
find_missing() {
  local package
  missing=()
  for package; do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done
}

# need_packages PACKAGE...: installs what is missing from Debian's archive; touches nothing if all is there.
need_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "not a Debian system: going on with the tools and libraries that are here (Debian calls them: $*)"
    return
  fi
  find_missing "$@"
  if ((${#missing[@]} == 0)); then
    echo "all $# packages are installed"
    return
  fi
  local by_hand="apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"

  local as_root=()
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      fail "these packages are missing, and installing them takes root: ${missing[*]}" "as root, run: $by_hand"
    fi
    if [[ ! -t 0 ]] && ! sudo -n true 2>/dev/null; then
      fail "these packages are missing, and sudo asks for a password: ${missing[*]}" "as root, run: $by_hand"
    fi
    as_root=(sudo)
  fi

  echo "installing from Debian (this can take a few minutes; apt writes to build/logs/): ${missing[*]}"
  local apt=(${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300)
  # A list that cannot be fetched need not matter (another archive's, or a package that is known already): go on.
  if ! logged apt-update "${apt[@]}" -o APT::Update::Error-Mode=any update; then
    echo 'the package lists could not be refreshed; trying with those that are here' >&2
  fi
  if ! logged apt-install "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; then
    apt_advice "$by_hand"
    fail 'the packages could not be installed'
  fi
}

# Turns what apt said into advice.
apt_advice() {
  local apt_logs=("$logs/apt-update.log" "$logs/apt-install.log")
  advice="see the log above; or install by hand, as root: $1"
  if grep -qE 'No space left|enough free space' "${apt_logs[@]}"; then
    advice="the disk is full; make room and run it again"
  elif grep -qE 'Could not resolve|Could not connect|Temporary failure|Network is unreachable|Connection (failed|timed out|refused)' "${apt_logs[@]}"; then
    advice="Debian's archive cannot be reached; check the network (or the proxy) and run it again, or install by hand, as root: $1"
  elif grep -qE 'Unable to locate package|has no installation candidate' "${apt_logs[@]}"; then
    advice="this system's package sources lack a package; fornax is made for Debian 12 (main)"
  elif grep -qE 'Could not get lock|is held by process' "${apt_logs[@]}"; then
    advice="another package manager is at work; wait until it is done and run it again"
  fi
}

# --- Building ---------------------------------------------------------------------------------------------------------

# How many compilers to run at once: one for each processor, as long as there is about 1 GB of memory for each.
parallel_jobs() {
  local cpus memory
  cpus=$(nproc 2>/dev/null || echo 1)
  memory=$(awk '/^MemAvailable:/ { print int($2 / 1000000) }' /proc/meminfo 2>/dev/null || true)
  memory=${memory:-$cpus}
  if ((memory < 1)); then memory=1; fi
  echo $((cpus < memory ? cpus : memory))
}

# configure PRESET [OPTION...]
configure() {
  # ccache needs a folder that it may write to; without one it would stop every compilation.
  if command -v ccache >/dev/null && ! ccache --show-stats >/dev/null 2>&1; then export CCACHE_DISABLE=1; fi
  cmake --preset "$@"
}

# build PRESET [OPTION...]
build() {
  cmake --build --preset "$1" --parallel "$(parallel_jobs)" "${@:2}"
}

# run_tests PRESET [COMMAND...]: ctest, through COMMAND if given; its output goes to build/logs/ctest-PRESET.log too. The
# closing lines are held back (see closing_lines), so that the caller can say something before them.
run_tests() {
  local log=$logs/ctest-$1.log
  mkdir -p -- "$logs"
  "${@:2}" ctest --preset "$1" 2>&1 | tee -- "$log" | sed -u '/^[0-9][0-9]*% tests passed/,$d'
}

# closing_lines PRESET: ctest's own summary of the last run.
closing_lines() {
  sed -n '/^[0-9][0-9]*% tests passed/,$p' -- "$logs/ctest-$1.log" | sed '/^$/d'
}
