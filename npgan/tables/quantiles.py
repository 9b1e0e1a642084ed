r"""Numbers as normal scores: whatever the distribution of a column, the network sees N(0, 1).

If x has the distribution function F, F(x) is uniform on (0, 1) where F is continuous, and z = Φ⁻¹(F(x)) is standard
normal. Where a value has a share of its own, F jumps from a to b; u drawn uniformly from (a, b) makes z standard
normal all the same, and F⁻¹(u) is that value for every such u (the distributional transform, Rüschendorf 2009). So one
map serves whole numbers, columns full of zeros, and heavy tails, and the range of the data is kept. CTGAN (Xu et al.
2019) instead fits a Gaussian mixture to each column, and its network learns to which mode a value belongs, and its
place there. A jump at zero is then a mode of almost no width, and tails beyond four standard deviations of a mode are
cut.

The map is given by knots (z_i, x_i), and linear between them. Two knots with the same x are a value with a share of
its own; two knots with the same z are a gap between values.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from npgan.errors import InputError
from npgan.tables.normal import FARTHEST, probability, score

KNOTS = 1000
"""If there are at most so many different values, each has a share of its own; else so many knots approximate them."""
SHARE = 1 / KNOTS
"""A value that at least this share of the rows has, has a share of its own in any case."""


@dataclass(frozen=True)
class Quantiles:
    """Knots z (k,) and x (k,), both float64 and ascending; each z is exact in float32."""

    z: np.ndarray
    x: np.ndarray

    @classmethod
    def fit(cls, values: np.ndarray) -> "Quantiles":
        """Return the knots of values (n,), finite, at least one."""
        distinct, counts = np.unique(values, return_counts=True)
        ends = np.concatenate([[0], np.cumsum(counts)]) / len(values)
        alone = counts >= (SHARE * len(values) if len(distinct) > KNOTS else 0)
        u = np.concatenate([ends[:-1][alone], ends[1:][alone]])
        x = np.concatenate([distinct[alone], distinct[alone]])
        if not alone.all():
            more_u, more_x = _between(distinct, counts, ends, alone)
            u, x = np.concatenate([u, more_u]), np.concatenate([x, more_x])
        order = np.lexsort([u, x])
        z = score(u[order]).astype(np.float32).astype(np.float64)
        return cls(np.maximum.accumulate(z), x[order])

    def encode(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the normal scores (n,), float32, of values (n,); values beyond the knots have the score of the last.

        >>> q = Quantiles.fit(np.array([0.0, 0, 0, 5]))
        >>> q.decode(q.encode(np.array([0.0, 5, 0]), np.random.default_rng(0)))
        array([0., 5., 0.])
        """
        x = np.clip(x, self.x[0], self.x[-1])
        low = np.searchsorted(self.x, x, "left")
        high = np.searchsorted(self.x, x, "right") - 1
        z = np.interp(x, self.x, self.z)
        wide = high > low  # a value with a share of its own
        a, b = self.z[low[wide]], self.z[high[wide]]
        below, above = probability(a), probability(b)
        drawn = score(below + (above - below) * rng.random(len(a))).astype(np.float32)
        inside = np.nextafter(b.astype(np.float32), np.float32(-FARTHEST - 1))
        z[wide] = np.maximum(np.minimum(drawn, inside), a)
        return z.astype(np.float32)

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Return the values (n,), float64, of normal scores (n,)."""
        if len(self.z) == 1:
            return np.full(len(z), self.x[0])
        i = np.clip(np.searchsorted(self.z, z, "right") - 1, 0, len(self.z) - 2)
        width = self.z[i + 1] - self.z[i]
        t = np.clip((z - self.z[i]) / np.where(width > 0, width, 1), 0, 1)
        return self.x[i] + (self.x[i + 1] - self.x[i]) * t

    def to_dict(self) -> dict[str, list[float]]:
        """Return the knots as lists."""
        return {"z": self.z.tolist(), "x": self.x.tolist()}

    @classmethod
    def from_dict(cls, said: Any) -> "Quantiles":
        """Return the quantiles of such lists, or raise an InputError."""
        both = isinstance(said, dict) and {*said} == {"z", "x"}
        z, x = (_ascending(said[name]) if both else None for name in "zx")
        if (
            (z is not None and x is not None and len(z) == len(x))
            and abs(z).max() <= FARTHEST
            and (z.astype(np.float32) == z).all()
        ):
            return cls(z, x)
        raise InputError("the quantiles of a column must be ascending numbers z, within ±6, and x")


def _between(
    distinct: np.ndarray, counts: np.ndarray, ends: np.ndarray, alone: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return knots (u, x) where no value has a share of its own: evenly spaced in z, so denser in the tails.

    The neighbours of values with a share of their own are among them, so that almost no probability lies between them.
    """
    n = counts.sum()
    middle = (ends[:-1] + ends[1:]) / 2
    farthest = -score(np.array([0.5 / n]))[0]
    u = probability(np.linspace(-farthest, farthest, KNOTS))
    x = np.interp(u, middle, distinct)
    owner = np.clip(np.searchsorted(ends, u, "right") - 1, 0, len(distinct) - 1)
    free = ~alone[owner]
    beside = ~alone & (np.r_[False, alone[:-1]] | np.r_[alone[1:], False])
    beside[[0, -1]] = ~alone[[0, -1]]
    return np.concatenate([u[free], middle[beside]]), np.concatenate([x[free], distinct[beside]])


def _ascending(said: Any) -> np.ndarray | None:
    """Return a list of ascending, finite numbers as an array, and None for anything else."""
    if not isinstance(said, list) or not 1 <= len(said) <= 8 * KNOTS:
        return None
    if not all(type(one) in (int, float) and abs(one) < 1e308 for one in said):
        return None
    found = np.array(said, np.float64)
    return found if (np.diff(found) >= 0).all() else None
