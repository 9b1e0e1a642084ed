"""Compile ahead of the first step, with a word to whoever waits."""

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
        "chain_forward": (x, *stages),
        "chain_backward": (x, x, w, *stages, w, True),
        "gather": (np.zeros((2, 2), np.uint8), np.arange(2), 0.0, 1.0),
        "bce_with_logits": (x, 1.0),
        "standard_normal": (np.random.default_rng(), (1,), dtype),
        "sigmoid_forward": (x,),
        "all_finite": (w,),
        "adam_update": (w, w, w, w, 1, 0.1, 0.9, 0.999, 1e-8),
    }
    return [partial(KERNELS[name], *arguments) for name, arguments in calls.items()]


def prepare(dtype: np.typing.DTypeLike = np.float32) -> None:
    """Compile what training needs, or load it; say so on standard error if that takes long."""
    terminal = sys.stderr.isatty()
    calls = training_kernels(dtype)
    bar = tqdm(calls, "compiling kernels (once)", delay=PATIENCE, leave=False, disable=not terminal)
    if not terminal and _is_cold():
        print("compiling kernels (once)", file=sys.stderr, flush=True)
    for call in bar:
        call()


def _is_cold() -> bool:
    """Whether no compiled code of the first kernel is on the disk."""
    if config.DISABLE_JIT:  # type: ignore[attr-defined]
        return False
    folder = chain.parallel.stats.cache_path
    return not (folder and any(Path(folder).glob(f"chain._chain*{DIGEST}*.nbi")))
