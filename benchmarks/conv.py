"""Compare the three products of a convolution: npgan's kernels and PyTorch's single operations.

y is the convolution, dW and dx are the gradients of its weight and its input: kernel 4, stride 2, padding 1, float32.
The rate is that of the direct way, 2 * 16 n h w i o operations for n outputs of h x w pixels and o channels from i
channels, zeros of the padding included. PyTorch computes in both of its layouts, of which the faster one counts. All
take turns in one process; a rate is the median over rounds.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from statistics import median
from typing import Any

import numpy as np

SHAPES = [(28, 1, 64), (14, 64, 128), (32, 3, 64), (16, 64, 128), (8, 128, 256)]
"""Height and width, channels in and out."""
PRODUCTS = ("y", "dW", "dx")

EXAMPLES = """
examples:
  python benchmarks/conv.py
  python benchmarks/conv.py --threads 2 --rounds 25 --batch 128
"""

Calls = dict[str, Callable[[], Any]]


def npgan_calls(x: np.ndarray, weight: np.ndarray, dy: np.ndarray) -> Calls:
    """Return the products as rows that are performed at once."""
    from npgan.backend import run

    bias, dweight = np.zeros(dy.shape[3], x.dtype), np.zeros_like(weight)
    return {
        "y": lambda: run.conv2d_forward(x, weight, bias, 2, 1),
        "dW": lambda: run.conv2d_backward_parameters(dy, x, dweight, bias, 2, 1),
        "dx": lambda: run.conv2d_backward_input(dy, weight, x.shape[1:3], 2, 1),
    }


def torch_calls(layout: str, x: np.ndarray, weight: np.ndarray, dy: np.ndarray) -> Calls:
    """Return the products in one of PyTorch's layouts."""
    import torch

    form = getattr(torch, layout)
    order = (0, 3, 1, 2), (3, 2, 0, 1), (0, 3, 1, 2)
    x, weight, dy = (
        torch.from_numpy(a.transpose(o).copy()).contiguous(memory_format=form)
        for a, o in zip((x, weight, dy), order, strict=True)
    )

    def back(*wanted: bool) -> Any:
        numbers = [2, 2], [1, 1], [1, 1], False, [0, 0], 1
        return torch.ops.aten.convolution_backward(dy, x, weight, None, *numbers, [*wanted, False])

    return {
        "y": lambda: torch.conv2d(x, weight, None, 2, 1),
        "dW": lambda: back(False, True),
        "dx": lambda: back(True, False),
    }


def measure(shape: tuple[int, int, int], batch: int, rounds: int) -> dict[str, dict[str, float]]:
    """Return the median seconds of each product, by who computes it."""
    (size, channels, out), rng = shape, np.random.default_rng(0)
    sizes = (batch, size, size, channels), (4, 4, channels, out), (batch, size // 2, size // 2, out)
    arrays = [rng.standard_normal(s, np.float32) for s in sizes]
    makers = {"npgan": npgan_calls(*arrays)}
    if find_spec("torch"):
        layouts = "contiguous_format", "channels_last"
        makers |= {layout: torch_calls(layout, *arrays) for layout in layouts}
    times: dict[str, dict[str, list[float]]] = {p: {name: [] for name in makers} for p in PRODUCTS}
    for turn in range(rounds + 1):
        for product, row in times.items():
            for name, calls in makers.items():
                start = time.perf_counter()
                calls[product]()
                if turn:
                    row[name].append(time.perf_counter() - start)
    return {p: {name: median(seen) for name, seen in row.items()} for p, row in times.items()}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--threads", type=int, default=1, help="default: 1")
    parser.add_argument("--rounds", type=int, default=9, help="default: 9")
    parser.add_argument("--batch", type=int, default=64, help="images; default: 64")
    arguments = parser.parse_args()
    if min(arguments.threads, arguments.rounds, arguments.batch) < 1:
        parser.error("threads, rounds and the batch are at least 1")
    os.environ["NPGAN_NUM_THREADS"] = str(arguments.threads)
    from npgan import backend

    backend.use("numba")
    if find_spec("torch"):
        import torch

        torch.set_num_threads(arguments.threads)
        torch.set_grad_enabled(False)
    print(f"{arguments.threads} thread(s), batch {arguments.batch}, GFLOP/s")
    print(f"{'image':>12}  {'out':>4}  {'':2}  {'npgan':>7}  {'torch':>7}  ratio")
    for size, channels, out in SHAPES:
        work = 2e-9 * arguments.batch * (size // 2) ** 2 * out * 16 * channels
        found = measure((size, channels, out), arguments.batch, arguments.rounds)
        for product, seconds in found.items():
            mine = seconds.pop("npgan")
            best = min(seconds.values(), default=float("nan"))
            image = f"{size}x{size}x{channels}"
            rates = f"{work / mine:7.1f}  {work / best:7.1f}  {best / mine:5.2f}"
            print(f"{image:>12}  {out:4}  {product:2}  {rates}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
