"""Held-out data, made ready once, that generated samples are measured against."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from npgan import errors, plotting
from npgan.data.dataset import Dataset
from npgan.errors import InputError, array, count, instance
from npgan.metrics import (
    class_statistics,
    frechet_distance,
    mode_statistics,
    neighbour_statistics,
)
from npgan.models import CONDITIONAL, GENERATORS, Model
from npgan.ops.normalisation import polar
from npgan.study.features import features, probabilities

CLASSIFIED = (28, 28)
KNOWN = 0.9
"""The accuracy from which the classifier's opinion of a data set's classes is worth asking for."""


@dataclass(frozen=True)
class Seen:
    """Rows as a model makes them, and what is measured of them.

    Attributes
    ----------
    rows : (n, d) on the data's scale, see :meth:`Judge.own`
    features : of which the Fréchet distance is taken, and among which neighbours are sought
    directions : the same of length 1
    probabilities : the classifier's opinions, where they are asked for
    """

    rows: np.ndarray
    features: np.ndarray
    directions: np.ndarray
    probabilities: np.ndarray | None = None


def draw_samples(
    model: Any, dataset: Dataset, n: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return n samples (n, d), and the labels (n,) that a conditional model was asked for.

    Each class is as likely as in the training data.
    """
    instance("model", model, GENERATORS)
    instance("dataset", dataset, Dataset)
    rng = errors.generator(rng)
    if not isinstance(model, CONDITIONAL):
        return model.sample(n, rng), None
    if dataset.train_labels is None:
        raise InputError(f"the data set {dataset.name} has no labels to draw samples for")
    labels = rng.choice(dataset.train_labels, count("n", n))
    return model.sample(n, rng, labels), labels


class Judge:
    """Test rows of a data set, at most ``n``, and what to measure beside them.

    Images of 28 by 28 pixels are seen by the features of npgan's classifier of digits. Their
    neighbours are sought among the features, as the literature does, and among their directions,
    f / |f|: dim and blurred images have short features, in a region where real ones are rare and
    their balls large. Of averages of two digits a precision of 0.99 is found among features and
    0.53 among directions. All other rows are their own features and directions.

    The classes are asked for only where the classifier knows them: where the test labels agree with
    it, 9 times in 10 at least.

    Parameters
    ----------
    model : any that makes rows like the data's; only its scale counts
    dataset : with test data
    n : how many test rows
    rng : chooses them: test data may be sorted. The classifier is right for 98.2 % of the first half of
        MNIST's test images, for 99.2 % of the second

    Attributes
    ----------
    accuracy : the classifier's on these test rows; None without labels, or for other rows

    Raises
    ------
    InputError
        If the data set has no test data.
    """

    def __init__(self, model: Model, dataset: Dataset, n: int, rng: np.random.Generator) -> None:
        instance("model", model, Model)
        instance("dataset", dataset, Dataset)
        n, rng = count("n", n, 1), errors.generator(rng)
        if dataset.test is None:
            raise InputError(f"the data set {dataset.name} has no test data to evaluate on")
        train, self.modes, self.std = dataset.train, dataset.modes, dataset.std
        self.width = train.shape[1]
        self.is_bytes = train.dtype == np.uint8
        self.limits = model.value_range if self.is_bytes else (train.min(), train.max())
        self.by_features = dataset.image_shape == CLASSIFIED
        chosen = rng.permutation(len(dataset.test))[:n]
        rows = model.scaled(dataset.test[chosen])
        self.accuracy: float | None = None
        if self.by_features and dataset.test_labels is not None:
            self.accuracy = self.agreement(rows, dataset.given(dataset.test_labels[chosen]))
        self.by_classes = self.accuracy is not None and self.accuracy >= KNOWN
        self.test = self.look(rows)

    def look(self, rows: np.ndarray) -> Seen:
        """Return rows (n, d), on the model's scale, as they are measured."""
        own = self.own(rows)
        if not self.by_features:
            return Seen(own, own, own)
        images = own if self.is_bytes else self._unit(own)
        seen = features(images)
        directions = polar(seen)[1]
        return Seen(own, seen, directions, probabilities(images) if self.by_classes else None)

    def own(self, rows: np.ndarray) -> np.ndarray:
        """Return rows on the data's scale, whatever the model's: bytes in [0, 1], floats as they are."""
        rows = array("rows", rows, ("n", self.width), rows=1)
        return self._unit(rows) if self.is_bytes else rows

    def _unit(self, rows: np.ndarray) -> np.ndarray:
        return plotting.to_unit(rows, *self.limits)

    def agreement(self, rows: np.ndarray, labels: np.ndarray) -> float:
        """Return the share of rows (n, d) that the classifier takes for their labels (n,)."""
        seen = probabilities(self._unit(rows)).argmax(axis=1)
        return float((seen == errors.labels("labels", labels, len(seen))).mean())

    def measure(self, rows: np.ndarray) -> dict[str, Any]:
        """Return all measures of rows by name."""
        seen, test = self.look(rows), self.test
        result: dict[str, Any] = {"frechet_distance": frechet_distance(seen.rows, test.rows)}
        if self.by_features:
            result["feature_frechet_distance"] = frechet_distance(seen.features, test.features)
            result["feature_neighbours"] = neighbour_statistics(seen.features, test.features)
        result["neighbours"] = neighbour_statistics(seen.directions, test.directions)
        if seen.probabilities is not None and test.probabilities is not None:
            result["classes"] = class_statistics(seen.probabilities, test.probabilities)
        if self.modes is not None and self.std is not None:
            result["modes"] = mode_statistics(rows, self.modes, self.std)
        return result

    def columns(self, rows: np.ndarray) -> dict[str, float]:
        """Return the main measures of rows, for a history: of modes if there are any, or of features."""
        if self.modes is not None and self.std is not None:
            modes = mode_statistics(rows, self.modes, self.std)
            return {name: modes[name] for name in ("modes", "high_quality", "reverse_kl")}
        seen, test = self.look(rows), self.test
        near = neighbour_statistics(seen.directions, test.directions)
        result = {"frechet": frechet_distance(seen.features, test.features)}
        result |= {name: near[name] for name in ("precision", "recall")}
        if seen.probabilities is not None and test.probabilities is not None:
            classes = class_statistics(seen.probabilities, test.probabilities)
            result["class_total_variation"] = classes["total_variation"]
        return result
