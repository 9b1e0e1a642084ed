"""Dropout, samples of a Gaussian, and its KL divergence: one pass over memory each."""

import numpy as np
from numba import prange

from npgan.kernels.elementary import exp, expm1
from npgan.kernels.elementwise import UNIT
from npgan.kernels.jit import Threaded, jit
from npgan.kernels.matmul import share


def _multiply(x, mask, y, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        first, last = share(y.size, UNIT, np.int64(part), parts)
        x_, mask_, y_ = x[first:last], mask[first:last], y[first:last]
        for i in range(y_.size):
            y_[i] = x_[i] * mask_[i]


def _sample(mean, log_var, eps, z, parts):  # type: ignore[no-untyped-def]
    half = z.dtype.type(0.5)
    for part in prange(parts):
        first, last = share(z.size, UNIT, np.int64(part), parts)
        mean_, log_var_ = mean[first:last], log_var[first:last]
        eps_, z_ = eps[first:last], z[first:last]
        for i in range(z_.size):
            z_[i] = mean_[i] + exp(half * log_var_[i]) * eps_[i]


def _sample_backward(dz, log_var, eps, dlog_var, parts):  # type: ignore[no-untyped-def]
    half = dz.dtype.type(0.5)
    for part in prange(parts):
        first, last = share(dz.size, UNIT, np.int64(part), parts)
        dz_, log_var_ = dz[first:last], log_var[first:last]
        eps_, dlog_var_ = eps[first:last], dlog_var[first:last]
        for i in range(dz_.size):
            dlog_var_[i] = half * dz_[i] * eps_[i] * exp(half * log_var_[i])


multiply, sample = Threaded(_multiply), Threaded(_sample)
sample_backward = Threaded(_sample_backward)


@jit
def _divergence(mean, log_var):  # type: ignore[no-untyped-def]
    total = 0.0
    for i in range(mean.size):
        total += mean[i] * mean[i] + (expm1(log_var[i]) - log_var[i])
    return total


@jit
def _divergence_backward(mean, log_var, n, dmean, dlog_var):  # type: ignore[no-untyped-def]
    for i in range(mean.size):
        dmean[i], dlog_var[i] = mean[i] / n, expm1(log_var[i]) / (n + n)


def dropout_forward(x: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """One pass; the gradient is the same product."""
    y = np.empty_like(x)
    multiply(x.reshape(-1), mask.reshape(-1), y.reshape(-1))
    return y


def gaussian_sample_forward(mean: np.ndarray, log_var: np.ndarray, eps: np.ndarray) -> np.ndarray:
    """One pass."""
    z = np.empty_like(mean)
    sample(*(a.reshape(-1) for a in (mean, log_var, eps, z)))
    return z


def gaussian_sample_backward(
    dz: np.ndarray, log_var: np.ndarray, eps: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """One pass; the mean's gradient is ``dz`` itself."""
    dlog_var = np.empty_like(dz)
    sample_backward(*(a.reshape(-1) for a in (dz, log_var, eps, dlog_var)))
    return dz, dlog_var


def kl_standard_normal_forward(mean: np.ndarray, log_var: np.ndarray) -> np.floating:
    """The sum in float64."""
    total = _divergence(mean.reshape(-1), log_var.reshape(-1))
    return mean.dtype.type(total / (2 * len(mean)))


def kl_standard_normal_backward(
    mean: np.ndarray, log_var: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Both gradients in one pass."""
    dmean, dlog_var = np.empty_like(mean), np.empty_like(mean)
    a, b, c, d = (array.reshape(-1) for array in (mean, log_var, dmean, dlog_var))
    _divergence_backward(a, b, mean.dtype.type(len(mean)), c, d)
    return dmean, dlog_var
