"""Activation functions whose derivative is taken from x, in place on a slice."""

from math import pi, sqrt

from npgan.kernels.activation import ActivationId
from npgan.kernels.elementary import exp, normal
from npgan.kernels.jit import jit
from npgan.ops.gated import CUBIC, FAR


@jit
def sigmoid(x, one):  # type: ignore[no-untyped-def]
    """Return 1 / (1 + e**-x)."""
    return one / (one + exp(-x))


@jit
def bent(x, one):  # type: ignore[no-untyped-def]
    """Return v and v', where x sigmoid(v) is the GELU's tanh approximation."""
    number = type(one)
    c, far = number(sqrt(8 / pi)), number(FAR)
    x = max(-far, min(x, far))
    square = x * x * number(CUBIC)
    return c * x * (one + square), c * (one + number(3) * square)


@jit
def mish_gate(x, one):  # type: ignore[no-untyped-def]
    """Return tanh(log(1 + e**x)), and 1 minus its square."""
    e = exp(-abs(x))
    above = one + e + e if x > 0 else e * (one + one + e)
    rest = (one + one) * e * e if x > 0 else one + one
    t, missing = above / (above + rest), rest / (above + rest)
    return t, missing * (one + t)


@jit
def activate(x, activation):  # type: ignore[no-untyped-def]
    """Apply an activation in place."""
    one = x.dtype.type(1)
    if activation == ActivationId.SOFTSIGN:
        for j in range(x.size):
            x[j] = x[j] / (one + abs(x[j]))
    elif activation == ActivationId.SILU:
        for j in range(x.size):
            x[j] = x[j] * sigmoid(x[j], one)
    elif activation == ActivationId.GELU:
        for j in range(x.size):
            x[j] = x[j] * normal(x[j])
    elif activation == ActivationId.GELU_TANH:
        for j in range(x.size):
            x[j] = x[j] * sigmoid(bent(x[j], one)[0], one)
    elif activation == ActivationId.MISH:
        for j in range(x.size):
            x[j] = x[j] * mish_gate(x[j], one)[0]


@jit
def activate_backward(dx, x, activation):  # type: ignore[no-untyped-def]
    """Multiply dx in place by the activation's derivative."""
    one = x.dtype.type(1)
    half, density = x.dtype.type(0.5), x.dtype.type(1 / sqrt(2 * pi))
    if activation == ActivationId.SOFTSIGN:
        for j in range(x.size):
            part = one / (one + abs(x[j]))
            dx[j] = dx[j] * (part * part)
    elif activation == ActivationId.SILU:
        for j in range(x.size):
            s, r = sigmoid(x[j], one), sigmoid(-x[j], one)
            dx[j] = dx[j] * (s + x[j] * s * r)
    elif activation == ActivationId.GELU:
        for j in range(x.size):
            slope = normal(x[j]) + x[j] * (exp(-half * x[j] * x[j]) * density)
            dx[j] = dx[j] * slope
    elif activation == ActivationId.GELU_TANH:
        for j in range(x.size):
            v, dv = bent(x[j], one)
            s, r = sigmoid(v, one), sigmoid(-v, one)
            dx[j] = dx[j] * (s + x[j] * (s * r * dv))
    elif activation == ActivationId.MISH:
        for j in range(x.size):
            t, dt = mish_gate(x[j], one)
            dx[j] = dx[j] * (t + x[j] * dt * sigmoid(x[j], one))
