"""Normalisation as layers; what they compute is in :mod:`npgan.ops.normalisation` and :mod:`npgan.ops.channels`."""

from typing import Any

import numpy as np

from npgan.backend import run
from npgan.errors import InputError, count, instance, shown
from npgan.layers.layer import Array, DType, Grads, Layer, Pair, Rng, Seed, Shape, Sized, unpacked
from npgan.ops.windows import by
from npgan.shapes import ARRAYS

__all__ = ["BatchNorm", "GroupNorm", "LayerNorm", "PixelNorm"]

EPS = 1e-5
MOMENTUM = 0.1


class Norm(Layer):
    """What all share that have a width, a ``weight`` that starts at 1, and a ``bias`` that starts at 0.

    They take rows and, except :class:`LayerNorm`, images, with channels for features.
    """

    example = "4"

    def __init__(self, width: int, *, dtype: DType = np.float32) -> None:
        self._make(self.shapes(width), dtype)

    def _make(self, shapes: dict[str, Shape], dtype: DType) -> None:
        (self.width,) = shapes["weight"]
        self.in_features = self.out_features = self.width
        self._allocate(shapes, dtype, None)

    @classmethod
    def shapes(cls, width: int) -> dict[str, Shape]:
        """Return the shapes of ``weight`` and ``bias``."""
        return dict.fromkeys(("weight", "bias"), (count(f"the width of {cls.name}", width, 1),))

    def initialize(self, rng: Seed) -> None:
        """Start with the normalisation alone, weight 1 and bias 0; nothing is drawn."""
        self.parameters["weight"][...] = 1
        self.parameters["bias"][...] = 0

    def _checked(self, x: Array) -> Array:
        if type(x) not in ARRAYS or x.ndim not in (2, 4) or x.shape[-1] != self.width:
            raise InputError(
                f"{self!r} takes an input of shape (n, {self.width}) or (n, height, width, "
                f"{self.width}), not {shown(x)}"
            )
        return x

    def out_shape(self, in_shape: Shape) -> Shape:
        """Return the input's shape; one of another width is an InputError."""
        if in_shape[-1] != self.width:
            raise InputError(f"{self!r} follows a layer {by(in_shape)} wide")
        return in_shape

    def _sums(self, grads: Grads) -> tuple[Array, ...]:
        grads = self._checked_grads(grads)
        return () if grads is None else tuple(grads.values())


class LayerNorm(Sized, Norm):
    """Layer normalisation, :func:`npgan.ops.layer_norm_forward`: each sample over its features.

    It has a second derivative and treats each sample by itself, which a critic with a gradient
    penalty needs (Gulrajani et al. 2017, sec. 4).

    Parameters
    ----------
    width : of x and y, at least 1
    dtype : float32 trains, float64 checks gradients

    Examples
    --------
    >>> LayerNorm(2)(np.array([[1.0, 3.0], [10.0, 50.0]])).round(3)
    array([[-1.,  1.],
           [-1.,  1.]])
    """

    name = "layer_norm"

    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, Pair]:
        """Normalise; the cache is what :func:`npgan.ops.layer_norm_forward` returns beside y."""
        y, *cache = run.layer_norm_forward(self._checked(x), *self.parameters.values(), EPS)
        return y, tuple(cache)

    def backward(self, dy: Array, cache: Pair, grads: Grads = None, input_grad: bool = True) -> Any:
        """See :func:`npgan.ops.layer_norm_backward`."""
        weight = self.parameters["weight"]
        return run.layer_norm_backward(dy, *unpacked(cache, 2), weight, *self._sums(grads))

    def double_backward(
        self, ddx: Array, record: Array, cache: Pair, grads: Grads = None, input_grad: bool = True
    ) -> Pair:
        """See :func:`npgan.ops.layer_norm_double_backward`; the record is ``dy``."""
        weight = self.parameters["weight"]
        return run.layer_norm_double_backward(
            ddx, record, *unpacked(cache, 2), weight, *self._sums(grads)[:1]
        )


