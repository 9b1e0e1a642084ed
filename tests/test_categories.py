"""Rows of tables: categories that are drawn softly, gathered one-hot, and sampled as a condition."""

from dataclasses import replace

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from steps_recorded import check, compiled

from npgan import (
    Adam,
    Dense,
    Dropout,
    GumbelSoftmax,
    InputError,
    Sequential,
    TableGAN,
    TableVAE,
    Tanh,
    backend,
    ops,
)
from npgan.check.gradcheck import gradcheck
from npgan.data.conditions import ConditionedBatches, TableBatches, conditions, shares, starts
from npgan.models.presets import preset
from npgan.models.tabular import drawn
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


def vae(dtype=np.float32, **settings):
    encoder = Sequential(Dense(WIDE, 16), Tanh(), Dense(16, 2 * 3), rng=0)
    decoder = Sequential(Dense(3, 16), Tanh(), Dense(16, WIDE + 2), rng=1)
    return TableVAE(encoder.astype(dtype), decoder.astype(dtype), widths=WIDTHS, **settings)


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


def one_hot(n, widths, dtype, rng):
    """Return random rows as networks see them."""
    codes = np.column_stack(
        [rng.integers(0, width, n) if width > 1 else rng.standard_normal(n) for width in widths]
    )
    return ops.gather_table(
        codes.astype(dtype), np.arange(n), np.zeros(n, int), np.array(widths), 0
    )


@settings(deadline=None)
@given(st.data(), st.sampled_from(FLOATS), st.lists(st.integers(1, 4), min_size=1, max_size=4))
@pytest.mark.parametrize("name", ["numpy", "numba"])
def test_the_likelihood_of_a_row_is_its_formula(name, data, dtype, widths):
    backend.use(name)
    rng, n = np.random.default_rng(data.draw(st.integers(0, 99))), data.draw(st.integers(0, 4))
    x, blocks = one_hot(n, widths, dtype, rng), np.array(widths)
    output = rng.standard_normal((n, sum(widths) + widths.count(1))).astype(dtype)
    y = backend.run.log_table_forward(output, x, blocks)
    assert y.dtype == dtype
    for mine, described, row in zip(y, output.tolist(), x.tolist(), strict=True):
        assert mine == pytest.approx(
            naive.log_table(described, row, widths), abs=float(400 * np.finfo(dtype).eps)
        )
    dy = rng.standard_normal(n).astype(dtype)
    mine, reference = (
        log_table_backward(dy, output, x, blocks)
        for log_table_backward in (backend.run.log_table_backward, ops.log_table_backward)
    )
    np.testing.assert_allclose(mine, reference, atol=400 * np.finfo(dtype).eps)


def test_a_likelihood_adds_up_to_1():
    """Over a fine grid of a number and all of a category: the density is one."""
    output, widths = np.array([[0.3, 0.5, -1.0, 0.2, np.log(0.7)]]), np.array([1, 3])
    grid, step = np.linspace(-12, 12, 4001, retstep=True)
    rows = np.column_stack([np.repeat(grid, 3), np.tile(np.eye(3), (len(grid), 1))])
    each = ops.log_table_forward(np.repeat(output, len(rows), axis=0), rows, widths)
    assert np.exp(each).sum() * step == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("wide", [7, 8, 10])
def test_an_output_that_does_not_describe_a_row_is_refused(wide):
    with pytest.raises(InputError, match="2 of which have a variance"):
        ops.log_table_forward(np.zeros((2, wide)), np.zeros((2, WIDE)), np.array(WIDTHS))


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


PENALIZED = {"penalties": {"r1": 0.1, "r2": 0.1}, "objective": "relativistic"}


@pytest.mark.parametrize("make", [lambda: gan(np.float64, **PENALIZED), lambda: vae(np.float64)])
def test_steps_have_the_gradients_of_what_they_report(make):
    assert gradcheck(make(), table(n=12))


@compiled
@pytest.mark.parametrize(
    ("make", "close"),
    [
        (lambda: gan(ema=0.9), 0),
        (lambda: gan(np.float64, **PENALIZED), 1e-9),
        (lambda: vae(warm_up=5), 0),
        (lambda: vae(np.float64), 0),
    ],
)
def test_a_step_is_recorded(make, close, threads):
    check(make, make().rows(table(), None), batch_size=64, close=close)


def test_a_vae_draws_from_the_distributions_that_its_decoder_describes():
    model, n = vae(), 30_000
    last = model.decoder.parameters
    last["2.weight"][...] = 0
    last["2.bias"][...] = [0.5, 0, 1, -1, -2.0, 3, 0, np.log(0.25), np.log(4.0)]
    rows = model.sample(n, 0)
    for column, mean, std in ((0, 0.5, 0.5), (2, -2, 2)):
        assert abs(rows[:, column].mean() - mean) < 5 * std / np.sqrt(n)
        assert abs(rows[:, column].std() - std) < 5 * std / np.sqrt(2 * n)
    p = ops.softmax_forward(np.array([0.0, 1, -1]))
    assert abs(np.bincount(rows[:, 1].astype(int)) / n - p).max() < 5 * np.sqrt(0.25 / n)


