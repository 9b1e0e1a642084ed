r"""Boxes in layers, so that every arrow points down: the way of Sugiyama et al. 1981.

A box's layer is one below the lowest of those that it takes something from. Arrows that pass layers get a narrow
place in each of them. Then each layer is put in order, and its boxes are moved, towards the middle of their neighbours.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

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
    ways : edge -> its points; there are two in each layer that it passes

    Examples
    --------
    >>> layered([(10, 4), (10, 4)], [(0, 1)])
    ([(5.0, 2.0), (5.0, 40.0)], {(0, 1): [(5.0, 4.0), (5.0, 38.0)]})
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
    tops = np.concatenate([[0], np.cumsum(np.add(heights, DOWN))]).tolist()
    x = _across(layers, links, widths)
    middles = [top + height / 2 for top, height in zip(tops, heights, strict=False)]
    centres = [(float(x[box]), middles[ranks[box]]) for box in range(len(sizes))]

    def way(one: int, other: int) -> list[Point]:
        passed = [
            (float(x[b]), y)
            for b in chains[one, other][1:-1]
            for y in (tops[ranks[b]], tops[ranks[b]] + heights[ranks[b]])
        ]
        (ax, ay), (bx, by) = centres[one], centres[other]
        return [(ax, ay + sizes[one][1] / 2), *passed, (bx, by - sizes[other][1] / 2)]

    return centres, {edge: way(*edge) for edge in edges}


def _ranks(n: int, edges: Sequence[Edge]) -> list[int]:
    """Return each box's layer; one that takes nothing lies just above the first that takes something from it."""
    ranks = [0] * n
    for one, other in sorted(edges, key=lambda edge: edge[1]):
        ranks[other] = max(ranks[other], ranks[one] + 1)
    for box in {*range(n)} - {other for _, other in edges}:
        ranks[box] = min((ranks[other] - 1 for one, other in edges if one == box), default=0)
    return ranks


def _across(layers: list[list[int]], links: Sequence[Edge], widths: Sequence[float]) -> np.ndarray:
    """Put the layers in order, and return the x of each box, from 0 on."""
    above: list[list[int]] = [[] for _ in widths]
    below: list[list[int]] = [[] for _ in widths]
    for one, other in links:
        above[other].append(one)
        below[one].append(other)
    x = np.zeros(len(widths))
    for layer in layers:
        x[layer] = _apart(np.zeros(len(layer)), layer, widths)

    def sweep(order: Sequence[list[int]], sides: Sequence[list[int]], sort: bool) -> None:
        for layer in order:
            wanted = {b: x[sides[b]].mean() if sides[b] else x[b] for b in layer}
            if sort:
                layer.sort(key=wanted.__getitem__)
            x[layer] = _apart(np.array([wanted[b] for b in layer]), layer, widths)

    both = [a + b for a, b in zip(above, below, strict=True)]
    for i in range(SWEEPS):
        sort = i < SWEEPS // 2
        sweep(layers, above if sort else both, sort)
        sweep(layers[::-1], below if sort else both, sort)
    halves = np.array(widths) / 2
    return x - (x - halves).min()


def _apart(wanted: np.ndarray, layer: Sequence[int], widths: Sequence[float]) -> np.ndarray:
    r"""Return places as near as can be to those wanted, in this order and without overlap.

    With :math:`s_i` the least distance from the first, :math:`x_i - s_i` must not fall. The nearest such numbers are
    means of neighbours that would fall otherwise (pool adjacent violators).

    >>> _apart(np.zeros(2), [0, 1], [6.0, 6.0])
    array([-10.,  10.])
    """
    steps = [(widths[a] + widths[b]) / 2 + ACROSS for a, b in pairwise(layer)]
    least = np.concatenate([[0], np.cumsum(steps)])
    pools: list[list[float]] = []
    for value in wanted - least:
        pools.append([value])
        while len(pools) > 1 and np.mean(pools[-2]) >= np.mean(pools[-1]):
            pools[-2:] = [pools[-2] + pools[-1]]
    return np.concatenate([np.full(len(pool), np.mean(pool)) for pool in pools]) + least
