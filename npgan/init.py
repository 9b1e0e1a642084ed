r"""Initialisers: how large random weights must be for signals to keep their size through a layer.

A dense layer sums ``fan_in`` terms forward and ``fan_out`` backward, so the variance of a signal is
multiplied by :math:`n\,\mathrm{Var}(w)`; each rule here makes that 1 under its own assumption.
``<name>(rng, (fan_in, fan_out)) -> float64 array``.
"""

from collections.abc import Callable

import numpy as np


def zeros(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """All zero: for biases.

    >>> zeros(np.random.default_rng(0), (2,))
    array([0., 0.])
    """
    return np.zeros(shape)


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """:math:`N(0, 0.02^2)` (DCGAN: Radford et al. 2016, sec. 4).

    >>> normal(np.random.default_rng(0), (1000, 100)).std().round(3)
    np.float64(0.02)
    """
    return 0.02 * rng.standard_normal(shape)


def glorot_uniform(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    r"""Uniform of variance :math:`2/(n_{in} + n_{out})` (Glorot and Bengio 2010, eq. 16).

    A uniform variable on :math:`[-a, a]` has variance :math:`a^2/3`.

    >>> glorot_uniform(np.random.default_rng(0), (300, 100)).var().round(4)
    np.float64(0.005)
    """
    bound = np.sqrt(6 / sum(shape))
    return rng.uniform(-bound, bound, shape)


def glorot_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    r"""Normal of variance :math:`2/(n_{in} + n_{out})` (Glorot and Bengio 2010, eq. 12).

    >>> glorot_normal(np.random.default_rng(0), (300, 100)).var().round(4)
    np.float64(0.005)
    """
    return np.sqrt(2 / sum(shape)) * rng.standard_normal(shape)


def he_uniform(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    r"""Uniform of variance :math:`2/n_{in}`: a ReLU lets half through (He et al. 2015, eq. 10).

    >>> he_uniform(np.random.default_rng(0), (400, 100)).var().round(4)
    np.float64(0.005)
    """
    bound = np.sqrt(6 / shape[0])
    return rng.uniform(-bound, bound, shape)


def he_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    r"""Normal of variance :math:`2/n_{in}` (He et al. 2015, eq. 10).

    >>> he_normal(np.random.default_rng(0), (400, 100)).var().round(4)
    np.float64(0.005)
    """
    return np.sqrt(2 / shape[0]) * rng.standard_normal(shape)


def fan_in_uniform(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    r"""Uniform on :math:`\pm 1/\sqrt{n_{in}}`: variance :math:`1/3n_{in}`, torch's default.

    Source: LeCun et al. 1998, "Efficient BackProp", sec. 4.6, with a third of its variance.

    >>> abs(fan_in_uniform(np.random.default_rng(0), (400, 100))).max().round(3)
    np.float64(0.05)
    """
    bound = 1 / np.sqrt(shape[0])
    return rng.uniform(-bound, bound, shape)


def orthogonal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Orthonormal rows or columns, whichever are fewer (Saxe et al. 2014).

    The Q of a Gaussian matrix's QR decomposition, uniform once R's diagonal is made positive.

    >>> q = orthogonal(np.random.default_rng(0), (5, 3))
    >>> bool(np.allclose(q.T @ q, np.eye(3)))
    True
    """
    tall = (max(shape), min(shape))
    q, r = np.linalg.qr(rng.standard_normal(tall))
    q = q * np.sign(np.diag(r))
    return q if shape == tall else q.T


INITIALIZERS: dict[str, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]] = {
    rule.__name__: rule
    for rule in (
        zeros,
        normal,
        glorot_uniform,
        glorot_normal,
        he_uniform,
        he_normal,
        fan_in_uniform,
        orthogonal,
    )
}
