"""How good generated samples are: pure functions of samples, or of their features.

All is computed in float64, rows are samples. No number says it all: the Fréchet distance and
precision do not see copies, modes and classes do not see how varied each of them is.

Sets that are empty, of different widths or not finite are an :class:`~npgan.errors.InputError`, and so is an
argument outside the bounds that the docstring gives.
"""

from npgan.metrics.classes import class_statistics, confusion
from npgan.metrics.components import PCA
from npgan.metrics.frechet import frechet_distance
from npgan.metrics.images import psnr, ssim
from npgan.metrics.mixtures import mode_statistics
from npgan.metrics.neighbours import (
    NEIGHBOURS,
    copy_statistics,
    nearest_rows,
    neighbour_accuracy,
    neighbour_distance,
    neighbour_statistics,
)
from npgan.metrics.roc import auroc, roc_curve

__all__ = [
    "NEIGHBOURS",
    "PCA",
    "auroc",
    "class_statistics",
    "confusion",
    "copy_statistics",
    "frechet_distance",
    "mode_statistics",
    "nearest_rows",
    "neighbour_accuracy",
    "neighbour_distance",
    "neighbour_statistics",
    "psnr",
    "roc_curve",
    "ssim",
]
