"""Winograd's minimal filtering: the same convolutions by fewer products, and how far rounding takes them."""

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_second_order import random

from npgan import ops
from npgan.ops.windows import Geometry
from npgan.ops.winograd import Filtering, absolute, gamma, gradient, inputs, minimal, outputs

FORMS = [(2, 1), (3, 1), (4, 2)]
"""Taps along an axis, and strides."""


@st.composite
def filterings(draw, forms=FORMS, most=9):
    """Draw a convolution that has a minimal filtering."""
    (k, s), padding = draw(st.sampled_from(forms)), draw(st.tuples(*[st.integers(0, 3)] * 2))
    size = draw(st.tuples(*[st.integers(k, most)] * 2))
    geometry = Geometry.of(s, padding)
    m = draw(st.integers(5 - k // s, 6 - k // s))  # four points, or five
    return Filtering(geometry, (k, k), size, geometry.smaller(size, (k, k)), m)


def arrays(way, i, o, n=2):
    """Return images, a weight and gradients for it."""
    return (
        random(n, *way.x, i),
        random(*way.taps, i, o, seed=1),
        random(n, *way.y, o, seed=2),
    )


def direct(x, weight, dy, way):
    """Return the three products as the direct way computes them."""
    (_, _, _, o), dweight = weight.shape, np.zeros_like(weight)
    ops.conv2d_backward_parameters(dy, x, dweight, np.zeros(o, x.dtype), *way.geometry)
    return (
        ops.conv2d_forward(x, weight, np.zeros(o, x.dtype), *way.geometry),
        ops.conv2d_backward_input(dy, weight, way.x, *way.geometry),
        dweight,
    )


def filtered(x, weight, dy, way):
    """Return the same by minimal filtering."""
    return outputs(x, weight, way), inputs(dy, weight, way), gradient(x, dy, way)


def bounds(x, weight, dy, way):
    """Return how far rounding in float32 may take the three products."""
    x, weight, dy = (np.abs(a.astype(np.float64)) for a in (x, weight, dy))
    largest = filtered(x, weight, dy, way._replace(matrices=absolute))
    i, o = weight.shape[2:]
    terms = i * way.geometry.stride[0] ** 2, o, len(x) * way.y[0] * way.y[1]
    most = way.m + max(way.r) - 1
    return [gamma(k, most) * product for k, product in zip(terms, largest, strict=True)]


def test_nine_products_replace_sixteen():
    count, d, g = [], random(3, 3), random(2, 2, seed=1)

    def of_numbers(a, b):
        count.append(1)
        return a * b

    def of_rows(a, b):
        return naive.pair_of_two_taps(a, b, of_numbers)

    made = naive.pair_of_two_taps(d.tolist(), g.tolist(), of_rows)
    way = Filtering(Geometry.of(), (2, 2), (3, 3), (2, 2), 2)
    y = outputs(d.reshape(1, 3, 3, 1), g.reshape(2, 2, 1, 1), way)
    np.testing.assert_allclose(made, y[0, :, :, 0], atol=1e-14)
    assert len(count) == 9


@pytest.mark.parametrize(("m", "r"), [(m, r) for m in range(1, 5) for r in (2, 3)][:-1])
def test_the_matrices_filter(m, r):
    d, g = random(m + r - 1), random(r, seed=1)
    f = minimal(m, r)
    y = f.results.T @ ((f.taps @ g) * (f.pixels @ d))
    np.testing.assert_allclose(y, np.correlate(d, g), atol=1e-14)


def test_the_matrices_are_at_the_first_points_of_as_many_as_are_needed_or_asked_for():
    pixels = [[1, -1, 0], [0, 1, 0], [0, -1, 1]]
    for most in ((), (0,), (3,), (4,)):
        assert minimal(2, 2, *most).pixels.tolist() == pixels
        assert absolute(2, 2, *most).pixels.tolist() == np.abs(pixels).tolist()
    taps = np.array([1 / 3, -4 / 3])
    np.testing.assert_allclose(minimal(2, 2, 5).taps, [[1, taps[0]], [1, taps[1]], [0, 1]])
    for mine, its in zip(absolute(2, 2, 5), minimal(2, 2, 5), strict=True):
        np.testing.assert_array_equal(mine, abs(its))


@given(filterings([*FORMS, (6, 2), (2, 2)]), st.integers(1, 4))
@settings(deadline=None)
def test_the_three_products_are_the_convolution_s(way, m):
    given = (*arrays(way, 3, 4), way._replace(m=min(m, 6 - max(way.r))))
    for mine, expected in zip(filtered(*given), direct(*given), strict=True):
        np.testing.assert_allclose(mine, expected, atol=1e-10)


@pytest.mark.parametrize("size", [(8, 11), (11, 8)])
def test_pixels_that_no_window_sees_are_left_out(size):
    geometry = Geometry.of(4, 1)
    way = Filtering(geometry, (4, 4), size, geometry.smaller(size, (4, 4)), 3)
    given = (*arrays(way, 3, 4), way)
    for mine, expected in zip(filtered(*given), direct(*given), strict=True):
        np.testing.assert_allclose(mine, expected, atol=1e-10)


def _spread(a, rng):
    """Return numbers of very different sizes."""
    return a * 10.0 ** rng.uniform(-6, 6, a.shape)


def _chequered(a, rng):
    """Return large numbers of alternating signs, which cancel but for a small rest."""
    return a + 1e6 * (-1.0) ** np.indices(a.shape[1:3]).sum(axis=0)[:, :, None]


def _one_large(a, rng):
    """Return images with one large pixel, which spoils its tile."""
    a[:, a.shape[1] // 2, a.shape[2] // 2] = 1e8
    return a


ADVERSARIAL = {
    "constant": lambda a, rng: np.full_like(a, 1 / 3),
    "large with a small rest": lambda a, rng: 1e6 + a,
    "of many sizes": _spread,
    "alternating": _chequered,
    "one large pixel": _one_large,
    "random": lambda a, rng: a,
}


@given(filterings(), st.sampled_from(sorted(ADVERSARIAL)), st.integers(0, 99))
@settings(deadline=None)
def test_rounding_keeps_its_bound(way, name, seed):
    rng = np.random.default_rng(seed)
    made = [ADVERSARIAL[name](a, rng).astype(np.float32) for a in arrays(way, 16, 8)]
    exact = direct(*(a.astype(np.float64) for a in made), way)
    triples = zip(filtered(*made, way), exact, bounds(*made, way), strict=True)
    for value, right, bound in triples:
        assert value.dtype == np.float32
        assert (abs(value - right) <= bound).all()


@pytest.mark.parametrize(("points", "times"), [(4, 16), (5, 62)])
@pytest.mark.parametrize("form", FORMS)
def test_the_bound_is_so_many_times_that_of_the_direct_way(form, points, times):
    (k, s) = form
    m = points + 1 - k // s
    way = Filtering(Geometry.of(s, 1), (k, k), (14, 14), ((16 - k) // s + 1,) * 2, m)
    x, dy = np.ones((1, 14, 14, 1)), np.ones((1, *way.y, 1))
    for tap in np.ndindex(k, k):
        weight = np.zeros((k, k, 1, 1))
        weight[tap] = 1
        mine = filtered(x, weight, dy, way._replace(matrices=absolute))
        dweight = direct(x, weight, dy, way)[2]
        assert mine[0].max() <= times
        assert mine[1].max() <= times
        assert (mine[2] <= times * dweight).all()
