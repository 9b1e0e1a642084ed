"""Callbacks that watch the history: the best weights are kept, and a run that no longer learns is stopped."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from npgan.errors import DivergedError, count
from npgan.training import checkpoint
from npgan.training.history import History
from npgan.training.loop import Callback, Loop

__all__ = ["Best", "EarlyStopping", "StopDiverged", "best"]

HOPELESS = 1000
"""The steps after which a run is given up whose rows all show the same trouble."""
SURE = 0.999
"""The share from which on a discriminator is taken to make no mistake."""

Row = Mapping[str, float]
TROUBLES: dict[str, tuple[Callable[[Row, Row], bool], str]] = {
    "d_pairs_won": (lambda row, first: row["d_pairs_won"] > SURE, "won"),
    "d_accuracy": (lambda row, first: row["d_accuracy"] > SURE, "won"),
    "d_fake": (lambda row, first: row["d_real"] - row["d_fake"] > SURE, "won"),
    "d_real": (lambda row, first: max(row["d_real"], row["d_fake"]) < 1 - SURE, "flat"),
    "loss": (
        lambda row, first: "d_loss" not in row and row["loss"] - first["loss"] > abs(first["loss"]),
        "risen",
    ),
}
"""Column -> whether a row, beside the first, shows trouble, and which. Losses against a discriminator may rise."""
MEANINGS = {
    "won": "the discriminator has told all real from all generated samples for {steps} steps, so that the generator "
    "learns nothing: try a lower --lr, or a larger penalty, such as --penalty r1=1 --penalty r2=1",
    "flat": "the discriminator has taken all samples, real ones too, for generated for {steps} steps: try a lower "
    "--lr, or a larger penalty, such as --penalty r1=1 --penalty r2=1",
    "risen": "the loss has been more than twice its first value for {steps} steps: try a lower --lr",
}


def trouble(row: Row, first: Row) -> str | None:
    """Return the trouble that a row of the history shows, a key of :data:`MEANINGS`; None: it shows none.

    >>> trouble({"loss": 9.0}, {"loss": 2.0}), trouble({"loss": 3.0}, {"loss": 2.0})
    ('risen', None)
    """
    for column, (shows, name) in TROUBLES.items():
        if column in row and shows(row, first):
            return name
    return None


class StopDiverged(Callback):
    """End training with a DivergedError when for 1000 steps every row has shown that nothing is learned any more.

    That is so when the discriminator makes no mistake at all, or when a loss is more than twice its first value.
    What comes before a resumption does not count: whoever goes on with a run has a reason.
    """

    def on_train_begin(self, loop: Loop) -> None:
        """Nothing is wrong so far."""
        self.well = loop.step

    def on_log(self, loop: Loop) -> None:
        """Look at the newest row."""
        rows = loop.history.rows
        name = trouble(rows[-1], rows[0])
        if name is None:
            self.well = loop.step
        elif loop.step - self.well >= HOPELESS:
            raise DivergedError(MEANINGS[name].format(steps=f"{loop.step - self.well:,}"))


class EarlyStopping(Callback):
    """Stop when a column of the history has not become better for ``patience`` rows that have it.

    Parameters
    ----------
    column : such as "val_loss", which is better the lower it is, or "val_accuracy", see :meth:`History.costs`
    patience : rows without a new best, at least 1
    """

    def __init__(self, column: str, patience: int) -> None:
        self.column, self.patience = column, count("patience", patience, 1)

    def on_log(self, loop: Loop) -> None:
        """Compare with the best so far."""
        if self.column not in loop.history.rows[-1]:
            return
        costs = loop.history.costs(self.column)
        since = len(costs) - 1 - costs.index(min(costs))
        if since >= self.patience:
            loop.stop = f"{self.column} has not improved for {since} rows"


class Best(Callback):
    """Save the weights whenever a column of the history is better than before, or as good.

    A resumed run knows the best so far from its history. It must stand behind the callbacks that change the rows.

    Parameters
    ----------
    path : of the file, with ``numbers`` in it, the step and the column
    column : as :class:`EarlyStopping` has it
    """

    def __init__(self, path: Path | str, column: str, numbers: Mapping[str, Any]) -> None:
        self.path, self.column, self.numbers = Path(path), column, numbers

    def on_log(self, loop: Loop) -> None:
        """Compare with the best so far, and save."""
        row = loop.history.rows[-1]
        if self.column in row and row is best(loop.history, self.column):
            found = {"step": loop.step, self.column: row[self.column]}
            checkpoint.save(self.path, loop.model.weights(), {**self.numbers, **found})


def best(history: History, column: str) -> Row:
    """Return the row in which a column is best, the last of such rows.

    >>> history = History.of([{"step": 1, "val_loss": 0.5}, {"step": 2, "val_loss": 0.7}])
    >>> best(history, "val_loss")
    {'step': 1, 'val_loss': 0.5}
    """
    costs = history.costs(column)
    last = max(range(len(costs)), key=lambda i: (-costs[i], i))
    return [row for row in history if column in row][last]
