"""What a layer is: the contract that all layers keep."""

import copy
import inspect
from functools import cache
from typing import Any, Self

import numpy as np

from npgan.errors import InputError, instance, shown
from npgan.ops.chain import check_coefficients
from npgan.parameters import Parameters
from npgan.shapes import ARRAYS, Array, takes

__all__ = ["Layer"]


Pair = tuple[Array, Array]
Grads = Parameters | None
"""Gradients by parameter name, which a backward pass adds to; None: they are not wanted."""
Rng = np.random.Generator | None
"""The randomness of a training pass; None: the layer is in evaluation mode."""
Seed = np.random.Generator | int | None
Shape = tuple[int, ...]
"""The shape of one sample: (features,) or (height, width, channels)."""
DType = np.typing.DTypeLike


class Layer:
    """A differentiable function with parameters; subclasses say which function.

    Attributes
    ----------
    name : the word that configurations build it by
    example : its arguments in words, for a small layer; all layers are checked by these examples
    example_shape : the shape of a sample that this small layer takes
    corners : whether its derivative jumps somewhere, so that the complex step cannot check it
    corrupts : whether it makes the input worse while the network trains, by noise say
    first_order_only : why it has no second derivative, if it has none
    couples_samples : whether, in training, a row of the output depends on the batch's other rows
    parameters : the layer's parameters: views into its network's flat vector, or into its own
    buffers : arrays that training changes but no gradient does, such as running moments; views as
        well. Only an operation changes them, and only in a pass with an ``rng``
    """

    name = "layer"
    example = ""
    example_shape: Shape = (4,)
    corners = corrupts = couples_samples = False
    first_order_only = "has no second derivative, which a gradient penalty needs of every layer"
    parameters = Parameters({})
    buffers = Parameters({})

    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, Any]:
        """Return the output (n, out) for the input (n, in), and the cache for :meth:`backward`."""
        raise NotImplementedError

    def backward(self, dy: Array, cache: Any, grads: Grads = None, input_grad: bool = True) -> Any:
        """Return ``dx`` and add the parameters' gradients to ``grads``.

        Parameters
        ----------
        dy : (n, out) the gradient with respect to the output
        cache : what :meth:`forward` returned beside that output
        grads : gradients by parameter name, added to; None: they are not wanted
        input_grad : whether ``dx`` is wanted; a layer for which it is costly returns None otherwise
        """
        raise NotImplementedError

    def input_gradient(self, dy: Array, cache: Any) -> tuple[Array, Any]:
        """Return ``dx`` for ``dy``, and the record of this pass for :meth:`double_backward`."""
        return self.backward(dy, cache), dy

    def double_backward(
        self, ddx: Array, record: Any, cache: Any, grads: Grads = None, input_grad: bool = True
    ) -> tuple[Array, Any]:
        """Differentiate :meth:`input_gradient`, given a loss's gradient ``ddx`` with respect to its ``dx``.

        Raises InputError if the layer has no second derivative.

        Parameters
        ----------
        ddx : (n, in)
        record : what :meth:`input_gradient` returned beside that ``dx``
        cache : what it was given
        grads : that loss's gradients by parameter name, added to; None: they are not wanted
        input_grad : whether ``dx`` is wanted

        Returns
        -------
        ddy : (n, out) the loss's gradient with respect to ``dy``
        dx : (n, in) its gradient with respect to the input of the forward pass; None where it is 0
            throughout, as it is of piecewise linear layers, or not wanted
        """
        raise InputError(f"{self!r} {self.first_order_only}")

    @takes("dy (n, 1), c (n, e)")
    def penalized_backward(
        self, dy: Array, c: Array, cache: Any, grads: Grads = None
    ) -> np.floating:
        r"""Go back for a loss and a penalty on the slope; return the penalty.

        .. math:: P = \frac12\sum_{nj} c_{nj}\left(\frac{\partial y_n}{\partial x_{nj}}\right)^2

        Parameters
        ----------
        dy : (n, 1) the loss's gradient with respect to the output, one number a sample
        c : (n, 1) each sample's coefficient, or (n, in) that of each of its numbers
        cache : what :meth:`forward` returned
        grads : gradients of loss and penalty, added to; None: they are not wanted
        """
        grads = self._checked_grads(grads)
        g, record = self.input_gradient(np.ones_like(dy), cache)
        check_coefficients(c, g)
        if grads is not None:
            self.backward(dy, cache, grads, input_grad=False)
            self.double_backward(c * g, record, cache, grads, input_grad=False)
        return (c * np.square(g)).sum() / 2

    def _checked_grads(self, grads: Grads) -> Grads:
        """Return gradients that can be added to: like the parameters, and in memory of their own."""
        mine = self.parameters
        if grads is not None:
            instance("grads", grads, Parameters)
            if grads.shapes != mine.shapes or grads.flat.dtype != mine.flat.dtype:
                raise InputError(f"grads must be like the parameters, {mine}, not {grads}")
            if np.may_share_memory(grads.flat, mine.flat) or not grads.flat.flags.carray:
                raise InputError("grads need memory of their own, contiguous and writable")
        return grads

    @classmethod
    def shapes(cls, *arguments: Any) -> dict[str, Shape]:
        """Return the parameters' shapes by name, of a layer made with these arguments."""
        return {}

    def initialize(self, rng: Seed) -> None:
        """Draw new parameters, in order, from one generator."""

    def _allocate(self, shapes: dict[str, Shape], dtype: DType, rng: Seed) -> None:
        """Make parameters of these shapes, and buffers, and draw their first numbers."""
        self.bind(Parameters(shapes, dtype=dtype), Parameters(self._buffers(shapes), dtype=dtype))
        self.initialize(rng)

    def _buffers(self, shapes: dict[str, Shape]) -> dict[str, Shape]:
        """Return the buffers' shapes by name, for parameters of these shapes."""
        return {}

    def bind(self, parameters: Parameters, buffers: Grads = None) -> None:
        """Keep parameters and buffers in this memory from now on; without buffers it keeps its own."""
        self.parameters = parameters
        self.buffers = self.buffers if buffers is None else buffers

    def arrays(self) -> dict[str, Array]:
        """Return all that training changes, by name: parameters and buffers."""
        return {**self.parameters, **self.buffers}

    def out_shape(self, in_shape: Shape) -> Shape:
        """Return the shape of an output sample for an input sample of this shape."""
        return in_shape

    def in_shape(self, out_shape: Shape | None = None) -> Shape | None:
        """Return the shape of an input sample for an output sample of this shape; None: any."""
        return out_shape

    def remark(self, in_shape: Shape) -> str:
        """Return what a user should know of the layer with samples of this shape; "" if there is nothing."""
        return ""

    def for_images(self, shape: Shape | None) -> Self | None:
        """Return the layer for images (height, width), or for rows that are none; None: leave it out."""
        return self

    def spec(self) -> str:
        """Return the layer in words, ``name argument ...``, as :func:`build` takes it.

        Its arguments are the attributes that are named as the constructor's parameters are; a name
        that is the default is left out.
        """
        words = [self.name]
        for parameter in parameters(type(self)):
            value = getattr(self, parameter.name, None)
            default_name = isinstance(value, str) and value == parameter.default
            if isinstance(value, int | float | str) and not default_name:
                words.append(str(value))
        return " ".join(words)

    def astype(self, dtype: DType) -> Self:
        """Return a copy whose arrays have another dtype (float64 to check gradients)."""
        twin = copy.deepcopy(self)
        both = self.parameters, self.buffers
        twin.bind(*(Parameters(arrays.shapes, arrays.flat.astype(dtype)) for arrays in both))
        return twin

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take up a copied state: the copy's layers must again be views into one vector, its own."""
        self.__dict__.update(state)
        self.bind(self.parameters, self.buffers)

    def __copy__(self) -> Self:
        """Return a deep copy: its parameters are its own."""
        return copy.deepcopy(self)

    def __call__(self, x: Array, rng: Rng = None) -> Array:
        """Return the output of :meth:`forward` without its cache."""
        return self.forward(x, rng)[0]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self.spec().split()[1:])})"


