"""Gumbel noise: a number for each random word, by polynomials instead of libm's logarithm."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from npgan.kernels.elementary import log
from npgan.kernels.jit import jit
from npgan.kernels.random import U32, draw, log_uniform, quarters, words
from npgan.kernels.row import Writes, kernel, performs


class Gumbel(NamedTuple):
    """Four numbers for each counter: the first ones of all counters, then the second ones, ..."""

    y: Writes
    counters: int
    key_low: int
    key_high: int
    one: float


def extreme(a, one):  # type: ignore[no-untyped-def]
    """Return a Gumbel number of the type of ``one`` from a word: -log(-log(u))."""
    return -log(-log_uniform(a, one))


extreme = jit(extreme, forceinline=True)


@jit
def gumbel_numbers(y0, y1, y2, y3, first, k0, k1, one):  # type: ignore[no-untyped-def]
    """Write a number for each word of the counters from ``first`` on."""
    for i in range(y0.size):
        a, b, c, d = words(first + i, k0, k1)
        y0[i], y1[i] = extreme(a, one), extreme(b, one)
        y2[i], y3[i] = extreme(c, one), extreme(d, one)


@performs(Gumbel)
def _gumbel_part(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    first, y0, y1, y2, y3 = quarters(row, memory, part, parts)
    gumbel_numbers(y0, y1, y2, y3, first, U32(row.key_low), U32(row.key_high), row.one)


@kernel
def gumbel(rows: Any, rng: Any, shape: tuple[int, ...], dtype: Any = np.float32) -> Any:
    """Draw Gumbel noise, with polynomials instead of libm's logarithm, without branches."""
    return draw(rows, rng, shape, np.dtype(dtype), partial(Gumbel, one=1.0))
