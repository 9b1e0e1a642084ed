"""The best weights are kept, and a run that no longer learns is stopped."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from commands import run as command
from test_copies import DATA, MAKERS

from npgan import InputError, runs
from npgan.errors import DivergedError
from npgan.models import MODELS
from npgan.models.presets import preset
from npgan.training import Callback, History, Loop, StopDiverged, best, checkpoint, watch
from npgan.training.watch import SURE, Best, EarlyStopping

WELL = (
    {"loss": 2.0},
    {"loss": 9.0, "d_loss": 1.0},
    {"d_pairs_won": 0.99},
    {"d_real": 0.999, "d_fake": 0.001},
    {"d_real": 0.002, "d_fake": 0.0},
    {"g_loss": 900.0},
)
SICK = (
    ({"d_pairs_won": 1.0}, "told all real from all generated"),
    ({"d_accuracy": 1.0}, "told all real from all generated"),
    ({"d_real": 1.0, "d_fake": 0.0}, "told all real from all generated"),
    ({"d_real": 6e-10, "d_fake": 1e-9}, "taken all samples, real ones too, for generated"),
    ({"loss": 2.01}, "the loss has been more than twice its first value"),
)


def watched(rows, begun=0):
    """Show rows, 100 steps apart, to the callback."""
    callback, loop = StopDiverged(), SimpleNamespace(step=begun, history=History())
    callback.on_train_begin(loop)
    for row in rows:
        loop.step += 100
        loop.history.append({"step": loop.step, **row})
        callback.on_log(loop)
    return loop


@pytest.mark.parametrize(("row", "words"), SICK)
def test_a_run_is_stopped_that_has_learned_nothing_for_1000_steps(row, words):
    first = {"loss": 1.0}
    with pytest.raises(DivergedError, match=f"{words}.* for 1,000 steps.*--lr"):
        watched([first, *[row] * 10])
    watched([first, *[row] * 9, {}, *[row] * 9])
    watched([first, *[row] * 9], begun=5000)


@pytest.mark.parametrize("row", WELL)
def test_a_run_that_learns_goes_on(row):
    watched([{"loss": 1.0}, *[row] * 30])


def test_the_best_row_is_the_last_of_those_that_are_lowest_or_of_accuracies_highest():
    rows = [{"val_loss": 0.5, "val_accuracy": 0.9}, {"val_loss": 0.7, "val_accuracy": 0.9}, {}]
    history = History.of({"step": i, **row} for i, row in enumerate(rows, 1))
    assert best(history, "val_loss")["step"] == 1
    assert best(history, "val_accuracy")["step"] == 2


def test_early_stopping_waits_for_accuracies_to_rise():
    loop = SimpleNamespace(history=History(), stop=None)
    for i, accuracy in enumerate([0.5, 0.6, 0.6, 0.5], 1):
        assert loop.stop is None
        loop.history.append({"step": i, "val_accuracy": accuracy})
        EarlyStopping("val_accuracy", 2).on_log(loop)
    assert loop.stop == "val_accuracy has not improved for 2 rows"


@pytest.mark.parametrize("name", MODELS)
def test_the_measure_of_held_out_rows_is_the_one_that_a_model_names(name):
    model = MAKERS[name]()
    held_out = {"validation": DATA.train, "validation_labels": DATA.train_labels}
    history = model.fit(DATA, epochs=1, batch_size=8, callbacks=[], rng=0, **held_out)
    assert [column for column in history.columns if column.startswith("val_")] == [
        name for name in [model.held_out] if name
    ]


class Worse(Callback):
    """Makes the weights and the loss of held-out rows worse after two rows."""

    def __init__(self, column, values):
        self.column, self.values = column, values

    def on_log(self, loop):
        loop.history.rows[-1][self.column] = self.values[loop.step - 1]


def test_the_weights_of_the_best_row_are_kept_also_by_a_resumed_run(small_gan, points, tmp_path):
    gan, path = small_gan(), tmp_path / "best.safetensors"
    callbacks = [Worse("val_loss", [3.0, 1.0, 2.0, 1.5, 0.5]), Best(path, "val_loss", {"seed": 3})]
    kept = []

    class See(Callback):
        def on_step_end(self, loop):
            kept.append({name: array.copy() for name, array in gan.weights().items()})

    def train(steps, *callbacks):
        return Loop(gan, points, batch_size=len(points), rng=0, callbacks=[*callbacks, See()])

    loop = train(4, *callbacks)
    loop.run(steps=4)
    arrays, numbers = checkpoint.load(path)
    assert numbers == {"seed": 3, "step": 2, "val_loss": 1.0}
    assert all(np.array_equal(arrays[name], array) for name, array in kept[1].items())
    loop.run(steps=5)
    arrays, numbers = checkpoint.load(path)
    assert numbers["step"] == 5
    assert all(np.array_equal(arrays[name], array) for name, array in kept[4].items())


@pytest.mark.usefixtures("in_an_empty_folder", "undrawn")
def test_a_run_on_data_of_ones_own_gives_its_best_weights(capsys):
    x = np.random.default_rng(0).random((200, 9)).astype(np.float32)
    np.save("x.npy", x)
    words = ("--data", "x.npy", "--steps", 120, "--lr", 0.03)
    code, _, err = command(capsys, "train", "vae", *words, "--out", "r", "--patience", 2)
    assert (code, "val_loss has not improved for 2 rows" in err) == (0, True)
    model, config = runs.load("r")
    assert (config.best, config.patience) == ("val_loss", 2)
    held_out = runs.load_data(config, "r").test
    history = History.read_csv(Path("r/history.csv"))
    lowest = min(history["val_loss"])
    assert model.validate(held_out)["val_loss"] == pytest.approx(lowest, rel=1e-6)
    assert history["val_loss"][-1] > lowest


@pytest.mark.usefixtures("in_an_empty_folder")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("ring", "--best", "val_loss"), "no measure val_loss (known: none; --metrics-every adds"),
        (("vae", "--best", "frechet"), "no measure frechet (known: val_loss; --metrics-every"),
        (("ring", "--patience", 3), "patience needs best, the column"),
        (("vae", "--best", "val_loss", "--patience", 0), "patience, a number of rows"),
    ],
)
def test_measures_that_a_run_does_not_have_are_refused(capsys, words, message):
    code, _, err = command(capsys, "train", *words, "--steps", 1)
    assert (code, message in err) == (2, True), err


def test_a_configuration_may_ask_for_a_measure_of_samples():
    config = preset("gan-small").override(best="frechet", metrics_every=1)
    watching = runs.train._watching(config.build(60_000), config, Path("r"))
    assert [type(one) for one in watching] == [StopDiverged, Best]
    with pytest.raises(InputError):
        list(runs.train._watching(config.build(60_000), config.override(best="loss"), "r"))


@pytest.mark.usefixtures("in_an_empty_folder", "undrawn")
def test_a_resumed_run_keeps_the_same_best_weights(capsys):
    np.save("x.npy", np.random.default_rng(0).random((200, 9)).astype(np.float32))
    words = ("train", "autoencoder", "--data", "x.npy", "--lr", 0.05, "--quiet")
    for step, out in ((40, "whole"), (18, "parts")):
        assert command(capsys, *words, "--steps", step, "--out", out)[0] == 0
    assert command(capsys, "train", "--resume", "parts", "--steps", 40, "--quiet")[0] == 0
    whole, parts = (Path(out, "best.safetensors").read_bytes() for out in ("whole", "parts"))
    assert whole == parts
    _, numbers = checkpoint.load(Path("whole/best.safetensors"))
    assert numbers["step"] > 18


TINY = 1e-9


@pytest.mark.parametrize(
    ("row", "beyond", "name"),
    [
        ({"d_pairs_won": SURE}, {"d_pairs_won": SURE + TINY}, "won"),
        ({"d_accuracy": SURE}, {"d_accuracy": SURE + TINY}, "won"),
        ({"d_real": SURE, "d_fake": 0.0}, {"d_real": SURE + TINY, "d_fake": 0.0}, "won"),
        ({"d_real": 1.0, "d_fake": 0.01}, {"d_real": 1.0, "d_fake": 0.0009}, "won"),
        ({"d_real": 1 - SURE, "d_fake": 0.0}, {"d_real": 1 - SURE - TINY, "d_fake": 0.0}, "flat"),
        ({"d_real": 0.0, "d_fake": 1 - SURE}, {"d_real": 0.0, "d_fake": 1 - SURE - TINY}, "flat"),
        ({"loss": 6.0}, {"loss": 6.0 + TINY}, "risen"),
        ({"loss": 9.0, "d_loss": 1.0}, {"loss": 9.0}, "risen"),
    ],
)
def test_trouble_begins_beyond_its_limit(row, beyond, name):
    first = {"loss": 3.0}
    assert watch.trouble(row, first) is None
    assert watch.trouble(beyond, first) == name
    assert watch.trouble({"loss": -1.0}, {"loss": -2.0}) is None
    assert watch.trouble({"loss": 0.1}, {"loss": -2.0}) == "risen"
