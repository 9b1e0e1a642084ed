"""How many threads a loop's steps get."""

import pytest

from npgan.training.pace import PERIOD, PROBE, Pace


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
