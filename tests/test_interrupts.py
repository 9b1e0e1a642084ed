"""Signals: a step is made whole or not at all, and what asks a process to end lets it save."""

import signal

import numpy as np
import pytest

from npgan.training import Callback, Loop, StopOnInterrupt
from npgan.training.interrupts import REASONS, Shield, handled


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
            with shield, shield.open():
                signal.raise_signal(signal.SIGTERM)
                assert came == ["term"] * 3
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_number_is_finite_or_the_run_ends_in_an_error(small_gan, points):
    """An update that overflows is the last step's, whose result no gradient looks at any more."""
    from npgan import SGD, NonFiniteError

    gan = small_gan()
    gan.discriminator.parameters.flat[:] = np.float32(3e38) * np.sign(
        gan.discriminator.parameters.flat
    )
    gan.optimizers["discriminator"] = SGD(1.0)
    gan.optimizers["discriminator"].update = lambda w, g, t, lr: w.__imul__(2)
    with np.errstate(all="ignore"), pytest.raises(NonFiniteError, match="step 1"):
        gan.fit(points, steps=1, batch_size=32, callbacks=[], rng=0)
