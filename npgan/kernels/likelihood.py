"""Log-likelihoods: of binary pixels (minus the summed cross-entropy), and of rows of tables."""

import math
from typing import Any, NamedTuple

import numpy as np

from npgan.kernels.elementary import exp
from npgan.kernels.elementwise import worth
from npgan.kernels.jit import ONE, ZERO
from npgan.kernels.loss import BCE_WITH_LOGITS, block
from npgan.kernels.matmul import share
from npgan.kernels.memory import seen_as
from npgan.kernels.row import Reads, Writes, kernel, performs
from npgan.kernels.softmax import softmax


class LogBernoulli(NamedTuple):
    """The log-likelihood y of n rows of d pixels, and dlogits from dy, or from ones if ``dy`` is negative."""

    logits: Reads
    x: Reads
    dy: Reads
    y: Writes
    dlogits: Writes
    n: int
    d: int


class LogTable(NamedTuple):
    """The log-likelihood y of n rows, and doutput from dy, or from ones if ``dy`` is negative."""

    output: Reads
    x: Reads
    dy: Reads
    widths: int
    y: Writes
    doutput: Writes
    n: int
    b: int
    d: int
    wide: int


@performs(LogBernoulli)
def _log_bernoulli(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    which, one, d = np.int64(BCE_WITH_LOGITS), memory.dtype.type(1), row.d
    first, last = share(row.n, ONE, part, parts)
    for r in range(first, last):
        logits, x = memory[row.logits + r * d :][:d], memory[row.x + r * d :][:d]
        dlogits = memory[row.dlogits + r * d :][:d]
        dy = memory[row.dy + r] if row.dy >= 0 else one
        memory[row.y + r] = -block(logits, x, which, -dy, panel, dlogits)


@performs(LogTable)
def _log_table(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    integers, (first, last) = seen_as(ZERO, memory, ZERO), share(row.n, ONE, part, parts)
    widths, one = integers[row.widths : row.widths + row.b], memory.dtype.type(1)
    half, log_turn = memory.dtype.type(0.5), memory.dtype.type(math.log(2 * math.pi))
    for i in range(first, last):
        output, x = memory[row.output + i * row.wide :][: row.wide], memory[row.x + i * row.d :]
        doutput = memory[row.doutput + i * row.wide :][: row.wide]
        dy = memory[row.dy + i] if row.dy >= 0 else one
        total, start, v = memory.dtype.type(0), 0, row.d
        for j in range(row.b):
            stop = start + widths[j]
            if widths[j] == 1:
                away, precision = x[start] - output[start], exp(-output[v])
                total -= half * (log_turn + output[v] + away * away * precision)
                doutput[start] = dy * away * precision
                doutput[v] = half * dy * (away * away * precision - one)
                v += 1
            else:
                top, above = softmax(output[start:stop], doutput[start:stop])
                for k in range(start, stop):
                    total += x[k] * memory.dtype.type(output[k] - top - above)
                    doutput[k] = dy * (x[k] - doutput[k])
            start = stop
        memory[row.y + i] = total


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


def write_table(rows: Any, dy: Any, output: Any, x: Any, widths: np.ndarray) -> tuple[Any, Any]:
    """Return the log-likelihoods, and their gradients."""
    (n, wide), d = output.shape, x.shape[1]
    y, doutput = rows.new(output.dtype, n), rows.new(output.dtype, n, wide)
    row = LogTable(output, x, dy, rows.data(widths), y, doutput, n, widths.size, d, wide)
    rows.write(row, worth(output.size))
    return y, doutput


@kernel
def log_table_forward(rows: Any, output: Any, x: Any, widths: np.ndarray) -> Any:
    """See :class:`LogTable`."""
    return write_table(rows, -1, output, x, widths)[0]


@kernel
def log_table_backward(rows: Any, dy: Any, output: Any, x: Any, widths: np.ndarray) -> Any:
    """See :class:`LogTable`."""
    return write_table(rows, dy, output, x, widths)[1]
