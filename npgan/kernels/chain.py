"""A chain of dense layers and activations in one call: the plan is that of :mod:`npgan.ops.chain`."""

import numpy as np
from numba import prange

from npgan.kernels.activation import activate, activate_backward
from npgan.kernels.jit import Threaded
from npgan.kernels.matmul import block, panel_size, region, share

IN, OUT, WEIGHT, BIAS, CODE, BEFORE = range(6)


def _forward(x, w, plan, arguments, y, n, parts):  # type: ignore[no-untyped-def]
    panel = np.empty((parts, panel_size(plan[:, IN].max(), y.itemsize)), y.dtype)
    for s in range(len(plan)):
        k, m, y0 = plan[s, IN], plan[s, OUT], n * plan[s, BEFORE]
        source = x if s == 0 else y
        x0 = 0 if s == 0 else n * plan[s - 1, BEFORE]
        for part in prange(parts):
            i0, i1, j0, j1 = region(n, m, k, y.itemsize, part, parts)
            weight, bias = plan[s, WEIGHT], plan[s, BIAS]
            block(
                source, x0, k, 1, w, weight, m, 1, y, y0, m, w, bias, 0, True,
                i0, i1, j0, j1, k, panel[part],
            )  # fmt: skip
            activate(y, y0, m, i0, i1, j0, j1, plan[s, CODE], arguments[s])


def _backward(dy, x, y, w, plan, arguments, grads, dx, n, parts):  # type: ignore[no-untyped-def]
    top = len(plan) - 1
    d, panel = np.empty_like(y), np.empty((parts, panel_size(max(n, plan[:, OUT].max()), y.itemsize)), y.dtype)
    d0, m = n * plan[top, BEFORE], plan[top, OUT]
    for part in prange(parts):
        i0, i1 = share(n, 1, part, parts)
        d[d0 + i0 * m : d0 + i1 * m] = dy[i0 * m : i1 * m]
        activate_backward(d, y, d0, m, i0, i1, 0, m, plan[top, CODE], arguments[top])
    for s in range(top, -1, -1):
        k, m, d0, w0 = plan[s, IN], plan[s, OUT], n * plan[s, BEFORE], plan[s, WEIGHT]
        source = x if s == 0 else y
        target = dx if s == 0 else d
        before = 0 if s == 0 else n * plan[s - 1, BEFORE]
        for part in prange(parts):
            if grads.size:  # dW += x.T @ dy, and the bias's sum by whoever has the first row
                i0, i1, j0, j1 = region(k, m, n, d.itemsize, part, parts)
                block(
                    source, before, 1, k, d, d0, m, 1, grads, w0, m, grads, w0, m, True,
                    i0, i1, j0, j1, n, panel[part],
                )  # fmt: skip
                if i0 == 0 and i1 > 0:
                    b0 = plan[s, BIAS]
                    bias = grads[b0 + j0 : b0 + j1]
                    for i in range(n):
                        row = d[d0 + i * m + j0 : d0 + i * m + j1]
                        for j in range(row.size):
                            bias[j] += row[j]
            if s > 0 or dx.size:  # dx = dy @ W.T, times the derivative of the stage before
                i0, i1, j0, j1 = region(n, k, m, d.itemsize, part, parts)
                block(
                    d, d0, m, 1, w, w0, 1, m, target, before, k, target, before, k, False,
                    i0, i1, j0, j1, m, panel[part],
                )  # fmt: skip
                if s > 0:
                    code, argument = plan[s - 1, CODE], arguments[s - 1]
                    activate_backward(d, y, before, k, i0, i1, j0, j1, code, argument)


forward, backward = Threaded(_forward), Threaded(_backward)


def chain_forward(
    x: np.ndarray, w: np.ndarray, plan: np.ndarray, arguments: np.ndarray
) -> np.ndarray:
    """A parallel region a stage; bias and activation on the tile's result while it is in the cache."""
    y = np.empty(len(x) * plan[:, OUT].sum(), w.dtype)
    forward(np.ascontiguousarray(x, w.dtype).reshape(-1), w, plan, arguments, y, len(x))
    return y


def chain_backward(
    dy: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    w: np.ndarray,
    plan: np.ndarray,
    arguments: np.ndarray,
    grads: np.ndarray | None,
    input_grad: bool,
) -> np.ndarray | None:
    """A parallel region a stage: both its products, with the derivative of the stage before."""
    n = len(dy)
    dx = np.empty(n * plan[0, IN] if input_grad else 0, w.dtype)
    dy, x = (np.ascontiguousarray(array, w.dtype).reshape(-1) for array in (dy, x))
    backward(dy, x, y, w, plan, arguments, w[:0] if grads is None else grads, dx, n)
    return dx.reshape(n, -1) if input_grad else None
