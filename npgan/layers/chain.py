"""Consecutive dense layers and activations of a network as one layer, which a backend computes at once."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from npgan.backend import run
from npgan.errors import InputError
from npgan.layers.activation import Activation
from npgan.layers.dense import Dense
from npgan.layers.layer import Array, Grads, Layer, Pair, Rng, unpacked
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
            number = ACTIVATIONS.index(activation.name if activation else "identity")
            plan.append([dense.in_features, dense.out_features, *places, number, before])
            arguments.append(activation.arguments[0] if activation and activation.arguments else 0)
            before += dense.out_features
        self.plan = np.array(plan)
        self.arguments = np.array(arguments, network.flat.dtype)
        self.in_features, self.out_features = stages[0][1].in_features, stages[-1][1].out_features

    @takes("x (n, i)")
    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, Pair]:
        """Apply all stages; the cache is the input and the outputs of all of them."""
        if x.shape[1] != self.in_features:
            raise InputError(f"the input must have shape (n, {self.in_features}), not {x.shape}")
        y = run.chain_forward(x, self.parameters.flat, self.plan, self.arguments)
        return y[y.size - len(x) * self.out_features :].reshape(len(x), self.out_features), (x, y)

    def _given(self, cache: Pair, grads: Grads) -> tuple:
        """Return what a backward pass takes after ``dy``: the cache, the weights, the plan, and sums to add to."""
        grads = self._checked_grads(grads)
        plan = self.parameters.flat, self.plan, self.arguments
        return *unpacked(cache, 2), *plan, None if grads is None else grads.flat

    def backward(self, dy: Array, cache: Pair, grads: Grads = None, input_grad: bool = True) -> Any:
        """Go back through all stages; ``grads`` are the whole network's."""
        return run.chain_backward(dy, *self._given(cache, grads), input_grad)

    def double_backward(
        self, ddx: Array, record: Array, cache: Any, grads: Grads = None, input_grad: bool = True
    ) -> tuple[Array, Any]:
        """See :func:`npgan.ops.chain_double_backward`; the record is ``dy``."""
        return run.chain_double_backward(ddx, record, *self._given(cache, grads), input_grad)

    def penalized_backward(
        self,
        dy: Array,
        c: Array,
        cache: Pair,
        grads: Grads = None,
        down: Pass = unchanged,
        up: Pass = unchanged,
    ) -> np.floating:
        """See :func:`npgan.ops.chain_penalized_backward`."""
        return run.chain_penalized_backward(dy, c, *self._given(cache, grads), down, up)


def fuse(layers: Sequence[Layer], network: Parameters) -> list[tuple[str, Layer]]:
    """Return a network's layers with every run of dense layers and activations as one chain.

    Each comes with the name of its scope in the gradients; a chain's is the whole network, "".
    """
    parts: list[tuple[str, Any]] = []
    for i, layer in enumerate(layers):
        stages = parts[-1][1] if parts and isinstance(parts[-1][1], list) else []
        if type(layer) is Dense:
            if not stages:
                parts.append(("", stages))
            stages.append((str(i), layer, None))
        elif stages and not stages[-1][2] and _can_follow(layer):
            stages[-1] = (*stages[-1][:2], layer)
        else:
            parts.append((str(i), layer))
    return [(name, Chain(network, p) if isinstance(p, list) else p) for name, p in parts]


def _can_follow(layer: Layer) -> bool:
    return isinstance(layer, Activation) and layer.name in ACTIVATIONS
