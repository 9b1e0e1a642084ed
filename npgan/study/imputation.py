r"""Filling the cells without a value by a model of tables: pseudo-Gibbs sampling.

Only a part of a row x is known. At first the missing part is taken from a generated row. Then, again and again, a code
is drawn from the encoder, :math:`z \sim q(z|x)`, and the missing part is drawn from the decoder's distribution given z.
If q were the true posterior, the distribution of these draws would converge to that of the missing part given the known
part (Rezende et al. 2014, appendix F). Numbers that are drawn beyond all normal scores are brought back to the last
one: otherwise a model that has learned little would go farther and farther from the rows that it knows.
"""

from typing import TYPE_CHECKING

import numpy as np

from npgan import errors
from npgan.errors import count
from npgan.models.table_vae import TableVAE
from npgan.tables.normal import FARTHEST

if TYPE_CHECKING:
    from npgan.tables import Encoding

ROUNDS = 50


def impute(
    model: TableVAE,
    encoding: "Encoding",
    rows: np.ndarray,
    rng: np.random.Generator | int | None,
    rounds: int = ROUNDS,
) -> np.ndarray:
    """Return rows (n, blocks) whose missing cells are filled.

    Values are drawn, not the most likely ones: filled columns vary as real ones do, and another seed gives others.
    """
    rng, rows = errors.generator(rng), model.check_data(rows).copy()
    hidden, possible = encoding.missing(rows), encoding.there()
    each = hidden.any(axis=1)
    some, hidden = rows[each], hidden[each]
    farthest = np.where(np.array(model.widths) == 1, FARTHEST, np.inf)
    if len(some):
        seen = np.clip(model.sample(len(some), rng), -farthest, farthest)
        for _ in range(1 + count("rounds", rounds, 1)):
            drawn = model.redraw(seen, rng, possible)
            some[hidden] = np.clip(drawn, -farthest, farthest)[hidden]
            seen = some
    rows[each] = some
    return rows
