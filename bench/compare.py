#!/usr/bin/env python3
"""Measures fornax and libtorch side by side and prints a table. scripts/bench builds both programs and calls this.

Every measurement is a fresh process. The two programs take turns (fornax, libtorch, fornax, libtorch, ...), so that
whatever slows the machine down for a while slows both; each round gives one ratio, and the table shows their median
and spread. A ratio counts only if both programs computed the same check values, to 1e-4 relative.
"""

import argparse
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
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SMALL = ["scalar_example", "scalar_example_reuse", "op_dispatch", "linear_neuron", "startup"]
# The least ratio of libtorch's time to ours, on one thread.
AIMS = {
    "scalar_example": 60, "linear_neuron": 60, "op_dispatch": 15, "startup": 50,
    "elementwise_chain_fwd": 6, "elementwise_chain_fb": 7, "gelu_layernorm": 7, "softmax_xent_fwd": 3, "softmax_xent_fb": 4.5,
    "matmul_64": 1.0, "matmul_256": 1.1, "matmul_1024": 1.1, "matmul_2048": 1.1, "matmul_1024_fb": 1.08,
    "mlp_train_step": 1.4, "mlp_inference_b1": 1.25, "cnn_train_step": 1.5, "resnet_block_fb": 1.15,
    "transformer_train_step": 1.35, "lstm_train_step": 1.6, "attention_fb": 3, "hessian_small_batched": 2,
}
TOLERANCE = 1e-4
# What a result line says about the measurement; the other fields are check values.
FIELDS = {"workload", "peer", "threads", "median_ns", "min_ns", "p90_ns", "samples", "inner", "peak_rss_kb",
          "base_rss_kb", "flops", "gflops", "exit_median_ns", "libraries", "footprint_mb"}


class Failure(Exception):
    """A measurement that did not come about; its message says why."""


@dataclasses.dataclass
class Program:
    name: str
    path: str
    env: dict


# --- Programs and machine ---------------------------------------------------------------------------------------------


def openblas_folder():
    """Where Debian keeps the OpenBLAS that shares torch's OpenMP threads."""
    found = glob.glob("/usr/lib/*/openblas-openmp/libblas.so.3")
    if not found:
        sys.exit("compare.py: OpenBLAS with OpenMP is missing, and with any other BLAS libtorch's matrix products are "
                 "many times slower\nwhat to do: apt-get install libopenblas0-openmp, or run scripts/bench, "
                 "which installs it")
    return os.path.dirname(found[0])


def find_program(name, path, threads, **more):
    if not os.access(path, os.X_OK) or os.path.isdir(path):
        sys.exit(f"compare.py: the benchmark program of {name} is missing: {path}\n"
                 "what to do: run scripts/bench, which builds it")
    env = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads), **more)
    return Program(name, os.path.abspath(path), env)


def workloads_of(program):
    p = subprocess.run([program.path, "--list"], env=program.env, capture_output=True, text=True)
    if p.returncode != 0 or not p.stdout.split():
        sys.exit(f"compare.py: {program.path} does not run (exit status {p.returncode})\n{p.stderr.strip()}\n"
                 "what to do: if a library was installed or removed since it was built, run scripts/bench again")
    return p.stdout.split()


def cpu_name():
    with contextlib.suppress(OSError), open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


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


# --- Measuring --------------------------------------------------------------------------------------------------------


def run_once(program, workload, args):
    command = [program.path, workload, "--threads", str(args.threads), "--peer", program.name,
               "--budget", str(args.budget)]
    try:
        p = subprocess.run(command, env=program.env, capture_output=True, text=True, timeout=args.timeout)
    except subprocess.TimeoutExpired:
        raise Failure(f"{program.name} did not end within {args.timeout:g} s") from None
    lines = [line for line in p.stdout.splitlines() if line.startswith("{")]
    if p.returncode != 0 or not lines:
        what = f"signal {-p.returncode}" if p.returncode < 0 else f"exit status {p.returncode}"
        raise Failure(f"{program.name} failed ({what}) {p.stderr.strip()[-400:]}")
    return json.loads(lines[-1])


