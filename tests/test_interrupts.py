"""Signals: a step is made whole or not at all, and what asks a process to end lets it save."""

import os
import signal
import sys
import threading
import time
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from npgan import NonFiniteError, backend
from npgan.system.signals import REASONS
from npgan.training import Callback, Checkpoints, Loop, StopOnInterrupt, interrupts
from npgan.training.interrupts import Shield, handled, raised


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
        signal.alarm(4)
        backend.use("numpy")
        os._exit(0)
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.fixture
def handler():
    """A handler of SIGTERM of one's own, which is given back."""

    def mine(number, frame):
        pytest.fail("it is replaced")

    before = signal.signal(signal.SIGTERM, mine)
    yield mine
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("error", [None, ZeroDivisionError])
def test_handlers_are_told_of_those_before_and_give_way_to_them_again(handler, error):
    came, told = [], []
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        with handled(lambda other: told.append(other) or (lambda *_: came.append(1))):
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGHUP)
            if error:
                raise error
    except ZeroDivisionError:
        pass
    assert came == [1, 1]
    assert told == [signal.default_int_handler, handler, None]
    assert signal.getsignal(signal.SIGTERM) is handler
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL


def test_a_handler_that_is_to_stay_stays(handler):
    with handled(lambda _: None):
        assert signal.getsignal(signal.SIGTERM) is handler


def test_only_the_main_thread_takes_signals(handler):
    def work():
        with handled(lambda _: pytest.fail):
            seen.append(signal.getsignal(signal.SIGTERM))

    seen = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [handler]


def test_a_block_in_which_signals_raise_names_the_signal(handler, monkeypatch):
    monkeypatch.setattr(interrupts, "process", SimpleNamespace(command=False))
    hook = sys.unraisablehook
    with pytest.raises(KeyboardInterrupt) as caught, raised():
        signal.raise_signal(signal.SIGTERM)
    assert caught.value.args == (signal.SIGTERM,)
    assert signal.getsignal(signal.SIGTERM) is handler
    assert sys.unraisablehook is hook, "it is the command line's only"


@pytest.fixture
def command(monkeypatch):
    """Let this be the command line, and note the signals that end it."""
    left, watchers = [], set(threading.enumerate())
    command = SimpleNamespace(command=True, compiles=True, left=left)
    monkeypatch.setattr(interrupts, "process", command)
    monkeypatch.setattr(interrupts, "leave", left.append)
    monkeypatch.setattr(interrupts, "PATIENCE", 0.1)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    yield command
    go = signal.set_wakeup_fd(-1)
    if go >= 0:
        os.close(go)  # which ends the thread that reads
    for thread in set(threading.enumerate()) - watchers:
        thread.join(5)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("times", [1, 2])
def test_a_compilation_that_a_signal_does_not_end_ends_the_command(command, number, times):
    with raised():
        for i in range(1, times + 1):
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(number)
            assert len(command.left) < i, "it has time to end by itself"
            ends = time.monotonic() + 5
            while len(command.left) < i and time.monotonic() < ends:
                time.sleep(0.01)
            assert command.left == [number] * i


def test_the_command_is_told_of_signals_that_come_in_compiled_code(command, monkeypatch):
    pipe, told = os.pipe(), []
    with monkeypatch.context() as patch:
        patch.setattr(os, "pipe", lambda: pipe)
        patch.setattr(signal, "set_wakeup_fd", lambda number, **_: told.append(number))
        interrupts._watch()
    os.close(pipe[1])  # which ends the thread that reads
    assert told == [pipe[1]]


@pytest.mark.parametrize("compiles", ["never", "not any more", "ended"])
def test_what_a_signal_has_ended_does_not_end_the_command(command, compiles):
    command.compiles = compiles != "never"
    with raised():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        if compiles != "ended":
            command.compiles = False
            time.sleep(0.25)
            command.compiles = True
    time.sleep(0.25)
    assert command.left == []


def test_a_signal_that_is_none_of_those_is_left_alone(command):
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        with raised():
            signal.raise_signal(signal.SIGUSR1)
            time.sleep(0.25)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert command.left == []


@pytest.mark.parametrize(
    ("error", "left"),
    [
        (KeyboardInterrupt(signal.SIGTERM), [signal.SIGTERM]),
        (KeyboardInterrupt(), [signal.SIGINT]),
        (ZeroDivisionError(), []),
    ],
)
def test_an_interrupt_that_is_lost_in_a_callback_ends_the_command(
    command, monkeypatch, error, left
):
    told = []
    monkeypatch.setattr(sys, "__unraisablehook__", told.append)
    with raised():
        lost = SimpleNamespace(exc_value=error)
        sys.unraisablehook(lost)
    assert command.left == left
    assert told == [lost]


def test_a_shield_opens_for_what_has_waited():
    came, shield = [], Shield()
    before = signal.signal(signal.SIGTERM, lambda *_: came.append(1))
    try:
        with shield.raised():
            signal.raise_signal(signal.SIGTERM)
            assert came == [1], "nothing is shielded yet"
            with shield:
                signal.raise_signal(signal.SIGTERM)
                with shield.open():
                    assert came == [1, 1]
                with pytest.raises(ZeroDivisionError), shield.open():
                    raise ZeroDivisionError
                signal.raise_signal(signal.SIGTERM)
                assert came == [1, 1]
        assert came == [1, 1, 1]
        signal.raise_signal(signal.SIGTERM)
        assert came == [1] * 4
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_shield_leaves_a_default_to_the_system():
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        with Shield().raised():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)


def test_signals_that_come_together_are_told_apart(command, monkeypatch):
    """The first has the process wait, and the others are then in the pipe at once."""
    with raised():
        for _ in range(3):
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
        ends = time.monotonic() + 5
        while len(command.left) < 3 and time.monotonic() < ends:
            time.sleep(0.01)
        assert command.left == [signal.SIGINT] * 3


def test_the_thread_that_hears_of_signals_lets_the_process_end_and_its_pipe_keeps_no_signal_waiting(
    command,
):
    before = set(threading.enumerate())
    with raised():
        (watcher,) = set(threading.enumerate()) - before
        assert watcher.daemon
        go = signal.set_wakeup_fd(-1)
        signal.set_wakeup_fd(go)
        assert not os.get_blocking(go)
