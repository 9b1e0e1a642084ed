r"""Adversarial examples: images changed a little, so that a classifier is wrong.

An attack maximises the classifier's loss within a box around each row,
:math:`\max_\delta L(x + \delta, y)` with :math:`\|\delta\|_\infty \le \epsilon` and the result in the
data's range. It follows the gradient of the loss with respect to the *input*.
"""

from functools import partial

import numpy as np

from npgan import errors
from npgan.errors import array, count, instance, not_negative
from npgan.models.classifier import Classifier
from npgan.objectives.adversarial import worst_case


def fgsm(model: Classifier, x: np.ndarray, labels: np.ndarray, epsilon: float) -> np.ndarray:
    r"""Attack with one step, to the corner of the box to which the gradient points.

    :math:`x + \epsilon\,\mathrm{sign}(\partial L/\partial x)`, the fast gradient sign method
    (Goodfellow et al. 2015, sec. 4).

    Parameters
    ----------
    model : the classifier, in evaluation mode
    x : (n, d) floats on the scale of its network; the result stays within [0, 1], or within the range of x if
        that is wider
    labels : (n,) the true classes
    epsilon : the largest change of a number

    Examples
    --------
    >>> from npgan import Dense, Sequential
    >>> from npgan.models import Classifier
    >>> model = Classifier(Sequential(Dense(1, 2)))
    >>> model.classifier.parameters["0.weight"][...] = [[-1, 1]]  # the larger, the more of class 1
    >>> fgsm(model, np.float32([[0.5]]), np.array([1]), 0.25)
    array([[0.25]], dtype=float32)
    """
    return pgd(model, x, labels, epsilon, steps=1, step=epsilon)


def pgd(
    model: Classifier,
    x: np.ndarray,
    labels: np.ndarray,
    epsilon: float,
    *,
    steps: int = 20,
    step: float | None = None,
    rng: np.random.Generator | None = None,
) -> np.ndarray:
    """Attack by projected gradient descent: :func:`npgan.objectives.adversarial.worst_case`.

    Raises InputError for a model that is no classifier, rows or labels that do not fit it, or settings out of
    range.

    Parameters
    ----------
    model, x, labels, epsilon : as :func:`fgsm` takes them
    steps : how many
    step : its size; by default 2.5 epsilon / steps, which reaches any corner
    rng : draws a starting point in the box; None: start at x
    """
    instance("model", model, Classifier)
    x = array("x", x, ("n", model.features), "floats")
    labels = errors.labels("labels", labels, len(x), model.classes)
    epsilon, steps = not_negative("epsilon", epsilon), count("steps", steps, 1)
    step = None if step is None else not_negative("step", step)
    rng = None if rng is None else errors.generator(rng)
    gradient = partial(model.input_gradient, labels=labels)
    return worst_case(gradient, x, epsilon, model.value_range, steps=steps, step=step, rng=rng)
