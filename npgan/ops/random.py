r"""Random numbers from counters: each counter makes four, which depend on it and a key only.

Any number of threads can therefore compute them, in any order, and get the same bits.
"""

import math

import numpy as np

from npgan.errors import InputError, count, fraction
from npgan.shapes import FLOATS, Array, number_type, operation

MULTIPLIER = 0xD2511F53, 0xCD9E8D57
KEY_STEP = 0x9E3779B9, 0xBB67AE85
ROUNDS = 10
WORD = np.uint64(0xFFFFFFFF)
MOST = 4 * 2**32  # numbers: four of each counter


def philox(key: int, count: int) -> Array:
    r"""Return four words of 32 random bits for each counter 0 .. count - 1: Philox4x32-10.

    A counter i is a block of four words (i, 0, 0, 0), which ten rounds of multiplication scramble. hi and lo
    are the high and the low half of a product of 64 bits; the high half depends on every bit of the factors:

    .. math:: (a, b, c, d) \leftarrow
        (\mathrm{hi}(M_1 c) \oplus b \oplus k_0, \mathrm{lo}(M_1 c),
         \mathrm{hi}(M_0 a) \oplus d \oplus k_1, \mathrm{lo}(M_0 a))

    where :math:`k` starts as the key and has a constant added in each round.
    Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", sec. 3.3.

    The key has 64 bits, and count is at most 2**32. The words are (4, count) uint32.

    >>> [hex(word) for word in philox(0, 1)[:, 0]]
    ['0x6627e8d5', '0xe169c58d', '0xbc57ac4c', '0x9b00dbd8']
    """
    m0, m1 = map(np.uint64, MULTIPLIER)
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    a: Array = np.arange(count, dtype=np.uint64)
    b = c = d = np.zeros_like(a)
    for _ in range(ROUNDS):
        p, q = m0 * a, m1 * c
        a, b, c, d = q >> 32 ^ b ^ k0, q & WORD, p >> 32 ^ d ^ k1, p & WORD
        k0, k1 = (k0 + KEY_STEP[0]) & 0xFFFFFFFF, (k1 + KEY_STEP[1]) & 0xFFFFFFFF
    return np.array([a, b, c, d], np.uint32)


def checked_generator(rng: np.random.Generator) -> np.random.Generator:
    """Return the generator; anything else is an InputError.

    >>> checked_generator(0)
    Traceback (most recent call last):
    npgan.errors.InputError: random numbers are drawn from a numpy.random.Generator, not from 0
    """
    if not isinstance(rng, np.random.Generator):
        raise InputError(
            f"random numbers are drawn from a numpy.random.Generator, not from {rng!r}"
        )
    return rng


def key(rng: np.random.Generator) -> int:
    """Draw a key: one word of the generator, however many numbers will be made from it."""
    return checked_generator(rng).bit_generator.random_raw()


def size_of(shape: tuple[int, ...], dtype: np.typing.DTypeLike = np.float32) -> int:
    """Return how many numbers of this shape are to be drawn; their type must be float32 or float64.

    >>> size_of((2, 3))
    6
    """
    if number_type(dtype) not in FLOATS:
        raise InputError("random numbers are real, not complex")
    return count("how many numbers to draw", math.prod(count("a size", n) for n in shape), 0, MOST)


@operation()
def standard_normal(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: np.typing.DTypeLike = np.float32
) -> Array:
    r"""Draw from :math:`N(0, 1)`. Two random words make two numbers.

    They are :math:`\sqrt{-2\ln u}\,(\cos\theta, \sin\theta)`, with u uniform in (0, 1) and :math:`\theta` uniform
    in :math:`[0, 2\pi)` (Box and Muller 1958). As u is at least :math:`2^{-33}`, no number is larger than
    :math:`\sqrt{66 \ln 2} = 6.8`.

    >>> standard_normal(np.random.default_rng(0), (2, 2)).shape
    (2, 2)
    """
    size = size_of(shape, dtype)
    words = philox(key(rng), -(-size // 4)).reshape(2, 2, -1)
    u = (words[:, 0] + 0.5) * 2.0**-32
    theta = words[:, 1] * (2 * math.pi * 2.0**-32)
    radius = np.sqrt(-2 * np.log(u))
    pairs = np.stack([radius * np.cos(theta), radius * np.sin(theta)], axis=1)
    return pairs.reshape(-1)[:size].astype(dtype).reshape(shape)


@operation()
def gumbel(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: np.typing.DTypeLike = np.float32
) -> Array:
    r"""Draw from the standard Gumbel distribution: :math:`g = -\ln(-\ln u)`, with u uniform in (0, 1).

    Its distribution function is :math:`e^{-e^{-g}}`. With probability :math:`\mathrm{softmax}(x)_i`, the
    largest of all is :math:`x_i + g_i`, see :func:`npgan.ops.gumbel_softmax_forward`. As u is a multiple of
    :math:`2^{-32}` plus :math:`2^{-33}`, g is between -3.2 and 22.9.

    >>> gumbel(np.random.default_rng(0), (2, 2)).shape
    (2, 2)
    """
    size = size_of(shape, dtype)
    u = (philox(key(rng), -(-size // 4)).reshape(-1)[:size] + 0.5) * 2.0**-32
    return -np.log(-np.log(u)).astype(dtype).reshape(shape)


@operation()
def uniform(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    low: float,
    high: float,
    dtype: np.typing.DTypeLike = np.float32,
) -> Array:
    r"""Draw from :math:`U[low, high)`, by the generator itself: these are a few numbers, one for each image, say.

    >>> uniform(np.random.default_rng(0), (2,), -1, 1, np.float64).round(4)
    array([ 0.2739, -0.4604])
    """
    size_of(shape, dtype)
    return checked_generator(rng).uniform(low, high, shape).astype(dtype)


def threshold(rate: float) -> int:
    """Return the word below which a share ``rate`` < 1 of all words lies; it has 32 bits."""
    return min(round(fraction("a dropout rate", rate) * 2**32), 2**32 - 1)


@operation()
def dropout_mask(rng: np.random.Generator, shape: tuple[int, ...], rate: float) -> Array:
    r"""Draw a dropout mask, float32: 0 with probability ``rate``, else :math:`1/(1 - rate)`.

    Its mean is 1, so nothing has to be rescaled when dropout is off.

    >>> np.unique(dropout_mask(np.random.default_rng(0), (100,), 0.5))
    array([0., 2.], dtype=float32)
    """
    size = size_of(shape)
    keep = philox(key(rng), -(-size // 4)).reshape(-1)[:size] >= threshold(rate)
    return (keep * np.float32(1 / (1 - rate))).reshape(shape)
