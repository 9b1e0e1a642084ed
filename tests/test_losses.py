"""Objectives against their formulas, and in relation to each other."""

from math import exp, log

import naive
import numpy as np
import pytest

from npgan.losses import OBJECTIVES, RECONSTRUCTIONS

REAL = np.array([[0.5], [-1.5], [3.0], [0.0]])
FAKE = np.array([[-2.0], [1.0], [0.25]])
EPS = 20 * np.finfo(float).eps  # some twenty roundings of numbers of order 1


def sigmoid(x):
    return 1 / (1 + exp(-x))


def mean(values):
    values = list(values)
    return sum(values) / len(values)


@pytest.mark.parametrize("label", [1.0, 0.9, 0.5])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_discriminators_loss_is_two_cross_entropies(name, label):
    loss = OBJECTIVES[name].discriminator(REAL, FAKE, label)
    real = mean(-label * log(sigmoid(x)) - (1 - label) * log(1 - sigmoid(x)) for x in REAL.flat)
    fake = mean(-log(1 - sigmoid(x)) for x in FAKE.flat)
    assert loss.value == pytest.approx(real + fake, rel=EPS)
    np.testing.assert_allclose(
        loss.dreal.ravel(), [(sigmoid(x) - label) / 4 for x in REAL.flat], atol=EPS
    )
    np.testing.assert_allclose(loss.dfake.ravel(), [sigmoid(x) / 3 for x in FAKE.flat], atol=EPS)


def test_the_generators_losses_are_their_formulas():
    minimax, non_saturating = (OBJECTIVES[n].generator(FAKE) for n in ("minimax", "non-saturating"))
    assert minimax.value == pytest.approx(mean(log(1 - sigmoid(x)) for x in FAKE.flat), rel=EPS)
    assert non_saturating.value == pytest.approx(mean(-log(sigmoid(x)) for x in FAKE.flat), rel=EPS)
    s = np.array([[sigmoid(x)] for x in FAKE.flat])
    np.testing.assert_allclose(minimax.dfake, -s / 3, atol=EPS)
    np.testing.assert_allclose(non_saturating.dfake, (s - 1) / 3, atol=EPS)


def test_the_minimax_generator_minimises_minus_the_discriminators_fake_term():
    certain = np.array([[1e4]])  # its term is then exactly 0
    discriminator = OBJECTIVES["minimax"].discriminator(certain, FAKE, 1.0)
    generator = OBJECTIVES["minimax"].generator(FAKE)
    assert generator.value == -discriminator.value
    np.testing.assert_array_equal(generator.dfake, -discriminator.dfake)


def test_both_generators_want_larger_logits_and_disagree_on_how_much():
    lost = np.array([[-20.0]])  # the discriminator is sure
    assert -1e-8 < OBJECTIVES["minimax"].generator(lost).dfake < 0
    assert OBJECTIVES["non-saturating"].generator(lost).dfake == pytest.approx(-1, abs=1e-8)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_at_equilibrium_the_discriminators_loss_is_two_log_two(name):
    loss = OBJECTIVES[name].discriminator(np.zeros((3, 1)), np.zeros((5, 1)), 1.0)
    assert loss.value == pytest.approx(2 * log(2), rel=EPS)
    assert abs(OBJECTIVES[name].generator(np.zeros((5, 1))).value) == pytest.approx(log(2), rel=EPS)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_label_smoothing_moves_the_optimum_of_the_real_side_alone(name):
    # BCE(l, s) is least where sigmoid(l) = s
    optimum = np.full((4, 1), log(0.9 / 0.1))
    smooth = OBJECTIVES[name].discriminator(optimum, FAKE, 0.9)
    np.testing.assert_allclose(smooth.dreal, 0, atol=EPS)
    sharp = OBJECTIVES[name].discriminator(optimum, FAKE, 1.0)
    np.testing.assert_array_equal(smooth.dfake, sharp.dfake)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_losses_are_finite_when_a_player_is_certain(name):
    for dtype in (np.float32, np.float64):
        low, high = np.full((2, 1), -1e4, dtype), np.full((2, 1), 1e4, dtype)
        for real, fake in ((low, high), (high, low)):
            loss = OBJECTIVES[name].discriminator(real, fake, 0.9)
            for part in (*loss, *OBJECTIVES[name].generator(fake)):
                assert np.isfinite(part).all()
                assert part.dtype == dtype


@pytest.mark.parametrize("name", RECONSTRUCTIONS)
def test_a_reconstruction_loss_is_the_mean_over_all_elements(name):
    rng = np.random.default_rng(0)
    x, target = rng.uniform(0.1, 0.9, (2, 4, 3))
    value, gradient = RECONSTRUCTIONS[name](x, target)
    element, slope = naive.LOSSES[name]
    assert value == pytest.approx(naive.elementwise(element, x, target).mean(), rel=EPS)
    expected = naive.elementwise(slope, x, target) / 12
    np.testing.assert_allclose(gradient, expected, rtol=EPS, atol=EPS)
