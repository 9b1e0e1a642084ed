r"""The gradient checker: it asks whether a backward pass agrees with what the forward pass does.

A function with many outputs is checked under a random upstream gradient v, as
:math:`v \cdot y`: an upstream of all ones would hide errors. How its derivatives are known without
deriving them is in :mod:`npgan.check.numeric`.

The code under the check is not trusted. It is given copies and what it returns is copied at once, so
that nothing it writes into, keeps or hands out again reaches what is compared. It is evaluated again
at points where it has been, before and after its backward pass: a function that has moved is no
function. Its backward pass is asked for parts of an upstream gradient, in which it is linear, and, of a
layer or a function, at other points: a gradient that is right at one alone was kept. Randomness is
replayed: every evaluation of a layer gets a new generator of the same seed, and the buffers as they were.
"""

import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from npgan.check.numeric import FLOOR, Line, Observed, Slope, Slopes
from npgan.check.subject import (
    Function,
    Subject,
    add_up,
    differ,
    of_function,
    of_layer,
    require_copy,
)
from npgan.check.verdict import TOLERANCE, Entry, Report
from npgan.errors import InputError, chosen, count, positive
from npgan.layers import Layer

__all__ = ["TOLERANCE", "Entry", "Function", "Report", "gradcheck"]

VISIBLE = 1e-9
PROBES = 2
NEARBY = 1e-4
NARROW = 1e-6  # an error that a corner close by may have made
APART = 1e-2  # of each number, how far away a gradient is looked at again
STALE = 1e-4  # an error that comes of a gradient of another point
FLAGRANT = 0.05  # of an element itself, which a tolerance of the array's largest may hide
ROUGH = 1e-6
SCALES = (-1e3, 1e-6)  # of an upstream gradient, in which a backward pass is linear
LEAST = 1e-12  # of an array's largest: below is what rounding leaves of 0
FAILURES = 10  # of one array, after which it is clear that they fail
PATIENCE = 2.0  # seconds without a word


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

    Where all is right of a layer, or of a function without ``wrt``, it is looked at once more at two points
    nearby, in a random direction; it is wrong if it is so at both. An element far smaller than its array's
    largest is wrong where steps of several lengths agree on another slope.

    A layer adds to its gradients, and passes the same ones on whether or not all are wanted: both
    are checked, too, and so is a layer without a generator if that makes another of it. Second derivatives
    are checked in the models whose penalties need them. What the complex step finds must be the slope of
    the real function, to 1e-6.

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
    chosen("method", method, TOLERANCE)
    count("seed", seed)
    if directions is not None:
        count("directions", directions, 1)
    tolerance = positive("tolerance", TOLERANCE[method] if tolerance is None else tolerance)
    options: dict[str, Any] = {"directions": directions, "seed": seed, "tolerance": tolerance}
    also: list[Entry] = []
    if isinstance(target, type):
        raise InputError(f"{target.__name__} is a class: check one of its instances")
    if isinstance(target, Layer) or hasattr(target, "gradient_steps"):
        if wrt is not None:
            raise InputError("a layer or a model is checked by all its parameters: without wrt")
        if not isinstance(target, Layer):
            return _of_model(target, inputs, method, options)
        subject = of_layer(target, inputs, method, seed)
        if (evaluated := of_layer(target, inputs, method, None)).differs_from(subject):
            found = _compare(evaluated, method, **options, anywhere=False)
            also = [replace(entry, name=f"{entry.name}, without rng") for entry in found]
    else:
        subject = of_function(target, inputs, {} if wrt is None else wrt, method)
    entries = _compare(subject, method, **options, anywhere=method == "central" and not wrt) + also
    if method == "complex":
        rough = options | {"directions": 1, "tolerance": max(ROUGH, tolerance)}
        for entry in gradcheck(target, *inputs, **rough).entries:
            if not entry.passed:
                entries.append(replace(entry, note="the real function's slope"))
    return Report(entries, tolerance)


def _of_model(model: Any, inputs: tuple, method: str, options: dict[str, Any]) -> Report:
    """Check every step of a model's training."""
    if method != "central":
        raise InputError("a model is checked by central differences: method='central'")
    if not 1 <= len(inputs) <= 2:
        raise InputError(
            f"a model is checked on a batch, and its labels if it has some, not on {len(inputs)} inputs"
        )
    twin, entries = model.astype(np.float64), []
    require_copy(model, twin, model.weights(), twin.weights())
    unseen = {name for name, network in twin.networks.items() if network.parameters.flat.size}
    for step in twin.gradient_steps(*inputs):
        unseen -= set(step.networks)
        subject = replace(of_function(step.function, (), step.parameters, method), owned=True)
        found = _compare(subject, method, **options, anywhere=False)
        entries += [replace(entry, name=f"{step.name}: {entry.name}") for entry in found]
    for name in sorted(unseen):
        raise InputError(f"no loss of the model trains its network {name!r}: see Model.losses")
    return Report(entries, options["tolerance"])


