#!/usr/bin/env python3
"""Measures fornax and libtorch side by side and prints tables. scripts/bench builds all programs and calls this.

Every measurement is a fresh process. The programs take turns (fornax, Fusion, libtorch, tuned, fornax, ...), so that
whatever slows the machine down for a while slows all; each round gives its own ratios, and the table shows their median
and spread. A ratio counts only if all programs computed the same check values, to 1e-4 relative. What the machine can do
at most is measured before and after, in the same run.
"""

import argparse
import functools
import json
import os
import subprocess
import sys
import tempfile
import time

import pictures
import programs
import sweeps
import workloads
from floors import Floors
from programs import ROOT, Failure


def arguments():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0],
                                 epilog="bench/README.md says what each workload is and how to read the tables.")
    ap.add_argument("workloads", nargs="*", metavar="WORKLOAD", help="default: all; with --sweeps, sweeps")
    kind = ap.add_mutually_exclusive_group()
    kind.add_argument("--sweeps", action="store_true", help="single operations over all sizes instead")
    kind.add_argument("--same-bits", action="store_true",
                      help="compare the bits of all results instead: 1 and 2 threads, run and run again")
    ap.add_argument("--quick", action="store_true", help="fewer and shorter runs: less than 3 minutes")
    ap.add_argument("--rounds", type=int, help="rounds of fresh processes (default 5, sweeps 3)")
    ap.add_argument("--threads", type=int, nargs="+", help="threads of each program (default 1 2, sweeps 1)")
    ap.add_argument("--budget", type=float, help="seconds that a process samples for (default 1, sweeps 0.1)")
    ap.add_argument("--max-mb", type=float, help="sweeps leave out sizes whose inputs and results take more (default: a "
                                                 "twelfth of the free memory)")
    ap.add_argument("--json", metavar="FILE", help="results as JSON (default build/bench/{table,sweeps}.json)")
    ap.add_argument("--picture", metavar="FILE", help="results as SVG (default build/bench/{table,sweeps}.svg)")
    ap.add_argument("--ours", default=os.path.join(ROOT, "build/bench/bench"), help="folder of fornax's programs")
    ap.add_argument("--peer", default=os.path.join(ROOT, "build/peer-libtorch/libtorch_bench"), help="libtorch's program")
    ap.add_argument("--no-peer", action="store_true", help="fornax alone, beside the floor")
    ap.add_argument("--timeout", type=float, default=300, help="seconds that a process may take (default 300)")
    ap.add_argument("--lock", default=os.path.join(tempfile.gettempdir(), "bench.lock"),
                    help="file that keeps measurements from overlapping")
    ap.add_argument("--no-realtime", action="store_true", help="leave the scheduling class as it is")
    args = ap.parse_args()

    # A process: seconds of sampling, seconds of warming up, least samples.
    if args.sweeps:
        rounds, budget, args.warm, args.samples = (2, 0.03, 0.01, 3) if args.quick else (3, 0.1, 0.03, 5)
        args.max_mb = args.max_mb or min(programs.free_mb() / 12, 130 if args.quick else 1e6)
    else:
        rounds, budget, args.warm, args.samples = (4, 0.1, 0.05, 1) if args.quick else (5, 1.0, 0.3, 5)
        args.max_mb = 1e6
    args.end = time.monotonic() + (155 if args.quick else 1e9)
    args.rounds = args.rounds or rounds
    args.budget = args.budget or budget
    args.threads = args.threads or ([1] if args.sweeps else [1, 2])
    args.starts = 3 if args.quick else 11
    if args.rounds < 1 or min(args.threads) < 1 or max(args.threads) > 2:
        ap.error("--rounds must be at least 1, and --threads 1 or 2: the floor is known for no more")
    return args


def chosen_names(args, known, default):
    for w in args.workloads:
        if w not in known:
            sys.exit(f"compare.py: there is no workload {w}; there are {', '.join(sorted(known))}")
    return args.workloads or [w for w in default if w in known]


