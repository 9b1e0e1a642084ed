"""What a layer is: the contract that all layers keep."""

import copy
from typing import Any, Self

import numpy as np

from npgan.errors import InputError, instance, shown
from npgan.ops.chain import check_coefficients
from npgan.parameters import Parameters
from npgan.shapes import ARRAYS, takes

__all__ = ["Layer"]


class Layer:
    """A differentiable function with parameters; subclasses say which function.

    Attributes
    ----------
    parameters : the layer's parameters: views into its network's flat vector, or into its own
    buffers : what training changes and no gradient does, in the same way: running moments, say.
        An operation changes them, with an ``rng`` only
    couples_samples : whether, in training, a row of the output depends on the batch's other rows
    """

    name = "layer"
    parameters = Parameters({})
    buffers = Parameters({})
    couples_samples = False

    def forward(
        self, x: np.ndarray, rng: np.random.Generator | None = None
    ) -> tuple[np.ndarray, Any]:
        """Return the output (n, out) for the input (n, in), and the cache for :meth:`backward`."""
        raise NotImplementedError

    def backward(
        self,
        dy: np.ndarray,
        cache: Any,
        grads: Parameters | None = None,
        input_grad: bool = True,
    ) -> Any:
        """Return ``dx`` and add the parameters' gradients to ``grads``.

        Parameters
        ----------
        dy : (n, out) the gradient by the output
        cache : what :meth:`forward` returned beside that output
        grads : gradients by parameter name, added to; None: they are not wanted
        input_grad : whether ``dx`` is wanted; a layer for which it is costly returns None otherwise
        """
        raise NotImplementedError

    def input_gradient(self, dy: np.ndarray, cache: Any) -> tuple[np.ndarray, Any]:
        """Return ``dx`` for ``dy``, and the record of this pass for :meth:`double_backward`."""
        return self.backward(dy, cache), dy

    def double_backward(
        self,
        ddx: np.ndarray,
        record: Any,
        cache: Any,
        grads: Parameters | None = None,
        input_grad: bool = True,
    ) -> tuple[np.ndarray, Any]:
        """Differentiate :meth:`input_gradient`, of whose ``dx`` a loss has the gradient ``ddx``.

        Parameters
        ----------
        ddx : (n, in)
        record : what :meth:`input_gradient` returned beside that ``dx``
        cache : what it was given
        grads : that loss's gradients by parameter name, added to; None: they are not wanted
        input_grad : whether ``dx`` is wanted

        Returns
        -------
        ddy : (n, out) its gradient by ``dy``
        dx : (n, in) its gradient by the input of the forward pass; None where it is 0 throughout,
            as it is of piecewise linear layers, or not wanted

        Raises
        ------
        InputError
            If the layer has no second derivative.
        """
        raise InputError(
            f"{self!r} has no second derivative, which a gradient penalty needs of every layer"
        )

    @takes("dy (n, 1), c (n, e)")
    def penalized_backward(
        self, dy: np.ndarray, c: np.ndarray, cache: Any, grads: Parameters | None = None
    ) -> np.floating:
        r"""Go back for a loss and a penalty on the slope; return the penalty.

        .. math:: P = \frac12\sum_{nj} c_{nj}\left(\frac{\partial y_n}{\partial x_{nj}}\right)^2

        Parameters
        ----------
        dy : (n, 1) the loss's gradient by the output, one number a sample
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

    def _checked_grads(self, grads: Parameters | None) -> Parameters | None:
        """Return gradients that can be added to: like the parameters, and in memory of their own."""
        mine = self.parameters
        if grads is not None:
            instance("grads", grads, Parameters)
            if grads.shapes != mine.shapes or grads.flat.dtype != mine.flat.dtype:
                raise InputError(f"grads must be like the parameters, {mine}, not {grads}")
            if np.may_share_memory(grads.flat, mine.flat) or not grads.flat.flags.carray:
                raise InputError("grads need memory of their own, contiguous and writable")
        return grads

    def initialize(self, rng: np.random.Generator | int | None) -> None:
        """Draw new parameters, in order, from one generator."""

    def bind(self, parameters: Parameters, buffers: Parameters | None = None) -> None:
        """Let the layer live in this memory (and forget its own; without buffers it keeps those)."""
        self.parameters = parameters
        self.buffers = self.buffers if buffers is None else buffers

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all that training changes, by name: parameters and buffers."""
        return {**self.parameters, **self.buffers}

    def out_features(self, in_features: int) -> int:
        """Return the width of the output for an input of width ``in_features``."""
        return in_features

    def in_features(self, out_features: int) -> int:
        """Return the width of the input for an output of this width; 0: any."""
        return getattr(self, "in_width", out_features)

    def spec(self) -> str:
        """Return the layer in words, ``name argument ...``, as :func:`build` takes it."""
        return self.name

    def astype(self, dtype: np.typing.DTypeLike) -> Self:
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

    def __call__(self, x: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
        """Return the output of :meth:`forward` without its cache."""
        return self.forward(x, rng)[0]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self.spec().split()[1:])})"


def unpacked(cache: Any, size: int) -> tuple:
    """Return a cache of so many parts; what another layer's pass left is an InputError."""
    if not isinstance(cache, tuple) or len(cache) != size:
        raise InputError(
            f"the cache is of another layer: it needs {size} parts, not {shown(cache)}"
        )
    return cache


class Sized(Layer):
    """A layer that takes inputs of one width, ``in_width``, and returns ``out_width``."""

    in_width: int
    out_width: int

    def _checked(self, x: np.ndarray) -> np.ndarray:
        if type(x) not in ARRAYS or x.ndim != 2 or x.shape[1] != self.in_width:
            raise InputError(
                f"{self!r} takes an input of shape (n, {self.in_width}), not {shown(x)}"
            )
        return x

    def out_features(self, in_features: int) -> int:
        """Return the output's width; an input of the wrong width is an InputError."""
        if in_features != self.in_width:
            raise InputError(f"{self!r} follows a layer {in_features} wide")
        return self.out_width
