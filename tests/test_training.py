"""The training loop: its length, its time, its rows, and how it ends."""

import numpy as np
import pytest
from loops import AtStep, Recorder, StopAt

from npgan import GAN, Autoencoder, Dense, InputError, NonFiniteError, Sequential, backend
from npgan.training import Callback, Loop


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


def test_the_same_seed_gives_the_same_bits(small_gan, points):
    weights = []
    for _ in range(2):
        gan = small_gan()
        gan.fit(points, steps=20, batch_size=32, callbacks=[], rng=3)
        weights.append(gan.generator.parameters.flat)
    assert (weights[0] == weights[1]).all()


def test_time_is_that_of_steps_and_none_is_added(small_gan, points, monkeypatch):
    times = iter(np.arange(0, 1000, 0.25))
    monkeypatch.setattr("time.perf_counter", lambda: float(next(times)))
    loop = Loop(small_gan(), points, batch_size=100)
    assert (loop.step, loop.seconds, loop.total_steps) == (0, 0.0, 0)
    loop.run(steps=4)
    assert (loop.step, loop.seconds, loop.total_steps) == (4, 1.0, 4)
    monkeypatch.setattr("time.perf_counter", lambda: 5.0)
    loop.run(steps=8)
    assert loop.seconds == 1.0


def test_a_step_with_all_rows_ends_an_epoch(small_gan, points):
    seen = Recorder()
    Loop(small_gan(), points[:50], batch_size=50, callbacks=[seen]).run(steps=2)
    assert seen.events == ["begin", *2 * ["step", "log", "epoch"], "end"]


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


def test_only_rows_at_an_epochs_end_have_validation(points, monkeypatch):
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
    assert (loop.step, loop.seconds, loop.total_steps) == (0, 0, 0)
    assert (loop.stop, loop.failed, loop.whole) == (None, False, True)
    loop.run(steps=3)
    assert (loop.at_epoch_end, loop.epoch) == (True, 1)


def test_a_batch_that_a_model_cannot_divide_is_refused_before_the_first_step(points):
    gan = GAN(Sequential(Dense(2, 2)), Sequential(Dense(4, 1)), packing=2)
    with pytest.raises(InputError, match="a batch of 99 does not make packs of 2"):
        Loop(gan, points, batch_size=99)


@pytest.mark.parametrize("chosen", [None, "numpy"])
def test_training_uses_kernels_unless_the_reference_was_chosen(
    chosen, small_gan, points, monkeypatch
):
    pytest.importorskip("npgan.kernels")
    monkeypatch.setattr(backend, "_chosen", chosen)
    small_gan().fit(points, steps=1, batch_size=150, callbacks=[], rng=0)
    assert backend.run.fused == (chosen is None)


def test_an_unknown_backend_is_refused_in_words():
    with pytest.raises(InputError, match="unknown backend 'nump': did you mean 'numpy'"):
        backend.use("nump")


def test_weights_that_are_infinite_after_the_last_step_are_named_and_are_not_whole(
    small_gan, points
):
    gan = small_gan()

    def spoil():
        gan.generator.parameters.flat[0] = np.inf

    loop = Loop(gan, points, batch_size=100, callbacks=[AtStep(_3=spoil)])
    with pytest.raises(NonFiniteError, match=r"after step 3 .* is NaN or infinite.*; the data's"):
        loop.run(steps=3)
    assert (loop.whole, loop.failed) == (False, True)
