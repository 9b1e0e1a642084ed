"""Where windows lie, and the parts of minimal filtering, by numbers that are worked out by hand."""

from itertools import product

import numpy as np
import pytest

from npgan import InputError
from npgan.models.sizing import resized
from npgan.ops import winograd
from npgan.ops.windows import Geometry, by, pair
from npgan.ops.winograd import Filtering


def test_one_number_stands_for_rows_and_columns():
    assert [pair("it", 3), pair("it", [1, 2]), pair("it", (0, 5))] == [(3, 3), (1, 2), (0, 5)]
    for wrong in ((1, 2, 3), (1,), -1, (0, -1), "ab", 1.5):
        with pytest.raises(InputError, match="it must be"):
            pair("it", wrong)
    with pytest.raises(InputError, match="it must be"):
        pair("it", (1, 0), 1)
    assert by((4, 3)) == "4 x 3"


def test_a_geometry_is_of_numbers_or_pairs():
    assert Geometry.of() == ((1, 1), (0, 0), (1, 1), 1)
    assert Geometry.of((1, 2), (0, 3), 2, 4) == ((1, 2), (0, 3), (2, 2), 4)
    for name, *wrong in (
        ("stride", 0),
        ("padding", 1, -1),
        ("dilation", 1, 0, 0),
        ("groups", 1, 0, 1, 0),
    ):
        with pytest.raises(InputError, match=name):
            Geometry.of(*wrong)


SIZES = [
    (Geometry.of(), (5, 6), (3, 2), (3, 5)), (Geometry.of((2, 3)), (5, 6), (3, 2), (2, 2)),
    (Geometry.of(1, (1, 2)), (5, 6), (3, 2), (5, 9)), (Geometry.of(1, 0, (2, 3)), (5, 6), (3, 2), (1, 3)),
    (Geometry.of(1, 0), (3, 2), (3, 2), (1, 1)), (Geometry.of((3, 2), (1, 0), (1, 2)), (7, 8), (2, 3), (3, 2)),
]  # fmt: skip


@pytest.mark.parametrize(("geometry", "size", "kernel", "found"), SIZES)
def test_a_convolution_makes_as_many_pixels_as_windows_fit(geometry, size, kernel, found):
    assert geometry.smaller(size, kernel) == found


@pytest.mark.parametrize(
    ("geometry", "size", "kernel", "more", "found"),
    [
        (Geometry.of(), (3, 5), (3, 2), (0, 0), (5, 6)), (Geometry.of((2, 3)), (3, 5), (3, 2), (0, 0), (7, 14)),
        (Geometry.of((2, 3), (1, 0)), (3, 5), (3, 2), (1, 2), (6, 16)),
        (Geometry.of(1, 0, (2, 3)), (3, 5), (3, 2), (0, 0), (7, 8)),
        (Geometry.of(1, 1), (1, 1), (3, 3), (0, 0), (1, 1)),
    ],
)  # fmt: skip
def test_a_transposed_convolution_makes_the_least_of_its_sizes(geometry, size, kernel, more, found):
    assert geometry.larger(size, kernel, more) == found


def test_pixels_that_windows_leave_out_are_counted_one_by_one():
    for stride, padding, dilation, k, size in product(
        range(1, 6), range(4), (1, 2), range(1, 4), range(5, 12)
    ):
        if padding > dilation * (k - 1):
            continue  # a window would see nothing but padding
        seen, first = {0}, -padding
        while (last := first + dilation * (k - 1)) < size + padding:
            seen |= set(range(first, last + 1))
            first += stride
        n = size - 1 - max(i for i in seen if i < size)
        words = {0: "", 1: f"of {size} x 40 pixels the last 1 row is in no window"}
        many = f"of {size} x 40 pixels the last {n} rows are in no window"
        geometry = Geometry.of((stride, 1), (padding, 0), (dilation, 1))
        assert geometry.unseen((size, 40), (k, 1)) == words.get(n, many)


def test_windows_that_do_not_fit_are_refused():
    said = "a window of 3 x 2 pixels does not fit into an image of 2 x 9, with its padding 2 x 9"
    with pytest.raises(InputError, match=said):
        Geometry.of().smaller((2, 9), (3, 2))
    with pytest.raises(
        InputError, match=r"window of 1 x 5 .* image of 9 x 2, with its padding 11 x 4"
    ):
        Geometry.of(1, 1).smaller((9, 2), (1, 5))
    for size in ((1, 9), (9, 1)):
        with pytest.raises(InputError, match="a padding of 1 x 1 leaves nothing"):
            Geometry.of(1, 1).larger(size, (2, 2))
    for more in ((2, 0), (0, 3)):
        with pytest.raises(InputError, match=f"below the stride, not {by(more)}"):
            Geometry.of((2, 3)).larger((4, 4), (3, 3), more)


