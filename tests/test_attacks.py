"""Attacks on a classifier: within their box, and upwards."""

import numpy as np
import pytest

from npgan import Dense, InputError, ReLU, Sequential
from npgan.models import Classifier
from npgan.objectives.adversarial import worst_case
from npgan.study import attacks

D, CLASSES = 6, 3
X = np.random.default_rng(0).random((20, D), np.float32)
LABELS = np.arange(20) % CLASSES


def make():
    return Classifier(Sequential(Dense(D, 16), ReLU(), Dense(16, CLASSES), rng=0))


def losses(model, x):
    return -np.log(model.probabilities(x)[np.arange(len(x)), LABELS])


@pytest.mark.parametrize("attack", [attacks.fgsm, attacks.pgd])
@pytest.mark.parametrize("epsilon", [0, 0.05, 0.4])
def test_an_attack_stays_in_its_box_and_in_the_datas_range(attack, epsilon):
    moved = attack(make(), X, LABELS, epsilon)
    assert moved.dtype == X.dtype
    assert abs(moved - X).max() <= epsilon + 1e-7
    assert moved.min() >= 0
    assert moved.max() <= 1


@pytest.mark.parametrize("attack", [attacks.fgsm, attacks.pgd])
def test_rows_beyond_0_and_1_keep_their_own_range(attack):
    x = 2 * X - 1
    np.testing.assert_array_equal(attack(make(), x, LABELS, 0.0), x)
    moved = attack(make(), x, LABELS, 0.1)
    assert abs(moved - x).max() <= 0.1 + 1e-6
    assert x.min() <= moved.min()
    assert moved.max() <= 1


def test_more_steps_raise_the_loss_more():
    model = make()
    clean, one, many = (
        losses(model, x).mean()
        for x in (
            X,
            attacks.fgsm(model, X, LABELS, 0.2),
            attacks.pgd(model, X, LABELS, 0.2, steps=20),
        )
    )
    assert clean < one <= many


def test_of_a_linear_classifier_the_corner_that_the_weights_point_to_is_the_worst():
    model = Classifier(Sequential(Dense(2, 2)))
    model.classifier.parameters["0.weight"][...] = [[1, -1], [-1, 1]]
    x = np.full((2, 2), 0.5, np.float32)
    for attack in (attacks.fgsm, attacks.pgd):
        moved = attack(model, x, np.array([0, 1]), 0.25)
        np.testing.assert_allclose(moved, [[0.25, 0.75], [0.75, 0.25]])


def test_one_step_as_long_as_the_box_is_the_fast_gradient_sign_method():
    model = make()
    np.testing.assert_array_equal(
        attacks.pgd(model, X, LABELS, 0.1, steps=1, step=0.1), attacks.fgsm(model, X, LABELS, 0.1)
    )


def test_a_random_start_is_replayed_by_its_seed_and_lies_in_the_box():
    model = make()
    a, b, c = (
        attacks.pgd(model, X, LABELS, 0.1, steps=1, step=0.0, rng=np.random.default_rng(seed))
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)
    assert not np.array_equal(a, X)
    assert abs(a - X).max() <= 0.1 + 1e-7


def test_a_step_is_two_and_a_half_boxes_by_the_number_of_steps():
    seen = []

    def rising(x):
        seen.append(float(x[0, 0]))
        return np.ones_like(x)

    worst = worst_case(rising, np.array([[0.5]]), 0.2, (0, 1), steps=5)
    np.testing.assert_allclose(seen, [0.5, 0.6, 0.7, 0.7, 0.7])
    np.testing.assert_allclose(worst, 0.7)


def test_a_random_start_lies_anywhere_in_the_box():
    x = np.full((20_000, 1), 0.5)
    start = worst_case(np.zeros_like, x, 0.3, (0, 0.7), steps=1, rng=np.random.default_rng(0))
    # uniform on [0.2, 0.7]: five standard errors, and all but a thousandth of the range
    assert start.mean() == pytest.approx(0.45, abs=0.006)
    assert start.var() == pytest.approx(0.25 / 12, rel=0.05)
    assert (start.min(), start.max()) == pytest.approx((0.2, 0.7), abs=0.001)


def test_a_classifier_that_learned_from_attacked_rows_bears_more():
    rng = np.random.default_rng(1)
    labels = np.arange(600) % 2
    x = rng.random((600, 20), np.float32) * 0.2 + 0.4
    x[:, 0] += np.where(labels, 0.3, -0.3)  # one that bears much, and nineteen that tell a little
    x[:, 1:] += np.where(labels, 0.03, -0.03)[:, None].astype(np.float32)
    x = np.clip(x, 0, 1)
    accuracies = []
    for adversarial in (0.0, 0.15):
        model = Classifier(Sequential(Dense(20, 2), rng=0), adversarial=adversarial)
        model.optimizers["classifier"].lr = 0.02
        rows, rng = model.rows(x, labels), np.random.default_rng(2)
        for _ in range(150):
            model.train_step(rows[rng.permutation(600)[:64]], rng)
        accuracies.append(model.accuracy(attacks.pgd(model, x, labels, 0.15), labels))
    assert accuracies[0] < 0.5
    assert accuracies[1] > 0.9


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"epsilon": -1}, "epsilon"),
        ({"steps": 0}, "steps"),
        ({"labels": LABELS - 1}, "0 to 2"),
        ({"step": np.nan}, "step"),
        ({"rng": np.random.RandomState(0)}, "rng must be a generator or a seed"),
        ({"model": None}, "must be of the class Classifier"),
        ({"x": np.uint8(255 * X)}, "x must be floats"),
        ({"labels": LABELS[:3]}, r"labels must be whole numbers \(20,\), not int64 \(3,\)"),
        ({"x": X[:, :2]}, r"x must be floats \(n, 6\)"),
    ],
)
def test_what_cannot_be_attacked(words, message):
    with pytest.raises(InputError, match=message):
        attacks.pgd(**{"model": make(), "x": X, "labels": LABELS, "epsilon": 0.1, **words})


def test_an_attack_on_a_sure_classifier_lowers_the_right_class_as_well_as_it_raises_the_others():
    model = Classifier(Sequential(Dense(2, 2), rng=0))
    model.classifier.parameters["0.weight"][...] = [[1, 0], [0, 1]]
    model.classifier.parameters["0.bias"][...] = [40, 0]
    moved = attacks.fgsm(model, np.full((1, 2), 0.5, np.float32), np.array([0]), 0.25)
    np.testing.assert_array_equal(moved, [[0.25, 0.75]])


def test_a_step_of_five_is_half_of_the_way_to_the_edge():
    seen = []

    def gradient(x):
        seen.append(float(x[0, 0]))
        return np.ones_like(x)

    worst_case(gradient, np.array([[0.5]]), 0.1, (0, 1), steps=5)
    np.testing.assert_allclose(seen, [0.5, 0.55, 0.6, 0.6, 0.6])


def test_a_step_is_as_long_as_it_is_asked_to_be():
    moved = attacks.pgd(make(), X, LABELS, 0.1, steps=1, step=0.01)
    inside = (X > 0.01) & (X < 0.99)
    np.testing.assert_allclose(abs(moved - X)[inside], 0.01, rtol=1e-4)


def test_of_no_rows_there_is_no_worst_case():
    assert worst_case(lambda x: x, np.zeros((0, 2)), 0.1, (0, 1), steps=1).shape == (0, 2)
