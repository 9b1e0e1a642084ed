"""Compile before the first step, and tell the user what is going on."""

import subprocess
import sys
from collections.abc import Callable
from functools import partial

import numpy as np
from tqdm import tqdm

from npgan.kernels import cache, jit
from npgan.kernels.elementwise import Activation
from npgan.kernels.row import PERFORM
from npgan.program import replay
from npgan.program.tables import Tables
from npgan.system.signals import process

PATIENCE = 1.0  # seconds before the bar appears; code that is only loaded takes less
FIRST = "dense", "elementwise"  # modules of kernels, half of the work
RARE = (
    "categories",
    "conv",
    "fold",
    "gumbel",
    "likelihood",
    "noise",
    "normalisation",
    "pooling",
    "softmax",
    "winograd",
)
"""Modules of kernels that are compiled when first needed: most models do without them."""
Calls = list[Callable[[], object]]


def pieces(dtype: np.typing.DTypeLike) -> tuple[Calls, Calls]:
    """Return calls that compile the functions that perform rows, in two halves."""
    halves: tuple[Calls, Calls] = [], []
    for kind in PERFORM:
        module = kind.__module__.rpartition(".")[2]
        if module not in RARE and kind is not Activation:
            halves[module not in FIRST].append(partial(replay.function, kind, np.dtype(dtype)))
    return halves


def whole() -> None:
    """Compile what goes through rows, by running tables that have none."""
    Tables(0, 0, np.dtype(np.float32), 0).run(alone=True)


def prepare(dtype: np.typing.DTypeLike = np.float32) -> None:
    """Compile what training needs, or load it; say so on standard error if that takes long.

    If nothing is in the cache, and it can be used, a second process compiles the second half meanwhile.
    """
    if jit.interpreted:
        return
    first, second = pieces(dtype)
    keep, cold, terminal = cache.usable(), not cache.holds("replay._work"), sys.stderr.isatty()
    word = "once" if keep else f"each time: {cache.FOLDER} cannot be used"
    title = f"compiling kernels ({word})"
    if cold and not terminal:
        print(title, file=sys.stderr, flush=True)
    helper = None
    if cold and keep:
        command = [sys.executable, "-c", f"from {__name__} import compile_second; compile_second()"]
        helper = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        process.children.append(helper)
        first.append(helper.wait)
    calls = [*first, *second, whole] if cold else [whole]
    bar = tqdm(calls, title, delay=PATIENCE, leave=False, disable=not terminal)
    process.compiles = True
    try:
        for call in bar:
            call()
        process.compiles = False
    except BaseException:  # Ctrl-C ends both processes
        if helper is not None:
            helper.kill()
            helper.wait()
        raise


def compile_second() -> None:
    """Compile the second half."""
    for call in pieces(np.float32)[1]:
        call()
