"""Second derivatives of layers, as functions that the gradient checker takes."""

from collections.abc import Callable
from typing import Any

import numpy as np

from npgan.layers import Layer


def double_backward(layer: Layer, seed: int | None = 0) -> Callable:
    """Return a layer's ``input_gradient`` as a function of ``dy`` and x, with ``double_backward`` as its gradients.

    With a seed of None the layer is in evaluation mode.
    """
    buffers = layer.buffers.flat.copy()

    def function(dy: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, Callable]:
        layer.buffers.flat[...] = buffers
        cache = layer.forward(x, None if seed is None else np.random.default_rng(seed))[1]
        dx, record = layer.input_gradient(dy, cache)

        def vjp(ddx: np.ndarray) -> dict[str, np.ndarray]:
            grads = layer.parameters.like()
            ddy, dx = layer.double_backward(ddx, record, cache, grads)
            return {"x0": ddy, "x1": np.zeros(x.shape) if dx is None else dx, **grads}

        return dx, vjp

    return function


def penalized_backward(layer: Layer, x: np.ndarray, dy: np.ndarray, c: np.ndarray) -> Callable:
    """Return the loss ``dy`` · y with a penalty on the slope, c, as a function of a layer's parameters."""

    def function() -> tuple[Any, Any]:
        y, cache = layer.forward(x)
        grads = layer.parameters.like()
        return (dy * y).sum() + layer.penalized_backward(dy, c, cache, grads), grads

    return function
