"""Metrics of generated samples against held-out data, whose features are computed once."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from npgan import errors, plotting
from npgan.data.dataset import Dataset
from npgan.errors import InputError, array, count, instance
from npgan.metrics import (
    NEIGHBOURS,
    class_statistics,
    coverage_statistics,
    frechet_distance,
    mode_statistics,
    neighbour_statistics,
)
from npgan.models import CONDITIONAL, GENERATORS, Classifier, Model
from npgan.ops.normalisation import polar
from npgan.study.features import Reader, digit_reader, digits

CLASSIFIED = (28, 28, 1)
STACKED = (28, 28, 3)
COLUMNS = (
    *("frechet", "precision", "recall", "class_total_variation"),
    *("modes", "high_quality", "reverse_kl"),
)
"""What :meth:`SampleMetrics.columns` has, of one kind of data or another."""
COUNTED = 26_000
"""The number of samples in which the modes of stacked digits are counted, as Lin et al. 2018 do."""
ROWS = 1000  # of which the digits are read at once
RELIABLE = 0.9
"""The least accuracy on a data set with which the classifier of digits, and classes that are predicted, are used."""
FEATURES = {
    (True, True): "of a classifier of such data",
    (True, False): "of npgan's classifier of digits",
    (
        False,
        False,
    ): "none, but the rows themselves; --classifier RUN compares what a classifier of such data sees",
}
"""Whether there are features, and whether a classifier was given -> what they are."""


@dataclass(frozen=True)
class Representation:
    """Rows, in every form that a metric needs.

    Attributes
    ----------
    rows : (n, d) on the data's scale, see :meth:`SampleMetrics.on_data_scale`
    features : for the Fréchet distance, and for neighbours as the literature has them
    directions : the features divided by their length
    probabilities : of the classes by the classifier, or None
    """

    rows: np.ndarray
    features: np.ndarray
    directions: np.ndarray
    probabilities: np.ndarray | None = None


def draw_samples(
    model: Any, dataset: Dataset, n: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return n samples (n, d), and the labels (n,) that a conditional model was given, else None.

    Labels are drawn from those of the training data.
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


class SampleMetrics:
    """Metrics of generated samples, compared with at most ``n`` test rows of a data set.

    Rows have the features of the classifier that is given, :class:`npgan.study.features.Reader`. Without one, grey
    images of 28 by 28 pixels have those of npgan's classifier of digits, if it predicts at least nine in ten of the
    test labels. Otherwise they are not digits, or nothing shows that they are. Nearest neighbours are sought
    among the features f, as in the literature, and among the directions ``f / |f|``. Dim and blurred images
    have short features, and there real features are sparse, so that their balls are large and hold
    almost everything: averages of two digits have a precision of 0.99 by features, but 0.53 by directions.
    All other rows are their own features and directions.

    The metrics of classes are computed only if a classifier predicts at least nine in ten of the test labels. In images
    of 28 by 28 pixels with three channels, the classifier of digits reads a digit in each channel. If it predicts the
    labels of :mod:`npgan.data.stacked` that well, the modes that samples cover can be counted, :meth:`coverage`.

    Raises InputError if the data set has no test data, or the classifier takes other rows.

    Parameters
    ----------
    model : any model of such rows; only its scale matters
    dataset : with test data
    n : how many test rows
    rng : chooses them at random, since test data may be sorted: on the first half of MNIST's test images
        the classifier's accuracy is 98.2 %, on the second half 99.2 %
    classifier : of such rows, trained on such data; None: npgan's own, of digits

    Attributes
    ----------
    accuracy : the classifier's, on these test rows; None without labels that are numbers, or for other rows
    features : what features are compared, in words
    """

    def __init__(
        self,
        model: Model,
        dataset: Dataset,
        n: int,
        rng: np.random.Generator,
        classifier: Classifier | None = None,
    ) -> None:
        instance("model", model, Model)
        instance("dataset", dataset, Dataset)
        n, rng = count("n", n, 1), errors.generator(rng)
        if dataset.test is None:
            raise InputError(f"the data set {dataset.name} has no test data to evaluate on")
        self.name, train, self.modes, self.std = (
            dataset.name,
            dataset.train,
            dataset.modes,
            dataset.std,
        )
        self.known, self.width = train.shape
        self.is_bytes = train.dtype == np.uint8
        self.limits = model.value_range if self.is_bytes else (train.min(), train.max())
        self.shape, self.own = dataset.shape, classifier is not None
        self.reader = self._reader(classifier)
        self.has_features = self.reader is not None
        chosen = rng.permutation(len(dataset.test))[:n]
        rows = model.scaled(dataset.test[chosen])
        self.accuracy: float | None = None
        self._given = (lambda classes: classes) if self.own else dataset.given
        if (self.has_features or self.shape == STACKED) and dataset.test_labels is not None:
            named = self._given(dataset.test_labels).dtype.kind == "U"  # as no digit is
            labels = dataset.test_labels[chosen]
            self.accuracy = None if named else self.classifier_accuracy(rows, labels)
        reliable = self.accuracy is not None and self.accuracy >= RELIABLE
        if (
            self.has_features and not self.own and not reliable
        ):  # its features mean nothing if rows are not digits
            self.reader, self.has_features, self.accuracy = None, False, None
        self.features = FEATURES[self.has_features, self.own]
        self.has_classes = reliable and self.has_features
        self.has_stacks = reliable and not self.has_features
        self.test = self.represent(rows)

    def represent(self, rows: np.ndarray) -> Representation:
        """Return rows (n, d), which are on the model's scale, in the forms that the metrics need."""
        rows = self.on_data_scale(rows)
        if self.reader is None:
            return Representation(rows, rows, rows)
        images = rows if self.is_bytes or self.own else self._unit(rows)
        found = self.reader.features(images)
        classes = self.reader.probabilities(images) if self.has_classes else None
        return Representation(rows, found, polar(found)[1], classes)

    def on_data_scale(self, rows: np.ndarray) -> np.ndarray:
        """Return rows of any model on one scale: bytes in [0, 1], floats as they are."""
        rows = array("rows", rows, ("n", self.width), rows=1)
        return self._unit(rows) if self.is_bytes else rows

    def _unit(self, rows: np.ndarray) -> np.ndarray:
        return plotting.to_unit(rows, *self.limits)

    def classifier_accuracy(self, rows: np.ndarray, labels: np.ndarray) -> float:
        """Return the share of rows (n, d) whose label (n,), as in the data set, the classifier predicts."""
        predicted = self._predicted(rows)
        labels = self._given(errors.labels("labels", labels, len(predicted)))
        return float((predicted == labels).mean())

    def _reader(self, classifier: Classifier | None) -> Reader | None:
        if classifier is None:
            return digit_reader() if self.shape == CLASSIFIED else None
        instance("classifier", classifier, Classifier)
        if classifier.features != self.width:
            raise InputError(
                f"the classifier takes rows of {classifier.features} numbers, the data have {self.width}"
            )
        return Reader(classifier.classifier)

    def _predicted(self, rows: np.ndarray) -> np.ndarray:
        """Return the class of each row, (n,): of digits the number that those in the channels write."""
        if self.own and self.reader is not None:
            return self.reader.probabilities(self.on_data_scale(rows)).argmax(axis=1)
        channels, numbers = self.shape[2], []
        for i in range(0, len(rows), ROWS):
            images = self._unit(rows[i : i + ROWS]).reshape(-1, self.width // channels, channels)
            read = [digits(images[:, :, channel]) for channel in range(channels)]
            numbers.append(np.array(read).T @ 10 ** np.arange(channels)[::-1])
        return np.concatenate(numbers)

    def coverage(self, rows: np.ndarray) -> dict[str, Any]:
        """Return how many modes of stacked digits these rows cover, :func:`npgan.metrics.coverage_statistics`."""
        if not self.has_stacks:
            raise InputError(
                "modes are counted in stacked digits whose labels the classifier predicts"
            )
        rows = array("rows", rows, ("n", self.width), rows=1)
        return coverage_statistics(self._predicted(rows), 10 ** self.shape[2])

    def wanted(self, n: int) -> int:
        """Return how many samples :meth:`columns` should be of: n, but no more than there are training rows.

        To count the modes of stacked digits, it is as many as the literature has.
        """
        most = max(self.known, NEIGHBOURS + 1)
        return COUNTED if self.has_stacks else min(count("n", n, 1), most)

    def measure(self, rows: np.ndarray) -> dict[str, Any]:
        """Return all metrics of rows by name."""
        ours, test = self.represent(rows), self.test
        result: dict[str, Any] = {"frechet_distance": frechet_distance(ours.rows, test.rows)}
        if self.has_features:
            result["feature_frechet_distance"] = frechet_distance(ours.features, test.features)
            result["feature_neighbours"] = self._neighbours(ours.features, test.features)
        result["neighbours"] = self._neighbours(ours.directions, test.directions)
        if ours.probabilities is not None and test.probabilities is not None:
            result["classes"] = class_statistics(ours.probabilities, test.probabilities)
        if self.modes is not None and self.std is not None:
            result["modes"] = mode_statistics(rows, self.modes, self.std)
        return result

    def _neighbours(self, ours: np.ndarray, test: np.ndarray) -> dict[str, float]:
        if len(test) <= NEIGHBOURS:
            raise InputError(
                f"{self.name} has {len(test)} test rows: {NEIGHBOURS + 1} or more are needed to compare "
                "neighbours (--validation holds out a larger share)"
            )
        return neighbour_statistics(ours, test)

    def columns(self, rows: np.ndarray) -> dict[str, float]:
        """Return the main metrics of rows, for a history: of modes if the data has some, else of features."""
        if self.modes is not None and self.std is not None:
            modes = mode_statistics(rows, self.modes, self.std)
            return {name: modes[name] for name in ("modes", "high_quality", "reverse_kl")}
        if self.has_stacks:
            return {name: self.coverage(rows)[name] for name in ("modes", "reverse_kl")}
        ours, test = self.represent(rows), self.test
        neighbours = self._neighbours(ours.directions, test.directions)
        result = {"frechet": frechet_distance(ours.features, test.features)}
        result |= {name: neighbours[name] for name in ("precision", "recall")}
        if ours.probabilities is not None and test.probabilities is not None:
            classes = class_statistics(ours.probabilities, test.probabilities)
            result["class_total_variation"] = classes["total_variation"]
        return result