@pytest.mark.parametrize(
    ("geometry", "size", "kernel", "words"),
    [
        (Geometry.of(2), (5, 5), (3, 3), ""), (Geometry.of(2), (5, 6), (3, 3), "the last 1 column is"),
        (Geometry.of(3), (6, 7), (2, 2), "the last 1 row and the last 2 columns are"),
        (Geometry.of(3), (7, 5), (2, 2), "the last 2 rows are"), (Geometry.of(2, 1), (6, 6), (3, 3), ""),
        (Geometry.of(4, 1), (7, 7), (2, 2), "the last 2 rows and the last 2 columns are"),
        (Geometry.of(2, 0, 2), (6, 6), (3, 3), "the last 1 row and the last 1 column are"),
    ],
)  # fmt: skip
def test_pixels_in_no_window_are_named(geometry, size, kernel, words):
    found = f"of {by(size)} pixels {words} in no window" if words else ""
    assert geometry.unseen(size, kernel) == found


@pytest.mark.parametrize(
    "geometry", [Geometry.of(), Geometry.of((2, 3), (1, 2)), Geometry.of(1, 3, (2, 1)), Geometry.of(3, 4)]
)  # fmt: skip
def test_taps_see_the_pixels_of_their_windows(geometry):
    x, kernel = (1, 5, 4, 2), (3, 2)
    height, width = geometry.smaller(x[1:3], kernel)
    (s, t), (p, q), (d, e), _ = geometry
    taps = geometry.taps(x, (1, height, width, 3), (*kernel, 2, 3))
    for (pixels, made, weight), (a, b) in zip(taps, np.ndindex(kernel), strict=True):
        assert weight[:2] == (a, b)
        for axis, (size, n, first, step) in enumerate(
            ((x[1], height, a * d - p, s), (x[2], width, b * e - q, t)), 1
        ):
            both = [(i, i * step + first) for i in range(n) if 0 <= i * step + first < size]
            assert [*range(n)[made[axis]]] == [i for i, _ in both]
            assert [*range(size)[pixels[axis]]] == [i for _, i in both]


def test_taps_of_groups_see_their_own_channels():
    taps = [*Geometry.of(groups=2).taps((1, 2, 2, 4), (1, 2, 2, 6), (1, 1, 2, 6))]
    assert [tap.x[3] for tap in taps] == [slice(0, 2), slice(2, 4)]
    assert [(tap.y[3], tap.weight[3]) for tap in taps] == [(slice(0, 3),) * 2, (slice(3, 6),) * 2]


# --- minimal filtering ---------------------------------------------------------------------------


def test_the_matrices_of_two_taps_are_those_of_the_text():
    pixels, taps, results = winograd.minimal(2, 2)
    assert pixels.tolist() == [[1, -1, 0], [0, 1, 0], [0, -1, 1]]
    assert taps.tolist() == results.tolist() == [[1, 0], [1, 1], [0, 1]]
    assert winograd.absolute(2, 2).pixels.tolist() == np.abs(pixels).tolist()
    last = winograd.minimal(1, 2, 4)
    assert last.pixels.tolist() == [[1, 0], [0, 1]]
    assert (last.taps.tolist(), last.results.tolist()) == ([[1, 0], [0, 1]], [[1], [1]])
    third = winograd.minimal(2, 2, 4)
    assert third.pixels.tolist() == pixels.tolist()


def test_tiles_cover_an_axis():
    assert winograd.tiles(5, 2) == [(0, 2), (2, 2), (4, 1)]
    assert winograd.tiles(4, 4) == [(0, 4)]
    assert winograd.tiles(1, 3) == [(0, 1)]


@pytest.mark.parametrize(
    ("geometry", "taps", "found"),
    [(Geometry.of(), (3, 3), True), (Geometry.of(2), (4, 2), True), (Geometry.of(2), (4, 3), False),
     (Geometry.of(2), (3, 4), False), (Geometry.of(1, 0, 2), (3, 3), False), (Geometry.of((1, 2)), (3, 2), True),
     (Geometry.of(1, 0, (1, 2)), (3, 3), False), (Geometry.of(1, 0, 1, 2), (3, 3), False)],
)  # fmt: skip
def test_strides_that_divide_the_taps_suit(geometry, taps, found):
    assert winograd.suits(geometry, taps) is found