def start_once(program, timeout):
    """One start of the process: ns to the first byte of its output, ns to its end, the output."""
    t0 = time.perf_counter_ns()
    with subprocess.Popen([program.path, "startup"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          env=program.env) as p:
        out = p.stdout.read(1)
        t1 = time.perf_counter_ns()
        out += p.stdout.read()
        status = p.wait(timeout)
        t2 = time.perf_counter_ns()
    if status != 0 or not out:
        raise Failure(f"{program.name} failed at its start (exit status {status})")
    return t1 - t0, t2 - t0, out.decode()


def run_startups(programs, args):
    """One round of process starts, taking turns; a row for each program."""
    times = {p.name: [] for p in programs}
    for i in range(args.starts + 1):
        for p in programs:
            once = start_once(p, args.timeout)
            if i > 0:  # the first brings the files into memory
                times[p.name].append(once)
    rows = []
    for p in programs:
        first = [t[0] for t in times[p.name]]
        row = {"workload": "startup", "peer": p.name, "threads": args.threads,
               "median_ns": statistics.median(first), "min_ns": min(first),
               "exit_median_ns": statistics.median(t[1] for t in times[p.name]), "samples": len(first)}
        row["libraries"], row["footprint_mb"] = footprint(p)
        row["grad_a"], row["grad_b"] = (float(word) for word in times[p.name][-1][2].split())
        rows.append(row)
    return rows


def footprint(program):
    """Files that the dynamic loader maps for this program, the C library not counted, and their size in MB."""
    skip = ("libc.so", "libm.so", "libdl.so", "libpthread.so", "librt.so", "ld-linux", "linux-vdso")
    out = subprocess.run(["ldd", program.path], capture_output=True, text=True, env=program.env).stdout
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


def measure(workload, programs, args, note):
    """All rounds of one workload: a pair of rows for each."""
    rounds = []
    for r in range(args.rounds):
        note(f"{workload}, round {r + 1} of {args.rounds}")
        if workload == "startup":
            pair = run_startups(programs, args)
        else:
            pair = [run_once(p, workload, args) for p in programs]
        if problem := disagreement(*pair):
            raise Failure(problem)
        rounds.append(pair)
    return rounds


# --- The table --------------------------------------------------------------------------------------------------------


def duration(ns):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}" if ns < 100 * size else f"{ns / size:.0f} {unit}"
    return f"{ns:.3g} ns"


def number(x):
    return f"{x:.3g}" if x < 100 else f"{x:.0f}"


def table_row(workload, rounds):
    ours, peer = zip(*rounds)
    ratios = [p["median_ns"] / o["median_ns"] for o, p in rounds]
    ratio = statistics.median(ratios)
    aim = ""
    if workload in AIMS:
        aim = f">= {AIMS[workload]}: " + ("met" if ratio >= AIMS[workload] else "missed")
    return [workload, duration(statistics.median(r["median_ns"] for r in ours)),
            duration(statistics.median(r["median_ns"] for r in peer)), number(ratio),
            f"{number(min(ratios))} to {number(max(ratios))}", aim]


def print_table(head, rows):
    widths = [max(len(line[i]) for line in [head, *rows]) for i in range(len(head))]
    left = (0, len(head) - 1)

    def show(cells):
        print("| " + " | ".join(c.ljust(w) if i in left else c.rjust(w)
                                for i, (c, w) in enumerate(zip(cells, widths))) + " |")

    show(head)
    print("|" + "|".join("-" * (w + 2) if i in left else "-" * (w + 1) + ":" for i, w in enumerate(widths)) + "|")
    for row in rows:
        show(row)


