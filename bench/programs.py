"""The programs that are measured, and how one process of them is run."""

import contextlib
import dataclasses
import fcntl
import glob
import json
import os
import platform
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOLERANCE = 1e-4
# What a result line says about the measurement; the other fields are check values.
FIELDS = {"workload", "peer", "threads", "median_ns", "min_ns", "p90_ns", "samples", "inner", "peak_rss_kb",
          "inputs_rss_kb", "base_rss_kb", "flops", "gflops", "exit_median_ns", "libraries", "footprint_mb",
          "size", "read", "written", "exps"}


class Failure(Exception):
    """A measurement that did not come about; its message says why."""


@dataclasses.dataclass
class Program:
    name: str
    path: str
    ours: bool
    env: dict = dataclasses.field(default_factory=dict)

    def environment(self, threads):
        return dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads), **self.env)


# --- Which programs there are -----------------------------------------------------------------------------------------


def library(pattern):
    found = glob.glob(f"/usr/lib/*/{pattern}")
    return found[0] if found else None


def best_isa():
    """What ATEN_CPU_CAPABILITY may say on this processor."""
    with contextlib.suppress(OSError), open("/proc/cpuinfo") as f:
        flags = next((line.split() for line in f if line.startswith("flags")), [])
        if "avx512f" in flags:
            return "avx512"
        if "avx2" in flags:
            return "avx2"
    return "default"


def is_program(path):
    return os.access(path, os.X_OK) and not os.path.isdir(path)


def ours(build):
    all_of_them = [Program("fornax", f"{build}/fornax_bench", True),
                   Program("Fusion", f"{build}/fornax_bench_fusion", True)]
    for p in all_of_them:
        if not is_program(p.path):
            sys.exit(f"compare.py: the benchmark program of {p.name} is missing: {p.path}\n"
                     "what to do: run scripts/bench, which builds it")
    return all_of_them


def peers(path):
    """libtorch as it comes, and set up by its performance guide: AVX-512 kernels, which it does not choose by itself, and
    jemalloc, told to keep what is freed. None if it is not here; the second only if jemalloc is."""
    if not path or not is_program(path):
        return []
    blas = library("openblas-openmp/libblas.so.3")
    if not blas:
        sys.exit("compare.py: OpenBLAS with OpenMP is missing, and with any other BLAS libtorch's matrix products are "
                 "many times slower\nwhat to do: apt-get install libopenblas0-openmp, or run scripts/bench, "
                 "which installs it")
    paths = {"LD_LIBRARY_PATH": ":".join(filter(None, [os.path.dirname(blas), os.environ.get("LD_LIBRARY_PATH")]))}
    found = [Program("libtorch", path, False, paths)]
    if jemalloc := library("libjemalloc.so.2"):
        keep = "oversize_threshold:1,background_thread:true,metadata_thp:auto,dirty_decay_ms:-1,muzzy_decay_ms:-1"
        found.append(Program("tuned", path, False, {
            **paths, "ATEN_CPU_CAPABILITY": best_isa(), "LD_PRELOAD": jemalloc, "MALLOC_CONF": keep}))
    return found


def workloads_of(program):
    p = subprocess.run([program.path, "--list"], env=program.environment(1), capture_output=True, text=True)
    if p.returncode != 0 or not p.stdout.split():
        sys.exit(f"compare.py: {program.path} does not run (exit status {p.returncode})\n{p.stderr.strip()}\n"
                 "what to do: if a library was installed or removed since it was built, run scripts/bench again")
    return p.stdout.split()


# --- The machine ------------------------------------------------------------------------------------------------------


def cpu_name():
    with contextlib.suppress(OSError), open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def free_mb():
    with open("/proc/meminfo") as f:
        return next(int(line.split()[1]) / 1024 for line in f if line.startswith("MemAvailable"))


@contextlib.contextmanager
def undisturbed(lock, realtime):
    """Holds the lock and, if wanted, a real-time class, which child processes inherit."""
    with open(lock, "a") as f:
        try:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another measurement (lock {lock})", file=sys.stderr, flush=True)
            fcntl.flock(f, fcntl.LOCK_EX)
        before = os.sched_getscheduler(0), os.sched_getparam(0)
        if realtime:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
        try:
            yield
        finally:
            if realtime:
                os.sched_setscheduler(0, *before)


