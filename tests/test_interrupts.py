"""Signals: a step is made whole or not at all, and what asks a process to end lets it save."""

import os
import signal
import threading
import warnings

import numpy as np
import pytest

from npgan import NonFiniteError, backend
from npgan.signals import REASONS
from npgan.training import Callback, Checkpoints, Loop, StopOnInterrupt
from npgan.training.interrupts import Shield, handled


def pressed(model, update, number=signal.SIGINT):
    """Let a signal come in the middle of a step: after so many of the discriminator's updates."""
    rule = model.optimizers["discriminator"]
    step = rule.step

    def press(w, g):
        step(w, g)
        if rule.t == update:
            signal.raise_signal(number)

    rule.step = press
    return model


def state(model):
    arrays, numbers = model.state()
    return {name: array.copy() for name, array in arrays.items()}, numbers


def same(mine, others):
    return mine[1] == others[1] and all((mine[0][n] == others[0][n]).all() for n in others[0])


@pytest.mark.parametrize("update", [1, 4])
def test_a_step_of_fit_is_whole_or_not_at_all(small_gan, points, update):
    """The first may compile for minutes: it ends at once, and is undone."""
    settings = {"batch_size": 32, "callbacks": [], "rng": 0}
    gan, twin = pressed(small_gan(), update), small_gan()
    with pytest.raises(KeyboardInterrupt):
        gan.fit(points, steps=200, **settings)
    if update > 1:
        twin.fit(points, steps=update, **settings)
    assert same(state(gan), state(twin))


def test_an_interrupted_fit_keeps_its_history(small_gan, points):
    gan = pressed(small_gan(), 12)
    with pytest.raises(KeyboardInterrupt):
        gan.fit(points, steps=50, batch_size=32, callbacks=[], rng=0)
    assert gan.history["step"] == [9]


@pytest.mark.parametrize("number", REASONS)
def test_a_run_ends_after_the_step_whatever_asks_for_it(small_gan, points, number):
    gan = pressed(small_gan(), 4, number)
    loop = Loop(gan, points, batch_size=32, rng=0, callbacks=[StopOnInterrupt()])
    before = signal.getsignal(number)
    loop.run(steps=50)
    assert (loop.step, loop.stop, loop.failed) == (4, REASONS[number], False)
    assert signal.getsignal(number) is before


def test_a_second_signal_ends_a_run_at_once(small_gan, points):
    class Presses(Callback):
        def on_step_end(self, loop):
            signal.raise_signal(signal.SIGINT)
            assert loop.stop
            signal.raise_signal(signal.SIGINT)
            pytest.fail("it goes on")

    loop = Loop(small_gan(), points, batch_size=32, callbacks=[StopOnInterrupt(), Presses()])
    with pytest.raises(KeyboardInterrupt):
        loop.run(steps=5)
    assert loop.step == 1


def test_before_the_first_step_a_run_ends_at_once(small_gan, points):
    class Compiles(Callback):
        def on_train_begin(self, loop):
            signal.raise_signal(signal.SIGTERM)
            pytest.fail("it goes on")

    loop = Loop(small_gan(), points, batch_size=32, callbacks=[StopOnInterrupt(), Compiles()])
    with pytest.raises(KeyboardInterrupt):
        loop.run(steps=5)


def test_what_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with handled(lambda _: pytest.fail):
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_second_signal_in_a_block_waits_as_well():
    came, shield = [], Shield()
    before = signal.signal(signal.SIGTERM, lambda *_: came.append("term"))
    try:
        with shield.raised():
            with shield:
                signal.raise_signal(signal.SIGTERM)
                signal.raise_signal(signal.SIGTERM)
                assert not came
            assert came == ["term"] * 2
            with shield:
                with shield.open():
                    signal.raise_signal(signal.SIGTERM)
                    assert came == ["term"] * 3
                signal.raise_signal(signal.SIGTERM)
                assert came == ["term"] * 3
            assert came == ["term"] * 4
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("saved", [False, True])
def test_a_number_is_finite_or_the_run_ends_in_an_error(small_gan, points, tmp_path, saved):
    """An update that overflows is the last step's, whose result no gradient looks at any more."""
    gan, path = small_gan(), tmp_path / "c.safetensors"
    gan.optimizers["generator"].update = lambda w, *_: w.fill(np.inf)
    with pytest.raises(NonFiniteError, match=r"after step 1 generator\.0\.\w+ is NaN or infinite"):
        gan.fit(points, steps=1, batch_size=32, callbacks=[Checkpoints(path)] * saved, rng=0)
    assert not path.exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_fork_beside_a_thread_that_records_a_step_can_train():
    """A child has the lock as it was, but not the thread that would give it back."""
    held, seen = threading.Event(), threading.Event()

    def record():
        with backend._recording:
            held.set()
            seen.wait(0.2)

    thread = threading.Thread(target=record)
    thread.start()
    held.wait()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that threads do not survive is what this is about
        child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(10)
        backend.use("numpy")
        os._exit(0)
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
