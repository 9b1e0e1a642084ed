"""The checks that every metric makes of the sets that it compares."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from npgan.errors import TAME, array


def sets(rows: int = 1, **given: Any) -> Iterator[np.ndarray]:
    """Yield sets (n, d) of one width d and at least ``rows`` each, finite, in their own types.

    >>> [x.shape for x in sets(x=np.zeros((5, 2)), known=np.zeros((9, 2)))]
    [(5, 2), (9, 2)]
    """
    width: int | str = "d"
    for name, x in given.items():
        found = array(name, x, ("n", width), rows=rows, limits=TAME)
        width = found.shape[1]
        yield found
