"""Data that models take or refuse, and numbers that overflow."""

import numpy as np
import pytest
from small_models import MODELS, D, adam, data, flat, make_gan, net, rng, same

from npgan import (
    SGD,
    VAE,
    Autoencoder,
    Classifier,
    Dense,
    InputError,
    NonFiniteError,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
)
from npgan.layers import build
from npgan.models.blame import explain
from npgan.models.checks import in_chunks, inputs
from npgan.parameters import Parameters


class Empty(ReLU):
    """A layer of one's own whose weights are none."""

    def __init__(self):
        self.bind(Parameters({"weight": (0, 2)}))


@pytest.mark.parametrize(
    ("name", "network", "weight", "layer"),
    [
        ("GAN", "discriminator", "0.weight", "Dense(4, 8)"),
        ("GAN", "discriminator", "3.bias", "Dense(8, 1)"),
        ("autoencoder", "encoder", "2.weight", "Dense(8, 2)"),
        ("VAE-GAN", "discriminator", "2.bias", "Dense(8, 1)"),
    ],
)
def test_a_nan_is_named_by_step_network_and_layer_and_nothing_is_updated(
    name, network, weight, layer
):
    model = MODELS[name]()
    model.train_step(data(), rng())
    model.networks[network].parameters[weight].flat[0] = np.nan
    before = flat(model)
    with pytest.raises(NonFiniteError) as caught, np.errstate(all="ignore"):
        model.train_step(data(), rng())
    for part in ("step 2", f"the {network}'s update", repr(weight), layer, "not applied"):
        assert part in str(caught.value)
    assert all(np.array_equal(w, before[n], equal_nan=True) for n, w in flat(model).items())


def test_a_huge_learning_rate_ends_in_a_non_finite_error_and_finite_weights():
    gan = make_gan(output=None, optimizers={n: SGD(1e30) for n in ("generator", "discriminator")})
    with pytest.raises(NonFiniteError, match="try a lower learning rate"):
        gan.fit(data(), steps=100, batch_size=8, callbacks=[], rng=0)
    assert all(np.isfinite(w).all() for w in flat(gan).values())


def test_where_one_networks_gradient_overflows_neither_is_updated():
    # the code (1e35) times the output's gradient (2e9) overflows in the decoder's weight alone
    model = Autoencoder(net(Dense(1, 1)), net(Dense(1, 1)), optimizers=adam("encoder", "decoder"))
    model.encoder.parameters["0.weight"][:] = 1e35
    model.decoder.parameters["0.weight"][:] = 1e-26
    before = flat(model)
    with pytest.raises(NonFiniteError, match="decoder"), np.errstate(all="ignore"):
        model.train_step(np.ones((1, 1), np.float32), rng())
    assert same(flat(model), before) == {"encoder": True, "decoder": True}


def changed(row, column, value):
    x = data()
    x[row, column] = value
    return x


BAD_DATA = [
    (np.ones((5, D + 1)), r"the data must be numbers \(n, 4\).*, not float64 \(5, 5\)"),
    (np.ones(D), r"not float64 \(4,\)"),
    (np.ones((0, D)), "n at least 1"),
    (np.ones((0, 2, 2)), "n at least 1"),
    (changed(3, 1, np.nan), "nan in row 3, column 1"),
    (changed(0, 2, np.inf), "inf in row 0, column 2"),
    (changed(0, 2, -0.1), r"lie in \[-0.1, .*only reaches \[0, 1\]"),
    (changed(0, 2, 255), "scale the data, or give bytes"),
    (np.full((2, D), "a"), "real numbers, not <U1"),
    (np.ma.masked_less(np.linspace(0, 1, 2 * D).reshape(2, D), 0.5), "has masked values"),
]


@pytest.mark.parametrize(("x", "message"), BAD_DATA)
@pytest.mark.parametrize("name", MODELS)
def test_data_that_does_not_fit_is_refused_in_words(name, x, message):
    with pytest.raises(InputError, match=message):
        MODELS[name]().fit(x, steps=1, batch_size=1, callbacks=[])


@pytest.mark.parametrize(
    ("output", "low", "high"), [(Sigmoid, 0, 1), (Tanh, -1, 1), (None, -np.inf, np.inf)]
)
def test_data_may_fill_the_outputs_range_and_no_more(output, low, high):
    gan = make_gan(output=output)
    gan.check_data(np.full((2, D), max(low, -1e9)))
    gan.check_data(np.full((2, D), min(high, 1e9)))
    if output:
        with pytest.raises(InputError, match="only reaches"):
            gan.check_data(np.full((2, D), low - 1e-3))


def test_images_are_flattened_and_bytes_scaled_to_the_outputs_range():
    images = np.array([[[0, 255], [51, 102]]], np.uint8)
    gan = make_gan(output=Tanh)
    assert gan.check_data(images).shape == (1, D)
    assert gan.check_data(images[..., None]).tolist() == gan.check_data(images).tolist()
    with pytest.raises(InputError, match=r"the data must be numbers \(n, 4\)"):
        gan.check_data(images[..., None].repeat(3, axis=3))
    assert gan.check_data(images / 255).dtype == np.float32
    assert gan.check_data(images).dtype == np.uint8
    # 2 b / 255 - 1 in float32, three roundings
    np.testing.assert_allclose(gan.scaled(images), [[-1, 1, -0.6, -0.2]], atol=4e-7)
    np.testing.assert_allclose(make_gan().scaled(images), [[0, 1, 0.2, 0.4]], atol=4e-7)


