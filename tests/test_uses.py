"""What models are used for, as a user meets it."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from commands import picture, run
from matplotlib.figure import Figure

from npgan import (
    GAN,
    VAE,
    Adam,
    Autoencoder,
    Dense,
    InputError,
    Sequential,
    data,
    metrics,
    runs,
)
from npgan.commands import (
    COMMANDS,
    reduce,
)
from npgan.commands.common import Trained
from npgan.metrics import PCA, neighbour_accuracy
from npgan.study import anomaly

OTHERS = {"train", "sample", "evaluate", "gradcheck", "trace", "exercise", "presets", "new", "data"}
USES = COMMANDS.keys() - OTHERS


@pytest.fixture
def trained(capsys, labelled, tmp_path, monkeypatch):
    """Return a run of an autoencoder on a few images with labels."""
    monkeypatch.chdir(tmp_path)
    words = ("--data", labelled, "--epochs", 1, "--batch-size", 20, "--quiet", "--out", "r")
    assert run(capsys, "train", "autoencoder", *words)[0] == 0
    return "r"


@pytest.mark.parametrize("name", sorted(USES))
def test_a_use_has_examples_and_says_which_runs_fit(capsys, name, labelled, tmp_path, monkeypatch):
    assert f"npgan {name} runs/" in COMMANDS[name].EXAMPLES
    monkeypatch.chdir(tmp_path)
    wrong = "autoencoder" if name == "defend" else "classifier"
    words = ("--data", labelled, "--steps", 1, "--batch-size", 20, "--out", "r", "--quiet")
    run(capsys, "train", wrong, *words)
    table = ("--data", labelled, "--out", "p.csv") if name == "score" else ("--out", "p.png")
    code, _, err = run(capsys, name, "r", *table)
    assert (code, err.count("\n")) == (2, 1)
    assert f"r is a run of {wrong}; {name} takes " in err


def test_scores_of_anomalies_are_what_they_say():
    rng = np.random.default_rng(0)
    x, train = rng.random((2, 30, 6)).astype(np.float32)  # no square images: nothing is blurred
    encoder, decoder = Sequential(Dense(6, 2, rng=0)), Sequential(Dense(2, 6, rng=1))
    optimizers = {"encoder": Adam(1e-3), "decoder": Adam(1e-3)}
    model = Autoencoder(encoder, decoder, optimizers=optimizers)
    pca = PCA(train, 6)
    lines = {"": model.reconstruct(x), "pca": pca.decode(pca.encode(x))}
    errors = {name: np.square(x - y).sum(axis=1) for name, y in lines.items()}
    length = np.linalg.norm
    cosines = {
        name: (x * y).sum(axis=1) / (length(x, axis=1) * length(y, axis=1))
        for name, y in lines.items()
    }
    expected = {
        "reconstruction": errors[""],
        "angle": 1 - cosines[""],
        "principal components": errors["pca"],
        "principal components, angle": 1 - cosines["pca"],
    }
    for name, score in expected.items():
        found = anomaly.SCORES[name](model, x, train, rng)
        np.testing.assert_allclose(found, score, rtol=1e-3, atol=1e-5)


def test_codes_are_mapped_beside_principal_components(capsys, trained):
    code, out, _ = run(capsys, "reduce", trained, "--out", "map.png")
    result = json.loads(out)
    assert code == 0
    ours, theirs = result.values()
    for measures in (ours, theirs):
        assert measures["mean_squared_error"] > 0
        assert 0 <= measures["neighbour_accuracy"] <= 1
    assert theirs["mean_squared_error"] < ours["mean_squared_error"], "after an epoch of few images"
    assert picture("map.png").std() > 0


def test_a_codes_neighbours_are_sought_among_rows_of_the_whole_file(capsys, trained, monkeypatch):
    seen = []
    monkeypatch.setattr(reduce, "KNOWN", 40)
    monkeypatch.setattr(metrics, "neighbour_accuracy", lambda *given: seen.append(given[2]) or 1.0)
    assert run(capsys, "reduce", trained, "--out", "map.png")[0] == 0
    first = runs.load(Path(trained))[0].encode(data.load("labelled.npz").train)
    places = [abs(first - code).sum(axis=1).argmin() for code in seen[0]]
    assert (len(set(places)), max(places) > 80) == (40, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-k", 0, "--out", "p.png"), "-k: it must be a whole number, at least 1"),
        (("-k", 151, "--out", "p.png"), "-k must be a whole number, at least 1 and at most 150"),
        (("--out", "p.jpg"), "must end in .png or .csv or .tsv"),
        (("--by", "species", "--out", "p.png"), "is a run of autoencoder, no table: no --by"),
    ],
)
def test_what_cannot_be_mapped(capsys, trained, words, message):
    code, _, err = run(capsys, "reduce", trained, *words)
    assert (code, err.count("\n")) == (2, 1)
    assert message in err


def test_what_a_picture_is_to_be_saved_in_must_be_there(capsys, trained):
    for name in ("no/p.png", "p.png"):
        Path("p.png").mkdir(exist_ok=True)
        code, _, err = run(capsys, "reduce", trained, "--out", name)
        assert (code, err.count("\n")) == (2, 1)
        assert "must be a file in a folder that is there" in err


def test_a_maps_legend_names_the_classes(tmp_path, monkeypatch):
    named = []
    monkeypatch.setattr(Figure, "legend", lambda _, handles, labels, **more: named.extend(labels))
    points = dict.fromkeys(["codes", "components"], np.random.default_rng(0).random((3, 2)))
    reduce.draw(tmp_path / "map.png", points, np.array([5, 3, 5]))
    assert named == ["3", "5"]


def test_classes_may_have_any_numbers():
    known, classes = np.array([[0.0], [1.0], [9.0]]), np.array([-7, -7, 10**9])
    code = np.array([[0.4], [8.0]])
    assert neighbour_accuracy(code, np.array([-7, 10**9]), known, classes, k=1) == 1


def test_principal_components_are_the_best_linear_code():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 5)) @ rng.standard_normal((5, 5)) + 3
    for k in range(1, 6):
        pca = PCA(x, k)
        error = np.square(pca.decode(pca.encode(x)) - x).sum() / len(x)
        left = np.sort(np.linalg.eigvalsh(np.cov(x.T, bias=True)))[: 5 - k].sum()
        assert error == pytest.approx(left, abs=1e-9)
        np.testing.assert_allclose(pca.directions.T @ pca.directions, np.eye(k), atol=1e-12)
    for bad in (lambda: PCA(x[:1], 1), lambda: PCA(x, 6), lambda: PCA(x, 0)):
        with pytest.raises(InputError):
            bad()


@pytest.mark.parametrize("k", [1, 4, 7])
def test_neighbours_vote_as_a_loop_counts_them(k):
    rng = np.random.default_rng(1)
    known, x = rng.standard_normal((30, 3)), rng.standard_normal((20, 3))
    known_labels, labels = rng.integers(3, size=30), rng.integers(3, size=20)
    right = 0
    for row, label in zip(x, labels, strict=True):
        nearest = sorted(range(30), key=lambda i, row=row: sum((known[i] - row) ** 2))[:k]
        votes = [sum(known_labels[i] == c for i in nearest) for c in range(3)]
        right += votes.index(max(votes)) == label
    assert neighbour_accuracy(x, labels, known, known_labels, k) == right / 20
    with pytest.raises(InputError, match="neighbours"):
        neighbour_accuracy(x, labels, known, known_labels, 31)


@pytest.mark.parametrize(("preset", "name"), [("gan-small", "gan-small"), (None, "gan")])
def test_a_run_is_called_by_its_preset_or_else_by_its_kind_of_model(preset, name, monkeypatch):
    asked, config = [], SimpleNamespace(preset=preset, model="gan")

    def load_for(*given, **more):
        asked.append((given, more))
        return "the model", config

    monkeypatch.setattr(runs, "load_for", load_for)
    trained = Trained("a task", Path("r"), GAN, but=VAE)
    assert (trained.name, trained.model, trained.folder) == (name, "the model", Path("r"))
    assert asked == [(("a task", Path("r"), GAN), {"but": VAE})]
