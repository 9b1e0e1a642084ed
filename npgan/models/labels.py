"""Data with labels: classes as columns that are high or low."""

import numpy as np

from npgan.errors import InputError
from npgan.models.model import Model


class Labels(Model):
    """What models share that learn from labels 0, 1, ..., ``classes`` - 1, joined to the data's rows."""

    classes: int

    def one_hot(self, labels: np.ndarray, dtype: np.typing.DTypeLike) -> np.ndarray:
        """Return labels (n,) as rows (n, classes), of bytes or in the networks' range of values.

        Raises
        ------
        InputError
            If they are no integers, or one is no class.
        """
        labels = np.asarray(labels)
        if labels.dtype.kind not in "iu" or labels.ndim != 1:
            raise InputError(f"labels must be integers (n,), not {labels.dtype} {labels.shape}")
        wrong = (labels < 0) | (labels >= self.classes)
        if wrong.any():
            raise InputError(
                f"the label {labels[wrong][0]} is out of range: there are 0 to {self.classes - 1}"
            )
        low, high = (0, 255) if dtype == np.uint8 else self.value_range
        return np.where(labels[:, None] == np.arange(self.classes), high, low).astype(dtype)

    def labels_for(self, n: int, label: int | np.ndarray | None) -> np.ndarray:
        """Return a label for each of n samples: the given one, those given, or all in turn."""
        labels = np.arange(n) % self.classes if label is None else np.asarray(label)
        if labels.shape not in ((), (n,)):
            raise InputError(
                f"label must be one class, or {n} of them, not of shape {labels.shape}"
            )
        return np.broadcast_to(labels, n)

    def rows(self, data: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        """Return the data with its labels joined to it, (n, d + classes); bytes stay bytes.

        Raises
        ------
        InputError
            If there are no labels, or they or the data do not fit.
        """
        data = self.check_data(data)
        if labels is None:
            raise InputError(f"a {type(self).__name__} learns from data with labels: this has none")
        if len(labels) != len(data):
            raise InputError(f"there are {len(labels)} labels for {len(data)} rows")
        return np.concatenate([data, self.one_hot(labels, data.dtype)], axis=1)
