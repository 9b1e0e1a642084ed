"""The classifier in the package knows digits, and its weights are what they were."""

import numpy as np
import pytest

from npgan import InputError, backend, data
from npgan.layers import build
from npgan.ops import softmax_forward
from npgan.study import features


@pytest.fixture(scope="module")
def mnist():
    return data.load("mnist")


@pytest.fixture
def images(mnist):
    return mnist.test[:200].astype(np.float32) / 255


def test_it_recognises_98_percent_of_new_digits(mnist):
    p = features.probabilities(mnist.test.astype(np.float32) / 255)
    assert (p.argmax(axis=1) == mnist.test_labels).mean() >= 0.98
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)


def test_the_features_are_its_last_hidden_layer(images):
    weights, _ = features.checkpoint.load(features.WEIGHTS)
    hidden = features.features(images)
    assert (hidden.shape, hidden.dtype) == ((200, 128), np.float32)
    weight, bias = (weights[f"7.{name}"].astype(np.float64) for name in ("weight", "bias"))
    exp = np.exp(hidden @ weight + bias)
    expected = exp / exp.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(features.probabilities(images), expected, atol=1e-5)


def test_no_feature_is_dead(images):
    assert features.features(images).std(axis=0).min() > 0.1


def test_both_backends_see_the_same(images):
    reference = features.features(images)
    backend.use("numba")
    # float32 sums of 784 and 512 terms, about as large as the largest feature
    limit = 784 * np.finfo(np.float32).eps * np.abs(reference).max()
    np.testing.assert_allclose(features.features(images), reference, atol=limit)


def test_the_file_is_small():
    assert features.WEIGHTS.stat().st_size < 1.5e6


def test_other_weights_are_refused(tmp_path, monkeypatch, images):
    content = bytearray(features.WEIGHTS.read_bytes())
    content[-1] ^= 1
    path = tmp_path / "classifier.safetensors"
    path.write_bytes(content)
    monkeypatch.setattr(features, "WEIGHTS", path)
    features.digit_reader.cache_clear()
    with pytest.raises(InputError, match="is damaged or of another version"):
        features.features(images)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((5, 64)), "numbers (n, 784), n at least 1, not float64 (5, 64)"),
        (np.zeros(784), "not float64 (784,)"),
        (np.zeros((0, 784)), "n at least 1"),
        (np.full((1, 784), 255), "in [0, 1]"),
        (np.full((1, 784), -1.0), "in [0, 1]"),
        (np.full((1, 784), np.nan), "must be finite"),
    ],
)
def test_what_are_no_such_images_is_refused(images, message):
    with pytest.raises(InputError) as info:
        features.features(images)
    assert message in str(info.value)


@pytest.mark.parametrize(
    "wrong", [lambda x: x + 1, lambda x: x - 1, lambda x: x[:0], lambda x: x[:, 1:], lambda x: x[0]]
)
def test_what_are_no_images_of_28_by_28_pixels_is_refused(wrong, images):
    features.digit_reader.cache_clear()
    assert features.features(images[:1].astype(np.float64)).dtype == np.float32
    for ask in (features.features, features.probabilities):
        with pytest.raises(InputError, match="images"):
            ask(wrong(images))


def test_an_image_may_leave_the_range_by_less_than_single_precision_sees():
    white = np.ones((1, 784))
    np.testing.assert_array_equal(features.features(white + 1e-9), features.features(white))


def test_a_reader_shows_the_last_hidden_layer_and_the_classes():
    network = build(["dense 3 5", "tanh", "dense 5 2"], rng=0)
    rows = np.random.default_rng(0).random((4, 3), np.float32)
    reader = features.Reader(network)
    first = network.layers[0].parameters
    hidden = np.tanh(rows @ first["weight"] + first["bias"])
    np.testing.assert_allclose(reader.features(rows), hidden, rtol=1e-5)
    np.testing.assert_allclose(reader.probabilities(rows), softmax_forward(network(rows)))
    with pytest.raises(InputError, match="rows must be"):
        reader.features(rows[:0])


def test_a_network_without_a_hidden_layer_has_no_features():
    with pytest.raises(InputError, match="one layer has no hidden layer"):
        features.Reader(build(["dense 3 5"]))


@pytest.mark.parametrize("rows", [np.zeros((2, 4)), np.zeros((2, 2)), np.zeros(3)])
def test_a_reader_takes_rows_of_its_networks_width(rows):
    reader = features.Reader(build(["dense 3 5", "tanh", "dense 5 2"], rng=0))
    assert (reader.width, reader.features(np.zeros((2, 3))).dtype) == (3, np.float32)
    assert reader.features(np.zeros((3, 2)).T).shape == (2, 5)
    for see in (reader.features, reader.probabilities):
        with pytest.raises(InputError, match="rows must be"):
            see(rows)
    with pytest.raises(InputError, match="network"):
        features.Reader("network")
    assert features.Reader(build(["dense 3 2", "relu"], rng=0)).features(np.ones((1, 3))).shape == (
        1,
        2,
    )
