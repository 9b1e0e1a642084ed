"""Layers that spoil images while a network trains: as its first layer, they make it robust.

An autoencoder that must return what was there before is a denoising one (Vincent et al. 2008); a
classifier that sees digits at other places knows more digits (Simard et al. 2003). Without an ``rng``
they pass their input on. :class:`~npgan.layers.Dropout` and :class:`~npgan.layers.GaussianNoise` spoil
rows of any kind; these need square images.
"""

from typing import Any

import numpy as np

from npgan.backend import run
from npgan.errors import count
from npgan.layers.layer import Layer
from npgan.parameters import Parameters
from npgan.shapes import takes

__all__ = ["Pixelate", "RandomBlock", "RandomShift"]


class Corruption(Layer):
    """What they share: a linear operation of the input and of what is drawn for it.

    A subclass has a ``name``, an ``operation``, and says what is drawn and in what numbers it is made.
    """

    operation: str

    def __init__(self, size: int) -> None:
        self.size = count(f"the size of a {self.name}", size, 1)

    def draw(self, x: np.ndarray, rng: np.random.Generator) -> Any:
        """Draw what the operation needs."""
        return self.size

    @takes("x (n, d)")
    def forward(
        self, x: np.ndarray, rng: np.random.Generator | None = None
    ) -> tuple[np.ndarray, Any]:
        """Draw from ``rng`` and spoil x; the cache is what was drawn, or None."""
        if rng is None:
            return x, None
        drawn = self.draw(x, rng)
        return getattr(run, f"{self.operation}_forward")(x, drawn), drawn

    @takes("dy (n, d)")
    def backward(
        self,
        dy: np.ndarray,
        cache: Any,
        grads: Parameters | None = None,
        input_grad: bool = True,
    ) -> Any:
        """Go back through the same operation."""
        return dy if cache is None else getattr(run, f"{self.operation}_backward")(dy, cache)

    @takes("ddx (n, d)")
    def double_backward(
        self,
        ddx: np.ndarray,
        record: np.ndarray,
        cache: Any,
        grads: Parameters | None = None,
        input_grad: bool = True,
    ) -> tuple[np.ndarray, None]:
        """Spoil ``ddx`` as the input was: the operation is linear."""
        if cache is not None:
            ddx = getattr(run, f"{self.operation}_forward")(ddx, cache)
        return ddx, None

    def spec(self) -> str:
        """Return ``name size``."""
        return f"{self.name} {self.size}"


class RandomShift(Corruption):
    """Each image moved by up to ``size`` pixels down and to the right, :func:`npgan.ops.shift_forward`.

    All (2 size + 1)² places are equally likely.

    Examples
    --------
    >>> x = np.eye(9)[4:5]  # a point in the middle of 3 x 3 pixels
    >>> RandomShift(1)(x, np.random.default_rng(0)).reshape(3, 3)
    array([[0., 0., 0.],
           [0., 0., 0.],
           [0., 1., 0.]])
    """

    name, operation = "random_shift", "shift"

    def draw(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the moves (n, 2)."""
        return rng.integers(-self.size, self.size, (len(x), 2), endpoint=True)


class RandomBlock(Corruption):
    """A square of ``size`` pixels set to 0 somewhere in each image, :func:`npgan.ops.block_mask`.

    Examples
    --------
    >>> RandomBlock(2)(np.ones((1, 9)), np.random.default_rng(1)).reshape(3, 3)
    array([[1., 0., 0.],
           [1., 0., 0.],
           [1., 1., 1.]])
    """

    name, operation = "random_block", "dropout"

    def draw(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the mask (n, d)."""
        return run.block_mask(rng, x.shape, self.size)


class Pixelate(Corruption):
    """Cells of ``size`` pixels a side, each of one grey, :func:`npgan.ops.pixelate_forward`.

    Examples
    --------
    >>> Pixelate(2)(np.array([[1.0, 2.0, 3.0, 6.0]]), np.random.default_rng(0))
    array([[3., 3., 3., 3.]])
    """

    name, operation = "pixelate", "pixelate"
