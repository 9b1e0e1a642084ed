"""How close one image is to another: the peak signal-to-noise ratio, and the structural similarity."""

from typing import Any

import numpy as np

from npgan.errors import InputError, array, image_shape

__all__ = ["psnr", "ssim"]

WINDOW, WIDTH = 11, 1.5
STABLE = 0.01**2, 0.03**2


def psnr(x: np.ndarray, truth: np.ndarray) -> np.ndarray:
    r"""Peak signal-to-noise ratio of each image, in dB: :math:`-10\log_{10}\overline{(x - t)^2}`, over all channels.

    x, truth: (n, d) in [0, 1]; an image without any error gets 100, not infinity.

    >>> psnr(np.array([[0.1, 0.9]]), np.array([[0.0, 1.0]])).round(3)
    array([20.])
    """
    x, truth = _compared(x, truth)
    squares = np.square(x - truth).mean(axis=1)
    return -10 * np.log10(np.maximum(squares, 1e-10))


def ssim(x: np.ndarray, truth: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    r"""Structural similarity of each image, at most 1: how alike windows are in mean, contrast and structure.

    .. math:: \frac{(2\mu_x\mu_t + C_1)(2\sigma_{xt} + C_2)}
        {(\mu_x^2 + \mu_t^2 + C_1)(\sigma_x^2 + \sigma_t^2 + C_2)}

    averaged over all windows of 11 x 11 pixels that lie within the image, weighted by a Gaussian of
    standard deviation 1.5; :math:`C_1 = 0.01^2`, :math:`C_2 = 0.03^2`. Source: Wang et al. 2004. In colour it is
    the mean over the channels, :math:`\frac13\sum_c \mathrm{SSIM}(x_c, t_c)`.

    Parameters
    ----------
    x, truth : (n, d) in [0, 1]
    shape : (height, width) or (height, width, channels), both sides at least 11

    Examples
    --------
    >>> x = np.random.default_rng(0).random((1, 144))
    >>> ssim(x, x, (12, 12)).round(6), ssim(1 - x, x, (12, 12)).round(1)
    (array([1.]), array([-0.9]))
    """
    x, truth = _compared(x, truth)
    height, width, *_ = shape = image_shape("shape", shape, x.shape[1])
    if min(height, width) < WINDOW:
        raise InputError(f"the structural similarity needs images of 11 x 11 or more, not {shape}")
    x, truth = (image.reshape(len(image), height, width, -1) for image in (x, truth))
    mean_x, mean_t = _smooth(x), _smooth(truth)
    spread = _smooth(x * x) - mean_x**2 + _smooth(truth * truth) - mean_t**2
    shared = _smooth(x * truth) - mean_x * mean_t
    c1, c2 = STABLE
    alike = (2 * mean_x * mean_t + c1) / (mean_x**2 + mean_t**2 + c1)
    return (alike * (2 * shared + c2) / (spread + c2)).mean(axis=(1, 2, 3))


def _compared(x: Any, truth: Any) -> tuple[np.ndarray, np.ndarray]:
    x = array("x", x, ("n", "d"), rows=1, dtype=np.float64, limits=(0, 1))
    return x, array("truth", truth, x.shape, dtype=np.float64, limits=(0, 1))


def _smooth(x: np.ndarray) -> np.ndarray:
    """Return the windows' weighted means, (n, height - 10, width - 10, channels)."""
    weights = np.exp(-np.square(np.arange(WINDOW) - WINDOW // 2) / (2 * WIDTH**2))
    weights /= weights.sum()
    for axis in (1, 2):
        x = np.lib.stride_tricks.sliding_window_view(x, WINDOW, axis=axis) @ weights
    return x
