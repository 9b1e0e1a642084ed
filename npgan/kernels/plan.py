"""Where the windows of a convolution lie in memory: tables for its kernels, made once for each shape.

Along an axis pixel x of the input, pixel y of the output and a tap meet where x = y stride - padding + tap dilation.
All three products of a convolution are sums over these meetings: y over those with the same y, dx over those with
the same x, and dW over those with the same tap. The other two parts of a meeting lie in A and B, at equal steps.

Inside an image all these sums are alike; at its border they have fewer terms. Those alike make a *class*.
"""

import math
from collections import defaultdict
from functools import lru_cache
from itertools import pairwise, product
from typing import NamedTuple

import numpy as np

from npgan.ops.windows import Geometry, Pair

Which = tuple[int, int, int]
OUTPUT, INPUT, TAP = (1, 0, 2), (0, 1, 2), (2, 0, 1)
"""Which parts of a meeting (x, y, tap) are the places in C, A and B: for y, for dx and for dW."""
REMEMBERED = 256  # plans
NEAR = 1 << 18  # bytes of images that stay in a near cache while all of a weight is read


class Axis(NamedTuple):
    """How many pixels x and y have along an axis, how many taps there are, and where windows lie."""

    x: int
    y: int
    taps: int
    stride: int
    padding: int
    dilation: int

    def meetings(self) -> list[Which]:
        """Return all (x, y, tap) that meet.

        >>> Axis(3, 2, 2, 1, 0, 1).meetings()
        [(0, 0, 0), (1, 1, 0), (1, 0, 1), (2, 1, 1)]
        """
        pairs = product(range(self.taps), range(self.y))
        every = ((i * self.stride - self.padding + tap * self.dilation, i, tap) for tap, i in pairs)
        return [(x, i, tap) for x, i, tap in every if 0 <= x < self.x]

    def sums(self, which: Which) -> tuple[list[tuple[int, int, int]], tuple[int, int]]:
        """Return for each place in C where its sum begins in A and B and how many terms it has; and both steps.

        >>> Axis(3, 2, 2, 1, 0, 1).sums(INPUT)
        ([(0, 0, 1), (1, 0, 2), (1, 1, 1)], (-1, 1))
        """
        c, a, b = which
        terms = defaultdict(list)
        for meeting in sorted(self.meetings(), key=lambda meeting: meeting[b]):
            terms[meeting[c]].append((meeting[a], meeting[b]))
        pairs = [pair for found in terms.values() for pair in pairwise(found)]
        ((a_step, b_step),) = {(q[0] - p[0], q[1] - p[1]) for p, q in pairs} or {(0, 0)}
        found = [terms.get(place, []) for place in range(self[c])]
        return [(*(one or [(0, 0)])[0], len(one)) for one in found], (a_step, b_step)


class Plan(NamedTuple):
    """The sums of one product, class by class.

    Attributes
    ----------
    classes : (k, 4) how many rows a class has, where B begins, and its terms along columns and rows
    places : (2, rows) where each row begins in A and in C
    steps : from term to term in A and B, along columns and along rows
    """

    classes: np.ndarray
    places: np.ndarray
    steps: tuple[int, int, int, int]


@lru_cache(REMEMBERED)
def planned(
    which: Which,
    axes: tuple[Axis, Axis],
    lies: tuple[tuple[int, int], ...],
    times: int,
    again: tuple[int, int],
    inner: bool,
) -> Plan:
    """Return the plan of a product.

    Parameters
    ----------
    which : OUTPUT, INPUT or TAP
    axes : the rows' and the columns'
    lies : of x, y and taps, how far one row is from the next in memory, and one column from the next
    times, again : how often all this is repeated, and how far it is from one time to the next in A and C
    inner : whether a class holds all times of its first row before the second, or all rows of the first time
    """
    c, a, b = which
    (rows, down), (columns, right) = (axis.sums(which) for axis in axes)
    classes = defaultdict(list)
    for (i, (row_a, row_b, vertical)), (j, (column_a, column_b, horizontal)) in product(
        enumerate(rows), enumerate(columns)
    ):
        begins = row_b * lies[b][0] + column_b * lies[b][1]
        place = row_a * lies[a][0] + column_a * lies[a][1], i * lies[c][0] + j * lies[c][1]
        classes[begins, horizontal, vertical * (horizontal > 0)].append(place)
    repeats = np.outer(range(times), again)
    found = [
        (one[:, None] + repeats if inner else repeats[:, None] + one).reshape(-1, 2)
        for one in map(np.array, classes.values())
    ]
    steps = [way[i] * lies[n][k] for k, way in ((1, right), (0, down)) for i, n in ((0, a), (1, b))]
    return Plan(
        np.array([(len(one), *key) for one, key in zip(found, classes, strict=True)], np.int64),
        np.ascontiguousarray(np.concatenate(found).T, np.int64),
        (steps[0], steps[1], steps[2], steps[3]),
    )


class Shapes(NamedTuple):
    """A convolution from x to y: the images' sizes, the weight's, and where windows lie."""

    x: Pair
    y: Pair
    weight: tuple[int, int, int, int]
    geometry: Geometry

    def plan(self, which: Which, block: int = 0) -> Plan:
        """Return the plan for dW, or for blocks of so many images of y or dx."""
        (_, columns, i, o), g = self.weight, self.geometry.groups
        lies = (self.x[1] * i * g, i * g), (self.y[1] * o, o), (columns * i * o, i * o)
        images = self.image(i * g, self.x), self.image(o, self.y)
        times, again = (
            (i, (1, o)) if which is TAP else (block, (images[which[1]], images[which[0]]))
        )
        return planned(which, self.axes, lies, times, again, which is TAP)

    @property
    def axes(self) -> tuple[Axis, Axis]:
        """The rows' and the columns'."""
        sizes = zip(self.x, self.y, self.weight[:2], *self.geometry[:3], strict=True)
        rows, columns = (Axis(*one) for one in sizes)
        return rows, columns

    @property
    def channels(self) -> int:
        """How many channels x has."""
        return self.weight[2] * self.geometry.groups

    @staticmethod
    def image(channels: int, size: Pair) -> int:
        """Return how many numbers an image has."""
        return channels * size[0] * size[1]

    def work(self, n: int) -> int:
        """Return how many multiplications the product for n images has at most."""
        return n * math.prod((*self.y, *self.weight))

    def block(self, itemsize: int) -> int:
        """Return how many images of x and y together stay in a near cache."""
        i, o = self.weight[2] * self.geometry.groups, self.weight[3]
        return max(1, NEAR // itemsize // (self.image(i, self.x) + self.image(o, self.y)))
