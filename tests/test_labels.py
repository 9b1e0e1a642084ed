"""Labels: as columns of the data, and as asked for or drawn."""

import numpy as np
import pytest

from npgan import InputError
from npgan.models.labels import Labels, drawn_evenly


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_labels_are_columns_in_the_range_of_the_rows(dtype):
    labels, rows = Labels(3), np.arange(6).reshape(3, 2).astype(dtype)
    joined = labels.join(rows, np.array([2, 0, 1]), (-1.0, 1.0))
    low, high = (0, 255) if dtype == np.uint8 else (-1, 1)
    assert joined.dtype == dtype
    own, columns = labels.split(joined)
    assert own.tolist() == rows.tolist()
    assert columns.tolist() == [[low, low, high], [high, low, low], [low, high, low]]


def test_a_label_is_one_for_all_or_one_for_each_or_each_class_as_often():
    labels, rng = Labels(3), np.random.default_rng(0)
    assert labels.draw(2, 2, rng).tolist() == [2, 2]
    assert labels.draw(2, np.int64(0), rng).tolist() == [0, 0]
    assert labels.draw(3, np.array([2, 1, 0]), rng).tolist() == [2, 1, 0]
    assert np.bincount(labels.draw(9, None, rng)).tolist() == [3, 3, 3]
    assert len(labels.draw(0, None, rng)) == 0
    for n, label in ((2, 3), (2, -1), (2, np.array([0])), (1, np.array([3]))):
        with pytest.raises(InputError, match="label"):
            labels.draw(n, label, rng)
    with pytest.raises(InputError, match="classes must be a whole number, at least 1"):
        Labels(0)


def test_as_many_of_each_are_drawn_in_orders_of_their_own():
    drawn = drawn_evenly(3 * 50, 3, np.random.default_rng(0)).reshape(50, 3)
    assert (np.sort(drawn) == [0, 1, 2]).all()
    assert len({tuple(row) for row in drawn.tolist()}) == 6
    assert np.bincount(drawn_evenly(7, 3, np.random.default_rng(1))).max() == 3


def test_no_more_random_numbers_are_drawn_than_labels_need():
    one, other = (np.random.default_rng(0) for _ in range(2))
    parts = [drawn_evenly(n, 3, one) for n in (6, 3)]
    assert np.concatenate(parts).tolist() == drawn_evenly(9, 3, other).tolist()
