"""A data set: rows to train on, rows to test with, and what is known about them."""

import math
from dataclasses import dataclass, fields, replace

import numpy as np

from npgan import errors
from npgan.errors import TAME, InputError


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test rows, checked on construction.

    Parameters
    ----------
    name : str
        Name for reports.
    train : ndarray of shape (n, d)
        Training rows: uint8 pixels 0..255, or float32.
    test : ndarray of shape (m, d), optional
        Test rows, of the same dtype.
    train_labels, test_labels : ndarray of int64, of shapes (n,) and (m,), optional
        Class of each row: 0, 1, ...
    image_shape : tuple of int, optional
        Height and width, h * w = d; None if the rows are not images.
    modes : ndarray of shape (k, d), optional
        Centres of a mixture of Gaussians.
    std : float, optional
        Standard deviation of each mode.

    Raises
    ------
    InputError
        If the arrays are empty, not finite, or do not fit one another.

    Examples
    --------
    >>> Dataset("two", np.zeros((2, 4), np.uint8), image_shape=(2, 2))
    Dataset('two', train=(2, 4) uint8, image_shape=(2, 2))
    """

    name: str
    train: np.ndarray
    test: np.ndarray | None = None
    train_labels: np.ndarray | None = None
    test_labels: np.ndarray | None = None
    image_shape: tuple[int, int] | None = None
    modes: np.ndarray | None = None
    std: float | None = None

    @property
    def held_out(self) -> tuple[np.ndarray, np.ndarray | None]:
        """The test rows and their labels; where there are none, those of training."""
        if self.test is None:
            return self.train, self.train_labels
        return self.test, self.test_labels

    def only(self, label: int) -> "Dataset":
        """Return the rows of one class; an InputError if there are none, or no labels.

        >>> x, y = np.zeros((3, 2), np.uint8), np.array([0, 1, 0])
        >>> Dataset("d", x, train_labels=y).only(0)
        Dataset('d:0', train=(2, 2) uint8, train_labels=(2,) int64)
        """
        if self.train_labels is None:
            raise InputError(f"{self.name} has no labels: it has no class {label}")
        label = errors.count("a class", label)
        kept = self.train_labels == label
        if not kept.any():
            raise InputError(f"{self.name} has no rows of class {label}")
        parts = {"train": self.train[kept], "train_labels": self.train_labels[kept]}
        if self.test is not None and self.test_labels is not None:
            kept = self.test_labels == label
            parts |= {"test": self.test[kept], "test_labels": self.test_labels[kept]}
        return replace(self, name=f"{self.name}:{label}", **parts)

    def __post_init__(self) -> None:
        errors.instance("a data set's name", self.name, str)
        _check_rows(f"{self.name}: train", self.train)
        if self.test is not None:
            _check_rows(f"{self.name}: test", self.test)
            if self.test.shape[1] != self.train.shape[1] or self.test.dtype != self.train.dtype:
                raise InputError(
                    f"{self.name}: test is {_describe(self.test)} but train is "
                    f"{_describe(self.train)}: columns and dtype must agree"
                )
        _check_labels(f"{self.name}: train_labels", self.train_labels, self.train)
        _check_labels(f"{self.name}: test_labels", self.test_labels, self.test)
        d = self.train.shape[1]
        if self.image_shape is not None:
            shape = errors.image_shape(f"{self.name}: image_shape", self.image_shape, d)
            object.__setattr__(self, "image_shape", shape)  # a list, say, as JSON has it
        if self.modes is not None:
            errors.array(f"{self.name}: modes", self.modes, ("k", d), rows=1, limits=TAME)
        if self.std is not None:
            errors.positive(f"{self.name}: std", self.std)

    def __repr__(self) -> str:
        known = {f.name: getattr(self, f.name) for f in fields(self)[1:]}
        parts = [f"{key}={_describe(value)}" for key, value in known.items() if value is not None]
        return f"Dataset({', '.join([repr(self.name), *parts])})"


def _describe(value: object) -> str:
    return f"{value.shape} {value.dtype}" if isinstance(value, np.ndarray) else str(value)


def _check_rows(what: str, rows: np.ndarray) -> None:
    errors.instance(what, rows, np.ndarray)
    if rows.ndim != 2 or not rows.size:
        raise InputError(f"{what} has shape {rows.shape}: it must be (n, d), both at least 1")
    if rows.dtype not in (np.uint8, np.float32):
        raise InputError(f"{what} has dtype {rows.dtype}: it must be uint8 or float32")
    errors.array(what, rows, ("n", "d"))


def _check_labels(what: str, labels: np.ndarray | None, rows: np.ndarray | None) -> None:
    if labels is None:
        return
    if rows is None:
        raise InputError(f"{what} are given without their rows")
    errors.instance(what, labels, np.ndarray)
    if labels.dtype != np.int64 or labels.shape != rows.shape[:1]:
        raise InputError(
            f"{what} are {_describe(labels)}: one int64 for each of the {len(rows)} rows is needed"
        )
    errors.array(what, labels, ("n",), limits=(0, math.inf))
