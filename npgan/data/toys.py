r"""Two-dimensional toy distributions, on which a generator's failures can be seen.

Every sampler is a pure function of a random generator and returns (n, 2) float32. The ring and
the grids are mixtures of K Gaussians with centres :math:`\mu_k`, each with the same share:

.. math:: p(x) = \frac{1}{K} \sum_{k=1}^{K} \mathcal{N}(x;\, \mu_k,\, \sigma^2 I)

"""

import zlib
from collections.abc import Callable
from functools import wraps

import numpy as np

from npgan import errors
from npgan.data.dataset import Dataset
from npgan.errors import chosen, count

Sampler = Callable[[int, np.random.Generator], np.ndarray]

MOST_CENTRES = 1000  # in a row
MOONS_NOISE = 0.05
SPIRAL_NOISE = 0.02


def ring_centres() -> np.ndarray:
    """Return the centres of the ring, (8, 2) float32: evenly spaced on the unit circle."""
    angle = 2 * np.pi * np.arange(8) / 8
    return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)


def grid_centres(side: int, spacing: float) -> np.ndarray:
    """Return the centres of a grid, (side², 2) float32, in rows about the origin.

    >>> grid_centres(2, 3.0).tolist()
    [[-1.5, -1.5], [1.5, -1.5], [-1.5, 1.5], [1.5, 1.5]]
    """
    side, spacing = count("side", side, 1, MOST_CENTRES), errors.positive("spacing", spacing)
    line = spacing * (np.arange(side) - (side - 1) / 2)
    centres = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    return errors.array("the grid", centres, ("k", 2), dtype=np.float32)


MIXTURES = {
    "ring": (ring_centres(), 0.01),
    "grid": (grid_centres(5, 2.0), 0.05),
    "grid100": (grid_centres(10, 1.5), 0.1),
}
"""Name -> centres of the modes and the standard deviation of each."""


SAMPLERS: dict[str, Sampler] = {}
"""Name of a toy -> its sampler."""


def _sampler(sampler: Sampler) -> Sampler:
    """Add a sampler to :data:`SAMPLERS`, which from then on checks its arguments."""

    @wraps(sampler)
    def sample(n: int, rng: np.random.Generator) -> np.ndarray:
        return sampler(count("n", n), errors.generator(rng))

    return SAMPLERS.setdefault(sampler.__name__, sample)


@_sampler
def ring(n: int, rng: np.random.Generator) -> np.ndarray:
    r"""Sample 8 Gaussians on the unit circle, :math:`\sigma = 0.01`.

    Mean 0, covariance :math:`(1/2 + \sigma^2) I`.

    >>> ring(3, np.random.default_rng(0)).shape
    (3, 2)
    """
    return _mixture(n, rng, *MIXTURES["ring"])


@_sampler
def grid(n: int, rng: np.random.Generator) -> np.ndarray:
    r"""Sample 25 Gaussians on a 5-by-5 grid of spacing 2, :math:`\sigma = 0.05`.

    Mean 0, covariance :math:`(8 + \sigma^2) I`.
    """
    return _mixture(n, rng, *MIXTURES["grid"])


@_sampler
def grid100(n: int, rng: np.random.Generator) -> np.ndarray:
    r"""Sample 100 Gaussians on a 10-by-10 grid of spacing 1.5, :math:`\sigma = 0.1`.

    Mean 0, covariance :math:`(297/16 + \sigma^2) I`: m points h apart have the
    variance :math:`h^2 (m^2 - 1)/12`.
    """
    return _mixture(n, rng, *MIXTURES["grid100"])


@_sampler
def gaussian(n: int, rng: np.random.Generator) -> np.ndarray:
    r"""Sample the standard normal: :math:`p(x) = e^{-|x|^2 / 2} / 2\pi`, mean 0, covariance I."""
    return rng.standard_normal((n, 2), np.float32)


@_sampler
def moons(n: int, rng: np.random.Generator) -> np.ndarray:
    r"""Sample two interleaved half circles with Gaussian noise, :math:`\sigma = 0.05`.

    Before the noise :math:`(\cos t, \sin t)` or :math:`(1 - \cos t, 1/2 - \sin t)`, evenly,
    with :math:`t` uniform on :math:`[0, \pi]`. Mean :math:`(1/2, 1/4)`, variances
    :math:`3/4 + \sigma^2` and :math:`9/16 - 1/\pi + \sigma^2`.
    """
    t = rng.uniform(0, np.pi, n)
    upper = np.stack([np.cos(t), np.sin(t)], axis=1)
    lower = np.array([1, 0.5]) - upper
    is_upper = rng.integers(2, size=(n, 1)) == 1
    return _blur(np.where(is_upper, upper, lower), MOONS_NOISE, rng)


@_sampler
def spiral(n: int, rng: np.random.Generator) -> np.ndarray:
    r"""Sample two spiral arms of one and a half turns with Gaussian noise, :math:`\sigma = 0.02`.

    Before the noise :math:`\pm r (\cos 3 \pi r, \sin 3 \pi r)` with :math:`r^2` uniform on
    :math:`[0, 1]`. Mean 0, :math:`\mathrm{E}\,|x|^2 = 1/2 + 2 \sigma^2`.
    """
    r = np.sqrt(rng.uniform(size=n)) * rng.choice([-1, 1], n)
    angle = 3 * np.pi * np.abs(r)
    return _blur(np.stack([r * np.cos(angle), r * np.sin(angle)], axis=1), SPIRAL_NOISE, rng)


def load_toy(name: str) -> Dataset:
    """Return a fixed sample of a toy of `SAMPLERS`: 50,000 training and 10,000 test points.

    >>> load_toy("moons")
    Dataset('moons', train=(50000, 2) float32, test=(10000, 2) float32)
    """
    sample = chosen("toy", name, SAMPLERS)
    rng = np.random.default_rng(zlib.crc32(name.encode()))  # no seed that anyone would take
    modes, std = MIXTURES.get(name, (None, None))
    return Dataset(name, sample(50_000, rng), sample(10_000, rng), modes=modes, std=std)


def _mixture(n: int, rng: np.random.Generator, centres: np.ndarray, std: float) -> np.ndarray:
    return _blur(centres[rng.integers(len(centres), size=n)], std, rng)


def _blur(points: np.ndarray, std: float, rng: np.random.Generator) -> np.ndarray:
    return (points + std * rng.standard_normal(points.shape)).astype(np.float32)
