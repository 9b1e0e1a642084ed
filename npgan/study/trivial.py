"""Whether a model has learned anything: beside it stands a guess that never looks at its input."""

import numpy as np

from npgan.models import VAE, Autoencoder, Classifier, Model

ROWS = 10_000  # that are looked at
MARGIN = 0.99
"""The part of the mean's error that an autoencoder's must at most be."""


def no_better(model: Model, train: np.ndarray, held_out: np.ndarray) -> str | None:
    """Return what a model has not learned, from rows as :meth:`Model.rows` returns them; None: nothing is wrong.

    A classifier must be right more often on held-out rows than who always answers the most frequent class of the
    training rows. An autoencoder's squared error must be below that of the training rows' mean.
    """
    train, held_out = train[:ROWS], held_out[:ROWS]
    if isinstance(model, Classifier) and model.labels:
        counts, classes = (model.labels.split(rows)[1] for rows in (train, held_out))
        guess = counts.sum(axis=0, dtype=np.float64).argmax()
        right, often = model.validate(held_out)["val_accuracy"], (classes.argmax(axis=1) == guess)
        if right <= often.mean():
            return f"it is right on {right:.3f} of held-out rows, and always the same answer on {often.mean():.3f}"
    if isinstance(model, Autoencoder | VAE):
        x, mean = model.scaled(held_out), model.scaled(train).mean(axis=0)
        error, of_mean = (np.square(y - x).mean() for y in (model.reconstruct(x), mean))
        if error > MARGIN * of_mean:
            return (
                f"its squared error on held-out rows is {error:.4g}, and that of the training rows' mean "
                f"{of_mean:.4g}"
            )
    return None
