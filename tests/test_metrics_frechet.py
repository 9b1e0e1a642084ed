"""The Fréchet distance has its closed forms and its invariances."""

import numpy as np
import pytest

from npgan.errors import InputError
from npgan.metrics import PCA, frechet, frechet_distance

N = 50_000


def whitened(rng, n, d):
    """Return features of mean 0 and covariance I, both exactly."""
    x = rng.standard_normal((n, d))
    x -= x.mean(axis=0)
    return np.linalg.qr(x)[0] * np.sqrt(n - 1)


def spread(rng, d):
    """Return a random (d, d) matrix with a positive determinant."""
    return rng.standard_normal((d, d)) + 3 * np.eye(d)


def test_frechet_of_commuting_covariances_is_the_distance_of_means_and_deviations(rng):
    deviations = rng.uniform(0.1, 3, (2, 5))
    means = rng.standard_normal((2, 5))
    a, b = (whitened(rng, 100, 5) * s + m for s, m in zip(deviations, means, strict=True))
    expected = np.square(np.subtract(*means)).sum() + np.square(np.subtract(*deviations)).sum()
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-12)


def test_two_rows_have_a_covariance_and_a_frechet_distance():
    a = np.array([[-1.0], [1.0]])
    expected = 5**2 + np.square(np.sqrt(8) - np.sqrt(2))  # means and deviations
    assert frechet_distance(a, 2 * a + 5) == pytest.approx(expected)
    with pytest.raises(InputError, match="b"):
        frechet_distance(a, a[:1])


def test_frechet_in_two_dimensions_has_a_closed_form(rng):
    # (Sa Sb)^(1/2) has the eigenvalues r, s with r s = sqrt(det) and r^2 + s^2 = trace of Sa Sb
    maps = spread(rng, 2), spread(rng, 2)
    cov_a, cov_b = (m.T @ m for m in maps)
    product = cov_a @ cov_b
    root_trace = np.sqrt(np.trace(product) + 2 * np.sqrt(np.linalg.det(product)))
    expected = np.trace(cov_a + cov_b) - 2 * root_trace
    a, b = (whitened(rng, 100, 2) @ m for m in maps)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-11)


def test_frechet_of_large_samples_is_that_of_their_distributions(rng):
    a = rng.standard_normal((N, 3))
    b = 2 * rng.standard_normal((N, 3)) + [1, 0, -1]
    assert frechet_distance(a, b) == pytest.approx(3 * (2 - 1) ** 2 + 2, rel=0.03)


def test_frechet_is_symmetric_and_invariant_to_rotation_and_shift(rng):
    a, b = (rng.standard_normal((200, 6)) @ spread(rng, 6) for _ in range(2))
    rotation = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    value = frechet_distance(a, b)
    assert frechet_distance(b, a) == pytest.approx(value, rel=1e-12)
    assert frechet_distance(a @ rotation + 5, b @ rotation + 5) == pytest.approx(value, rel=1e-11)


def test_frechet_of_identical_sets_is_zero_even_where_features_are_dead(rng):
    a = rng.standard_normal((100, 64)) * np.where(np.arange(64) % 3, 100, 0)
    assert abs(frechet_distance(a, a[::-1])) < 1e-12 * np.square(a).mean() * 64


def test_frechet_and_components_do_not_depend_on_where_the_data_lies(rng):
    a, b = (np.round(64 * rng.standard_normal((3000, 3)) * [1, 2, 3]) / 64 for _ in range(2))
    assert frechet_distance(a + 2**30, b + 2**30) == pytest.approx(frechet_distance(a, b), rel=1e-9)
    apart = np.array([2**30, 0, -(2**29)])
    assert frechet_distance(a + apart, b + apart) == pytest.approx(frechet_distance(a, b), rel=1e-9)
    near, far = PCA(a, 2), PCA(a + 2**30, 2)
    np.testing.assert_allclose(far.directions, near.directions, atol=1e-9)
    np.testing.assert_allclose(far.encode(a + 2**30), near.encode(a), atol=1e-5)
    single = np.full((30_000, 2), 1000.1, np.float32)
    np.testing.assert_allclose(PCA(single, 1).mean, single[0], rtol=1e-12)
    assert frechet_distance(single, single) == 0


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (np.zeros((1, 2)), np.zeros((5, 2))),
        (np.zeros((5, 2)), np.zeros((0, 2))),
        (np.zeros((5, 2)), np.zeros((5, 3))),
        (np.zeros(5), np.zeros(5)),
        (np.full((5, 2), np.nan), np.zeros((5, 2))),
    ],
)
def test_frechet_refuses_features_that_fit_no_gaussian(a, b):
    with pytest.raises(InputError):
        frechet_distance(a, b)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("k", [0, 3, 1.5])
def test_components_are_at_least_one_and_at_most_as_many_as_features(k, rng):
    with pytest.raises(InputError, match="the width of a code of principal components"):
        PCA(rng.random((5, 2)), k)
    assert PCA(rng.random((2, 2)), 1).directions.shape == (2, 1)
    assert PCA(rng.random((5, 2)), 2).directions.shape == (2, 2)


