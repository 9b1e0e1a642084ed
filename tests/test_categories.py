"""Rows of tables: categories that are drawn softly, gathered one-hot, and sampled as a condition."""

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from steps_recorded import check, compiled

from npgan import Dense, GumbelSoftmax, InputError, Sequential, TableGAN, backend, ops
from npgan.check.gradcheck import gradcheck
from npgan.data.conditions import ConditionedBatches, conditions, shares, starts
from npgan.training import Loop

FLOATS = [np.float32, np.float64]
WIDTHS = [1, 3, 1, 2]  # a number, a category of 3, a number, a category of 2
WIDE = sum(WIDTHS)
COUNTS = 600, 396, 4  # rows of each category of the first


def table(n=1000, seed=0):
    """Return rows with a rare category, on which the first number depends."""
    rng = np.random.default_rng(seed)
    kind = np.repeat([0, 1, 2], COUNTS)[:n]
    numbers = rng.standard_normal((len(kind), 2)) * 0.2 + np.column_stack([kind, -kind])
    yes = rng.random(len(kind)) < 0.25
    return np.column_stack([numbers[:, 0], kind, numbers[:, 1], yes]).astype(np.float32)


def gan(dtype=np.float32, **settings):
    c = conditions(WIDTHS)
    generator = Sequential(Dense(5 + c, WIDE), GumbelSoftmax("1,3,1,2"), rng=0)
    discriminator = Sequential(Dense(WIDE + c, 16), Dense(16, 1), rng=1)
    networks = generator.astype(dtype), discriminator.astype(dtype)
    return TableGAN(*networks, widths=WIDTHS, **settings)