def test_a_vae_learns_which_numbers_go_with_which_category():
    model, data = vae(optimizers={name: Adam(5e-3) for name in ("encoder", "decoder")}), table()
    model.fit(data, steps=600, batch_size=100, callbacks=[], rng=0)
    made = model.sample(4000, 0)
    for kind in (0, 1):
        assert abs(made[made[:, 1] == kind, 0].mean() - kind) < 0.2
    assert model.validate(data)["val_loss"] < -np.log(0.25) + 3


def test_an_epoch_of_few_rows_goes_through_them_several_times():
    batches = TableBatches(
        np.arange(6, dtype=np.float32)[:, None], 4, np.random.default_rng(0), [1]
    )
    assert batches.per_epoch == 50
    seen = np.concatenate([batches.next() for _ in range(3)]).ravel()
    assert sorted(seen) == sorted([*range(6)] * 2)
    for _ in range(50):
        assert batches.next().shape == (4, 1)
    assert batches.position == 3


@pytest.mark.parametrize(
    ("rows", "batches"), [(5, 50), (550, 55), (990, 99), (1010, 101), (90_000, 1000)]
)
def test_an_epoch_of_a_table_is_neither_short_nor_long(rows, batches):
    data = np.zeros((rows, 1), np.float32)
    made = TableBatches(data, min(10, rows), np.random.default_rng(0), [1])
    assert made.per_epoch == batches
    config = replace(preset("table-vae"), epochs=3, batch_size=min(10, rows))
    assert config.total_steps(rows) == 3 * batches
    for _ in range(batches + 1):
        assert made.next().shape == (min(10, rows), 1)
    assert made.position == 1


def test_samples_have_the_shares_of_the_training_rows_and_fulfil_their_conditions():
    model, data = gan(), table()
    assert model.shares.tolist() == [1, 0, 0, 0, 0, 0]  # before training: any row
    model.batches(data, 10, np.random.default_rng(0))
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


@pytest.mark.parametrize("wide", [(7, 8, 9), (7, 6, 8), (6, 6, 9)])
def test_coders_of_other_widths_are_refused(wide):
    taken, coded, made = wide
    networks = Sequential(Dense(taken, coded), rng=0), Sequential(Dense(3, made), rng=1)
    with pytest.raises(InputError, match="for blocks of 7 features, 2 of them numbers"):
        TableVAE(*networks, widths=WIDTHS)


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


def test_rows_are_redrawn_from_codes_that_no_dropout_touches():
    """The network's weights say what is drawn, with dropout between its layers or without."""
    rows, made = table(20), []
    for between in ([], [Dropout(0.5)]):
        encoder = Sequential(Dense(WIDE, 16, rng=0), *between, Dense(16, 2 * 3, rng=1))
        model = TableVAE(encoder, Sequential(Dense(3, WIDE + 2), rng=2), widths=WIDTHS)
        made.append(model.redraw(rows, rng=5))
    np.testing.assert_array_equal(*made)


@pytest.mark.parametrize(
    ("widths", "d", "fits"),
    [([2**20], None, True), ([2**20 + 1], None, False), ([1, 2**20], 2**20 + 1, True), ([2, 1], 4, False),
     ([1], None, True), ([0], None, False), ([2, 1], 3, True), ([2, 1], 2, False), ([0, 3], 3, False)],
)  # fmt: skip
def test_widths_are_from_1_to_a_million_and_make_up_a_row(widths, d, fits):
    if fits:
        ops.categories.check_widths(np.array(widths), d)
    else:
        with pytest.raises(InputError, match="widths of blocks"):
            ops.categories.check_widths(np.array(widths), d)


@pytest.mark.parametrize("widths", [[1, 3, 1, 1], [1, 3, 1, 3], [4, 4, 1], [1, 7, 0]])
def test_a_likelihood_is_of_blocks_that_make_up_its_rows(widths):
    x, output = np.zeros((2, WIDE)), np.zeros((2, WIDE + widths.count(1)))
    for call in (
        lambda: ops.log_table_forward(output, x, np.array(widths)),
        lambda: ops.log_table_backward(np.ones(2), output, x, np.array(widths)),
    ):
        with pytest.raises(InputError, match="the widths of blocks"):
            call()


@pytest.mark.parametrize("total", [0.25, 1.0, 4.0])
def test_categories_are_drawn_by_their_share_whatever_their_sum(total):
    shares = np.tile([0.0, 0.25, 0.75, 0.0], (4000, 1))
    made = drawn(shares * total, np.random.default_rng(0))
    np.testing.assert_array_equal(made, drawn(shares, np.random.default_rng(0)))
    assert set(made) == {1, 2}
    assert abs((made == 1).mean() - 0.25) < 0.03
