"""Layer and batch normalisation; what they compute is in :mod:`npgan.ops.normalisation`."""

from typing import Any

import numpy as np

from npgan.backend import run
from npgan.errors import count, instance
from npgan.layers.layer import Array, DType, Grads, Pair, Rng, Seed, Shape, Sized, unpacked

__all__ = ["BatchNorm", "LayerNorm"]

EPS = 1e-5
MOMENTUM = 0.1


class Norm(Sized):
    """What both share: a ``weight`` that starts at 1, a ``bias`` that starts at 0, the width."""

    example = "4"

    def __init__(self, width: int, *, dtype: DType = np.float32) -> None:
        shapes = self.shapes(width)
        (self.width,) = shapes["weight"]
        self.in_features = self.out_features = self.width
        self._allocate(shapes, dtype, None)

    @classmethod
    def shapes(cls, width: int) -> dict[str, Shape]:
        """Return the shapes of ``weight`` and ``bias``."""
        return dict.fromkeys(("weight", "bias"), (count(f"the width of {cls.name}", width, 1),))

    def initialize(self, rng: Seed) -> None:
        """Start as the normalisation alone; there is nothing to draw."""
        self.parameters["weight"][...] = 1
        self.parameters["bias"][...] = 0

    def _sums(self, grads: Grads) -> tuple[Array, ...]:
        grads = self._checked_grads(grads)
        return () if grads is None else tuple(grads.values())


class LayerNorm(Norm):
    """Layer normalisation, :func:`npgan.ops.layer_norm_forward`: each sample over its features.

    It has a second derivative, and treats each sample by itself: what a critic with a gradient
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

    With an ``rng`` it takes the batch's moments and moves the running ones, without it it takes
    those: its buffers ``running_mean`` and ``running_var``, of as many batches as
    ``num_batches_tracked`` says. Both moments are of one distribution, so a GAN's discriminator, which
    sees real and generated data at a time, takes each by itself.

    It has no second derivative: a penalty on each sample's slope is not defined where the samples
    of a batch depend on each other (Gulrajani et al. 2017, sec. 4).

    Parameters
    ----------
    width : of x and y, at least 1
    dtype : float32 trains, float64 checks gradients

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

    def _buffers(self) -> dict[str, Shape]:
        moments = dict.fromkeys(("running_mean", "running_var"), (self.width,))
        return {**moments, "num_batches_tracked": (1,)}

    def initialize(self, rng: Seed) -> None:
        """Start as the normalisation alone; until there is a batch, by a standard normal's moments."""
        super().initialize(rng)
        for buffer, start in zip(self.buffers.values(), (0, 1, 0), strict=True):
            buffer[...] = start

    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, tuple[bool, Pair]]:
        """Normalise; the cache begins with whether the batch's own moments were taken."""
        given, moments = (self._checked(x), *self.parameters.values()), self.buffers.values()
        if rng is None:
            mean, var, _ = moments
            y, *cache = run.frozen_batch_norm_forward(*given, mean, var, EPS)
        else:
            y, *cache = run.batch_norm_forward(*given, *moments, MOMENTUM, EPS)
        return y, (rng is not None, tuple(cache))

    def backward(
        self, dy: Array, cache: tuple[bool, Pair], grads: Grads = None, input_grad: bool = True
    ) -> Any:
        """See :func:`npgan.ops.batch_norm_backward` and ``frozen_batch_norm_backward``."""
        training, arrays = unpacked(cache, 2)
        instance("the cache's first part", training, bool)
        way = run.batch_norm_backward if training else run.frozen_batch_norm_backward
        return way(dy, *unpacked(arrays, 2), self.parameters["weight"], *self._sums(grads))
