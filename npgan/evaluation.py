"""Numbers that say how good a trained model is, each beside what real data scores."""

from collections.abc import Callable
from typing import Any

import numpy as np

from npgan.backend import run
from npgan.data.dataset import Dataset
from npgan.errors import InputError
from npgan.metrics import frechet_distance, mode_statistics
from npgan.models import GAN, VAEGAN, Autoencoder, Model
from npgan.ops import sigmoid_forward

SAMPLES = 10_000


def evaluate(model: Model, dataset: Dataset, rng: np.random.Generator) -> dict[str, Any]:
    """Return a model's measures on held-out data, by name.

    Everything that generates: the Fréchet distance of its samples from the test data, in the data's
    own space, beside the one of the training data; on a 2-D mixture the modes it covers. A GAN's
    discriminator: the share that it tells apart. Everything that reconstructs: the mean squared error.
    """
    if dataset.test is None:
        raise InputError(f"the data set {dataset.name} has no test data to evaluate on")
    result: dict[str, Any] = {}
    for kind, measure in MEASURES:
        if isinstance(model, kind):
            result |= measure(model, dataset, rng)
    return result


def _generation(model: GAN | VAEGAN, dataset: Dataset, rng: np.random.Generator) -> dict[str, Any]:
    assert dataset.test is not None
    test = model.scaled(dataset.test[:SAMPLES])
    samples = model.sample(SAMPLES, rng)
    rows = rng.permutation(len(dataset.train))[:SAMPLES]
    real = model.scaled(dataset.train[rows])
    result: dict[str, Any] = {
        "samples": SAMPLES,
        "frechet_distance": frechet_distance(samples, test),
        "frechet_distance_real": frechet_distance(real, test),
    }
    if dataset.modes is not None and dataset.std is not None:
        result["modes"] = mode_statistics(samples, dataset.modes, dataset.std)
        result["modes_real"] = mode_statistics(real, dataset.modes, dataset.std)
    return result


def _discrimination(model: GAN, dataset: Dataset, rng: np.random.Generator) -> dict[str, Any]:
    assert dataset.test is not None
    real = model.discriminator(model.scaled(dataset.test[:SAMPLES]))
    fake = model.discriminator(model.sample(len(real), rng))
    return {
        "d_real": float(sigmoid_forward(real).mean()),
        "d_fake": float(sigmoid_forward(fake).mean()),
        "d_accuracy": float(((real > 0).mean() + (fake <= 0).mean()) / 2),
    }


def _reconstruction(
    model: Autoencoder | VAEGAN, dataset: Dataset, rng: np.random.Generator
) -> dict[str, Any]:
    assert dataset.test is not None
    test = model.scaled(dataset.test)
    mean = model.scaled(dataset.train).mean(axis=0)
    return {
        "mean_squared_error": float(run.mse(model.reconstruct(test), test)[0]),
        "mean_squared_error_of_the_mean": float(np.square(test - mean).mean()),
    }


MEASURES: list[tuple[Any, Callable]] = [
    (GAN | VAEGAN, _generation),
    (GAN, _discrimination),
    (Autoencoder | VAEGAN, _reconstruction),
]
