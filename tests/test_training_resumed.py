"""A loop goes on from its own checkpoint as if nothing had happened, and from no other."""

import copy
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
from loops import StopAt, run

from npgan import Autoencoder, Dense, InputError, NonFiniteError, Sequential
from npgan.training import History, Loop, checkpoint


@pytest.mark.parametrize("stop_at", [5, 9, 23])
def test_a_resumed_run_is_bit_for_bit_the_uninterrupted_one(small_gan, points, tmp_path, stop_at):
    def make():
        return small_gan(ema=0.9, n_critic=2)

    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    whole = run(make, points, tmp_path / "whole", 40)
    run(make, points, tmp_path / "parts", 40, StopAt(stop_at))
    parts = run(make, points, tmp_path / "parts", 40, resume=True)
    for name, array in whole.model.state()[0].items():
        assert (array == parts.model.state()[0][name]).all(), name
    assert whole.model.state()[1] == parts.model.state()[1]
    assert whole.noise.bit_generator.state == parts.noise.bit_generator.state
    for a, b in zip(whole.history, parts.history, strict=True):
        assert {**a, "seconds": 0} == {**b, "seconds": 0}
    written = History.read_csv(tmp_path / "parts" / "h.csv")
    assert written["d_loss"] == whole.history["d_loss"]
    assert written["seconds"] == sorted(written["seconds"])


def test_a_checkpoint_of_another_run_is_refused(small_gan, points, tmp_path):
    run(small_gan, points, tmp_path, 5)
    state = checkpoint.load(tmp_path / "c.safetensors")
    other = Loop(small_gan(), points + np.float32(0.01), batch_size=32, rng=7)
    with pytest.raises(InputError, match="checksum of the data"):
        other.load_state(*state)
    other = Loop(small_gan(), points, batch_size=16, rng=7)
    with pytest.raises(InputError, match="batch size is 32, this run's 16"):
        other.load_state(*state)
    other = Loop(small_gan(ema=0.5), points, batch_size=32, rng=7)
    with pytest.raises(InputError, match=r"average\.0\.bias"):
        other.load_state(*state)


def damage(numbers, path, value):
    *parents, last = path.split(".")
    for name in parents:
        numbers = numbers[name]
    numbers[last] = value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("step", np.inf),
        ("step", -1),
        ("step", 2.5),
        ("step", True),
        ("step", 6),
        ("seconds", -1.0),
        ("seconds", np.nan),
        ("sums", None),
        ("sums", []),
        ("sums", 5),
        ("sums", {"d_loss": [0.5, 0]}),
        ("sums", {"d_loss": [0.5, 1]}),
        ("sums", {"d_loss": ["1", 5]}),
        ("sums", {"d_loss": [True, 5]}),
        ("noise.state.state", 2**200),
        ("noise.state.state", -1),
        ("noise", 5),
        ("batches.position", 10),
        ("batches.position", "1"),
        ("batches.position", 0),
        ("batches.rng.has_uint32", 2**32),
        ("noise.has_uint32", 2**32),
        ("batches.rng.state.inc", -1),
        ("model.step", np.inf),
        ("model.updates.generator", -3),
        ("model.updates", None),
    ],
)
def test_a_checkpoint_with_impossible_numbers_is_damaged(small_gan, points, tmp_path, path, value):
    run(small_gan, points, tmp_path, 5)
    arrays, numbers = checkpoint.load(tmp_path / "c.safetensors")
    damage(numbers, path, value)
    with pytest.raises(InputError, match="damaged"):
        Loop(small_gan(), points, batch_size=32, rng=7).load_state(arrays, numbers)


def test_a_checkpoint_of_other_settings_is_refused(small_gan, points):
    state = Loop(small_gan(), points, batch_size=32, settings={"seed": 1}).state()
    other = Loop(small_gan(), points, batch_size=32, settings={"seed": 2})
    with pytest.raises(InputError, match="the checkpoint's seed is 1, this run's 2"):
        other.load_state(*state)


def test_the_data_is_looked_through_once_however_many_checkpoints_there_are(
    small_gan, points, monkeypatch
):
    calls = []
    monkeypatch.setattr("zlib.crc32", lambda data: calls.append(data) or 0)
    loop = Loop(small_gan(), points, batch_size=32)
    assert loop.state()[1]["checksum of the data"] == loop.state()[1]["checksum of the data"]
    assert len(calls) == 1


@pytest.mark.parametrize("name", ["a\nb", "\x1b[2J", "\ud800", "", 5, None])
def test_a_column_has_a_name_that_can_be_shown_and_written(small_gan, points, tmp_path, name):
    run(small_gan, points, tmp_path, 5)
    arrays, numbers = checkpoint.load(tmp_path / "c.safetensors")
    columns = [name if column == "g_loss" else column for column in numbers["history"]]
    loop = Loop(small_gan(), points, batch_size=32, rng=7)
    with pytest.raises(InputError, match="a column is called"):
        loop.load_state(arrays, {**numbers, "history": columns})
    numbers["sums"] = {name: [0.5, 5]}
    if isinstance(name, str):  # as those of JSON are
        with pytest.raises(InputError, match="a column is called"):
            loop.load_state({n: a for n, a in arrays.items() if n != "history"}, numbers)


def test_an_infinite_mean_is_named_and_not_saved(small_gan, points):
    loop = Loop(small_gan(), points, batch_size=100)
    loop._sums = {"loss": (np.inf, 1)}
    with pytest.raises(NonFiniteError, match="after step 0 loss is NaN or infinite"):
        loop.state()


