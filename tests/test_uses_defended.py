"""A classifier is attacked and defended."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from commands import Terminal, run
from drawings import CLASSES, answer, assert_drawn

from npgan import GAN, Classifier, Dense, Sequential, Tanh, metrics
from npgan.commands import defend
from npgan.study import attacks, latent


def test_a_classifier_is_attacked_beside_another_and_through_defences(
    capsys, made, drawn, monkeypatch
):
    curves = []
    monkeypatch.setattr(defend, "draw_curve", lambda *arguments: curves.append(arguments))
    folder, model, dataset = made("classifier")
    auto, coder, _ = made("denoiser")
    vae, bayes, _ = made("vae")
    beside, other, _ = made("classifier-robust")
    words = ("--through", auto, "--through", vae, "--beside", beside, "--epsilon", 0.3, 0.1, 0.3)
    words += ("--images", 30, "--steps", 2, "--seed", 5, "--curve", "c.png", "--out", "a.png")
    result = answer(capsys, "defend", folder, *words)
    x, labels = dataset.test[:30] / np.float32(255), dataset.test_labels[:30]
    whole = Classifier(Sequential(*coder.encoder, *coder.decoder, *model.classifier))
    defences = {
        "rounded": lambda x: (x >= 0.5).astype(np.float32),
        f"through {auto}": coder.reconstruct,
        f"through {vae}": bayes.reconstruct,
    }
    nets = {"pgd": model, f"pgd that knows {auto}": whole, f"pgd on {beside}": other}
    pure = {name: purify(x) for name, purify in defences.items()}
    expected = {"0": {name: net.accuracy(x, labels) for name, net in nets.items()}}
    expected["0"]["fgsm"] = expected["0"]["pgd"]
    expected["0"] |= {name: model.accuracy(y, labels) for name, y in pure.items()}
    for epsilon in (0.1, 0.3):
        noise = np.random.default_rng(5)
        attacked = {
            n: attacks.pgd(net, x, labels, epsilon, steps=2, rng=noise) for n, net in nets.items()
        }
        row = {name: net.accuracy(attacked[name], labels) for name, net in nets.items()}
        row["fgsm"] = model.accuracy(attacks.fgsm(model, x, labels, epsilon), labels)
        restored = {name: purify(attacked["pgd"]) for name, purify in defences.items()}
        for name, y in restored.items():
            row[name] = model.accuracy(y, labels)
            moved = [
                np.square(a - b).sum(axis=1) for a, b in ((x, pure[name]), (attacked["pgd"], y))
            ]
            row[f"{name}: auroc of detection"] = metrics.auroc(np.r_[*moved], np.arange(60) >= 30)
        expected[str(epsilon)] = row
    assert result.keys() == expected.keys()
    for epsilon, row in expected.items():
        assert result[epsilon] == pytest.approx(row)
    assert curves == [(Path("c.png"), result)]
    rows = {"clean": x, "change": 0.5 + attacked["pgd"] - x, "attacked, ε 0.3": attacked["pgd"]}
    assert_drawn(drawn["rows"], rows | restored)
    notes = {
        name: np.array(CLASSES)[model.predict(y[:12])].tolist()
        for name, y in (rows | restored).items()
    }
    del notes["change"]
    assert drawn["rows"].notes == notes


@pytest.mark.parametrize("averaged", [False, True])
def test_a_defence_by_a_gan_gives_the_nearest_image_that_it_makes(monkeypatch, averaged):
    network = Sequential(Dense(2, 4, rng=0), Tanh())
    gan = GAN(network, Sequential(Dense(4, 1)), ema=0.9 * averaged)
    if averaged:
        gan.average.parameters.flat[...] *= -2
    nearest = gan.average or gan.generator
    classifier = SimpleNamespace(value_range=(0, 1))
    x = np.random.default_rng(1).random((3, 4)).astype(np.float32)
    way = defend.defence(Path("gan"), gan, classifier, np.random.default_rng(0))
    z = latent.search(nearest, 2 * x - 1, np.random.default_rng(0), prior=0.0)
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    np.testing.assert_allclose(way(x), (nearest(z) + 1) / 2, rtol=1e-6)
    assert terminal.getvalue().strip("\r").startswith("through gan:   0%|")


def test_a_gan_of_classes_is_no_defence(capsys, made):
    folder, *_ = made("classifier")
    through, *_ = made("cgan-mnist")
    code, _, err = run(capsys, "defend", folder, "--through", through, "--out", "a.png")
    assert code == 2
    assert f"{through} is a run of conditional-gan; defend --through takes " in err


def test_a_search_shows_how_far_it_has_got_and_leaves_nothing(capsys, made, drawn, monkeypatch):
    folder, *_ = made("gan-small")
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    run(capsys, "complete", folder, "--images", 1, "--out", "c.png")
    first, *_, last = terminal.getvalue().strip("\r").split("\r")
    assert first.startswith("search:   0%|")
    assert "/300" in first
    assert not last.strip()


def test_a_classifier_without_labels_to_be_right_about_is_not_defended(capsys, made):
    folder, *_ = made("classifier")
    with np.load("own.npz") as own:
        np.savez("own.npz", **{name: own[name] for name in own if name != "test_labels"})
    code, _, err = run(capsys, "defend", folder, "--out", "a.png")
    assert (code, "own.npz has no labels to score against" in err) == (2, True), err


def test_classes_that_only_training_rows_have_are_not_voted_on(capsys, made):
    folder, *_ = made("autoencoder")
    with np.load("own.npz") as own:
        np.savez("own.npz", **{name: own[name] for name in own if name != "test_labels"})
    result = answer(capsys, "reduce", folder, "--out", "m.png")
    assert all(list(measures) == ["mean_squared_error"] for measures in result.values())


def test_a_pixel_may_change_from_one_end_of_the_range_to_the_other(capsys, made, drawn):
    folder, _, dataset = made("classifier")
    assert np.ptp(dataset.test) == 255
    assert "1.0" in answer(capsys, "defend", folder, "--epsilon", 1, "--steps", 1, "--out", "a.png")
