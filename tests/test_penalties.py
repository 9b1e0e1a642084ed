"""Gradient penalties: their values, their points, their gradients against torch, their place in a GAN."""

import tomllib
from dataclasses import replace
from math import sqrt

import naive
import numpy as np
import pytest
import tomli_w
from golden import recorded
from test_second_order import Square, network, random

from npgan import (
    GAN,
    SGD,
    ConditionalGAN,
    Dense,
    Dropout,
    InputError,
    LeakyReLU,
    Sequential,
    Tanh,
    backend,
    gradcheck,
)
from npgan.check import catalogue
from npgan.layers import build
from npgan.models.config import Config
from npgan.models.presets import preset
from npgan.objectives import penalties
from npgan.objectives.penalties import PENALTIES
from npgan.ops.normalisation import polar

ACTIVATIONS = [*naive.ACTIVATIONS, "softmax"]
G = np.array([[3.0, 4.0], [0.6, 0.0], [0.0, 0.0]])  # of the norms 5, 0.6 and 0


def rng(seed=0):
    return np.random.default_rng(seed)


def naive_measure(name, g):
    norms = [sqrt(sum(x * x for x in row)) for row in g.tolist()]
    terms = [n**2 / 2 if name in ("r1", "r2") else (n - 1) ** 2 for n in norms]
    return sum(terms) / len(terms)


# --- the measures --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PENALTIES)
def test_a_measure_is_its_formula(name):
    value, dg = PENALTIES[name].measure(G)
    assert value == pytest.approx(naive_measure(name, G), rel=1e-15)
    assert dg.shape == G.shape


@pytest.mark.parametrize("name", PENALTIES)
def test_a_measures_gradient_is_right(name):
    assert gradcheck(PENALTIES[name].measure, G[:2])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_where_there_is_no_direction_the_distance_from_one_has_the_gradient_0(dtype):
    with np.errstate(all="ignore"):
        value, dg = penalties.distance_from_one(G.astype(dtype))
        tiny = penalties.distance_from_one(np.full((1, 2), 1e-30, dtype))[1]
    assert value == pytest.approx((16 + 0.16 + 1) / 3, rel=1e-6)
    np.testing.assert_array_equal(dg[2], 0)
    np.testing.assert_allclose(dg[:2], [[1.6, 32 / 15], [-4 / 15, 0]], rtol=1e-6)
    assert np.isfinite(tiny).all()
    assert dg.dtype == value.dtype == dtype


def test_a_rows_length_does_not_depend_on_how_long_others_are():
    lengths, directions = polar(np.array([[3e-200, 4e-200], [3e200, 4e200]]))
    np.testing.assert_allclose(lengths, [[5e-200], [5e200]], rtol=1e-15)
    np.testing.assert_allclose(directions, [[0.6, 0.8], [0.6, 0.8]], rtol=1e-15)


@pytest.mark.parametrize("measure", [penalties.squared_norm, penalties.distance_from_one])
def test_a_measure_is_a_mean_over_samples(measure):
    (one, dg), (two, twice) = measure(G), measure(np.vstack([G, G]))
    assert one == pytest.approx(two, rel=1e-15)
    np.testing.assert_allclose(twice, np.vstack([dg, dg]) / 2, rtol=1e-15)


# --- the points ----------------------------------------------------------------------------------

REAL, FAKE = random(20_000, 2, seed=1) + 1, random(20_000, 2, seed=2) - 3


def test_r1_looks_at_real_and_r2_at_generated_data():
    assert PENALTIES["r1"].points(REAL, FAKE, None) is REAL
    assert PENALTIES["r2"].points(REAL, FAKE, None) is FAKE