def _compare(
    subject: Subject,
    method: str,
    directions: int | None,
    seed: int,
    tolerance: float,
    nearby: bool = False,
    anywhere: bool = True,
) -> list[Entry]:
    """Compare a subject's gradients with numeric ones, and leave its arrays as they were.

    Anywhere: a gradient is looked at elsewhere, too. Training's is not: what follows the weights (singular
    vectors) is taken for constant, which is right where it has caught up with them.

    On a corner more than one gradient is right. Where that does not say which, as of weights on which
    several corners lie, or where one is closer than rounding lets a step be, all is compared again at a
    point nearby.
    """
    rng, variables = np.random.default_rng(seed), subject.variables
    before = {name: array.copy() for name, array in variables.items()}
    try:
        with np.errstate(all="ignore"):
            for array in variables.values() if nearby else ():
                shift = rng.standard_normal(array.shape) * np.maximum(1, abs(array))
                array += NEARBY * shift
            entries = _entries(subject, method, directions, tolerance, rng)
    finally:
        for name, array in variables.items():
            array[...] = before[name]
    if not nearby and any(entry.undecided for entry in entries):
        again = _compare(subject, method, directions, seed, tolerance, nearby=True)
        entries = [
            replace(other, note="beside a corner") if entry.undecided else entry
            for entry, other in zip(entries, again, strict=True)
        ]
    if nearby or not anywhere or not all(entry.passed for entry in entries):
        return entries
    return _elsewhere(subject, seed, tolerance, entries)


def _elsewhere(subject: Subject, seed: int, tolerance: float, entries: list[Entry]) -> list[Entry]:
    """Return the entries, failed where a gradient that is right is not so at two points nearby.

    One of them may lie beside a corner, in a direction in which everything moves, which costs digits.
    """
    wrong = {entry.name for entry in entries}
    before = {name: array.copy() for name, array in subject.variables.items()}
    for point in range(2):
        rng = np.random.default_rng([seed, point])
        try:
            for name, array in subject.variables.items():
                array[...] = before[name] * (1 + APART * rng.standard_normal(array.shape))
            with np.errstate(all="ignore"):
                found = _gradients(subject, "central", 1, tolerance, rng)[-1]
        except Exception:  # whatever it raises: there is no such point
            return entries
        finally:
            for name, array in subject.variables.items():
                array[...] = before[name]
        wrong &= {e.name for e in found if not e.undecided and e.error > STALE}
        if not wrong:
            return entries
    return [
        replace(e, passed=False, note="right at this point alone") if e.name in wrong else e
        for e in entries
    ]


def _entries(
    subject: Subject,
    method: str,
    directions: int | None,
    tolerance: float,
    rng: np.random.Generator,
) -> list[Entry]:
    """Compare a subject's gradients with numeric ones where its arrays are, and with others of its own."""
    slopes, gradients, entries = _gradients(subject, method, directions, tolerance, rng)
    observed, dy, linear = slopes.observed, slopes.upstream, callable(subject.evaluate()[1])
    if not entries:
        raise InputError("nothing was checked: no gradient of a float array was returned")
    observed.require_the_same()
    if subject.fresh:
        observed.require_the_same(subject.fresh)
    wrong = dict(subject.notes)
    size = FLOOR * float(slopes.sizes.sum())
    for factor in SCALES if linear else (1.0,):
        observed.away()  # what is kept from the last call is of another point now
        again = subject.gradients(factor * dy)
        for name, gradient in gradients.items():
            if gradient is not None and differ(again[name], factor * gradient, abs(factor) * size):
                wrong.setdefault(name, f"another when asked again, for dy times {factor:g}")
    if linear:
        kept = rng.random(dy.shape) < 0.5
        parts = [subject.gradients(np.where(part, dy, 0)) for part in (kept, ~kept)]
        for name, gradient in gradients.items():
            found = [part[name] for part in parts]
            if gradient is not None and not add_up(found, gradient, size):
                wrong.setdefault(name, "another than for two parts of dy, with zeros, together")
    return [
        replace(e, passed=False, undecided=False, note=wrong[e.name]) if e.name in wrong else e
        for e in entries
    ]


