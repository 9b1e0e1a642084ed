"""Everything in npgan that has a gradient, as cases for the checker: ``npgan gradcheck`` runs them.

Small non-square shapes with every element checked; then the presets' networks, along random
directions.
"""

from collections.abc import Iterator

import numpy as np

from npgan.catalogue.case import Case
from npgan.catalogue.layers import CRITICS, SIZED, layers, penalties, second_derivatives
from npgan.catalogue.models import presets
from npgan.catalogue.operations import operations
from npgan.catalogue.steps import objectives, steps

__all__ = ["CRITICS", "SIZED", "Case", "cases"]


def cases() -> Iterator[Case]:
    """Yield a case for every operation, layer, objective, model and preset."""
    families = operations, layers, second_derivatives, penalties, objectives, steps, presets
    for seed, family in enumerate(families):
        yield from family(np.random.default_rng(seed))
