r"""How much work a training step is: the operations of its matrix products.

A product of (n, k) and (k, m) is :math:`2nkm` of them: a multiplication and an addition each. A dense layer
has one for its output, one for its weights' gradient and one for its input's; a penalty has more. A convolution
is a product of its weight with each window. What
else a step does, activations, noise and updates, takes much less time. Divided by what a machine does a
second, the work of a run is about how long it takes there.
"""

import copy
import math
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from npgan import backend
from npgan.data.batches import Batches
from npgan.ops.chain import ACTIVATIONS
from npgan.ops.kinds import KINDS
from npgan.ops.windows import Geometry
from npgan.training.loop import Callback, Loop

__all__ = ["Work"]

TRIALS = 5  # products that are timed
CURVED = [number for number, name in enumerate(ACTIVATIONS) if KINDS[name].curved]


def _weights(plan: np.ndarray) -> np.ndarray:
    return plan[:, 0] * plan[:, 1]


def _bent(plan: np.ndarray) -> int:
    """Return the number of stages up to the last curved activation; 0: none is."""
    return max(
        (s + 1 for s, activation in enumerate(plan[:, 4]) if activation in CURVED), default=0
    )


def _back(w: np.ndarray, parameters: bool, inputs: bool) -> int:
    """Return the products of a way back through stages of so many weights."""
    return parameters * w.sum() + w[1:].sum() + inputs * w[:1].sum()


def _chain_backward(
    dy: Any, x: Any, y: Any, w: Any, plan: Any, a: Any, grads: Any, input_grad: bool
) -> int:
    return len(dy) * _back(_weights(plan), grads is not None, input_grad)


def _chain_double_backward(
    ddx: Any, dy: Any, x: Any, y: Any, w: Any, plan: Any, a: Any, grads: Any, input_grad: bool
) -> int:
    """Down, up, and down again from the last stage with a second derivative."""
    sizes, trained = _weights(plan), grads is not None
    up = (1 + trained) * sizes.sum() + sizes[1:].sum()
    return len(ddx) * (up + _back(sizes[: _bent(plan)], trained, input_grad))


def _chain_penalized_backward(
    dy: Any, c: Any, x: Any, y: Any, w: Any, plan: Any, a: Any, grads: Any, *ways: Any
) -> int:
    """Down through the first stage, up but for the last; one product a stage for both gradients."""
    sizes, trained = _weights(plan), grads is not None
    again = _back(sizes[: _bent(plan)], True, False)
    return len(dy) * (sizes.sum() + trained * (sizes[:-1].sum() + sizes.sum() + again))


def _windows(images: Any, weight: Any) -> int:
    """Return the products of a weight with as many windows as these images have pixels."""
    return math.prod(images.shape[:3]) * weight.size


def _seen(images: Any, weight: Any, *way: Any) -> int:
    """Return the products of a weight with all windows of images, which may look over the border."""
    pixels = Geometry.of(*way).smaller(images.shape[1:3], weight.shape[:2])
    return len(images) * math.prod(pixels) * weight.size


PRODUCTS: dict[str, Callable[..., int]] = {
    "dense_forward": lambda x, weight, bias: len(x) * weight.size,
    "dense_backward_input": lambda dy, weight: len(dy) * weight.size,
    "dense_backward_parameters": lambda dy, x, dweight, dbias: len(dy) * dweight.size,
    "dense_double_backward": lambda ddx, dy, weight, dweight: (
        len(ddx) * weight.size * (1 + (dweight is not None))
    ),
    "chain_forward": lambda x, w, plan, a: len(x) * _weights(plan).sum(),
    "chain_backward": _chain_backward,
    "chain_double_backward": _chain_double_backward,
    "chain_penalized_backward": _chain_penalized_backward,
    "conv2d_forward": lambda x, weight, bias, *way: _seen(x, weight, *way),
    "conv2d_backward_input": lambda dy, weight, *way: _windows(dy, weight),
    "conv2d_backward_parameters": lambda dy, x, dweight, *way: _windows(dy, dweight),
    "conv2d_double_backward": lambda ddx, dy, weight, dweight, *way: (
        _windows(dy, weight) * (1 + (dweight is not None))
    ),
    "conv_transpose2d_forward": lambda x, weight, *way: _windows(x, weight),
    "conv_transpose2d_backward_input": _seen,
    "conv_transpose2d_backward_parameters": lambda dy, x, dweight, *way: _windows(x, dweight),
    "conv_transpose2d_double_backward": lambda ddx, dy, weight, dweight, *way: (
        _windows(ddx, weight) * (1 + (dweight is not None))
    ),
    "minibatch_discrimination_forward": lambda x, weight, kernels: len(x) * weight.size,
    "minibatch_discrimination_backward": lambda dy, x, m, weight, dweight=None: (
        len(x) * weight.size * (1 + (dweight is not None))
    ),
    "minibatch_discrimination_double_backward": lambda ddx, dy, x, m, weight, dweight=None: (
        len(x) * weight.size * (2 + 2 * (dweight is not None))
    ),
}
"""Operation -> its multiplications of matrix elements, by its arguments."""


def operations(model: Any, batches: Batches) -> int:
    """Return the operations of a training step's products, of a model on batches like these.

    A copy makes ``n_critic`` steps, by default one, in NumPy; their mean counts.

    >>> from npgan import Autoencoder, Dense, Sequential
    >>> model = Autoencoder(Sequential(Dense(4, 2)), Sequential(Dense(2, 4)))
    >>> operations(model, Batches(np.ones((9, 4), np.float32), 5, np.random.default_rng(0)))
    400
    """
    model, period, total = copy.deepcopy(model), getattr(model, "n_critic", 1), 0

    def see(name: str, arguments: tuple) -> None:
        nonlocal total
        if name in PRODUCTS:
            total += 2 * int(PRODUCTS[name](*arguments))

    with backend.watched(see), np.errstate(all="ignore"):
        for _ in range(period):
            model.train_step(batches.first(), np.random.default_rng(0))
    return total // period


def rate() -> float:
    """Return how many operations a second NumPy makes here, in a product like a network's."""
    a, b = np.ones((256, 512), np.float32), np.ones((512, 512), np.float32)
    took = []
    for _ in range(TRIALS):
        start = time.perf_counter()
        a @ b
        took.append(time.perf_counter() - start)
    return 2 * a.size * b.shape[1] / min(took)


class Work(Callback):
    """Say, before the first step, how large the model is and how much there is to do."""

    def on_train_begin(self, loop: Loop) -> None:
        """Count weights and memory, and the operations of a step."""
        step, steps = operations(loop.model, loop.batches) / 1e9, loop.total_steps - loop.step
        size = sum(array.size for array in loop.model.weights().values())
        memory = sum(array.nbytes for array in loop.model.state()[0].values())
        seconds = 1e9 * steps * step / rate()
        print(
            f"{size:,} weights, {memory / 1e6:,.1f} MB with the optimisers' moments\n"
            f"{steps:,} steps of {step:.3g} GFLOP: {steps * step:,.0f} GFLOP in all, "
            f"{seconds:,.0f} s at the speed of NumPy's products here",
            file=sys.stderr,
        )
