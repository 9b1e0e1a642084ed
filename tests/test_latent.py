"""Ways through a latent space."""

import numpy as np
import pytest

from npgan import Dense, InputError, NonFiniteError, Sequential, Tanh
from npgan.study import latent
from npgan.study.latent import lerp, slerp

T = np.linspace(0, 1, 9)
NET = Sequential(Dense(3, 16), Tanh(), Dense(16, 8), rng=0)


def image(seed=0, n=4):
    z = np.random.default_rng(seed).standard_normal((n, 3)).astype(np.float32)
    return z, NET(z)


def test_a_search_finds_an_image_that_the_generator_makes():
    _, x = image()
    z = latent.search(NET, x, np.random.default_rng(1), prior=0.0)
    assert np.square(NET(z) - x).sum(axis=1).max() < 1e-3


def test_a_search_looks_at_known_pixels_only():
    _, x = image()
    known = np.array([1, 1, 1, 1, 1, 0, 0, 0], np.float32)
    spoiled = x + 100 * (1 - known)
    z = latent.search(NET, spoiled, np.random.default_rng(1), known=known, prior=0.0)
    assert np.square((NET(z) - x) * known).sum(axis=1).max() < 1e-3


def test_a_prior_draws_the_code_to_0():
    _, x = image()
    weak, strong = (latent.search(NET, x, np.random.default_rng(1), prior=p) for p in (0.0, 10.0))
    assert np.linalg.norm(strong) < np.linalg.norm(weak) / 2


def test_a_search_is_replayed_by_its_seed_and_the_best_of_its_restarts_is_returned():
    _, x = image()
    a, b = (latent.search(NET, x, np.random.default_rng(1), steps=5, restarts=8) for _ in range(2))
    one = latent.search(NET, x, np.random.default_rng(1), steps=5, restarts=1)
    np.testing.assert_array_equal(a, b)
    assert np.square(NET(a) - x).sum() < np.square(NET(one) - x).sum()


def test_the_restart_returned_has_the_least_loss_where_the_image_is_known():
    _, x = image(n=40)
    known = np.array([1, 1, 1, 1, 1, 0, 0, 0], np.float32)
    still = {"steps": 1, "lr": 1e-6, "restarts": 30, "prior": 0.3}
    z = latent.search(NET, x + 5 * (1 - known), np.random.default_rng(1), known=known, **still)
    begun = np.random.default_rng(1).standard_normal((len(x), 30, 3)).astype(np.float32)
    for found, image_, starts in zip(z, x, begun, strict=True):
        loss = (known * np.square(NET(starts) - image_)).sum(axis=1)
        loss += 0.3 * np.square(starts).sum(axis=1) / 2
        np.testing.assert_allclose(found, starts[loss.argmin()], atol=1e-4)


@pytest.mark.parametrize("words", [{"restarts": 0}, {"steps": 0}, {"prior": -1.0}])
def test_what_cannot_be_searched(words):
    with pytest.raises(InputError):
        latent.search(NET, image()[1], np.random.default_rng(0), **words)


@pytest.mark.parametrize("way", [lerp, slerp])
@pytest.mark.parametrize(
    ("a", "b", "t"),
    [([], [], T), ([1e200, 0], [1, 1], T), ([1, 1], [1e200, 0], T), ([1, 1], [1, 1, 1], T),
     ([1, 1], [0, 1], [1e200])],
)  # fmt: skip
def test_what_has_no_way(way, a, b, t):
    with pytest.raises(InputError):
        way(np.array(a, np.float64), np.array(b, np.float64), np.array(t))


@pytest.mark.parametrize("way", [lerp, slerp])
def test_ways_begin_and_end_where_they_should(way):
    a, b = np.random.default_rng(0).standard_normal((2, 5))
    path = way(a, b, T)
    np.testing.assert_allclose(path[[0, -1]], [a, b], atol=1e-12)
    np.testing.assert_allclose(way(b, a, T)[::-1], path, atol=1e-12)


def test_a_spherical_way_has_a_constant_angular_speed_and_lengths_between_those_of_its_ends():
    a, b = np.random.default_rng(0).standard_normal((2, 50))
    path = slerp(a, 2 * b, T)
    lengths = np.linalg.norm(path, axis=1)
    np.testing.assert_allclose(np.diff(lengths), (lengths[-1] - lengths[0]) / 8)
    directions = path / lengths[:, None]
    np.testing.assert_allclose(
        np.ptp((directions[1:] * directions[:-1]).sum(axis=1)), 0, atol=1e-12
    )
    assert (
        np.linalg.norm(lerp(a, b, T), axis=1)[4] < 0.8 * np.linalg.norm(slerp(a, b, T), axis=1)[4]
    )


def test_parallel_vectors_are_joined_by_a_straight_way():
    a = np.array([1.0, 2.0])
    np.testing.assert_allclose(slerp(a, 3 * a, T), lerp(a, 3 * a, T))


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_a_way_along_a_sphere_has_any_size(size):
    a, b = np.float32([[1, 0, 1], [0, 2, 1]])
    path = slerp(np.float32(size) * a, np.float32(size) * b, T)
    np.testing.assert_allclose(path / size, slerp(a, b, T), rtol=1e-5, atol=1e-6)


def test_0_and_opposite_vectors_have_no_way_along_a_sphere():
    a = np.array([1.0, 2.0])
    for other in (0 * a, -a):
        with pytest.raises(InputError):
            slerp(a, other, T)


