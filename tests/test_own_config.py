"""Configurations of one's own: a preset is printed, changed and trained."""

import tomllib
from pathlib import Path

import pytest

from npgan import runs
from npgan.commands.cli import main
from npgan.models.presets import PRESETS, preset

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")


def printed(capsys, *words):
    assert main(["new", *words]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_that_is_printed_is_the_preset(name, capsys):
    Path("mine.toml").write_text(printed(capsys, name))
    assert runs.read_config_file(Path("mine.toml")) == preset(name)


def test_the_default_is_what_train_takes_by_default(capsys):
    assert tomllib.loads(printed(capsys))["preset"] == "gan-conv"


def test_what_is_changed_is_trained(capsys):
    text = printed(capsys, "gan-small")
    changed = text.replace('"dense latent 128 fan_in_uniform"', '"dense latent 40"').replace(
        '"dense 128 data fan_in_uniform"', '"dense 40 data"'
    )
    Path("mine.toml").write_text(
        changed.replace("batch_size = 50", "batch_size = 20") + "ema = 0.9\n"
    )
    assert main(["train", "mine.toml", "--steps", "3", "--lr", "0.01", "--quiet"]) == 0
    model, config = runs.load("runs/mine")
    assert (config.batch_size, config.steps, config.preset) == (20, 3, "mine")
    assert model.networks["generator"].layers[0].out_features == 40
    assert config.optimizers["generator"]["lr"] == 0.01
    assert model.ema == 0.9


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "mine.toml: there is no such file"),
        ("model = ", "mine.toml is damaged"),
        ('model = "gan"', "mine.toml: the configuration lacks data"),
        ('modle = "gan"', "mine.toml: unknown setting 'modle': did you mean 'model'"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused_in_one_line(text, message, capsys):
    if text is not None:
        Path("mine.toml").write_text(text)
    assert main(["train", "mine.toml"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not Path("runs").exists()
