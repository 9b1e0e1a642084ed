"""How kernels are compiled, and how many threads they use.

One decorator sets the policy. Compiled code is kept on the disk (:mod:`npgan.kernels.cache`), so that
only the first run ever compiles. ``error_model="numpy"``: a division by zero gives infinity, not an exception.
The compiler may not reorder floating-point arithmetic: training looks for NaN and infinity, and any
number of threads must return the same bits. Where a fused multiply-add is wanted, :func:`fma` asks for it.
"""

import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numba
import numpy as np
from numba.core import config
from numba.core.ccallback import CFunc
from numba.core.sigutils import normalize_signature
from numba.core.typing import signature as signature_of
from numba.extending import intrinsic, overload

from npgan.kernels.cache import Cache
from npgan.system import environment

MOST_THREADS = config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
interpreted = config.DISABLE_JIT  # type: ignore[attr-defined]


POLICY: dict[str, Any] = {"error_model": "numpy", "no_cfunc_wrapper": True}
"""For kernels, which C code never calls: it calls what :func:`c_function` compiles."""
ZERO, ONE = np.int64(0), np.int64(1)  # as arguments: for a literal, Numba compiles a kernel anew


def jit(function: Callable, **options: Any) -> Any:
    """Compile a function by this policy when it is first called."""
    compiled = numba.njit(**POLICY, **options)(function)
    if not interpreted:
        compiled._cache = Cache(function)
    return compiled


def c_function(signature: Any, function: Callable) -> Any:
    """Compile a function of pointers and numbers now, for kernels to call by its address."""
    if interpreted:
        _functions.append(function)
        return SimpleNamespace(address=len(_functions) - 1)
    options = {"error_model": "numpy"}
    compiled: Any = CFunc(function, normalize_signature(signature), locals={}, options=options)
    compiled._cache = Cache(function)
    compiled.compile()
    return compiled


def call_function(address: int, *arguments: Any) -> None:
    """Call what :func:`c_function` returned, in Python."""
    _functions[address](*arguments)


_functions: list[Callable] = []


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


def set_threads(count: int) -> None:
    """Let kernels use this many threads, or as many as there are."""
    global _most, _in_use
    _most = _in_use = max(1, min(count, MOST_THREADS))


def threads() -> int:
    """Return how many threads kernels may use."""
    return _most


def in_use() -> int:
    """Return how many threads kernels use at present."""
    return _in_use


def use_threads(count: int) -> None:
    """Use one thread at present, if ``count`` is 1, or else all."""
    global _in_use
    _in_use = max(1, min(count, _most))


_most = _in_use = environment.threads(MOST_THREADS)
if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=lambda: set_threads(1))