@pytest.mark.parametrize("n", [0, 1, 4, 5, 9])
def test_a_network_is_applied_to_many_rows_a_part_at_a_time(n, monkeypatch):
    monkeypatch.setattr("npgan.models.checks.CHUNK", 4)
    network, x = Sequential(Dense(2, 3), rng=0), np.random.default_rng(0).random((n, 2), np.float32)
    np.testing.assert_allclose(in_chunks(network, x), network(x), rtol=1e-6)
    assert in_chunks(network, x).shape == (n, 3)


@pytest.mark.parametrize(
    ("many", "n", "sizes"),
    [(4 * 64, 10, [4, 4, 2]), (1, 10, [1] * 10), (1, 1, [1]), (1, 0, [0])],
)
def test_fewer_rows_go_at_once_where_a_layer_makes_much_of_each(many, n, sizes, monkeypatch):
    seen = []
    layers = ["reshape 2 2 1", ["upsample_nearest 4", "avg_pool2d 4"], "flatten"]
    network, x = build(layers), np.arange(4 * n, dtype=np.float32).reshape(n, 4)
    first = type(network.layers[0])
    forward = first.forward
    monkeypatch.setattr(
        first, "forward", lambda self, x, rng=None: seen.append(len(x)) or forward(self, x, rng)
    )
    monkeypatch.setattr("npgan.models.checks.NUMBERS", many)  # 64 numbers of a row
    np.testing.assert_allclose(in_chunks(network, x), 2 * x)
    assert seen == sizes


def test_an_activation_does_not_hide_weights_that_are_too_large():
    network = Sequential(Dense(1, 1), Sequential(Tanh()), rng=0)
    network.parameters.flat[0] = 1e30
    assert in_chunks(network, np.ones((1, 1), np.float32)) == 1
    with pytest.raises(NonFiniteError, match=r"Dense\(.* up to 1e\+30"):
        in_chunks(network, np.full((1, 1), 1e30, np.float32))


@pytest.mark.parametrize("weight", [-1e3, 0.5])
def test_the_largest_weight_is_to_blame_where_no_number_is_bad(weight):
    model = Autoencoder(net(Dense(1, 1)), net(Dense(1, 1)), optimizers=adam("encoder", "decoder"))
    model.encoder.parameters["0.weight"][...] = 0.25
    model.decoder.parameters["0.weight"][...] = weight
    assert "the largest weight '0.weight' of the decoder" in explain(model, "encoder", np.inf)


def test_the_last_layer_with_a_bad_gradient_is_to_blame_where_all_weights_are_finite():
    model = Autoencoder(
        net(Dense(1, 1), Dense(1, 1)), net(Dense(1, 1)), optimizers=adam("encoder", "decoder")
    )
    for name in ("0.bias", "1.weight"):
        model.grads["encoder"][name][...] = np.inf
    assert "the gradient '1.weight' of the encoder" in explain(model, "encoder", 1.0)


@pytest.mark.parametrize(
    ("model", "width"),
    [
        (VAE(net(Dense(3, 4)), net(Dense(2, 3), Sigmoid())), 3),
        (Classifier(net(Dense(3, 2))), 5),  # with labels
    ],
    ids=["VAE", "classifier"],
)
def test_without_rows_there_is_nothing_to_validate(model, width):
    with pytest.raises(InputError, match="rows must be"):
        model.validate(np.zeros((0, width), np.float32))


def test_a_network_of_any_width_takes_rows_of_any_width():
    for network in (Tanh(), net(Tanh())):
        assert inputs("x", np.ones((2, 3)), network).shape == (2, 3)


@pytest.mark.parametrize("network", [Tanh(), net(Tanh()), net(net(Tanh())), Dense(2, 2, rng=0)])
def test_a_network_of_any_width_and_a_layer_are_applied_to_many_rows(network):
    x = np.random.default_rng(0).random((9, 2), np.float32)
    np.testing.assert_allclose(in_chunks(network, x), network(x), rtol=1e-6)


def test_data_whose_squares_cannot_be_summed_are_refused():
    model = make_gan(output=None)
    largest = np.full((2, D), 1e15)
    np.testing.assert_allclose(model.check_data(largest), largest, rtol=1e-6)
    with pytest.raises(InputError):
        model.check_data(1.01 * largest)


@pytest.mark.parametrize(
    ("network", "largest"), [(net(ReLU()), "0"), (net(Dense(1, 1)), "0.5"), (net(Empty()), "0")]
)
def test_the_largest_weight_is_said_where_a_network_makes_numbers_that_are_infinite(
    network, largest
):
    network.parameters.flat[:1] = 0.5
    with pytest.raises(NonFiniteError, match=f"the weights are too large, up to {largest}, or"):
        in_chunks(network, np.full((1, 1), np.inf, np.float32))


@pytest.mark.parametrize("weight", [1e3, 1001.0])
def test_a_weight_above_1000_is_looked_into(weight):
    """Where none is, it is the numbers that a network is given that an activation may hide."""
    network, x = net(Dense(1, 1), Tanh()), np.full((1, 1), 3e38, np.float32)
    network.parameters.flat[0] = weight
    if weight <= 1000:
        assert in_chunks(network, x) == 1
    else:
        with pytest.raises(NonFiniteError, match=r"Dense\(.* up to 1e\+03"):
            in_chunks(network, x)


@pytest.mark.parametrize(
    ("weight", "advice"), [(999.0, "scale the data"), (1e3, "start from weights that are finite")]
)
def test_weights_from_1000_on_are_said_to_be_too_large_at_the_first_step(weight, advice):
    model = Autoencoder(net(Dense(1, 1)), net(Dense(1, 1)), optimizers=adam("encoder", "decoder"))
    model.encoder.parameters["0.weight"][...] = weight
    assert advice in explain(model, "encoder", np.inf)
