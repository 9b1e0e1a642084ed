r"""The gradient checker: whether a backward pass computes the derivative of its forward pass.

A function with many outputs is checked under a random upstream gradient v, as :math:`v \cdot y`: an
upstream gradient of ones would hide errors. How derivatives are measured without deriving them is in
:mod:`npgan.check.numeric`.

The code under the check is not trusted. It is given copies, and what it returns is copied at once, so
that nothing it overwrites, keeps or returns again changes what is compared. It is evaluated again at
the same points, before and after its backward pass: a function with a state that changes is refused. Its
backward pass must be linear in the upstream gradient, which is tested with multiples and parts of it. A layer or
a function is also checked at other points: a gradient that is right at one point only was stored. Randomness is
replayed: every evaluation of a layer gets a new generator with the same seed, and the buffers as they were.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from npgan.check.comparison import Comparison
from npgan.check.culprit import layers_of, mistakes
from npgan.check.differentiable import (
    Differentiable,
    Function,
    add_up,
    differ,
    of_function,
    of_layer,
    require_copy,
)
from npgan.check.numeric import FLOOR, BlackBox, Line, Slopes
from npgan.check.report import TOLERANCE, Entry, Mistake, Report
from npgan.errors import InputError, array, chosen, count, positive
from npgan.layers import Layer

__all__ = ["TOLERANCE", "Entry", "Function", "Mistake", "Report", "gradcheck"]

PROBES = 2  # arrays, an element of which is moved to see whether the function repeats itself
NEARBY = 1e-4  # of each number: how far a point beside a corner is
ELSEWHERE = 1e-2  # of each number: how far the points are at which a gradient is checked again
STALE = 1e-4  # the least error there of a gradient that belongs to another point
ROUGH = 1e-6  # tolerance between the complex step and the real function
SCALES = (-1e3, 1e-6)  # multiples of the upstream gradient


class Settings(NamedTuple):
    """How to check; see :func:`gradcheck`."""

    method: str
    directions: int | None
    seed: int
    tolerance: float
    upstream: np.ndarray | None = None


def gradcheck(
    target: Any,
    *inputs: Any,
    wrt: Mapping[str, np.ndarray] | None = None,
    method: str = "central",
    directions: int | None = None,
    seed: int = 0,
    tolerance: float | None = None,
    upstream: np.ndarray | None = None,
) -> Report:
    r"""Compare analytic gradients with numeric ones, element by element.

    Raises InputError if the inputs are not float64, a gradient is missing or its shape differs from its
    input's, there is nothing to check, the method is unknown, the value is not finite, or two evaluations at
    one point differ.

    Parameters
    ----------
    target : what to check, in float64, one of

        - a layer or network: a float64 copy is checked, with respect to its input and every parameter,
          with a generator for its randomness;
        - a model: each step of its training on the inputs, a minibatch (n, d) and the labels if it has
          some, with respect to every parameter that the step trains; a float64 copy is checked;
        - a function of the inputs that returns ``(value, gradients)``, a loss for example;
        - a function of the inputs that returns ``(y, vjp)``, where ``vjp(dy)`` returns gradients.

        Gradients are one array, a sequence in the order of the inputs, or a mapping by name
        (inputs are called ``x0``, ``x1``, ... or just ``x`` if there is one) that names all of them. A
        gradient of None, or of an empty array, is not checked.
    inputs : float64 arrays; others (labels, say) are passed on
    wrt : further arrays that the function reads, by name, changed in place while checking;
        its gradients must then be a mapping. A network's ``parameters`` is such a mapping.
    method : "central", or "complex" for analytic functions (not with ``wrt``)
    directions : check this many random directions per array instead of each element: two
        evaluations instead of thousands, for large networks
    seed : of the upstream gradient, the directions and the replayed randomness
    tolerance : on the relative error; by default 1e-8 (central) or 1e-13 (complex)
    upstream : the upstream gradient, of the value's shape; by default a random one. With ones the derivatives
        are those of the sum of y, as one computes them by hand, but some mistakes do not show

    Returns
    -------
    report : true if everything passed; printed, a table. ``report.elements(name)`` has all derivatives of an
        array, and ``report.mistakes`` says where a mistake is and what it looks like

    Notes
    -----
    The error is relative to the largest derivative in its array (or to a thousandth of the
    function's value, if that is more), since rounding is. A derivative that rounding would hide is
    measured again with steps up to 1. Where an element fails, other steps are tried. If an element has
    two different one-sided slopes, which do not depend on the step, it lies on a corner of a piecewise
    function, and any slope between the two is right.

    A layer, or a function without ``wrt``, whose gradients are right is checked once more at two points
    nearby, in a random direction; it fails if it is wrong at both. An element far smaller than its array's
    largest fails where steps of several lengths agree on another slope.

    A layer must add to its gradients, and compute the same ones whether or not all are wanted: both
    are checked, and so is the layer without a generator, if that makes a difference. Second derivatives
    are checked in the models whose penalties need them. What the complex step finds must be the slope of
    the real function, to 1e-6.

    Only where something failed, each layer is checked once more, alone and on the input that it has there. The one that
    is wrong is named, and not those through which its mistake passes. Ways to go wrong are then tried on its gradient,
    :mod:`npgan.check.diagnosis`. Layers are those of a network or model, or those that a function knows by name.

    Examples
    --------
    >>> from npgan import Dense
    >>> bool(gradcheck(Dense(3, 2), np.random.default_rng(0).normal(size=(4, 3))))
    True
    >>> wrong = lambda x: ((x**2).sum(), -2 * x)
    >>> report = gradcheck(wrong, np.ones(3))
    >>> report.failed
    ['x']
    >>> print(report.mistakes[0])
    backward of x: the sign is wrong: -1 times the derivative
    """
    chosen("method", method, TOLERANCE)
    count("seed", seed)
    if directions is not None:
        count("directions", directions, 1)
    tolerance = positive("tolerance", TOLERANCE[method] if tolerance is None else tolerance)
    if upstream is not None:
        upstream = array("upstream", upstream, None, dtype=np.float64)
    settings = Settings(method, directions, seed, tolerance, upstream)
    if isinstance(target, type):
        raise InputError(f"{target.__name__} is a class: check one of its instances")
    is_layer = isinstance(target, Layer)
    if is_layer or hasattr(target, "gradient_steps"):
        if wrt is not None:
            raise InputError(
                "a layer or a model is checked with respect to all its parameters: without wrt"
            )
        if not is_layer:
            return _of_model(target, inputs, settings)

    def subject(method: str = method, seed: int | None = seed) -> Differentiable:
        if is_layer:
            return of_layer(target, inputs, method, seed)
        return of_function(target, inputs, {} if wrt is None else wrt, method)

    entries = _compare(subject(), settings, elsewhere=method == "central" and not wrt)
    also: list[Entry] = []
    if is_layer and (evaluated := subject(seed=None)).differs_from(subject()):
        also = _compare(evaluated, settings, elsewhere=False)
    layers = None if is_layer else layers_of(target)
    found = _mistakes(lambda: subject("central"), entries, layers, settings)
    found += _mistakes(lambda: subject("central", None), also, layers, settings)
    entries += [replace(entry, name=f"{entry.name}, without rng") for entry in also]
    if method == "complex":
        rough: dict[str, Any] = {"directions": 1, "seed": seed, "tolerance": max(ROUGH, tolerance)}
        for entry in gradcheck(target, *inputs, **rough).entries:
            if not entry.passed:
                entries.append(replace(entry, note="by the real function's slope"))
    return Report(entries, tolerance, [*dict.fromkeys(found)])


def _mistakes(
    subject: Callable[[], Differentiable],
    entries: Sequence[Entry],
    layers: Mapping[str, Layer] | None,
    settings: Settings,
) -> list[Mistake]:
    """Return where the mistakes are and what they look like, if a gradient is wrong.

    A layer is wrong if it is at two points: its derivative may jump at one of them.
    """
    settings = settings._replace(method="central", upstream=None, directions=1)
    wrong = [entry for entry in entries if not entry.passed]

    def failures(alone: Differentiable) -> list[Entry]:
        found = _compare(alone, settings, elsewhere=False)
        if all(entry.passed for entry in found):
            return []
        again = _compare(alone, settings, nearby=True)
        return [e for e, other in zip(found, again, strict=True) if not (e.passed or other.passed)]

    try:
        return mistakes(subject(), wrong, layers, failures, settings.seed) if wrong else []
    except Exception:  # of the user's code, which is evaluated at other points
        return []


def _of_model(model: Any, inputs: tuple, settings: Settings) -> Report:
    """Check every step of a model's training."""
    if settings.method != "central":
        raise InputError("a model is checked by central differences: method='central'")
    if not 1 <= len(inputs) <= 2:
        raise InputError(
            f"a model is checked on a batch, and its labels if it has some, not on {len(inputs)} inputs"
        )
    if settings.upstream is not None:
        raise InputError("a model's losses are numbers: without upstream")
    twin, entries, found = model.astype(np.float64), list[Entry](), list[Mistake]()
    require_copy(model, twin, model.weights(), twin.weights())
    untrained = {name for name, network in twin.networks.items() if network.parameters.flat.size}
    for step in twin.gradient_steps(*inputs):
        untrained -= set(step.networks)
        subject = of_function(step.function, (), step.parameters, settings.method)
        compared = _compare(replace(subject, owned=True), settings, elsewhere=False)
        entries += [replace(entry, name=f"{step.name}: {entry.name}") for entry in compared]
        for mistake in _mistakes(lambda: subject, compared, twin.networks, settings):  # noqa: B023
            found.append(replace(mistake, layer=f"{step.name}: {mistake.layer}".removesuffix(": ")))
    for name in sorted(untrained):
        raise InputError(f"no loss of the model trains its network {name!r}: see Model.losses")
    return Report(entries, settings.tolerance, found)


def _compare(
    subject: Differentiable, settings: Settings, *, nearby: bool = False, elsewhere: bool = True
) -> list[Entry]:
    """Compare gradients with numeric ones, and leave the arrays as they were.

    On a corner more than one gradient is right. Sometimes the slopes on both sides do not settle which:
    on weights on which several corners lie, or where a corner is closer than rounding lets a step be. Then
    everything is compared again at a point ``nearby``.

    ``elsewhere``: check right gradients at other points, too. Training steps are not checked there: they take
    singular vectors for constants, which is right only once these have converged.
    """
    rng = np.random.default_rng(settings.seed)
    with subject.restored(), np.errstate(all="ignore"):
        for array in subject.variables.values() if nearby else ():
            array += NEARBY * rng.standard_normal(array.shape) * np.maximum(1, abs(array))
        entries = _entries(subject, settings, rng)
    if not nearby and any(entry.undecided for entry in entries):
        again = _compare(subject, settings, nearby=True)
        entries = [
            replace(other, note="beside a corner") if entry.undecided else entry
            for entry, other in zip(entries, again, strict=True)
        ]
    if nearby or not elsewhere or not all(entry.passed for entry in entries):
        return entries
    return _checked_elsewhere(subject, settings, entries)


def _checked_elsewhere(
    subject: Differentiable, settings: Settings, entries: list[Entry]
) -> list[Entry]:
    """Return the entries, failed where the gradient is wrong at both of two points nearby.

    At one of them a corner may be close. Digits are lost in a direction in which everything moves: hence STALE.
    """
    wrong = {entry.name for entry in entries}
    settings = settings._replace(directions=1)
    for point in range(2):
        rng = np.random.default_rng([settings.seed, point])
        try:
            with subject.restored(), np.errstate(all="ignore"):
                for array in subject.variables.values():
                    array *= 1 + ELSEWHERE * rng.standard_normal(array.shape)
                found = _gradients(subject, settings, rng)[-1]
        except Exception:  # of the user's code, which may not be defined there
            return entries
        wrong &= {e.name for e in found if not e.undecided and e.error > STALE}
        if not wrong:
            return entries
    return [
        replace(e, passed=False, note="right at this point only") if e.name in wrong else e
        for e in entries
    ]


def _entries(subject: Differentiable, settings: Settings, rng: np.random.Generator) -> list[Entry]:
    """Compare gradients with numeric ones where the arrays are, and with each other."""
    slopes, gradients, entries = _gradients(subject, settings, rng)
    black_box, dy, linear = slopes.black_box, slopes.upstream, callable(subject.evaluate()[1])
    if not entries:
        raise InputError("nothing was checked: no gradient of a float array was returned")
    black_box.require_the_same()
    if subject.fresh:
        black_box.require_the_same(subject.fresh)
    wrong = dict(subject.notes)
    size = FLOOR * float(slopes.sizes.sum())
    for factor in SCALES if linear else (1.0,):
        black_box.move_away()  # so that anything stored belongs to another point
        again = subject.gradients(factor * dy)
        for name, gradient in gradients.items():
            if gradient is not None and differ(again[name], factor * gradient, abs(factor) * size):
                wrong.setdefault(name, f"different when asked again, for dy times {factor:g}")
    if linear:
        mask = rng.random(dy.shape) < 0.5
        parts = [subject.gradients(np.where(part, dy, 0)) for part in (mask, ~mask)]
        for name, gradient in gradients.items():
            found = [part[name] for part in parts]
            if gradient is not None and not add_up(found, gradient, size):
                wrong.setdefault(name, "not the sum of those for two parts of dy")
    return [
        replace(e, passed=False, undecided=False, note=wrong[e.name]) if e.name in wrong else e
        for e in entries
    ]


def _gradients(
    subject: Differentiable, settings: Settings, rng: np.random.Generator
) -> tuple[Slopes, dict[str, np.ndarray | None], list[Entry]]:
    """Compare gradients with numeric ones; return the slopes, the gradients and the entries."""
    black_box = BlackBox(lambda: subject.evaluate()[0], rng)
    black_box.remember(*_probes(subject.variables, rng))
    if not np.isfinite(black_box.y).all():
        raise InputError("the value is not finite: there is no derivative of it")
    shape = black_box.y.shape
    upstream = _upstream(settings.upstream, shape, callable(subject.evaluate()[1]), rng)
    slopes = Slopes(black_box, upstream)
    gradients = subject.gradients(slopes.upstream)
    entries = [
        Comparison(slopes, name, lines, gradient, settings.method, settings.tolerance).entry(
            subject.owned
        )
        for name, gradient in gradients.items()
        if gradient is not None and gradient.size
        for lines in _lines(subject.variables[name], settings.directions, rng)
    ]
    return slopes, gradients, entries


def _upstream(
    given: np.ndarray | None, shape: tuple[int, ...], is_wanted: bool, rng: np.random.Generator
) -> np.ndarray:
    """Return the upstream gradient: that which was given, or a random one."""
    drawn = rng.standard_normal(shape) if is_wanted else np.ones(())
    if given is None:
        return np.asarray(drawn)
    if not is_wanted or given.shape != shape:
        wanted = f"have the value's shape {shape}" if is_wanted else "be left out: there is no vjp"
        raise InputError(f"upstream, of shape {given.shape}, must {wanted}")
    return given


def _probes(variables: Mapping[str, np.ndarray], rng: np.random.Generator) -> Iterator[Line]:
    """Yield lines through single elements of a few arrays."""
    arrays = [array for array in variables.values() if array.size]
    for i in rng.permutation(len(arrays))[:PROBES]:
        yield Line(arrays[i], tuple(int(rng.integers(n)) for n in arrays[i].shape))


def _lines(
    array: np.ndarray, directions: int | None, rng: np.random.Generator
) -> Iterator[list[Line]]:
    """Yield the lines of each entry: one through each element, or one in a random direction."""
    if directions is None:
        yield [Line(array, index) for index in np.ndindex(array.shape)]
    for _ in range(directions or 0):
        yield [Line(array, ..., rng.standard_normal(array.shape) / np.sqrt(array.size))]
