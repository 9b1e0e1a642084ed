"""The loop, its callbacks and checkpoints."""

import copy
import errno
import io
import json
import os
import re
import signal
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npgan import (
    GAN,
    Autoencoder,
    Dense,
    InputError,
    NonFiniteError,
    Sequential,
    disk,
)
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
from npgan.training.lock import Locked, locked
from npgan.training.pace import PERIOD, PROBE, Pace


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


def test_the_bar_of_a_resumed_run_stands_where_the_run_does_and_shows_the_last_row(
    small_gan, points, monkeypatch
):
    monkeypatch.setattr("sys.stderr", Terminal())
    loop = Loop(small_gan(), points, batch_size=100, rng=0)
    loop.run(epochs=1)
    progress, seen = Progress(), []

    class See(Callback):
        def on_train_begin(self, loop):
            seen.append((progress.bar.initial, progress.bar.n, progress.bar.total))

        def on_log(self, loop):
            seen.append((progress.bar.desc, progress.bar.postfix))

    loop.callbacks = [progress, See()]
    loop.run(epochs=2)
    assert seen[0] == (3, 3, 6)
    assert seen[1][0] == "epoch 2: "
    assert "d_loss=" in seen[1][1]
    assert not re.search(r"\b(epoch|step|seconds)=", seen[1][1])
    assert not hasattr(progress, "bar")
    copy.deepcopy(loop)


