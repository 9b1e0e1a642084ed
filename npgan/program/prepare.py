"""Compile before the first step, and tell the user what is going on."""

import subprocess
import sys
from collections.abc import Callable
from functools import partial

import numpy as np
from tqdm import tqdm

from npgan.kernels import KERNELS, cache, dense, elementwise, fourier, jit, update
from npgan.kernels.elementwise import Activation, Gate, GateBackward
from npgan.kernels.row import PERFORM
from npgan.memory import address_of
from npgan.program import replay
from npgan.program.threads import worker_pool
from npgan.signals import process

PATIENCE = 1.0  # seconds before anything is said; code that is only loaded takes less
FIRST = {module.__name__ for module in (dense, elementwise, fourier, update)}  # half of the work
RARE = Activation, Gate, GateBackward  # compiled when a step first has one: no preset does
Calls = list[Callable[[], object]]


def pieces(dtype: np.typing.DTypeLike) -> tuple[Calls, Calls]:
    """Return calls that compile what does the parts of rows, in two halves.

    The second half is the smaller one: the process that compiles it also compiles what is needed beside rows.
    """
    halves: tuple[Calls, Calls] = [], []
    for kind in (kind for kind in PERFORM if kind not in RARE):
        second = kind.__module__ not in FIRST
        halves[second].append(partial(replay.function, kind, np.dtype(dtype)))
    return halves


def single_kernels(dtype: np.typing.DTypeLike) -> Calls:
    """Return a small call of each kernel that training needs beside programs, to draw samples."""
    x, w = np.ones((2, 1), dtype), np.ones(2, dtype)
    plan = np.array([[1, 1, 0, 1, 0, 0]])
    return [
        partial(KERNELS["chain_forward"], x, w, plan, np.zeros(1, dtype)),
        partial(KERNELS["standard_normal"], np.random.default_rng(), (1,), dtype),
    ]


def whole() -> None:
    """Run a program without rows."""
    state = np.zeros(replay.STATE, np.int64)
    replay.begin(np.int64(address_of(state)))
    replay.work(np.int64(address_of(state)), jit.ZERO)
    if jit.threads() > 1:
        worker_pool(jit.threads() - 1)


def prepare(dtype: np.typing.DTypeLike = np.float32) -> None:
    """Compile what training needs, or load it; say so on standard error if that takes long.

    Meanwhile a second process compiles the second half, and what is needed beside programs.
    """
    if jit.interpreted:
        return
    first, second = pieces(dtype)
    calls: Calls = [whole, *single_kernels(dtype)]
    keep, cold, terminal = cache.usable(), not cache.holds("replay._work"), sys.stderr.isatty()
    word = "once" if keep else f"each time: {cache.FOLDER} cannot be used"
    title = f"compiling kernels ({word})"
    if cold and not terminal:
        print(title, file=sys.stderr, flush=True)
    helper = None
    if cold and not keep:
        calls = [*first, *second, *calls]
    if cold and keep:
        command = [sys.executable, "-c", f"from {__name__} import compile_second; compile_second()"]
        helper = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert helper.stdout is not None
        process.children.append(helper)
        calls = [
            *first,
            helper.stdout.readline,
            *second,
            calls[0],
            helper.wait,
            helper.stdout.close,
            *calls[1:],
        ]
    bar = tqdm(calls, title, delay=PATIENCE, leave=False, disable=not terminal)
    process.compiles = True
    try:
        for call in bar:
            call()
        process.compiles = False
    except BaseException:  # Ctrl-C ends both
        if helper is not None:
            helper.kill()
            helper.communicate()
        raise


def compile_second() -> None:
    """Compile the second half, write a line when that is done, and go on to what is needed beside it."""
    for call in pieces(np.float32)[1]:
        call()
    print(flush=True)
    for call in single_kernels(np.float32):
        call()
