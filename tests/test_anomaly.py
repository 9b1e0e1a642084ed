"""Scores of anomalies are what they say, and each model has those of its kind."""

from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from npgan import (
    GAN,
    VAE,
    Autoencoder,
    BatchNorm,
    Classifier,
    ConditionalGAN,
    Dense,
    InputError,
    Sequential,
    Sigmoid,
    TableVAE,
    Tanh,
    metrics,
)
from npgan.metrics import PCA
from npgan.study import anomaly, latent


def points(*shape, seed=0):
    return np.random.default_rng(seed).random(shape, np.float32)


@pytest.mark.parametrize("shape", [(6, 6), (6, 6, 1), (4, 7), (5, 3, 3)])
def test_a_blur_weights_neighbours_in_both_directions_by_the_binomial(shape):
    images, (height, width, *_) = points(2, *shape), shape
    padded = np.pad(images.astype(np.float64), [(0, 0), (2, 2), (2, 2), (0, 0)][: 1 + len(shape)])
    weights = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
    expected = sum(
        weights[i, j] * padded[:, i : i + height, j : j + width] for i in range(5) for j in range(5)
    )
    found = anomaly.blurred(images.reshape(2, -1), shape)
    np.testing.assert_allclose(found.reshape(images.shape), expected, rtol=1e-5)
    assert found.dtype == np.float32


@pytest.mark.parametrize("shape", [None, (5, 5)])
def test_directions_are_rows_of_length_1_and_blurred_where_they_are_images(shape):
    x = np.vstack([points(3, 25), np.zeros((1, 25), np.float32)])
    blurred = x if shape is None else anomaly.blurred(x, shape)
    lengths = np.linalg.norm(blurred, axis=1, keepdims=True)
    np.testing.assert_allclose(
        anomaly.directions(x, shape), blurred / np.maximum(lengths, 1e-9), rtol=1e-5
    )


@pytest.mark.parametrize("d", [4, 9, 16])
def test_rows_of_a_square_number_of_features_are_no_images(d):
    coder = Autoencoder(network(d, 2), network(2, d))
    assert set(anomaly.scores_for(coder)) == {
        *("reconstruction", "latent", "principal components", "nearest rows")
    }
    x, y = points(5, d), coder.reconstruct(points(5, d))
    cosines = (x * y).sum(axis=1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)
    found = anomaly.angle(coder, x, x, np.random.default_rng(0))
    np.testing.assert_allclose(found, 1 - cosines, atol=1e-5)


def test_a_shape_must_make_the_features():
    coder, x = Autoencoder(network(4, 2), network(2, 4)), points(5, 4)
    with pytest.raises(InputError, match="that make 4 numbers"):
        anomaly.scores_for(coder, (2, 3))
    with pytest.raises(InputError, match="that make 4 numbers"):
        anomaly.reconstruction(coder, x, x, np.random.default_rng(0), (2, 3))


def test_rows_of_a_table_are_compared_one_hot():
    vae = TableVAE(network(3, 4), network(2, 4), widths=[1, 2])
    rows, train = np.array([[0.5, 0], [0.1, 1]]), np.array([[0.2, 1], [0.5, 0], [0.4, 0]])
    one_hot, known = (
        np.array([[0.5, 1, 0], [0.1, 0, 1]]),
        np.array([[0.2, 0, 1], [0.5, 1, 0], [0.4, 1, 0]]),
    )
    found = anomaly.nearest_rows(vae, rows, train, np.random.default_rng(0))
    np.testing.assert_allclose(found, metrics.neighbour_distance(one_hot, known, 3), rtol=1e-5)
    assert set(anomaly.scores_for(vae)) == {
        *("bound", "latent", "principal components", "nearest rows")
    }


