"""Optimisers against the sums of naive.py, their settings, schedules and clipping."""

import copy
import math

import naive
import numpy as np
import pytest

from npgan import SGD, Adam, AdamW, InputError, Momentum, RMSProp, ops, optim
from npgan.ops import update
from npgan.optim.schedules import Schedule, read

STEPS = 6
SETTINGS = {
    "sgd": {},
    "momentum": {"momentum": 0.8},
    "rmsprop": {"decay": 0.7, "eps": 0.01},
    "adam": {"beta1": 0.5, "beta2": 0.7, "eps": 0.01},
    "adamw": {"beta1": 0.5, "beta2": 0.7, "eps": 0.01, "weight_decay": 0.3},
}


def rounding(dtype):
    """Each step has some twenty roundings, of numbers of order 1."""
    return 20 * STEPS * np.finfo(dtype).eps


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", optim.OPTIMIZERS)
def test_a_rule_is_the_sum_it_stands_for(name, dtype):
    gradients = np.random.default_rng(0).uniform(-1, 1, (STEPS, 5)).astype(dtype)
    start = np.linspace(-1, 1, 5, dtype=dtype)
    w, rule = start.copy(), optim.build(name, lr=0.1, **SETTINGS[name])
    for t in range(STEPS):
        g = gradients[t].copy()
        rule.step(w, g)
        assert not g.any(), "the gradient is used up"
        seen = gradients[: t + 1].astype(float).T.tolist()
        expected = [
            naive.RULES[name](float(start[i]), seen[i], 0.1, **SETTINGS[name]) for i in range(5)
        ]
        np.testing.assert_allclose(w, expected, rtol=0, atol=rounding(dtype))
    assert w.dtype == dtype
    assert rule.t == STEPS


def test_the_first_step_of_adam_has_the_length_of_the_learning_rate():
    for size in (1e-3, 1.0, 1e3):
        w = np.zeros(2)
        Adam(lr=0.1).step(w, np.array([size, -size]))
        # the step is lr g / (|g| + eps)
        np.testing.assert_allclose(w, [-0.1, 0.1], rtol=1.01 * 1e-8 / size + 1e-15)


@pytest.mark.parametrize("limit", [0.0, 0.2, 0.999])
def test_an_average_is_the_sum_of_its_past(limit):
    weights = np.random.default_rng(0).uniform(-1, 1, (STEPS, 3))
    average = np.full(3, 1e6)
    for t, w in enumerate(weights, start=1):
        update.ema_update(average, w, update.ema_decay(t, limit))
        np.testing.assert_allclose(average, naive.ema(weights[:t], limit), atol=rounding(float))


@pytest.mark.parametrize("t", [1, 2, 10, 78, 300])
def test_the_last_tenth_of_a_short_run_counts_in_its_average(t):
    """The shares of the weights seen so far, one after the other."""
    shares = np.zeros(t)
    for i in range(t):
        update.ema_update(shares, np.eye(t)[i], update.ema_decay(i + 1, 0.999))
    expected = [math.comb(i + 7, 8) / math.comb(t + 8, 9) for i in range(1, t + 1)]
    np.testing.assert_allclose(shares, expected, rtol=1e-11)
    assert shares @ np.arange(t)[::-1] == pytest.approx((t - 1) / 10)


@pytest.mark.parametrize("name", optim.OPTIMIZERS)
def test_every_rule_finds_the_minimum_of_a_quadratic(name):
    curvature, minimum = np.array([1.0, 3.0, 0.3]), np.array([1.0, -2.0, 3.0])
    settings = {"weight_decay": 0.0} if name == "adamw" else {}
    lr, w = 0.05, np.zeros(3)
    rule = optim.build(name, lr=lr, steps=2000, schedule="linear", **settings)
    for _ in range(2000):
        rule.step(w, curvature * (w - minimum))
    # the normalised rules take steps of about lr wherever they are, so they end within one
    assert np.abs(w - minimum).max() < lr


def test_adamw_decays_weights_also_where_the_gradient_is_zero():
    w = np.array([2.0, -4.0])
    AdamW(lr=0.1, weight_decay=0.5).step(w, np.zeros(2))
    np.testing.assert_allclose(w, np.array([2.0, -4.0]) * (1 - 0.1 * 0.5), rtol=1e-15)


def test_adamw_without_decay_is_adam():
    results = []
    for rule in (Adam(0.1), AdamW(0.1, weight_decay=0.0)):
        w = np.ones(3)
        for _ in range(STEPS):
            rule.step(w, w**2)
        results.append(w)
    np.testing.assert_array_equal(*results)


def test_moments_serve_one_vector_until_init():
    rule, w = Adam(0.1), np.ones(2)
    rule.step(w, w.copy())
    for other in (np.ones(3), np.ones(2, np.float32)):
        with pytest.raises(InputError, match="holds the moments of 2 weights, float64"):
            rule.step(other, other.copy())
        rule.init(other)
        rule.step(other, other.copy())
        rule.init(w)
        rule.step(w, w.copy())