@settings(deadline=None)  # the first call compiles
@given(st.data(), st.sampled_from(FLOATS), st.lists(st.integers(1, 4), min_size=1, max_size=4))
@pytest.mark.parametrize("name", ["numpy", "numba"])
def test_a_soft_draw_is_its_formula(name, data, dtype, widths):
    backend.use(name)
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    x, noise = rng.standard_normal((2, data.draw(st.integers(0, 4)), sum(widths))).astype(dtype)
    for g, temperature in ((noise, 0.5), (None, 1.0)):
        y = backend.run.gumbel_softmax_forward(x, g, np.array(widths), temperature)
        assert y.dtype == dtype
        for row, mine in enumerate(y):
            added = np.zeros(sum(widths)) if g is None else g[row]
            expected = naive.gumbel_softmax(x[row].tolist(), added.tolist(), widths, temperature)
            np.testing.assert_allclose(mine, expected, atol=40 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_kernels_are_the_references(dtype, threads):
    backend.use("numba")
    rng = np.random.default_rng(0)
    widths = np.array([1, 1, 9, 30, 1, 2])
    x, dy, noise = rng.standard_normal((3, 300, widths.sum())).astype(dtype)
    for g in (noise, None):
        y = ops.gumbel_softmax_forward(x, g, widths, 0.2)
        mine = backend.run.gumbel_softmax_forward(x, g, widths, 0.2)
        np.testing.assert_allclose(mine, y, atol=40 * np.finfo(dtype).eps)
        dx = ops.gumbel_softmax_backward(dy, y, widths, 0.2)
        mine = backend.run.gumbel_softmax_backward(dy, y, widths, 0.2)
        np.testing.assert_allclose(mine, dx, atol=200 * np.finfo(dtype).eps)
    mine, exact = (
        gumbel(np.random.default_rng(1), (1001,), dtype)
        for gumbel in (backend.run.gumbel, ops.gumbel)
    )
    np.testing.assert_allclose(mine, exact, rtol=20 * np.finfo(dtype).eps, atol=1e-6)


@settings(deadline=None)
@given(st.data(), st.lists(st.integers(1, 4), min_size=1, max_size=4))
@pytest.mark.parametrize("name", ["numpy", "numba"])
def test_gathered_rows_are_one_hot(name, data, widths):
    backend.use(name)
    draw = np.random.default_rng(data.draw(st.integers(0, 99)))
    rows, c = draw.integers(-1, 5, (6, len(widths))).astype(np.float32), 3
    which, wanted = draw.integers(0, 6, 4), draw.integers(0, c, 4)
    batch = backend.run.gather_table(rows, which, wanted, np.array(widths), c)
    expected = naive.gather_table(rows.tolist(), which, wanted, widths, c)
    np.testing.assert_array_equal(batch, np.array(expected, np.float32), strict=True)


@pytest.mark.parametrize("widths", [[1, 3], [1, 3, 1, 3], [6, 0, 1], [-1, 8], [2**62, 2**62]])
def test_widths_that_make_no_row_are_refused(widths):
    x = np.zeros((2, WIDE))
    with pytest.raises(InputError, match="the widths of blocks"):
        ops.gumbel_softmax_forward(x, None, np.array(widths), 1.0)


@pytest.mark.parametrize("words", ["", "1,,2", "1,-2", "a", "1.5", "1 2", "١"])
def test_widths_that_are_no_numbers_are_refused(words):
    with pytest.raises(InputError, match="widths of blocks are numbers joined by commas"):
        GumbelSoftmax(words)


def test_gumbel_noise_has_the_distribution_function_of_its_name():
    g = np.sort(ops.gumbel(np.random.default_rng(0), (40_000,), np.float64))
    uniform = np.exp(-np.exp(-g))
    below = (np.arange(len(g)) + 0.5) / len(g)
    assert abs(uniform - below).max() < 1.63 / np.sqrt(len(g))  # Kolmogorov's test at 1 %


def test_the_largest_is_drawn_with_the_probability_of_the_softmax():
    logits, n = np.array([0.0, 1.0, -1.0]), 40_000
    noise = ops.gumbel(np.random.default_rng(1), (n, 3), np.float64)
    hard = ops.gumbel_softmax_forward(np.tile(logits, (n, 1)), noise, np.array([3]), 1e-3)
    p = ops.softmax_forward(logits)
    assert abs(hard.mean(axis=0) - p).max() < 5 * np.sqrt(p * (1 - p) / n).max()


def test_a_row_is_drawn_as_its_column_then_its_category_then_any_row_of_it():
    """Xu et al. 2019, sec. 4.3: columns alike, categories by the logarithm of their counts, rows alike."""
    data = table()
    batches = ConditionedBatches(data, 500, np.random.default_rng(0), WIDTHS)
    drawn = np.concatenate([batches.next() for _ in range(200)])
    condition = drawn[:, WIDE:].argmax(axis=1)
    assert (drawn[:, WIDE:].sum(axis=1) == 1).all()
    likely = np.log1p(np.bincount(data[:, 1].astype(int)))
    yes = np.log1p(np.bincount(data[:, 3].astype(int)))
    expected = np.concatenate([[1], likely / likely.sum(), yes / yes.sum()]) / 3
    found = np.bincount(condition, minlength=6) / len(condition)
    assert abs(found - expected).max() < 5 * np.sqrt(0.25 / len(condition))
    category = [*starts(WIDTHS)[1:]]
    of_kind = (condition >= category[0]) & (condition < category[1])
    kinds = drawn[of_kind, 1:4].argmax(axis=1)
    assert (kinds == condition[of_kind] - category[0]).all()
    rare = drawn[condition == category[0] + 2, 0]
    assert len(np.unique(rare)) == COUNTS[2]
    assert np.bincount(np.unique(rare, return_inverse=True)[1]).min() > 0.8 * len(rare) / COUNTS[2]


def test_batches_go_on_where_their_state_was_taken():
    first, second = (
        ConditionedBatches(table(), 100, np.random.default_rng(seed), WIDTHS) for seed in (0, 1)
    )
    for _ in range(102):
        first.next()
    assert first.position == 2
    second.load_state(first.state())
    for _ in range(9):
        np.testing.assert_array_equal(first.next(), second.next())
    assert first.position == second.position


def test_shares_are_those_of_the_rows():
    assert shares(table(), WIDTHS)[:4] == pytest.approx([1, 0.6, 0.396, 0.004])


def test_steps_have_the_gradients_of_what_they_report():
    model = gan(np.float64, penalties={"r1": 0.1, "r2": 0.1}, objective="relativistic")
    assert gradcheck(model, table(n=12))


@compiled
@pytest.mark.parametrize(
    ("dtype", "close", "more"),
    [
        (np.float32, 0, {"ema": 0.9}),
        (np.float64, 1e-9, {"penalties": {"r1": 0.1, "r2": 0.1}, "objective": "relativistic"}),
    ],
)
def test_a_step_is_recorded(dtype, close, more, threads):
    data = gan(dtype).rows(table().astype(dtype))
    check(lambda: gan(dtype, **more), data, batch_size=64, close=close)


def test_samples_have_the_shares_of_the_training_rows_and_fulfil_their_conditions():
    model, data = gan(), table()
    model.rows(data)
    weight = model.generator.network.parameters["0.weight"]
    weight[...] = 0
    for category, column in ((1, 1), (2, 2), (3, 3), (4, 5), (5, 6)):
        weight[5 + category, column] = 20  # G does what it is asked for
    for label, column, value in ((2, 1, 1), (3, 1, 2), (4, 3, 0), (5, 3, 1)):
        assert (model.sample(50, 0, label=label)[:, column] == value).all()
    n = 30_000
    kinds = model.sample(n, 0)[:, 1]
    asked = shares(data, WIDTHS)[1:4] / 3
    p = asked + 2 / 3 / 3  # where another column was asked for, all three are alike
    assert abs(np.bincount(kinds.astype(int)) / n - p).max() < 5 * np.sqrt(0.25 / n)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda x: x[:, :3], r"numbers \(n, 4\)"),
        (
            lambda x: x + np.array([0, 0.5, 0, 0]),
            "column 1 of the data must hold categories, 0 to 2",
        ),
        (lambda x: x + np.array([0, 0, 0, 1]), "column 3 of the data must hold categories, 0 to 1"),
        (lambda x: x * np.nan, "must be finite"),
    ],
)
def test_rows_that_do_not_fit_are_refused(spoil, message):
    with pytest.raises(InputError, match=message):
        gan().fit(spoil(table().astype(np.float64)), steps=1, batch_size=10, callbacks=[])


def test_a_generator_of_other_widths_is_refused():
    c = conditions([1, 2])
    networks = Sequential(Dense(4 + c, 4), rng=0), Sequential(Dense(4 + c, 1), rng=1)
    with pytest.raises(InputError, match="makes 4 features, but the widths of the blocks make 3"):
        TableGAN(*networks, widths=[1, 2])


def test_a_run_that_goes_on_is_the_one_that_never_stopped():
    whole, first, second = (Loop(gan(), table(), batch_size=100, rng=0) for _ in range(3))
    whole.run(steps=15)
    first.run(steps=6)
    second.load_state(*first.state())
    second.run(steps=15)
    for name, array in whole.model.weights().items():
        np.testing.assert_array_equal(array, second.model.weights()[name])