class BatchNorm(Norm):
    """Batch normalisation, :func:`npgan.ops.batch_norm_forward`: each feature over the batch.

    Of images each channel is normalised over all pixels of all samples, as if pixels were rows.

    In training (with an ``rng``) it normalises by the mean and variance of the batch and updates the
    running ones, the buffers ``running_mean`` and ``running_var``; in evaluation it normalises by the
    running ones. ``num_batches_tracked`` counts the batches in them. Moments should be those of
    one distribution, so a GAN's discriminator sees real and generated data as two batches.

    It has no ``double_backward``: a penalty on each sample's own slope assumes that samples do not depend on
    each other (Gulrajani et al. 2017, sec. 4). The layers of :mod:`npgan.layers.minibatch` couple samples as
    well, but have one: there a slope includes what a sample does to the others' logits.

    Parameters
    ----------
    width, dtype : as :class:`LayerNorm` has them

    Examples
    --------
    >>> layer, x = BatchNorm(1), np.array([[10.0], [20.0]])
    >>> layer(x, np.random.default_rng(0)).round(3)
    array([[-1.],
           [ 1.]])
    >>> layer.buffers["running_mean"]
    array([15.], dtype=float32)
    """

    name = "batch_norm"
    couples_samples = True
    first_order_only = (
        "couples the samples of a batch: a gradient penalty, which is each sample's own, is "
        "undefined; take layer_norm"
    )

    def _buffers(self, shapes: dict[str, Shape]) -> dict[str, Shape]:
        moments = dict.fromkeys(("running_mean", "running_var"), shapes["weight"])
        return {**moments, "num_batches_tracked": (1,)}

    def initialize(self, rng: Seed) -> None:
        """Start with the normalisation alone, and with the moments of a standard normal distribution."""
        super().initialize(rng)
        for buffer, start in zip(self.buffers.values(), (0, 1, 0), strict=True):
            buffer[...] = start

    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, tuple[bool, Pair]]:
        """Normalise; the cache begins with whether the batch's own moments were used."""
        rows = self._checked(x).reshape(-1, self.width)
        given, moments = (rows, *self.parameters.values()), self.buffers.values()
        if rng is None:
            mean, var, _ = moments
            y, *cache = run.frozen_batch_norm_forward(*given, mean, var, EPS)
        else:
            y, *cache = run.batch_norm_forward(*given, *moments, MOMENTUM, EPS)
        return y.reshape(x.shape), (rng is not None, tuple(cache))

    def backward(self, dy: Array, cache: Any, grads: Grads = None, input_grad: bool = True) -> Any:
        """See :func:`npgan.ops.batch_norm_backward` and ``frozen_batch_norm_backward``."""
        training, arrays = unpacked(cache, 2)
        instance("the cache's first part", training, bool)
        way = run.batch_norm_backward if training else run.frozen_batch_norm_backward
        rows, weight = self._checked(dy).reshape(-1, self.width), self.parameters["weight"]
        return way(rows, *unpacked(arrays, 2), weight, *self._sums(grads)).reshape(dy.shape)


class GroupNorm(Norm):
    """Group normalisation, :func:`npgan.ops.group_norm_forward`: each sample over groups of channels.

    It has a second derivative and treats each sample by itself, as :class:`LayerNorm` does. One group is layer
    normalisation of images, as many groups as channels are instance normalisation.

    Raises InputError if the groups do not divide the channels.

    Parameters
    ----------
    channels : of x and y, at least 1
    groups : into how many parts of neighbouring channels they are split
    dtype : float32 trains, float64 checks gradients

    Examples
    --------
    >>> GroupNorm(2, 1)(np.array([1.0, 2.0, 3.0, 6.0]).reshape(1, 2, 1, 2)).round(3)
    array([[[[-1.069, -0.535]],
    <BLANKLINE>
            [[ 0.   ,  1.604]]]])
    """

    name = "group_norm"
    example = "4 2"
    example_shape = (3, 2, 4)

    def __init__(self, channels: int, groups: int, *, dtype: DType = np.float32) -> None:
        self._make(self.shapes(channels, groups), dtype)
        self.channels, self.groups = self.width, int(groups)

    @classmethod
    def shapes(cls, channels: int, groups: int) -> dict[str, Shape]:  # type: ignore[override]
        """Return the shapes of ``weight`` and ``bias``."""
        c = count(f"the channels of {cls.name}", channels, 1)
        if c % count(f"the groups of {cls.name}", groups, 1):
            raise InputError(f"{groups} groups do not divide the {c} channels of {cls.name}")
        return dict.fromkeys(("weight", "bias"), (c,))

    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, Pair]:
        """Normalise; the cache is what :func:`npgan.ops.group_norm_forward` returns beside y."""
        given = (self._checked(x), *self.parameters.values(), self.groups, EPS)
        y, *cache = run.group_norm_forward(*given)
        return y, tuple(cache)

    def backward(self, dy: Array, cache: Pair, grads: Grads = None, input_grad: bool = True) -> Any:
        """See :func:`npgan.ops.group_norm_backward`."""
        weight = self.parameters["weight"]
        return run.group_norm_backward(dy, *unpacked(cache, 2), weight, *self._sums(grads))

    def double_backward(
        self, ddx: Array, record: Array, cache: Pair, grads: Grads = None, input_grad: bool = True
    ) -> Pair:
        """See :func:`npgan.ops.group_norm_double_backward`; the record is ``dy``."""
        given = (ddx, record, *unpacked(cache, 2), self.parameters["weight"])
        return run.group_norm_double_backward(*given, *self._sums(grads)[:1])


class PixelNorm(Layer):
    """Pixel normalisation, :func:`npgan.ops.pixel_norm_forward`: a pixel's channels, or a row, divided by their size.

    It has no parameters; the size is the root mean square.

    >>> PixelNorm()(np.array([[3.0, 3.0], [-1.0, 7.0]])).round(3)
    array([[ 1. ,  1. ],
           [-0.2,  1.4]])
    """

    name = "pixel_norm"

    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, Pair]:
        """Normalise; the cache is what :func:`npgan.ops.pixel_norm_forward` returns."""
        cache = run.pixel_norm_forward(x)
        return cache[0], cache

    def backward(self, dy: Array, cache: Pair, grads: Grads = None, input_grad: bool = True) -> Any:
        """See :func:`npgan.ops.pixel_norm_backward`."""
        return run.pixel_norm_backward(dy, *unpacked(cache, 2))

    def double_backward(
        self, ddx: Array, record: Array, cache: Pair, grads: Grads = None, input_grad: bool = True
    ) -> Pair:
        """See :func:`npgan.ops.pixel_norm_double_backward`; the record is ``dy``."""
        return run.pixel_norm_double_backward(ddx, record, *unpacked(cache, 2))
