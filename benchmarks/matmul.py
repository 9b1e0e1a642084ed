"""Compare the matrix products of a dense layer: npgan's kernels, np.matmul and torch.mm.

A layer needs three: x @ w forward, x.T @ dy for its weights' gradient, dy @ w.T for its input's.
npgan's are the operations themselves, with the bias, its gradient and the sum into ``dweight`` that
they include. The contestants take turns in short slices; a rate is the median over the rounds.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from step import PRESETS, cores, environment, listed, ratio

from npgan import backend
from npgan.models.presets import preset

SQUARES = (32, 64, 128, 256, 512, 1024)
PRODUCTS = ("x @ w", "x.T @ dy", "dy @ w.T")
SLICE = 0.004
PAUSE = 0.03  # helper threads of several libraries: let them fall asleep

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
        config = preset(name)
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


def npgan_calls(x: np.ndarray, w: np.ndarray, dy: np.ndarray) -> Calls:
    """Return the three products by the kernel that the dense layers' operations are made of."""
    from npgan.kernels.dense import product

    (n, k), m = x.shape, w.shape[1]
    a, b, c = (array.reshape(-1) for array in (x, w, dy))
    y, dw, dx = np.empty_like(c), np.empty_like(b), np.empty_like(a)
    calls = (
        lambda: product(a, k, 1, b, m, 1, y, y, m, 0, n, m, k),
        lambda: product(a, 1, k, c, m, 1, dw, dw, m, 0, k, m, n),
        lambda: product(c, m, 1, b, 1, m, dx, dx, k, 0, n, k, m),
    )
    return dict(zip(PRODUCTS, calls, strict=True))


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


def contestants(threads: int) -> dict[str, Callable[..., Calls]]:
    """Return who can take part, np.matmul first."""
    found: dict[str, Callable[..., Calls]] = {"np.matmul": numpy_calls}
    for name in backend.BACKENDS[1:]:
        backend.use(name)
        if backend.run.name == name:
            found[f"npgan {name}"] = npgan_calls
    if find_spec("torch"):
        import torch

        torch.set_num_threads(threads)
        found["torch.mm"] = torch_calls
    return found


def timed(call: Callable[[], Any], count: int) -> float:
    """Return the seconds of a call."""
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count


def work(threads: int, rounds: int) -> None:
    """Print a line of JSON for each shape and product: the seconds of all rounds, by contestant."""
    found = contestants(threads)
    rng = np.random.default_rng(0)
    for n, k, m in shapes():
        arrays = [rng.standard_normal(s, np.float32) for s in ((n, k), (k, m), (n, m))]
        calls = {name: make(*arrays) for name, make in found.items()}
        for product in PRODUCTS:
            times: dict[str, list[float]] = {name: [] for name in found}
            for each in calls.values():
                each[product]()
            for _ in range(rounds):
                for name, each in calls.items():
                    if threads > 1:
                        time.sleep(PAUSE)
                    once = max(timed(each[product], 2), 1e-7)
                    times[name].append(timed(each[product], max(1, round(SLICE / once))))
            print(json.dumps({"shape": (n, k, m), "product": product, "times": times}), flush=True)


def measure(threads: int, rounds: int) -> list[dict[str, Any]]:
    """Run a worker, print a row for each of its answers and return them."""
    command = [sys.executable, __file__, "--worker", str(threads), str(rounds)]
    with cores(threads):
        process = subprocess.Popen(
            command, env=environment(threads), stdout=subprocess.PIPE, text=True
        )
    results = []
    print(f"\n{threads} thread{'s' * (threads > 1)}, GFLOP/s")
    for line in process.stdout:
        result = json.loads(line)
        times = result["times"]
        if not results:
            names = "".join(f"  {name:>11}" for name in times)
            ratios = "".join(f"  {name + ' / np':>16}" for name in list(times)[1:])
            print(f"{'   n    in   out':16}  {'product':8}{names}{ratios}")
        n, k, m = result["shape"]
        rates = "".join(f"  {2e-9 * n * k * m / median(t):11.1f}" for t in times.values())
        first, *others = times.values()
        ratios = "".join(f"  {ratio(first, t):16.2f}" for t in others)
        print(f"{n:4}  {k:4}  {m:4}  {result['product']:8}{rates}{ratios}", flush=True)
        results.append(result | {"threads": threads})
    if process.wait():
        raise RuntimeError(f"the worker ended with {process.returncode}")
    return results


def main() -> int:
    if sys.argv[1:2] == ["--worker"]:
        work(*map(int, sys.argv[2:4]))
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
