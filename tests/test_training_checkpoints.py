"""When a loop saves its checkpoints."""

from types import SimpleNamespace

import pytest
from loops import AtStep, run

from npgan.training import Callback, Checkpoints, Loop, checkpoint


@pytest.mark.parametrize("stop_at", [9, 18, 20])
def test_a_checkpoint_by_the_clock_keeps_the_means(
    small_gan, points, tmp_path, monkeypatch, clock, stop_at
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
        loop(Kill(), Checkpoints(path, interval=0.0)).run(steps=40)
    again, whole = loop(), loop()
    again.load_state(*checkpoint.load(path))
    assert again.step == stop_at
    assert again.run(steps=40)["d_loss"] == whole.run(steps=40)["d_loss"]


def test_a_clock_that_is_set_back_damages_no_checkpoint(small_gan, points, tmp_path, monkeypatch):
    times = iter(range(10**6, 0, -1))
    monkeypatch.setattr("time.perf_counter", lambda: float(next(times)))
    run(small_gan, points, tmp_path, 5)
    run(small_gan, points, tmp_path, 9, resume=True)


@pytest.fixture
def saves(monkeypatch):
    """The steps at which checkpoints are saved."""
    steps = []
    monkeypatch.setattr(checkpoint, "save", lambda path, arrays, numbers: steps.append(numbers))
    return steps


@pytest.mark.parametrize(("later", "steps"), [(9.5, [7]), (10.0, [4, 7])])
def test_a_checkpoint_is_saved_after_the_interval_and_at_the_end_once(
    small_gan, points, clock, saves, later, steps
):
    def wait():
        clock.now += later

    callbacks = [AtStep(_4=wait), Checkpoints("c", 10.0)]
    Loop(small_gan(), points, batch_size=50, callbacks=callbacks).run(steps=7)
    assert [numbers["step"] for numbers in saves] == steps


def test_saving_takes_at_most_a_twentieth_of_the_time(small_gan, points, clock, monkeypatch):
    def save(path, arrays, numbers):
        saved.append(numbers["step"])
        clock.now += 3.0

    def wait():
        clock.now += 10.5

    saved, waits = [], AtStep(**{f"_{step}": wait for step in range(1, 10)})
    monkeypatch.setattr(checkpoint, "save", save)
    Loop(small_gan(), points, batch_size=50, callbacks=[waits, Checkpoints("c", 10.0)]).run(steps=9)
    assert saved == [1, 7, 9]


@pytest.mark.parametrize(("step", "saved"), [(6, [6]), (8, [8])])
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


@pytest.mark.parametrize(
    ("event", "at_row", "saved"),
    [("on_step_end", False, True), ("on_step_end", True, False), ("on_log", True, True)],
)
def test_a_checkpoint_waits_for_a_steps_row(saves, clock, event, at_row, saved):
    loop = SimpleNamespace(step=3, at_row=at_row)
    loop.state = lambda: ({}, loop.step)
    checkpoints = Checkpoints("c", interval=0.0)
    checkpoints.on_train_begin(loop)
    getattr(checkpoints, event)(loop)
    assert saves == [3] * saved