@pytest.fixture
def between_rows(small_gan, points, monkeypatch):
    """A state at step 11 of epochs of 6 steps, with rows at 5, 6 and 10; and how to load it."""
    monkeypatch.setattr("npgan.training.loop.LOG_EVERY", 5)
    loop = Loop(small_gan(), points, batch_size=50, rng=1, callbacks=[StopAt(11)])
    loop.run(steps=30)
    arrays, numbers = loop.state()
    assert arrays["history"][:, 1].tolist() == [5, 6, 10]

    def load(arrays, numbers):
        again = Loop(small_gan(), points, batch_size=50, rng=1)
        again.load_state(arrays, numbers)
        return again

    return arrays, numbers, load


@pytest.mark.parametrize(
    ("row", "column", "number", "message"),
    [
        (0, "epoch", 1, "do not agree"),
        (1, "epoch", 0, "do not agree"),
        (1, "seconds", 0.0, "do not agree"),
        (2, "step", 12, "do not agree"),
        (2, "step", 11, "its sums are not those of the 0 steps"),
        (2, "seconds", 1e9, "its history goes on"),
        (2, "step", 9, None),
    ],
)
def test_rows_of_a_history_are_those_of_the_run(between_rows, row, column, number, message):
    arrays, numbers, load = between_rows
    table = arrays["history"].copy()
    table[row, numbers["history"].index(column)] = number
    changed = {**arrays, "history": table}
    if message is None:
        assert load(changed, numbers).step == 11
    else:
        with pytest.raises(InputError, match=message):
            load(changed, numbers)


def test_rows_may_be_of_one_time_as_where_the_clock_stands(between_rows):
    arrays, numbers, load = between_rows
    table, seconds = arrays["history"].copy(), numbers["history"].index("seconds")
    table[:, seconds] = table[0, seconds]
    assert load({**arrays, "history": table}, numbers).history["seconds"] == [table[0, seconds]] * 3


@pytest.mark.parametrize(("rows", "sound"), [(0, False), (1, True), (2, False)])
def test_sums_are_those_of_the_steps_since_the_last_row(between_rows, rows, sound):
    arrays, numbers, load = between_rows
    sums = {name: (total, rows) for name, (total, _) in numbers["sums"].items()}
    if sound:
        load(arrays, {**numbers, "sums": sums})
    else:
        with pytest.raises(InputError, match="sum"):
            load(arrays, {**numbers, "sums": sums})


def test_sums_of_an_earlier_version_may_be_of_fewer_steps_but_not_of_more(between_rows):
    arrays, numbers, load = between_rows
    del arrays["history"]
    for rows in (1, 11, 12):
        sums = {name: (total, rows) for name, (total, _) in numbers["sums"].items()}
        if rows <= 11:
            assert len(load(arrays, {**numbers, "sums": sums}).history) == 0
        else:
            with pytest.raises(InputError, match="its sums are not those of the 11 steps"):
                load(arrays, {**numbers, "sums": sums})


def test_a_sum_may_lack_a_column_that_came_later(between_rows):
    arrays, numbers, load = between_rows
    first, sum_ = next(iter(numbers["sums"].items()))
    assert load(arrays, {**numbers, "sums": {first: sum_}})._sums == {first: sum_}
    with pytest.raises(InputError, match="its sums"):
        load(arrays, {**numbers, "sums": {}})


def test_a_model_may_have_made_more_steps_than_the_run_but_not_fewer(small_gan, points):
    gan = small_gan()
    gan.fit(points, steps=2, batch_size=100, callbacks=[], rng=0)
    loop = Loop(gan, points, batch_size=100, rng=0)
    loop.run(steps=3)
    arrays, numbers = loop.state()
    Loop(small_gan(), points, batch_size=100, rng=0).load_state(arrays, numbers)
    numbers["model"]["step"] = 2
    with pytest.raises(InputError, match="its model is at step 2, the run at 3"):
        Loop(small_gan(), points, batch_size=100, rng=0).load_state(arrays, numbers)


def test_the_sums_of_a_models_only_column_are_missed(points):
    def make():
        networks = Sequential(Dense(2, 1), rng=0), Sequential(Dense(1, 2), rng=1)
        return Loop(Autoencoder(*networks), points, batch_size=50, rng=1, callbacks=[StopAt(7)])

    loop = make()
    loop.run(steps=30)
    arrays, numbers = loop.state()
    assert numbers["sums"].keys() == {"loss"}
    with pytest.raises(InputError, match="its sums are not those of the 1 steps"):
        make().load_state(arrays, {**numbers, "sums": {}})


def test_a_step_that_is_interrupted_leaves_the_order_of_the_data_as_it_was(small_gan, points):
    loop = Loop(small_gan(), points, batch_size=7, rng=0, callbacks=[])
    before = copy.deepcopy(loop.batches.state())
    loop._shield = SimpleNamespace(open=nullcontext)

    def step():
        with loop._interruptible():
            loop.batches.next()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        step()
    np.testing.assert_equal(loop.batches.state(), before)


class Silent(Autoencoder):
    """Learns, and says nothing of it."""

    def train_step(self, batch, rng):
        super().train_step(batch, rng)
        return {}


@pytest.mark.parametrize("stop", [5, 6, 7, 13])
def test_a_run_of_a_model_that_reports_nothing_goes_on(points, stop):
    """Its history says when rows were due, and there is no sum at all."""
    networks = Sequential(Dense(2, 1), rng=0), Sequential(Dense(1, 2), rng=1)
    given = {"batch_size": 50, "rng": 1, "callbacks": [StopAt(stop)]}
    loop = Loop(Silent(*networks), points, **given)
    assert loop.run(steps=30).columns in ([], ["epoch", "step", "seconds"])
    again = Loop(Silent(*networks), points, **given)
    again.load_state(*loop.state())
    assert (again.step, len(again.history)) == (stop, stop // 6)