def arguments():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0],
                                 epilog="bench/README.md says what each workload is.")
    ap.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"default: {' '.join(SMALL)}")
    ap.add_argument("--all", action="store_true", help="every workload that both programs have (takes long)")
    ap.add_argument("--rounds", type=int, help="rounds of fresh processes (default 5)")
    ap.add_argument("--quick", action="store_true", help="3 rounds of shorter runs")
    ap.add_argument("--threads", type=int, default=1, help="threads of each program (default 1)")
    ap.add_argument("--budget", type=float, help="seconds that a process samples for (default 1)")
    ap.add_argument("--json", metavar="FILE", help="write every process's result there, a JSON object per line")
    ap.add_argument("--ours", default=os.path.join(ROOT, "build/bench/bench/fornax_bench"), help="fornax's program")
    ap.add_argument("--peer", default=os.path.join(ROOT, "build/peer-libtorch/libtorch_bench"), help="libtorch's")
    ap.add_argument("--timeout", type=float, default=300, help="seconds that a process may take (default 300)")
    ap.add_argument("--lock", default=os.path.join(tempfile.gettempdir(), "bench.lock"),
                    help="file that keeps measurements from overlapping")
    ap.add_argument("--no-realtime", action="store_true", help="leave the scheduling class as it is")
    args = ap.parse_args()
    args.rounds = args.rounds or (3 if args.quick else 5)
    args.budget = args.budget or (0.3 if args.quick else 1.0)
    args.starts = 5 if args.quick else 11
    for name, value in (("--rounds", args.rounds), ("--threads", args.threads)):
        if value < 1:
            ap.error(f"{name} must be at least 1")
    return args


def choose(args, programs):
    known, theirs = (workloads_of(p) for p in programs)
    if args.all:
        both = [w for w in known if w in theirs]
        if left_out := [w for w in theirs if w not in known]:
            print(f"left out, libtorch alone has them: {', '.join(left_out)}")
        return [w for w in SMALL if w in both] + [w for w in both if w not in SMALL]
    chosen = args.workloads or SMALL
    for w in chosen:
        for p, has in zip(programs, (known, theirs)):
            if w not in has:
                sys.exit(f"compare.py: {p.name} has no workload {w}; it has {', '.join(has)}")
    return chosen


def main():
    args = arguments()
    programs = [find_program("fornax", args.ours, args.threads),
                find_program("libtorch", args.peer, args.threads, LD_LIBRARY_PATH=":".join(
                    filter(None, [openblas_folder(), os.environ.get("LD_LIBRARY_PATH")])))]
    chosen = choose(args, programs)
    realtime = not args.no_realtime and realtime_allowed()
    about = {"cpu": cpu_name(), "realtime": realtime}
    print(f"{about['cpu']}, {os.cpu_count()} CPUs; threads {args.threads}, rounds {args.rounds}, "
          f"{'real-time class' if realtime else 'ordinary scheduling class: expect a wider spread'}", flush=True)

    def note(text):
        if sys.stderr.isatty():
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    table, failures, footprints = [], [], []
    with open(args.json, "w") if args.json else contextlib.nullcontext() as raw:
        for w in chosen:
            try:
                with undisturbed(args.lock, realtime):
                    rounds = measure(w, programs, args, note)
            except Failure as e:
                failures.append(f"{w}: {e}")
                table.append([w, "", "", "", "", "failed, see below"])
                continue
            table.append(table_row(w, rounds))
            if w == "startup":
                footprints = [f"{r['peer']} {r['libraries']} files, {r['footprint_mb']} MB" for r in rounds[0]]
            if raw:
                for i, pair in enumerate(rounds):
                    raw.writelines(json.dumps({**row, "round": i + 1, **about}) + "\n" for row in pair)
                raw.flush()
        note("")
    print()
    print_table(["workload", "fornax", "libtorch", "ratio", "of rounds", "aim"], table)
    print("\nTimes: median over the rounds. Ratio: libtorch's time / fornax's, median over the rounds and their range.")
    if footprints:
        print(f"Loaded at the start: {'; '.join(footprints)}.")
    for f in failures:
        print(f"\nfailed: {f}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\ncompare.py: interrupted")
