"""What a run's model makes, as pictures in the data's own range: samples, pairs, a confusion."""

from pathlib import Path
from typing import Any

import numpy as np

from npgan import plotting
from npgan.metrics import confusion
from npgan.models import (
    CONDITIONAL,
    GENERATORS,
    Autoencoder,
    Classifier,
    Model,
    Translator,
)
from npgan.models.config import Config

SHOWN = 64


def to_unit(model: Model, config: Config, x: np.ndarray) -> np.ndarray:
    """Bring images from the data's range, as the model sees it, to [0, 1], float32."""
    low, high = config.image_range or model.value_range
    return plotting.to_unit(x, low, high)


def drawable(model: Model, config: Config) -> bool:
    """Whether there is a picture of what the model makes: images, or points in the plane."""
    return config.image_shape is not None or model.features == 2


def pairs(model: Any, config: Config, x: np.ndarray, columns: int) -> np.ndarray:
    """Return rows of originals, each above the row of their reconstructions, in [0, 1]."""
    rows = []
    for i in range(0, len(x), columns):
        part = x[i : i + columns]
        both = model.scaled(part), model.reconstruct(part)
        rows += [to_unit(model, config, images) for images in both]
    return np.concatenate(rows)


def draw(
    model: Model, config: Config, real: np.ndarray, labels: np.ndarray | None, path: Path
) -> None:
    """Draw samples (of a fixed z), reconstructions or translations of the first rows, or a confusion."""
    if isinstance(model, Classifier):
        if labels is not None:
            matrix = confusion(model.predict(real), labels, model.classes)
            plotting.save_confusion(path, matrix, config.labels)
    elif isinstance(model, Translator):
        if config.image_shape:
            source = model.scaled(real[:SHOWN])[:, : model.generator.in_width]
            images = np.concatenate([source, model.translate(source)], axis=1)
            shape = (config.image_shape[0], config.image_shape[1])
            plotting.save_grid(path, to_unit(model, config, images), shape, columns=16)
    elif isinstance(model, Autoencoder):
        draw_pairs(model, config, real, path)
    elif isinstance(model, GENERATORS):
        _draw_samples(model, config, real, path)


def _draw_samples(model: Any, config: Config, real: np.ndarray, path: Path) -> None:
    if config.image_shape:
        columns, which = 8, {}
        if isinstance(model, CONDITIONAL):  # a column a class
            columns, which = model.classes, {"label": np.arange(8 * model.classes) % model.classes}
        images = to_unit(model, config, model.sample(8 * columns, rng=config.seed, **which))
        shape = (config.image_shape[0], config.image_shape[1])
        plotting.save_grid(path, images, shape, columns)
    elif model.features == 2:
        plotting.save_points(path, model.sample(2000, rng=config.seed), real)


def draw_pairs(model: Any, config: Config, real: np.ndarray, path: Path) -> None:
    """Draw the first rows of real data and their reconstructions."""
    if config.image_shape:
        shape = (config.image_shape[0], config.image_shape[1])
        plotting.save_grid(path, pairs(model, config, real[: SHOWN // 2], 8), shape, columns=8)
    elif model.features == 2:
        plotting.save_points(path, model.reconstruct(real[:2000]), real)
