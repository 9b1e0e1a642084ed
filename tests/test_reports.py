"""What is reported of a discriminator: only what its loss sees, named by what it is."""

import copy
from math import log

import numpy as np
import pytest
from matplotlib.figure import Figure

from npgan import (
    GAN,
    SGD,
    VAEGAN,
    AdversarialAutoencoder,
    BiGAN,
    ConditionalGAN,
    Dense,
    MultiGAN,
    Sequential,
    Tanh,
    Translator,
)
from npgan.data import Dataset
from npgan.objectives import losses, reports
from npgan.objectives.losses import OBJECTIVES
from npgan.plotting import save_curves
from npgan.study.evaluation import evaluate
from npgan.training import History

D, K, N = 4, 2, 24  # the data's width, classes, rows
LN2 = log(2)


def rng(seed=0):
    return np.random.default_rng(seed)


def net(*widths):
    layers = [Dense(widths[0], widths[1]), Tanh(), Dense(widths[1], widths[2])]
    return Sequential(*layers, rng=sum(widths)).astype(np.float64)


def rules(*names):
    return {"optimizers": {name: SGD(0.01) for name in names}}


PLAYERS, CODERS = ("generator", "discriminator"), ("encoder", "decoder", "discriminator")
SEVERAL = ("generator", "generator2", "discriminator", "discriminator2")
MODELS = {
    "GAN": lambda **s: GAN(net(3, 5, D), net(D, 5, 1), **s, **rules(*PLAYERS)),
    "packs": lambda **s: GAN(net(3, 5, D), net(2 * D, 5, 1), packing=2, **s, **rules(*PLAYERS)),
    "conditional": lambda **s: ConditionalGAN(
        net(3 + K, 5, D), net(D + K, 5, 1), classes=K, **s, **rules(*PLAYERS)
    ),
    "several": lambda **s: MultiGAN(
        {name: net(3, 5, D) if name[0] == "g" else net(D, 5, 1) for name in SEVERAL},
        **s,
        **rules(*SEVERAL),
    ),
    "VAE-GAN": lambda **s: VAEGAN(net(D, 5, 6), net(3, 5, D), net(D, 5, 1), **s, **rules(*CODERS)),
    "BiGAN": lambda **s: BiGAN(net(D, 5, 3), net(3, 5, D), net(D + 3, 5, 1), **s, **rules(*CODERS)),
    "adversarial": lambda **s: AdversarialAutoencoder(
        net(D, 5, 3), net(3, 5, D), net(3, 5, 1), **s, **rules(*CODERS)
    ),
    "translator": lambda **s: Translator(net(2, 5, 2), net(D, 5, 1), **s, **rules(*PLAYERS)),
}


def loss(objective, side, real, fake):
    if side == "discriminator":
        return objective.discriminator(real, fake).value
    return objective.generator(fake, *([real] if objective.relativistic else []))[0]


def blind(name, side):
    """Return whether a side's loss does not see what all logits have in common."""
    real, fake = rng().normal(size=(2, 9, 1))
    here, there = (loss(OBJECTIVES[name], side, real + c, fake + c) for c in (0, 3))
    return here == pytest.approx(there, rel=1e-12)


def test_these_discriminators_losses_see_differences_alone():
    assert [name for name in OBJECTIVES if blind(name, "discriminator")] == [
        *("wasserstein", "relativistic", "relativistic-average")
    ]


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("kind", MODELS)
def test_what_a_loss_does_not_see_is_not_reported(kind, objective):
    model = MODELS[kind](objective=objective)
    raised = copy.deepcopy(model)
    for name, network in raised.networks.items():
        if name.startswith("discriminator"):
            network.parameters["2.bias"][...] += 3
    labels = np.arange(N) % K if kind == "conditional" else None
    rows = model.rows(rng(1).normal(size=(N, D)), labels)
    here, there = (one.train_step(rows, rng()) for one in (model, raised))
    assert model.reports.keys() < here.keys()
    same = {name for name in here if here[name] == pytest.approx(there[name], rel=1e-9)}
    if blind(objective, "discriminator"):
        assert same >= {"d_loss", *model.reports}
        if blind(objective, "generator"):
            assert same == here.keys()
    else:
        assert "d_loss" not in same


