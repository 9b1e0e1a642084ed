"""Where the arrays of a program lie in its memory.

A program runs in stages, one after the other. After the last stage that touches a buffer nothing reads it any more,
and the next buffer of its size takes its memory, which is still in the processor's cache. The contractive
autoencoder's step, for example, goes back once for each unit of the code, and all passes use the same few arrays.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from heapq import heappop, heappush

from npgan.program.traced import Buffer, Place


def live_ranges(
    stages: Sequence[Sequence[Place]], kept: Sequence[Place]
) -> dict[Buffer, tuple[int, int]]:
    """Return the first and the last stage that touch each outermost buffer; what is kept is live in all stages."""
    found: dict[Buffer, tuple[int, int]] = {}
    for stage, places in enumerate(stages):
        for buffer in inside(places):
            first, _ = found.get(buffer, (stage, stage))
            found[buffer] = first, stage
    return found | dict.fromkeys(inside(kept), (0, len(stages)))


def inside(places: Sequence[Place]) -> list[Buffer]:
    """Return the outermost buffers of places, but for arrays from outside."""
    return [place.at()[0] for place in places if not place.buffer.outside]


def offsets(ranges: Mapping[Buffer, tuple[int, int]], line: int) -> tuple[dict[Buffer, int], int]:
    """Return the offset of each buffer, a multiple of ``line`` numbers, and how many numbers they need in all.

    Buffers of one line are never shared: they may be losses, which are read after the run.

    >>> a, b, c = Buffer(20), Buffer(20), Buffer(20)
    >>> of, total = offsets({a: (0, 1), b: (1, 2), c: (2, 3)}, line=16)
    >>> of[a], of[b], of[c], total
    (0, 32, 0, 64)
    """
    found, total = {}, 0
    left = defaultdict[int, list[tuple[int, int]]](list)  # size -> last stages and offsets
    for buffer, (first, last) in ranges.items():
        size = -(-buffer.size // line) * line
        if size > line and left[size] and left[size][0][0] < first:
            _, found[buffer] = heappop(left[size])
        else:
            found[buffer], total = total, total + size
        heappush(left[size], (last, found[buffer]))
    return found, total
