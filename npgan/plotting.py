"""Pictures: grids of images, clouds of points, curves of losses."""

import io
import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from npgan import errors
from npgan.errors import LARGEST, InputError, array, as_path, count, instance
from npgan.objectives.reports import REPORTS, Reports
from npgan.system.disk import write_atomically
from npgan.training.history import History

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAD = 2
LETTERS = 60
LACKING = "\u0530"  # the first character after Cyrillic


class Column(NamedTuple):
    """A short description of a column of a history, and its unit."""

    label: str
    unit: str


COLUMNS = {
    "loss": Column("loss of training batches", "loss"),
    "val_loss": Column("loss of held-out data", "loss"),
    "accuracy": Column("accuracy on training batches, in training mode", "share"),
    "val_accuracy": Column("accuracy on held-out data", "share"),
    "frechet": Column("Fréchet distance of features", "Fréchet distance"),
    "precision": Column("precision", "share"),
    "recall": Column("recall", "share"),
    "class_total_variation": Column("total variation of classes", "share"),
    "high_quality": Column("samples near a mode", "share"),
    "modes": Column("modes", "modes"),
    "reverse_kl": Column("reverse KL", "nats"),
}
"""Columns of histories that are not in :data:`REPORTS`; a column in neither table is a loss."""


def to_unit(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """Map values from [low, high] to [0, 1], as float32; values outside are clipped.

    >>> to_unit(np.array([-1.0, 0.0, 3.0]), -1, 1)
    array([0. , 0.5, 1. ], dtype=float32)
    """
    low, high = errors.number("low", low), errors.number("high", high)
    if high < low:
        raise InputError(f"high must not be below low, as {high} is below {low}")
    x = array("x", x, None)
    if high - low > LARGEST:  # more than float32 can hold
        x, low, high = x / 2, low / 2, high / 2
    return np.clip((x - low) / ((high - low) or 1), 0, 1).astype(np.float32)


def as_text(words: str) -> str:
    r"""Return words, such as the path of a run, so that a picture shows them as they are, not as formulas.

    Characters beyond Latin, Greek and Cyrillic, which the font may lack, are escaped; of a long line only
    the end is kept.

    >>> print(as_text("$a$ \u03b5 \u65e5"))
    \$a\$ ε \u65e5
    """
    instance("the words", words, str)
    shown = (c if c < LACKING else ascii(c)[1:-1] for c in errors.one_line(words))
    line = "".join(shown)
    line = line if len(line) <= LETTERS else f"...{line[-LETTERS:]}"
    return line.replace("$", r"\$")


def tile(images: np.ndarray, shape: tuple[int, ...], columns: int) -> np.ndarray:
    """Lay images out in a grid, with a dark frame around each.

    Parameters
    ----------
    images : (n, height * width * channels) in [0, 1]; values outside are clipped
    shape : (height, width) of grey images, or (height, width, channels) with 1 or 3 channels
    columns : the number of columns of the grid

    Returns
    -------
    picture : (rows * (height + 2) + 2, columns * (width + 2) + 2) uint8, of images in colour (..., 3)

    Examples
    --------
    >>> tile(np.ones((3, 4)), (2, 2), columns=2).shape
    (10, 10)
    """
    images = array("images", images, ("n", "d"))
    images = _in_bytes(images, shape)
    height, width, *colours = images.shape[1:]
    columns = count("columns", columns, 1)
    rows = math.ceil(len(images) / columns)
    size = rows * (height + PAD) + PAD, columns * (width + PAD) + PAD
    picture = np.full((*size, *colours), 40, np.uint8)
    for i, image in enumerate(images):
        top = PAD + (i // columns) * (height + PAD)
        left = PAD + (i % columns) * (width + PAD)
        picture[top : top + height, left : left + width] = image
    return picture


def _in_bytes(images: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return images (n, d) in [0, 1] as bytes, (n, height, width) or, in colour, (n, height, width, 3)."""
    height, width, *channels = errors.image_shape("shape", shape, images.shape[1])
    octets = np.rint(np.clip(images, 0, 1) * 255).astype(np.uint8)
    return octets.reshape(len(images), height, width, *(c for c in channels if c > 1))


def save_grid(path: Path, images: np.ndarray, shape: tuple[int, ...], columns: int) -> None:
    """Save a grid of images (:func:`tile`) as a PNG, enlarged until it is at least 600 pixels wide."""
    from PIL import Image

    picture, path = tile(images, shape, columns), as_path(path)
    scale = math.ceil(600 / picture.shape[1])
    image = Image.fromarray(picture.repeat(scale, axis=0).repeat(scale, axis=1))
    _write(path, partial(image.save, format="PNG"))


def save_image(path: Path, image: np.ndarray, shape: tuple[int, ...]) -> None:
    """Save an image (d,) in [0, 1] of a shape, see :func:`tile`, as a PNG of its own size."""
    from PIL import Image

    image = array("image", image, ("d",))
    (octets,) = _in_bytes(image[None], shape)
    _write(as_path(path), partial(Image.fromarray(octets).save, format="PNG"))


def new_figure(width: float, height: float) -> "Figure":
    """Return an empty figure of a size in inches."""
    from matplotlib.figure import Figure  # slow to import

    size = errors.positive("width", width), errors.positive("height", height)
    return Figure(figsize=size, layout="constrained")


def save_figure(path: Path, figure: "Figure") -> None:
    """Save a figure as a PNG with 100 pixels per inch."""
    from matplotlib.figure import Figure

    instance("figure", figure, Figure)
    _write(as_path(path), partial(figure.savefig, format="png", dpi=100))


def _write(path: Path, save: Callable[[io.BytesIO], Any]) -> None:
    """Write a picture, whole or not at all."""
    content = io.BytesIO()
    save(content)
    write_atomically(path, content.getvalue())


def save_rows(
    path: Path,
    rows: Mapping[str, np.ndarray],
    shape: tuple[int, ...],
    notes: Mapping[str, Sequence[Any]] | None = None,
) -> None:
    """Save rows of images (m, d) in [0, 1], each with its name, one above the other.

    ``shape`` is that of :func:`tile`. ``notes`` maps a row's name to one note for each of its images, written in
    the image's corner.
    """
    path = as_path(path)
    for part in (rows, {} if notes is None else notes):
        instance("rows, and notes,", part, Mapping)
    if not rows:
        raise InputError("there must be a row of images or more")
    rows = {name: array(name, images, ("m", "d"), rows=1) for name, images in rows.items()}
    shape = errors.image_shape("shape", shape, next(iter(rows.values())).shape[1])
    columns = max(map(len, rows.values()))
    longer = max(shape[:2])
    width = 0.72 * columns * shape[1] / longer + 1.9
    figure = new_figure(width, 0.76 * len(rows) * shape[0] / longer + 0.1)
    all_axes = figure.subplots(len(rows), squeeze=False).flat
    for axes, (name, images) in zip(all_axes, rows.items(), strict=True):
        axes.imshow(tile(images, shape, columns), cmap="gray", vmin=0, vmax=255)
        axes.set_ylabel(as_text(name), rotation=0, ha="right", va="center")
        for i, note in enumerate((notes or {}).get(name, ())):
            place = PAD + i * (shape[1] + PAD) + 1, PAD + 1
            axes.text(*place, as_text(str(note)), color="yellow", fontsize=9, va="top")
        axes.set(xticks=[], yticks=[], frame_on=False)
    _write(path, partial(figure.savefig, format="png", dpi=120, bbox_inches="tight"))


def save_animation(path: Path, images: np.ndarray, shape: tuple[int, ...], scale: int = 8) -> None:
    """Save images (m, d) in [0, 1] as an enlarged GIF that loops, 15 images per second; see :func:`tile`."""
    from PIL import Image

    images, path = array("images", images, ("n", "d"), rows=1), as_path(path)
    frames, scale = _in_bytes(images, shape), count("scale", scale, 1)
    first, *rest = (Image.fromarray(f.repeat(scale, axis=0).repeat(scale, axis=1)) for f in frames)
    settings: dict[str, Any] = {"save_all": True, "append_images": rest, "duration": 67, "loop": 0}
    _write(path, partial(first.save, format="GIF", **settings))


def save_points(path: Path, samples: np.ndarray, real: np.ndarray) -> None:
    """Save generated points (n, 2) over real ones (m, 2) as a PNG."""
    path = as_path(path)
    samples = array("samples", samples, ("n", 2))
    real = array("real", real, ("m", 2), rows=1, dtype=np.float64)
    figure = new_figure(6, 6)
    axes = figure.subplots()
    axes.scatter(real[:2000, 0], real[:2000, 1], s=6, color="0.75", label="real", linewidths=0)
    axes.scatter(
        samples[:, 0], samples[:, 1], s=6, color="C3", alpha=0.6, label="generated", linewidths=0
    )
    low, high = real.min(axis=0), real.max(axis=0)
    margin = np.where(high > low, 0.25 * (high - low), 1 + abs(high))
    axes.set(
        xlim=(low[0] - margin[0], high[0] + margin[0]),
        ylim=(low[1] - margin[1], high[1] + margin[1]),
        xlabel="$x_1$",
        ylabel="$x_2$",
        aspect="equal",
    )
    axes.legend(loc="upper right", markerscale=3)
    save_figure(path, figure)


def save_confusion(
    path: Path, matrix: np.ndarray, labels: Sequence[int] | Sequence[str] | None = None
) -> None:
    """Save a confusion matrix as a PNG: true classes are rows, predicted ones columns; colours are shares of a row.

    Parameters
    ----------
    path : where the picture is saved
    matrix : (c, c), as :func:`npgan.metrics.confusion` returns it
    labels : (c,) the data's labels of the classes, numbers or text, if they are not 0, 1, ...
    """
    path = as_path(path)
    matrix = array("matrix", matrix, ("c", "c"), "whole numbers", rows=1, limits=(0, math.inf))
    names = errors.class_labels("labels", list(range(len(matrix))) if labels is None else labels)
    if len(names) != len(matrix):
        raise InputError(f"there are {len(matrix)} classes, and {len(names)} labels")
    figure = new_figure(6, 6)
    axes = figure.subplots()
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (i, j), times in np.ndenumerate(matrix):
        if times:
            color = "white" if shares[i, j] > 0.5 else "black"
            axes.text(j, i, str(times), ha="center", va="center", color=color, fontsize=9)
    right = matrix.trace() / max(matrix.sum(), 1)
    axes.set(title=f"accuracy {right:.2%}", xlabel="predicted class", ylabel="true class")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(range(len(matrix)), [as_text(str(name)) for name in names])
    if isinstance(names[0], str):  # which may be longer than a column is wide
        axes.tick_params(axis="x", rotation=90)
    save_figure(path, figure)


def _label(column: str) -> str:
    """Return a column's name for a legend, where matplotlib would leave out a name that begins with _."""
    return re.sub("^_", " _", as_text(column))


def save_curves(
    path: Path,
    history: History,
    reports: Reports = REPORTS,
    equilibrium: Mapping[str, float] | None = None,
) -> None:
    """Save the history's columns against the steps as a PNG, a panel for each unit.

    Parameters
    ----------
    path : where the picture is saved
    history : columns that are reports of another objective, as earlier versions wrote them, are left out
    reports : column -> its description, for columns that are not losses; see :mod:`npgan.objectives.reports`
    equilibrium : column -> its value at equilibrium, drawn as a dotted line
    """
    path = as_path(path)
    instance("history", history, History)
    known, other = equilibrium or {}, {"epoch", "step", "seconds"} | (REPORTS.keys() - reports)
    columns = {name: Column(_label(name), "loss") for name in history.columns} | COLUMNS
    columns |= {name: Column(report.label, report.unit) for name, report in reports.items()}
    panels: dict[str, list[str]] = {}
    for name in history.columns:
        if name not in other:
            panels.setdefault(columns[name].unit, []).append(name)
    if not panels:
        return
    figure = new_figure(8, 3.2 * len(panels))
    all_axes = figure.subplots(len(panels), squeeze=False).flat
    for axes, (unit, panel) in zip(all_axes, panels.items(), strict=True):
        for name in panel:
            rows = [row for row in history if name in row]
            marker = "." if len(rows) < 30 else None
            steps, values = [row["step"] for row in rows], [row[name] for row in rows]
            label = columns[name].label
            if name in known:
                label += f" ({known[name]:.3g} at equilibrium)"
            (line,) = axes.plot(steps, values, marker=marker, label=label)
            if name in known:
                axes.axhline(known[name], color=line.get_color(), linestyle=":")
        axes.set(xlabel="step", ylabel=unit)
        axes.grid(alpha=0.3)
        axes.legend()
    save_figure(path, figure)
