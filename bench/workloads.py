"""The table of workloads: measuring, aims, what is printed."""

import statistics
import time

import programs
from floors import WORK
from text import duration, number, table

# The least ratio of the better peer's time to ours, and the most times that the floor may be exceeded; on one thread.
AIMS = {
    "scalar_example": (60, None), "linear_neuron": (60, None), "op_dispatch": (15, None), "startup": (50, None),
    "hessian_small_batched": (2, None),
    "elementwise_chain_fwd": (6, 1.8), "elementwise_chain_fb": (7, 2.2), "gelu_layernorm": (7, 2.5),
    "softmax_xent_fwd": (3, 1.6), "softmax_xent_fb": (4.5, 2),
    "matmul_64": (1.0, 1.1), "matmul_256": (1.1, 1.1), "matmul_1024": (1.1, 1.1), "matmul_2048": (1.1, 1.1),
    "matmul_1024_fb": (1.08, 1.1),
    "mlp_inference_b1": (1.25, 1.2), "mlp_train_step": (1.4, 1.25), "cnn_train_step": (1.5, 1.3),
    "resnet_block_fb": (1.15, 1.12), "transformer_train_step": (1.35, 1.15), "lstm_train_step": (1.6, 1.25),
    "attention_fb": (3, 1.35),
}
# The most memory above the inputs, as a part of libtorch's.
MEMORY_AIMS = {"attention_fb": 1 / 5}
# Two threads should gain so much, or nine tenths of what the machine's second core gives such work.
GAIN = 1.8
# Ours alone: the least ratio to another workload of ours.
OWN_AIMS = {"transformer_train_step_bf16": ("transformer_train_step", 1.5), "matmul_1024_int8": ("matmul_1024", 3),
            "mlp_inference_b1_int8": ("mlp_inference_b1", 2)}
ORDER = [*AIMS, *OWN_AIMS, "scalar_example_reuse", "hessian_small"]


def measure(workload, chosen, args, seconds, note):
    """Rounds of one workload: {(program, threads): row} for each. The programs take turns, each in a fresh process. No
    further round if it would not end within `seconds`."""
    rounds, began = [], time.monotonic()
    while len(rounds) < args.rounds:
        spent = time.monotonic() - began
        if rounds and spent + spent / len(rounds) > seconds:
            break
        rows = {}
        # Work without a floor is too small for a second thread.
        for threads in args.threads if workload in WORK else args.threads[:1]:
            note(f"{workload}, round {len(rounds) + 1}, threads {threads}")
            for p in chosen:
                rows[p.name, threads] = (programs.start(p, args) if workload == "startup"
                                         else programs.run(p, workload, threads, args)[0])
        programs.check_agreement(list(rows.values()))
        rounds.append(rows)
    return rounds


def memory_mb(row):
    """Peak memory above the inputs."""
    return max(0, row["peak_rss_kb"] - row["inputs_rss_kb"]) / 1024 if "inputs_rss_kb" in row else None


def sides(chosen):
    """Names of our programs, and of the peers."""
    return [[p.name for p in chosen if p.ours is side] for side in (True, False)]


def summary(workload, rounds, chosen, floors):
    """What the tables show of one workload."""
    ours, peers = sides(chosen)
    threads = sorted({t for _, t in rounds[0]})

    def median(of):
        return statistics.median(of(r) for r in rounds)

    out = {"workload": workload, "rounds": len(rounds), "at": {}}
    for t in threads:
        at = out["at"][t] = {}
        at["ns"] = {p.name: median(lambda r: r[p.name, t]["median_ns"]) for p in chosen}
        at["floor_ns"], at["floor_by"] = floors.of_workload(rounds[0][ours[0], t], t)
        at["above_floor"] = {name: ns / at["floor_ns"] for name, ns in at["ns"].items()} if at["floor_ns"] else {}
        at["memory_mb"] = {p.name: memory_mb(rounds[0][p.name, t]) for p in chosen}
        at["ratios"] = {name: [min(r[p, t]["median_ns"] for p in peers) / r[name, t]["median_ns"] for r in rounds]
                        for name in ours} if peers else {}
        at["ratio"] = {name: statistics.median(all_of_them) for name, all_of_them in at["ratios"].items()}
    if len(threads) > 1:
        least, most = threads[0], threads[-1]
        out["gain"] = {p.name: median(lambda r: r[p.name, least]["median_ns"] / r[p.name, most]["median_ns"])
                       for p in chosen}
        if out["at"][least]["floor_ns"]:
            out["gain"]["machine"] = out["at"][least]["floor_ns"] / out["at"][most]["floor_ns"]
    out["verdicts"] = verdicts(out, ours, peers)
    return out


