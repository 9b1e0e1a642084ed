r"""The gradient checker: it asks whether a backward pass agrees with what the forward pass does.

Two ways to know a derivative without deriving it:

- **central differences** with one step of Richardson's extrapolation. With
  :math:`d(h) = \frac{f(t + h) - f(t - h)}{2h} = f' + \tfrac{h^2}{6} f''' + O(h^4)`, the combination
  :math:`\frac{4 d(h/2) - d(h)}{3}` is :math:`f' + O(h^4)`; rounding adds about
  :math:`\epsilon|f|/h`, so that h near :math:`\epsilon^{1/5} \approx 10^{-3}` is best;
- **the complex step** for analytic functions: :math:`f(t + ih) = f + ihf' + O(h^2)`, so
  :math:`f' = \operatorname{Im} f(t + ih)/h` with nothing subtracted, and h can be 1e-30.

A function with many outputs is checked under a random upstream gradient v, as
:math:`v \cdot y`: an upstream of all ones would hide errors. Randomness is replayed: every
evaluation of a layer gets a new generator of the same seed, and the buffers as they were.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from npgan.errors import InputError
from npgan.layers import Layer

STEPS = (1e-3, 1e-4, 1e-5, 1e-6)
CORNER = 1e-6
SLACK = 1e-4
COMPLEX_STEP = 1e-30
TOLERANCE = {"central": 1e-8, "complex": 1e-13}

Function = Callable[..., tuple[Any, Any]]


@dataclass(frozen=True)
class Entry:
    """The result for one array: its worst element.

    Attributes
    ----------
    name : of the parameter or input
    index : of the worst element; None where a random direction was checked
    analytic, numeric : the two derivatives there
    error : their difference, relative to the array's largest derivative
    corners : how many elements lie on a corner (a ReLU's), where any slope between the two
        one-sided ones was accepted
    passed : whether the error is within the tolerance
    """

    name: str
    index: tuple[int, ...] | None
    analytic: float
    numeric: float
    error: float
    corners: int
    passed: bool


@dataclass(frozen=True)
class Report:
    """What :func:`gradcheck` found, an :class:`Entry` an array; true if all of them passed."""

    entries: list[Entry] = field(default_factory=list)
    tolerance: float = TOLERANCE["central"]

    def __bool__(self) -> bool:
        return all(entry.passed for entry in self.entries)

    @property
    def error(self) -> float:
        """The largest relative error."""
        return max((entry.error for entry in self.entries), default=0.0)

    @property
    def failed(self) -> list[str]:
        """The names of the arrays whose gradient is wrong."""
        return list(dict.fromkeys(entry.name for entry in self.entries if not entry.passed))

    def __str__(self) -> str:
        head = f"{'':4}  {'array':24}  {'worst at':12}  {'analytic':>13}  {'numeric':>13}  error"
        rows = [head]
        for e in self.entries:
            where = "direction" if e.index is None else str(e.index).replace(" ", "")
            corners = f"  ({e.corners} on a corner: any slope between)" if e.corners else ""
            rows.append(
                f"{'ok' if e.passed else 'FAIL':4}  {e.name:24}  {where:12}  {e.analytic:13.6g}  "
                f"{e.numeric:13.6g}  {e.error:.1e}{corners}"
            )
        return "\n".join([*rows, f"tolerance {self.tolerance:.0e} of each array's largest"])


def gradcheck(
    target: Layer | Function,
    *inputs: np.ndarray,
    wrt: Mapping[str, np.ndarray] | None = None,
    method: str = "central",
    directions: int | None = None,
    seed: int = 0,
    tolerance: float | None = None,
) -> Report:
    r"""Compare analytic gradients with numeric ones, element by element.

    Parameters
    ----------
    target : what to check, in float64, one of

        - a layer or network: a float64 copy is checked, by its input and every parameter, with a
          generator for its randomness;
        - a function of the inputs that returns ``(value, gradients)``, a loss for example;
        - a function of the inputs that returns ``(y, vjp)``, where ``vjp(dy)`` returns gradients.

        Gradients are one array, a sequence in the order of the inputs, or a mapping by name
        (inputs are called ``x0``, ``x1``, ... or just ``x`` if there is one) that names all of them. A
        gradient of None, or of an empty array, is not checked.
    inputs : float arrays; others (labels, say) are handed on as they are
    wrt : further arrays that the function reads, by name, changed in place while checking;
        its gradients must then be a mapping. A network's ``parameters`` is such a mapping.
    method : "central", or "complex" for analytic functions (not with ``wrt``)
    directions : check this many random directions per array instead of each element: two
        evaluations instead of thousands, for large networks
    seed : of the upstream gradient, the directions and the replayed randomness
    tolerance : on the relative error; by default 1e-8 (central) or 1e-13 (complex)

    Returns
    -------
    report : true if everything passed; printed, a table

    Notes
    -----
    The error is relative to the largest derivative in its array (or a thousandth of the
    function's value, if that is more), as rounding is. Where an element fails, the step is
    shortened; where the one-sided slopes still differ at 1e-6, it lies on a corner of a piecewise
    function, and any slope between the two is right.

    Raises
    ------
    InputError
        If the inputs are not float64, a gradient is missing or its shape differs from its input's,
        there is nothing to check, or the method is unknown.

    Examples
    --------
    >>> from npgan import Dense
    >>> bool(gradcheck(Dense(3, 2), np.random.default_rng(0).normal(size=(4, 3))))
    True
    >>> wrong = lambda x: ((x**2).sum(), -2 * x)
    >>> gradcheck(wrong, np.ones(3)).failed
    ['x']
    """
    if method not in TOLERANCE:
        raise InputError(f"unknown method {method!r}: central or complex")
    if directions is not None and directions < 1:
        raise InputError(f"directions must be at least 1, not {directions}")
    tolerance = TOLERANCE[method] if tolerance is None else tolerance
    wrt = dict(wrt or {})
    if isinstance(target, Layer):
        _check_layer_input(inputs, wrt)
        function, wrt = _of_layer(target, method, seed)
    else:
        function = target
        if wrt and method == "complex":
            raise InputError("the complex step needs a function of its inputs alone, without wrt")
        for name, array in wrt.items():
            if not isinstance(array, np.ndarray) or array.dtype != np.float64:
                raise InputError(f"gradients are checked in float64, not {_kind(array)}: {name}")
    inputs, variables = _inputs(inputs, method)
    for name in variables.keys() & wrt.keys():
        raise InputError(f"the input is called {name!r}: rename the other array of that name")
    names, variables = list(variables), variables | wrt
    checked = _Checked(function, inputs, np.random.default_rng(seed))
    analytic = _named(checked.gradients(), names)
    for name in sorted(variables.keys() - analytic.keys()):
        raise InputError(f"the gradient of {name!r} is missing (None, if it is not to be checked)")
    entries = []
    for name, gradient in analytic.items():
        if gradient is None or not gradient.size:
            continue
        if name not in variables or gradient.shape != variables[name].shape:
            shape = variables[name].shape if name in variables else "no array of that name"
            raise InputError(f"gradient {name!r} has shape {gradient.shape}, its array {shape}")
        if directions:
            entries += _directions(checked, name, variables[name], gradient, directions, tolerance)
        else:
            entries.append(_elements(checked, name, variables[name], gradient, method, tolerance))
    if not entries:
        raise InputError("nothing was checked: there is no gradient of a float array")
    return Report(entries, tolerance)


def _kind(value: Any) -> str:
    return str(value.dtype) if isinstance(value, np.ndarray) else type(value).__name__


def _check_layer_input(inputs: tuple, wrt: Mapping) -> None:
    if wrt:
        raise InputError("a layer is checked by its input and all its parameters: without wrt")
    if len(inputs) != 1 or not isinstance(inputs[0], np.ndarray) or inputs[0].dtype.kind != "f":
        given = ", ".join(map(_kind, inputs)) or "nothing"
        raise InputError(f"a layer is checked on one float64 array, not on {given}")


def _of_layer(layer: Layer, method: str, seed: int) -> tuple[Function, dict[str, np.ndarray]]:
    """Turn a layer into a function ``x -> (y, vjp)`` and the parameters that it reads."""
    real = layer.astype(np.float64)
    moved = layer.astype(np.complex128) if method == "complex" else real
    buffers = real.buffers.flat.copy()

    def replay(layer: Layer, x: np.ndarray) -> tuple[np.ndarray, Any]:
        layer.buffers.flat[...] = buffers
        return layer.forward(x, np.random.default_rng(seed))

    def function(x: np.ndarray) -> tuple[np.ndarray, Callable]:
        y, _ = replay(moved, x)

        def vjp(dy: np.ndarray) -> dict[str, np.ndarray]:
            grads = real.parameters.like()
            _, cache = replay(real, x.real)
            dx = real.backward(dy, cache, grads)
            if dx is None:
                raise InputError(f"{layer!r}: backward returned None, not the input's gradient")
            return {"x": dx, **grads}

        return y, vjp

    return function, dict(moved.parameters)


def _inputs(
    inputs: tuple[np.ndarray, ...], method: str
) -> tuple[tuple[np.ndarray, ...], dict[str, np.ndarray]]:
    """Copy the float inputs, so that they can be moved, and name them."""
    arrays: list[np.ndarray] = []
    variables: dict[str, np.ndarray] = {}
    floats = [x for x in inputs if isinstance(x, np.ndarray) and x.dtype.kind == "f"]
    for x in inputs:
        if isinstance(x, np.ndarray) and x.dtype.kind == "f":
            if x.dtype != np.float64:
                raise InputError(
                    f"gradients are checked in float64, not {x.dtype}: x.astype(float)"
                )
            x = x.astype(np.complex128 if method == "complex" else np.float64)
            variables["x" if len(floats) == 1 else f"x{len(variables)}"] = x
        arrays.append(x)
    return tuple(arrays), variables


def _named(gradients: Any, names: list[str]) -> dict[str, np.ndarray | None]:
    if not isinstance(gradients, Mapping):
        if isinstance(gradients, np.ndarray | float) or gradients is None:
            gradients = (gradients,)
        if len(gradients) != len(names):
            raise InputError(
                f"{len(gradients)} gradients for {len(names)} inputs: {', '.join(names)}"
            )
        gradients = dict(zip(names, gradients, strict=True))
    return {name: None if g is None else np.asarray(g) for name, g in gradients.items()}


class _Checked:
    """The function under the check, seen along one line: arrays + t · direction."""

    def __init__(self, function: Function, inputs: tuple, rng: np.random.Generator) -> None:
        self.function, self.inputs, self.rng = function, inputs, rng
        result = function(*inputs)
        if not isinstance(result, tuple) or len(result) != 2:
            raise InputError("the function must return (value, gradients) or (y, vjp)")
        y = np.asarray(result[0])
        if y.ndim and not callable(result[1]):
            raise InputError(f"a value of shape {y.shape} needs a function vjp(dy) beside it")
        self.upstream = np.ones(()) if y.ndim == 0 else rng.standard_normal(y.shape)
        self.y = y.copy()
        self.size = float(abs((self.upstream * y.real).sum()))

    def gradients(self) -> Any:
        result = self.function(*self.inputs)[1]
        return result(self.upstream) if callable(result) else result

    def at(self, array: np.ndarray, direction: Any, t: complex) -> np.ndarray:
        before = array.copy()
        array += t * direction
        try:
            return np.array(self.function(*self.inputs)[0])
        finally:
            array[...] = before

    def slope(self, array: np.ndarray, direction: Any, left: float, right: float) -> float:
        """The mean slope from t = left to t = right; y is subtracted before it is summed up."""
        high = self.at(array, direction, right) if right else self.y
        low = self.at(array, direction, left) if left else self.y
        return float((self.upstream * (high - low)).sum() / (right - left))

    def central(self, array: np.ndarray, direction: Any, h: float) -> float:
        coarse = self.slope(array, direction, -h, h)
        fine = self.slope(array, direction, -h / 2, h / 2)
        return (4 * fine - coarse) / 3

    def complex_step(self, array: np.ndarray, direction: Any) -> float:
        y = self.at(array, direction, 1j * COMPLEX_STEP)
        return float((self.upstream * y.imag).sum() / COMPLEX_STEP)

    def numeric(
        self, array: np.ndarray, direction: Any, analytic: float, scale: float, tolerance: float
    ) -> tuple[float, bool]:
        """Return the numeric derivative, and whether it is one of a corner."""
        for h in STEPS:
            numeric = self.central(array, direction, h)
            if abs(analytic - numeric) <= tolerance * scale:
                return numeric, False
        left = self.slope(array, direction, -CORNER, 0)
        right = self.slope(array, direction, 0, CORNER)
        slack = SLACK * max(scale, abs(left), abs(right))
        near = CORNER / 8  # the gap of a curve shrinks with h, a corner's does not
        gap, nearer = right - left, self.slope(array, direction, 0, near)
        nearer -= self.slope(array, direction, -near, 0)
        corner = abs(gap) > slack and abs(nearer) > abs(gap) / 2
        if corner and min(left, right) - slack <= analytic <= max(left, right) + slack:
            return analytic, True
        return numeric, False


def _elements(
    checked: _Checked,
    name: str,
    array: np.ndarray,
    gradient: np.ndarray,
    method: str,
    tolerance: float,
) -> Entry:
    finite = gradient[np.isfinite(gradient)]
    scale = max(float(abs(finite).max(initial=0)), 1e-3 * checked.size, 1e-30)
    numeric = np.empty(array.shape)
    corners = 0
    for index in np.ndindex(array.shape):
        direction = np.zeros(array.shape)
        direction[index] = 1
        if method == "complex":
            numeric[index] = checked.complex_step(array, direction)
        else:
            numeric[index], corner = checked.numeric(
                array, direction, float(gradient[index]), scale, tolerance
            )
            corners += corner
    scale = max(scale, float(abs(numeric).max(initial=0)))
    errors = abs(gradient - numeric) / scale
    worst = np.unravel_index(np.argmax(np.where(np.isnan(errors), np.inf, errors)), array.shape)
    error = float(errors[worst])
    index = tuple(int(i) for i in worst)
    return Entry(
        name,
        index,
        float(gradient[worst]),
        float(numeric[worst]),
        error,
        corners,
        error <= tolerance,
    )


def _directions(
    checked: _Checked,
    name: str,
    array: np.ndarray,
    gradient: np.ndarray,
    count: int,
    tolerance: float,
) -> list[Entry]:
    entries = []
    for _ in range(count):
        direction = checked.rng.standard_normal(array.shape) / np.sqrt(max(array.size, 1))
        analytic = float((gradient * direction).sum())
        scale = max(
            float(np.linalg.norm(gradient)) / np.sqrt(max(array.size, 1)), 1e-3 * checked.size
        )
        numeric, corner = checked.numeric(array, direction, analytic, scale, tolerance)
        error = abs(analytic - numeric) / max(scale, abs(numeric))
        entries.append(Entry(name, None, analytic, numeric, error, int(corner), error <= tolerance))
    return entries
