"""What the gradient checker checks, in one form: arrays, and a function of them with its gradients."""

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from npgan.errors import InputError, shown
from npgan.layers import Layer
from npgan.parameters import Parameters

Function = Callable[..., tuple[Any, Any]]
ROUNDED = 1e-10
NOT_ADDED = "not added to what was in grads"


@dataclass(frozen=True)
class Differentiable:
    """Arrays, and a function of them with its gradients.

    Attributes
    ----------
    evaluate : returns (y, gradients or vjp) at the arrays' present values; y is a new array
    variables : name -> array, which the checker changes in place
    inputs : the names of those whose gradients may come as a sequence
    fresh : evaluates a copy that was never used; None: there is no copy
    notes : name -> what was found wrong with its gradient while it was computed
    owned : whether the arrays are the checker's own, so that it may check at a point nearby
    """

    evaluate: Callable[[], tuple[np.ndarray, Any]]
    variables: dict[str, np.ndarray]
    inputs: list[str] = field(default_factory=list)
    fresh: Callable[[], np.ndarray] | None = None
    notes: dict[str, str] = field(default_factory=dict)
    owned: bool = False

    def differs_from(self, other: "Differentiable") -> bool:
        """Return whether the values differ; False if one of them cannot be evaluated."""
        try:
            return not np.array_equal(self.evaluate()[0], other.evaluate()[0], equal_nan=True)
        except Exception:  # of the user's code
            return False

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Restore the arrays at the end."""
        before = {name: array.copy() for name, array in self.variables.items()}
        try:
            yield
        finally:
            for name, array in self.variables.items():
                array[...] = before[name]

    def gradients(self, upstream: np.ndarray) -> dict[str, np.ndarray | None]:
        """Return copies of the gradients for an upstream gradient, by name; None: do not check it.

        Raises InputError if one is missing, has another shape than its array, or is not of numbers.
        """
        gradients = self.evaluate()[1]
        if callable(gradients):
            gradients = gradients(upstream.copy())
        named = {name: _numbers(name, g) for name, g in self._named(gradients).items()}
        for name in sorted(self.variables.keys() - named.keys()):
            raise InputError(
                f"the gradient of {name!r} is missing (None, if it is not to be checked)"
            )
        for name, gradient in named.items():
            array = self.variables.get(name)
            if gradient is not None and (array is None or gradient.shape != array.shape):
                shape = "no array of that name" if array is None else array.shape
                raise InputError(f"gradient {name!r} has shape {gradient.shape}, its array {shape}")
        return named

    def _named(self, gradients: Any) -> Mapping[str, Any]:
        if isinstance(gradients, Mapping):
            return gradients
        if not self.inputs:
            raise InputError("nothing was checked: no input is an array of float64")
        shape = self.variables[self.inputs[0]].shape
        if (
            len(self.inputs) == 1
            and isinstance(gradients, list)
            and _array(gradients).shape == shape
        ):
            return {self.inputs[0]: gradients}
        if isinstance(gradients, list | tuple) and len(gradients) == len(self.inputs):
            return dict(zip(self.inputs, gradients, strict=True))
        if len(self.inputs) == 1 and not isinstance(gradients, tuple):
            return {self.inputs[0]: gradients}
        given = len(gradients) if isinstance(gradients, list | tuple) else 1
        raise InputError(
            f"{given} gradients for {len(self.inputs)} inputs: {', '.join(self.inputs)}"
        )


def _array(value: Any) -> np.ndarray:
    """Return a value as a new array; if its rows have different lengths, an array of None."""
    try:
        return np.array(value)
    except ValueError:
        return np.array(None)


def _numbers(name: str, gradient: Any) -> np.ndarray | None:
    """Return a gradient as a new float64 array."""
    if gradient is None:
        return None
    array = _array(gradient)
    if array.dtype.kind == "c" and not array.imag.any():
        array = array.real
    if array.dtype.kind not in "fiub":
        raise InputError(f"the gradient of {name!r} must be an array of real numbers")
    return array.astype(np.float64)


def _pair(result: Any, method: str, wanted: str) -> tuple[np.ndarray, Any]:
    """Return a function's value, as a new array in double precision at least, and what came with it."""
    if not isinstance(result, tuple) or len(result) != 2:
        raise InputError(wanted)
    array = _array(result[0])
    if array.dtype.kind in "iub" or array.dtype == np.longdouble:
        array = array.astype(np.float64)
    kinds = "fc" if method == "complex" else "f"
    if array.dtype.kind not in kinds or array.real.dtype.itemsize < 8:
        raise InputError(
            f"the value is of {_kind(result[0])}: gradients are checked in float64, which the function "
            "must return"
        )
    return array, result[1]


