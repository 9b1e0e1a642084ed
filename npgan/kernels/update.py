"""The optimisers' updates, each in a single pass over memory."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from npgan.kernels.activation import numbered
from npgan.kernels.elementwise import UNIT, worth
from npgan.kernels.jit import fma, jit
from npgan.kernels.matmul import share
from npgan.kernels.memory import own
from npgan.kernels.row import KERNELS, Rates, Reads, Writes, performs, value_of

# The loops below run over slices from 0: an index that cannot be negative lets LLVM vectorise.


@jit
def sgd(w, g, rates):  # type: ignore[no-untyped-def]
    """Update a slice by ``rates``: lr."""
    lr = rates[0]
    for i in range(w.size):
        w[i] = fma(-lr, g[i], w[i])
        g[i] = 0


@jit
def momentum(w, g, v, rates):  # type: ignore[no-untyped-def]
    """Update a slice by ``rates``: lr, momentum."""
    lr, mu = rates[0], rates[1]
    for i in range(w.size):
        v[i] = fma(mu, v[i], g[i])
        w[i] = fma(-lr, v[i], w[i])
        g[i] = 0


@jit
def rmsprop(w, g, v, rates):  # type: ignore[no-untyped-def]
    """Update a slice by ``rates``: lr, decay, 1 - decay, eps."""
    lr, decay, rest, eps = rates[0], rates[1], rates[2], rates[3]
    for i in range(w.size):
        v[i] = fma(decay, v[i], rest * (g[i] * g[i]))
        w[i] -= lr * g[i] / (math.sqrt(v[i]) + eps)
        g[i] = 0


@jit
def adam(w, g, m, v, rates):  # type: ignore[no-untyped-def]
    """Update a slice by ``rates``: see :func:`adam_rates`."""
    lr, beta1, rest1, beta2 = rates[0], rates[1], rates[2], rates[3]
    rest2, eps, keep, unbias = rates[4], rates[5], rates[6], rates[7]
    for i in range(w.size):
        m[i] = fma(beta1, m[i], rest1 * g[i])
        v[i] = fma(beta2, v[i], rest2 * (g[i] * g[i]))
        w[i] = fma(keep, w[i], -lr * m[i] / (math.sqrt(v[i] * unbias) + eps))
        g[i] = 0


@jit
def ema(average, w, rates):  # type: ignore[no-untyped-def]
    """Update a slice by ``rates``: decay, 1 - decay."""
    decay, rest = rates[0], rates[1]
    for i in range(w.size):
        average[i] = fma(decay, average[i], rest * w[i])


RULES = "sgd", "momentum", "rmsprop", "adam", "ema"
RuleId = numbered("RuleId", RULES)


@jit
def update(rule, w, g, m, v, rates):  # type: ignore[no-untyped-def]
    """Update a slice by a rule, which uses as many of the moments m and v as it has."""
    if rule == RuleId.SGD:
        sgd(w, g, rates)
    elif rule == RuleId.MOMENTUM:
        momentum(w, g, m, rates)
    elif rule == RuleId.RMSPROP:
        rmsprop(w, g, m, rates)
    elif rule == RuleId.ADAM:
        adam(w, g, m, v, rates)
    else:
        ema(w, g, rates)


class Step(NamedTuple):
    """An update of w by its gradient g and the rule's moments, unless a check has ``failed``."""

    w: Writes
    g: Writes
    m: Writes
    v: Writes
    failed: Reads
    size: int
    rule: int
    rates: Rates


@performs(Step)
def _step(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    if memory[row.failed] != 0:
        return
    first, last = share(row.size, UNIT, part, parts)
    for i in range(first, last, UNIT):
        j = min(i + UNIT, last)
        if parts > 1:
            own(memory, row.w + i, j - i)
        w, g = memory[row.w + i : row.w + j], memory[row.g + i : row.g + j]
        m, v = memory[row.m + i : row.m + j], memory[row.v + i : row.v + j]
        update(row.rule, w, g, m, v, row.rates)


def adam_rates(
    t: int, lr: float, beta1: float, beta2: float, eps: float, weight_decay: float = 0.0
) -> list[float]:
    """Return what :func:`adam` takes: the divisions by 1 - beta**t become two factors."""
    first, second = lr / (1 - beta1**t), 1 / (1 - beta2**t)
    return [first, beta1, 1 - beta1, beta2, 1 - beta2, eps, 1 - lr * weight_decay, second]


class Update(NamedTuple):
    """An operation's rule, how many vectors it takes, and its rates as a function of its other arguments."""

    rule: str
    vectors: int
    rates: Callable[..., Sequence[float]]


UPDATES = {
    "sgd_update": Update("sgd", 2, lambda lr: [lr]),
    "momentum_update": Update("momentum", 3, lambda lr, mu: [lr, mu]),
    "rmsprop_update": Update("rmsprop", 3, lambda lr, decay, eps: [lr, decay, 1 - decay, eps]),
    "adam_update": Update("adam", 4, adam_rates),
    "adamw_update": Update("adam", 4, adam_rates),
    "ema_update": Update("ema", 2, lambda decay: [decay, 1 - decay]),
}


def _register(name: str, rule: str, vectors: int, rates: Callable[..., Sequence[float]]) -> None:
    """Register the kernel of an update."""
    rule_id = RULES.index(rule)

    def update(rows: Any, *given: Any) -> None:
        w, g, *moments = given[:vectors]
        m, v = [*moments, w, w][:2]
        row = Step(w, g, m, v, rows.failed(w.dtype), w.size, rule_id, None)
        changing = "rates", lambda: rates(*map(value_of, given[vectors:]))
        rows.write(row, worth(w.size), changing=changing)

    KERNELS[name] = update


for _name, _update in UPDATES.items():
    _register(_name, *_update)
