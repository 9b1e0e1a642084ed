"""Filling cells without a value: what is drawn, in which order, and what stays as it was."""

from types import SimpleNamespace

import numpy as np
import pytest

from npgan import InputError, TableVAE
from npgan.study.imputation import impute

HIDDEN = np.array([[False, False], [True, False], [False, True]])
ROWS = np.array([[0.5, 2], [0, 1], [1.5, 0]], np.float32)  # a number, and one of ten categories
FIRST = np.array([[7.0, 8], [-9, 3]])
DRAWN = np.array([[[-7.0, 5], [2, 9]], [[1, 4], [3, 7]], [[6.5, 4], [3, 8]]])


class Told(TableVAE):
    """A model that draws what it is given, and keeps what it is asked."""

    def __init__(self, drawn):
        self.widths, self.drawn, self.seen = [1, 10], list(drawn), []

    def check_data(self, rows):
        return rows

    def sample(self, n, rng):
        self.rng, self.n = rng, n
        return FIRST

    def redraw(self, rows, rng, possible):
        assert rng is self.rng
        self.seen.append(rows.tolist())
        self.possible = possible
        return self.drawn.pop(0)


def encoding(hidden):
    return SimpleNamespace(missing=lambda rows: hidden, there=lambda: "what is possible")


def test_missing_cells_are_drawn_again_and_again_and_no_number_lies_beyond_the_last_score():
    model, rng, given = Told(DRAWN), np.random.default_rng(0), ROWS.copy()
    found = impute(model, encoding(HIDDEN), given, rng, 2)
    assert model.seen == [[[6, 8], [-6, 3]], [[-6, 1], [1.5, 9]], [[1, 1], [1.5, 7]]]
    assert found.tolist() == [[0.5, 2], [6, 1], [1.5, 8]]
    np.testing.assert_array_equal(given, ROWS)
    assert (model.rng, model.n, model.possible) == (rng, 2, "what is possible")


@pytest.mark.parametrize(("words", "draws"), [({}, 51), ({"rounds": 1}, 2), ({"rounds": 4}, 5)])
def test_a_round_is_one_more_draw_than_the_first(words, draws):
    model = Told(DRAWN[:1].repeat(draws, axis=0))
    impute(model, encoding(HIDDEN), ROWS, 0, **words)
    assert (len(model.seen), model.drawn) == (draws, [])


def test_rows_without_a_missing_cell_stay_and_nothing_is_drawn():
    model = Told([])
    found = impute(model, encoding(HIDDEN & False), ROWS, 0)
    np.testing.assert_array_equal(found, ROWS)
    assert found is not ROWS
    assert not model.seen


@pytest.mark.parametrize(("rng", "rounds", "said"), [(0, 0, "rounds"), ("a", 1, "rng")])
def test_no_rounds_and_no_generator_are_refused(rng, rounds, said):
    with pytest.raises(InputError, match=f"{said} must"):
        impute(Told(DRAWN), encoding(HIDDEN), ROWS, rng, rounds)
