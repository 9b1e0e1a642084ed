r"""The gradient checker: it asks whether a backward pass agrees with what the forward pass does.

A function with many outputs is checked under a random upstream gradient v, as
:math:`v \cdot y`: an upstream of all ones would hide errors. How its derivatives are known without
deriving them is in :mod:`npgan.numeric`.

The code under the check is not trusted. It is given copies and what it returns is copied at once, so
that nothing it writes into, keeps or hands out again reaches what is compared. It is evaluated again
at points where it has been, before and after its backward pass: a function that has moved is no
function. Randomness is replayed: every evaluation of a layer gets a new generator of the same seed,
and the buffers as they were.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from tqdm import tqdm

from npgan.errors import InputError, count, positive
from npgan.layers import Layer
from npgan.numeric import Line, Observed, Slopes
from npgan.subject import Function, Subject, of_function, of_layer

__all__ = ["TOLERANCE", "Entry", "Function", "Report", "gradcheck"]

TOLERANCE = {"central": 1e-8, "complex": 1e-13}
FLOOR = 1e-3
VISIBLE = 1e-9
PROBES = 2
PATIENCE = 2.0  # seconds without a word


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
    note : what else there is to say
    """

    name: str
    index: tuple[int, ...] | None
    analytic: float
    numeric: float
    error: float
    corners: int
    passed: bool
    note: str = ""


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
        wide = max([24, *(len(entry.name) for entry in self.entries)])
        head = (
            f"{'':4}  {'array':{wide}}  {'worst at':12}  {'analytic':>13}  {'numeric':>13}  error"
        )
        rows = [head]
        for e in self.entries:
            where = "direction" if e.index is None else str(e.index).replace(" ", "")
            corners = f"  ({e.corners} on a corner: any slope between)" if e.corners else ""
            note = f"  ({e.note})" if e.note else ""
            rows.append(
                f"{'ok' if e.passed else 'FAIL':4}  {e.name:{wide}}  {where:12}  {e.analytic:13.6g}  "
                f"{e.numeric:13.6g}  {e.error:.1e}{corners}{note}"
            )
        return "\n".join([*rows, f"tolerance {self.tolerance:.0e} of each array's largest"])


