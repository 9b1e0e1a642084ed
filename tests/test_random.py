"""Random numbers from a counter: known words, and the moments of what is made of them."""

from math import cos, log, pi, sin, sqrt

import numpy as np
import pytest

from npgan import InputError, ops


def philox(key, count):
    return ops.random.philox(key, count)


def test_philox_gives_the_published_words():
    # Random123's known answer for counter 0 and key 0, which the rounds' own steps still stir
    words = [f"{word:08x}" for word in philox(0, 1)[:, 0]]
    assert words == ["6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"]


def test_a_word_at_the_threshold_is_kept():
    words = philox(ops.random.key(np.random.default_rng(0)), 4).reshape(-1)
    for word in words[words < 2**32 - 1]:
        mask = ops.dropout_mask(np.random.default_rng(0), (16,), int(word) / 2**32)
        np.testing.assert_array_equal(mask > 0, words >= word)


def test_words_differ_between_counters_and_between_keys():
    words = np.concatenate([philox(key, 10_000) for key in (0, 1, 1 << 32)])
    assert words.shape == (12, 10_000)
    assert len(np.unique(words)) > 0.9999 * words.size


def test_every_bit_is_set_half_of_the_time_and_flips_with_half_of_the_keys_bits():
    n = 10_000
    for words in (philox(12345, n), philox(12345, n) ^ philox(12345 ^ 1 << 40, n)):
        bits = np.unpackbits(words.view(np.uint8).reshape(4, n, 4), axis=2)
        assert (abs(bits.mean(axis=1) - 0.5) < 6 * 0.5 / np.sqrt(n)).all()


def normal_cdf(x):
    from math import erf, sqrt

    return np.array([0.5 * (1 + erf(v / sqrt(2))) for v in x])


def test_normal_numbers_have_the_normal_distribution():
    n = 40_000
    z = ops.standard_normal(np.random.default_rng(0), (n,), np.float64)
    # the k-th moment of N(0, 1) is (k - 1)!! for even k; its estimate varies by (E z^2k - E z^k^2) / n
    for k, moment, square in ((1, 0, 1), (2, 1, 3), (3, 0, 15), (4, 3, 105), (6, 15, 10395)):
        assert abs((z**k).mean() - moment) < 5 * np.sqrt((square - moment**2) / n), k
    for lag in (1, n // 4, n // 2):  # neighbours, and numbers of one counter
        a, b = z[:-lag], z[lag:]
        assert abs((a * b).mean()) < 5 / np.sqrt(len(a)), lag
        assert abs((a**2 * b**2).mean() - 1) < 5 * np.sqrt(8 / len(a)), lag
    gap = abs(normal_cdf(np.sort(z)) - (np.arange(n) + 0.5) / n).max()
    assert gap < 2 / np.sqrt(n), "Kolmogorov and Smirnov: p below .001 otherwise"


@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 5)])
def test_shape_and_dtype_are_what_was_asked_for(shape):
    for dtype in (np.float32, np.float64):
        z = ops.standard_normal(np.random.default_rng(0), shape, dtype)
        assert (z.shape, z.dtype) == (shape, dtype)


def test_both_precisions_draw_the_same_numbers():
    single, double = (
        ops.standard_normal(np.random.default_rng(3), (999,), t) for t in (np.float32, np.float64)
    )
    np.testing.assert_array_equal(single, double.astype(np.float32))


@pytest.mark.parametrize("n", [1, 4, 7])
def test_each_number_is_made_of_its_words(n):
    blocks = -(-n // 4)
    words = philox(ops.random.key(np.random.default_rng(5)), blocks).tolist()
    normal, gumbel = [], [-log(-log((word + 0.5) / 2**32)) for row in words for word in row]
    for first, second in (words[:2], words[2:]):  # a radius and an angle make two numbers
        polar = [
            (sqrt(-2 * log((u + 0.5) / 2**32)), 2 * pi * v / 2**32)
            for u, v in zip(first, second, strict=True)
        ]
        normal += [radius * turn(angle) for turn in (cos, sin) for radius, angle in polar]
    for name, expected in ("standard_normal", normal), ("gumbel", gumbel):
        drawn = getattr(ops, name)(np.random.default_rng(5), (n,), np.float64)
        np.testing.assert_allclose(drawn, expected[:n], rtol=1e-12)
        single = getattr(ops, name)(np.random.default_rng(5), (n, 1))
        np.testing.assert_array_equal(single, drawn[:, None].astype(np.float32), strict=True)


@pytest.mark.parametrize(
    ("shape", "size"),
    [((), 1), ((0,), 0), ((2, 3), 6), ((2**17, 2**17), 2**34), ((2**34 + 1,), None), ((-1,), None)],
)
def test_so_many_numbers_are_drawn_at_once_at_most(shape, size):
    if size is None:
        with pytest.raises(InputError, match="must be a whole number"):
            ops.random.size_of(shape)
    else:
        assert ops.random.size_of(shape, np.float64) == size


def test_complex_numbers_are_not_drawn_and_numbers_not_without_a_generator():
    rng = np.random.default_rng(0)
    for draw in (
        lambda: ops.standard_normal(rng, (2,), np.complex64),
        lambda: ops.gumbel(rng, (2,), np.complex128),
        lambda: ops.uniform(rng, (2,), 0, 1, np.complex64),
    ):
        with pytest.raises(InputError, match="random numbers are real"):
            draw()
    for draw in (
        lambda: ops.standard_normal(0, (2,)),
        lambda: ops.gumbel(None, (2,)),
        lambda: ops.uniform(np.random, (2,), 0, 1),
        lambda: ops.dropout_mask(0, (2,), 0.5),
    ):
        with pytest.raises(InputError, match=r"drawn from a numpy\.random\.Generator, not from"):
            draw()


def test_uniform_numbers_are_the_generators_between_their_limits():
    expected = np.random.default_rng(3).uniform(-1, 4, (2, 3))
    drawn = ops.uniform(np.random.default_rng(3), (2, 3), -1, 4, np.float64)
    np.testing.assert_array_equal(drawn, expected, strict=True)
    single = ops.uniform(np.random.default_rng(3), (2, 3), -1, 4)
    np.testing.assert_array_equal(single, expected.astype(np.float32), strict=True)


@pytest.mark.parametrize(
    ("rate", "word"),
    [(0.0, 0), (0.25, 2**30), (0.5, 2**31), (1 / 3, 1431655765), (1 - 2**-32, 2**32 - 1),
     (1 - 2**-40, 2**32 - 1)],
)  # fmt: skip
def test_a_share_of_all_words_lies_below_the_threshold(rate, word):
    assert ops.random.threshold(rate) == word


@pytest.mark.parametrize(("rate", "kept"), [(0.0, 1.0), (0.2, 1.25), (0.75, 4.0)])
def test_what_dropout_keeps_is_scaled_so_that_its_mean_stays(rate, kept):
    mask = ops.dropout_mask(np.random.default_rng(0), (50, 3), rate)
    assert (mask.shape, mask.dtype) == ((50, 3), np.float32)
    assert set(mask.ravel().tolist()) == {kept} | ({0.0} if rate else set())
