"""The last layer of a network that generates rows of tables."""

from typing import Any

import numpy as np

from npgan.backend import run
from npgan.errors import InputError, count, positive, shown
from npgan.layers.layer import Array, Grads, Rng, Sized, unpacked
from npgan.shapes import takes

__all__ = ["GumbelSoftmax"]


class GumbelSoftmax(Sized):
    """Numbers as they are, categories drawn softly from their logits: :func:`npgan.ops.gumbel_softmax_forward`.

    Without an ``rng`` the categories are probabilities.

    Parameters
    ----------
    widths : of a row's blocks, as numbers joined by commas: 1 for a number, the number of its values for a category
    temperature : how soft the categories are, positive; at a low temperature they are nearly one-hot

    Examples
    --------
    >>> GumbelSoftmax("1,2")(np.array([[5.0, 1.0, 1.0]]))
    array([[5. , 0.5, 0.5]])
    """

    name = "gumbel_softmax"
    example = "1,3"

    def __init__(self, widths: str | int, temperature: float = 0.2) -> None:
        words = str(widths).split(",")
        if not all(word.isascii() and word.isdecimal() for word in words):
            raise InputError(f"widths of blocks are numbers joined by commas, not {shown(widths)}")
        self.widths = widths
        self.blocks = np.array([count("the width of a block", int(word), 1) for word in words])
        self.in_features = self.out_features = int(self.blocks.sum())
        self.temperature = positive("the temperature of a gumbel_softmax", temperature)

    @takes("x (n, d)")
    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, tuple[Array, float]]:
        """Draw noise and apply the softmax; the cache is y and the temperature of this pass."""
        if rng is None:
            y = run.gumbel_softmax_forward(x, None, self.blocks, 1.0)
            return y, (y, 1.0)
        noise = run.gumbel(rng, x.shape, x.real.dtype)
        y = run.gumbel_softmax_forward(x, noise, self.blocks, self.temperature)
        return y, (y, self.temperature)

    @takes("dy (n, d)")
    def backward(self, dy: Array, cache: Any, grads: Grads = None, input_grad: bool = True) -> Any:
        """Go back through the softmax of each category."""
        y, temperature = unpacked(cache, 2)
        return run.gumbel_softmax_backward(dy, y, self.blocks, temperature)
