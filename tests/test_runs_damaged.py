"""Damaged runs are refused in one line, and cost no more memory than sound ones."""

import os
import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from commands import as_before, run

from npgan import InputError, runs
from npgan.commands.cli import main
from npgan.training import checkpoint

pytestmark = pytest.mark.usefixtures("in_an_empty_folder", "undrawn")


CONFIGS = {
    "not TOML": "model = ",
    "unknown layer": ("relu", "rellu"),
    "unknown setting": ('model = "gan"', 'model = "gan"\ncolour = 1'),
    "wrong type": ("batch_size = 256", 'batch_size = "256"'),
    "a huge network": ("dense 34 64", "dense 2 999999999"),
    "huge features": ("fourier 2 8", "fourier 2 999999999"),
    "a block of nothing": ('"fourier 2 8 0.5 128.0"', "[]"),
    "unknown optimiser": ('"adam"', '"adma"'),
    "unknown optimiser setting": ("beta1", "beta9"),
    "not a layer": ('"dense 34 64 normal"', "7"),
    "missing": ("batch_size = 256\n", ""),
    "infinite": ("lr = 0.001", "lr = nan"),
    "text for a number": ("lr = 0.001", 'lr = "fast"'),
    "an integer of 5000 digits": ("batch_size = 256", f"batch_size = {'9' * 5000}"),
    "a rate beyond floats": ("lr = 0.001", f"lr = 1{'0' * 400}"),
    "hidden in white space": ("dense 34 64", " dense 2000000 2000000"),
    "hidden behind a tab": ("dense 34 64", "dense\\t2000000 2000000"),
    "an optimiser that is none": ('name = "adam"\nlr = 0.001', "lr = 0.001"),
    "a critic that squashes": ('"dense 64 1 normal"', '"dense 64 1", "sigmoid"'),
    "another activation than was trained": ('"relu"', '"elu"'),
    "no image": ('model = "gan"', 'model = "gan"\nimage_shape = [3, 3]'),
    "half an image": ('model = "gan"', 'model = "gan"\nimage_shape = [2]'),
    "a negative image": ('model = "gan"', 'model = "gan"\nimage_shape = [-1, -2]'),
    "a range that is none": ('model = "gan"', 'model = "gan"\nimage_range = [1, nan]'),
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained") / "r"
    assert main(["train", "ring", "--steps", "2", "--out", str(folder), "--quiet"]) == 0
    return folder


@pytest.mark.parametrize("name", CONFIGS)
def test_a_damaged_configuration_is_refused(capsys, trained, name):
    shutil.copytree(trained, "r")
    change = CONFIGS[name]
    with open("r/config.toml") as file:
        text = file.read()
    damaged = change if isinstance(change, str) else text.replace(*change)
    assert damaged != text
    with open("r/config.toml", "w") as file:
        file.write(damaged)
    code, _, err = run(capsys, "sample", "r", "--out", "s.png")
    assert code == 2
    assert err.count("\n") == 1
    file = "checkpoint.safetensors" if "trained" in name else "config.toml"
    assert err.startswith(f"npgan: error: r/{file}")


def test_a_wrong_setting_is_named_plainly(capsys):
    run(capsys, "train", "ring", "--steps", 2, "--out", "r")
    text = Path("r/config.toml").read_text()
    Path("r/config.toml").write_text(text.replace("lr = 0.001", 'lr = "x"'))
    _, _, err = run(capsys, "evaluate", "r")
    assert err == "npgan: error: r/config.toml: lr must be a positive number, not 'x'\n"


@pytest.mark.parametrize("cut", [0, 100, -100])
def test_a_truncated_checkpoint_is_refused_and_left(capsys, cut):
    run(capsys, "train", "ring", "--steps", 2, "--out", "r")
    with open("r/checkpoint.safetensors", "rb+") as file:
        content = file.read()
        file.truncate(cut if cut >= 0 else len(content) + cut)
    code, _, err = run(capsys, "train", "--resume", "r", "--steps", 4)
    assert code == 2
    assert "checkpoint.safetensors is damaged" in err
    assert os.path.exists("r/weights.safetensors")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("step", 5),
        ("step", 8),
        ("updates", {"generator": 7, "discriminator": 6}),
        ("updates", {"generator": 5, "discriminator": 6}),
        ("updates", {"generator": 6, "discriminator": 6, "critic": 6}),
    ],
)
def test_numbers_of_a_checkpoint_that_do_not_agree_are_refused(capsys, whole, name, value):
    path = whole / "checkpoint.safetensors"
    arrays, numbers = checkpoint.load(path)
    numbers["model"][name] = value
    checkpoint.save(path, arrays, numbers)
    code, _, err = run(capsys, "train", "--resume", whole, "--steps", 8)
    assert (code, "checkpoint is damaged" in err) == (2, True)