def run_table(args, chosen, floors, under, note):
    known = {p.name: set(programs.workloads_of(p)) for p in chosen}
    names = chosen_names(args, known[chosen[0].name], workloads.ORDER)
    summaries, failures, raw = [], [], []
    for i, w in enumerate(names):
        # What is left of the time is shared by what is left to measure.
        seconds = (args.end - time.monotonic()) / (len(names) - i)
        try:
            with under():
                rounds = workloads.measure(w, [p for p in chosen if w in known[p.name]], args, seconds, note)
        except Failure as e:
            failures.append(f"{w}: {e}")
            continue
        raw += [{**row, "round": i + 1} for i, rows in enumerate(rounds) for row in rows.values()]
        summaries.append((w, rounds))
    with under():
        floors.measure()
    summaries = [workloads.summary(w, rounds, [p for p in chosen if w in known[p.name]], floors)
                 for w, rounds in summaries]
    workloads.compare_with_own(summaries)
    for s in summaries:
        if s["workload"] == "startup":
            first = {r["peer"]: r for r in raw if r["workload"] == "startup"}
            s["loaded"] = [f"{p.name} {first[p.name]['libraries']} files, {first[p.name]['footprint_mb']} MB"
                           for p in chosen if p.name != "tuned"]
    note("")
    workloads.show(summaries, failures, chosen, args.threads)
    draw = functools.partial(pictures.of_workloads, summaries=summaries, names=[p.name for p in chosen])
    return {"table": summaries, "rounds": raw}, failures, draw


def run_sweeps(args, chosen, floors, under, note):
    args.workloads = [w if w.startswith("sweep_") else f"sweep_{w}" for w in args.workloads]
    known = programs.workloads_of(chosen[0])
    names = chosen_names(args, known, known)
    names = [w.removeprefix("sweep_") for w in names if w.startswith("sweep_")]
    measured, failures = [], []
    for name in names:
        for threads in args.threads:
            try:
                with under():
                    measured.append((name, sweeps.measure(name, chosen, threads, args, note), threads))
            except Failure as e:
                failures.append(f"{name}: {e}")
    with under():
        floors.measure()
    note("")
    found = [sweeps.summary(name, rounds, chosen, floors, threads) for name, rounds, threads in measured]
    for s in found:
        sweeps.show(s)
    sweeps.show_findings(found)
    for f in failures:
        print(f"failed: {f}")
    return {"sweeps": found}, failures, functools.partial(pictures.of_sweeps, sweeps=found)


def same_bits(args):
    """All workloads in full size: within each program on 1 and 2 threads, and from process to process."""
    status = 0
    for p in programs.ours(args.ours):
        runs = [subprocess.run([p.path, "--same-bits"], env=p.environment(2), capture_output=True, text=True)
                for _ in range(2)]
        print(f"{p.name}\n{runs[0].stdout}{runs[0].stderr}", end="")
        if runs[0].stdout != runs[1].stdout:
            print(f"DIFFERS in another process:\n{runs[1].stdout}{runs[1].stderr}")
        status |= runs[0].returncode | runs[1].returncode | (runs[0].stdout != runs[1].stdout)
    return int(status != 0)


def main():
    args = arguments()
    if args.same_bits:
        return same_bits(args)
    kind = "sweeps" if args.sweeps else "table"
    args.json = args.json or os.path.join(ROOT, f"build/bench/{kind}.json")
    args.picture = args.picture or os.path.join(ROOT, f"build/bench/{kind}.svg")

    chosen = programs.ours(args.ours) + programs.peers(None if args.no_peer else args.peer)
    realtime = not args.no_realtime and programs.realtime_allowed()
    print(f"{programs.cpu_name()}, {os.cpu_count()} CPUs; "
          f"{'real-time class' if realtime else 'ordinary scheduling class: expect a wider spread'}; "
          f"{', '.join(p.name for p in chosen)}", flush=True)

    def note(text):
        if sys.stderr.isatty():
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    floors = Floors()

    def under():
        return programs.undisturbed(args.lock, realtime)

    with under():
        floors.measure()
    results, failures, draw = (run_sweeps if args.sweeps else run_table)(args, chosen, floors, under, note)
    about = {"cpu": programs.cpu_name(), "realtime": realtime,
             "limits": {f"{name} x{threads}": best for (name, threads), best in floors.best.items()}}
    with open(args.json, "w") as f:
        json.dump({**about, **results}, f, indent=1)
    print(f"\nwritten: {args.json}" + (f", {args.picture}" if draw(args.picture) else "; no picture (it takes gnuplot and the floors)"))
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\ncompare.py: interrupted")
