"""Compile ahead of the first step, with a word to whoever waits."""

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numba.core import config
from tqdm import tqdm

from npgan.kernels import KERNELS
from npgan.kernels.chain import chain
from npgan.kernels.jit import DIGEST

PATIENCE = 1.0  # seconds before anything is said; code that is only loaded takes less


def training_kernels(dtype: np.typing.DTypeLike) -> list[Callable[[], object]]:
    """Return a small call of each kernel that training needs, in one float type."""
    x, w = np.ones((2, 1), dtype), np.ones(2, dtype)
    plan = np.array([[1, 1, 0, 1, 0, 0]])
    stages = (w, plan, np.zeros(1, dtype))
    calls: dict[str, tuple] = {
        "chain_forward": (x, *stages),  # with it, "chain_backward"
        "gather": (np.zeros((2, 2), np.uint8), np.arange(2), 0.0, 1.0),
        "bce_with_logits": (x, 1.0),
        "standard_normal": (np.random.default_rng(), (1,), dtype),
        "sigmoid_forward": (x,),
        "all_finite": (w,),
        "adam_update": (w, w, w, w, 1, 0.1, 0.9, 0.999, 1e-8),
    }
    return [partial(KERNELS[name], *arguments) for name, arguments in calls.items()]


def prepare(dtype: np.typing.DTypeLike = np.float32) -> None:
    """Compile what training needs, or load it; say so on standard error if that takes long.

    The first kernel takes longer than all others: a second process compiles those meanwhile.
    """
    calls, folder, terminal = training_kernels(dtype), _folder(), sys.stderr.isatty()
    interpreted = config.DISABLE_JIT  # type: ignore[attr-defined]
    cold = not (folder and any(folder.glob(f"chain._chain*{DIGEST}*.nbi"))) and not interpreted
    if cold and not terminal:
        print("compiling kernels (once)", file=sys.stderr, flush=True)
    command = [sys.executable, "-c", f"from {__name__} import compile_others; compile_others()"]
    helper = subprocess.Popen(command, stderr=subprocess.DEVNULL) if cold and folder else None
    bar = tqdm(calls, "compiling kernels (once)", delay=PATIENCE, leave=False, disable=not terminal)
    for call in bar:
        call()
        if helper:
            helper.wait()


def compile_others() -> None:
    """Compile all but the first kernel, for their code to be kept on the disk."""
    for call in training_kernels(np.float32)[1:]:
        call()


def _folder() -> Path | None:
    """Return where compiled code is kept, if it can be."""
    path = None if config.DISABLE_JIT else chain.parallel.stats.cache_path  # type: ignore[attr-defined]
    return Path(path) if path else None
