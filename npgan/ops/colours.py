r"""Colours moved away from a mean or towards it, by a factor s of each image's own.

.. math:: y = m + s\,(x - m)

m is the mean of x: over the channels of each pixel (saturation: with s = 0 an image is grey), or over all numbers of
each image (contrast). So :math:`y = Mx`,

.. math:: M = s I + (1 - s) P, \qquad P_{ij} = \frac1k [i, j \text{ have one mean}],

k the number of those that have it. P is symmetric, and so is M: the backward pass is the forward pass, of dy. As it is
linear, its derivative is M once more. For saturation all pixels of an image share one M, channels by channels.

Source: Zhao et al. 2020, "Differentiable augmentation for data-efficient GAN training", sec. 4, and their program.
"""

import numpy as np

from npgan.shapes import Array, operation


@operation("x (n, h, w, C), factor (n,)")
def saturation_forward(x: Array, factor: Array) -> Array:
    r"""Move each pixel's channels: :math:`m_{nij}` is the mean of :math:`x_{nij}`. x, y: (n, h, w, c); factor: (n,).

    >>> saturation_forward(np.array([[[[1.0, 3.0]]], [[[1.0, 3.0]]]]), np.array([0.0, 2.0])).tolist()
    [[[[2.0, 2.0]]], [[[0.0, 4.0]]]]
    """
    channels = x.shape[3]
    kept, spread = factor[:, None, None], (1 - factor)[:, None, None] / channels
    pixels = x.reshape(len(x), x.shape[1] * x.shape[2], channels)
    return (pixels @ (kept * np.eye(channels, dtype=factor.dtype) + spread)).reshape(x.shape)


@operation("dy (n, h, w, C), factor (n,)")
def saturation_backward(dy: Array, factor: Array) -> Array:
    r"""Return :math:`dx = M^\top dy = M\,dy`, see the top of this file.

    >>> saturation_backward(np.array([[[[1.0, 0.0]]]]), np.array([2.0])).tolist()
    [[[[1.5, -0.5]]]]
    """
    return saturation_forward(dy, factor)


@operation("x (n, *S), factor (n,)")
def contrast_forward(x: Array, factor: Array) -> Array:
    r"""Move all numbers of each sample: :math:`m_n` is their mean. x, y: (n, ...), images or rows; factor: (n,).

    >>> contrast_forward(np.array([[1.0, 2.0, 6.0]]), np.array([0.5]))
    array([[2. , 2.5, 4.5]])
    """
    axes = tuple(range(1, x.ndim))
    mean = x.mean(axis=axes, keepdims=True)
    return mean + np.expand_dims(factor, axes) * (x - mean)


@operation("dy (n, *S), factor (n,)")
def contrast_backward(dy: Array, factor: Array) -> Array:
    r"""Return :math:`dx = M^\top dy = M\,dy`, see the top of this file.

    >>> contrast_backward(np.array([[3.0, 0.0, 0.0]]), np.array([0.5]))
    array([[2. , 0.5, 0.5]])
    """
    return contrast_forward(dy, factor)