def test_scores_of_images_compare_their_directions():
    x, train = points(4, 25), points(40, 25, seed=1)
    coder = Autoencoder(Sequential(Dense(25, 2, rng=0)), Sequential(Dense(2, 25, rng=1)))
    pca = PCA(train, 25)
    images = {
        "angle": coder.reconstruct(x),
        "principal components, angle": pca.decode(pca.encode(x)),
    }
    for name, y in images.items():
        blurred = (anomaly.directions(z, (5, 5)) for z in (x, y))
        expected = 1 - np.multiply(*blurred).sum(axis=1)
        found = anomaly.SCORES[name](coder, x, train, np.random.default_rng(0), (5, 5))
        np.testing.assert_allclose(found, expected, atol=1e-6)
    known = anomaly.directions(train, (5, 5))
    for name, (rows, others) in {
        "nearest directions": (anomaly.directions(x, (5, 5)), known),
        "nearest rows": (x, train),
        "latent": (coder.encode(x), coder.encode(train)),
    }.items():
        expected = [np.sort(np.linalg.norm(others - row, axis=1))[:3].mean() for row in rows]
        found = anomaly.SCORES[name](coder, x, train, np.random.default_rng(0), (5, 5))
        np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_of_many_components_32_are_kept():
    x, train = points(4, 40), points(90, 40, seed=1)
    pca = PCA(train, 32)
    found = anomaly.components(None, x, train, np.random.default_rng(0))
    expected = np.square(x - pca.decode(pca.encode(x))).sum(axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    few = anomaly.components(None, x, train[:3], np.random.default_rng(0))
    assert (few > found).all()


def test_a_vaes_score_is_minus_its_bound_of_ten_codes():
    vae = VAE(Sequential(Dense(6, 4, rng=0)), Sequential(Dense(2, 6, rng=1), Sigmoid()))
    x = points(5, 6)
    found = anomaly.bound(vae, x, x, np.random.default_rng(3))
    np.testing.assert_array_equal(found, -vae.bound(x, np.random.default_rng(3), samples=10))


@pytest.mark.parametrize("averaged", [False, True])
def test_a_gans_scores_are_of_its_discriminator_and_its_generator(monkeypatch, averaged):
    monkeypatch.setattr(anomaly, "search", partial(latent.search, steps=3))
    critic = Sequential(Dense(4, 5, rng=1), Tanh(), Dense(5, 1, rng=2))
    gan = GAN(Sequential(Dense(2, 4, rng=0)), critic, ema=0.9 * averaged)
    if averaged:
        gan.average.parameters.flat[...] *= -2
    x, train = points(1100, 4), points(30, 4, seed=1)
    scores = {
        name: score(gan, x, train, np.random.default_rng(3))
        for name, score in anomaly.scores_for(gan).items()
    }
    np.testing.assert_allclose(scores["critic"], -critic(x)[:, 0], rtol=1e-5)
    hidden = Sequential(*critic.layers[:-1])
    expected = metrics.neighbour_distance(hidden(x), hidden(train), 3)
    np.testing.assert_allclose(scores["features"], expected, rtol=1e-4)
    generator, rng = gan.average or gan.generator, np.random.default_rng(3)
    words = {"steps": 100, "restarts": 2}
    parts = np.split(x, [500, 1000])
    z = [latent.search(generator, part, rng, **words) for part in parts]
    expected = np.square(x - generator(np.vstack(z))).sum(axis=1)
    np.testing.assert_allclose(scores["search"], expected, rtol=1e-3, atol=1e-5)


OF_ALL = {name for name, score in anomaly.SCORES.items() if name in anomaly.WITHOUT_MODEL}
CODER = {"angle", "reconstruction", "latent"}


def network(*widths):
    return Sequential(*(Dense(a, b, rng=0) for a, b in pairwise(widths)))


@pytest.mark.parametrize(
    ("model", "own"),
    [
        (lambda: Autoencoder(network(4, 2), network(2, 4)), CODER),
        (lambda: VAE(network(4, 4), Sequential(Dense(2, 4), Sigmoid())), CODER | {"bound"}),
        (lambda: GAN(network(2, 4), network(4, 3, 1)), {"critic", "features", "search"}),
        (lambda: GAN(network(2, 4), network(4, 1)), {"critic", "search"}),
        (lambda: GAN(network(2, 4), network(8, 3, 1), packing=2), {"search"}),
        (lambda: ConditionalGAN(network(5, 4), network(7, 3, 1), classes=3), set()),
        (lambda: Classifier(network(4, 3)), set()),
    ],
)
def test_a_model_has_the_scores_of_its_kind(model, own):
    assert {
        *("principal components", "principal components, angle"),
        *("nearest rows", "nearest directions"),
    } == OF_ALL
    found = anomaly.scores_for(model(), (2, 2))
    assert set(found) == OF_ALL | own
    assert all(score is anomaly.SCORES[name] for name, score in found.items())


@pytest.mark.parametrize("name", ["angle", "bound", "critic"])
def test_a_score_is_for_models_of_its_kind(name):
    x = points(5, 4)
    with pytest.raises(InputError, match="model"):
        anomaly.SCORES[name](Classifier(network(4, 3)), x, x, np.random.default_rng(0))


@pytest.mark.parametrize(
    "wrong", [np.zeros((0, 4)), np.zeros((5, 3)), np.full((5, 4), 1e101), np.zeros((5, 4), int)]
)
def test_rows_without_a_score_are_refused(wrong):
    x, rng = points(5, 4), np.random.default_rng(0)
    for name, pair in (
        (name, pair) for name in anomaly.WITHOUT_MODEL for pair in ((wrong, x), (x, wrong))
    ):
        with pytest.raises(InputError, match=r"^(x|train) must"):
            anomaly.SCORES[name](None, *pair, rng)
    for rows in (wrong[:0, 0], np.full((5, 4), 1e101)):
        with pytest.raises(InputError, match=r"^x must"):
            anomaly.blurred(rows, (2, 2))
    assert anomaly.nearest_rows(None, x[:1], x, rng).shape == (1,)
    with pytest.raises(InputError):
        anomaly.nearest_rows(None, x, x, "a generator")


def test_a_score_that_needs_no_training_rows_takes_one_as_well():
    coder, x = Autoencoder(network(4, 2), network(2, 4)), points(5, 4)
    found = anomaly.reconstruction(coder, x, x[:1], np.random.default_rng(0))
    expected = np.square(x - coder.reconstruct(x)).sum(axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("rows", [40, 41])
def test_of_many_training_rows_a_random_part_is_compared(monkeypatch, rows):
    monkeypatch.setattr(anomaly, "KNOWN", 40)
    x, train = points(5, 4), points(rows, 4, seed=1)
    chosen = train if rows == 40 else train[np.random.default_rng(3).permutation(41)[:40]]
    expected = metrics.neighbour_distance(x, chosen, 3)
    np.testing.assert_array_equal(
        anomaly.nearest_rows(None, x, train, np.random.default_rng(3)), expected
    )


@pytest.mark.parametrize("shape", [None, (2, 2)])
@pytest.mark.parametrize("wrong", [np.zeros(4), np.full((5, 4), 1e101), np.full((5, 4), np.nan)])
def test_what_are_no_rows_has_no_directions(shape, wrong):
    with pytest.raises(InputError, match=r"^x "):
        anomaly.directions(wrong, shape)


def test_scores_say_whether_they_are_of_images_and_whether_they_compare():
    assert {n for n, score in anomaly.SCORES.items() if score.of_images} == {
        "angle", "principal components, angle", "nearest directions"
    }  # fmt: skip
    assert {n for n, score in anomaly.SCORES.items() if score.compares} == {
        "latent", "features", "principal components", "principal components, angle", "nearest rows",
        "nearest directions",
    }  # fmt: skip


def test_few_training_rows_are_all_known_and_none_is_drawn(monkeypatch):
    monkeypatch.setattr(anomaly, "KNOWN", 40)
    train, rng = points(40, 4), np.random.default_rng(3)
    assert anomaly._known(train, rng) is train
    assert rng.random() == np.random.default_rng(3).random()


def test_a_discriminator_that_compares_samples_scores_none_of_them():
    critic = Sequential(Dense(4, 3, rng=0), BatchNorm(3), Dense(3, 1, rng=1))
    assert set(anomaly.scores_for(GAN(network(2, 4), critic), (2, 2))) == OF_ALL | {"search"}
    with pytest.raises(InputError, match="model must"):
        anomaly.scores_for("model")
