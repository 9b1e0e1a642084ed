"""The loop, its callbacks and checkpoints."""

import io
import json
import os
import signal
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npgan import InputError, NonFiniteError, disk
from npgan.data.batches import Batches
from npgan.training import (
    Callback,
    Checkpoints,
    CSVHistory,
    EarlyStopping,
    History,
    Loop,
    Measures,
    Pictures,
    Progress,
    StopOnInterrupt,
    checkpoint,
)


class Recorder(Callback):
    """Remembers the events."""

    def __init__(self):
        self.events = []

    def on_train_begin(self, loop):
        self.events.append("begin")

    def on_step_end(self, loop):
        self.events.append("step")

    def on_log(self, loop):
        self.events.append("log")

    def on_epoch_end(self, loop):
        self.events.append("epoch")

    def on_train_end(self, loop):
        self.events.append("end")


class StopAt(Callback):
    """Stops after a step, as Ctrl-C does."""

    def __init__(self, step):
        self.step = step

    def on_step_end(self, loop):
        if loop.step == self.step:
            loop.stop = "test"


def test_every_row_comes_once_an_epoch_in_a_new_order():
    batches = Batches(np.arange(6.0)[:, None], 2, np.random.default_rng(0))
    first, second = (
        [*batches.next().ravel(), *batches.next().ravel(), *batches.next().ravel()] for _ in "ab"
    )
    assert sorted(first) == sorted(second) == [0, 1, 2, 3, 4, 5]
    assert first != second


@given(n=st.integers(1, 20), batch=st.integers(1, 20), before=st.integers(0, 30))
@settings(deadline=None, max_examples=50)
def test_a_resumed_order_is_the_uninterrupted_one(n, batch, before):
    data = np.arange(float(n))[:, None]
    if batch > n:
        with pytest.raises(InputError, match=rf"batch_size.* most \d+, not {batch}"):
            Batches(data, batch, np.random.default_rng(0))
        return
    whole = Batches(data, batch, np.random.default_rng(0))
    for _ in range(before):
        whole.next()
    resumed = Batches(data, batch, np.random.default_rng(99))
    resumed.load_state(json.loads(json.dumps(whole.state())))
    for _ in range(5):
        assert (whole.next() == resumed.next()).all()


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 1.0)])
def test_bytes_become_the_range_of_the_output(low, high):
    batches = Batches(np.array([[0, 255]], np.uint8), 1, np.random.default_rng(0), (low, high))
    batch = batches.next()
    assert batch.dtype == np.float32
    np.testing.assert_allclose(batch, [[low, high]], atol=1e-6)


def test_events_come_in_order(small_gan, points):
    recorder = Recorder()
    small_gan().fit(points, epochs=2, batch_size=150, callbacks=[recorder], rng=0)
    epoch = ["step", "step", "log", "epoch"]
    assert recorder.events == ["begin", *epoch, *epoch, "end"]


def test_training_ends_its_callbacks_when_it_fails(small_gan, points):
    gan, recorder = small_gan(), Recorder()
    gan.generator.parameters.flat[3] = np.nan
    with pytest.raises(NonFiniteError, match=r"step 1: the \w+'s update"):
        gan.fit(points, steps=5, batch_size=32, callbacks=[recorder], rng=0)
    assert recorder.events == ["begin", "end"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epochs": 1, "steps": 1}, "either epochs or steps"),
        ({}, "either epochs or steps"),
        ({"epochs": 0}, "epochs must be a whole number, at least 1, not 0"),
        ({"steps": -3}, "steps must be a whole number, at least 1, not -3"),
        ({"steps": 1, "batch_size": 301}, "batch_size.* at most 300, not 301"),
        ({"steps": 1, "batch_size": 0}, "batch_size.* at least 1 and at most 300, not 0"),
    ],
)
def test_impossible_lengths_are_refused(small_gan, points, arguments, message):
    with pytest.raises(InputError, match=message):
        small_gan().fit(points, callbacks=[], rng=0, **{"batch_size": 32, **arguments})


