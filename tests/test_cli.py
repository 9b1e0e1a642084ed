"""The commands, as a user meets them."""

import io
import json
import os
import re
import tomllib
from itertools import islice

import numpy as np
import pytest
from commands import Terminal, picture, run

from npgan.check import catalogue
from npgan.check.catalogue import results
from npgan.commands import evaluate
from npgan.commands.cli import main
from npgan.models.config import Config
from npgan.models.presets import PRESETS, preset

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_trains_and_can_be_traced(capsys, labelled, large, name):
    own = large if "random_block" in str(preset(name).networks) else labelled
    data = () if name == "ring" or preset(name).widths else ("--data", own)
    code, _, err = run(capsys, "train", name, "--steps", 3, "--batch-size", 20, "--out", "r", *data)
    assert code == 0, err
    assert {"config.toml", "history.csv", "losses.png", "weights.safetensors"} <= set(
        os.listdir("r")
    )
    for path in ("r/losses.png", "r/samples/step-0000003.png"):
        assert picture(path).std() > 0
    code, out, err = run(capsys, "trace", "r", "--rows", 4)
    assert (code, err) == (0, "")
    assert "_backward" in out


def test_a_run_holds_its_whole_configuration(capsys, images):
    run(
        capsys,
        "train",
        "gan-small",
        "--data",
        images,
        "--steps",
        2,
        "--lr",
        0.01,
        "--seed",
        4,
        "--quiet",
    )
    with open("runs/gan-small/config.toml", "rb") as file:
        table = tomllib.load(file)
    config = Config.from_dict(table)
    assert (config.seed, config.steps, config.epochs, config.batch_size) == (4, 2, None, 22)
    assert config.optimizers["generator"]["lr"] == 0.01
    assert config.networks["discriminator"][0] == "dense 64 128 fan_in_uniform"
    assert config.to_dict() == table


def test_samples_are_pictures_or_arrays_in_the_unit_range(capsys, images):
    run(
        capsys,
        "train",
        "gan-medium",
        "--data",
        images,
        "--steps",
        2,
        "--batch-size",
        20,
        "--out",
        "r",
    )
    assert run(capsys, "sample", "r", "-n", 9, "--seed", 1, "--out", "s.npy")[0] == 0
    samples = np.load("s.npy")
    assert (samples.shape, samples.dtype) == ((9, 64), np.float32)
    assert 0 <= samples.min() < samples.max() <= 1
    assert run(capsys, "sample", "r", "-n", 9, "--seed", 1, "--out", "s.png")[0] == 0
    assert picture("s.png").shape[1] >= 600
    run(capsys, "sample", "r", "-n", 9, "--seed", 1, "--out", "t.npy")
    assert (samples == np.load("t.npy")).all()


def test_evaluate_prints_json(capsys):
    run(capsys, "train", "ring", "--steps", 3, "--out", "r", "--quiet")
    code, out, _ = run(capsys, "evaluate", "r", "--samples", 1000)
    result = json.loads(out)
    assert code == 0
    assert result["frechet_distance_real"] < result["frechet_distance"]
    assert result["modes_real"]["modes"] == 8


def test_samples_are_compared_by_the_features_of_another_run(
    capsys, labelled, monkeypatch, few_steps
):
    monkeypatch.setattr(evaluate, "LEARNED", 2.0)  # no classifier is good enough but the given one
    short = ["--data", labelled, "--steps", 3, "--batch-size", 20, "--quiet", "--out"]
    for name in ("classifier", "gan-small"):
        run(capsys, "train", name, *short, name)
    plain = json.loads(run(capsys, "evaluate", "gan-small", "--samples", 20)[1])
    judged = ["evaluate", "gan-small", "--samples", 20, "--classifier"]
    found = json.loads(run(capsys, *judged, "classifier")[1])
    assert found.keys() - plain.keys() >= {"feature_frechet_distance", "classifier_accuracy"}
    code, _, err = run(capsys, *judged, "gan-small")
    assert (code, "gan-small is a run of gan" in err) == (2, True)
    code, _, err = run(capsys, "evaluate", "classifier", "--classifier", "classifier")
    assert (code, "this model makes none" in err) == (2, True)


def test_reconstructions_are_a_picture(capsys, images):
    run(
        capsys,
        "train",
        "autoencoder",
        "--data",
        images,
        "--steps",
        3,
        "--batch-size",
        20,
        "--out",
        "r",
    )
    assert run(capsys, "reconstruct", "r", "--out", "pairs.png")[0] == 0
    assert picture("pairs.png").shape[1] >= 600


def test_gradcheck_prints_a_table_and_says_how_long_it_takes(capsys, monkeypatch):
    whole = results.results

    def begin():  # of all that test_gradcheck.py checks, by processes as ever
        total, found = whole()
        assert total == len(list(catalogue.cases()))
        return 25, islice(found, 25)

    monkeypatch.setenv("NPGAN_NUM_THREADS", "2")
    monkeypatch.setattr(results, "results", begin)
    code, out, err = run(capsys, "gradcheck")
    assert code == 0
    assert len(re.findall(r"^ok ", out, re.M)) == 25
    assert "25 checks, about half a minute" in err
    assert re.search(r"\d+ gradients, 0 wrong", out)
    assert "FAIL" not in out


