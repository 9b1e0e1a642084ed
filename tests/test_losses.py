"""Objectives against their formulas, and in relation to each other."""

from math import exp, log

import naive
import numpy as np
import pytest

from npgan import InputError, ops
from npgan.objectives.losses import OBJECTIVES, RECONSTRUCTIONS

REAL = np.array([[0.5], [-1.5], [3.0], [0.0]])
FAKE = np.array([[-2.0], [1.0], [0.25]])
EPS = 20 * np.finfo(float).eps  # some twenty roundings of numbers of order 1


def sigmoid(x):
    return 1 / (1 + exp(-x))


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def log_sigmoid(x):
    return log(sigmoid(x))


def bce(x, label):
    return -label * log_sigmoid(x) - (1 - label) * log_sigmoid(-x)


# name -> the discriminator's and the generator's loss of the lists r and f of logits, s and t labels


def cross_entropies(r, f, s, t):
    return mean(bce(x, s) for x in r) + mean(bce(x, t) for x in f)


def squares(r, f, s, t):
    return mean((x - s) ** 2 / 2 for x in r) + mean((x - t) ** 2 / 2 for x in f)


def averages(r, f, s, t):
    return mean(bce(x - mean(f), s) for x in r) + mean(bce(x - mean(r), t) for x in f)


FORMULAS = {
    "minimax": (cross_entropies, lambda r, f: mean(log_sigmoid(-x) for x in f)),
    "non-saturating": (cross_entropies, lambda r, f: mean(-log_sigmoid(x) for x in f)),
    "least-squares": (squares, lambda r, f: mean((x - 1) ** 2 / 2 for x in f)),
    "wasserstein": (lambda r, f: mean(f) - mean(r), lambda r, f: -mean(f)),
    "hinge": (
        lambda r, f: mean(max(0, 1 - x) for x in r) + mean(max(0, 1 + x) for x in f),
        lambda r, f: -mean(f),
    ),
    "relativistic": (
        lambda r, f: mean(-log_sigmoid(x - y) for x, y in zip(r, f, strict=True)),
        lambda r, f: mean(-log_sigmoid(y - x) for x, y in zip(r, f, strict=True)),
    ),
    "relativistic-average": (averages, lambda r, f: averages(f, r, 1, 0)),
}
LABELLED = [name for name, objective in OBJECTIVES.items() if objective.labels]
RELATIVISTIC = [name for name, objective in OBJECTIVES.items() if objective.relativistic]


def generator_loss(name, real, fake):
    return OBJECTIVES[name].generator(fake, *((real,) if OBJECTIVES[name].relativistic else ()))


def batches(name):
    return REAL[: len(FAKE)] if name == "relativistic" else REAL, FAKE


@pytest.mark.parametrize("name", OBJECTIVES)
def test_each_players_loss_is_its_formula(name):
    discriminator, generator = FORMULAS[name]
    real, fake = batches(name)
    r, f = real.ravel().tolist(), fake.ravel().tolist()
    for labels in [(1.0, 0.0), (0.9, 0.0), (0.7, 0.2)] if name in LABELLED else [()]:
        value = OBJECTIVES[name].discriminator(real, fake, *labels).value
        assert value == pytest.approx(discriminator(r, f, *labels), rel=EPS)
    assert generator_loss(name, real, fake).value == pytest.approx(generator(r, f), rel=EPS)


