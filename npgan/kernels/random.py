"""Random numbers, each from a key and a counter alone: loops vectorise, and any number of threads may share them."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from npgan.kernels.elementary import log, log1p, turn
from npgan.kernels.jit import fma, jit
from npgan.kernels.matmul import share
from npgan.kernels.row import Writes, kernel, performs
from npgan.ops.random import KEY_STEP, MULTIPLIER, ROUNDS, size_of, threshold

COUNTERS = np.int64(128)  # counters that each thread should have at least
M0, M1, STEP0, STEP1 = map(np.uint64, (*MULTIPLIER, *KEY_STEP))
U32, U64, F = np.uint32, np.uint64, np.float32


def words(counter, k0, k1):  # type: ignore[no-untyped-def]
    """Return the four words of a counter: Philox4x32-10."""
    a, b, c, d = U32(counter), U32(0), U32(0), U32(0)
    for _ in range(ROUNDS):
        p, q = M0 * U64(a), M1 * U64(c)
        a, b, c, d = U32(q >> U64(32)) ^ b ^ k0, U32(q), U32(p >> U64(32)) ^ d ^ k1, U32(p)
        k0, k1 = U32(U64(k0) + STEP0), U32(U64(k1) + STEP1)
    return a, b, c, d


words = jit(words, forceinline=True)  # a call would keep LLVM from vectorising the loop


def fraction(word, bits, start, one):  # type: ignore[no-untyped-def]
    """Return start + word / 2**bits in the type of ``one``."""
    return start + type(one)(word) / (1 << bits)


@overload(fraction, inline="always")
def _fraction(word, bits, start, one):  # type: ignore[no-untyped-def]
    number = F if one == types.float32 else np.float64
    return lambda word, bits, start, one: fma(number(word), number(0.5**bits), number(start))


def log_uniform(a, one):  # type: ignore[no-untyped-def]
    """Return log(u) in the type of ``one``, with u the word's number between 0 and 1."""
    small = a < U32(1 << 31)  # else 1 - u is more accurate than u
    u = fraction(a if small else a ^ U32(0xFFFFFFFF), 32, 0.5**33, one)
    return log(u) if small else log1p(-u)


log_uniform = jit(log_uniform, forceinline=True)


def box_muller(a, b, one):  # type: ignore[no-untyped-def]
    """Return two normal numbers of the type of ``one`` from two words."""
    r = np.sqrt(-(one + one) * log_uniform(a, one))
    b = U32(U64(b) + U64(1 << 29))  # the nearest quarter of a turn, and what is left
    c, s = turn(fraction(b & U32((1 << 30) - 1), 30, -0.5, one))
    quarter = b >> U32(30)
    odd = quarter & U32(1) != U32(0)
    x, y = (s if odd else c), (c if odd else s)
    x = -x if (quarter == U32(1)) | (quarter == U32(2)) else x
    y = -y if quarter >= U32(2) else y
    return r * x, r * y


box_muller = jit(box_muller, forceinline=True)


@jit
def normal_numbers(y0, y1, y2, y3, first, k0, k1, one):  # type: ignore[no-untyped-def]
    """Write the numbers of the counters from ``first`` on: the words of each counter give two pairs."""
    for i in range(y0.size):
        a, b, c, d = words(first + i, k0, k1)
        y0[i], y1[i] = box_muller(a, b, one)
        y2[i], y3[i] = box_muller(c, d, one)


@jit
def mask_numbers(y0, y1, y2, y3, first, k0, k1, least, scale):  # type: ignore[no-untyped-def]
    """Write ``scale`` where a counter's word is at least ``least``, else 0."""
    zero = y0.dtype.type(0)
    for i in range(y0.size):
        a, b, c, d = words(first + i, k0, k1)
        y0[i] = scale if a >= least else zero
        y1[i] = scale if b >= least else zero
        y2[i] = scale if c >= least else zero
        y3[i] = scale if d >= least else zero


class Normal(NamedTuple):
    """Four normal numbers for each counter: the first ones of all counters, then the second ones, ..."""

    y: Writes
    counters: int
    key_low: int
    key_high: int
    one: float


class Mask(NamedTuple):
    """In the same order, ``scale`` where a counter's word is at least ``least``, and else 0."""

    y: Writes
    counters: int
    key_low: int
    key_high: int
    least: int
    scale: float


@jit
def quarters(row, memory, part, parts):  # type: ignore[no-untyped-def]
    """Return a part's first counter, and the four places where its numbers go."""
    first, last = share(row.counters, COUNTERS, part, parts)
    y0, y1 = memory[row.y :], memory[row.y + row.counters :]
    y2, y3 = y1[row.counters :], y1[2 * row.counters :]
    return first, y0[first:last], y1[first:last], y2[first:last], y3[first:last]


@performs(Normal)
def _normal_part(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    first, y0, y1, y2, y3 = quarters(row, memory, part, parts)
    normal_numbers(y0, y1, y2, y3, first, U32(row.key_low), U32(row.key_high), row.one)


@performs(Mask)
def _mask_part(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    first, y0, y1, y2, y3 = quarters(row, memory, part, parts)
    k0, k1, least = U32(row.key_low), U32(row.key_high), U32(row.least)
    mask_numbers(y0, y1, y2, y3, first, k0, k1, least, row.scale)


def draw(rows: Any, rng: Any, shape: tuple[int, ...], dtype: Any, row: Callable) -> Any:
    """Write a row that fills an array, four numbers a counter."""
    size, drawn = size_of(shape, dtype), rows.key(rng)
    count = -(-size // 4)
    y = rows.new(dtype, 4 * count)
    words = "key_low", lambda: (drawn.value & 0xFFFFFFFF, drawn.value >> 32)
    rows.write(row(y, count, 0, 0), count // int(COUNTERS), changing=words)
    return y[:size].reshape(shape)


@kernel
def standard_normal(rows: Any, rng: Any, shape: tuple[int, ...], dtype: Any = np.float32) -> Any:
    """Polynomials instead of libm's logarithm, sine and cosine, without branches."""
    return draw(rows, rng, shape, np.dtype(dtype), partial(Normal, one=1.0))


@kernel
def dropout_mask(rows: Any, rng: Any, shape: tuple[int, ...], rate: float) -> Any:
    """One pass from counter to mask, which is float32, or of the program's type."""
    scale = float(np.float32(1 / (1 - rate)))
    row = partial(Mask, least=threshold(rate), scale=scale)
    return draw(rows, rng, shape, rows.dtype or np.dtype(np.float32), row)
