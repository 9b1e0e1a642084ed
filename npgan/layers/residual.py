"""A residual block: layers that say how their input is to change."""

from collections.abc import Iterator, Sequence
from typing import Any

from npgan.errors import InputError
from npgan.layers.layer import Array, Grads, Layer, Rng, Seed, Shape, unpacked
from npgan.layers.sequential import Sequential
from npgan.ops.chain import total
from npgan.ops.windows import by

__all__ = ["Residual"]


class Shortcut(Sequential):
    """The way past a block's layers: layers of its own, or none, which is the identity."""

    may_be_empty = True


class Residual(Sequential):
    r"""Layers F with a shortcut past them, :math:`y = x + F(x)`: F is what is added to the input.

    Where F changes the shape, the shortcut has layers S as well: :math:`y = S(x) + F(x)`.

    Gradients take both ways: :math:`dx = S'(x)^\top dy + F'(x)^\top dy`. The derivative of that with respect to
    ``dy`` has the same form; with respect to x both ways' add up. Source: He et al. 2016.

    Raises InputError if both ways do not make the same shape.

    Parameters
    ----------
    layers, rng : as for :class:`Sequential`
    shortcut : the layers of the way past them, which are "shortcut" in the parameters' names; none: the input itself

    Examples
    --------
    >>> import numpy as np
    >>> from npgan import Dense
    >>> block = Residual(Dense(2, 2))
    >>> block.parameters["0.weight"][...] = np.eye(2)
    >>> block(np.array([[1.0, 5.0]], np.float32))
    array([[ 2., 10.]], dtype=float32)
    >>> block = Residual(Dense(2, 1), shortcut=[Dense(2, 1)])
    >>> list(block.parameters)
    ['0.weight', '0.bias', 'shortcut.0.weight', 'shortcut.0.bias']
    """

    name = "residual"
    penalized_backward = Layer.penalized_backward

    def __init__(self, *layers: Layer, shortcut: Sequence[Layer] = (), rng: Seed = None) -> None:
        self.shortcut = Shortcut(*shortcut)
        super().__init__(*layers, rng=rng)

    def named(self) -> dict[str, Layer]:
        """Return all layers by the names of their scopes, the shortcut as the last."""
        return {**super().named(), "shortcut": self.shortcut}

    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, Any]:
        """Add what both ways make; the cache is theirs."""
        y, cache = Sequential.forward(self, x, rng)
        past, other = self.shortcut.forward(x, rng)
        self._together(y.shape[1:], past.shape[1:])
        return past + y, (cache, other)

    def backward(self, dy: Array, cache: Any, grads: Grads = None, input_grad: bool = True) -> Any:
        """Add the gradients of both ways."""
        inner, other = unpacked(cache, 2)
        dx = Sequential.backward(self, dy, inner, grads, input_grad)
        past = self.shortcut.backward(dy, other, _shortcuts(grads), input_grad)
        return past + dx if input_grad else None

    def input_gradient(self, dy: Array, cache: Any) -> tuple[Array, Any]:
        """Add the gradients of both ways, for ``dx`` alone; the record is theirs."""
        inner, other = unpacked(cache, 2)
        dx, record = Sequential.input_gradient(self, dy, inner)
        past, beside = self.shortcut.input_gradient(dy, other)
        return past + dx, (record, beside)

    def double_backward(
        self, ddx: Array, record: Any, cache: Any, grads: Grads = None, input_grad: bool = True
    ) -> tuple[Array, Any]:
        """Add what both ways make of ``ddx``: ``dx`` is the sum of theirs."""
        (record, beside), (inner, other) = unpacked(record, 2), unpacked(cache, 2)
        ddy, dx = Sequential.double_backward(self, ddx, record, inner, grads, input_grad)
        given = ddx, beside, other, _shortcuts(grads), input_grad
        past, share = self.shortcut.double_backward(*given)
        return past + ddy, total(dx, share)

    def _together(self, made: Shape, past: Shape) -> None:
        """Refuse ways whose shapes cannot be added."""
        if made != past:
            other = "shortcut makes" if self.shortcut.layers else "input, without a shortcut, is"
            raise InputError(
                f"a residual block adds both its ways: its layers make {by(made)}, its {other} {by(past)}"
            )

    def out_shape(self, in_shape: Shape) -> Shape:
        """Return the shape that both ways make."""
        out_shape = super().out_shape(in_shape)
        self._together(out_shape, self.shortcut.out_shape(in_shape))
        return out_shape

    def walk(self, in_shape: Shape) -> Iterator[tuple[Layer, Shape]]:
        """Yield the layers of both ways, as a network does."""
        yield from super().walk(in_shape)
        yield from self.shortcut.walk(in_shape)

    def in_shape(self, out_shape: Shape | None = None) -> Shape | None:
        """Return the shape of the input; None if no layer on either way fixes it."""
        return super().in_shape(out_shape) or self.shortcut.in_shape(out_shape)

    def _rows(self, shape: Shape | None) -> list[tuple[str, str, str]]:
        past = [
            (f"shortcut: {layer}", out, size) for layer, out, size in self.shortcut._rows(shape)
        ]
        return super()._rows(shape) + past

    def __repr__(self) -> str:
        if not self.shortcut.layers:
            return super().__repr__()
        return f"{super().__repr__()[:-1]}, shortcut={self.shortcut.layers})"


def _shortcuts(grads: Grads) -> Grads:
    return None if grads is None else grads.scope("shortcut")