ACCURACY = {"minimax", "non-saturating", "least-squares", "hinge", "relativistic-average"}


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("kind", ["packs", "several"])
def test_what_a_loss_does_not_see_is_not_evaluated(kind, objective):
    """An evaluation says of each discriminator what training does, and its accuracy if it has a level."""
    model = MODELS[kind](objective=objective)
    raised = copy.deepcopy(model)
    for i, network in enumerate(n for k, n in raised.networks.items() if k[0] == "d"):
        network.parameters["2.bias"][...] += 3 + i  # another one for each
    test = rng(1).normal(size=(2, 31, D)).astype(np.float32)
    here, there = (evaluate(one, Dataset("d", *test), rng(), 30) for one in (model, raised))
    told = {name for name in here if name.startswith("d_") and not name.endswith("_interval")}
    assert told == model.reports.keys() | ({"d_accuracy"} if objective in ACCURACY else set())
    if blind(objective, "discriminator"):
        assert [here[name] for name in told] == pytest.approx([there[name] for name in told])
    if "d_accuracy" in told:
        assert 0 <= here["d_accuracy"] <= 1


def test_a_level_is_where_the_best_discriminator_holds_both_for_as_likely():
    middle = {"non-saturating": log(0.45 / 0.55), "least-squares": 0.45, "hinge": 0}
    for name, level in middle.items():
        assert OBJECTIVES[name].level(0.9, 0.0) == pytest.approx(level)
    real, fake = np.array([[2.0], [1.0], [0.0]]), np.array([[1.0], [-1.0]])
    assert reports.balanced_accuracy(real, fake, 1.0, 1.0) == pytest.approx((1.5 / 3 + 1.5 / 2) / 2)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_what_is_called_a_probability_is_one(name):
    """Of two places the real data is at the first 3 times in 4, the generated once in 4."""
    for report in OBJECTIVES[name].reports.values():
        if "probability" not in report.unit:
            continue
        real = np.array([[log(3)]] * 3 + [[-log(3)]])
        loss = OBJECTIVES[name].discriminator(real, -real)
        total = loss.dreal + loss.dfake[::-1]  # the same places, one after the other
        assert total.sum() == pytest.approx(0, abs=1e-15)
        assert loss.dreal[:3].sum() + loss.dfake[3] == pytest.approx(0, abs=1e-15)
        assert report.measure(real, real) == pytest.approx((3 * 0.75 + 0.25) / 4)
        assert 0 <= report.measure(1e4 * real, -1e4 * real) <= 1


@pytest.mark.parametrize("c", [1000.1, 2**24])
def test_large_logits_keep_the_digits_of_their_gap_and_equal_ones_are_not_balanced_accuracy(c):
    real, fake = np.full((100, 1), c, np.float32), np.full((50, 1), c, np.float32)
    assert reports.beyond_the_others(real, fake) == 0.5
    assert reports.gap(real, fake) == 0
    real[::10] += 64
    assert reports.gap(real, fake) == pytest.approx(6.4, rel=1e-4)
    assert losses.wasserstein_discriminator(real, fake).value == -reports.gap(real, fake)


def test_a_pair_is_won_by_the_higher_logit_and_by_half_in_a_tie():
    real, fake = np.array([[1.0], [2.0], [3.0], [0.0]]), np.array([[0.0], [2.0], [4.0], [-1.0]])
    assert reports.pairs_won(real, fake) == 0.625
    assert np.isnan(reports.pairs_won(np.full((2, 1), np.nan), np.zeros((2, 1))))


# column -> its value at the equilibrium, by the labels
VALUES = {
    ("minimax", 1.0, 0.0): {"d_loss": 2 * LN2, "g_loss": -LN2, "d_real": 0.5, "d_fake": 0.5},
    ("non-saturating", 1.0, 0.0): {"d_loss": 2 * LN2, "g_loss": LN2, "d_real": 0.5, "d_fake": 0.5},
    ("non-saturating", 0.9, 0.0): {
        "d_loss": -0.9 * log(0.45) - 1.1 * log(0.55),
        "g_loss": -log(0.45),
        "d_real": 0.45,
        "d_fake": 0.45,
    },
    ("least-squares", 1.0, 0.0): {"d_loss": 0.25, "g_loss": 0.125, "d_gap": 0},
    ("least-squares", 0.8, 0.2): {"d_loss": 0.09, "g_loss": 0.125, "d_gap": 0},
    ("wasserstein", 1.0, 0.0): {"d_loss": 0, "d_gap": 0},
    ("hinge", 1.0, 0.0): {"d_loss": 2, "d_gap": 0},
    ("relativistic", 1.0, 0.0): {"d_loss": LN2, "g_loss": LN2, "d_pairs_won": 0.5},
    ("relativistic-average", 1.0, 0.0): {"d_loss": 2 * LN2, "g_loss": 2 * LN2, "d_accuracy": 0.5},
    ("relativistic-average", 0.9, 0.2): {"d_loss": 2 * LN2, "g_loss": 2 * LN2, "d_accuracy": 0.5},
}


