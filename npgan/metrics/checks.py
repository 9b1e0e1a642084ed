"""What every measure asks of the sets that it compares."""

import numpy as np

from npgan.errors import InputError


def check_sets(*sets: np.ndarray, least: int) -> None:
    """Raise an InputError unless all are (n, d) of one d, finite, with at least ``least`` rows.

    >>> check_sets(np.zeros((5, 2)), np.zeros((9, 2)), least=2)
    """
    shapes = [x.shape for x in sets]
    if any(len(shape) != 2 for shape in shapes) or len({shape[1] for shape in shapes}) > 1:
        raise InputError(
            f"the sets' shapes are {' and '.join(map(str, shapes))}: each must be (n, d), all of "
            "one width d"
        )
    if min(map(len, sets)) < least:
        raise InputError(
            f"the sets have {' and '.join(str(len(x)) for x in sets)} rows: at least {least} each "
            "are needed"
        )
    if not all(np.isfinite(x).all() for x in sets):
        raise InputError("every number of every set must be finite")