def of_function(
    function: Function, inputs: Sequence[Any], wrt: Mapping[str, np.ndarray], method: str
) -> Differentiable:
    """Return a function that returns ``(value, gradients)`` or ``(y, vjp)`` in the checker's form.

    Raises InputError if an array is not float64, two have the same name, or the function returns something
    else.
    """
    if not callable(function):
        raise InputError(f"a layer, a model or a function is checked, not {_kind(function)}")
    if not isinstance(wrt, Mapping) or not all(isinstance(name, str) for name in wrt):
        raise InputError(f"wrt must be arrays by name, not {_kind(wrt)}")
    if wrt and method == "complex":
        raise InputError("the complex step needs a function of its inputs alone, without wrt")
    for name, array in wrt.items():
        if not isinstance(array, np.ndarray) or array.dtype != np.float64:
            raise InputError(f"gradients are checked in float64, not {_kind(array)}: {name}")
        if not array.flags.writeable:
            raise InputError(f"{name} is read-only: it is changed in place while it is checked")
    arguments, variables = _inputs(inputs, method)
    for name in variables.keys() & wrt.keys():
        raise InputError(f"the input is called {name!r}: rename the other array of that name")

    def evaluate() -> tuple[np.ndarray, Any]:
        wanted = "the function must return (value, gradients) or (y, vjp)"
        y, gradients = _pair(function(*map(_copied, arguments)), method, wanted)
        if y.ndim and not callable(gradients):
            raise InputError(f"a value of shape {y.shape} needs a function vjp(dy) beside it")
        return y, gradients

    return Differentiable(evaluate, {**variables, **wrt}, list(variables))


def _copied(x: Any) -> Any:
    """Return a copy of an input, so that the function cannot change it; a layer or a function itself."""
    try:
        return x if callable(x) or hasattr(x, "gradient_steps") else copy.deepcopy(x)
    except TypeError:  # a file, a lock
        if hasattr(x, "__next__"):
            raise InputError(f"{shown(x)} is used up by one evaluation: give a list") from None
        return x


def _inputs(inputs: Sequence[Any], method: str) -> tuple[list[Any], dict[str, np.ndarray]]:
    """Return all inputs, those of floats copied, so that they can be changed; and the copies by name."""
    floats = [x for x in inputs if isinstance(x, np.ndarray) and x.dtype.kind == "f"]
    for x in floats:
        if isinstance(x, np.ma.MaskedArray | np.matrix):
            raise InputError(f"plain arrays are checked, not {type(x).__name__}: np.asarray(x)")
        if not np.isfinite(x).all():
            raise InputError("an input is not finite: there is no derivative with respect to it")
        if x.dtype != np.float64:
            raise InputError(f"gradients are checked in float64, not {x.dtype}: x.astype(float)")
    dtype = np.complex128 if method == "complex" else np.float64
    names = iter(["x"] if len(floats) == 1 else [f"x{i}" for i in range(len(floats))])
    arguments, variables = [], {}
    for x in inputs:
        if isinstance(x, np.ndarray) and x.dtype.kind == "f":
            x = variables[next(names)] = np.array(x, dtype)
        arguments.append(x)
    return arguments, variables


def _kind(value: Any) -> str:
    return str(value.dtype) if isinstance(value, np.ndarray) else type(value).__name__


