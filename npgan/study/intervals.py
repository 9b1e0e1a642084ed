r"""How far measures would vary with other held-out rows, if there are few: 95 % intervals.

The model and its samples stay as they are; only the held-out rows are taken for a random draw.

=========================== =======================================================================
a share of held-out rows    Wilson's interval, :func:`share`: if no row is one, a bootstrap says that
                            none ever is
a mean over held-out rows   :math:`\bar x \pm zs/\sqrt m`, :func:`mean`
all else                    half-samples, :func:`spread`
=========================== =======================================================================

A bootstrap with replacement (Efron 1979) draws rows twice. These are their own nearest neighbours, and the Fréchet
distance, which is the larger the fewer rows there are, would be that of fewer rows. So halves are drawn without
replacement: b = m // 2 of m rows. The variance of :math:`\theta_b - \theta_m` is about
:math:`\sigma^2(1/b - 1/m)`, that of a figure of m rows :math:`\sigma^2/m`, and the ratio of the second to the first
b / (m - b), 1 for an even m. What a figure of few rows is off by on average, its bias, is not in the interval. It
is about as large in the same figure of real rows, ``<name>_real``.
Sources: Shao and Wu 1989 (the jackknife that leaves out half); Politis and Romano 1994 (subsampling).
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from npgan.metrics import NEIGHBOURS, class_statistics
from npgan.metrics.frechet import frechet_of_parts
from npgan.metrics.neighbours import neighbours_of_parts
from npgan.study.sample_metrics import Representation

SMALL = 1000
"""As many held-out rows have no intervals."""
PARTS = 100
"""The number of halves, whose standard deviation is then known to 7 %."""
Z = 1.959964  # 95 % of normal draws lie within
SHARES = "recall", "coverage"
"""The measures of neighbours that are shares of held-out rows."""
LIMITS = {"frechet_distance": (0, np.inf), "density": (0, np.inf), "d_gap": (-np.inf, np.inf)}
"""What figures lie between, if that is not 0 and 1."""
Interval = list[float]


def share(p: float, n: int) -> Interval:
    r"""Return the interval of a share p of n rows, or of the mean of n numbers in [0, 1], for which it is wide enough.

    It is :math:`(p + z^2/2n \pm z \sqrt{p(1-p)/n + z^2/4n^2}) / (1 + z^2/n)`. Source: Wilson 1927.

    >>> share(0.0, 34)
    [0.0, 0.101514556]
    """
    middle, reach = p + Z**2 / (2 * n), Z * np.sqrt(p * (1 - p) / n + Z**2 / (4 * n * n))
    ends = np.clip([middle - reach, middle + reach], 0, 1 + Z**2 / n) / (1 + Z**2 / n)
    return ends.round(9).tolist()


def mean(x: np.ndarray) -> Interval | None:
    """Return the interval of the mean of numbers (m,); None, if they are too many or one.

    >>> np.array(mean(np.array([1.0, 3.0]))).round(6)
    array([0.040036, 3.959964])
    """
    if not 1 < len(x) < SMALL:
        return None
    x = np.asarray(x, np.float64)
    reach = Z * x.std(ddof=1) / np.sqrt(len(x))
    return [float(x.mean() - reach), float(x.mean() + reach)]


def halves(m: int) -> np.ndarray | None:
    """Return the rows (PARTS, m // 2) of random halves, always the same; None, if they are too many or too few."""
    if not 2 * NEIGHBOURS + 1 < m < SMALL:
        return None
    rows = np.tile(np.arange(m), (PARTS, 1))
    return np.random.default_rng(0).permuted(rows, axis=1)[:, : m // 2]


def spread(name: str, value: float, of_halves: np.ndarray, m: int) -> Interval:
    """Return the interval of a figure, from the same figure of halves of the m rows.

    >>> spread("density", 1.0, np.array([0.4, 0.6]), 12)
    [0.8040036, 1.1959964]
    """
    b = m // 2
    reach = Z * np.std(of_halves) * np.sqrt(b / (m - b))
    return np.clip([value - reach, value + reach], *LIMITS.get(name, (0, 1))).round(9).tolist()


def of_halves(m: int, figures: Callable[[Any], Mapping[str, Any]]) -> dict[str, Interval]:
    """Return intervals by the names of figures, which a function of rows returns; empty without halves."""
    parts = halves(m)
    if parts is None:
        return {}
    found = [figures(part) for part in parts]
    return {
        f"{name}_interval": spread(name, float(value), np.array([one[name] for one in found]), m)
        for name, value in figures(slice(None)).items()
    }


def of_samples(
    ours: Representation, test: Representation, found: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what :meth:`npgan.study.sample_metrics.SampleMetrics.measure` found, with intervals."""
    result, m = dict(found), len(test.rows)
    parts = halves(m)
    if parts is None:
        return result
    sets = {"": (ours.rows, test.rows), "feature_": (ours.features, test.features)}
    for prefix, both in sets.items():
        if (name := f"{prefix}frechet_distance") in found:
            values = frechet_of_parts(*both, parts)
            result[f"{name}_interval"] = spread("frechet_distance", found[name], values, m)
    sets[""] = ours.directions, test.directions
    for prefix, both in sets.items():
        if (name := f"{prefix}neighbours") in found:
            result[name] = _of_neighbours(found[name], neighbours_of_parts(*both, parts), m)
    if ours.probabilities is not None and test.probabilities is not None:
        p, q = ours.probabilities, test.probabilities
        name = "total_variation"
        result["classes"] |= of_halves(m, lambda part: {name: class_statistics(p, q[part])[name]})
    return result


def _of_neighbours(found: Mapping[str, float], of_parts: Any, m: int) -> dict[str, Any]:
    shares = {f"{name}_interval": share(found[name], m) for name in SHARES}
    others = {
        f"{name}_interval": spread(name, found[name], values, m)
        for name, values in of_parts.items()
    }
    return {**found, **shares, **others}


def rounded(found: Any) -> Any:
    r"""Return measures with each interval behind its figure, both rounded to two digits of half the interval's length.

    Source: "Guide to the expression of uncertainty in measurement", JCGM 100:2008.

    >>> rounded({"a": 0.123456, "b": 7, "a_interval": [0.10221, 0.16221]})
    {'a': 0.123, 'a_interval': [0.102, 0.162], 'b': 7}
    """
    if not isinstance(found, Mapping):
        return found
    result: dict[str, Any] = {}
    for name, value in found.items():
        if (interval := found.get(f"{name}_interval")) is None:
            result.setdefault(name, rounded(value))
            continue
        low, high = interval
        digits = 1 - int(np.floor(np.log10((high - low) / 2))) if high > low else 9
        result[name], *ends = (round(float(x), digits) for x in (value, low, high))
        result[f"{name}_interval"] = ends
    return result