def test_random_generators_of_another_seed_are_refused(capsys, whole):
    path = whole / "checkpoint.safetensors"
    arrays, numbers = checkpoint.load(path)
    numbers["noise"]["state"]["inc"] += 2
    checkpoint.save(path, arrays, numbers)
    code, _, err = run(capsys, "train", "--resume", whole, "--steps", 8)
    assert (code, "its random generators have other seeds" in err) == (2, True)


def test_a_mean_of_squares_is_not_negative(capsys, whole):
    path = whole / "checkpoint.safetensors"
    arrays, numbers = checkpoint.load(path)
    arrays["optimizer.generator.v"][3] = -1e-9
    checkpoint.save(path, arrays, numbers)
    code, _, err = run(capsys, "train", "--resume", whole, "--steps", 8)
    assert (code, "a mean of squares, v of the generator, is negative" in err) == (2, True)


@pytest.mark.parametrize("name", ["running_var", "num_batches_tracked"])
def test_moments_of_batches_are_not_negative(name):
    from npgan import GAN, BatchNorm, Dense, Sequential

    gan = GAN(Sequential(Dense(2, 2), BatchNorm(2)), Sequential(Dense(2, 1)))
    weights = gan.weights()
    weights[f"generator.1.{name}"] = weights[f"generator.1.{name}"] - 1e30
    with pytest.raises(InputError, match=f"'generator.1.{name}' has numbers that are negative"):
        gan.load_weights(weights)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_history_that_is_a_pipe_is_not_waited_for(capsys, whole):
    as_before(whole)
    (whole / "history.csv").unlink()
    os.mkfifo(whole / "history.csv")
    code, _, err = run(capsys, "train", "--resume", whole, "--steps", 8)
    assert (code, "whole/history.csv is no regular file" in err) == (2, True)


def enlarge(path):
    os.truncate(path, 10**9)


def nest(path):
    path.write_text(".".join("a" * 10_000) + " = 1")


def widen(path):
    path.write_text(path.read_text().replace("dense 34 64", "dense 34 2000000"))


BIG = {
    "a configuration": ("config.toml", enlarge, "where at most 1,048,576 belong there"),
    "a nested one": ("config.toml", nest, "a line of it has too many points"),
    "networks": ("config.toml", widen, "cannot hold the 1"),
    "a checkpoint": ("checkpoint.safetensors", enlarge, "where at most"),
    "weights": ("weights.safetensors", enlarge, None),
}


@pytest.mark.parametrize("name", BIG)
def test_a_file_takes_no_more_memory_than_a_run_needs(capsys, whole, name):
    file, damage, message = BIG[name]
    damage(whole / file)
    tracemalloc.start()
    code, _, err = run(capsys, "train", "--resume", whole, "--steps", 8)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**26
    assert code == 0 if message is None else (code == 2 and message in err)


@pytest.mark.parametrize("number", [np.nan, np.inf])
@pytest.mark.parametrize("file", ["checkpoint.safetensors", "weights.safetensors"])
def test_weights_that_are_not_finite_are_refused(capsys, whole, file, number):
    arrays, numbers = checkpoint.load(whole / file)
    arrays["generator.0.5.weight"][0, 0] = number
    checkpoint.save(whole / file, arrays, numbers)
    if file == "weights.safetensors":
        (whole / "checkpoint.safetensors").unlink()
    code, _, err = run(capsys, "sample", whole, "--out", "s.png")
    assert (code, "'generator.0.5.weight' has numbers that are NaN" in err) == (2, True)


@pytest.mark.parametrize("dots", [200, 201])
def test_a_line_of_a_configuration_has_a_maximum_number_of_dots(whole, dots):
    path = whole / "config.toml"
    path.write_text(f"# {'.' * dots}\n" + path.read_text())
    if dots == 200:
        assert runs.read_config(whole).steps == 6
    else:
        with pytest.raises(InputError, match="a line of it has too many points"):
            runs.read_config(whole)


@pytest.mark.parametrize("more", [0, 1])
def test_a_configuration_has_a_maximum_size(whole, monkeypatch, more):
    size = (whole / "config.toml").stat().st_size
    monkeypatch.setattr(runs.folder, "LARGEST_CONFIG", size - more)
    if more:
        with pytest.raises(InputError, match=r"config\.toml has"):
            runs.read_config(whole)
    else:
        assert runs.read_config(whole).steps == 6


def test_a_folder_without_a_configuration_holds_no_run(tmp_path):
    (tmp_path / "config.toml").mkdir()
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError, match="holds no run: there is no config"):
            runs.read_config(folder)


def test_a_file_too_small_for_a_runs_weights_is_named_before_they_are_built(whole):
    config = runs.read_config(whole)
    size = sum(config.weights().values())
    path = whole / "weights.safetensors"
    path.write_bytes(bytes(size))
    runs.load(whole)
    path.write_bytes(bytes(size - 1))
    with pytest.raises(InputError, match=rf"weights.safetensors is damaged: .* the {size:,} w"):
        runs.load(whole)