def of_layer(layer: Layer, inputs: Sequence[Any], method: str, seed: int | None) -> Differentiable:
    """Return a float64 copy of a layer as a function of input and parameters; seed None: in evaluation mode.

    Raises InputError if there is not one float64 input, or the layer cannot be copied or gives no gradient.
    """
    if len(inputs) != 1 or not isinstance(inputs[0], np.ndarray) or inputs[0].dtype.kind != "f":
        given = ", ".join(map(_kind, inputs)) or "nothing"
        raise InputError(f"a layer is checked on one float64 array, not on {given}")
    (x,), _ = _inputs(inputs, method)
    try:
        real = layer.astype(np.float64)
        moved = layer.astype(np.complex128) if method == "complex" else real
        unused = copy.deepcopy(moved)
    except Exception as error:  # of the user's code
        raise InputError(f"a copy of the layer is checked, but it has none: {error}") from None
    for one, other in ((layer, real), (moved, unused)):
        require_copy(one, other, one.parameters, other.parameters)
    _check_contract(layer)
    name = "x" if "x" not in real.parameters else "input"
    buffers, notes = real.buffers.flat.copy(), dict[str, str]()

    def forward(layer: Layer) -> tuple[np.ndarray, Any]:
        layer.buffers.flat[...] = buffers
        x_copy = x.copy() if layer is not real else x.real.copy()
        result = layer.forward(x_copy, None if seed is None else np.random.default_rng(seed))
        return _pair(result, method, f"{layer!r}: forward must return (y, cache)")

    def backward(dy: np.ndarray, grads: Parameters | None, *wanted: bool) -> Any:
        dx = real.backward(dy.copy(), forward(real)[1], grads, *wanted)
        return _numbers(name, dx)

    def vjp(dy: np.ndarray) -> dict[str, Any]:
        grads = real.parameters.like()
        dx = backward(dy, grads)
        if dx is None:
            raise InputError(f"{layer!r}: backward returned None, not the input's gradient")
        notes.update(_inconsistent(name, real, backward, dy, dx, grads))
        return {name: dx, **grads}

    def fresh() -> np.ndarray:
        other = copy.deepcopy(unused)
        other.parameters.flat[...] = moved.parameters.flat
        return forward(other)[0]

    def evaluate() -> tuple[np.ndarray, Any]:
        return forward(moved)[0], vjp

    return Differentiable(evaluate, {name: x, **moved.parameters}, [name], fresh, notes, owned=True)


def require_copy(one: Any, other: Any, mine: Mapping, its: Mapping) -> None:
    """Refuse a copy that is not a new object of the same class with the same parameters."""
    kind = "layer" if isinstance(one, Layer) else "model"
    if other is one:
        raise InputError(f"a copy of the {kind} is checked, but its copy is itself")
    alike = mine.keys() == its.keys() and all(
        np.allclose(array, its[name], equal_nan=True) for name, array in mine.items()
    )
    if type(other) is not type(one) or not alike:
        raise InputError(f"a copy of the {kind} is checked, but its copy is another {kind}")


def _check_contract(layer: Layer) -> None:
    """Refuse a layer that cannot be called as :class:`~npgan.layers.Layer` says."""
    for method, arguments in ((layer.forward, "x, rng"), (layer.backward, "dy, cache, grads")):
        if not _takes(method, arguments.count(",") + 1):
            raise InputError(f"{layer!r}: {method.__name__} must take ({arguments})")


def _takes(method: Callable, count: int) -> bool:
    try:
        inspect.signature(method).bind(*range(count))
    except TypeError:
        return False
    return True


def _inconsistent(
    name: str, layer: Layer, backward: Callable, dy: np.ndarray, dx: np.ndarray, grads: Parameters
) -> dict[str, str]:
    """Return what differs in other backward passes: with fewer gradients wanted, or with more in ``grads``."""
    more, alone = grads.like(), grads.like()
    more.flat[...] = grads.flat
    backward(dy, more)
    found = {name: "different without grads"} if differ(backward(dy, None), dx) else {}
    if _takes(layer.backward, 4):
        backward(dy, alone, False)
    else:
        alone.flat[...] = grads.flat
    for parameter, gradient in grads.items():
        if differ(more[parameter], 2 * gradient):
            found[parameter] = NOT_ADDED
        elif differ(alone[parameter], gradient):
            found[parameter] = "different where dx is not wanted"
    return found


def differ(a: np.ndarray | None, b: np.ndarray, size: float = 0.0) -> bool:
    """Return whether two gradients differ by more than rounding, of their own size or of another."""
    size = max(size, float(abs(b[np.isfinite(b)]).max(initial=0)))
    if a is None or a.shape != b.shape:
        return True
    return not np.allclose(a, b, rtol=0, atol=ROUNDED * size, equal_nan=True)


def add_up(parts: Sequence[np.ndarray | None], whole: np.ndarray, size: float) -> bool:
    """Return whether the gradients for parts of dy add up to that for the whole, up to rounding."""
    arrays = [part for part in parts if part is not None]
    size = max([size, *(float(abs(part).max(initial=0)) for part in arrays)])
    return len(arrays) == len(parts) and not differ(np.sum(arrays, axis=0), whole, size)
