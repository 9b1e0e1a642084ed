"""How good generated rows of a table are: columns, pairs of columns, predictions and privacy."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from npgan import errors
from npgan.data.dataset import Dataset
from npgan.errors import InputError, count, instance
from npgan.metrics import (
    BINS,
    contingency_similarity,
    correlation_similarity,
    cut,
    ks_complement,
    tv_complement,
)
from npgan.models.tabular import Tabular
from npgan.study.intervals import share
from npgan.study.table_columns import Columns
from npgan.study.table_prediction import Target, compared, predictions
from npgan.study.table_privacy import copied, near

__all__ = ["report"]

ROWS = 10_000
"""The most rows of each kind that are compared: generated, held-out and training rows."""
PAIRS = 1000
"""The most pairs of columns that are compared; if there are more, so many are drawn."""
FIT, TEST, PREDICTED = 500, 2000, 20
"""The most rows to fit predictors to, rows to test them on, and columns to predict; of more, so many are drawn."""
NUMBERS = 2**22
"""The most numbers, one-hot, of rows between which distances are computed; but always up to 200 rows."""
Progress = Callable[[Sequence[Any]], Iterable[Any]]


@dataclass(frozen=True)
class Rows:
    """Values (n, c) of generated, held-out and training rows, drawn in random order."""

    columns: Columns
    made: np.ndarray
    test: np.ndarray
    train: np.ndarray


def report(
    model: Any,
    dataset: Dataset,
    n: int,
    rng: np.random.Generator | int | None,
    progress: Progress = iter,
) -> dict[str, Any]:
    """Return measures of n generated rows, at most 10,000, and, as ``<name>_real``, those of real rows.

    The real rows are at most as many training rows, and for privacy the held-out rows.

    ==================== ==============================================================================
    samples              how many rows were generated
    column_shapes        how alike each column is to that of held-out rows, and the mean: 1 minus
                         Kolmogorov and Smirnov's distance for numbers and dates, 1 minus the total variation
                         distance for categories; both without missing values
    missing              the share of missing values in samples and held-out rows, of columns that may have some
    pair_trends          the mean of how alike the pairs of columns are, at most 1000: of two numbers their
                         correlations, of other pairs the joint shares, with numbers cut into 10 bins over
                         the range of the held-out rows, and with missing as a category
    prediction           how well columns, at most 20, are predicted from the others on held-out rows, by a
                         predictor fitted to samples, and one fitted to as many training rows, at most 500
                         (:mod:`npgan.study.table_prediction`): R² of normal scores for numbers, so that
                         heavy tails do not decide, and accuracy for categories; with 95 % intervals
                         from a bootstrap of the held-out rows
    privacy              the median distance from the nearest training row (:func:`npgan.metrics.copy_statistics`)
                         of samples and of held-out rows, among at most 10,000 training rows; the shares of
                         both that equal a training row, with 95 % intervals; an attack on membership
                         (:mod:`npgan.study.table_privacy`)
    ==================== ==============================================================================

    Raises InputError if the data set is not a table or has no held-out rows, or if the model makes other rows.
    """
    instance("model", model, Tabular)
    instance("dataset", dataset, Dataset)
    n, rng = min(count("n", n, 1), ROWS), errors.generator(rng)
    if dataset.table is None or tuple(model.widths) != dataset.table.widths:
        raise InputError(
            f"the data set {dataset.name} is not the table that the model makes rows of"
        )
    if dataset.test is None:
        raise InputError(f"the data set {dataset.name} has no test data to evaluate on")
    columns = Columns(dataset.table)
    test, train = (x[rng.permutation(len(x))[:ROWS]] for x in (dataset.test, dataset.train))
    rows = Rows(columns, *map(columns.values, (model.sample(n, rng), test, train)))
    parts: list[Callable[[], dict[str, Any]]] = [
        lambda: _shapes(rows),
        lambda: _trends(rows, rng),
        lambda: {"prediction": _prediction(rows, rng)},
        lambda: {"privacy": _privacy(rows, dataset.train)},
    ]
    found: dict[str, Any] = {"samples": n}
    for part in progress(parts):
        found |= part()
    return found


def _shapes(rows: Rows) -> dict[str, Any]:
    real = rows.train[: len(rows.made)]
    missing = {
        column.name: {"samples": float(mine.mean()), "held_out": float(theirs.mean())}
        for column, mine, theirs in zip(
            rows.columns.schema, np.isnan(rows.made).T, np.isnan(rows.test).T, strict=True
        )
        if column.missing
    }
    return {
        "column_shapes": _shapes_of(rows, rows.made),
        "column_shapes_real": _shapes_of(rows, real),
        "missing": missing,
    }


def _shapes_of(rows: Rows, made: np.ndarray) -> dict[str, Any]:
    found = {
        name: shape(real, mine, coded)
        for name, coded, real, mine in zip(
            rows.columns.names, rows.columns.coded, rows.test.T, made.T, strict=True
        )
        if not np.isnan(real).all()
    }
    return {"mean": _mean(found.values()), "columns": found}


def shape(real: np.ndarray, made: np.ndarray, coded: bool) -> float:
    """Return how alike two columns (n,) and (m,) are, without missing values, NaN; 0 if all of ``made`` are missing.

    >>> shape(np.array([1.0, 2, np.nan]), np.array([2.0, 1]), False)
    1.0
    """
    real, made = (x[~np.isnan(x)] for x in (real, made))
    if not len(made):
        return 0.0
    if coded:
        return tv_complement(real.astype(np.int64), made.astype(np.int64))
    return ks_complement(real, made)


def _trends(rows: Rows, rng: np.random.Generator) -> dict[str, Any]:
    pairs = list(combinations(range(len(rows.columns.names)), 2))
    pairs = [pairs[i] for i in rng.permutation(len(pairs))[:PAIRS]]
    coded, made = rows.columns.coded, rows.made
    sets = {"pair_trends": made, "pair_trends_real": rows.train[: len(made)]}
    return {
        name: _mean([trend(rows.test[:, pair], some[:, pair], [coded[i] for i in pair])
                     for pair in map(list, pairs)])
        for name, some in sets.items()
    }  # fmt: skip


def trend(real: np.ndarray, made: np.ndarray, coded: Sequence[bool]) -> float:
    """Return how alike two pairs of columns (n, 2) and (m, 2) are; ``coded`` says which of the two are categories.

    >>> a = np.array([[0.0, 5], [1, 7], [np.nan, 6]])
    >>> trend(a, a, [True, False]), trend(a, a[:, ::-1], [True, False])
    (1.0, 0.0)
    """
    if not any(coded):
        both = [x[~np.isnan(x).any(axis=1)] for x in (real, made)]
        return correlation_similarity(*both) if all(map(len, both)) else 0.0
    sides = [_codes(real[:, i], made[:, i], coded[i]) for i in (0, 1)]
    return contingency_similarity(*(np.column_stack(both) for both in zip(*sides, strict=True)))


def _codes(real: np.ndarray, made: np.ndarray, coded: bool) -> list[np.ndarray]:
    """Return codes of categories, or the bins of numbers; missing has a code of its own."""
    known = real[~np.isnan(real)]
    return [
        np.where(np.isnan(x), -1, x).astype(np.int64)
        if coded or not len(known)
        else np.where(np.isnan(x), BINS, cut(np.nan_to_num(x), known))
        for x in (real, made)
    ]


def _mean(found: Iterable[float]) -> float | None:
    """Return the mean of numbers, None if there are none."""
    known = list(found)
    return float(np.mean(known)) if known else None


def _prediction(rows: Rows, rng: np.random.Generator) -> dict[str, Any]:
    columns, test = rows.columns, rows.test[:TEST]
    n = min(FIT, len(rows.made), len(rows.train))
    chosen = sorted(rng.permutation(len(columns.names))[:PREDICTED].tolist())
    held = columns.blocks(test, rows.train)
    targets = [
        Target(columns.coded[j] | ~np.isnan(test[:, j]), held[j], columns.coded[j]) for j in chosen
    ]
    by = {
        suffix: predictions(
            columns.blocks(some, rows.train), held, chosen, columns.coded | ~np.isnan(some)
        )
        for suffix, some in (("", rows.made[:n]), ("_real", rows.train[:n]))
    }
    names = [columns.names[j] for j in chosen]
    return {"rows": n} | compared(names, targets, by, rng)


def _privacy(rows: Rows, train: np.ndarray) -> dict[str, Any]:
    copies, compared_with = copied(rows.columns, train, [rows.made, rows.test])
    width = sum(one.shape[1] for one in rows.columns.blocks(rows.test[:1], rows.train))
    most = max(NUMBERS // width, 200)
    made, test, known = (
        np.hstack(rows.columns.blocks(some[:most], rows.train))
        for some in (rows.made, rows.test, rows.train)
    )
    found = near(made, test, known) | {"training_rows": compared_with}
    for name, mine in zip(("copies", "copies_real"), copies, strict=True):
        found[name] = float(mine.mean())
        found[f"{name}_interval"] = share(found[name], len(mine))
    return found
