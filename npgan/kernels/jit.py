"""How kernels are compiled, and how many threads they use.

One decorator holds the policy. Compiled code is kept on the disk (:mod:`npgan.kernels.cache`), so that
only the first run ever compiles. ``error_model="numpy"``: a division by zero gives infinity, not an exception.
The compiler may not reorder floating-point arithmetic: training looks for NaN and infinity, and the
versions for one thread and for several must return the same bits. Where a fused multiply-add is
wanted, :func:`fma` asks for it.
"""

import os
from collections.abc import Callable
from importlib import import_module
from types import FunctionType
from typing import Any

import numba
import numpy as np
from numba.core import config
from numba.core.ccallback import CFunc
from numba.core.sigutils import normalize_signature
from numba.core.typing import signature as signature_of
from numba.extending import intrinsic, overload

from npgan import environment
from npgan.kernels.cache import Cache

MOST_THREADS = config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
interpreted = config.DISABLE_JIT  # type: ignore[attr-defined]


ZERO, ONE, NONE = (
    np.int64(0),
    np.int64(1),
    np.int64(-1),
)  # as arguments: of a literal, Numba compiles a kernel anew


def jit(function: Callable, **options: Any) -> Any:
    """Compile a function by this policy when it is first called."""
    compiled = numba.njit(error_model="numpy", **options)(function)
    if not interpreted:
        compiled._cache = Cache(function)
    return compiled


def c_function(signature: Any, function: Callable) -> Any:
    """Compile a function of pointers and numbers now, for kernels to call by its address."""
    options = {"error_model": "numpy"}
    compiled: Any = CFunc(function, normalize_signature(signature), locals={}, options=options)
    compiled._cache = Cache(function)
    compiled.compile()
    return compiled


@intrinsic
def _fma(context, a, b, c):  # type: ignore[no-untyped-def]
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return signature_of(a, a, a, a), codegen


def fma(a: float, b: float, c: float) -> float:
    """Return a * b + c, rounded once."""
    return a * b + c


@overload(fma, inline="always")
def _fma_compiled(a, b, c):  # type: ignore[no-untyped-def]
    return lambda a, b, c: _fma(a, b, c)


class Threaded:
    """A kernel compiled twice, when it is first needed: for one thread, and for several.

    Its last argument is the number of threads T; the code splits its work into T parts whose
    results do not depend on T. One thread must not enter the threading layer at all: OpenMP ends a
    process that was forked after OpenMP was in use.
    """

    def __init__(self, function: Callable) -> None:
        twin = FunctionType(function.__code__, function.__globals__, function.__name__)
        twin.__qualname__ = f"{function.__qualname__}_parallel"
        self.serial, self.parallel = jit(function), jit(twin, parallel=True)

    def __call__(self, *arguments: Any) -> Any:
        """Run on as many threads as are in use."""
        if _most == 1:
            return self.serial(*arguments, 1)
        return self.parallel(*arguments, _in_use)


def available_threads() -> int:
    """Return how many threads are worth having: NPGAN_NUM_THREADS, or else all cores.

    Only OpenMP and TBB fork and join in a microsecond; the layer that Numba falls back on takes a
    hundred, more than a kernel's whole work, and there one thread is faster.
    """
    wanted = environment.threads(MOST_THREADS)
    return wanted if any(map(_loads, ("omp", "tbb"))) else 1


def _loads(layer: str) -> bool:
    try:
        import_module(f"numba.np.ufunc.{layer}pool")
    except ImportError:
        return False
    return True


def set_threads(count: int) -> None:
    """Let kernels use this many threads, or as many as Numba has."""
    global _most, _in_use
    _most = _in_use = max(1, min(count, MOST_THREADS))
    if _most > 1:
        numba.set_num_threads(_most)


def threads() -> int:
    """Return how many threads kernels may use."""
    return _most


def in_use() -> int:
    """Return how many they use at present."""
    return _in_use


def use_threads(count: int) -> None:
    """Use only this many of them at present; code that was compiled for several threads stays in use."""
    global _in_use
    if _most > 1:
        _in_use = max(1, min(count, _most))
        numba.set_num_threads(_in_use)


_most = _in_use = available_threads()
if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=lambda: set_threads(1))