def gradcheck(
    target: Any,
    *inputs: Any,
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
        - a model: each step of its training on the inputs, a batch (n, d) and the labels if it has
          some, by every parameter that the step trains; a float64 copy is checked;
        - a function of the inputs that returns ``(value, gradients)``, a loss for example;
        - a function of the inputs that returns ``(y, vjp)``, where ``vjp(dy)`` returns gradients.

        Gradients are one array, a sequence in the order of the inputs, or a mapping by name
        (inputs are called ``x0``, ``x1``, ... or just ``x`` if there is one) that names all of them. A
        gradient of None, or of an empty array, is not checked.
    inputs : float64 arrays; others (labels, say) are handed on
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
    function's value, if that is more), as rounding is. A derivative that rounding would hide is
    looked at again with steps up to 1. Where an element fails, the step is shortened; where it has
    two one-sided slopes, which do not depend on the step, it lies on a corner of a piecewise
    function, and any slope between the two is right.

    A layer adds to its gradients, and passes the same ones on whether or not all are wanted: both
    are checked, too. What the complex step finds must be the slope of the real function, to 1e-6.

    Raises
    ------
    InputError
        If the inputs are not float64, a gradient is missing or its shape differs from its input's,
        there is nothing to check, the method is unknown, the value is not finite, or two evaluations
        at one point are not the same.

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
    if directions is not None:
        count("directions", directions, 1)
    tolerance = positive("tolerance", TOLERANCE[method] if tolerance is None else tolerance)
    options: dict[str, Any] = {"directions": directions, "seed": seed, "tolerance": tolerance}
    if isinstance(target, Layer) or hasattr(target, "gradient_steps"):
        if wrt:
            raise InputError("a layer or a model is checked by all its parameters: without wrt")
        if not isinstance(target, Layer):
            return _of_model(target, inputs, method, options)
        subject = of_layer(target, inputs, method, seed)
    else:
        subject = of_function(target, inputs, wrt or {}, method)
    report = _compare(subject, method, **options)
    if method == "complex":
        rough = gradcheck(target, *inputs, **(options | {"directions": 1, "tolerance": 1e-6}))
        report.entries.extend(
            replace(entry, note="the real function's slope")
            for entry in rough.entries
            if not entry.passed
        )
    return report


def _of_model(model: Any, inputs: tuple, method: str, options: dict[str, Any]) -> Report:
    """Check every step of a model's training."""
    if method != "central":
        raise InputError("a model is checked by central differences: method='central'")
    if not 1 <= len(inputs) <= 2:
        raise InputError(
            f"a model is checked on a batch, and its labels if it has some, not on {len(inputs)} inputs"
        )
    entries = []
    for step in model.astype(np.float64).gradient_steps(*inputs):
        report = gradcheck(step.function, wrt=step.parameters, **options)
        entries += [replace(entry, name=f"{step.name}: {entry.name}") for entry in report.entries]
    return Report(entries, options["tolerance"])


def _compare(
    subject: Subject, method: str, directions: int | None, seed: int, tolerance: float
) -> Report:
    """Compare a subject's gradients with numeric ones, and leave its arrays as they were."""
    rng, variables = np.random.default_rng(seed), subject.variables
    before = {name: array.copy() for name, array in variables.items()}
    try:
        observed = Observed(lambda: subject.evaluate()[0], rng)
        observed.remember(*_probes(variables, rng))
        if not np.isfinite(observed.y).all():
            raise InputError("the value is not finite: there is no derivative of it")
        shape = observed.y.shape
        slopes = observed.along(rng.standard_normal(shape) if shape else np.ones(()))
        gradients = subject.gradients(slopes.upstream)
        entries = []
        for name, gradient in gradients.items():
            if gradient is not None and gradient.size:
                for lines in _lines(variables[name], directions, rng):
                    entries.append(_entry(slopes, name, lines, gradient, method, tolerance))
        if not entries:
            raise InputError("nothing was checked: there is no gradient of a float array")
        observed.require_the_same()
        if subject.fresh:
            observed.require_the_same(subject.fresh)
    finally:
        for name, array in variables.items():
            array[...] = before[name]
    wrong = subject.notes
    entries = [
        replace(e, passed=False, note=wrong[e.name]) if e.name in wrong else e for e in entries
    ]
    return Report(entries, tolerance)


def _probes(variables: Mapping[str, np.ndarray], rng: np.random.Generator) -> Iterator[Line]:
    """Yield lines through single elements of a few arrays."""
    names = [name for name, array in variables.items() if array.size]
    for name in rng.permutation(names)[:PROBES]:
        array = variables[name]
        yield Line(array, tuple(int(rng.integers(n)) for n in array.shape))


def _lines(
    array: np.ndarray, directions: int | None, rng: np.random.Generator
) -> Iterator[list[Line]]:
    """Yield what makes an entry: a line through each element, or one in a random direction."""
    if directions is None:
        yield [Line(array, index) for index in np.ndindex(array.shape)]
    for _ in range(directions or 0):
        yield [Line(array, ..., rng.standard_normal(array.shape) / np.sqrt(array.size))]


def _entry(
    slopes: Slopes,
    name: str,
    lines: list[Line],
    gradient: np.ndarray,
    method: str,
    tolerance: float,
) -> Entry:
    """Compare an array's gradient along lines, and return the worst."""
    analytic = np.array([float((gradient[line.place] * line.direction).sum()) for line in lines])
    finite = gradient[np.isfinite(gradient)]
    along = len(lines) == 1 and lines[0].place is ...
    largest = abs(finite).max(initial=0)
    if along and largest:
        largest *= np.linalg.norm(finite / largest) / np.sqrt(gradient.size)
    scale, numeric = max(float(largest), FLOOR * slopes.size), np.empty(len(lines))
    corners = hidden = 0
    bar = tqdm(lines, name, delay=PATIENCE, leave=False, disable=not sys.stderr.isatty())
    for i, line in enumerate(bar):
        if method == "complex":
            numeric[i] = slopes.complex_step(line)
        else:
            numeric[i], corner = slopes.derivative(line, analytic[i], tolerance * scale)
            corners += corner
    known = abs(numeric[np.isfinite(numeric)]).max(initial=0)
    errors = abs(analytic - numeric) / (max(scale, known) or 1)
    if method == "central" and max(largest, known) < VISIBLE * slopes.size:
        for i, line in enumerate(lines):
            is_hidden = slopes.is_hidden(line, analytic[i])
            hidden += bool(is_hidden)
            errors[i] = 1.0 if is_hidden is None else errors[i]
    worst = int(np.argmax(np.where(np.isnan(errors), np.inf, errors)))
    error = float(errors[worst])
    return Entry(
        name,
        None if along else lines[worst].place,
        float(analytic[worst]),
        float(numeric[worst]),
        error,
        corners,
        error <= tolerance,
        f"{hidden} cannot be told from 0" if hidden else "",
    )