def test_a_rule_that_has_made_updates_but_lost_its_moments_says_so():
    rule = Adam(0.1)
    rule.t = 3
    with pytest.raises(InputError, match="holds the moments of 0 weights"):
        rule.step(np.ones(2), np.ones(2))


def read_only(w):
    w.flags.writeable = False
    return w


PAIRS = {
    "another size": (np.ones(3), np.ones(2)),
    "another type": (np.ones(2), np.ones(2, np.float32)),
    "integers": (np.ones(2, int), np.ones(2, int)),
    "rows": (np.ones((2, 2)), np.ones((2, 2))),
    "a list": ([1.0], np.ones(1)),
    "gaps": (np.ones(4)[::2], np.ones(2)),
    "read-only weights": (read_only(np.ones(2)), np.ones(2)),
    "a read-only gradient": (np.ones(2), read_only(np.ones(2))),
    "one array": (lambda w: (w, w))(np.ones(2)),
    "overlapping": (lambda w: (w[1:], w[:-1]))(np.ones(3)),
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("rule", optim.OPTIMIZERS)
def test_only_a_vector_and_its_gradient_are_updated(rule, name):
    w, g = PAIRS[name]
    before = np.array(w)
    with pytest.raises(InputError, match=r"step (takes|changes)"):
        optim.build(rule, lr=0.1, clip_value=0.1).step(w, g)
    np.testing.assert_array_equal(w, before)


def test_init_starts_anew():
    rule, w = Adam(0.1), np.ones(2)
    rule.step(w, w.copy())
    rule.init(w)
    assert rule.t == 0
    assert not any(moment.any() for moment in rule.state.values())


@pytest.mark.parametrize("norm", [0.5, 1.0, 3.0])
def test_clipping_by_norm_shortens_what_is_longer_and_keeps_its_direction(norm):
    g = np.array([3.0, -4.0]) * norm / 5
    expected = g * min(1, 1 / norm)
    ops.clip_by_norm(g, 1.0)
    np.testing.assert_allclose(g, expected, rtol=1e-15)


def test_clipping_by_norm_knows_a_norm_whose_square_is_infinite():
    g = np.full(4, 1e19, np.float32)
    ops.clip_by_norm(g, 1.0)
    np.testing.assert_allclose(g, 0.5, rtol=1e-6)


def test_clipping_by_value_moves_single_elements():
    g = np.array([3.0, -0.5, -2.0])
    ops.clip_by_value(g, 1.0)
    np.testing.assert_array_equal(g, [1.0, -0.5, -1.0])


@pytest.mark.parametrize(
    ("clipping", "expected"),
    [
        ({"clip_norm": 1.0}, [-0.6, 0.8]),
        ({"clip_value": 1.0}, [-1.0, 1.0]),
        ({"clip_weights": 0.5}, [-0.5, 0.5]),
        ({}, [-3.0, 4.0]),
    ],
)
def test_an_optimiser_clips_what_it_is_told_to(clipping, expected):
    w = np.zeros(2)
    SGD(lr=1.0, **clipping).step(w, np.array([3.0, -4.0]))
    np.testing.assert_allclose(w, expected, rtol=1e-15)


@pytest.mark.parametrize("name", ["linear", "cosine"])
def test_a_schedule_falls_from_lr_to_its_final_value_and_stays_there(name):
    schedule = optim.SCHEDULES[name](0.5, 10, final=0.1)
    rates = [schedule(t) for t in range(13)]
    assert rates[0] == pytest.approx(0.5, rel=1e-15)
    assert rates[5] == pytest.approx(0.3, rel=1e-15)
    assert rates[10:] == pytest.approx([0.1] * 3, rel=1e-15)
    assert rates == sorted(rates, reverse=True)


def test_schedules_are_a_line_and_half_a_cosine():
    assert optim.linear(1.0, 4)(1) == 0.75
    assert optim.cosine(1.0, 4)(1) == pytest.approx((1 + math.sqrt(0.5)) / 2, rel=1e-15)
    assert optim.constant(0.3)(10**6) == 0.3


def test_the_first_update_has_the_schedules_first_rate():
    w = np.zeros(1)
    rule = optim.build("sgd", lr=1.0, steps=4, schedule="linear")
    moves = []
    for _ in range(5):
        before = w.copy()
        rule.step(w, np.ones(1))
        moves.append(float((before - w)[0]))
    assert moves == [1.0, 0.75, 0.5, 0.25, 0.0]


def test_a_constant_schedule_is_the_learning_rate():
    rule = optim.build("sgd", lr=0.3, steps=4, schedule="constant")
    assert [rule.lr(t) for t in (0, 4, 9)] == [0.3] * 3


WRONG = [
    *((lambda lr=lr: SGD(lr), "lr must be a positive") for lr in (-1.0, 0.0, math.nan, math.inf)),
    (lambda: SGD(0.1, clip_norm=0.0), "clip_norm must be a positive"),
    (lambda: SGD(0.1, clip_value=-1.0), "clip_value must be a positive"),
    (lambda: SGD(0.1, clip_weights=math.nan), "clip_weights must be a positive"),
    (lambda: Momentum(0.1, momentum=1.0), r"momentum must be a number in \[0, 1\), not 1.0"),
    (lambda: RMSProp(0.1, decay=-0.1), r"decay must be a number in \[0, 1\)"),
    (lambda: Adam(0.1, beta1=1.0), r"beta1 must be a number in \[0, 1\), not 1.0"),
    (lambda: Adam(0.1, beta2=math.nan), r"beta2 must be a number in \[0, 1\), not nan"),
    (
        lambda: AdamW(0.1, weight_decay=-0.1),
        "weight_decay must be a number of at least 0, not -0.1",
    ),
    (
        lambda: AdamW(0.1, weight_decay=math.nan),
        "weight_decay must be a number of at least 0, not nan",
    ),
    (lambda: RMSProp(0.1, eps=-1.0), "eps"),
    (lambda: Adam(0.1, eps=math.nan), "eps"),
    (lambda: Adam("a"), "lr must be a positive number, not 'a'"),
    (lambda: SGD(10**400), "lr must be a positive number"),
    (lambda: Adam(0.1, beta1="a"), "beta1 must be a number"),
    (lambda: optim.build("adm", lr=0.1), "unknown optimiser 'adm': did you mean 'adam'"),
    (lambda: optim.build("adam", lr=-0.1, schedule="linear"), "lr must be a positive"),
    (lambda: optim.build("adam", lr=0.1, schedule="line"), "unknown schedule 'line'"),
    (lambda: optim.build("sgd", lr=0.1, beta1=0.5), "optimiser 'sgd' cannot take"),
]


@pytest.mark.parametrize(("make", "message"), WRONG)
def test_a_setting_that_cannot_be_is_refused_in_words(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_moments_of_weights_of_the_same_kind_stay_where_they_are():
    """A recorded step goes on using them."""
    rule, w = Adam(0.1), np.ones(2)
    assert (rule.serves, rule.t) == (None, 0)
    rule.step(w, w.copy())
    before = dict(rule.state)
    rule.init(np.zeros(2))
    assert all(rule.state[name] is array for name, array in before.items())
    assert (rule.serves, rule.t, sorted(rule.state)) == ((2, np.float64), 0, ["m", "v"])
    rule.init(np.zeros(2, np.float32))
    assert [array.dtype for array in rule.state.values()] == [np.float32] * 2
    assert before["m"] is not rule.state["m"]


def test_a_gradient_is_shortened_before_its_elements_are_clipped():
    w = np.array([0.0, 9.0])
    SGD(1.0, clip_norm=5.0, clip_value=3.5, clip_weights=6.0).step(w, np.array([6.0, 8.0]))
    np.testing.assert_allclose(w, [-3.0, 5.5], rtol=1e-15)


def test_a_copy_of_an_optimiser_has_moments_of_its_own():
    rule, w = Adam(0.1), np.ones(2)
    rule.step(w, w.copy())
    twin = copy.copy(rule)
    assert (twin.t, twin.state["m"].tolist()) == (1, rule.state["m"].tolist())
    assert not np.shares_memory(twin.state["m"], rule.state["m"])


@pytest.mark.parametrize(
    ("lr", "settings", "rates"),
    [
        (0.5, {}, [0.5, 0.5]),
        (0.5, {"schedule": "linear"}, [0.5, 0.0]),
        (0.5, {"schedule": "linear", "steps": 2}, [0.5, 0.25]),
        ({"shape": "geometric", "start": 1.0, "end": 0.25, "steps": 2}, {}, [1.0, 0.5]),
        (Schedule("cosine", 1.0, 0.5, 2), {}, [1.0, 0.75]),
        (lambda t: 1.0 + t, {}, [1.0, 2.0]),
    ],
)
def test_a_rate_is_a_number_a_schedule_or_a_function_of_updates(lr, settings, rates):
    rule, w, moves = optim.build("sgd", lr=lr, **settings), np.zeros(1), []
    for _ in range(2):
        before = w[0]
        rule.step(w, np.ones(1))
        moves.append(before - w[0])
    assert moves == pytest.approx(rates, abs=1e-15)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("line", 1.0, 0.5, 4), "unknown shape of a schedule 'line'"),
        (("linear", 0.0, 0.5, 4), "a schedule's start must be a positive"),
        (("linear", 1.0, -0.5, 4), "a schedule's end must be a number of at least 0, not -0.5"),
        (("geometric", 1.0, 0.0, 4), "a schedule's end must be a positive"),
        (("linear", 1.0, 0.5, 0), "a schedule's steps must be a whole number, at least 1"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        Schedule(*arguments)
    assert Schedule("linear", 1, 0, 1)(1) == 0.0


@pytest.mark.parametrize("table", [{"shape": "linear"}, {"shape": "linear", "size": 3}])
def test_a_table_of_a_schedule_has_all_its_numbers(table):
    with pytest.raises(InputError, match="a schedule is a table of shape, start, end and steps"):
        read(table)
    assert read(0.5) == 0.5