@pytest.mark.parametrize("known", [1.0, 0.5, np.array([1, 0, 1, 1, 0.25, 0, 1, 1])])
def test_a_search_is_adams_way_down_the_loss(known):
    """From the same draws, step by step, with the gradient of a linear generator as a book writes it."""
    net = Sequential(Dense(3, 8, rng=2)).astype(np.float64)
    w, b = net.parameters["0.weight"], net.parameters["0.bias"]
    x = np.random.default_rng(0).standard_normal((2, 8))
    z = np.random.default_rng(1).standard_normal((2, 3))
    first = second = 0
    for t in range(1, 6):
        slope = 2 * known * (z @ w + b - x) @ w.T + 0.3 * z
        first, second = 0.9 * first + 0.1 * slope, 0.99 * second + 0.01 * slope**2
        z = z - 0.05 * first / (1 - 0.9**t) / (np.sqrt(second / (1 - 0.99**t)) + 1e-8)
    words = {"steps": 5, "restarts": 1, "lr": 0.05, "prior": 0.3}
    found = latent.search(net, x, np.random.default_rng(1), known=known, **words)
    np.testing.assert_allclose(found, z, rtol=1e-9)


def test_a_search_has_a_mask_for_all_rows_or_for_each():
    _, x = image()
    masks = np.random.default_rng(3).random((4, 8)) > 0.5
    words = {"steps": 9, "restarts": 1}
    each = latent.search(NET, x, np.random.default_rng(1), known=masks * 1.0, **words)
    for i, mask in enumerate(masks):
        same = latent.search(NET, x, np.random.default_rng(1), known=mask * 1.0, **words)
        np.testing.assert_allclose(each[i], same[i], atol=1e-6)


@pytest.mark.parametrize(
    "known", [np.ones(7), np.ones((3, 8)), np.ones((4, 7)), np.ones((1, 4, 8)), 1.5, -0.5, np.nan]
)
def test_what_is_no_mask_of_the_rows_is_refused(known):
    with pytest.raises(InputError, match="known"):
        latent.search(NET, image()[1], np.random.default_rng(0), known=known, steps=1)


def test_an_image_is_searched_for_alone():
    _, x = image(n=1)
    z = latent.search(NET, x, np.random.default_rng(1), prior=0.0)
    np.testing.assert_allclose(NET(z), x, atol=0.03)


def test_a_search_tells_how_far_it_has_got():
    told = []
    latent.search(
        NET, image()[1], np.random.default_rng(0), steps=3, progress=lambda r: told.append(r) or r
    )
    assert told == [range(3)]


def test_a_search_that_diverges_says_so(recwarn):
    with pytest.raises(NonFiniteError, match="try a smaller lr or prior"):
        latent.search(NET, image()[1], np.random.default_rng(0), steps=3, lr=1e38)
    with pytest.raises(InputError, match="decoder"):
        latent.search(lambda z: z, image()[1], np.random.default_rng(0))
    for x in (np.zeros((0, 8), np.float32), np.zeros((2, 7), np.float32), np.zeros((2, 8), int)):
        with pytest.raises(InputError, match=r"^x must"):
            latent.search(NET, x, np.random.default_rng(0))
    assert not recwarn


def test_a_search_is_one_of_single_precision_where_the_generator_is():
    _, x = image()
    z = latent.search(NET, x.astype(np.float64), np.random.default_rng(1), steps=2)
    assert (z.shape, z.dtype) == ((4, 3), np.float32)
    np.testing.assert_array_equal(z, latent.search(NET, x, np.random.default_rng(1), steps=2))


@pytest.mark.parametrize(("angle", "fits"), [(1.5e-6, True), (0.8e-6, False), (0, False)])
def test_nearly_opposite_vectors_have_a_way_as_long_as_their_plane_is_known(angle, fits):
    a, b = np.array([2.0, 0.0]), 2 * np.array([np.cos(np.pi - angle), np.sin(np.pi - angle)])
    if not fits:
        with pytest.raises(InputError, match="opposite"):
            slerp(a, b, T)
        return
    np.testing.assert_allclose(slerp(a, b, np.array([0.5])), [[0, 2]], atol=1e-4)


@pytest.mark.parametrize("angle", [0, 1e-9, 1e-5, 0.1])
def test_a_way_between_near_vectors_turns_by_equal_angles(angle):
    b = np.array([np.cos(angle), np.sin(angle)])
    path = slerp(np.array([1.0, 0.0]), 4 * b, T)
    expected = np.stack([np.cos(T * angle), np.sin(T * angle)], axis=1) * (1 + 3 * T[:, None])
    np.testing.assert_allclose(path, expected, rtol=1e-9, atol=1e-14)


def test_there_is_no_way_from_or_to_0():
    a = np.array([1.0, 2.0])
    for ends in ((a, 0 * a), (0 * a, a)):
        with pytest.raises(InputError, match="from or to 0"):
            slerp(*ends, T)


@pytest.mark.parametrize("way", [lerp, slerp])
def test_a_way_has_a_row_for_each_t_also_beyond_its_ends(way):
    a, b = np.array([1.0, 0.0]), np.array([0.6, 0.8])
    assert way(a, b, np.array([])).shape == (0, 2)
    assert way(a, b, np.array([-0.5, 2.0])).shape == (2, 2)
    assert way(a[:1], a[:1], np.array([0.5])).tolist() == [[1]]
    np.testing.assert_allclose(lerp(a, b, np.array([2.0])), [2 * b - a])
