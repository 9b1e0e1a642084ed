"""Consecutive dense layers and activations of a network, seen as one layer that a backend fuses."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from npgan.backend import run
from npgan.errors import InputError
from npgan.layers.activation import Activation
from npgan.layers.dense import Dense
from npgan.layers.layer import Layer, unpacked
from npgan.ops.chain import ACTIVATIONS, Pass, unchanged
from npgan.parameters import Parameters
from npgan.shapes import takes

Stage = tuple[str, Dense, Activation | None]


class Chain(Layer):
    """Stages of a network, which keep their parameters in its vector: :mod:`npgan.ops.chain`.

    Parameters
    ----------
    network : all parameters of the network
    stages : each the name of its scope, a dense layer, and the activation after it, if any
    """

    name = "chain"

    def __init__(self, network: Parameters, stages: Sequence[Stage]) -> None:
        self.parameters = network
        plan, arguments, before = [], [], 0
        for scope, dense, activation in stages:
            places = [network.offset(f"{scope}.{name}") for name in ("weight", "bias")]
            code = ACTIVATIONS.index(activation.name if activation else "identity")
            plan.append([dense.in_width, dense.out_width, *places, code, before])
            arguments.append(activation.arguments[0] if activation and activation.arguments else 0)
            before += dense.out_width
        self.plan = np.array(plan)
        self.arguments = np.array(arguments, network.flat.dtype)
        self.in_width, self.out_width = stages[0][1].in_width, stages[-1][1].out_width

    @takes("x (n, i)")
    def forward(
        self, x: np.ndarray, rng: np.random.Generator | None = None
    ) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """Apply all stages; the cache is the input and the outputs of all of them."""
        if x.shape[1] != self.in_width:
            raise InputError(f"the input must have shape (n, {self.in_width}), not {x.shape}")
        y = run.chain_forward(x, self.parameters.flat, self.plan, self.arguments)
        return y[y.size - len(x) * self.out_width :].reshape(len(x), self.out_width), (x, y)

    def _flat(self, grads: Parameters | None) -> np.ndarray | None:
        grads = self._checked_grads(grads)
        return None if grads is None else grads.flat

    def backward(
        self,
        dy: np.ndarray,
        cache: tuple[np.ndarray, np.ndarray],
        grads: Parameters | None = None,
        input_grad: bool = True,
    ) -> Any:
        """Go back through all stages; ``grads`` are the whole network's."""
        flat = self._flat(grads)
        w = self.parameters.flat
        return run.chain_backward(
            dy, *unpacked(cache, 2), w, self.plan, self.arguments, flat, input_grad
        )

    def double_backward(
        self,
        ddx: np.ndarray,
        record: np.ndarray,
        cache: tuple[np.ndarray, np.ndarray],
        grads: Parameters | None = None,
        input_grad: bool = True,
    ) -> tuple[np.ndarray, Any]:
        """See :func:`npgan.ops.chain_double_backward`; the record is ``dy``."""
        flat = self._flat(grads)
        plan = (self.parameters.flat, self.plan, self.arguments)
        return run.chain_double_backward(ddx, record, *unpacked(cache, 2), *plan, flat, input_grad)

    def penalized_backward(
        self,
        dy: np.ndarray,
        c: np.ndarray,
        cache: tuple[np.ndarray, np.ndarray],
        grads: Parameters | None = None,
        down: Pass = unchanged,
        up: Pass = unchanged,
    ) -> np.floating:
        """See :func:`npgan.ops.chain_penalized_backward`."""
        flat = self._flat(grads)
        plan = (self.parameters.flat, self.plan, self.arguments)
        return run.chain_penalized_backward(dy, c, *unpacked(cache, 2), *plan, flat, down, up)


def fuse(layers: Sequence[Layer], network: Parameters) -> list[tuple[str, Layer]]:
    """Return a network's layers with every run of dense layers and activations as one chain.

    Each comes with the name of its scope in the gradients; a chain's is the whole network, "".
    """
    parts: list[tuple[str, Layer]] = []
    stages: list[Stage] = []

    def close() -> None:
        if stages:
            parts.append(("", Chain(network, stages)))
            stages.clear()

    for i, layer in enumerate(layers):
        if type(layer) is Dense:
            stages.append((str(i), layer, None))
        elif (
            isinstance(layer, Activation)
            and layer.name in ACTIVATIONS
            and stages
            and not stages[-1][2]
        ):
            stages[-1] = (*stages[-1][:2], layer)
        else:
            close()
            parts.append((str(i), layer))
    close()
    return parts
