"""A data set: training rows, test rows, and what is known about them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from npgan import errors
from npgan.errors import TAME, InputError

if TYPE_CHECKING:
    from npgan.tables import Encoding


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test rows, checked on construction.

    Raises InputError if the arrays are empty, not finite, or do not fit one another.

    Parameters
    ----------
    name : for reports
    train : (n, d) training rows: uint8 pixels 0..255, or float32
    test : (m, d) test rows, of the same dtype
    train_labels, test_labels : (n,) and (m,) int64, the class of each row: 0, 1, ...
    shape : of one sample: (d,), as it is by default, or (height, width, channels) of an image
    modes : (k, d) the centres of a mixture of Gaussians
    std : the standard deviation of each mode
    classes : the label, a whole number or text, that class 0, 1, ... has in the user's own data; None: these numbers
    table : how the rows of a table were made from its columns; None: these are no rows of a table
    notes : what a user should know of how the data were read; :meth:`summary` prints them

    Examples
    --------
    >>> Dataset("two", np.zeros((2, 4), np.uint8), shape=(2, 2, 1))
    Dataset('two', train=(2, 4) uint8, shape=(2, 2, 1))
    """

    name: str
    train: np.ndarray
    test: np.ndarray | None = None
    train_labels: np.ndarray | None = None
    test_labels: np.ndarray | None = None
    shape: tuple[int, ...] = ()
    modes: np.ndarray | None = None
    std: float | None = None
    classes: tuple[int, ...] | tuple[str, ...] | None = None
    table: "Encoding | None" = field(default=None, repr=False)
    notes: tuple[str, ...] = field(default=(), repr=False)

    @property
    def image_shape(self) -> tuple[int, int] | None:
        """The height and the width of an image; None if the samples are no images."""
        return (self.shape[0], self.shape[1]) if len(self.shape) == 3 else None

    @property
    def of_what(self) -> str:
        """What the samples are: "images of 28 x 28" or "colour images of 32 x 32", say."""
        if self.image_shape:
            colour = "colour " * (self.shape[2] == 3)
            return "{}images of {} x {}".format(colour, *self.image_shape)
        if self.table:
            return f"rows of {len(self.table.schema.columns)} columns"
        return f"rows of {self.shape[0]} numbers"

    @property
    def held_out(self) -> tuple[np.ndarray, np.ndarray | None]:
        """The test rows and their labels; where there are none, those of training."""
        if self.test is None:
            return self.train, self.train_labels
        return self.test, self.test_labels

    def class_of(self, label: int | str) -> int:
        """Return the class with a label of the user's own; an InputError if there is none.

        >>> x, y = np.zeros((2, 2), np.uint8), np.array([0, 1])
        >>> Dataset("d", x, train_labels=y, classes=(5, 9)).class_of(9)
        1
        """
        return class_of(label, self.classes, self.name)

    def given(self, classes: Any) -> Any:
        """Return the user's own labels of classes (n,); None for None."""
        if classes is None or self.classes is None:
            return classes
        return np.array(self.classes)[classes]

    def as_given(self) -> "Dataset":
        """Return the data set with the user's labels, if they are numbers, as its classes; some may have no rows."""
        if self.classes is None or isinstance(self.classes[0], str):
            return self
        train_labels, test_labels = map(self.given, (self.train_labels, self.test_labels))
        return replace(self, classes=None, train_labels=train_labels, test_labels=test_labels)

    def only(self, label: int | str) -> "Dataset":
        """Return the rows of one class; an InputError if there are none, or no labels.

        >>> x, y = np.zeros((3, 2), np.uint8), np.array([0, 1, 0])
        >>> Dataset("d", x, train_labels=y).only(0)
        Dataset('d:0', train=(2, 2) uint8, train_labels=(2,) int64)
        """
        if self.train_labels is None:
            raise InputError(f"{self.name} has no labels: it has no class {label}")
        wanted = self.class_of(label)
        kept = self.train_labels == wanted
        if not kept.any():
            raise InputError(f"{self.name} has no rows of class {label}")
        parts: dict[str, Any] = {"train": self.train[kept], "train_labels": self.train_labels[kept]}
        if self.test is not None and self.test_labels is not None:
            kept = self.test_labels == wanted
            parts |= {"test": self.test[kept], "test_labels": self.test_labels[kept]}
            if not kept.any():
                parts |= {"test": None, "test_labels": None}
        return replace(self, name=f"{self.name}:{label}", **parts)

    def keep_back(self, share: float) -> "Dataset":
        """Return the data set with a share of its training rows, one at least, held out as test rows.

        They are chosen at random, but always the same ones, and the same share of each class. A data set
        that has test rows, or one training row only, is returned as it is.

        >>> Dataset("d", np.zeros((20, 2), np.uint8)).keep_back(0.1)
        Dataset('d', train=(18, 2) uint8, test=(2, 2) uint8)
        """
        n = len(self.train)
        m = min(max(1, round(n * errors.fraction("the share that is kept back", share))), n - 1)
        if self.test is not None or not share or not m:
            return self
        order = np.random.default_rng(0).permutation(n)
        if self.train_labels is not None:
            order = order[np.argsort(self.train_labels[order], kind="stable")]
        kept = np.zeros(n, bool)
        kept[order] = np.diff(np.arange(n + 1) * m // n) > 0
        parts: dict[str, Any] = {"train": self.train[~kept], "test": self.train[kept]}
        if self.train_labels is not None:
            labels = self.train_labels
            parts |= {"train_labels": labels[~kept], "test_labels": labels[kept]}
        note = f"{m} of {n} rows are kept back to test with"
        return replace(self, **parts, notes=(*self.notes, note))

    def summary(self) -> str:
        """Return in one line how many rows there are, of what size, in what range, and the notes.

        >>> Dataset("two", np.zeros((2, 4), np.uint8), shape=(2, 2, 1)).summary()
        'two: 2 training images of 2 x 2, no test data; values 0 to 0'
        """
        test = "no test data" if self.test is None else f"{len(self.test)} to test"
        parts = [f"{self.name}: {len(self.train)} training {self.of_what}, {test}"]
        if self.table is None:
            parts.append(f"values {self.train.min():g} to {self.train.max():g}")
        if self.train_labels is not None:
            own = "" if self.classes is None else f", with the labels {errors.listed(self.classes)}"
            parts.append(f"{len(np.unique(self.train_labels))} classes{own}")
        parts += self.notes
        return errors.one_line("; ".join(parts))

    def __post_init__(self) -> None:
        errors.instance("a data set's name", self.name, str)
        errors.instance("a data set's notes", self.notes, tuple)
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
        if self.classes is not None:
            _check_classes(
                f"{self.name}: classes", self.classes, self.train_labels, self.test_labels
            )
        d = self.train.shape[1]
        shape = _checked_shape(f"{self.name}: shape", self.shape, d)
        object.__setattr__(self, "shape", shape)
        if self.modes is not None:
            errors.array(f"{self.name}: modes", self.modes, ("k", d), rows=1, limits=TAME)
        if self.std is not None:
            errors.positive(f"{self.name}: std", self.std)

    def __repr__(self) -> str:
        known = {f.name: getattr(self, f.name) for f in fields(self)[1:] if f.repr}
        known["shape"] = self.shape if self.image_shape else None  # train says it of rows
        parts = [f"{key}={_describe(value)}" for key, value in known.items() if value is not None]
        return f"Dataset({', '.join([repr(self.name), *parts])})"


def class_of(label: Any, labels: Sequence[Any] | None, name: str) -> int:
    """Return which of the labels of all classes is this one; without labels, classes are 0, 1, ...

    >>> class_of("dog", ["cat", "dog"], "photos")
    1
    """
    if labels is None:
        return errors.count("a class", label)
    known, plain = list(map(str, labels)), label.item() if isinstance(label, np.integer) else label
    word = label if isinstance(label, str) else errors.shown(plain)
    if word not in known:
        raise InputError(f"{name} has no class {word}: there are {errors.listed(known)}")
    return known.index(word)


def _describe(value: object) -> str:
    return f"{value.shape} {value.dtype}" if isinstance(value, np.ndarray) else str(value)


def _check_rows(what: str, rows: np.ndarray) -> None:
    errors.instance(what, rows, np.ndarray)
    if rows.ndim != 2 or not rows.size:
        raise InputError(f"{what} has shape {rows.shape}: it must be (n, d), both at least 1")
    if rows.dtype not in (np.uint8, np.float32):
        raise InputError(f"{what} has dtype {rows.dtype}: it must be uint8 or float32")
    errors.array(what, rows, ("n", "d"))


def _checked_shape(what: str, shape: tuple[int, ...], d: int) -> tuple[int, ...]:
    errors.instance(what, shape, tuple)
    shape = shape or (d,)
    sizes = tuple(errors.count(f"each size in {what}", size, 1) for size in shape)
    if len(sizes) not in (1, 3) or math.prod(sizes) != d:
        raise InputError(
            f"{what} must be a height, a width and a number of channels that make {d} numbers, or ({d},), "
            f"not {shape}"
        )
    return sizes


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


def _check_classes(what: str, classes: tuple, *labels: np.ndarray | None) -> None:
    errors.instance(what, classes, tuple)
    errors.class_labels(what, classes)
    for known in labels:
        if known is not None:
            errors.labels(f"{what}' numbers", known, "n", len(classes))
