"""Rows of tables that a trained model generates, and that fulfil conditions."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from npgan import errors
from npgan.data.conditions import starts
from npgan.errors import InputError, count
from npgan.models import TableGAN

if TYPE_CHECKING:
    from npgan.tables import Condition, Encoding

AT_ONCE = 10_000  # rows
TRIED = 20
"""Rounds without a single row that fulfils the conditions, after which they are given up."""


def generate(
    model: Any,
    encoding: "Encoding",
    n: int,
    rng: np.random.Generator | int | None,
    where: Sequence["Condition"] = (),
) -> np.ndarray:
    """Return n generated rows (n, blocks) that fulfil all conditions.

    A :class:`~npgan.models.TableGAN` is asked for the rarest of the categories that are wanted. Rows that do not
    fulfil all conditions are left out.

    Raises InputError if hardly any row fulfils them.
    """
    rng, left = errors.generator(rng), count("n", n, 1)
    asked, found, missed = _asked(model, encoding, where), list[np.ndarray](), 0
    while left > 0:
        rows = model.sample(AT_ONCE if where else min(AT_ONCE, left), rng, **asked)
        for condition in where:
            rows = rows[condition.holds(encoding, rows)]
        missed = 0 if len(rows) else missed + 1
        if missed == TRIED:
            raise InputError(
                f"of {TRIED * AT_ONCE:,} generated rows none fulfils {' and '.join(c.text for c in where)}: "
                "the model has learned no such rows, or hardly any"
            )
        found.append(rows[:left])
        left -= len(rows)
    return np.concatenate(found)


def _asked(model: Any, encoding: "Encoding", where: Sequence["Condition"]) -> dict[str, int]:
    """Return the label to sample with: the rarest category that is wanted."""
    if not isinstance(model, TableGAN):
        return {}
    blocks = [block for block, width in enumerate(encoding.widths) if width > 1]
    first = dict(zip(blocks, starts(encoding.widths)[1:], strict=True))
    wanted = [
        int(first[c.block]) + int(c.value) for c in where if c.relation == "=" and c.block in first
    ]
    return {"label": min(wanted, key=lambda label: model.shares[label])} if wanted else {}
