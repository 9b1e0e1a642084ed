"""Measure what a user waits for before the first step, and the memory that training takes.

Everything runs in processes of its own; a time is the median of several. The limits are this
project's own promises: the exit status is 1 if one is broken.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import NamedTuple

EXAMPLES = """
examples:
  python benchmarks/startup.py
  python benchmarks/startup.py --runs 11 --peers torch --json startup.json
"""

IMPORT = """
import time
start = time.perf_counter()
import {module}
print(time.perf_counter() - start)
"""

TORCH_STEP = """
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce
n, ones, zeros = 50, torch.ones(50, 1), torch.zeros(50, 1)
G = nn.Sequential(nn.Linear(100, 128), nn.ReLU(), nn.Linear(128, 784), nn.Sigmoid())
D = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 1))
g_adam, d_adam = (torch.optim.Adam(net.parameters(), lr=2e-4, fused=True) for net in (G, D))
with torch.no_grad():
    fake = G(torch.randn(n, 100))
(bce(D(torch.rand(n, 784)), ones) + bce(D(fake), zeros)).backward()
d_adam.step()
D.requires_grad_(False)
bce(D(G(torch.randn(n, 100))), ones).backward()
g_adam.step()
"""


class Usage(NamedTuple):
    """What a process took: wall time, and its largest memory in use."""

    seconds: float
    megabytes: float
    output: str


class Row(NamedTuple):
    """A measurement and the limit that it must keep, if there is one."""

    name: str
    unit: str
    limit: float | None
    measure: Callable[[], float]


def run(command: Sequence[str], **variables: str) -> Usage:
    """Run Python with these arguments to its end, or raise."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *command],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)  # of this child alone
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)[:70]} ended with {process.returncode}")
    scale = 1e6 if sys.platform == "darwin" else 1e3  # bytes there, else units of 1024 bytes
    return Usage(seconds, usage.ru_maxrss / scale, output)


def importing(module: str) -> float:
    """Return the seconds that an import takes, without Python's own start."""
    return float(run(["-c", IMPORT.format(module=module)]).output)


def train(*options: str, **variables: str) -> Usage:
    """Train gan-small in a new folder."""
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "run")
        return run(["-m", "npgan", "train", "gan-small", "--out", out, *options], **variables)


def first_train() -> float:
    """Return the seconds of a run which finds nothing compiled."""
    with tempfile.TemporaryDirectory() as cache:
        return train("--steps", "1", NUMBA_CACHE_DIR=cache).seconds


ROWS = (
    Row("import npgan", "s", 0.25, lambda: importing("npgan")),
    Row("npgan train gan-small --steps 1", "s", 1.5, lambda: train("--steps", "1").seconds),
    Row("the same, the first time ever", "s", 15, first_train),
    Row("npgan train gan-small --epochs 1", "MB", 350, lambda: train("--epochs", "1").megabytes),
)
PEERS: Mapping[str, Sequence[Row]] = {
    "torch": (
        Row("import torch", "s", None, lambda: importing("torch")),
        Row("torch: one step of gan-small", "s", None, lambda: run(["-c", TORCH_STEP]).seconds),
    )
}
SLOW = {"the same, the first time ever", "npgan train gan-small --epochs 1"}  # fewer runs
SLOW_RUNS = 3


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=int, default=7, help="of what is quick; default: 7")
    parser.add_argument("--peers", default="", metavar="NAMES", help="torch, to compare with")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all values there")
    arguments = parser.parse_args()
    if arguments.runs < 1:
        parser.error(f"--runs must be at least 1, not {arguments.runs}")
    rows = list(ROWS)
    for name in filter(None, arguments.peers.split(",")):
        if name not in PEERS:
            parser.error(f"unknown peer {name!r}; known are {', '.join(PEERS)}")
        if find_spec(name):
            rows += PEERS[name]
        else:
            print(f"{name}: not installed")

    kept, values = True, {}
    print(f"{'':34} {'median':>8}  {'limit':>7}")
    for name, unit, limit, measure in rows:
        measure()  # the disk's cache, and compiled code
        count = min(arguments.runs, SLOW_RUNS) if name in SLOW else arguments.runs
        values[name] = [measure() for _ in range(count)]
        value = median(values[name])
        good = limit is None or value <= limit
        kept &= good
        digits = 2 if unit == "s" else 0
        shown = f"{limit:g} {unit}" if limit else "-"
        verdict = "" if good else "  TOO MUCH"
        print(
            f"{name:34} {value:{8 - len(unit) - 1}.{digits}f} {unit}  {shown:>7}{verdict}",
            flush=True,
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(values, indent=1) + "\n")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
