"""Layers one after the other."""

import copy
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from npgan.backend import run
from npgan.errors import InputError, generator, instance
from npgan.layers.chain import Chain, fuse
from npgan.layers.layer import Array, Grads, Layer, Rng, Seed, Shape
from npgan.ops.chain import total
from npgan.parameters import Parameters, join

__all__ = ["Sequential"]


class Sequential(Layer):
    """Layers one after the other, their parameters in one flat vector.

    Raises InputError if a layer's width does not fit the one before it.

    Parameters
    ----------
    layers : at least one; each is copied, with its weights
    rng : generator or seed that draws all weights anew, in order; without it they are kept

    Examples
    --------
    >>> from npgan import Dense, ReLU
    >>> net = Sequential(Dense(2, 3), ReLU(), Dense(3, 1), rng=0)
    >>> list(net.parameters)
    ['0.weight', '0.bias', '2.weight', '2.bias']
    >>> print(net.summary())
    layer        output  parameters
    Dense(2, 3)  (n, 3)           9
    ReLU()       (n, 3)           0
    Dense(3, 1)  (n, 1)           4
    total                        13
    """

    name = "sequential"
    may_be_empty = False

    def __init__(self, *layers: Layer, rng: Seed = None) -> None:
        if not layers and not self.may_be_empty:
            raise InputError("a Sequential needs at least one layer")
        for layer in layers:
            instance("a network's layer", layer, Layer)
        self.layers = [copy.deepcopy(layer) for layer in layers]
        if shape := self.in_shape():
            self.out_shape(shape)
        named = self.named()
        parameters = {name: layer.parameters for name, layer in named.items()}
        self.bind(join(parameters), join({name: layer.buffers for name, layer in named.items()}))
        if rng is not None:
            self.initialize(rng)

    def named(self) -> dict[str, Layer]:
        """Return all layers by the names of their scopes in the parameters, in order."""
        return {str(i): layer for i, layer in enumerate(self.layers)}

    @property
    def in_width(self) -> int:
        """How many numbers an input sample has; 0 if no layer fixes it."""
        return math.prod(self.in_shape() or (0,))

    @property
    def out_width(self) -> int:
        """How many numbers an output sample has; 0 if no layer fixes it."""
        shape = self.in_shape()
        return math.prod(self.out_shape(shape)) if shape else 0

    @property
    def couples_samples(self) -> bool:  # type: ignore[override]
        """Whether a layer does."""
        return any(layer.couples_samples for layer in self.named().values())

    def out_shape(self, in_shape: Shape) -> Shape:
        """Return the shape of the last layer's output."""
        for layer in self.layers:
            in_shape = layer.out_shape(in_shape)
        return in_shape

    def walk(self, in_shape: Shape) -> Iterator[tuple[Layer, Shape]]:
        """Yield each layer that is no network itself, with the shape that it takes.

        >>> from npgan import Dense, Tanh
        >>> list(Sequential(Dense(3, 2), Sequential(Tanh())).walk((3,)))
        [(Dense(3, 2), (3,)), (Tanh(), (2,))]
        """
        for layer in self.layers:
            yield from (
                layer.walk(in_shape) if isinstance(layer, Sequential) else [(layer, in_shape)]
            )
            in_shape = layer.out_shape(in_shape)

    def in_shape(self, out_shape: Shape | None = None) -> Shape | None:
        """Return the shape of the first layer's input; None if no layer fixes it."""
        for layer in reversed(self.layers):
            out_shape = layer.in_shape(out_shape)
        return out_shape

    def initialize(self, rng: Seed) -> None:
        """Draw all weights anew, in order."""
        rng = generator(rng)
        for layer in self.named().values():
            layer.initialize(rng)

    def bind(self, parameters: Parameters, buffers: Grads = None) -> None:
        """Let every layer live in its part of this memory."""
        super().bind(parameters, buffers)
        self._fused: list[tuple[str, Layer]] | None = None
        self._body: Sequential | None = None
        for name, layer in self.named().items():
            layer.bind(parameters.scope(name), self.buffers.scope(name))

    def body(self) -> "Sequential":
        """Return the layers but the last, an activation, in the same memory; before a sigmoid they make the logits.

        From then on the network itself is computed in these two parts, and its cache holds both parts'.

        >>> from npgan import Dense, Sigmoid
        >>> net, x = Sequential(Dense(2, 1), Sigmoid()), np.ones((3, 2), np.float32)
        >>> logits, cache = net.body().forward(x)
        >>> len(net.forward(x)[1]) == len(cache) + 1
        True
        """
        if self._body is None:
            body = object.__new__(type(self))  # a copy would have memory of its own
            vars(body).update(vars(self), layers=self.layers[:-1], _fused=None)
            self._body, self._fused = body, None
        return self._body

    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, list[Any]]:
        """Go through the layers; the cache is the list of theirs."""
        caches = []
        for _, layer in self._parts():
            x, cache = layer.forward(x, rng)
            caches.append(cache)
        return x, caches

    def _parts(self) -> list[tuple[str, Layer]]:
        """Return the layers, and each one's scope in the gradients; fused if the backend does that."""
        if not run.fused or self.parameters.flat.dtype.kind != "f":
            return [(str(i), layer) for i, layer in enumerate(self.layers)]
        if self._fused is None:
            whole = len(self.layers) if self._body is None else len(self.layers) - 1
            last = [(str(whole), layer) for layer in self.layers[whole:]]
            self._fused = fuse(self.layers[:whole], self.parameters) + last
        return self._fused

    def _passed(self, *caches: list[Any]) -> list[tuple[str, Layer]]:
        """Return :meth:`_parts`, if these caches or records are of a pass through as many."""
        parts = self._parts()
        for cache in caches:
            if not isinstance(cache, list) or len(cache) != len(parts):
                raise InputError(
                    "the cache is of another network, or of another backend: go forward once more"
                )
        return parts

    def backward(self, dy: Array, cache: Any, grads: Grads = None, input_grad: bool = True) -> Any:
        """Go back through the layers by the chain rule; without ``input_grad``, to the first that has parameters."""
        parts, grads = self._passed(cache), self._checked_grads(grads)
        lowest = 0 if input_grad else _first_trained(parts)
        for i in reversed(range(lowest, len(parts))):
            scope, layer = parts[i]
            inner = None if grads is None else grads.scope(scope)
            dy = layer.backward(dy, cache[i], inner, input_grad or i > lowest)
        return dy if input_grad else None

    def input_gradient(self, dy: Array, cache: list[Any]) -> tuple[Array, list[Any]]:
        """Go through the layers backwards for ``dx`` alone; the record is the list of theirs."""
        records = []
        for (_, layer), inner in zip(reversed(self._passed(cache)), reversed(cache), strict=True):
            dy, record = layer.input_gradient(dy, inner)
            records.append(record)
        return dy, records[::-1]

    def double_backward(
        self, ddx: Array, record: Any, cache: Any, grads: Grads = None, input_grad: bool = True
    ) -> tuple[Array, Any]:
        r"""Differentiate :meth:`input_gradient`: go up the layers, then down.

        :meth:`input_gradient` went down the layers. Its derivative goes up, through each layer's
        ``double_backward``, and collects the gradients with respect to the layers' inputs:
        :math:`f'(x)` depends on x. These are gradients like any other and go down through
        ``backward``, where each layer's own joins those that come from above.

        The gradient of :math:`P = \frac12\sum_n\|\partial y_n/\partial x_n\|^2` for
        :math:`y = wx`, where :math:`P = nw^2/2`:

        >>> from npgan import Dense
        >>> net = Sequential(Dense(1, 1, rng=0))
        >>> net.parameters["0.weight"][...] = 3
        >>> y, cache = net.forward(np.zeros((2, 1), np.float32))
        >>> dx, record = net.input_gradient(np.ones_like(y), cache)
        >>> grads = net.parameters.like()
        >>> ddy, _ = net.double_backward(dx, record, cache, grads)
        >>> grads["0.weight"]
        array([[6.]], dtype=float32)
        """
        parts, grads = self._passed(cache, record), self._checked_grads(grads)
        scopes = [None if grads is None else grads.scope(scope) for scope, _ in parts]
        lowest, shares = 0 if input_grad else _first_trained(parts), []
        for i, (_, layer) in enumerate(parts):
            wanted = input_grad or i > lowest
            ddx, share = layer.double_backward(ddx, record[i], cache[i], scopes[i], wanted)
            shares.append(share)
        dx = None
        for i in reversed(range(lowest, len(parts))):
            if dx is not None:
                dx = parts[i][1].backward(dx, cache[i], scopes[i], input_grad or i > lowest)
            dx = total(dx, shares[i])
        return ddx, dx if input_grad else None

    def penalized_backward(
        self, dy: Array, c: Array, cache: list[Any], grads: Grads = None
    ) -> np.floating:
        """Leave it to the last chain of layers, if no layer below it has parameters."""
        *below, (_, chain) = self._passed(cache)
        if _first_trained(below) < len(below) or not isinstance(chain, Chain):
            return super().penalized_backward(dy, c, cache, grads)
        records: list[Any] = []

        def down(g: Array) -> Array:
            for (_, layer), inner in zip(reversed(below), reversed(cache[:-1]), strict=True):
                g, record = layer.input_gradient(g, inner)
                records.insert(0, record)
            return g

        def up(t: Array) -> Array:
            for (_, layer), record, inner in zip(below, records, cache[:-1], strict=True):
                t, _ = layer.double_backward(t, record, inner, None, False)
            return t

        inner = grads and self._checked_grads(grads)
        return chain.penalized_backward(dy, c, cache[-1], inner, down, up)

    def remarks(self) -> list[str]:
        """Return what a user should know of the layers, given what the first one takes.

        >>> from npgan import Conv2D, Reshape
        >>> Sequential(Reshape(4, 4, 1), Conv2D(1, 2, 3, 2)).remarks()
        ['Conv2D(1, 2, 3, 2): of 4 x 4 pixels the last 1 row and the last 1 column are in no window']
        """
        shape = self.in_shape()
        walk = self.walk(shape) if shape else ()
        found = [(layer, layer.remark(takes)) for layer, takes in walk]
        return [f"{layer!r}: {remark}" for layer, remark in found if remark]

    def summary(self) -> str:
        """Return a table of the layers, their output shapes and parameter counts."""
        rows = [("layer", "output", "parameters"), *self._rows(self.in_shape())]
        rows.append(("total", "", f"{self.parameters.flat.size:,}"))
        a, b, c = (max(map(len, column)) for column in zip(*rows, strict=True))
        return "\n".join(f"{x:{a}}  {y:{b}}  {z:>{c}}" for x, y, z in rows)

    def _rows(self, shape: Shape | None) -> list[tuple[str, str, str]]:
        """Return a row of the table for each layer, where the input has this shape."""
        rows = []
        for layer in self.layers:
            shape = shape and layer.out_shape(shape)
            output = f"(n, {', '.join(map(str, shape))})" if shape else "(n, any)"
            rows.append((repr(layer), output, f"{layer.parameters.flat.size:,}"))
        return rows

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.layers))})"


def _first_trained(parts: list[tuple[str, Layer]]) -> int:
    """Return the place of the first layer that has parameters; as many as there are, if none has."""
    trained = (i for i, (_, layer) in enumerate(parts) if layer.parameters)
    return next(trained, len(parts))
