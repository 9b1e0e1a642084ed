"""How kernels are compiled, and how many threads they use.

One decorator holds the policy. ``cache``: compiled code is kept on the disk, so that only the first
run ever compiles. ``error_model="numpy"``: a division by zero gives infinity, not an exception.
No freedom with floating point is given to the compiler: training looks for NaN and infinity, and
the bits must not depend on which of its versions, for one thread or for several, is compiled. Where
a fused multiply-add is wanted, :func:`fma` says so.
"""

import os
from collections.abc import Callable
from importlib.util import find_spec
from types import FunctionType
from typing import Any

import numba
from numba.core import config
from numba.core.typing import signature as signature_of
from numba.extending import intrinsic, overload

from npgan.errors import InputError

MOST_THREADS = config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]


def jit(function: Callable, **options: Any) -> Any:
    """Compile a function by the policy; where nothing can be written, its code is not kept."""
    options = {"error_model": "numpy", **options}
    try:
        return numba.njit(function, cache=True, **options)
    except RuntimeError:  # no folder to keep the code in: a read-only installation
        return numba.njit(function, **options)


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
        twin.__qualname__ = f"{function.__qualname__}_parallel"  # the name in Numba's cache
        self.serial, self.parallel = jit(function), jit(twin, parallel=True)

    def __call__(self, *arguments: Any) -> Any:
        """Run on all threads."""
        if _threads == 1:
            return self.serial(*arguments, 1)
        return self.parallel(*arguments, _threads)


def available_threads() -> int:
    """Return how many threads are worth having: NPGAN_NUM_THREADS, or else all cores.

    Only OpenMP and TBB fork and join in a microsecond; the layer that Numba falls back on takes a
    hundred, more than a kernel's whole work, and there one thread is faster.
    """
    fast = any(find_spec(f"numba.np.ufunc.{layer}pool") for layer in ("omp", "tbb"))
    cores = min(MOST_THREADS, len(os.sched_getaffinity(0)))
    wanted = os.environ.get("NPGAN_NUM_THREADS", str(cores))
    if not wanted.isdecimal() or wanted == "0":
        raise InputError(f"NPGAN_NUM_THREADS must be a number of threads, not {wanted!r}")
    return min(int(wanted), MOST_THREADS) if fast else 1


def set_threads(count: int) -> None:
    """Let kernels use so many threads, at most those that Numba has."""
    global _threads
    _threads = max(1, min(count, MOST_THREADS))


_threads = available_threads()
os.register_at_fork(after_in_child=lambda: set_threads(1))