def test_components_beyond_the_rows_are_at_right_angles_to_the_others(rng):
    x = rng.random((3, 6))
    for k in (2, 3, 5, 6):
        pca = PCA(x, k)
        np.testing.assert_allclose(pca.directions.T @ pca.directions, np.eye(k), atol=1e-12)
        np.testing.assert_allclose(pca.decode(pca.encode(x)), x, atol=1e-12)


def test_rows_and_codes_of_another_width_have_no_components(rng):
    pca = PCA(rng.random((9, 3)), 2)
    for way, width in ((pca.encode, 2), (pca.encode, 1), (pca.decode, 3), (pca.decode, 1)):
        with pytest.raises(InputError):
            way(rng.random((4, width)))


def test_components_are_in_the_order_of_their_variances(rng):
    pca = PCA(rng.standard_normal((500, 3)) * [1, 9, 3] + 7, 3)
    np.testing.assert_allclose(abs(pca.directions), np.eye(3)[:, [1, 2, 0]], atol=0.1)
    np.testing.assert_allclose(pca.mean, 7, atol=2)


@pytest.mark.parametrize("measure", [frechet_distance, lambda a, _: PCA(a, 1)])
def test_numbers_that_cannot_be_squared_are_refused(measure, rng):
    large = rng.random((5, 2))
    large[2, 1] = 1e101
    with pytest.raises(InputError, match="in \\[-1e\\+100, 1e\\+100\\]"):
        measure(large, large)


def test_features_in_single_precision_are_compared_in_double(rng):
    a, b = (rng.random((50, 4), np.float32) for _ in range(2))
    expected = frechet_distance(a.astype(np.float64), b.astype(np.float64))
    assert frechet_distance(a, b) == expected
    assert PCA(a, 2).directions.dtype == np.float64


@pytest.mark.parametrize(("n", "m"), [(5, 9), (5, 40), (40, 5), (12, 13)])
def test_frechet_of_fewer_rows_than_features_is_the_same_without_their_covariances(rng, n, m):
    a, b = rng.normal(size=(n, 12)), 2 * rng.normal(size=(m, 12)) + 1
    covariances = [np.cov(x.T) for x in (a, b)]
    values = np.linalg.eigvals(covariances[0] @ covariances[1]).real
    expected = np.square(a.mean(0) - b.mean(0)).sum() + sum(map(np.trace, covariances))
    expected -= 2 * np.sqrt(np.maximum(values, 0)).sum()
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("block", [1, 100, 2**24])
@pytest.mark.parametrize(("n", "m"), [(40, 5), (5, 40), (40, 30)])
def test_frechet_does_not_depend_on_the_columns_held_at_a_time(rng, monkeypatch, n, m, block):
    a, b = rng.normal(size=(n, 12)) + 1e4, 2 * rng.normal(size=(m, 12)) + 1e4
    covariances = [np.cov(x.T) for x in (a, b)]
    values, vectors = np.linalg.eigh(covariances[0])
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    rank = min(n - 1, m - 1, 12)  # the others are rounding errors, whose roots are large
    roots = np.sqrt(np.linalg.eigvalsh(root @ covariances[1] @ root)[-rank:])
    expected = np.square(a.mean(0) - b.mean(0)).sum() + sum(map(np.trace, covariances))
    monkeypatch.setattr(frechet, "BLOCK", block)
    assert frechet_distance(a, b) == pytest.approx(expected - 2 * roots.sum(), rel=1e-9)


def test_few_rows_among_many_take_no_covariance_of_all_columns(rng, monkeypatch):
    monkeypatch.setattr(np.linalg, "eigh", None)
    assert frechet_distance(rng.normal(size=(60, 40)), rng.normal(size=(5, 40))) > 0


def test_frechet_of_few_large_images_takes_no_matrix_of_all_their_pairs_of_pixels(rng):
    a = rng.normal(size=(4, 100_000))  # 80 GB would be the covariance
    assert frechet_distance(a, a + 1) == pytest.approx(100_000, rel=1e-6)


def test_components_of_fewer_rows_than_columns_are_those_of_the_covariance(rng):
    x = rng.normal(size=(6, 9))
    found, values = PCA(x, 4).directions, np.linalg.eigvalsh(np.cov(x.T))[:-5:-1]
    np.testing.assert_allclose(np.cov(x.T) @ found, found * values, atol=1e-12)
    np.testing.assert_allclose(found.T @ found, np.eye(4), atol=1e-12)


def test_as_many_components_as_rows_are_found_by_the_rows_and_others_by_columns(monkeypatch, rng):
    rows = {"svd": [(3, 5, 3), (3, 5, 1)], "eigh": [(5, 5, 2), (6, 5, 2), (3, 5, 4)]}
    for way, cases in rows.items():
        with monkeypatch.context() as patch:
            patch.setattr(np.linalg, "eigh" if way == "svd" else "svd", None)
            for n, d, k in cases:
                assert PCA(rng.random((n, d)), k).directions.shape == (d, k)
