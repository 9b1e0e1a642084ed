"""Measure both ways of a convolution's products, direct and by minimal filtering, and how well one is chosen.

Each product is a recorded program of one thread; a time is the shortest of several, of the thread's own processor
time, in float32. The last lines say how much longer than the better way of each shape another rule takes, on average.
"""

import argparse
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np

PRODUCTS = ("y", "dW", "dx")
KINDS = [(4, 2), (3, 1)]
"""Taps along an axis, and the stride; the padding is 1."""
SIZES, BATCHES = (4, 7, 8, 14), (1, 8, 64)
CHANNELS = [
    (16, 16), (16, 32), (32, 32), (64, 32), (32, 64), (64, 64), (64, 128), (128, 128), (256, 128), (128, 256),
]  # fmt: skip
EXAMPLES = """
examples:
  python benchmarks/winograd.py
  python benchmarks/winograd.py --most 2 --rounds 30
"""
ALWAYS, NEVER = (0.0, 0.0, 1e-9), (math.inf, 1.0, 1.0)


def programs(kind: tuple[int, int], size: int, i: int, o: int, n: int) -> dict[str, Callable]:
    """Return the three products as recorded programs, by the costs that are in force."""
    from npgan import backend
    from npgan.ops.windows import Geometry

    (taps, stride), run, rng = kind, backend.run, np.random.default_rng(0)
    made = Geometry.of(stride, 1).smaller((size, size), (taps, taps))
    shapes = (n, size, size, i), (taps, taps, i, o), (n, *made, o)
    x, weight, dy = (rng.standard_normal(shape, np.float32) for shape in shapes)
    dweight, bias = np.zeros_like(weight), np.zeros(o, np.float32)
    steps: dict[str, Callable[[], Any]] = {
        "y": lambda: run.conv2d_forward(x, weight, bias, stride, 1),
        "dW": lambda: run.conv2d_backward_parameters(dy, x, dweight, bias, stride, 1),
        "dx": lambda: run.conv2d_backward_input(dy, weight, (size, size), stride, 1),
    }

    def recorded(step: Callable[[], Any]) -> Callable:
        program, why = backend.record(lambda rng: ({}, step())[0], rng)
        if program is None:
            raise SystemExit(why)
        return program.run

    return {name: recorded(step) for name, step in steps.items()}


def shapes(most: float) -> Iterator[tuple]:
    """Yield what is measured: at most so many GFLOP."""
    for kind, size, (i, o), n in product(KINDS, SIZES, CHANNELS, BATCHES):
        made = (size + 2 - kind[0]) // kind[1] + 1
        if 2e-9 * n * made**2 * kind[0] ** 2 * i * o <= most:
            yield kind, size, i, o, n


def measure(shape: tuple, rounds: int) -> dict[str, tuple[float, float, bool]]:
    """Return the seconds of both ways, the direct one first, and whether filtering is chosen."""
    from npgan.kernels import choice

    costs, found = choice.COSTS, {name: [math.inf, math.inf] for name in PRODUCTS}
    both = []
    for given in (NEVER, ALWAYS):
        choice.COSTS = dict.fromkeys(PRODUCTS, given)
        both.append(programs(*shape))
    choice.COSTS = costs
    for _ in range(rounds):
        for (way, calls), name in product(enumerate(both), PRODUCTS):
            start = time.thread_time()
            calls[name]()
            found[name][way] = min(found[name][way], time.thread_time() - start)
    return {name: (*found[name], chosen(name, shape)) for name in PRODUCTS}


def chosen(name: str, shape: tuple) -> bool:
    """Return whether npgan filters."""
    from npgan.kernels import choice, plan
    from npgan.ops.windows import Geometry

    (taps, stride), size, i, o, n = shape
    geometry = Geometry.of(stride, 1)
    made = geometry.smaller((size, size), (taps, taps))
    given = plan.Shapes((size, size), made, (taps, taps, i, o), geometry)
    return choice.filters(name, n, given, np.dtype(np.float32))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=9, help="default: 9")
    parser.add_argument("--most", type=float, default=1.2, help="GFLOP of a shape; default: 1.2")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("rounds are at least 1")
    os.environ["NPGAN_NUM_THREADS"] = "1"
    from npgan import backend

    backend.use("numba")
    rules: dict[str, list[list[float]]] = {name: [] for name in PRODUCTS}
    print("taps  image         out  batch  direct / filtered milliseconds (* is chosen)")
    for shape in shapes(arguments.most):
        (taps, _), size, i, o, n = shape
        words = []
        for name, (direct, filtered, wanted) in measure(shape, arguments.rounds).items():
            best = min(direct, filtered)
            picked = filtered if wanted else direct
            rules[name].append([picked / best, direct / best, filtered / best])
            marks = ("", "*") if wanted else ("*", "")
            words.append(f"{name} {1e3 * direct:.3f}{marks[0]} / {1e3 * filtered:.3f}{marks[1]}")
        print(f"{taps:4}  {size}x{size}x{i:<7} {o:4}  {n:5}  {'   '.join(words)}", flush=True)
    for name, rows in rules.items():
        means = [f"{100 * (mean - 1):.1f} %" for mean in np.mean(rows, axis=0)]
        print(
            f"{name}: chosen + {means[0]}, always direct + {means[1]}, always filtered + {means[2]}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
