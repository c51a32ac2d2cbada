"""Pictures of the results, drawn by gnuplot."""

import math
import shutil
import subprocess

COLOURS = {"fornax": "#0b6e4f", "Fusion": "#5fbf8f", "libtorch": "#c8553d", "tuned": "#e9a03b", "floor": "#888888"}


def draw(path, script):
    """Runs gnuplot; False if there is none."""
    if not shutil.which("gnuplot"):
        return False
    subprocess.run(["gnuplot"], input=script, text=True, check=True)
    return True


def block(name, lines):
    return f"${name} << EOD\n" + "\n".join(lines) + "\nEOD\n"


def of_workloads(path, summaries, names):
    """How far each program is from the floor, for every workload that has one."""
    shown = [s for s in summaries if s["at"][min(s["at"])]["floor_ns"]]
    if not shown:
        return False
    lines = []
    for s in shown:
        above = s["at"][min(s["at"])]["above_floor"]
        lines.append(" ".join([s["workload"].replace("_", "\\\\_"), *(f"{above[n]:.4g}" for n in names)]))
    bars = ", ".join(f'$d using {i + 2}:xtic(1) linecolor rgb "{COLOURS[n]}" title "{n}"' for i, n in enumerate(names))
    return draw(path, block("d", lines) + f"""
set terminal svg size 1200,520 font "sans,11" background "white"
set output "{path}"
set style data histograms
set style histogram clustered gap 1
set style fill solid
set boxwidth 0.9
set logscale y
set yrange [0.8:*]
set ylabel "times the floor, one thread"
set xtics rotate by -35 nomirror
set grid ytics
set key top right
plot {bars}, 1 with lines linecolor rgb "{COLOURS['floor']}" notitle
""")


def of_sweeps(path, sweeps):
    """Time over size, a panel for each sweep, both axes logarithmic."""
    if not sweeps:
        return False
    columns = 3
    rows = math.ceil(len(sweeps) / columns)
    script = f"""
set terminal svg size {420 * columns},{300 * rows} font "sans,10" background "white"
set output "{path}"
set logscale xy
set format x "10^{{%L}}"
set grid
set key top left
set multiplot layout {rows},{columns}
set xlabel "size"
set ylabel "us"
"""
    for i, s in enumerate(sweeps):
        names = list(s["points"][0]["ns"])
        lines = [" ".join([str(p["size"]), *(f"{p['ns'][n] / 1e3:.5g}" for n in names),
                           f"{p['floor_ns'] / 1e3:.5g}" if p["floor_ns"] else "NaN"]) for p in s["points"]]
        curves = [f'$s{i} using 1:{j + 2} with linespoints linecolor rgb "{COLOURS[n]}" pointsize 0.4 title "{n}"'
                  for j, n in enumerate(names)]
        curves.append(f'$s{i} using 1:{len(names) + 2} with lines linecolor rgb "{COLOURS["floor"]}" dashtype 2 title "floor"')
        title = s["sweep"].replace("_", " ")
        script += block(f"s{i}", lines) + f'set title "{title}"\nplot {", ".join(curves)}\n'
    return draw(path, script + "unset multiplot\n")
