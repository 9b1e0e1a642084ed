"""Data with labels: classes as columns that are high or low."""

import numpy as np

from npgan import errors
from npgan.errors import InputError, count
from npgan.models.model import Model, turns


class Labels(Model):
    """What models share that learn from labels 0, 1, ..., ``classes`` - 1, joined to the data's rows."""

    classes: int

    def one_hot(
        self, labels: np.ndarray, dtype: np.typing.DTypeLike, n: int | str = "n"
    ) -> np.ndarray:
        """Return labels (n,) as rows (n, classes), of bytes or in the networks' range of values.

        Raises
        ------
        InputError
            If they are no integers, or one is no class.
        """
        labels = errors.labels("labels", labels, n, self.classes)
        low, high = (0, 255) if dtype == np.uint8 else self.value_range
        return np.where(labels[:, None] == np.arange(self.classes), high, low).astype(dtype)

    def labels_for(
        self, n: int, label: int | np.ndarray | None, rng: np.random.Generator
    ) -> np.ndarray:
        """Return a label for each of n samples: the given one, those given, or as many of each."""
        n = count("n", n)
        if label is None:
            return turns(n, self.classes, errors.generator(rng))
        if isinstance(label, int | np.integer):
            return np.full(n, count("label", label, 0, self.classes - 1))
        return errors.labels("label", label, n, self.classes)

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
        return np.concatenate([data, self.one_hot(labels, data.dtype, len(data))], axis=1)
