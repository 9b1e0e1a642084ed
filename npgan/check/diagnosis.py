r"""What a mistake looks like: ways to go wrong, each tried on a wrong gradient.

Of an array x the checker has the wrong gradient g, and by differences the right one n. Each function of :data:`KINDS`
makes a wrong gradient on purpose from what is known of n, such as -n, and says in words what went wrong if g is that.
The first that fits is the diagnosis.

A value y with an upstream gradient v has :math:`n_i = \sum_j v_j\,\partial y_j/\partial x_i`. A backward pass claims
derivatives, too: its gradients for unit vectors v are the rows of a matrix. Compared with the Jacobian of y, that
matrix shows which terms of the sum are missing, have another sign, or belong somewhere else.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, combinations, product
from typing import NamedTuple

import numpy as np

from npgan.check.likeness import ALIKE, alike, another_axis, fitted, lines, rank, size, spanned

SCALE = -2.0  # the multiple of v for which the gradient is asked once more


@dataclass(frozen=True)
class Evidence:
    """What is known of an array x whose gradient is wrong.

    Attributes
    ----------
    analytic, numeric : its two gradients, g and n
    upstream : v, of the shape of the value y
    jacobian : (y.size, x.size), the derivatives of y
    claimed : (y.size, x.size), the same by the backward pass
    scaled : the analytic gradient for :data:`SCALE` times v
    arrays : name -> what the function reads, and "y" and "dy"
    gradients : name -> right gradients of other arrays
    paths : name -> a term of n
    at : ``at(name, array)`` is n where the array of that name has other numbers
    rows : how many samples there are
    """

    analytic: np.ndarray
    numeric: np.ndarray
    upstream: np.ndarray
    jacobian: np.ndarray
    claimed: np.ndarray
    scaled: np.ndarray
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    gradients: Mapping[str, np.ndarray] = field(default_factory=dict)
    paths: Mapping[str, np.ndarray] = field(default_factory=dict)
    at: Callable[[str, np.ndarray], np.ndarray] | None = None
    rows: int = 1

    def is_like(self, candidate: np.ndarray) -> bool:
        """Return whether g is this candidate."""
        return alike(self.analytic, candidate)

    def of(self, upstream: np.ndarray) -> np.ndarray:
        """Return the right gradient for another upstream gradient."""
        return (upstream.ravel() @ self.jacobian).reshape(self.numeric.shape)

    @property
    def has_upstream(self) -> bool:
        """Whether the value is an array, not a loss."""
        return self.upstream.ndim > 0

    @property
    def is_linear(self) -> bool:
        """Whether g is linear in v, as it must be."""
        return alike(self.scaled, SCALE * self.analytic)

    @property
    def is_elementwise(self) -> bool:
        """Whether each element of y depends on its own element of x alone."""
        diagonal = np.diag(np.diag(self.jacobian))
        return self.jacobian.size > 1 and alike(self.jacobian, diagonal)


class Finding(NamedTuple):
    """A kind of mistake, a name of :data:`KINDS`, and what it looks like."""

    kind: str
    words: str


def sign(e: Evidence) -> str:
    """Try -n."""
    return "the sign is wrong: -1 times the derivative" if e.is_like(-e.numeric) else ""


def stop(e: Evidence) -> str:
    """Try 0."""
    return "" if e.analytic.any() else "0 where it should not be: the gradient stops"


def _ratio(e: Evidence) -> float:
    """Return g/n if that is one number, or else 0."""
    largest = int(np.argmax(abs(e.numeric)))
    ratio = float(e.analytic.flat[largest]) / (float(e.numeric.flat[largest]) or np.inf)
    return ratio if abs(ratio) > ALIKE and e.is_like(ratio * e.numeric) else 0.0


def rows(e: Evidence) -> str:
    """Try n times and 1/n of the derivative, for the number of rows and others that means are taken over."""
    ratio = _ratio(e)
    counts = {"rows": e.rows, "numbers": e.numeric.size}
    counts["numbers in a row"] = e.numeric.size // max(e.rows, 1) if e.numeric.ndim > 1 else 0
    counts["values that add up"] = e.upstream.size // e.numeric.size
    for what, count in counts.items():
        for factor, word in (count, "n"), (1 / max(count, 1), "1/n"):
            if count > 2 and abs(ratio - factor) < ALIKE * factor:
                return f"{word} times the derivative, n = {count} being the number of {what}"
    return ""


def factor(e: Evidence) -> str:
    """Try multiples of n."""
    ratio = _ratio(e)
    return f"{ratio:.6g} times the derivative" if ratio else ""


def factors(e: Evidence) -> str:
    """Try n with a factor of its own for each column, or for each row."""
    for axis, what in ((-1, "column"), (0, "row")) if e.numeric.ndim > 1 else ():
        right, given = lines(e.numeric, axis), lines(e.analytic, axis)
        if min(right.shape) > 1 and (found := fitted(given, right)) is not None and found.all():
            some = ", ".join(f"{ratio:.3g}" for ratio in found[:3, 0])
            return f"each {what} has a factor of its own: {some}, ..."
    return ""


def spread(e: Evidence) -> str:
    """Try n times a known array a, or times exp(a/2), the sigma of a log-variance, or 1 over it; then dy/a and dy a."""
    with np.errstate(all="ignore"):
        for name, a in e.arrays.items():
            if name != "dy" and a.shape == e.numeric.shape:
                tried = {
                    name: a,
                    f"exp({name}/2)": np.exp(a / 2),
                    f"exp(-{name}/2)": np.exp(-a / 2),
                }
                for words, factor in tried.items():
                    if e.is_like(factor * e.numeric):
                        return f"{words} times the derivative"
            if name not in ("y", "dy") and a.ndim > 0 and e.upstream.shape[-a.ndim :] == a.shape:
                for words, other in (
                    ("not multiplied", e.upstream / a),
                    ("multiplied", e.upstream * a),
                ):
                    if e.is_like(e.of(other)):
                        return f"dy is {words} by {name}"
    return ""


def lacking(e: Evidence) -> str:
    """Try n without a factor y."""
    y = e.arrays.get("y")
    found = y is not None and y.shape == e.numeric.shape and alike(y * e.analytic, e.numeric)
    return "the factor y is missing" if found else ""


def transpose(e: Evidence) -> str:
    """Try n transposed, and v times matrices that were not transposed, or reshaped instead."""
    candidates = [e.numeric.T, e.numeric.T.reshape(e.numeric.shape)]
    matrices = [a for a in (*e.arrays.values(), e.upstream) if a.ndim == 2]
    for a, b in product(matrices, repeat=2):
        turned = b.reshape(b.shape[::-1])
        for one, two in (a, b), (a, turned), (turned, a):
            if one.shape[1] == two.shape[0]:
                candidates.append(one @ two)
    if len(e.jacobian) == e.jacobian.shape[1]:
        candidates.append((e.jacobian @ e.upstream.ravel()).reshape(e.numeric.shape))
    found = e.has_upstream and any(map(e.is_like, candidates))
    return "a matrix is not transposed, or one is that should not be" if found else ""


def mask(e: Evidence) -> str:
    """Try the same derivative at other elements, chosen at random; of a loss, more than 0 where n is 0."""
    wrong, on = (abs(g) > ALIKE * size(e.numeric) for g in (e.analytic - e.numeric, e.numeric))
    if not e.has_upstream and wrong.any() and on.any() and np.array_equal(wrong, ~on):
        return f"0 would be right in {wrong.sum()} of {wrong.size} elements: a mask is not applied"
    if not (e.is_elementwise and e.is_linear and e.upstream.all()):
        return ""
    right, given = (g.ravel() / e.upstream.ravel() for g in (e.numeric, e.analytic))
    on, mine = abs(right) > ALIKE, abs(given) > ALIKE
    chosen = any(np.array_equal(on, a.ravel() > 0) for a in e.arrays.values())
    one = all(np.ptp(slopes) < ALIKE for slopes in (right[on], given[mine]) if slopes.size)
    is_mask = one and not chosen and (on != mine).any() and not (on.all() and mine.all())
    return "a mask is not applied, or another one is" if is_mask and mine.any() else ""


def derivative(e: Evidence) -> str:
    """Try dy itself, and derivatives at other places."""
    if not e.has_upstream:
        return ""
    own = all(array.shape == e.upstream.shape for array in e.arrays.values())
    if e.is_like(e.upstream) and (e.is_elementwise or own):
        return "the derivative is missing: dy is returned as it is"
    if e.is_elementwise and not e.is_linear:
        return "the derivative is taken at dy, not at x"
    for name, array in e.arrays.items() if e.at else ():
        places = {n: a for n, a in e.arrays.items() if a.shape == array.shape and n != name}
        if e.is_elementwise:
            places[f"-{name}"] = -array
        for place, other in places.items() if name not in ("y", "dy") else ():
            if e.at and e.is_like(e.at(name, other)):
                return f"the derivative is taken at {place}, not at {name}"
    return ""


def function(e: Evidence) -> str:
    """Accept every other multiple of dy, where an element of x has a part in one of y alone."""
    found = e.has_upstream and e.is_linear and ((abs(e.jacobian) > ALIKE).sum(axis=0) <= 1).all()
    return "the derivative is that of another function" if found else ""


def upstream(e: Evidence) -> str:
    """Try a gradient that is the same for another upstream gradient."""
    ignored = e.has_upstream and alike(e.scaled, e.analytic)
    return "the upstream gradient dy is ignored" if ignored else ""


def _by_sample(e: Evidence) -> np.ndarray:
    """Return the share of each sample in n: of those that have one."""
    shares = (
        (e.upstream.reshape(-1, 1) * e.jacobian)
        .reshape(len(e.upstream), -1, e.numeric.size)
        .sum(axis=1)
    )
    return np.array([share.reshape(e.numeric.shape) for share in shares if size(share) > ALIKE])


def unsummed(e: Evidence) -> str:
    """Try the share of a single sample."""
    shares = _by_sample(e) if e.has_upstream else ()
    one = len(shares) > 1 and any(map(e.is_like, shares))
    return "it is not summed over the samples: one of them has it all" if one else ""


def sample(e: Evidence) -> str:
    """Try n without the share of one sample."""
    shares = _by_sample(e) if e.has_upstream else ()
    missing = len(shares) > 1 and any(e.is_like(e.numeric - share) for share in shares)
    return "the share of one sample is missing" if missing else ""


def other(e: Evidence) -> str:
    """Try gradients of other arrays, other upstream gradients, and the right numbers at other places."""
    if not e.numeric.any():
        return "0 would be right: the value does not depend on it"
    for name, gradient in e.gradients.items():
        if e.is_like(gradient):
            return f"this is the gradient of {name}"
    v = e.upstream
    instead = {n: a for n, a in e.arrays.items() if n != "dy" and a.shape == v.shape != ()}
    moved = [np.flip(v, axis) for axis in range(v.ndim)]
    moved += [np.roll(v, i, axis=0) for i in range(1, len(v) if v.ndim else 0)]
    for name, array in instead.items():
        if e.is_like(e.of(array)):
            return f"{name} is taken for the upstream gradient"
    for name, array in e.arrays.items():
        if name != "dy" and e.is_like(array):
            return f"this is {name}"
    if any(e.is_like(e.of(array)) for array in moved):
        return "the upstream gradient has its rows or columns in another order"
    pairs = [(e.analytic, e.numeric)] + [(e.claimed, e.jacobian)] * e.is_linear
    if any(alike(np.sort(g, axis=None), np.sort(n, axis=None)) for g, n in pairs):
        return "the numbers are right, at other places"
    if (
        e.has_upstream
        and e.is_linear
        and all(any(alike(c, j) for j in e.jacobian) for c in e.claimed)
    ):
        return "rows or columns of dy are taken for others"
    return ""


def terms(e: Evidence) -> Finding | None:
    """Try n with some of its terms missing, or times a number: the wrong entries of the Jacobian, or paths."""
    right, given = e.jacobian, e.claimed
    if e.paths:
        right = np.array([*e.paths.values(), e.numeric - sum(e.paths.values())]).reshape(
            -1, e.numeric.size
        )
        found = np.linalg.lstsq(right.T, e.analytic.ravel())[0]
        if not alike(found @ right, e.analytic.ravel()):
            return None
        given = found[:, None] * right
    elif not (e.has_upstream and e.is_linear):
        return None
    wrong = abs(given - right) > ALIKE * size(given, right)
    right, given, of = right[wrong], given[wrong], "paths" if e.paths else "derivatives"
    some = f"in some of its {of}"
    if alike(given, -right):
        return Finding("sign", f"the sign is wrong {some}")
    if size(given) <= ALIKE * size(right):
        return Finding("path", f"some of its {of} are missing: only the others are added up")
    if size(right) <= ALIKE * size(given):
        return Finding("mask", f"0 would be right {some}: a mask is not applied")
    ratio = float(given[0] / (right[0] or np.inf))
    return (
        Finding("factor", f"{ratio:.6g} times the derivative {some}")
        if ratio and alike(given, ratio * right)
        else None
    )


def path(e: Evidence) -> str:
    """Try n without a term that is, along an axis, one number, in proportion to something, or has rank 1."""
    if e.is_like(e.upstream):
        return "the path through the layers is missing: dy is returned as it is"
    rest = e.analytic - e.numeric
    if another_axis(rest, [np.ones(rest.shape), *e.arrays.values()]):
        return "a sum or a mean is taken over another axis"
    ones, known = np.ones(rest.shape), [a for a in e.arrays.values() if a.shape == rest.shape]
    products = [a * b for a, b in combinations(known, 2)]
    bases = chain(((a,) for a in (ones, *known, *products)), ((ones, a) for a in known))
    lonely = rank(rest) == 1 < rank(e.numeric)
    if lonely or any(spanned(rest, basis) for basis in bases):
        return "a second path is missing, through a mean or a norm perhaps: g - n is in proportion along an axis"
    return ""


KINDS: dict[str, Callable[[Evidence], str]] = {
    "sign": sign,
    "stop": stop,
    "rows": rows,
    "factor": factor,
    "transpose": transpose,
    "mask": mask,
    "sum": unsummed,
    "sample": sample,
    "other": other,
    "upstream": upstream,
    "derivative": derivative,
}
"""Kind of mistake -> a function that tries it: what it looks like in words, or "" if it was another."""

IN_PART = "sign", "stop", "upstream", "factor"
"""Kinds that are also tried on the wrong elements alone."""

AT_LAST = (
    *(("factor", factors), ("factor", spread), ("derivative", lacking)),
    *(("path", path), ("derivative", function)),
)
"""Kinds of which less is needed."""


def diagnose(e: Evidence) -> Finding | None:
    """Return what the mistake looks like; None if it looks like none of :data:`KINDS`.

    >>> n, v = np.array([1.0, -2.0]), np.ones(())
    >>> diagnose(Evidence(-n, n, v, n[None], -n[None], -n))
    Finding(kind='sign', words='the sign is wrong: -1 times the derivative')
    """
    return surely(e) or _first(AT_LAST, e)


def surely(e: Evidence) -> Finding | None:
    """Return what the mistake looks like, if hardly another one looks like that."""
    return _first(KINDS.items(), e) or _in_part(e) or terms(e)


def _first(kinds: Iterable[tuple[str, Callable[[Evidence], str]]], e: Evidence) -> Finding | None:
    found = (Finding(kind, words) for kind, tried in kinds if (words := tried(e)))
    return next(found, None)


def _in_part(e: Evidence) -> Finding | None:
    """Try kinds on the wrong elements alone."""
    wrong = abs(e.analytic - e.numeric) > ALIKE * size(e.analytic, e.numeric)
    places = np.flatnonzero(wrong)
    if not 0 < len(places) < wrong.size:
        return None
    given = {name: getattr(e, name).ravel()[places] for name in ("analytic", "numeric", "scaled")}
    part = replace(e, **given)
    for kind in IN_PART:
        if (words := KINDS[kind](part)) and (len(places) > 1 or kind in ("sign", "stop")):
            return Finding(kind, f"{words}, in {len(places)} of {wrong.size} elements")
    return None
