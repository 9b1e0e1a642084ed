"""Minibatches: every row once an epoch, in an order that a resumed run continues."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npgan import InputError
from npgan.data.batches import Batches
from npgan.data.conditions import conditions, shares, starts


def test_every_row_comes_once_an_epoch_in_a_new_order():
    batches = Batches(np.arange(6.0)[:, None], 2, np.random.default_rng(0))
    first, second = (
        [*batches.next().ravel(), *batches.next().ravel(), *batches.next().ravel()] for _ in "ab"
    )
    assert sorted(first) == sorted(second) == [0, 1, 2, 3, 4, 5]
    assert first != second


@given(n=st.integers(1, 20), batch=st.integers(1, 20), before=st.integers(0, 30))
@settings(deadline=None, max_examples=50)
def test_a_resumed_order_is_the_uninterrupted_one(n, batch, before):
    data = np.arange(float(n))[:, None]
    if batch > n:
        with pytest.raises(InputError, match=rf"batch_size.* most \d+, not {batch}"):
            Batches(data, batch, np.random.default_rng(0))
        return
    whole = Batches(data, batch, np.random.default_rng(0))
    for _ in range(before):
        whole.next()
    resumed = Batches(data, batch, np.random.default_rng(99))
    resumed.load_state(json.loads(json.dumps(whole.state())))
    for _ in range(5):
        assert (whole.next() == resumed.next()).all()


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 1.0)])
def test_bytes_become_the_range_of_the_output(low, high):
    batches = Batches(np.array([[0, 255]], np.uint8), 1, np.random.default_rng(0), (low, high))
    batch = batches.next()
    assert batch.dtype == np.float32
    np.testing.assert_allclose(batch, [[low, high]], atol=1e-6)


def test_bytes_become_0_to_1_where_nothing_else_is_said():
    batch = Batches(np.array([[0, 51, 255]], np.uint8), 1, np.random.default_rng(0)).next()
    np.testing.assert_allclose(batch, [[0, 0.2, 1]], atol=1e-6)


def test_there_must_be_a_row():
    with pytest.raises(InputError, match="data must be numbers"):
        Batches(np.ones((0, 3), np.float32), 1, np.random.default_rng(0))


def test_shares_are_counted_also_of_categories_without_rows():
    rows = np.array([[0.5, 0, 1], [0.1, 1, 1], [7, 0, 0], [0, 0, 1]])
    assert shares(rows, [1, 4, 2]).tolist() == [1, 0.75, 0.25, 0, 0, 0.25, 0.75]
    for widths in ([1, 4], [1, 4, 2, 2]):
        with pytest.raises(ValueError, match="zip"):
            shares(rows, widths)


@pytest.mark.parametrize(
    ("widths", "first", "n"),
    [([1, 1], [0], 1), ([2], [0, 1], 3), ([1, 3, 1, 2, 5], [0, 1, 4, 6], 11)],
)
def test_conditions_of_a_column_begin_where_those_before_end(widths, first, n):
    found = starts(widths)
    assert (found.tolist(), found.dtype, conditions(widths)) == (first, np.int64, n)


def test_orders_are_permutations_that_are_drawn_one_after_the_other():
    batches, rng = (
        Batches(np.arange(7.0)[:, None], 2, np.random.default_rng(3)),
        np.random.default_rng(3),
    )
    for _ in range(3):
        seen = np.concatenate([batches.next() for _ in range(3)]).ravel()
        assert seen.tolist() == rng.permutation(7)[:6].tolist()
