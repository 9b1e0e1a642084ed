"""Pictures of what a run's model makes, in the data's own range: samples, reconstructions, a confusion matrix."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from npgan import plotting
from npgan.metrics import confusion
from npgan.models import CONDITIONAL, Autoencoder, Classifier, Model, Translator
from npgan.models.config import Config

if TYPE_CHECKING:
    from npgan.tables import Encoding

IMAGES, POINTS, ROWS = 64, 2000, 10_000  # in a picture


def to_unit(model: Model, config: Config, x: np.ndarray) -> np.ndarray:
    """Bring images from the data's range, as the model sees it, to [0, 1], float32."""
    low, high = config.image_range or model.value_range
    return plotting.to_unit(x, low, high)


def drawable(model: Model, config: Config) -> bool:
    """Whether rows of the model's data can be drawn: as images, or as points in the plane."""
    return config.image_shape is not None or model.features == 2


def save(
    path: Path, model: Model, config: Config, rows: np.ndarray, columns: int, real: np.ndarray
) -> None:
    """Draw rows, if they can be drawn: as a grid of images, or as points over real ones."""
    if config.image_shape and config.shape:
        plotting.save_grid(path, to_unit(model, config, rows), tuple(config.shape), columns)
    elif model.features == 2:
        plotting.save_points(path, rows, real)


def draw(
    model: Model,
    config: Config,
    real: np.ndarray,
    labels: np.ndarray | None,
    path: Path,
    table: "Encoding | None" = None,
) -> None:
    """Draw samples (of a fixed z), reconstructions or translations of the first rows, or a confusion matrix.

    ``table`` is how the rows of a table were made, of which the columns are drawn.
    """
    if table is not None:
        draw_table(model, table, real[:ROWS], config.seed, path)
    elif isinstance(model, Classifier):
        if labels is not None:
            matrix = confusion(model.predict(real), labels, model.classes)
            plotting.save_confusion(path, matrix, config.labels)
    elif isinstance(model, Translator):
        if config.image_shape:
            source = model.scaled(real[:IMAGES])[:, : model.generator.in_width]
            images = np.concatenate([source, model.translate(source)], axis=1)
            save(path, model, config, images, 16, real)
    elif isinstance(model, Autoencoder):
        draw_pairs(model, config, real, path)
    elif drawable(model, config):
        rows = model.classes if isinstance(model, CONDITIONAL) else 8
        n = 8 * rows if config.image_shape else POINTS
        save(path, model, config, *sampled(model, n, config.seed), real)


def draw_table(model: Any, table: "Encoding", real: np.ndarray, seed: int, path: Path) -> None:
    """Draw the columns of as many samples as there are real rows, and of these."""
    from npgan.plotting_tables import save_table  # it needs pyarrow, which is slow to import
    from npgan.tables.schema import CODED

    rng = np.random.default_rng(seed)
    learned = [c.name for c in table.schema.columns if c.kind not in ("identifier", "constant")]
    rows = real, model.sample(len(real), rng)
    shown, made = (table.decode(x, rng).select(learned) for x in rows)
    coded = [c.name for c in table.schema.columns if c.kind in CODED]
    save_table(path, shown, made, coded, table.series.names if table.series else ())


def sampled(model: Any, n: int, seed: int, label: int | None = None) -> tuple[np.ndarray, int]:
    """Return n samples, and how many columns a grid of them has.

    A conditional model's classes take turns, a column for each, unless a label is given.
    """
    columns = math.ceil(math.sqrt(n))
    if not isinstance(model, CONDITIONAL):
        return model.sample(n, rng=seed), columns
    if label is not None:
        return model.sample(n, rng=seed, label=label), columns
    return model.sample(n, rng=seed, label=np.arange(n) % model.classes), model.classes


def draw_pairs(model: Any, config: Config, real: np.ndarray, path: Path) -> None:
    """Draw the first rows of real data, each row of images above the row of its reconstructions."""
    if not config.image_shape:
        rows = model.reconstruct(real[:POINTS])
    else:
        parts = [real[i : i + 8] for i in range(0, min(len(real), IMAGES // 2), 8)]
        both = [
            images for part in parts for images in (model.scaled(part), model.reconstruct(part))
        ]
        rows = np.concatenate(both)
    save(path, model, config, rows, 8, real)
