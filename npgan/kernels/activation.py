r"""Activation functions, vectorised: loops without branches over polynomials instead of libm calls.

:math:`e^x = 2^n e^r` with :math:`n` the integer nearest to :math:`x/\ln 2` and
:math:`|r| \le \tfrac12\ln 2`; :math:`e^r` is a polynomial of degree 6 fitted to it, :math:`2^n` is
written into the exponent's bits. The coefficients, and those of the hyperbolic tangent below 0.625,
are Moshier's (Cephes, expf and tanhf). float32 only: float64, which checks gradients, calls libm.
"""

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from npgan.kernels.jit import fma, jit
from npgan.ops.chain import ACTIVATIONS

IDENTITY, RELU, LEAKY_RELU, SIGMOID, TANH, SOFTPLUS, ELU = range(len(ACTIVATIONS))
CODES = {name: code for code, name in enumerate(ACTIVATIONS)}


@intrinsic
def _float_of_bits(context, bits):  # type: ignore[no-untyped-def]
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), codegen


def exp(x: float) -> float:
    """Return e**x, within 2 ulp; outside float32's range it is infinity or 0."""
    return np.exp(x)


F = np.float32


@overload(exp)
def _exp(x):  # type: ignore[no-untyped-def]
    if x != types.float32:
        return lambda x: math.exp(x)

    def polynomial(x):  # type: ignore[no-untyped-def]
        bounded = min(max(x, F(-104.0)), F(89.0))
        n = fma(bounded, F(1.44269504), F(12582912.0)) - F(12582912.0)  # 1.5 * 2**23 rounds
        r = fma(n, F(-0.693359375), bounded)
        r = fma(n, F(2.12194440e-4), r)
        p = fma(F(1.9875691500e-4), r, F(1.3981999507e-3))
        p = fma(p, r, F(8.3334519073e-3))
        p = fma(p, r, F(4.1665795894e-2))
        p = fma(p, r, F(1.6666665459e-1))
        p = fma(p, r, F(5.0000001201e-1))
        p = fma(p, r * r, r) + F(1.0)
        half = np.int32(n) >> np.int32(1)
        rest = np.int32(n) - half
        scale = _float_of_bits(np.int32((half + np.int32(127)) << np.int32(23)))
        scale2 = _float_of_bits(np.int32((rest + np.int32(127)) << np.int32(23)))
        y = p * scale * scale2
        return y if x == x else x  # a NaN must not vanish in the bounds

    return polynomial


def tanh(x: float) -> float:
    """Return the hyperbolic tangent, within 2 ulp."""
    return np.tanh(x)


@overload(tanh)
def _tanh(x):  # type: ignore[no-untyped-def]
    if x != types.float32:
        return lambda x: math.tanh(x)

    def polynomial(x):  # type: ignore[no-untyped-def]
        size = abs(x)
        far = F(1.0) - F(2.0) / (exp(size + size) + F(1.0))
        far = far if x >= F(0.0) else -far
        s = x * x
        p = fma(F(-5.70498872745e-3), s, F(2.06390887954e-2))
        p = fma(p, s, F(-5.37397155531e-2))
        p = fma(p, s, F(1.33314422036e-1))
        p = fma(p, s, F(-3.33332819422e-1))
        near = fma(p * s, x, x)
        return near if size < F(0.625) else far

    return polynomial


@jit
def activate(y, start, stride, i0, i1, j0, j1, code, argument):  # type: ignore[no-untyped-def]
    """Apply an activation in place to rows i0..i1, columns j0..j1 of a matrix in a flat array."""
    for i in range(i0, i1):
        row = y[start + i * stride + j0 : start + i * stride + j1]
        if code == RELU:
            for j in range(row.size):
                row[j] = 0 if row[j] <= 0 else row[j]  # a NaN stays
        elif code == LEAKY_RELU:
            for j in range(row.size):
                row[j] = row[j] if row[j] > 0 else row[j] * argument
        elif code == SIGMOID:
            for j in range(row.size):
                e = exp(-abs(row[j]))
                row[j] = (1 if row[j] >= 0 else e) / (1 + e)
        elif code == TANH:
            for j in range(row.size):
                row[j] = tanh(row[j])
        elif code == SOFTPLUS:
            for j in range(row.size):
                row[j] = max(row[j], 0) + math.log1p(exp(-abs(row[j])))
        elif code == ELU:
            for j in range(row.size):
                row[j] = row[j] if row[j] > 0 else argument * math.expm1(row[j])


@jit
def activate_backward(d, y, start, stride, i0, i1, j0, j1, code, argument):  # type: ignore[no-untyped-def]
    """Multiply d in place by the activation's derivative, from its output y; both lie alike."""
    for i in range(i0, i1):
        first, last = start + i * stride + j0, start + i * stride + j1
        dx, row = d[first:last], y[first:last]
        if code == RELU:
            for j in range(row.size):
                dx[j] = dx[j] if row[j] > 0 else dx[j] * 0
        elif code == LEAKY_RELU:
            for j in range(row.size):
                dx[j] = dx[j] if row[j] > 0 else dx[j] * argument
        elif code == SIGMOID:
            for j in range(row.size):
                dx[j] = dx[j] * (row[j] * (1 - row[j]))
        elif code == TANH:
            for j in range(row.size):
                dx[j] = dx[j] * (1 - row[j] * row[j])
        elif code == SOFTPLUS:
            for j in range(row.size):
                dx[j] = dx[j] * -math.expm1(-row[j])
        elif code == ELU:
            for j in range(row.size):
                dx[j] = dx[j] if row[j] > 0 else dx[j] * (row[j] + argument)
