"""Log-likelihoods of binary pixels, one for each row: minus the sums of the cross-entropy."""

from typing import Any, NamedTuple

import numpy as np

from npgan.kernels.elementwise import worth
from npgan.kernels.jit import ONE
from npgan.kernels.loss import BCE_WITH_LOGITS, block
from npgan.kernels.matmul import share
from npgan.kernels.row import Reads, Writes, kernel, performs


class LogBernoulli(NamedTuple):
    """The log-likelihood y of n rows of d pixels, and dlogits from dy, or from ones if ``dy`` is negative."""

    logits: Reads
    x: Reads
    dy: Reads
    y: Writes
    dlogits: Writes
    n: int
    d: int


@performs(LogBernoulli)
def _log_bernoulli(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    which, one, d = np.int64(BCE_WITH_LOGITS), memory.dtype.type(1), row.d
    first, last = share(row.n, ONE, part, parts)
    for r in range(first, last):
        logits, x = memory[row.logits + r * d :][:d], memory[row.x + r * d :][:d]
        dlogits = memory[row.dlogits + r * d :][:d]
        dy = memory[row.dy + r] if row.dy >= 0 else one
        memory[row.y + r] = -block(logits, x, which, -dy, panel, dlogits)


def write_likelihood(rows: Any, dy: Any, logits: Any, x: Any) -> tuple[Any, Any]:
    """Return the log-likelihoods, and their gradients."""
    n, d = logits.shape
    y, dlogits = rows.new(logits.dtype, n), rows.new(logits.dtype, n, d)
    rows.write(LogBernoulli(logits, x, dy, y, dlogits, n, d), worth(logits.size), d)
    return y, dlogits


@kernel
def log_bernoulli_with_logits_forward(rows: Any, logits: Any, x: Any) -> Any:
    """See :func:`npgan.ops.log_bernoulli_with_logits_forward`."""
    return write_likelihood(rows, -1, logits, x)[0]


@kernel
def log_bernoulli_with_logits_backward(rows: Any, dy: Any, logits: Any, x: Any) -> Any:
    """See :func:`npgan.ops.log_bernoulli_with_logits_backward`."""
    return write_likelihood(rows, dy, logits, x)[1]