def realtime_allowed():
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    except OSError:
        return False
    os.sched_setscheduler(0, *before)
    return True


def one_core():
    """For subprocess's preexec_fn: the process has one core, the same for all that are compared. Cores of one machine
    differ: on a virtual one by a third, since other guests share their caches and their memory."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


# --- One process ------------------------------------------------------------------------------------------------------


def run(program, workload, threads, args):
    """Runs one process and returns the rows that it printed: one, or for a sweep one for each size."""
    command = [program.path, workload, "--threads", str(threads), "--peer", program.name, "--budget", str(args.budget),
               "--warm", str(args.warm), "--samples", str(args.samples), "--max-mb", str(args.max_mb)]
    try:
        p = subprocess.run(command, env=program.environment(threads), capture_output=True, text=True,
                           timeout=args.timeout, preexec_fn=one_core if threads == 1 else None)
    except subprocess.TimeoutExpired:
        raise Failure(f"{program.name} did not end within {args.timeout:g} s") from None
    lines = [line for line in p.stdout.splitlines() if line.startswith("{")]
    if p.returncode != 0 or not lines:
        what = f"signal {-p.returncode}" if p.returncode < 0 else f"exit status {p.returncode}"
        raise Failure(f"{program.name} failed ({what}) {p.stderr.strip()[-400:]}")
    return [json.loads(line) for line in lines]


def start_once(program, timeout):
    """One start of the process: ns to the first byte of its output, ns to its end, the output."""
    t0 = time.perf_counter_ns()
    with subprocess.Popen([program.path, "startup"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          env=program.environment(1)) as p:
        out = p.stdout.read(1)
        t1 = time.perf_counter_ns()
        out += p.stdout.read()
        status = p.wait(timeout)
        t2 = time.perf_counter_ns()
    if status != 0 or not out:
        raise Failure(f"{program.name} failed at its start (exit status {status})")
    return t1 - t0, t2 - t0, out.decode()


def start(program, args):
    """Some starts of the process, as a row."""
    times = [start_once(program, args.timeout) for _ in range(args.starts + 1)][1:]  # the first brings files to memory
    first = [t[0] for t in times]
    row = {"workload": "startup", "peer": program.name, "threads": 1,
           "median_ns": statistics.median(first), "min_ns": min(first),
           "exit_median_ns": statistics.median(t[1] for t in times), "samples": len(first)}
    row["libraries"], row["footprint_mb"] = footprint(program)
    row["grad_a"], row["grad_b"] = (float(word) for word in times[-1][2].split())
    return row


def footprint(program):
    """Files that the dynamic loader maps for this program, the C library not counted, and their size in MB."""
    skip = ("libc.so", "libm.so", "libdl.so", "libpthread.so", "librt.so", "ld-linux", "linux-vdso")
    out = subprocess.run(["ldd", program.path], capture_output=True, text=True, env=program.environment(1)).stdout
    files = {os.path.realpath(program.path)}
    for line in out.splitlines():
        target = line.partition("=>")[2].split()
        if target and target[0].startswith("/") and not os.path.basename(target[0]).startswith(skip):
            files.add(os.path.realpath(target[0]))
    return len(files), round(sum(os.path.getsize(f) for f in files) / 1e6, 1)


def disagreement(a, b):
    """What keeps two rows from being the same workload; None if nothing does."""
    keys = (a.keys() | b.keys()) - FIELDS
    if not keys:
        return "there are no check values"
    for k in sorted(keys):
        if k not in a or k not in b:
            return f"check value {k} is given by {(a if k in a else b)['peer']} alone"
        if not abs(a[k] - b[k]) <= TOLERANCE * max(abs(a[k]), abs(b[k])):
            return f"check value {k} differs: {a['peer']} {a[k]:.9g}, {b['peer']} {b[k]:.9g}"
    return None


def check_agreement(rows):
    for row in rows[1:]:
        if problem := disagreement(rows[0], row):
            raise Failure(problem)