def test_history_has_the_means_between_rows(small_gan, points):
    seen = []

    class Keep(Callback):
        def on_step_end(self, loop):
            seen.append(loop.metrics["d_loss"])

    history = small_gan().fit(points, epochs=1, batch_size=100, callbacks=[Keep()], rng=0)
    assert history["d_loss"] == [pytest.approx(np.mean(seen), rel=1e-12)]
    assert history["step"] == [3]
    assert history["seconds"][0] > 0


def run(make, points, folder, steps, *more, resume=False):
    loop = Loop(
        make(),
        points,
        batch_size=32,
        rng=7,
        callbacks=[*more, CSVHistory(folder / "h.csv"), Checkpoints(folder / "c.safetensors")],
    )
    if resume:
        loop.load_state(*checkpoint.load(folder / "c.safetensors"))
    loop.run(steps=steps)
    return loop


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


def test_the_same_seed_gives_the_same_bits(small_gan, points):
    weights = []
    for _ in range(2):
        gan = small_gan()
        gan.fit(points, steps=20, batch_size=32, callbacks=[], rng=3)
        weights.append(gan.generator.parameters.flat)
    assert (weights[0] == weights[1]).all()


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


def test_a_failing_write_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "c.safetensors"
    checkpoint.save(path, {"w": np.ones(3)}, {"step": 1})

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        checkpoint.save(path, {"w": np.zeros(3)}, {"step": 2})
    arrays, numbers = checkpoint.load(path)
    assert arrays["w"].sum() == 3
    assert numbers == {"step": 1}
    assert list(tmp_path.iterdir()) == [path]


@given(cut=st.integers(0, 200), change=st.binary(max_size=8))
@settings(deadline=None, max_examples=60)
def test_damaged_files_are_refused_or_whole(tmp_path_factory, cut, change):
    path = tmp_path_factory.mktemp("damaged") / "c.safetensors"
    checkpoint.save(path, {"w": np.arange(6.0).reshape(2, 3)}, {"step": 1})
    content = path.read_bytes()
    path.write_bytes(
        content[:cut] + change + content[cut + len(change) :] if change else content[:cut]
    )
    try:
        arrays, numbers = checkpoint.load(path)
    except InputError as error:
        assert str(path) in str(error)
    else:
        assert isinstance(numbers, dict)
        assert sum(array.nbytes for array in arrays.values()) <= len(content)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="there is no such file"):
        checkpoint.load(tmp_path / "none.safetensors")


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


def test_files_get_the_mode_that_the_umask_leaves(tmp_path):
    before = os.umask(0o027)
    try:
        disk.write_atomically(tmp_path / "f", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o640


def test_a_callback_that_fails_keeps_no_other_from_its_end(small_gan, points, tmp_path):
    class Fails(Callback):
        def on_train_end(self, loop):
            raise ZeroDivisionError

    path = tmp_path / "c.safetensors"
    callbacks = [Fails(), StopOnInterrupt(), Checkpoints(path), Fails()]
    loop = Loop(small_gan(), points, batch_size=32, callbacks=callbacks)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ZeroDivisionError):
        loop.run(steps=3)
    assert signal.getsignal(signal.SIGINT) is before
    assert checkpoint.load(path)[1]["step"] == 3


def test_a_callback_that_cannot_begin_ends_those_that_have(small_gan, points):
    class Fails(Callback):
        def on_train_begin(self, loop):
            raise ZeroDivisionError

    recorder, fails = Recorder(), Fails()
    loop = Loop(small_gan(), points, batch_size=32, callbacks=[recorder, fails])
    with pytest.raises(ZeroDivisionError):
        loop.run(steps=3)
    assert (recorder.events, loop.failed) == (["begin", "end"], True)
    loop.callbacks.remove(fails)
    loop.run(steps=3)
    assert not loop.failed


def test_a_failing_rewrite_leaves_the_old_history(small_gan, points, tmp_path, monkeypatch):
    run(small_gan, points, tmp_path, 5)
    before = (tmp_path / "h.csv").read_bytes()

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        run(small_gan, points, tmp_path, 9, resume=True)
    assert (tmp_path / "h.csv").read_bytes() == before


