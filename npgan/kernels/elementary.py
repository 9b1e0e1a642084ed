r"""Elementary functions of float32 without branches or calls, so that loops over them vectorise.

:math:`e^x = 2^n e^r` with :math:`n` the integer nearest to :math:`x/\ln 2` and
:math:`|r| \le \tfrac12\ln 2`. A polynomial of degree 7 stands for :math:`e^r`, and :math:`2^n` is
written into the exponent's bits. The logarithm reads them: :math:`x = 2^n m`, and a polynomial in
:math:`m - 1` does the rest. All coefficients are Moshier's (Cephes: expf, tanhf, logf, sinf, cosf, erff).
float64, which checks gradients, calls libm.
"""

import math
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core.cgutils import unpack_tuple
from numba.extending import intrinsic, overload, register_jitable

from npgan.kernels.jit import fma

F = np.float32


@intrinsic
def _float_of_bits(context, bits):  # type: ignore[no-untyped-def]
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), codegen


@intrinsic
def _bits_of_float(context, x):  # type: ignore[no-untyped-def]
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.IntType(32))

    return types.int32(types.float32), codegen


@intrinsic
def _rint(context, x):  # type: ignore[no-untyped-def]
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        rint = builder.module.declare_intrinsic("llvm.rint", [arguments[0].type])
        return builder.call(rint, arguments)

    return types.float32(types.float32), codegen


@intrinsic
def _polynomial(context, x, coefficients):  # type: ignore[no-untyped-def]
    """Evaluate by Horner's rule; the coefficient of the highest power comes first."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values = unpack_tuple(builder, arguments[1])
        return reduce(lambda p, c: builder.fma(p, arguments[0], c), values)

    return x(x, coefficients), codegen


def singles(*coefficients: float) -> tuple[np.float32, ...]:
    """Return coefficients in single precision."""
    return tuple(map(F, coefficients))


def single(function: Callable, double: Callable) -> Callable[[Callable], Callable]:
    """Let compiled code replace ``function`` by the decorated one for float32, and by ``double`` otherwise."""

    def register(polynomials: Callable) -> Callable:
        overload(function)(lambda x: polynomials if x == types.float32 else double)
        return polynomials

    return register


EXP = singles(
    1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1
)  # fmt: skip
TANH = singles(
    -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1
)  # fmt: skip
LOG = singles(
    7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
    2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
)  # fmt: skip
ERF = singles(
    7.853861353153693e-5, -8.010193625184903e-4, 5.188327685732524e-3, -2.685381193529856e-2,
    1.128358514861418e-1, -3.761262582423300e-1, 1.128379165726710,
)  # fmt: skip
ERFC = singles(
    2.326819970068386e-2, -1.387039388740657e-1, 3.687424674597105e-1, -5.824733027278666e-1,
    6.210004621745983e-1, -4.944515323274145e-1, 3.404879937665872e-1, -2.741127028184656e-1,
    5.638259427386472e-1,
)  # fmt: skip
ERFC_FAR = singles(
    -1.047766399936249e1, 1.297719955372516e1, -7.495518717768503, 2.921019019210786,
    -1.015265279202700, 4.218463358204948e-1, -2.820767439740514e-1, 5.641895067754075e-1,
)  # fmt: skip
COSINE = singles(2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
SINE = singles(-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)


@register_jitable
def _split(x):  # type: ignore[no-untyped-def]
    """Return e**r - 1 and 2**n, for e**x = 2**n e**r; 2**n is 0 below -87.7, infinity above 88.38."""
    bounded = F(-88.0) if x < F(-88.0) else F(89.0) if x > F(89.0) else x  # a NaN stays
    n = fma(bounded, F(1.44269504), F(12582912.0)) - F(12582912.0)  # 1.5 * 2**23 rounds
    r = fma(n, F(-0.693359375), bounded)
    r = fma(n, F(2.12194440e-4), r)
    p = fma(_polynomial(r, EXP), r * r, r)
    return p, _float_of_bits(np.int32((np.int32(n) + np.int32(127)) << np.int32(23)))


def exp(x: float) -> float:
    """Return e**x, within 2 ulp; for x above 88.38 it is infinity, below -87.7 it is 0."""
    with np.errstate(over="ignore"):
        return np.exp(x)


@single(exp, lambda x: math.exp(x))
def _exp(x):  # type: ignore[no-untyped-def]
    p, scale = _split(x)
    return (p + F(1.0)) * scale


def expm1(x: float) -> float:
    """Return e**x - 1, within 2 ulp; for x above 88.38 it is infinity."""
    return np.expm1(x)


@single(expm1, lambda x: math.expm1(x))
def _expm1(x):  # type: ignore[no-untyped-def]
    p, scale = _split(x)
    large = (p + F(1.0)) * scale - F(1.0)
    return large if x > F(1.0) else fma(scale, p, scale - F(1.0))


def tanh(x: float) -> float:
    """Return the hyperbolic tangent, within 2 ulp."""
    return np.tanh(x)


@single(tanh, lambda x: math.tanh(x))
def _tanh(x):  # type: ignore[no-untyped-def]
    size = abs(x)
    far = F(1.0) - F(2.0) / (exp(size + size) + F(1.0))
    far = far if x >= F(0.0) else -far
    s = x * x
    near = fma(_polynomial(s, TANH) * s, x, x)
    return near if size < F(0.625) else far


def log(x: float) -> float:
    """Return the logarithm of a positive, finite number, within 2 ulp."""
    return math.log(x)


@single(log, lambda x: math.log(x))
def _log(x):  # type: ignore[no-untyped-def]
    bits = _bits_of_float(x) - np.int32(0x3F3504F3)  # sqrt 1/2: m lies in [sqrt 1/2, sqrt 2)
    e = F(bits >> np.int32(23))
    m = _float_of_bits(np.int32((bits & np.int32(0x7FFFFF)) + np.int32(0x3F3504F3))) - F(1.0)
    s = m * m
    y = fma(e, F(-2.12194440e-4), _polynomial(m, LOG) * m * s)
    y = fma(F(-0.5), s, y) + m
    y = fma(e, F(0.693359375), y)
    return y if x == x else x


def log1p(x: float) -> float:
    """Return log(1 + x), x > -1."""
    return math.log1p(x)


@single(log1p, lambda x: math.log1p(x))
def _log1p(x):  # type: ignore[no-untyped-def]
    """Add what 1 + x lost to rounding, times the logarithm's slope there."""
    u = F(1.0) + x
    return log(u) + (x - (u - F(1.0))) / u