def test_wgan_gp_looks_at_a_uniform_point_between_each_real_and_its_generated_sample():
    share = (penalties.between(REAL, FAKE, rng()) - FAKE) / (REAL - FAKE)
    np.testing.assert_allclose(share[:, 0], share[:, 1], atol=1e-9)  # one number a sample
    assert share.min() >= -1e-9
    assert share.max() <= 1 + 1e-9
    # a mean of n numbers of variance 1/12 errs by sqrt(1/12n) = 0.002; five of these
    assert share[:, 0].mean() == pytest.approx(1 / 2, abs=0.01)
    assert share[:, 0].var() == pytest.approx(1 / 12, abs=0.01)


def test_dragan_looks_around_real_data():
    real = 3 * REAL
    away = penalties.around_real(real, FAKE, rng()) - real
    # alpha delta, of the variance E alpha^2 E delta^2 = (s/2)^2 / 3, and symmetric
    assert away.mean() == pytest.approx(0, abs=0.05)
    assert away.var() == pytest.approx(real.var() / 12, rel=0.05)
    np.testing.assert_array_equal(penalties.around_real(real, 0 * FAKE, rng()) - real, away)
    # both numbers of a sample have the same alpha: their sizes are correlated
    assert np.corrcoef(abs(away).T)[0, 1] > 0.2


@pytest.mark.parametrize("name", PENALTIES)
def test_points_keep_the_type_and_random_ones_need_an_rng(name):
    real, fake = REAL[:5].astype(np.float32), FAKE[:5].astype(np.float32)
    assert PENALTIES[name].points(real, fake, rng()).dtype == np.float32
    if name in ("wgan-gp", "dragan"):
        with pytest.raises(InputError, match="draws its points at random: give it an rng"):
            PENALTIES[name].points(real, fake, None)


def test_interpolation_needs_as_many_of_both():
    with pytest.raises(InputError, match="as many of both, not 5 and 4"):
        penalties.between(REAL[:5], FAKE[:4], rng())


# --- the penalty of a network --------------------------------------------------------------------


@pytest.mark.parametrize("choice", backend.BACKENDS)
@pytest.mark.parametrize("name", PENALTIES)
def test_a_linear_discriminators_penalty_is_known(name, choice):
    backend.use(choice)
    net = Sequential(Dense(2, 1, rng=0)).astype(np.float64)
    net.parameters["0.weight"][...] = [[3], [4]]
    grads = net.parameters.like()
    value = penalties.gradient_penalty(net, random(7, 2), PENALTIES[name].measure, 10.0, grads)
    expected, slope = (125, 1) if name in ("r1", "r2") else (160, 2 * 4 / 5)
    assert value == pytest.approx(expected, rel=1e-14)
    np.testing.assert_allclose(grads["0.weight"].ravel(), [30 * slope, 40 * slope], rtol=1e-14)
    assert grads["0.bias"] == 0


def penalized(name, layer):
    """Return a network and the points at which it is penalized."""
    net = build(catalogue.CRITICS[layer], rng=3).astype(np.float64)
    net.parameters.flat[:] += 0.1 * random(net.parameters.flat.size, seed=4)
    return net, PENALTIES[name].points(random(6, 4), random(6, 4, seed=1), rng())


@pytest.mark.parametrize("choice", backend.BACKENDS)
@pytest.mark.parametrize("layer", catalogue.CRITICS)
@pytest.mark.parametrize("name", PENALTIES)
def test_a_penalty_and_its_gradient_are_torchs(name, layer, choice):
    backend.use(choice)
    net, x = penalized(name, layer)
    grads = net.parameters.like()
    value = penalties.gradient_penalty(net, x, PENALTIES[name].measure, 3.0, grads)
    penalty, *expected = recorded("penalty", name, layer)
    assert value == pytest.approx(penalty, rel=1e-12)
    np.testing.assert_allclose(grads.flat, expected, rtol=0, atol=1e-10 * np.abs(expected).max())


