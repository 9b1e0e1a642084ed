"""What layers share that make images of another resolution."""

from typing import Any

from npgan.backend import run
from npgan.errors import InputError
from npgan.layers.layer import Array, Grads, Layer, Rng, Shape
from npgan.ops.windows import by
from npgan.shapes import takes

__all__: list[str] = []


class Resampled(Layer):
    """A layer that takes images of any size and has no parameters."""

    example_shape = (3, 4, 4)

    def out_shape(self, in_shape: Shape) -> Shape:
        """Return the shape of what is made of an image; rows, and images that do not fit, are an InputError."""
        if len(in_shape) != 3:
            raise InputError(
                f"{self!r} takes images, but the layer before it makes rows of {by(in_shape)}"
            )
        return self._made(*in_shape)

    def _made(self, height: int, width: int, channels: int) -> Shape:
        raise NotImplementedError

    def in_shape(self, out_shape: Shape | None = None) -> Shape | None:
        """Return None: images may have any size."""
        return None


class FixedLinear(Resampled):
    r"""A linear map whose weights are fixed, :math:`y = Mx`, so :math:`dx = M^\top dy`.

    That is linear in ``dy``, and M does not depend on x. So the derivative of the backward pass is the forward
    pass, :math:`ddy = M\,ddx`, and does not depend on x.

    A subclass names its ``operation``, and in ``settings`` what it takes beside x.
    """

    operation: str
    settings: tuple = ()

    @takes("x (n, H, W, c)")
    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, Any]:
        """Apply the operation; the cache is the height and width of x."""
        return getattr(run, f"{self.operation}_forward")(x, *self.settings), x.shape[1:3]

    def backward(self, dy: Array, cache: Any, grads: Grads = None, input_grad: bool = True) -> Any:
        """Go back through the operation, to images of the size that they had."""
        if not input_grad:
            return None
        return getattr(run, f"{self.operation}_backward")(dy, cache, *self.settings)

    def double_backward(
        self, ddx: Array, record: Array, cache: Any, grads: Grads = None, input_grad: bool = True
    ) -> tuple[Array, None]:
        """Apply the operation to ``ddx``."""
        return self.forward(ddx)[0], None