def _gradients(
    subject: Subject,
    method: str,
    directions: int | None,
    tolerance: float,
    rng: np.random.Generator,
) -> tuple[Slopes, dict[str, np.ndarray | None], list[Entry]]:
    """Compare a subject's gradients with numeric ones; return what was seen, the gradients, the entries."""
    observed = Observed(lambda: subject.evaluate()[0], rng)
    observed.remember(*_probes(subject.variables, rng))
    if not np.isfinite(observed.y).all():
        raise InputError("the value is not finite: there is no derivative of it")
    upstream = (
        rng.standard_normal(observed.y.shape) if callable(subject.evaluate()[1]) else np.ones(())
    )
    slopes = observed.along(np.asarray(upstream))
    gradients = subject.gradients(slopes.upstream)
    entries = [
        _entry(slopes, name, lines, gradient, method, tolerance, subject.owned)
        for name, gradient in gradients.items()
        if gradient is not None and gradient.size
        for lines in _lines(subject.variables[name], directions, rng)
    ]
    return slopes, gradients, entries


def _probes(variables: Mapping[str, np.ndarray], rng: np.random.Generator) -> Iterator[Line]:
    """Yield lines through single elements of a few arrays."""
    arrays = [array for array in variables.values() if array.size]
    for i in rng.permutation(len(arrays))[:PROBES]:
        yield Line(arrays[i], tuple(int(rng.integers(n)) for n in arrays[i].shape))


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
    owned: bool,
) -> Entry:
    """Compare an array's gradient along lines, and return the worst."""
    from tqdm import tqdm

    analytic = np.array([float((gradient[line.place] * line.direction).sum()) for line in lines])
    finite = gradient[np.isfinite(gradient)]
    along = len(lines) == 1 and lines[0].place is ...
    largest = float(abs(finite).max(initial=0))
    if along and largest:
        largest *= float(np.linalg.norm(finite / largest)) / math.sqrt(gradient.size)
    found: list[Slope] = []
    bar = tqdm(lines, name, delay=PATIENCE, leave=False, disable=not sys.stderr.isatty())
    failures = 0
    for line, expected in zip(bar, analytic, strict=True):
        if method == "complex":
            found.append(slopes.complex_step(line))
        else:
            refine = failures < FAILURES
            found.append(slopes.derivative(line, expected, largest, tolerance, refine))
        gap, size = abs(expected - found[-1].value), FLOOR * found[-1].size
        failures += not gap <= tolerance * max(largest, size)
    numeric, sizes, bends = map(np.array, zip(*found, strict=True))
    corner = bends != 0
    known = max(largest, float(abs(numeric[np.isfinite(numeric)]).max(initial=0)))
    scale = np.maximum(known, FLOOR * sizes)
    errors = abs(analytic - numeric) / np.where(scale > 0, scale, 1)
    hidden = 0
    for i in np.flatnonzero((known < VISIBLE * sizes) & ~corner) if method == "central" else ():
        is_hidden = slopes.is_hidden(lines[i], analytic[i], sizes[i])
        hidden += bool(is_hidden)
        errors[i] = 1.0 if is_hidden is None else errors[i]
    for bend in (
        -1,
        1,
    ):  # between the slopes of several that bend to one side lie all that are right
        if (alike := bends == bend).sum() > 1:
            together = Line(lines[0].array, alike.reshape(gradient.shape))
            expected = float(analytic[alike].sum())
            slope = slopes.derivative(together, expected, largest, tolerance)
            gap = abs(slope.value - expected) / (max(known, FLOOR * slope.size) or 1)
            errors[np.flatnonzero(alike)[0]] = max(errors[alike].max(), gap)
    gaps, own = abs(analytic - numeric), np.maximum(abs(analytic), abs(numeric))
    small = (errors <= tolerance) & (gaps > FLAGRANT * own) & (own > LEAST * scale)
    small &= ~corner & (not along)
    for i in np.flatnonzero(small) if method == "central" else ():
        if slopes.contradict(lines[i], analytic[i], sizes[i]):
            errors[i] = gaps[i] / own[i]
    worst = int(np.argmax(np.where(np.isnan(errors), np.inf, errors)))
    error = float(errors[worst])
    failed = ~(errors <= tolerance)
    undecided = owned and (corner[failed].all() or error <= NARROW)
    if not failed.any():
        undecided = along and corner.any()
    return Entry(
        name,
        None if along else lines[worst].place,
        float(analytic[worst]),
        float(numeric[worst]),
        error,
        int(corner.sum()),
        error <= tolerance,
        f"{hidden} cannot be told from 0" if hidden else "",
        bool(undecided),
    )