def verdicts(s, ours, peers):
    """What each aim asks, and whether it is reached. The faster of our backends counts."""
    first = s["at"][min(s["at"])]
    ratio, above = AIMS.get(s["workload"], (None, None))
    v = {}
    if ratio and peers:
        v["ratio"] = (f">= {ratio:g}", max(first["ratio"].values()) >= ratio)
    if above and first["above_floor"]:
        v["floor"] = (f"<= {above:g}", min(first["above_floor"][name] for name in ours) <= above)
    if s["workload"] in MEMORY_AIMS and peers:
        most = MEMORY_AIMS[s["workload"]] * min(first["memory_mb"][p] for p in peers)
        v["memory"] = (f"<= {number(most)}", min(first["memory_mb"][name] for name in ours) <= most)
    if "machine" in s.get("gain", {}) and s["workload"] != "matmul_64":  # too little work for a second thread
        need = min(GAIN, 0.9 * s["gain"]["machine"])
        last = s["at"][max(s["at"])]
        fastest = min(ours, key=lambda name: last["ns"][name])
        v["gain"] = (f">= {number(need)}", s["gain"][fastest] >= need)
    return v


def compare_with_own(summaries):
    """The ratios of workloads that no peer has: the time of another workload of ours / theirs."""
    of = {s["workload"]: s["at"][min(s["at"])] for s in summaries}
    for s in summaries:
        other, least = OWN_AIMS.get(s["workload"], (None, None))
        if other in of:
            at = of[s["workload"]]
            at["ratio"] = {name: of[other]["ns"][name] / ns for name, ns in at["ns"].items()}
            at["ratios"] = {name: [ratio] for name, ratio in at["ratio"].items()}
            s["verdicts"]["ratio"] = (f">= {least:g} {other}", max(at["ratio"].values()) >= least)


def said(verdict):
    return "" if verdict is None else f"{verdict[0]} {'reached' if verdict[1] else 'MISSED'}"


def times_table(summaries, chosen, t, kind):
    """Times and ratios on t threads; at the end the verdict on the aim of that kind, before it what the threads gain."""
    names = [p.name for p in chosen]
    ours, peers = sides(chosen)
    gains = kind == "gain"
    head = ["workload", *names, *([*(f"x {name}" for name in ours), "of rounds"] if peers else []),
            *([*(f"gain {n}" for n in names), "gain machine"] if gains else []), "aim"]
    rows = []
    for s in summaries:
        if t not in s["at"]:
            continue
        at = s["at"][t]
        row = [s["workload"], *(duration(at["ns"].get(name)) for name in names)]
        if peers:
            best = at["ratios"][max(ours, key=lambda name: at["ratio"][name])] if at["ratio"] else None
            row += [*(number(at["ratio"].get(name)) for name in ours),
                    f"{number(min(best))} to {number(max(best))}" if best else ""]
        if gains:
            row += [number(s["gain"].get(name)) for name in [*names, "machine"]]
        rows.append([*row, said(s["verdicts"].get(kind))])
    return table(head, rows, (0, len(head) - 1))


def floors_table(summaries, chosen):
    """Distance to the floor, and memory, on the least threads."""
    names = [p.name for p in chosen]
    head = ["workload", "floor", "by", *(f"{n}/floor" for n in names), "aim", *(f"{n} MB" for n in names), "aim"]
    rows = []
    for s in summaries:
        at, v = s["at"][min(s["at"])], s["verdicts"]
        if s["workload"] in WORK:
            rows.append([s["workload"], duration(at["floor_ns"]), at["floor_by"],
                         *(number(at["above_floor"].get(n)) for n in names), said(v.get("floor")),
                         *(number(at["memory_mb"][n]) for n in names), said(v.get("memory"))])
    return table(head, rows, (0, 2, len(names) + 3, len(head) - 1))


def show(summaries, failures, chosen, threads):
    print(f"\nTimes, threads {threads[0]}\n\n{times_table(summaries, chosen, threads[0], 'ratio')}")
    print(f"\nFloor and memory, threads {threads[0]}\n\n{floors_table(summaries, chosen)}")
    if len(threads) > 1:
        print(f"\nTimes, threads {threads[-1]}\n\n{times_table(summaries, chosen, threads[-1], 'gain')}")
    print("\nTimes: median over the rounds. x: the better peer's time / ours, each round its own, the median. floor: what "
          "this machine needs at least.\nMB: peak memory above the inputs. gain: time on one thread / on all; machine: the "
          "same of its floor.")
    missed = [f"{s['workload']} ({kind})" for s in summaries for kind, v in s["verdicts"].items() if not v[1]]
    count = sum(len(s["verdicts"]) for s in summaries)
    print(f"\n{count - len(missed)} of {count} aims reached" + (f"; missed: {', '.join(missed)}" if missed else ""))
    for s in summaries:
        if s["workload"] == "startup":
            print("Loaded at the start: " + "; ".join(s["loaded"]))
    for f in failures:
        print(f"failed: {f}")
