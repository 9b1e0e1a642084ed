"""Compare the matrix products of a dense layer: npgan's kernels, np.matmul and torch.mm.

A layer needs three: x @ w forward, x.T @ dy for its weights' gradient, dy @ w.T for its input's.
npgan's are the operations themselves, with the bias and its gradient that they include, as a
training step runs them: rows of a program, of which one call runs many, on aligned memory. The
contestants take turns in short slices; a slice's time is the median of bursts, so that it leaves out
those in which something else had the core, and a rate is the median over the rounds.
"""

import argparse
import itertools
import json
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from contestants import PRESETS, config_of
from step import listed, ratio
from workers import spawn

from npgan import backend
from npgan.system.memory import aligned_zeros

SQUARES = (32, 64, 128, 256, 512, 1024)
PRODUCTS = ("x @ w", "x.T @ dy", "dy @ w.T")
SLICE, BURST, WARM = 0.01, 2e-4, 0.015  # seconds; helpers must first wake up and find a core
ROWS = 16  # in a call of npgan's
PAUSE = 0.1  # helper threads of other libraries spin that long before they fall asleep

EXAMPLES = """
examples:
  python benchmarks/matmul.py
  python benchmarks/matmul.py --threads 1,2 --rounds 25 --json matmul.json
"""

Calls = dict[str, Callable[[], Any]]


class Shape(NamedTuple):
    """A dense layer's: rows of x, and the widths of x and y."""

    n: int
    k: int
    m: int


def shapes() -> list[Shape]:
    """Return the presets' shapes, each once, and the squares."""
    found = {}
    for name in PRESETS:
        config = config_of(name)
        for specs in config.networks.values():
            for spec in specs:
                if spec.startswith("dense "):
                    found[Shape(config.batch_size, *map(int, spec.split()[1:3]))] = None
    return [*found, *(Shape(n, n, n) for n in SQUARES)]


def numpy_calls(x: np.ndarray, w: np.ndarray, dy: np.ndarray) -> Calls:
    """Return the three products by np.matmul."""
    y, dw, dx = np.empty_like(dy), np.empty_like(w), np.empty_like(x)
    calls = (
        lambda: np.matmul(x, w, y),
        lambda: np.matmul(x.T, dy, dw),
        lambda: np.matmul(dy, w.T, dx),
    )
    return dict(zip(PRODUCTS, calls, strict=True))


