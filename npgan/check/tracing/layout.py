r"""Boxes in layers, so that every arrow points down: the way of Sugiyama et al. 1981.

A box's layer is one below the lowest of those that it takes something from. Arrows that pass layers get a narrow
place in each of them. Then each layer is put in order, and its boxes are moved, towards the middle of their neighbours.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise

ACROSS, DOWN, LANE = (
    14.0,
    34.0,
    8.0,
)  # gaps between boxes and between layers, and the width of an arrow's place
SWEEPS = 24

Edge = tuple[int, int]
Point = tuple[float, float]


def layered(
    sizes: Sequence[Point], edges: Sequence[Edge]
) -> tuple[list[Point], dict[Edge, list[Point]]]:
    """Return where boxes lie, and the points that each arrow passes, from the upper box to the lower one.

    Parameters
    ----------
    sizes : width and height of each box
    edges : pairs of boxes, the first of which comes before the second in ``sizes``

    Returns
    -------
    centres : x and y of each box; y grows downwards
    ways : edge -> its points, two in each layer, between which it leads straight down

    Examples
    --------
    >>> layered([(10, 4), (10, 4)], [(0, 1)])
    ([(5.0, 2.0), (5.0, 40.0)], {(0, 1): [(5.0, 4.0), (5.0, 4.0), (5.0, 38.0), (5.0, 38.0)]})
    """
    ranks = _ranks(len(sizes), edges)
    chains, widths = {}, [width for width, _ in sizes]
    for one, other in edges:
        chain = [one]
        for rank in range(ranks[one] + 1, ranks[other]):
            chain.append(len(widths))
            widths.append(LANE)
            ranks.append(rank)
        chains[one, other] = [*chain, other]
    links = [link for chain in chains.values() for link in pairwise(chain)]
    layers: list[list[int]] = [[] for _ in range(max(ranks) + 1)]
    for box, rank in enumerate(ranks):
        layers[rank].append(box)
    heights = [max((sizes[b][1] for b in layer if b < len(sizes)), default=0) for layer in layers]
    tops = list(accumulate((height + DOWN for height in heights), initial=0.0))
    x = _across(layers, links, widths)
    middles = [top + height / 2 for top, height in zip(tops, heights, strict=False)]
    centres = [(x[box], middles[ranks[box]]) for box in range(len(sizes))]

    def way(one: int, other: int) -> list[Point]:
        points = [
            (x[b], y)
            for b in chains[one, other]
            for y in (tops[ranks[b]], tops[ranks[b]] + heights[ranks[b]])
        ]
        (ax, ay), (bx, by) = centres[one], centres[other]
        points[0] = ax, ay + sizes[one][1] / 2
        points[-1] = bx, by - sizes[other][1] / 2
        return points

    return centres, {edge: way(*edge) for edge in edges}


def _ranks(n: int, edges: Sequence[Edge]) -> list[int]:
    """Return each box's layer; one that takes nothing lies just above the first that takes something from it."""
    ranks = [0] * n
    for one, other in sorted(edges, key=lambda edge: edge[1]):
        ranks[other] = max(ranks[other], ranks[one] + 1)
    for box in {*range(n)} - {other for _, other in edges}:
        ranks[box] = min((ranks[other] - 1 for one, other in edges if one == box), default=0)
    return ranks


def _across(layers: list[list[int]], links: Sequence[Edge], widths: Sequence[float]) -> list[float]:
    """Put the layers in order, and return the x of each box, from 0 on."""
    above: list[list[int]] = [[] for _ in widths]
    below: list[list[int]] = [[] for _ in widths]
    for one, other in links:
        above[other].append(one)
        below[one].append(other)
    both = [a + b for a, b in zip(above, below, strict=True)]
    x = [0.0] * len(widths)

    def sweep(order: Sequence[list[int]], sides: Sequence[list[int]], sort: bool) -> None:
        for layer in order:
            wanted = {
                b: sum(x[c] for c in sides[b]) / len(sides[b]) if sides[b] else x[b] for b in layer
            }
            if sort:
                layer.sort(key=wanted.__getitem__)
            places = _apart([wanted[b] for b in layer], layer, widths)
            for box, place in zip(layer, places, strict=True):
                x[box] = place

    sweep(layers, [[] for _ in widths], False)
    for i in range(SWEEPS):
        sort = i < SWEEPS // 2
        sweep(layers, above if sort else both, sort)
        sweep(layers[::-1], below if sort else both, sort)
    left = min(place - width / 2 for place, width in zip(x, widths, strict=True))
    return [place - left for place in x]


def _apart(wanted: Sequence[float], layer: Sequence[int], widths: Sequence[float]) -> list[float]:
    r"""Return places as near as can be to those wanted, in this order and without overlap.

    With :math:`s_i` the least distance from the first, :math:`x_i - s_i` must not fall. The nearest such numbers are
    means of neighbours that would fall otherwise (pool adjacent violators).

    >>> _apart([0.0, 0.0], [0, 1], [6.0, 6.0])
    [-10.0, 10.0]
    """
    steps = ((widths[a] + widths[b]) / 2 + ACROSS for a, b in pairwise(layer))
    least = list(accumulate(steps, initial=0.0))
    pools: list[tuple[float, int]] = []  # the sum of each, and how many they are
    for value, offset in zip(wanted, least, strict=True):
        total, count = value - offset, 1
        while pools and pools[-1][0] * count >= total * pools[-1][1]:
            before, others = pools.pop()
            total, count = total + before, count + others
        pools.append((total, count))
    means = (total / count for total, count in pools for _ in range(count))
    return [mean + offset for mean, offset in zip(means, least, strict=True)]