def test_a_penaltys_gradient_is_added_and_not_needed_for_its_value():
    net, x = network("tanh"), random(5, 4)
    once, more = net.parameters.like(), net.parameters.like()
    more.flat.fill(1.0)
    values = [
        penalties.gradient_penalty(net, x, penalties.squared_norm, 2.0, grads)
        for grads in (once, more, None)
    ]
    assert len(set(values)) == 1
    np.testing.assert_allclose(more.flat, once.flat + 1, rtol=0, atol=1e-14)


# --- in a GAN ------------------------------------------------------------------------------------


def make_gan(*layers, **settings):
    return GAN(
        Sequential(Dense(2, 8), LeakyReLU(), Dense(8, 4), Tanh(), rng=0),
        Sequential(*(layers or (Dense(4, 8), Tanh(), Dense(8, 1))), rng=1),
        optimizers={name: SGD(0.05) for name in ("generator", "discriminator")},
        **settings,
    )


def batch(n=32):
    return rng(9).uniform(-1, 1, (n, 4)).astype(np.float32)


@pytest.mark.parametrize("name", PENALTIES)
def test_the_discriminators_loss_and_gradient_are_its_objectives_plus_the_penaltys(name):
    plain, gan = make_gan(), make_gan(penalties={name: 10.0})
    a, b = (g.discriminator_step(batch(), rng(), g.grads) for g in (plain, gan))
    points, measure = PENALTIES[name]
    grads, d = plain.grads["discriminator"], plain.discriminator
    noise = rng()
    x = points(batch(), plain.generator(plain.latent(32, noise)), noise)
    expected = a.loss + penalties.gradient_penalty(d, x, measure, 10.0, grads)
    # sums of some hundred float32 numbers, in another order where one way back does for both
    size, rounding = abs(grads.flat).max(), 100 * np.finfo(np.float32).eps
    np.testing.assert_allclose(b.loss, expected, rtol=rounding)
    np.testing.assert_allclose(
        gan.grads["discriminator"].flat, grads.flat, rtol=0, atol=rounding * size
    )
    assert {**a.report, "d_loss": b.loss} == b.report


