"""Which way a convolution is computed: directly, or by Winograd's minimal filtering (:mod:`npgan.kernels.winograd`)."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from npgan.kernels.plan import REMEMBERED, Shapes
from npgan.ops.winograd import suits, tiles
from npgan.system import environment

UNIT = 16
"""Only channels in multiples of this are filtered: they fill the vectors of any machine."""
COSTS = {"y": (1.0, 12.0, 12.0), "dx": (1.1, 12.0, 24.0), "dW": (1.0, 6.0, 12.0)}
"""Product -> what filtering takes for a multiplication, and for a number of the images and of the weight at all points.

The unit is a multiplication of the direct way. Of a grid of such costs, these chose best between the two ways for
228 shapes on a Zen 3. On one thread of a Zen 4 their choices take 1.3, .1 and 1 % longer than the best; always
direct takes 9, 18 and 8 % longer, always filtering 54, 40 and 57 % (``python benchmarks/winograd.py``).
"""
ENABLED = environment.winograd()


class Counts(NamedTuple):
    """How many multiplications the direct way and filtering need, and numbers of images and weight at all points."""

    direct: int
    filtered: int
    images: int
    weight: int


def points_of_a_tile(r: int, y: Sequence[int]) -> int:
    """Return how many points a tile has along an axis, for r taps and y of this size: so that they are few in all.

    >>> points_of_a_tile(2, (7, 7)), points_of_a_tile(2, (2, 2)), points_of_a_tile(3, (4, 4))
    (5, 3, 4)
    """
    return min((3, 4, 5)[r - 2 :], key=lambda most: points(most, r, y))


def points(most: int, r: int, y: Sequence[int]) -> int:
    """Return how many points all tiles of an image have."""
    return math.prod(sum(made + r - 1 for _, made in tiles(size, most + 1 - r)) for size in y)


@lru_cache(REMEMBERED)
def counts(n: int, shapes: Shapes) -> Counts:
    """Return them for a product of n images; the direct way does not multiply zeros outside of images."""
    (_, _, i, o), stride = shapes.weight, shapes.geometry.stride[0]
    r, planes = shapes.weight[0] // stride, stride * stride
    meetings = n * math.prod(len(axis.meetings()) for axis in shapes.axes)
    most = points_of_a_tile(r, shapes.y)
    all_, weight = n * points(most, r, shapes.y), most * most * planes * i * o
    return Counts(meetings * i * o, all_ * planes * i * o, all_ * (planes * i + o), weight)


def possible(shapes: Shapes, dtype: np.dtype) -> bool:
    """Return whether there are kernels: in single precision, for two or three taps in a plane, in whole vectors."""
    (k, columns, i, o), (stride, across) = shapes.weight, shapes.geometry.stride
    square = k == columns and stride == across and k // stride in (2, 3)
    whole = i % UNIT == 0 and o % UNIT == 0
    return dtype == np.float32 and square and whole and suits(shapes.geometry, (k, columns))


def filters(product: str, n: int, shapes: Shapes, dtype: np.dtype) -> bool:
    """Return whether y, dx or dW of n images is computed by filtering: where it can be, and takes less time."""
    if not (ENABLED and possible(shapes, dtype)):
        return False
    direct, *counted = counts(n, shapes)
    return sum(map(math.prod, zip(COSTS[product], counted, strict=True))) < direct