@pytest.mark.parametrize(("name", "s", "t"), VALUES)
def test_the_equilibrium_is_the_value_of_each_loss_and_report_at_the_best_answer(name, s, t):
    objective, expected = OBJECTIVES[name], VALUES[name, s, t]
    assert objective.equilibrium(s, t) == pytest.approx(expected)
    labels = (s, t) if objective.labels else ()
    level = objective.level(s, t) if objective.level else 0.4  # any is the best one
    flat = np.full((6, 1), level)
    best = objective.discriminator(flat, flat, *labels)
    np.testing.assert_allclose(best.dreal + best.dfake, 0, atol=1e-15)
    found = {"d_loss": best.value, "g_loss": loss(objective, "generator", flat, flat)}
    found |= {name: report.measure(flat, flat) for name, report in objective.reports.items()}
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-15)
    for seed in range(5):  # as the losses are convex and the two kinds the same, nothing is better
        there = flat + rng(seed).normal(size=flat.shape)
        values = [
            objective.discriminator(there, np.roll(there, i, 0), *labels).value for i in range(6)
        ]
        assert np.mean(values) >= best.value - 1e-12


def test_a_generators_loss_that_follows_the_level_has_no_equilibrium():
    for name, objective in OBJECTIVES.items():
        known = "g_loss" in objective.equilibrium(1.0, 0.0)
        assert known == (blind(name, "generator") or name not in ("wasserstein", "hinge"))


@pytest.mark.parametrize("kind", MODELS)
def test_a_models_equilibrium_is_of_columns_that_it_has(kind):
    model = MODELS[kind](objective="non-saturating", penalties={"r1": 1.0})
    known = model.equilibrium()
    own = {"translator": {"d_loss"}, "BiGAN": {"d_loss", "loss"}}
    assert set(known) - {"d_real", "d_fake"} - {"g_loss"} <= own.get(kind, {"d_loss"})
    assert ("g_loss" in known) == (kind != "translator")
    assert known["d_loss"] == known.get("loss", known["d_loss"]) == pytest.approx(2 * LN2)
    held = MODELS[kind](objective="non-saturating", penalties={"wgan-gp": 1.0}).equilibrium()
    assert held == {"d_real": 0.5, "d_fake": 0.5}, "a flat D pays: it is not D's best answer"


def test_smoothed_labels_move_the_equilibrium():
    gan = MODELS["GAN"](objective="minimax", label_smoothing=0.2, fake_label_smoothing=0.1)
    assert gan.equilibrium()["d_real"] == pytest.approx(0.45)
    assert gan.equilibrium() == gan.objective.equilibrium(0.8, 0.1)


def drawn(monkeypatch, tmp_path, *arguments):
    """Return the picture of a history's curves."""
    figures = []
    monkeypatch.setattr(Figure, "savefig", lambda self, *_, **__: figures.append(self))
    save_curves(tmp_path / "losses.png", *arguments)
    return figures[0].axes


@pytest.mark.parametrize("name", ["$\\frac", "_loss", "a$b$"])
def test_curves_have_any_name(monkeypatch, tmp_path, name):
    history = History()
    history.append({"step": 1, name: 0.5})
    (axes,) = drawn(monkeypatch, tmp_path, history)
    assert len(axes.get_legend().get_texts()) == 1


def test_curves_have_their_units_and_their_equilibrium(monkeypatch, tmp_path):
    history, objective = History(), OBJECTIVES["relativistic"]
    old = {"d_real": 0.9, "d_fake": 0.8}  # what earlier versions reported of every objective
    history.append({"epoch": 1, "step": 1, "seconds": 1, "d_loss": 0.7, "g_loss": 0.6, **old})
    history.append({"step": 2, "d_loss": 0.7, "g_loss": 0.7, "d_pairs_won": 0.6, "precision": 0.5})
    axes = drawn(monkeypatch, tmp_path, history, objective.reports, objective.equilibrium(1, 0))
    assert [a.get_ylabel() for a in axes] == ["loss", "share of pairs", "share"]
    dotted = [
        [line.get_ydata()[0] for line in a.lines if line.get_linestyle() == ":"] for a in axes
    ]
    assert dotted == [[LN2, LN2], [0.5], []]
    assert axes[0].lines[0].get_label() == "d_loss (0.693 at equilibrium)"
    alone = drawn(monkeypatch, tmp_path, history)
    assert "probability of real" in [a.get_ylabel() for a in alone], "whose objective nobody says"


def test_every_report_is_in_the_table_of_all():
    """Every column that an objective reports has a place in the table of all, as the same thing."""
    for objective in OBJECTIVES.values():
        assert objective.reports.items() <= reports.REPORTS.items()
        assert objective.reports.keys() <= objective.equilibrium(1.0, 0.0).keys()