_signature: Any = cache(inspect.signature)


def parameters(kind: type[Layer]) -> tuple[inspect.Parameter, ...]:
    """Return the constructor's parameters that are said in words: those that may be positional."""
    every = _signature(kind).parameters.values()
    return tuple(p for p in every if p.kind is p.POSITIONAL_OR_KEYWORD)


def unpacked(cache: Any, size: int) -> tuple:
    """Return a cache of so many parts; what another layer's pass left is an InputError."""
    if not isinstance(cache, tuple) or len(cache) != size:
        raise InputError(
            f"the cache is of another layer: it needs {size} parts, not {shown(cache)}"
        )
    return cache


class Sized(Layer):
    """A layer that takes rows of ``in_features`` numbers and returns rows of ``out_features``."""

    in_features: int
    out_features: int

    def _checked(self, x: Array) -> Array:
        if type(x) not in ARRAYS or x.ndim != 2 or x.shape[1] != self.in_features:
            raise InputError(
                f"{self!r} takes an input of shape (n, {self.in_features}), not {shown(x)}"
            )
        return x

    def out_shape(self, in_shape: Shape) -> Shape:
        """Return the output's width; an input of another shape is an InputError."""
        if in_shape != (self.in_features,):
            raise InputError(f"{self!r} follows a layer {' x '.join(map(str, in_shape))} wide")
        return (self.out_features,)

    def in_shape(self, out_shape: Shape | None = None) -> Shape:
        """Return the input's width."""
        return (self.in_features,)