@pytest.mark.parametrize("name", LABELLED)
def test_the_labels_are_1_and_0_unless_they_are_given(name):
    real, fake = batches(name)
    plain = OBJECTIVES[name].discriminator(real, fake)
    given = OBJECTIVES[name].discriminator(real, fake, 1.0, 0.0)
    for a, b in zip(plain, given, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_minimax_generator_minimises_minus_the_discriminators_fake_term():
    certain = np.array([[1e4]])  # its term is then exactly 0
    discriminator = OBJECTIVES["minimax"].discriminator(certain, FAKE)
    generator = OBJECTIVES["minimax"].generator(FAKE)
    assert generator.value == -discriminator.value
    np.testing.assert_array_equal(generator.dfake, -discriminator.dfake)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_no_generators_loss_is_minus_the_discriminators_with_all_its_terms(name):
    """So that at an optimum of D its weights still matter to G: GAN.unrolled leaves that out."""
    real, fake = batches(name)
    sums = [
        OBJECTIVES[name].discriminator(r, fake).value + generator_loss(name, r, fake).value
        for r in (real, real + 2)
    ]
    assert abs(sums[0] - sums[1]) > 0.1


def test_both_generators_want_larger_logits_and_disagree_on_how_much():
    lost = np.array([[-20.0]])  # the discriminator is sure
    assert -1e-8 < OBJECTIVES["minimax"].generator(lost).dfake < 0
    assert OBJECTIVES["non-saturating"].generator(lost).dfake == pytest.approx(-1, abs=1e-8)


# the value of each discriminator's loss where it gives every sample the logit 0
CLUELESS = {
    "minimax": 2 * log(2),
    "non-saturating": 2 * log(2),
    "least-squares": 0.5,
    "wasserstein": 0,
    "hinge": 2,
    "relativistic": log(2),
    "relativistic-average": 2 * log(2),
}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_where_the_discriminator_knows_nothing_the_players_pull_its_logits_apart(name):
    zeros = np.zeros((4, 1))
    loss = OBJECTIVES[name].discriminator(zeros, zeros)
    assert loss.value == pytest.approx(CLUELESS[name], rel=EPS)
    assert (loss.dreal < 0).all()
    assert (loss.dfake >= 0).all()
    assert (generator_loss(name, zeros, zeros).dfake < 0).all()


@pytest.mark.parametrize("name", ["minimax", "non-saturating", "least-squares"])
def test_each_label_moves_the_optimum_of_its_own_side_alone(name):
    # BCE(l, s) is least where sigmoid(l) = s, a square where l = s
    at = {"least-squares": lambda s: s}.get(name, lambda s: log(s / (1 - s)))
    real, fake = np.full((4, 1), at(0.9)), np.full((3, 1), at(0.2))
    discriminator = OBJECTIVES[name].discriminator
    smooth, one_sided = discriminator(real, fake, 0.9, 0.2), discriminator(real, fake, 0.9)
    np.testing.assert_allclose(smooth.dreal, 0, atol=EPS)
    np.testing.assert_allclose(smooth.dfake, 0, atol=EPS)
    np.testing.assert_array_equal(one_sided.dreal, smooth.dreal)
    np.testing.assert_array_equal(one_sided.dfake, discriminator(real, fake).dfake)


def test_the_hinge_has_no_gradient_beyond_the_margin():
    loss = OBJECTIVES["hinge"].discriminator(np.array([[1.5], [0.5]]), np.array([[-1.5], [-0.5]]))
    np.testing.assert_array_equal(loss.dreal.ravel(), [0, -0.5])
    np.testing.assert_array_equal(loss.dfake.ravel(), [0, 0.5])


@pytest.mark.parametrize("name", ["wasserstein", *RELATIVISTIC])
def test_only_differences_of_logits_count(name):
    real, fake = batches(name)
    here, there = (OBJECTIVES[name].discriminator(real + c, fake + c) for c in (0, 5))
    for a, b in zip(here, there, strict=True):
        np.testing.assert_allclose(a, b, atol=10 * EPS)
    assert here.dreal.sum() + here.dfake.sum() == pytest.approx(0, abs=EPS)


def test_pairs_need_as_many_real_as_generated_samples():
    for call in (
        lambda: OBJECTIVES["relativistic"].discriminator(REAL, FAKE),
        lambda: OBJECTIVES["relativistic"].generator(FAKE, REAL),
    ):
        with pytest.raises(InputError, match="as many of both, not 4 and 3"):
            call()


@pytest.mark.parametrize("name", OBJECTIVES)
def test_losses_are_finite_and_keep_their_type_when_a_player_is_certain(name):
    labels = (0.9, 0.1) if name in LABELLED else ()
    for dtype in (np.float32, np.float64):
        low, high = np.full((2, 1), -1e4, dtype), np.full((2, 1), 1e4, dtype)
        for real, fake in ((low, high), (high, low)):
            loss = OBJECTIVES[name].discriminator(real, fake, *labels)
            for part in (*loss, *generator_loss(name, real, fake)):
                assert np.isfinite(part).all()
                assert part.dtype == dtype


@pytest.mark.parametrize("name", RECONSTRUCTIONS)
def test_a_reconstruction_loss_is_the_mean_over_all_elements(name):
    rng = np.random.default_rng(0)
    x, target = rng.uniform(0.1, 0.9, (2, 4, 3))
    value, gradient = RECONSTRUCTIONS[name](x, target)
    element, slope = naive.LOSSES["bce_with_logits" if name == "bce" else name]
    assert value == pytest.approx(naive.elementwise(element, x, target).mean(), rel=EPS)
    expected = naive.elementwise(slope, x, target) / 12
    np.testing.assert_allclose(gradient, expected, rtol=EPS, atol=EPS)


def test_cross_entropies_of_small_logits_lose_no_digit_to_cancellation():
    logits = np.linspace(0.01, 1, 100, dtype=np.float32)
    exact = np.log1p(np.exp(-logits.astype(float)))
    found = ops.loss.cross_entropies(logits, 1.0)
    np.testing.assert_allclose(found, exact, rtol=2 * np.finfo(np.float32).eps)