@pytest.mark.parametrize("choice", backend.BACKENDS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dropout", [True, False], ids=["layers", "one chain"])
def test_one_way_back_does_for_a_loss_and_a_penalty(activation, dropout, choice):
    backend.use(choice)
    net, x = network(activation), random(5, 4)
    if not dropout:
        net = Sequential(*(layer for layer in net if not isinstance(layer, Dropout)))
    dy, c = random(5, 1, seed=1), abs(random(5, 1, seed=2))
    logits, cache = net.forward(x)
    both, apart = net.parameters.like(), net.parameters.like()
    value = net.penalized_backward(dy, c, cache, both)
    net.backward(dy, cache, apart, input_grad=False)
    g, record = net.input_gradient(np.ones_like(logits), cache)
    net.double_backward(c * g, record, cache, apart, input_grad=False)
    assert value == pytest.approx((c * g**2).sum() / 2, rel=1e-13)
    np.testing.assert_allclose(both.flat, apart.flat, rtol=0, atol=1e-13 * abs(apart.flat).max())
    assert net.penalized_backward(dy, c, cache) == value


def test_a_coefficient_falls_by_equal_factors_and_then_stays():
    values = [penalties.geometric(0.1, 0.0001, 30)(step) for step in range(40)]
    np.testing.assert_allclose(values[:31], 0.1 * 10 ** (-np.arange(31) / 10), rtol=1e-14)
    assert set(values[30:]) == {values[30]}


@pytest.mark.parametrize("name", PENALTIES)
def test_a_coefficient_that_changes_is_that_of_its_step(name):
    decaying = make_gan(penalties={name: penalties.geometric(10.0, 0.1, 20)})
    losses = []
    for step in (0, 10, 20, 25):
        decaying.step = step
        constant = make_gan(penalties={name: 10.0 * 0.01 ** min(step / 20, 1)})
        a, b = (g.discriminator_step(batch(), rng(), g.grads) for g in (decaying, constant))
        assert a.loss == pytest.approx(b.loss, rel=1e-6)
        grads = [g.grads["discriminator"].flat for g in (decaying, constant)]
        np.testing.assert_allclose(*grads, rtol=0, atol=1e-6 * abs(grads[0]).max())
        grads[0].fill(0)
        losses.append(a.loss)
    assert losses[0] > losses[1] > losses[2] == losses[3]


def test_penalties_add_up():
    def loss(**chosen):
        return float(make_gan(penalties=chosen).discriminator_step(batch(), rng()).loss)

    both, base = loss(r1=2.0, r2=3.0), loss()
    # a handful of float32 roundings of numbers of order 1
    assert both - base == pytest.approx(loss(r1=2.0) - base + loss(r2=3.0) - base, abs=1e-6)


@pytest.mark.parametrize("choice", backend.BACKENDS)
def test_a_penalty_keeps_the_critic_from_growing_steep(choice):
    steep = []
    for chosen in ({}, {"r1": 10.0}):
        gan = make_gan(objective="wasserstein", penalties=chosen)
        backend.use(choice)
        noise = rng()
        for _ in range(150):
            gan.train_step(batch() + 2, noise)
        steep.append(
            penalties.gradient_penalty(gan.discriminator, batch() + 2, penalties.squared_norm)
        )
    assert steep[1] < 0.1 * steep[0]


def test_both_backends_train_alike_with_everything():
    histories = []
    for choice in backend.BACKENDS:
        chosen = dict.fromkeys(PENALTIES, 0.5)
        gan = make_gan(objective="relativistic", penalties=chosen, instance_noise=0.1)
        backend.use(choice)
        noise = rng()
        histories.append([gan.train_step(batch(), noise) for _ in range(30)])
    for a, b in zip(*histories, strict=True):
        assert a == pytest.approx(b, rel=1e-4, abs=1e-4)


def test_instance_noise_is_added_to_all_that_the_discriminator_sees_in_training_only():
    seen = []

    class See(Dense):
        def forward(self, x, rng=None):
            seen.append(x)
            return super().forward(x, rng)

    gan = make_gan(See(4, 1), objective="relativistic", instance_noise=0.5)
    real = batch(4000)
    fake = gan.generator(gan.latent(4000, rng()))
    for training, std in ((True, 0.5), (False, 0.0)):
        seen.clear()
        if training:
            gan.discriminator_step(real, rng())
            gan.generator_step(real, rng())
        else:
            gan.logits(real, rng())
        clean = (np.concatenate([real, fake]), fake, real) if training else (real, fake)
        for added in (x - y for x, y in zip(seen, clean, strict=True)):
            # the standard deviation of n numbers errs by 0.5 / sqrt(2n) = 0.003; five of these
            assert added.std() == pytest.approx(std, abs=0.015 * (std > 0))
            assert added.mean() == pytest.approx(0, abs=0.02 * (std > 0))


# --- where labels are given ----------------------------------------------------------------------

CLASSES = 3


def told(*layers, packing=1, **settings):
    """Return a conditional GAN of samples four wide, in float64."""
    width = packing * (4 + CLASSES)
    networks = Sequential(Dense(2 + CLASSES, 4), Tanh(), rng=0), Sequential(*layers, rng=1)
    networks = [net.astype(np.float64) for net in networks]
    assert networks[1].in_width == width
    return ConditionalGAN(*networks, classes=CLASSES, packing=packing, **settings)


def labelled(gan, n=32):
    """Return rows with labels."""
    return gan.rows(batch(n), np.arange(n) % CLASSES)


@pytest.mark.parametrize("choice", backend.BACKENDS)
@pytest.mark.parametrize("packing", [1, 2])
@pytest.mark.parametrize("name", PENALTIES)
def test_a_penalty_is_on_the_slope_by_the_data_alone(name, packing, choice):
    """Of a linear D it is known, and knows nothing of the weights of labels."""
    width = packing * (4 + CLASSES)
    backend.use(choice)
    plain, gan = (told(Dense(width, 1), packing=packing, penalties=p) for p in ({}, {name: 10.0}))
    rows = labelled(plain)
    a, b = (g.discriminator_step(rows, rng(), g.grads) for g in (plain, gan))
    weight, added = (
        array.reshape(packing, 4 + CLASSES)
        for array in (
            gan.discriminator.parameters["0.weight"],
            gan.grads["discriminator"]["0.weight"] - plain.grads["discriminator"]["0.weight"],
        )
    )
    w = weight[:, :4]
    norm = np.linalg.norm(w)
    square = name in ("r1", "r2")
    assert b.loss - a.loss == pytest.approx(10 * (norm**2 / 2 if square else (norm - 1) ** 2))
    np.testing.assert_allclose(added[:, 4:], 0, atol=1e-13)  # sums of 64 numbers of order 1
    np.testing.assert_allclose(added[:, :4], 10 * w * (1 if square else 2 * (1 - 1 / norm)))


@pytest.mark.parametrize("packing", [1, 2])
def test_labels_are_never_moved(packing):
    seen, width = [], packing * (4 + CLASSES)

    class See(Dense):
        def forward(self, x, rng=None):
            seen.append(x)
            return super().forward(x, rng)

    every = dict.fromkeys(PENALTIES, 1.0)
    gan = told(See(width, 5), Tanh(), Dense(5, 1), packing=packing, penalties=every)
    rows = labelled(gan, 2400)
    seen.clear()  # of what a penalty was tried with
    gan.discriminator_step(rows, rng(), gan.grads)
    both, between, around = (x.reshape(-1, 4 + CLASSES) for x in seen)
    for x in (*np.split(both, 2), between, around):
        np.testing.assert_array_equal(x[:, 4:], 10 * rows[:, 4:])
    real, fake = np.split(both[:, :4], 2)
    assert ((between[:, :4] - real) * (between[:, :4] - fake) <= 1e-15).all()
    # the noise is as large as the data's spread asks for, whatever the labels' is
    assert (around[:, :4] - real).var() == pytest.approx(real.var() / 12, rel=0.1)


def test_a_relativistic_generator_sees_the_real_batch():
    gan = make_gan(objective="relativistic")
    near, far = (gan.generator_step(batch(8) * scale, rng()).loss for scale in (0, 1))
    assert near != far


def test_a_configuration_holds_penalties_and_survives_toml():
    settings = {"objective": "relativistic", "penalties": {"r1": 2, "r2": 0.5}}
    config = replace(preset("ring"), settings=settings)
    again = Config.from_dict(tomllib.loads(tomli_w.dumps(config.to_dict())))
    assert again == config
    assert again.build(rows=1000).penalties == {"r1": 2.0, "r2": 0.5}


def test_a_configurations_penalty_ends_with_its_run():
    text = "[settings.penalties]\nr1 = {start = 0.1, end = 0.001}\nr2 = 0.5"
    config = replace(preset("ring"), steps=40, **tomllib.loads(text))
    again = Config.from_dict(tomllib.loads(tomli_w.dumps(config.to_dict())))
    gan = again.build(rows=1000)
    for step, r1 in ((0, 0.1), (20, 0.01), (40, 0.001)):
        gan.step = step
        assert gan.coefficients() == {"r1": pytest.approx(r1), "r2": 0.5}


@pytest.mark.parametrize(
    ("penalty", "message"),
    [
        ({"start": 1.0}, "the penalty r1 must be a coefficient, or its start and end"),
        ({"start": 1.0, "end": 0}, "a penalty's end must be a positive number, not 0"),
        ({"start": "a", "end": 1}, "a penalty's start must be a positive number"),
    ],
)
def test_a_wrong_schedule_is_refused_in_one_line(penalty, message):
    config = replace(preset("ring"), settings={"penalties": {"r1": penalty}})
    with pytest.raises(InputError, match=message):
        config.build(rows=1000)


WRONG = [
    ({"penalties": {"r3": 1.0}}, r"^unknown penalty 'r3': did you mean 'r[12]'\? \(known: r1, r2"),
    ({"penalties": {"wgan_gp": 1.0}}, "did you mean 'wgan-gp'"),
    ({"penalties": {"r1": -1.0}}, "the coefficient of r1 must be a number of at least 0, not -1"),
    ({"penalties": {"r1": "10"}}, "the coefficient of r1 must be a number"),
    ({"penalties": "r1"}, r"penalties must be a table, name -> coefficient, not 'r1'"),
    ({"instance_noise": -0.1}, "instance_noise must be a number of at least 0, not -0.1"),
    ({"fake_label_smoothing": 1.0}, r"fake_label_smoothing must be a number in \[0, 1\)"),
    ({"objective": "wgan"}, "unknown objective 'wgan'"),
    ({"objective": "hinged"}, "did you mean 'hinge'"),
    (
        {"objective": "wasserstein", "label_smoothing": 0.1},
        "the objective 'wasserstein' has no labels: there is nothing to smooth",
    ),
    ({"objective": "relativistic", "fake_label_smoothing": 0.1}, "'relativistic' has no labels"),
]


@pytest.mark.parametrize(("settings", "message"), WRONG)
def test_wrong_settings_are_refused_in_one_line(settings, message):
    with pytest.raises(InputError, match=message) as caught:
        make_gan(**settings)
    assert "\n" not in str(caught.value)


def test_a_discriminator_without_a_second_derivative_is_refused_only_with_a_penalty():
    layers = Dense(4, 4), Square(), Dense(4, 1)
    make_gan(*layers)
    with pytest.raises(InputError, match=r"^Square\(\) has no second derivative"):
        make_gan(*layers, penalties={"r1": 1.0})


@pytest.mark.parametrize(
    "names", [(), ("r1",), ("r1", "r2"), ("wgan-gp",), ("r2", "dragan", "wgan-gp")]
)
def test_there_is_a_value_for_those_at_the_batch_and_for_each_of_the_others(names):
    net, real, fake = network("tanh"), random(3, 4), random(3, 4, seed=1)
    logits, cache = net.forward(np.concatenate([real, fake]))
    grads = net.parameters.like()
    values = penalties.penalized_backward(
        net, net, lambda: dict.fromkeys(names, 0.5), logits, cache, real, fake, grads, rng()
    )
    assert len(values) == bool({"r1", "r2"} & set(names)) + len({"wgan-gp", "dragan"} & set(names))
    assert grads.flat.any()
    none = penalties.penalized_backward(
        net, net, lambda: dict.fromkeys(names, 0.5), logits, cache, real, fake, None, rng()
    )
    np.testing.assert_allclose(none, values)


@pytest.mark.parametrize(
    ("discriminator", "measure", "coefficient", "message"),
    [
        ("net", penalties.squared_norm, 1.0, "discriminator"),
        (network("tanh"), "r1", 1.0, "measure"),
        (network("tanh"), penalties.squared_norm, -1.0, "coefficient"),
    ],
)
def test_what_is_no_penalty_is_refused(discriminator, measure, coefficient, message):
    with pytest.raises(InputError, match=message):
        penalties.gradient_penalty(discriminator, random(3, 4), measure, coefficient)


@pytest.mark.parametrize("layer", [Dense(3, 1), Sequential(Dense(3, 1))], ids=["layer", "chain"])
def test_coefficients_of_another_width_are_refused(layer):
    logits, cache = layer.forward(np.ones((5, 3), np.float32))
    with pytest.raises(InputError, match="a penalty's c must have shape"):
        layer.penalized_backward(logits, np.ones((5, 2), np.float32), cache)
