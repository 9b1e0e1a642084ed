"""Everything in npgan that has a gradient, as cases for the checker: ``npgan gradcheck`` runs them.

Shapes are small and not square, and every element is checked; the presets' networks are checked along random
directions.
"""

from collections.abc import Callable, Iterator

import numpy as np

from npgan.check.catalogue.case import Case
from npgan.check.catalogue.layers import CRITICS, layers, penalties, second_derivatives
from npgan.check.catalogue.operations import operations
from npgan.check.catalogue.presets import presets
from npgan.check.catalogue.steps import objectives, steps

__all__ = ["CRITICS", "FAMILIES", "Case", "cases", "members"]


FAMILIES = (operations, layers, second_derivatives, penalties, objectives, steps, presets)


def cases() -> Iterator[Case]:
    """Yield a case for every operation, layer, objective, model and preset."""
    for family in FAMILIES:
        yield from members(family)


def members(family: Callable[[np.random.Generator], Iterator[Case]]) -> Iterator[Case]:
    """Yield a family's cases, with a random generator of its own."""
    return family(np.random.default_rng(FAMILIES.index(family)))