class Clock:
    """A clock that a test sets."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr("time.monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def test_lines_come_after_the_interval_and_with_the_last_step(clock, capsys):
    loop = SimpleNamespace(step=10, total_steps=40, seconds=5.0, epoch=1, history=History())
    loop.model, progress = SimpleNamespace(reports={}), Progress(interval=4.0)
    progress.on_train_begin(loop)

    def said(now, step, seconds):
        clock.now, loop.step, loop.seconds = now, step, seconds
        loop.history.append({"epoch": 1, "step": step, "seconds": seconds, "loss": 0.5})
        progress.on_log(loop)
        return capsys.readouterr().err

    assert said(4.0, 15, 6.0) == ""
    assert said(4.5, 20, 7.0) == "epoch 1  step 20/40  7.0 s, 4 s left  loss 0.5\n"
    assert said(8.5, 30, 9.0) == "", "it is counted from the last line"
    assert said(8.6, 40, 9.0) == "epoch 1  step 40/40  9.0 s, 0 s left  loss 0.5\n"


def test_a_row_is_appended_and_a_new_column_has_the_file_written_anew(tmp_path):
    path, loop = tmp_path / "h.csv", SimpleNamespace(history=History())
    table = CSVHistory(path)
    table.on_train_begin(loop)
    for row in ({"step": 1, "loss": 0.5}, {"step": 2}, {"step": 3, "val": 1.0}):
        loop.history.append(row)
        file = path.stat().st_ino
        table.on_log(loop)
        assert (path.stat().st_ino == file) == (row["step"] == 2)
    assert path.read_bytes() == b"step,loss,val\r\n1,0.5,\r\n2,,\r\n3,,1.0\r\n"


@pytest.mark.parametrize(
    ("step", "failed", "there", "begin", "end"),
    [
        (0, False, False, [0], [0]),
        (3, False, False, [], [3]),
        (3, False, True, [], []),
        (3, True, False, [], []),
        (3, True, True, [], []),
    ],
)
def test_a_picture_is_drawn_where_there_is_none(tmp_path, step, failed, there, begin, end):
    drawn, loop = [], SimpleNamespace(step=step, failed=failed)
    pictures = Pictures(tmp_path, lambda path: drawn.append(int(path.stem.removeprefix("step-"))))
    pictures.on_train_begin(loop)
    assert drawn == begin
    if there:
        (tmp_path / "step-0000003.png").touch()
    pictures.on_train_end(loop)
    assert drawn[len(begin) :] == end


def test_early_stopping_needs_a_row_with_its_column():
    loop = SimpleNamespace(history=History(), stop=None)
    loop.history.append({"loss": 1.0})
    EarlyStopping("val", 1).on_log(loop)
    assert loop.stop is None


@pytest.fixture
def saves(monkeypatch):
    """The steps at which checkpoints are saved."""
    steps = []
    monkeypatch.setattr(checkpoint, "save", lambda path, arrays, numbers: steps.append(numbers))
    return steps


class AtStep(Callback):
    """Does something after a step, or at its row."""

    def __init__(self, **actions):
        self.actions = {int(name[1:]): action for name, action in actions.items()}

    def on_step_end(self, loop):
        self.actions.get(loop.step, lambda: None)()


@pytest.mark.parametrize(("later", "steps"), [(10.0, [6, 7]), (10.5, [4, 6, 7])])
def test_a_checkpoint_is_saved_after_the_interval_each_epoch_and_at_the_end_once(
    small_gan, points, clock, saves, later, steps
):
    def wait():
        clock.now += later

    waits, save = AtStep(_4=wait, _5=wait if later == 10.5 else print), Checkpoints("c", 10.0)
    waits.actions.pop(5)
    Loop(small_gan(), points, batch_size=50, callbacks=[waits, save]).run(steps=7)
    assert [numbers["step"] for numbers in saves] == steps


@pytest.mark.parametrize(("step", "saved"), [(6, [6]), (8, [6, 8])])
def test_the_end_saves_a_step_that_is_not_saved_yet(small_gan, points, saves, step, saved):
    loop = Loop(small_gan(), points, batch_size=50, callbacks=[Checkpoints("c")])
    loop.run(steps=step)
    assert [numbers["step"] for numbers in saves] == saved


def test_a_clock_starts_anew_with_each_checkpoint(small_gan, points, clock, saves):
    def wait():
        clock.now += 8.0

    waits = AtStep(_1=wait, _2=wait, _3=wait, _4=wait)
    callbacks = [waits, Checkpoints("c", 10.0)]
    Loop(small_gan(), points, batch_size=20, callbacks=callbacks).run(steps=5)
    assert [numbers["step"] for numbers in saves] == [2, 4, 5]


@pytest.mark.parametrize("event", ["train_step", "on_step_end"])
def test_a_step_that_is_half_done_is_not_saved(small_gan, points, saves, event):
    def fail(*_):
        raise ZeroDivisionError

    gan = small_gan()
    loop = Loop(gan, points, batch_size=50, callbacks=[AtStep(_2=fail), Checkpoints("c")])
    if event == "train_step":
        rule = gan.optimizers["generator"]
        step = rule.step
        rule.step = lambda w, g: fail() if rule.t == 2 else step(w, g)
        loop.callbacks.pop(0)
    with pytest.raises(ZeroDivisionError):
        loop.run(steps=5)
    assert (loop.whole, loop.failed, saves) == (False, True, [])


def test_the_first_step_of_a_resumed_run_is_one_that_a_signal_ends_at_once(small_gan, points):
    class Press(Callback):
        def on_step_end(self, loop):
            signal.raise_signal(signal.SIGINT)

    loop = Loop(small_gan(), points, batch_size=50, callbacks=[StopOnInterrupt()])
    loop.run(steps=3)
    loop.callbacks.append(Press())
    loop.run(steps=9)
    assert (loop.step, loop.stop) == (4, "interrupted")
    copy.deepcopy(loop.callbacks[0])

    class Compiles(Callback):
        def on_train_begin(self, loop):
            signal.raise_signal(signal.SIGINT)

    loop.callbacks[1] = Compiles()
    with pytest.raises(KeyboardInterrupt):
        loop.run(steps=9)
    assert loop.step == 4


def test_a_file_may_have_as_many_bytes_as_are_allowed(tmp_path):
    path = tmp_path / "c.safetensors"
    checkpoint.save(path, {"w": np.ones(3), "none": np.zeros((0, 2))}, {"step": 1})
    size = path.stat().st_size
    assert checkpoint.load(path, size)[0]["none"].shape == (0, 2)
    with pytest.raises(InputError, match=f"at most {size - 1:,} belong there"):
        checkpoint.load(path, size - 1)


def test_a_number_that_json_has_not_is_not_saved(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        checkpoint.save(tmp_path / "c", {}, {"loss": np.nan})
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize("text", ["[1]", "5", "null"])
def test_numbers_are_a_table(tmp_path, text):
    from safetensors.numpy import save_file

    save_file({"w": np.ones(2)}, tmp_path / "c", {"npgan": text})
    with pytest.raises(InputError, match=r"c is damaged"):
        checkpoint.load(tmp_path / "c")


def test_a_file_without_metadata_is_none_of_npgans(tmp_path):
    from safetensors.numpy import save_file

    save_file({"w": np.ones(2)}, tmp_path / "c")
    with pytest.raises(InputError, match="not a file of npgan's"):
        checkpoint.load(tmp_path / "c")


def test_a_checkpoint_that_does_not_say_what_it_is_of_is_refused():
    checkpoint.check_same({"seed": 1, "step": 3}, {"seed": 1})
    with pytest.raises(InputError, match="does not say its seed"):
        checkpoint.check_same({"step": 3}, {"seed": 1})


def test_a_folder_whose_system_has_no_locks_is_trusted(tmp_path, monkeypatch):
    def take(file):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("npgan.training.lock._take", take)
    before = set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else set()
    with locked(tmp_path):
        pass
    after = set(os.listdir("/proc/self/fd")) if before else set()
    assert len(after) == len(before)


@pytest.mark.parametrize("code", [errno.EAGAIN, errno.EACCES, errno.EDEADLK])
def test_a_lock_that_somebody_holds_is_named_and_its_file_closed(tmp_path, monkeypatch, code):
    def take(file):
        opened.append(file)
        raise OSError(code, "held")

    opened = []
    monkeypatch.setattr("npgan.training.lock._take", take)
    with pytest.raises(Locked, match="trained by another process"), locked(tmp_path):
        pytest.fail("it is held")
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(opened[0])


def test_a_lock_is_given_back_and_follows_no_link(tmp_path):
    for _ in range(2):
        with locked(tmp_path), pytest.raises(Locked), locked(tmp_path):
            pytest.fail("it is held")
    (tmp_path / ".lock").unlink()
    (tmp_path / ".lock").symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="symbolic"), locked(tmp_path):
        pytest.fail("it is a link")
    assert not (tmp_path / "other").exists()


def taken_to(pace, steps, seconds):
    """Let so many steps take what ``seconds`` says of their threads; return the threads of each."""
    used = []
    for _ in range(steps):
        used.append(pace.threads)
        pace.took(seconds(pace.threads))
    return used


def test_a_pace_tries_all_threads_then_one_then_keeps_the_faster_and_tries_again(monkeypatch):
    told = []
    monkeypatch.setattr("npgan.backend.use_threads", told.append)
    pace = Pace(most=4)
    used = taken_to(pace, 1 + PERIOD, {4: 2.0, 1: 1.0}.get)
    assert used == [4] * (1 + PROBE) + [1] * (PERIOD - PROBE)
    assert taken_to(pace, PERIOD, {4: 1.0, 1: 1.5}.get) == (
        [4] * PROBE + [1] * PROBE + [4] * (PERIOD - 2 * PROBE)
    ), "the times of the first trial are forgotten"
    assert told == [4, 1, 1, 4, 1, 4, 4]
    assert taken_to(Pace(most=1), 2 * PERIOD, lambda _: 1.0) == [1] * 2 * PERIOD
    assert len(told) == 7


def test_a_slow_first_step_does_not_count_nor_do_those_between_trials():
    pace = Pace(most=2)
    taken_to(pace, 1, lambda _: 99.0)
    taken_to(pace, 2 * PROBE, {2: 1.0, 1: 1.1}.get)
    taken_to(pace, 1, lambda _: 99.0)
    assert pace.threads == 2


@pytest.mark.parametrize("place", range(PROBE))
def test_each_step_of_a_trial_counts(place):
    for slow in (2, 1):
        pace = Pace(most=2)
        taken_to(pace, 1, lambda _: 1.0)
        taken_to(pace, place + PROBE * (slow == 1), lambda _: 1.0)
        taken_to(pace, 1, lambda _: 1.5)
        taken_to(pace, 2 * PROBE - 1 - place, lambda _: 1.0)
        assert pace.threads == 3 - slow


def test_time_is_that_of_steps_and_none_is_added(small_gan, points, monkeypatch):
    times = iter(np.arange(0, 1000, 0.25))
    monkeypatch.setattr("time.perf_counter", lambda: float(next(times)))
    loop = Loop(small_gan(), points, batch_size=100)
    loop.run(steps=4)
    assert loop.seconds == 1.0
    monkeypatch.setattr("time.perf_counter", lambda: 5.0)
    loop.run(steps=8)
    assert loop.seconds == 1.0


def test_a_loop_that_failed_runs_again_from_where_it_stands(small_gan, points):
    def fail():
        raise ZeroDivisionError

    loop = Loop(small_gan(), points, batch_size=100, callbacks=[AtStep(_2=fail), StopAt(4)])
    with pytest.raises(ZeroDivisionError):
        loop.run(steps=6)
    assert (loop.step, loop.failed, loop.whole) == (2, True, False)
    loop.run(steps=6)
    assert (loop.step, loop.failed, loop.whole, loop.stop) == (4, False, True, "test")
    loop.run(steps=4)
    assert (loop.step, loop.stop, loop.whole) == (4, None, True)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.array([[0, 51], [102, 204]], np.uint8), r"lie in \[0, 1\]$"),
        (np.array([[-3, 0.5], [0, 7.25]], np.float32), r"lie in \[-3, 7.25\]$"),
    ],
)
def test_numbers_that_overflow_end_a_run_with_the_range_of_the_data(data, message):
    coder = Autoencoder(Sequential(Dense(2, 1)), Sequential(Dense(1, 2)))
    coder.networks["decoder"].parameters.flat[:] = np.nan
    with pytest.raises(NonFiniteError, match=message):
        coder.fit(data, steps=1, batch_size=2, callbacks=[], rng=0)


def test_an_infinite_mean_is_named_and_not_saved(small_gan, points):
    loop = Loop(small_gan(), points, batch_size=100)
    loop._sums = {"loss": (np.inf, 1)}
    with pytest.raises(NonFiniteError, match="after step 0 loss is NaN or infinite"):
        loop.state()


def test_validation_is_a_rows_at_an_epochs_end_only(points, monkeypatch):
    monkeypatch.setattr("npgan.training.loop.LOG_EVERY", 2)
    coder = Autoencoder(Sequential(Dense(2, 1)), Sequential(Dense(1, 2)))
    loop = Loop(coder, points, batch_size=100, validation=points[:9])
    rows = loop.run(steps=5).rows
    assert [(row["step"], "val_loss" in row) for row in rows] == [
        (2, False),
        (3, True),
        (4, False),
        (5, False),
    ]


def test_before_the_first_step_no_epoch_has_ended(small_gan, points):
    loop = Loop(small_gan(), points, batch_size=100)
    assert (loop.at_epoch_end, loop.epoch) == (False, 0)
    loop.run(steps=3)
    assert (loop.at_epoch_end, loop.epoch) == (True, 1)


@pytest.mark.parametrize("callbacks", [5, [print]])
def test_what_is_no_callback_is_refused(small_gan, points, callbacks):
    with pytest.raises(InputError, match="callback"):
        Loop(small_gan(), points, batch_size=100, callbacks=callbacks)


def test_a_batch_that_a_model_cannot_divide_is_refused_before_the_first_step(points):
    gan = GAN(Sequential(Dense(2, 2)), Sequential(Dense(4, 1)), packing=2)
    with pytest.raises(InputError, match="a batch of 99 does not make packs of 2"):
        Loop(gan, points, batch_size=99)


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


def test_kernels_are_there_before_the_bar_and_slow_steps_are_explained_once(monkeypatch, capsys):
    prepared = []
    monkeypatch.setattr("npgan.backend.prepare", lambda: prepared.append(1))
    loop = SimpleNamespace(step=0, total_steps=4, seconds=0.0, not_recorded=None)
    progress = Progress()
    progress.on_train_begin(loop)
    assert prepared == [1]
    for reason in (None, "it is its own", "it is its own"):
        loop.not_recorded = reason
        progress.on_step_end(loop)
    assert capsys.readouterr().err == "steps are not recorded, and slower: it is its own\n"


@pytest.mark.parametrize(
    ("event", "at_row", "at_epoch_end", "saved"),
    [
        ("on_step_end", False, False, True),
        ("on_step_end", True, False, False),
        ("on_step_end", True, True, False),
        ("on_log", True, False, True),
        ("on_log", True, True, False),
        ("on_epoch_end", True, True, True),
    ],
)
def test_a_checkpoint_waits_for_a_steps_row_and_its_epochs_end(
    saves, event, at_row, at_epoch_end, saved
):
    loop = SimpleNamespace(step=3, at_row=at_row, at_epoch_end=at_epoch_end)
    loop.state = lambda: ({}, loop.step)
    checkpoints = Checkpoints("c", interval=-1.0)
    checkpoints.on_train_begin(loop)
    getattr(checkpoints, event)(loop)
    assert saves == [3] * saved


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([1, 2, 5], None),
        ([1, 1], "row 2 has the step 1.0 after 1"),
        ([0], "row 1 has the step 0.0 after 0"),
        ([1, 2.5], "row 2 has the step 2.5 after 1"),
        ([np.inf], "row 1 has the step inf after 0"),
        ([np.nan], "row 1 has the step nan after 0"),
    ],
)
def test_steps_of_a_history_are_whole_and_rise(steps, message):
    rows = [{"step": float(step), "epoch": 0.0, "loss": 2.0} for step in steps]
    if message is None:
        history = History.of(rows)
        assert history["step"] == steps
        assert [type(v) for v in history.rows[0].values()] == [int, int, float]
        assert repr(history) == "History(3 rows: step, epoch, loss)"
    else:
        with pytest.raises(ValueError, match=message):
            History.of(rows)


@pytest.mark.parametrize(
    ("columns", "table", "message"),
    [
        (["step", "loss"], np.array([[1, np.nan], [2, 0.5]]), None),
        (["step", "loss"], np.array([[1, 2.0]], np.float32), "float32"),
        (["step", "loss"], np.array([[1.0]]), r"a history of 2 columns is float64 \(1, 1\)"),
        (["step", "loss"], np.array([1.0, 2.0]), r"float64 \(2,\)"),
        (["step", "step"], np.array([[1.0, 2.0]]), "a history of 2 columns"),
        (["step", "a\nb"], np.array([[1.0, 2.0]]), "a column is called"),
    ],
)
def test_a_table_is_a_history_if_its_columns_fit(columns, table, message):
    if message is None:
        history = History.of_table(columns, table)
        assert history.rows == [{"step": 1}, {"step": 2, "loss": 0.5}]
        assert (list(history), len(history)) == (history.rows, 2)
    else:
        with pytest.raises(ValueError, match=message):
            History.of_table(columns, table)


def test_a_history_has_a_greatest_size_and_its_cut_off_row_is_left_out(tmp_path, monkeypatch):
    (tmp_path / "h.csv").write_text("step,loss\n1,\n2,0.5\n3,0.2")
    monkeypatch.setattr("npgan.history.MOST", 24)
    assert History.read_csv(tmp_path / "h.csv").rows == [{"step": 1}, {"step": 2, "loss": 0.5}]
    monkeypatch.setattr("npgan.history.MOST", 23)
    with pytest.raises(InputError, match="at most 23 belong there"):
        History.read_csv(tmp_path / "h.csv")