def test_early_stopping_waits_for_its_patience(small_gan, points):
    class Fake(Callback):
        """Writes a column that falls three times and then rises."""

        def on_log(self, loop):
            loop.history.rows[-1]["val"] = abs(len(loop.history) - 3)

    gan = small_gan()
    history = gan.fit(
        points, epochs=20, batch_size=300, callbacks=[Fake(), EarlyStopping("val", 2)], rng=0
    )
    assert history["val"] == [2, 1, 0, 1, 2]
    with pytest.raises(InputError, match="patience"):
        EarlyStopping("val", 0)


def test_ctrl_c_ends_the_run_after_the_step(small_gan, points):
    class Press(Callback):
        def on_step_end(self, loop):
            if loop.step == 4:
                signal.raise_signal(signal.SIGINT)

    loop = Loop(small_gan(), points, batch_size=32, rng=0, callbacks=[StopOnInterrupt(), Press()])
    before = signal.getsignal(signal.SIGINT)
    loop.run(steps=50)
    assert (loop.step, loop.stop) == (4, "interrupted")
    assert signal.getsignal(signal.SIGINT) is before


def test_pictures_come_before_training_after_epochs_and_at_the_end(small_gan, points, tmp_path):
    small_gan().fit(
        points, steps=4, batch_size=100, callbacks=[Pictures(tmp_path, lambda p: p.touch())], rng=0
    )
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"step-{step:07d}.png" for step in (0, 3, 4)]


def test_the_bar_of_a_terminal_counts_steps_and_has_its_width(small_gan, points, monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal())
    progress = Progress()
    progress.on_train_end = lambda loop: None
    small_gan().fit(points, steps=4, batch_size=100, callbacks=[progress], rng=0)
    assert (progress.bar.unit, progress.bar.n, progress.bar.total) == ("step", 4, 4)
    assert progress.bar.dynamic_ncols


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_prints_lines_where_there_is_no_terminal(small_gan, points, capsys):
    small_gan().fit(points, epochs=2, batch_size=100, callbacks=[Progress()], rng=0)
    error = capsys.readouterr().err
    assert "step 6/6" in error
    assert " s, 0 s left" in error
    assert "P(real) of made" in error
    assert "\r" not in error


@pytest.mark.parametrize(
    "text",
    [
        "step,loss\n1,abc\n",
        "step\ninf\n",
        "loss\n1\n",
        "step,x\n,1\n",
        "step\n2\n2\n",
        "step\n-1\n",
        "step\n0\n",
        "step\n1.5\n",
        "step\nnan\n",
        "step,x\n1\n",
        "step,x\n1,2,3\n",
        "step\n1\n\0\0\n",
    ],
)
def test_history_refuses_what_is_no_table_of_numbers_with_steps(tmp_path, text):
    path = tmp_path / "h.csv"
    path.write_text(text)
    with pytest.raises(InputError, match="not a history"):
        History.read_csv(path)


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


def test_a_change_of_any_byte_is_found(tmp_path):
    """But in the header's spaces, there is none that leaves the content as it was."""
    path = tmp_path / "c.safetensors"
    content = {"w": np.arange(3.0), "n": np.ones(2, np.int32)}, {"step": 1, "nested": {"a": [0.5]}}
    checkpoint.save(path, *content)
    whole = path.read_bytes()
    for i in range(len(whole)):
        for bit in (1, 32):
            damaged = bytearray(whole)
            damaged[i] ^= bit
            path.write_bytes(damaged)
            try:
                arrays, numbers = checkpoint.load(path)
            except InputError:
                continue
            assert numbers == content[1], (i, whole[i : i + 1])
            for name, array in content[0].items():
                np.testing.assert_array_equal(arrays[name], array, strict=True)


def test_a_file_without_a_digest_is_one_of_an_earlier_version(tmp_path):
    from safetensors.numpy import save_file

    save_file({"w": np.ones(2)}, tmp_path / "old", {"npgan": '{"step": 3}'})
    assert checkpoint.load(tmp_path / "old")[1] == {"step": 3}
    save_file({"w": np.ones(2)}, tmp_path / "old", {"npgan": '{"step": NaN}'})
    with pytest.raises(InputError, match="NaN among its numbers"):
        checkpoint.load(tmp_path / "old")


