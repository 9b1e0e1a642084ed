"""Activation functions and their derivatives, in place on a block of a matrix."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Any

from npgan.kernels.elementary import exp, expm1, log1p, tanh
from npgan.kernels.jit import jit
from npgan.ops.kinds import KINDS


def numbered(kind: str, names: Iterable[str]) -> Any:
    """Return names as constants, numbered from 0 on, that kernels can compare with whole numbers."""
    return IntEnum(kind, [name.upper() for name in names], start=0)


ActivationId = numbered("ActivationId", KINDS)


@jit
def joined(stride, i0, i1, j0, j1):  # type: ignore[no-untyped-def]
    """Return whole rows as one long row, of which a vectorised loop leaves fewer numbers over."""
    if j0 == 0 and j1 == stride:
        return 0, min(1, i1 - i0), i0 * stride, i1 * stride
    return i0, i1, j0, j1


@jit
def activate(y, start, stride, i0, i1, j0, j1, activation, argument):  # type: ignore[no-untyped-def]
    """Apply an activation in place to rows i0..i1, columns j0..j1 of a matrix in a flat array."""
    i0, i1, j0, j1 = joined(stride, i0, i1, j0, j1)
    zero, one = y.dtype.type(0), y.dtype.type(1)  # an integer would make all arithmetic float64
    for i in range(i0, i1):
        row = y[start + i * stride + j0 : start + i * stride + j1]
        if activation == ActivationId.RELU:
            for j in range(row.size):
                row[j] = zero if row[j] <= zero else row[j]  # a NaN stays
        elif activation == ActivationId.LEAKY_RELU:
            for j in range(row.size):
                row[j] = row[j] if row[j] > zero else row[j] * argument
        elif activation == ActivationId.SIGMOID:
            for j in range(row.size):
                row[j] = one / (one + exp(-row[j]))
        elif activation == ActivationId.TANH:
            for j in range(row.size):
                row[j] = tanh(row[j])
        elif activation == ActivationId.SOFTPLUS:
            for j in range(row.size):
                row[j] = max(row[j], zero) + log1p(exp(-abs(row[j])))
        elif activation == ActivationId.ELU:
            for j in range(row.size):
                row[j] = row[j] if row[j] > zero else argument * expm1(row[j])


@jit
def activate_backward(d, d0, y, y0, stride, i0, i1, j0, j1, activation, argument):  # type: ignore[no-untyped-def]
    """Multiply d in place by the activation's derivative, from its output y."""
    i0, i1, j0, j1 = joined(stride, i0, i1, j0, j1)
    zero, one = y.dtype.type(0), y.dtype.type(1)  # an integer would make all arithmetic float64
    for i in range(i0, i1):
        at = i * stride
        dx, row = d[d0 + at + j0 : d0 + at + j1], y[y0 + at + j0 : y0 + at + j1]
        if activation == ActivationId.RELU:
            for j in range(row.size):
                dx[j] = dx[j] if row[j] > zero else dx[j] * zero
        elif activation == ActivationId.LEAKY_RELU:
            for j in range(row.size):
                dx[j] = dx[j] if row[j] > zero else dx[j] * argument
        elif activation == ActivationId.SIGMOID:
            for j in range(row.size):
                dx[j] = dx[j] * (row[j] * (one - row[j]))
        elif activation == ActivationId.TANH:
            for j in range(row.size):
                dx[j] = dx[j] * (one - row[j] * row[j])
        elif activation == ActivationId.SOFTPLUS:
            for j in range(row.size):
                dx[j] = dx[j] * -expm1(-row[j])
        elif activation == ActivationId.ELU:
            for j in range(row.size):
                dx[j] = dx[j] if row[j] > zero else dx[j] * (row[j] + argument)
