r"""Initialisers: the weights and biases that a dense layer starts from.

A dense layer sums :math:`n_{in}` products in the forward pass and :math:`n_{out}` in the backward pass.
If the weights are independent and have mean 0, each pass multiplies a signal's mean square by
:math:`n\,\mathrm{Var}(w)`, and the activation changes it once more. Each rule's docstring says what
variance it chooses.
``<name>(rng, (n_in, n_out)) -> float64 array``.
"""

from collections.abc import Callable
from functools import wraps
from typing import NamedTuple

import numpy as np

from npgan import errors

Rule = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def _checked(rule: Rule) -> Rule:
    """Let a rule check that it is given a generator, and the two sizes of a layer."""

    @wraps(rule)
    def checked(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return rule(errors.generator(rng), errors.sizes("shape", shape, "(n_in, n_out)"))

    return checked


@_checked
def zeros(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """All zero, for a last layer only: the units between two such layers would stay identical.

    >>> zeros(np.random.default_rng(0), (2, 1))
    array([[0.],
           [0.]])
    """
    return np.zeros(shape)


@_checked
def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    r"""Normal of variance :math:`0.02^2`, whatever the layer's size (DCGAN: Radford et al. 2016, sec. 4).

    It keeps a signal's size for n = 2500 only. In smaller layers signals fade, which is useful where a
    network should start as a nearly constant function.

    >>> normal(np.random.default_rng(0), (1000, 100)).std().round(3)
    np.float64(0.02)
    """
    return 0.02 * rng.standard_normal(shape)


@_checked
def glorot_uniform(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    r"""Uniform of variance :math:`2/(n_{in} + n_{out})` (Glorot and Bengio 2010, eq. 16).

    A compromise between :math:`n_{in}\mathrm{Var}(w) = 1` forward and :math:`n_{out}\mathrm{Var}(w) = 1`
    backward: both hold where the layer is as wide as its input. The activation is taken to be the identity,
    as tanh nearly is close to 0. A uniform variable on :math:`[-a, a]` has variance :math:`a^2/3`.

    >>> glorot_uniform(np.random.default_rng(0), (300, 100)).var().round(4)
    np.float64(0.005)
    """
    bound = np.sqrt(6 / sum(shape))
    return rng.uniform(-bound, bound, shape)


@_checked
def glorot_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    r"""Normal of variance :math:`2/(n_{in} + n_{out})` (Glorot and Bengio 2010, eq. 12).

    >>> glorot_normal(np.random.default_rng(0), (300, 100)).var().round(4)
    np.float64(0.005)
    """
    return np.sqrt(2 / sum(shape)) * rng.standard_normal(shape)


@_checked
def he_uniform(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    r"""Uniform of variance :math:`2/n_{in}`: a ReLU passes half of a signal's mean square on (He et al. 2015, eq. 10).

    So :math:`n_{in}\mathrm{Var}(w)/2 = 1` forward. A leaky ReLU of slope s passes on :math:`(1 + s^2)/2`
    and would need :math:`2/((1 + s^2)n_{in})` (eq. 15); this rule ignores the slope, so the mean square
    grows by the factor :math:`1 + s^2` per layer, 1.04 for s = 0.2.

    >>> he_uniform(np.random.default_rng(0), (400, 100)).var().round(4)
    np.float64(0.005)
    """
    bound = np.sqrt(6 / shape[0])
    return rng.uniform(-bound, bound, shape)


@_checked
def he_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    r"""Normal of variance :math:`2/n_{in}`: see :func:`he_uniform`.

    >>> he_normal(np.random.default_rng(0), (400, 100)).var().round(4)
    np.float64(0.005)
    """
    return np.sqrt(2 / shape[0]) * rng.standard_normal(shape)


@_checked
def fan_in_uniform(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    r"""Uniform on :math:`\pm 1/\sqrt{n_{in}}`, biases as well: what torch's ``Linear`` starts from.

    The variance is :math:`1/(3n_{in})`, a third of what keeps a signal's size (LeCun et al. 1998, "Efficient
    BackProp", sec. 4.6): signals fade, and the biases, :func:`fan_in_uniform_bias`, take their place.

    >>> abs(fan_in_uniform(np.random.default_rng(0), (400, 100))).max().round(3)
    np.float64(0.05)
    """
    bound = 1 / np.sqrt(shape[0])
    return rng.uniform(-bound, bound, shape)


@_checked
def fan_in_uniform_bias(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    r"""Biases (n_out,) of a layer of this shape, uniform on :math:`\pm 1/\sqrt{n_{in}}` as its weights are.

    >>> fan_in_uniform_bias(np.random.default_rng(0), (400, 100)).shape
    (100,)
    """
    bound = 1 / np.sqrt(shape[0])
    return rng.uniform(-bound, bound, shape[1])


@_checked
def no_bias(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Biases (n_out,) of a layer of this shape, all 0: nothing is drawn.

    >>> no_bias(np.random.default_rng(0), (3, 2))
    array([0., 0.])
    """
    return np.zeros(shape[1])


@_checked
def orthogonal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    r"""Orthonormal rows or columns, whichever are fewer (Saxe et al. 2014).

    The Q of a Gaussian matrix's QR decomposition, uniform once R's diagonal is made positive. The mean
    square of its elements is :math:`1/\max(n_{in}, n_{out})`: forward a signal keeps its size unless
    :math:`n_{out} > n_{in}`, backward unless :math:`n_{in} > n_{out}`.

    >>> q = orthogonal(np.random.default_rng(0), (5, 3))
    >>> bool(np.allclose(q.T @ q, np.eye(3)))
    True
    """
    tall = (max(shape), min(shape))
    q, r = np.linalg.qr(rng.standard_normal(tall))
    q = q * np.sign(np.diag(r))
    return q if shape == tall else q.T


class Initializer(NamedTuple):
    """How a layer's weight (n_in, n_out) and its bias (n_out,) are drawn, in this order."""

    weight: Rule
    bias: Rule = no_bias


INITIALIZERS: dict[str, Initializer] = {
    rule.__name__: Initializer(rule)
    for rule in (zeros, normal, glorot_uniform, glorot_normal, he_uniform, he_normal, orthogonal)
} | {"fan_in_uniform": Initializer(fan_in_uniform, fan_in_uniform_bias)}
