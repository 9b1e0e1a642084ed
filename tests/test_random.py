"""Random numbers from a counter: known words, and the moments of what is made of them."""

import numpy as np
import pytest

from npgan import ops


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