def test_gradcheck_fails_on_a_wrong_gradient(capsys, monkeypatch):
    from npgan.backend import run as operations

    right = operations.tanh_backward
    monkeypatch.setattr(operations, "tanh_backward", lambda dy, y: -right(dy, y))

    def some(rng):
        return (case for case in catalogue.layers(rng) if "tanh" in case.name)

    monkeypatch.setattr(catalogue, "FAMILIES", (some,))
    code, out, _ = run(capsys, "gradcheck")
    assert code == 1
    assert re.search(r"FAIL +layer tanh", out)
    assert "backward of x: the sign is wrong" in out
    code, out, _ = run(capsys, "gradcheck", "--json")
    assert code == 1
    found = json.loads(out)["checks"]["layer tanh"][0]
    assert [mistake["kind"] for mistake in found["mistakes"]] == ["sign"]
    assert not found["passed"]


def test_presets_and_data_are_described(capsys):
    code, out, _ = run(capsys, "presets")
    assert code == 0
    assert all(name in out for name in PRESETS)
    assert "-> relu -> dense 64 2 normal) -> scale 0.707" in out
    code, out, _ = run(capsys, "data", "mnist", "--out", "digits.png")
    assert code == 0
    assert "0: 5923" in out
    assert picture("digits.png").shape[1] >= 600


def test_the_spread_is_of_a_gan(capsys, images):
    for name in ("gan-small", "vae"):
        words = ("--data", images, "--steps", 2, "--batch-size", 20, "--out", name)
        assert run(capsys, "train", name, *words)[0] == 0
        code, _, err = run(capsys, "sample", name, "--spread", 0.5, "--out", f"{name}.npy")
        assert (code, err) == ((0, "") if name == "gan-small" else (2, NO_SPREAD))
    assert run(capsys, "sample", "gan-small", "--out", "usual.npy")[0] == 0
    assert (
        np.std(np.load("gan-small.npy"), axis=0).mean()
        < np.std(np.load("usual.npy"), axis=0).mean()
    )


NO_SPREAD = "npgan: error: vae is a run of vae, no GAN: no --spread\n"


def test_a_run_of_the_wrong_kind_is_named(capsys):
    run(capsys, "train", "ring", "--steps", 2, "--out", "r")
    code, _, err = run(capsys, "reconstruct", "r", "--out", "p.png")
    assert (code, "takes autoencoder, vae, iwae, vae-gan" in err) == (2, True)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.full((50, 64), np.nan, np.float32), "nan"),
        (np.full((50, 64), 7, np.float32), "[7, 7]"),
        (np.zeros((0, 64), np.float32), "(0, 64)"),
    ],
)
def test_data_that_cannot_be_trained_on_is_refused(capsys, values, message):
    np.save("x.npy", values)
    code, _, err = run(capsys, "train", "gan-small", "--data", "x.npy", "--steps", 1, "--out", "r")
    assert code == 2
    assert message in err
    assert not os.path.exists("r")


def test_divergence_names_step_network_and_layer(capsys):
    code, _, err = run(
        capsys, "train", "ring", "--lr", "1e30", "--steps", 50, "--out", "r", "--quiet"
    )
    assert code == 1
    assert re.search(
        r"step \d+: the (generator|discriminator)'s update is NaN or too large .*Dense", err
    )


def test_a_check_of_gradients_is_a_table(capsys, monkeypatch):
    found = [
        results.Result("tanh", 3, [2e-9, 1.25e-15], []),
        results.Result("relu", 12, [3e-2], ["first", "second"]),
    ]
    monkeypatch.setattr(results, "results", lambda: (2, iter(found)))
    code, out, err = run(capsys, "gradcheck")
    table, last = out.split("\n15 gradients, 2 wrong; allowed relative errors: ")
    columns = [line.split() for line in table.splitlines()]
    assert columns == [
        ["what", "arrays", "central", "complex", "step"],
        ["ok", "tanh", "3", "2.0e-09", "1.2e-15"],
        ["FAIL", "relu", "12", "3.0e-02"],
    ]
    ends = [
        re.search(word, line).end()
        for word, line in zip(("arrays", " 3", " 12"), table.splitlines(), strict=True)
    ]
    assert len(set(ends)) == 1
    assert not any(line.endswith(" ") for line in table.splitlines())
    assert last.endswith("\n\nrelu\nfirst\n\nrelu\nsecond\n")
    assert (code, err) == (1, "2 checks, about half a minute on two cores\n\n")


def test_a_check_of_gradients_shows_its_rows_as_they_come_and_how_far_it_has_got(monkeypatch):
    said, seen = io.BytesIO(), []

    def found():
        for name in ("tanh", "relu"):
            seen.append(said.getvalue())
            yield results.Result(name, 3, [2e-9], [])

    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(said))
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    monkeypatch.setattr(results, "results", lambda: (2, found()))
    assert main(["gradcheck"]) == 0
    assert b"tanh" in seen[1]
    head, _, bar = terminal.getvalue().partition("two cores\n\n")
    first, *_, last = bar.strip("\r").split("\r")
    assert head == "2 checks, about half a minute on "
    assert re.match(r"  0%\|.*0/2 \[.*\?check/s\]", first)
    assert not last.strip()
    monkeypatch.undo()
