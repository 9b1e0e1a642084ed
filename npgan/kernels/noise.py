"""Samples of a Gaussian, and its KL divergence: one pass over memory each."""

from typing import Any, NamedTuple

from npgan.kernels.elementary import exp, expm1
from npgan.kernels.elementwise import UNIT, worth
from npgan.kernels.matmul import share
from npgan.kernels.row import Reads, Writes, kernel, performs


class GaussianSample(NamedTuple):
    """z = mean + e**(log_var / 2) eps."""

    mean: Reads
    log_var: Reads
    eps: Reads
    z: Writes
    size: int


class GaussianSampleBackward(NamedTuple):
    """dlog_var = dz eps e**(log_var / 2) / 2."""

    dz: Reads
    log_var: Reads
    eps: Reads
    dlog_var: Writes
    size: int


class KL(NamedTuple):
    """The KL divergence from a standard normal, of n samples with ``size`` numbers in all."""

    mean: Reads
    log_var: Reads
    value: Writes
    size: int
    n: int


class KLBackward(NamedTuple):
    """The gradient of :class:`KL` with respect to mean and log_var."""

    mean: Reads
    log_var: Reads
    dmean: Writes
    dlog_var: Writes
    size: int
    n: float


@performs(GaussianSample)
def _sample(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    half, (i, j) = memory.dtype.type(0.5), share(row.size, UNIT, part, parts)
    mean, log_var = memory[row.mean + i : row.mean + j], memory[row.log_var + i : row.log_var + j]
    eps, z = memory[row.eps + i : row.eps + j], memory[row.z + i : row.z + j]
    for k in range(z.size):
        z[k] = mean[k] + exp(half * log_var[k]) * eps[k]


@performs(GaussianSampleBackward)
def _sample_backward(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    half, (i, j) = memory.dtype.type(0.5), share(row.size, UNIT, part, parts)
    dz, log_var = memory[row.dz + i : row.dz + j], memory[row.log_var + i : row.log_var + j]
    eps, dlog_var = memory[row.eps + i : row.eps + j], memory[row.dlog_var + i :][: j - i]
    for k in range(dlog_var.size):
        dlog_var[k] = half * dz[k] * eps[k] * exp(half * log_var[k])


@performs(KL)
def _divergence(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    """Sum in float64."""
    mean, log_var = memory[row.mean :][: row.size], memory[row.log_var :][: row.size]
    total = 0.0
    for i in range(mean.size):
        total += mean[i] * mean[i] + (expm1(log_var[i]) - log_var[i])
    memory[row.value] = total / (2 * row.n)


@performs(KLBackward)
def _divergence_backward(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    i, j = share(row.size, UNIT, part, parts)
    mean, log_var = memory[row.mean + i : row.mean + j], memory[row.log_var + i : row.log_var + j]
    dmean, dlog_var = memory[row.dmean + i :][: j - i], memory[row.dlog_var + i :][: j - i]
    for k in range(mean.size):
        dmean[k], dlog_var[k] = mean[k] / row.n, expm1(log_var[k]) / (row.n + row.n)


@kernel
def gaussian_sample_forward(rows: Any, mean: Any, log_var: Any, eps: Any) -> Any:
    """One pass."""
    z = rows.new(mean.dtype, *mean.shape)
    rows.write(GaussianSample(mean, log_var, eps, z, z.size), worth(z.size))
    return z


@kernel
def gaussian_sample_backward(rows: Any, dz: Any, log_var: Any, eps: Any) -> tuple[Any, Any]:
    """One pass; the mean's gradient is ``dz`` itself."""
    dlog_var = rows.new(dz.dtype, *dz.shape)
    rows.write(GaussianSampleBackward(dz, log_var, eps, dlog_var, dz.size), worth(dz.size))
    return dz, dlog_var


@kernel
def kl_standard_normal_forward(rows: Any, mean: Any, log_var: Any) -> Any:
    """One pass."""
    value = rows.new(mean.dtype)
    rows.write(KL(mean, log_var, value, mean.size, len(mean)))
    return rows.done(value)[()]


@kernel
def kl_standard_normal_backward(rows: Any, mean: Any, log_var: Any) -> tuple[Any, Any]:
    """Both gradients in one pass."""
    dmean, dlog_var = (rows.new(mean.dtype, *mean.shape) for _ in range(2))
    row = KLBackward(mean, log_var, dmean, dlog_var, mean.size, len(mean))
    rows.write(row, worth(mean.size))
    return dmean, dlog_var
