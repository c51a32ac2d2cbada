"""The sweeps: one operation over all sizes; where are we slower, where is a cliff?"""

import statistics

import programs
from text import duration, number, table

# Elsewhere Fusion does the same as the plain backend.
FUSED = {"add", "exp", "chain", "sum_all", "sum_rows", "sum_columns", "softmax"}
SLOWER = 0.95
# From one size to the next larger one the distance to the floor may grow by so much.
CLIFF = 1.5
# Below, a call costs what it costs, whatever its size; the floor of one size lies no deeper.
LEAST_NS = 10


def measure(name, chosen, threads, args, note):
    """{size: {program: row}} of each round."""
    rounds = []
    for r in range(args.rounds):
        sizes = {}
        for p in chosen:
            if p.name == "Fusion" and name not in FUSED:
                continue
            note(f"sweep {name}, round {r + 1} of {args.rounds}, {p.name}")
            for row in programs.run(p, f"sweep_{name}", threads, args):
                sizes.setdefault(int(row["size"]), {})[p.name] = row
        for rows in sizes.values():
            programs.check_agreement(list(rows.values()))
        rounds.append(sizes)
    return rounds


def summary(name, rounds, chosen, floors, threads):
    """A point for each size."""
    points = []
    for size, first in rounds[0].items():
        at = [r[size] for r in rounds]
        names = [p.name for p in chosen if p.name in first]
        peers = [p.name for p in chosen if p.name in first and not p.ours]
        point = {"size": size, "ns": {n: statistics.median(r[n]["median_ns"] for r in at) for n in names}}
        ns, by = floors.of_size(next(iter(first.values())), threads)
        point["floor_ns"], point["floor_by"] = (None if ns is None else max(ns, LEAST_NS)), by
        point["ratio"] = {n: statistics.median(min(r[p]["median_ns"] for p in peers) / r[n]["median_ns"] for r in at)
                          for n in names if n not in peers} if peers else {}
        points.append(point)
    return {"sweep": name, "threads": threads, "points": points}


def slower(s):
    return [(p["size"], who, ratio) for p in s["points"] for who, ratio in p["ratio"].items() if ratio < SLOWER]


def cliffs(s):
    """(size, program, growth): pairs of neighbours, named by the larger, between which the time grows by more than the
    floor does; and those where more work takes less time, the growth below 1 then."""
    found = []
    for low, high in zip(s["points"], s["points"][1:]):
        for who in low["ratio"] or low["ns"]:
            growth = high["ns"][who] / low["ns"][who]
            if growth < 0.8:
                found.append((high["size"], who, growth))
            elif low["floor_ns"] and growth / (high["floor_ns"] / low["floor_ns"]) > CLIFF:
                found.append((high["size"], who, growth / (high["floor_ns"] / low["floor_ns"])))
    return found


def show(s):
    names = list(s["points"][0]["ns"])
    ours = list(s["points"][0]["ratio"])
    rows = []
    for p in s["points"]:
        rows.append([str(p["size"]), *(duration(p["ns"][n]) for n in names), *(number(p["ratio"][n]) for n in ours),
                     duration(p["floor_ns"]), p["floor_by"],
                     *(number(p["ns"][n] / p["floor_ns"]) if p["floor_ns"] else "" for n in ours or names)])
    head = [s["sweep"], *names, *(f"x {n}" for n in ours), "floor", "by", *(f"{n}/floor" for n in ours or names)]
    print()
    print(table(head, rows, (head.index("by"),)))


def show_findings(all_of_them):
    for title, find, word in ((f"Slower than the better peer by more than {1 - SLOWER:.0%}", slower, "x"),
                              (f"Cliffs: the distance to the floor grows by more than {CLIFF} from the size before, or "
                               "more work takes less time", cliffs, "growth")):
        rows = [[s["sweep"], str(size), who, number(value)] for s in all_of_them for size, who, value in find(s)]
        print(f"\n{title}: {len(rows) or 'nowhere'}")
        if rows:
            print(table(["sweep", "size", "who", word], rows, (0, 2)))