def way(m=3):
    geometry = Geometry.of((2, 1), (1, 2))
    return Filtering(geometry, (4, 2), (6, 5), geometry.smaller((6, 5), (4, 2)), m)


def test_planes_are_the_even_and_odd_rows_with_their_padding():
    it, x = way(), np.arange(1.0, 61).reshape(1, 6, 5, 2)
    assert (it.r, it.y) == ((2, 2), (3, 8))
    planes = it.planes(x)
    assert planes.shape == (1, 4, 9, 4)
    padded = np.zeros((8, 9, 2))
    padded[1:7, 2:7] = x[0]
    np.testing.assert_array_equal(planes[0, :, :, :2], padded[::2])
    np.testing.assert_array_equal(planes[0, :, :, 2:], padded[1::2])
    np.testing.assert_array_equal(it.joined(planes), x)
    assert planes.dtype == it.planes(x).dtype
    assert (
        it.planes(x.astype(np.float32)).dtype == it.joined(planes.astype(np.float32)).dtype == "f4"
    )


def test_a_weight_is_taken_apart_like_its_planes():
    it, weight = way(), np.arange(48.0).reshape(4, 2, 2, 3)
    parts = it.weight(weight)
    assert parts.shape == (2, 2, 4, 3)
    np.testing.assert_array_equal(parts[:, :, :2], weight[::2])
    np.testing.assert_array_equal(parts[:, :, 2:], weight[1::2])
    np.testing.assert_array_equal(it.taps_of(parts), weight)


def test_tiles_of_the_plane_have_their_pixels_and_matrices():
    found = [
        (seen[1:], made[1:], [f.results.shape[1] for f in both])
        for seen, made, both in way().tiles()
    ]
    rows, columns = [(0, 3)], [(0, 3), (3, 3), (6, 2)]
    assert found == [
        ((slice(i, i + a + 1), slice(j, j + b + 1)), (slice(i, i + a), slice(j, j + b)), [a, b])
        for i, a in rows for j, b in columns
    ]  # fmt: skip


def test_the_three_products_are_those_of_the_direct_way():
    it, rng = way(2), np.random.default_rng(0)
    x, weight = rng.standard_normal((2, 6, 5, 2)), rng.standard_normal((4, 2, 2, 3))
    dy = rng.standard_normal((2, *it.y, 3))
    padded = np.pad(x, ((0, 0), (1, 1), (2, 2), (0, 0)))
    y, dx, dw = np.zeros(dy.shape), np.zeros(padded.shape), np.zeros(weight.shape)
    for i, j in np.ndindex(it.y):
        window = slice(None), slice(2 * i, 2 * i + 4), slice(j, j + 2)
        y[:, i, j] = np.einsum("nabc,abco->no", padded[window], weight)
        dx[window] += np.einsum("no,abco->nabc", dy[:, i, j], weight)
        dw += np.einsum("nabc,no->abco", padded[window], dy[:, i, j])
    np.testing.assert_allclose(winograd.outputs(x, weight, it), y, atol=1e-12)
    np.testing.assert_allclose(winograd.inputs(dy, weight, it), dx[:, 1:7, 2:7], atol=1e-12)
    np.testing.assert_allclose(winograd.gradient(x, dy, it), dw, atol=1e-12)


@pytest.mark.parametrize(("most", "roundings"), [(2, 16), (4, 16), (5, 40)])
def test_the_bound_of_rounding_has_its_factor(most, roundings):
    eps = 2.0**-23
    q = (100 + roundings) * eps / 2
    assert winograd.gamma(100, most) == q / (1 - q)
    assert winograd.gamma(100, most, np.float64) == pytest.approx((100 + roundings) * 2.0**-53)


# --- widths of hidden layers ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ("dense 3 1", "dense 30 1"), ("dense 2 latent", "dense 20 latent"), ("relu", "relu"),
        ("dense data 4 fan_in_uniform", "dense data 40 fan_in_uniform"),
        ("dense 8+classes 2*latent", "dense 80+classes 2*latent"),
        ("dense height/4*width/4*3 5", "dense height/4*width/4*30 50"), ("unknown 4 5", "unknown 4 5"),
        ({"a": ["dense 2 3"], "beside": ["dense 2 3"]}, {"a": ["dense 20 30"], "beside": ["dense 2 3"]}),
        (["dense 2 3", ["dense 3 1"]], ["dense 20 30", ["dense 30 1"]]),
    ],
)  # fmt: skip
def test_hidden_widths_are_changed_and_no_others(spec, found):
    assert resized(spec, lambda width: 10 * width) == found