def aligned(array: np.ndarray) -> np.ndarray:
    """Return a copy in memory like that of a network's parameters."""
    copy = aligned_zeros(array.size, array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def npgan_calls(x: np.ndarray, w: np.ndarray, dy: np.ndarray) -> Calls:
    """Return the three products as a recorded training step runs them, each many times a call."""
    from npgan.program.record import Recorder
    from npgan.program.traced import Outputs

    (k, m), none = w.shape, np.zeros(1, w.dtype)
    x, dy, parameters = map(aligned, (x, dy, np.append(w, np.zeros(m, w.dtype))))
    dense = parameters, np.array([[k, m, 0, k * m, 0, 0]]), none  # weight, bias, no activation
    grads = aligned(np.zeros_like(parameters))
    records: dict[str, Callable[[Recorder, Outputs], Any]] = {
        "x @ w": lambda run, _: run.chain_forward(x, *dense),
        "x.T @ dy": lambda run, y: run.chain_backward(dy, x, y, *dense, grads, False),
        "dy @ w.T": lambda run, y: run.chain_backward(dy, x, y, *dense, None, True),
    }
    calls = {}
    for name, record in records.items():
        recorder = Recorder(np.random.default_rng())
        record(recorder, Outputs([recorder.new(len(x), m)]))
        recorder.rows *= ROWS
        calls[name] = recorder.finish({}).run
    return calls


def torch_calls(x: np.ndarray, w: np.ndarray, dy: np.ndarray) -> Calls:
    """Return the three products by torch.mm."""
    import torch

    x, w, dy = map(torch.from_numpy, (x, w, dy))
    y, dw, dx = torch.empty_like(dy), torch.empty_like(w), torch.empty_like(x)
    calls = (
        lambda: torch.mm(x, w, out=y),
        lambda: torch.mm(x.T, dy, out=dw),
        lambda: torch.mm(dy, w.T, out=dx),
    )
    return dict(zip(PRODUCTS, calls, strict=True))


MAKERS: dict[str, Callable[..., Calls]] = {
    "np.matmul": numpy_calls,
    "npgan": npgan_calls,
    "torch.mm": torch_calls,
}


def timed(call: Callable[[], Any], count: int) -> float:
    """Return the seconds of a call."""
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count


def work(name: str, threads: int) -> None:
    """For each shape and product: time a slice for every line read, until an empty one."""
    if name == "npgan":
        backend.use("numba")
    if name == "torch.mm":
        import torch

        torch.set_num_threads(threads)
    rng = np.random.default_rng(0)
    for n, k, m in shapes():
        arrays = [rng.standard_normal(s, np.float32) for s in ((n, k), (k, m), (n, m))]
        for call in MAKERS[name](*arrays).values():
            call()
            while sys.stdin.readline().strip():
                awake = time.perf_counter() + WARM
                while time.perf_counter() < awake:
                    once = max(timed(call, 2), 1e-7)
                count = max(1, round(BURST / once))
                bursts = max(1, round(SLICE / once / count))
                seconds = median(timed(call, count) for _ in range(bursts))
                print(seconds / (ROWS if name == "npgan" else 1), flush=True)


class Worker:
    """A contestant's process: the helper threads of one library must not disturb another's."""

    def __init__(self, name: str, threads: int) -> None:
        self.process = spawn(threads, __file__, "--worker", name, str(threads))

    def slice(self) -> float:
        """Return the seconds of a call of the product in turn."""
        self.process.stdin.write("again\n")
        return float(self.process.stdout.readline())

    def next(self) -> None:
        """Go on to the next product."""
        self.process.stdin.write("\n")


def measure(threads: int, rounds: int) -> list[dict[str, Any]]:
    """Let the contestants take turns, print a row for each product and return all rounds."""
    names = [name for name in MAKERS if name != "torch.mm" or find_spec("torch")]
    workers = {name: Worker(name, threads) for name in names}
    print(f"\n{threads} thread{'s' * (threads > 1)}, GFLOP/s")
    rates = "".join(f"  {name:>11}" for name in names)
    print(
        f"{'   n    in   out':16}  {'product':8}{rates}"
        + "".join(f"  {n:>11} / np" for n in names[1:])
    )
    results = []
    for (n, k, m), product in itertools.product(shapes(), PRODUCTS):
        times: dict[str, list[float]] = {name: [] for name in names}
        for _ in range(rounds):
            for name, worker in workers.items():
                time.sleep(PAUSE * (threads > 1))
                times[name].append(worker.slice())
        for worker in workers.values():
            worker.next()
        rates = "".join(f"  {2e-9 * n * k * m / median(t):11.1f}" for t in times.values())
        first, *others = times.values()
        ratios = "".join(f"  {ratio(first, t):16.2f}" for t in others)
        print(f"{n:4}  {k:4}  {m:4}  {product:8}{rates}{ratios}", flush=True)
        results.append({"shape": (n, k, m), "product": product, "threads": threads, "times": times})
    return results


def main() -> int:
    if sys.argv[1:2] == ["--worker"]:
        work(sys.argv[2], int(sys.argv[3]))
        return 0
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--threads", type=listed, default=["1"], help="such as 1,2; default: 1")
    parser.add_argument("--rounds", type=int, default=9, help="default: 9")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all rounds there")
    arguments = parser.parse_args()
    if not arguments.threads or not all(t.isdecimal() and int(t) for t in arguments.threads):
        parser.error("--threads must be numbers such as 1,2")
    if arguments.rounds < 1:
        parser.error(f"--rounds must be at least 1, not {arguments.rounds}")
    results = [
        row for threads in map(int, arguments.threads) for row in measure(threads, arguments.rounds)
    ]
    if arguments.json:
        arguments.json.write_text(json.dumps(results) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
