r"""A classifier: a network that says how probable each class is.

The logits :math:`l = N(x)` stand for :math:`p = \mathrm{softmax}(l)`, and the loss is the
cross-entropy, :math:`L = -\frac1n\sum_r\log p_{r,c_r}` (:func:`npgan.ops.softmax_cross_entropy_forward`),
whose gradient is :math:`(p - e_c)/n`.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from npgan import errors
from npgan.backend import run
from npgan.errors import InputError, count, not_negative
from npgan.layers import Sequential, Softmax
from npgan.layers.layer import Array
from npgan.models.checks import check_networks, check_rows, in_chunks
from npgan.models.labels import Labels
from npgan.models.model import Model
from npgan.models.steps import Result, Step
from npgan.objectives.adversarial import worst_case
from npgan.optim import Optimizer


class Classifier(Model):
    """A network from x (n, d) to logits (n, classes).

    Raises InputError if the network ends in a softmax, or its output has only one feature.

    Parameters
    ----------
    classifier : its last layer has a feature for each class, and no softmax after it
    adversarial : learn from attacked rows (:func:`npgan.objectives.adversarial.worst_case`): the most that a number of
        theirs may change; 0: from rows as they are. The gradient does not flow through the attack: at
        the worst row itself that is right, by Danskin's theorem (Madry et al. 2018, sec. 3.3)
    attack_steps : how many steps that attack has
    optimizers : for "classifier"; by default Adam(1e-3)

    Examples
    --------
    >>> from npgan import Adam, Dense
    >>> from npgan.data import Dataset
    >>> x = np.random.default_rng(0).normal(size=(256, 2)).astype(np.float32)
    >>> data = Dataset("halves", x, train_labels=(x[:, 0] > 0).astype(int))
    >>> model = Classifier(Sequential(Dense(2, 2), rng=0), optimizers={"classifier": Adam(0.01)})
    >>> history = model.fit(data, epochs=20, batch_size=32, callbacks=[], rng=0)
    >>> model.accuracy(x, data.train_labels) > 0.9
    True
    """

    name = "classifier"
    recorded = True
    made_of = ("classifier",)
    output = "classifier"
    held_out = "val_accuracy"

    labels: Labels

    def __init__(
        self,
        classifier: Sequential,
        *,
        adversarial: float = 0.0,
        attack_steps: int = 7,
        optimizers: Mapping[str, Optimizer] | None = None,
    ) -> None:
        check_networks(classifier=classifier)
        if isinstance(classifier.layers[-1], Softmax):
            raise InputError("let the classifier end in logits: the softmax is part of the loss")
        if classifier.out_width < 2:
            raise InputError("a classifier needs two classes or more")
        self.labels = Labels(classifier.out_width)
        self.classes = self.labels.classes
        super().__init__({"classifier": classifier}, optimizers)
        self.classifier = classifier
        self.adversarial = not_negative("adversarial", adversarial)
        self.attack_steps = count("attack_steps", attack_steps, 1)

    @property
    def features(self) -> int:
        """The width of the data."""
        return self.classifier.in_width

    @property
    def bounds(self) -> None:
        """Logits have no range."""

    def steps(self) -> list[Step]:
        """Return the classifier's step."""
        return [Step("step", ["classifier"], self.classification_step)]

    def classification_step(
        self, rows: Array, rng: np.random.Generator | None = None, grads: Any = None
    ) -> Result:
        """Return the cross-entropy of rows with their labels, and the accuracy; add its gradients."""
        check_rows("rows", rows, self.features + self.classes)
        x, labels = self._split(rows)
        logits, cache = self.classifier.forward(x, rng)
        value, dlogits = run.softmax_cross_entropy(logits, labels)
        if grads is not None:
            self.classifier.backward(dlogits, cache, grads["classifier"], input_grad=False)
        return Result(value, {"loss": value, "accuracy": (logits.argmax(axis=1) == labels).mean()})

    def _training_batch(self, batch: Array, rng: np.random.Generator) -> Array:
        """Return the rows; if the model learns from attacked rows, they are attacked here."""
        if not self.adversarial:
            return batch
        x, columns = self.labels.split(batch)
        right = columns == columns.max(axis=1, keepdims=True)
        gradient, attack = partial(self._log_odds_gradient, right=right), self.adversarial
        x = worst_case(gradient, x, attack, self.value_range, steps=self.attack_steps, rng=rng)
        return np.concatenate([x, columns], axis=1)

    def input_gradient(self, x: Array, labels: Array) -> Array:
        r"""Return where each row's loss rises, (n, d), in evaluation mode: what an attack follows.

        It is the gradient of the log-odds :math:`\log\frac{1-p}{p} = \log\sum_{j\ne c} e^{l_j} - l_c` against
        the right class c. The loss :math:`-\log p` rises with them, its gradient is :math:`1 - p` times this
        one, and where the classifier is sure, floating point would make that 0.
        """
        x = errors.array("x", x, ("n", self.features), "floats")
        labels = errors.labels("labels", labels, len(x), self.classes)
        return self._log_odds_gradient(x, labels[:, None] == np.arange(self.classes))

    def _log_odds_gradient(self, x: Array, right: Array) -> Array:
        """Return the log-odds' gradient with respect to x (n, d); ``right`` (n, classes) marks each row's class."""
        logits, cache = self.classifier.forward(x)
        among_wrong = run.softmax_forward(np.where(right, -np.inf, logits))
        return self.classifier.backward(np.where(right, -1, among_wrong), cache)

    def _split(self, rows: Array) -> tuple[Array, Array]:
        """Return the data (n, d) and the labels (n,) of rows that have both."""
        x, columns = self.labels.split(rows)
        return x, columns.argmax(axis=1)

    def validate(self, rows: Array) -> dict[str, float]:
        """Return the accuracy on held-out rows."""
        rows = errors.array("rows", rows, ("n", self.features + self.classes), rows=1)
        return {"val_accuracy": self.accuracy(*self._split(rows))}

    def probabilities(self, x: Array) -> Array:
        """Return how probable each class is, (n, classes), of x (n, d); bytes are scaled as in training."""
        return run.softmax_forward(in_chunks(self.classifier, self.scaled(x)))

    def predict(self, x: Array) -> Array:
        """Return the most probable class of each row, (n,)."""
        return self.probabilities(x).argmax(axis=1)

    def accuracy(self, x: Array, labels: Array) -> float:
        """Return the share of rows whose class is predicted."""
        predicted = self.predict(x)
        labels = errors.labels("labels", labels, len(predicted), self.classes)
        return float((predicted == labels).mean())
