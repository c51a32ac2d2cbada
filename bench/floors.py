"""How fast this machine could do a workload at best."""

import json
import os
import subprocess

from programs import ROOT, is_program, one_core

Mi = 1 << 20
MLP = 4 * 669706  # bytes of the perceptron's parameters
GPT = 4 * 3708928


def work(read=0, written=0, exps=0, level="dram"):
    return {"read": read, "written": written, "exps": exps, "level": level}


# What a workload cannot do without, beside the arithmetic that the programs themselves count: bytes of distinct inputs and
# of results, exponentials, and the memory that the inputs are in. What lies between is taken to stay in the caches; a
# training step reads parameters and both averages, and writes them.
WORK = {
    "elementwise_chain_fwd": work(192 * Mi, 0, 32 * Mi),
    "elementwise_chain_fb": work(192 * Mi, 192 * Mi, 32 * Mi),
    "gelu_layernorm": work(32 * Mi, 32 * Mi, 4 * Mi),
    "softmax_xent_fwd": work(8192 * 4000, 0, 8192 * 1000),
    "softmax_xent_fb": work(8192 * 4000, 8192 * 4000, 8192 * 1000),
    "matmul_64": work(level="l2"),
    "matmul_256": work(level="l2"),
    "matmul_1024": work(level="l3"),
    "matmul_2048": work(),
    "matmul_1024_fb": work(level="l3"),
    "mlp_train_step": work(3 * MLP, 3 * MLP, level="l3"),
    "mlp_inference_b1": work(MLP, 0, level="l3"),
    "cnn_train_step": work(level="l3"),
    "resnet_block_fb": work(2 * 12845056, 2 * 12845056),
    "transformer_train_step": work(3 * GPT, 3 * GPT),
    "lstm_train_step": work(level="l3"),
    "attention_fb": work(32 * Mi, 32 * Mi, 16 * Mi),
}
LEVELS = {"l1": "l1_8KiB", "l2": "l2_256KiB", "l3": "l3_4MiB", "dram": "dram_256MiB"}
# Above this many bytes the next level; between, a working set is partly in both, and the faster one counts.
CAPACITY = (("l1", 32 << 10), ("l2", 1 << 20), ("l3", 16 << 20))


def level_of(size):
    return next((level for level, most in CAPACITY if size <= most), "dram")


class Floors:
    """The machine's limits, each the best of several measurements around the workloads."""

    def __init__(self, program=os.path.join(ROOT, "build/limits/machine_limits")):
        self.program = program
        self.best = {}

    def measure(self):
        if not is_program(self.program):
            return
        for threads in "12":
            p = subprocess.run([self.program, threads, "floors", threads], capture_output=True, text=True, timeout=300,
                               preexec_fn=one_core if threads == "1" else None)
            if p.returncode != 0:  # a processor without AVX-512
                return
            for line in p.stdout.splitlines():
                row = json.loads(line)
                key = row["limit"], row["threads"]
                self.best[key] = max(row["best"], self.best.get(key, 0))

    def of(self, flops, w, threads):
        """ns, and what sets them; None without limits."""
        if not self.best:
            return None, ""
        level = LEVELS[w["level"]]
        stream = "_nt" if w["level"] == "dram" else ""
        read, written = w["read"], w["written"]
        parts = {
            "arithmetic": flops / self.best["fma_f32_avx512", threads],
            "exp": w["exps"] / self.best["exp_f32_avx512", threads],
            "reading": read / self.best[level + "_read", threads],
            "writing": written / self.best[f"{level}_write{stream}", threads],
        }
        if read and written:
            parts["traffic"] = (read + written) / self.best[f"{level}_copy{stream}", threads]
        by = max(parts, key=parts.get)
        return parts[by], by

    def of_workload(self, row, threads):
        w = WORK.get(row["workload"])
        return self.of(row.get("flops", 0), w, threads) if w else (None, "")

    def of_size(self, row, threads):
        """Of one size of a sweep, whose row carries its work."""
        w = work(row["read"], row["written"], row["exps"], level_of(row["read"] + row["written"]))
        return self.of(row.get("flops", 0), w, threads)