def test_a_system_that_cannot_sync_a_folder_can_train(tmp_path, monkeypatch):
    open_file = os.open

    def unable(path, flags, *mode):
        if os.path.isdir(path):
            raise PermissionError(13, "Permission denied", str(path))
        return open_file(path, flags, *mode)

    monkeypatch.setattr(os, "open", unable)
    disk.write_atomically(tmp_path / "f", b"x")
    assert (tmp_path / "f").read_bytes() == b"x"


@pytest.mark.parametrize("name", ["open", "write", "fsync", "replace"])
def test_a_failed_write_names_its_file(tmp_path, monkeypatch, name):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, name, full)
    with pytest.raises(OSError, match="No space") as caught:
        disk.write_atomically(tmp_path / "f", b"x")
    assert caught.value.filename == str(tmp_path / "f")


def test_a_file_of_any_name_that_a_folder_can_hold_is_written(tmp_path):
    disk.write_atomically(tmp_path / ("f" * 255), b"x")


@pytest.mark.parametrize("stop_at", [9, 18, 20])
def test_a_checkpoint_by_the_clock_keeps_the_means(
    small_gan, points, tmp_path, monkeypatch, stop_at
):
    """Also at a step that makes a row: killed right after it, the run goes on to the same rows."""

    class Kill(Callback):
        def on_step_end(self, loop):
            if loop.step == stop_at + 1:
                raise SystemExit

        def on_log(self, loop):
            if loop.step == stop_at:
                raise SystemExit

    def loop(*callbacks):
        return Loop(small_gan(), points, batch_size=2, rng=7, callbacks=callbacks)

    monkeypatch.setattr("npgan.training.loop.LOG_EVERY", 9)
    path = tmp_path / "c.safetensors"
    with pytest.raises(SystemExit):
        loop(Kill(), Checkpoints(path, interval=-1.0)).run(steps=40)
    again, whole = loop(), loop()
    again.load_state(*checkpoint.load(path))
    assert again.step == stop_at
    assert again.run(steps=40)["d_loss"] == whole.run(steps=40)["d_loss"]


def test_a_clock_that_is_set_back_damages_no_checkpoint(small_gan, points, tmp_path, monkeypatch):
    times = iter(range(10**6, 0, -1))
    monkeypatch.setattr("time.perf_counter", lambda: float(next(times)))
    run(small_gan, points, tmp_path, 5)
    run(small_gan, points, tmp_path, 9, resume=True)


def test_samples_are_measured_every_so_many_epochs_and_at_the_end(small_gan, points):
    measures = Measures(2, lambda: {"measured": 1.0})
    loop = Loop(small_gan(), points, batch_size=100, rng=0, callbacks=[measures])
    history = loop.run(epochs=5)
    ends = [row for row in history.rows if row["step"] % 3 == 0]
    assert [row["epoch"] for row in ends if "measured" in row] == [2, 4, 5]
    assert [row["epoch"] for row in history.rows if "measured" in row] == [2, 4, 5]


def test_early_stopping_looks_at_rows_that_have_its_column():
    """So a resumed run waits for the next measure, although the last ones had not fallen."""
    history, stopping = History(), EarlyStopping("val", 1)
    for row in ({"val": 1.0}, {"val": 2.0}, {"loss": 1.0}):
        history.append(row)
    loop = SimpleNamespace(history=history, stop=None)
    stopping.on_log(loop)
    assert loop.stop is None
    history.rows[-1]["val"] = 3.0
    stopping.on_log(loop)
    assert loop.stop == "val has not fallen for 2 rows"


def test_a_run_ends_with_a_picture_of_its_last_step(small_gan, points, tmp_path):
    drawn = []

    def draw(path):
        drawn.append(path.stem)
        path.touch()

    small_gan().fit(points, steps=12, batch_size=100, callbacks=[Pictures(tmp_path, draw)], rng=0)
    small_gan().fit(points, steps=10, batch_size=100, callbacks=[Pictures(tmp_path, draw)], rng=0)
    assert drawn[-1] == "step-0000010"
    assert drawn.count("step-0000012") == 1
