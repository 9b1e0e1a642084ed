"""Callbacks: their order, early stopping, pictures, progress, measures and signals."""

import copy
import re
import signal
from types import SimpleNamespace

import numpy as np
import pytest
from commands import Terminal
from loops import AtStep, Recorder

from npgan import InputError
from npgan.training import (
    Callback,
    Checkpoints,
    EarlyStopping,
    History,
    Loop,
    Measures,
    Pictures,
    Progress,
    StopOnInterrupt,
    checkpoint,
)


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


def test_pictures_come_before_training_after_the_interval_and_at_the_end(
    small_gan, points, tmp_path, clock
):
    def wait():
        clock.now += 2.5

    callbacks = [AtStep(_2=wait), Pictures(tmp_path, lambda p: p.touch())]
    small_gan().fit(points, steps=7, batch_size=100, callbacks=callbacks, rng=0)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"step-{step:07d}.png" for step in (0, 3, 7)]


def test_a_long_run_keeps_20_to_40_pictures_ever_farther_apart(tmp_path, clock):
    pictures, loop = Pictures(tmp_path, lambda p: p.touch()), SimpleNamespace(step=0, failed=False)
    (tmp_path / "mine.png").touch()
    pictures.on_train_begin(loop)
    for loop.step in range(1, 4001):
        clock.now += 0.25
        pictures.on_log(loop)
    pictures.on_train_end(loop)
    steps = [int(path.stem[5:]) for path in sorted(tmp_path.glob("step*"))]
    assert 20 <= len(steps) <= 41
    assert (steps[0], steps[-1]) == (0, 4000)
    apart = np.diff(steps[:-1])
    assert max(apart) < 2.2 * min(apart), apart
    assert (tmp_path / "mine.png").exists()


def test_the_bar_of_a_terminal_counts_steps_and_has_its_width(small_gan, points, monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal())
    progress = Progress()
    progress.on_train_end = lambda loop: None
    small_gan().fit(points, steps=4, batch_size=100, callbacks=[progress], rng=0)
    assert (progress.bar.unit, progress.bar.n, progress.bar.total) == ("step", 4, 4)
    assert progress.bar.dynamic_ncols


def test_progress_prints_lines_where_there_is_no_terminal(small_gan, points, capsys):
    small_gan().fit(points, epochs=2, batch_size=100, callbacks=[Progress()], rng=0)
    error = capsys.readouterr().err
    assert "step 6/6" in error
    assert " s, 0 s left" in error
    assert "P(real) of made" in error
    assert "\r" not in error


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
    assert loop.stop == "val has not improved for 2 rows"


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


def test_the_bar_is_closed_when_the_run_ends(small_gan, points, monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal())
    progress, bars = Progress(), []

    class Keep(Callback):
        def on_train_begin(self, loop):
            bars.append(progress.bar)
            assert not progress.bar.disable

    small_gan().fit(points, steps=2, batch_size=100, callbacks=[progress, Keep()], rng=0)
    assert bars[0].disable, "as tqdm has it of one that is closed"


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


@pytest.mark.parametrize("callbacks", [5, [print]])
def test_objects_that_are_not_callbacks_are_refused(small_gan, points, callbacks):
    with pytest.raises(InputError, match="callback"):
        Loop(small_gan(), points, batch_size=100, callbacks=callbacks)


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
