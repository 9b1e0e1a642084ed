"""Layers for a part of each row; the rest bypasses them."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from npgan.errors import InputError, count
from npgan.layers.layer import Array, Grads, Layer, Rng, Seed, Shape
from npgan.layers.sequential import Sequential
from npgan.ops.windows import by
from npgan.shapes import takes

__all__ = ["Beside"]


class Beside(Sequential):
    r"""Layers F for x in a row [x, c], where c, the last columns, bypasses them: :math:`y = [F(x), c]`.

    So a network can look at an image first, and then at what it found together with a label c.

    [x, c] is (n, i + columns) and y (n, o + columns), if F makes rows (n, o) of rows (n, i). The gradient with respect
    to x is :math:`F'(x)^\top dy_F`; that with respect to c is the last columns of ``dy``. Both are linear in ``dy``, so
    the derivative of the backward pass takes the same two ways.

    Raises InputError if F does not take and make rows.

    Parameters
    ----------
    layers, rng : as for :class:`Sequential`
    columns : how many columns c has

    Examples
    --------
    >>> from npgan import ReLU
    >>> Beside(ReLU(), columns=2)(np.array([[-1, 1, -1, 1]], np.float32))
    array([[ 0.,  1., -1.,  1.]], dtype=float32)
    """

    name = "beside"
    penalized_backward = Layer.penalized_backward

    def __init__(self, *layers: Layer, columns: int, rng: Seed = None) -> None:
        self.columns = count("columns", columns, 1)
        super().__init__(*layers, rng=rng)

    @takes("x (n, d)")
    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, Any]:
        """Return [F(x), c]; the cache is F's."""
        x, c = self._split(x)
        y, cache = Sequential.forward(self, x, rng)
        return np.concatenate([y, c], axis=1), cache

    def backward(self, dy: Array, cache: Any, grads: Grads = None, input_grad: bool = True) -> Any:
        """Go back through F, with c's gradient beside its."""
        dy, dc = self._split(dy)
        dx = Sequential.backward(self, dy, cache, grads, input_grad)
        return np.concatenate([dx, dc], axis=1) if input_grad else None

    def input_gradient(self, dy: Array, cache: Any) -> tuple[Array, Any]:
        """Do the same, for the gradient alone; the record is F's."""
        dy, dc = self._split(dy)
        dx, record = Sequential.input_gradient(self, dy, cache)
        return np.concatenate([dx, dc], axis=1), record

    def double_backward(
        self, ddx: Array, record: Any, cache: Any, grads: Grads = None, input_grad: bool = True
    ) -> tuple[Array, Any]:
        """Differentiate F's part; with respect to c all second derivatives are 0."""
        ddx, ddc = self._split(ddx)
        ddy, dx = Sequential.double_backward(self, ddx, record, cache, grads, input_grad)
        share = None if dx is None else np.concatenate([dx, np.zeros_like(ddc)], axis=1)
        return np.concatenate([ddy, ddc], axis=1), share

    def _split(self, rows: Array) -> tuple[Array, Array]:
        return rows[:, : -self.columns], rows[:, -self.columns :]

    def out_shape(self, in_shape: Shape) -> Shape:
        """Return the shape of F's output and c."""
        if len(in_shape) != 1 or in_shape[0] <= self.columns:
            raise InputError(
                f"{self!r} takes rows of more than {self.columns} numbers, not {by(in_shape)}"
            )
        made = super().out_shape((in_shape[0] - self.columns,))
        if len(made) != 1:
            raise InputError(f"layers beside columns must make rows, not images of {by(made)}")
        return (made[0] + self.columns,)

    def walk(self, in_shape: Shape) -> Iterator[tuple[Layer, Shape]]:
        """Yield the layers of F, as a network does."""
        return super().walk((in_shape[0] - self.columns,))

    def in_shape(self, out_shape: Shape | None = None) -> Shape | None:
        """Return the shape of x and c; None if no layer fixes it."""
        inner = super().in_shape(None if out_shape is None else (out_shape[0] - self.columns,))
        return None if inner is None else (inner[0] + self.columns,)

    def __repr__(self) -> str:
        return f"{super().__repr__()[:-1]}, columns={self.columns})"