def normal(x: float) -> float:
    """Return the probability that a standard normal number is below x, within 10 ulp."""
    return math.erfc(-float(x) * math.sqrt(0.5)) / 2


@single(normal, lambda x: math.erfc(-x * math.sqrt(0.5)) / 2)
def _normal(x):  # type: ignore[no-untyped-def]
    """Half of erfc; a factor of its exponential restores what x * x lost to rounding."""
    size = abs(x) * F(math.sqrt(0.5))
    near = fma(-_polynomial(size * size, ERF), size, F(1.0))
    h = F(0.5) * x
    square = h * x
    e = exp(-square) * (F(1.0) - fma(h, x, -square))
    e = F(0.0) if square >= F(88.0) else e  # a NaN stays
    q = F(1.0) / max(size, F(1.0))
    y = q * q
    far = e * q * (_polynomial(y, ERFC) if size < F(2.0) else _polynomial(y, ERFC_FAR))
    tail = F(0.5) * (near if size < F(1.0) else far)
    return tail if x < F(0.0) else F(1.0) - tail


def turn(x: float) -> tuple[float, float]:
    """Return the cosine and the sine of x quarter turns, x in [-1/2, 1/2]."""
    return math.cos(math.pi / 2 * x), math.sin(math.pi / 2 * x)


@single(turn, lambda x: (math.cos(math.pi / 2 * x), math.sin(math.pi / 2 * x)))
def _turn(x):  # type: ignore[no-untyped-def]
    x = x * F(math.pi / 2)
    s = x * x
    c = fma(_polynomial(s, COSINE), s * s, fma(F(-0.5), s, F(1.0)))
    return c, fma(_polynomial(s, SINE) * s, x, x)


def sine(x: float) -> float:
    """Return the sine of x turns, within 2 ulp."""
    with np.errstate(invalid="ignore"):
        return np.sin(2 * np.pi * (x - np.round(x)))


@single(sine, lambda x: math.sin(2 * math.pi * (x - math.floor(x + 0.5))))
def _sine(x):  # type: ignore[no-untyped-def]
    """Turn to the nearest quarter, and take the sine or the cosine of the rest."""
    quarters = F(4.0) * x
    n = _rint(quarters)
    c, s = turn(quarters - n)
    k = np.int32(n)
    y = c if k & np.int32(1) else s
    return -y if k & np.int32(2) else y
