"""Where the windows of an image lie that a convolution or a pooling looks at."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple, Self

from npgan.errors import InputError, count, shown

__all__: list[str] = []
Shape = tuple[int, ...]
Pair = tuple[int, int]
"""A number for the rows, and one for the columns."""


class Tap(NamedTuple):
    """One tap of the weight: the pixels of x that it multiplies, those of y that it adds to, and its matrix."""

    x: tuple
    y: tuple
    weight: tuple


def pair(what: str, given: int | Pair, least: int = 0) -> Pair:
    """Return a number for the rows and one for the columns; one number stands for both.

    >>> pair("stride", 2), pair("stride", (1, 2))
    ((2, 2), (1, 2))
    """
    numbers = given if isinstance(given, tuple | list) else (given, given)
    if len(numbers) != 2:
        raise InputError(f"{what} must be a number, or two, for rows and columns: {shown(given)}")
    rows, columns = (count(what, number, least) for number in numbers)
    return rows, columns


class Geometry(NamedTuple):
    """Where windows lie: numbers for rows and columns, and the number of groups."""

    stride: Pair
    padding: Pair
    dilation: Pair
    groups: int

    @classmethod
    def of(cls, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1) -> Self:
        """Return it, of numbers or pairs that a user has given."""
        return cls(
            pair("a stride", stride, 1),
            pair("a padding", padding),
            pair("a dilation", dilation, 1),
            count("groups", groups, 1),
        )

    def window(self, kernel: Pair) -> Pair:
        """Return the height and width of a window that so many taps look at."""
        height, width = (d * (k - 1) + 1 for k, d in zip(kernel, self.dilation, strict=True))
        return height, width

    def smaller(self, size: Pair, kernel: Pair) -> Pair:
        """Return the size of what a convolution makes of images of this size.

        >>> Geometry.of(2, 1, 1, 1).smaller((28, 28), (4, 4))
        (14, 14)

        Raises InputError if a window is larger than the padded image.
        """
        window = self.window(kernel)
        padded = [h + 2 * p for h, p in zip(size, self.padding, strict=True)]
        if window[0] > padded[0] or window[1] > padded[1]:
            raise InputError(
                f"a window of {by(window)} pixels does not fit into an image of {by(size)}, "
                f"with its padding {by(padded)}"
            )
        height, width = (
            (h - w) // s + 1 for h, w, s in zip(padded, window, self.stride, strict=True)
        )
        return height, width

    def unseen(self, size: Pair, kernel: Pair) -> str:
        """Say which pixels at the end of an image are in no window; "" if there are none.

        >>> Geometry.of(2, 0).unseen((28, 29), (3, 3))
        'of 28 x 29 pixels the last 1 row is in no window'
        """
        axes = zip(size, self.window(kernel), self.stride, self.padding, strict=True)
        left = [max(0, (h + 2 * p - w) % s - p) for h, w, s, p in axes]
        words = [
            f"the last {n} {axis}{'s' * (n > 1)}"
            for n, axis in zip(left, ("row", "column"), strict=True)
            if n
        ]
        are = "are" if sum(left) > 1 else "is"
        return f"of {by(size)} pixels {' and '.join(words)} {are} in no window" if words else ""

    def larger(self, size: Pair, kernel: Pair, more: Pair = (0, 0)) -> Pair:
        """Return the size of what a transposed convolution makes of images of this size.

        A convolution with a stride s makes the same of s sizes. The least of these is returned, plus ``more``.

        >>> Geometry.of(2, 1, 1, 1).larger((14, 14), (4, 4))
        (28, 28)

        Raises InputError if nothing is left, or if ``more`` is not below the stride.
        """
        axes = zip(size, self.window(kernel), *self[:3], more, strict=True)
        height, width = ((h - 1) * s + w - 2 * p + m for h, w, s, p, _, m in axes)
        if height < 1 or width < 1:
            raise InputError(
                f"a padding of {by(self.padding)} leaves nothing of a transposed convolution of {by(size)} pixels"
            )
        if any(m >= s for m, s in zip(more, self.stride, strict=True)):
            raise InputError(f"an output padding must be below the stride, not {by(more)}")
        return height, width

    def taps(self, x: Shape, y: Shape, weight: Shape) -> Iterator[Tap]:
        """Yield the taps of a convolution from x to y, once for each group; one that only sees zeros has no pixels."""
        kernel, (i, o) = weight[:2], (weight[2], weight[3] // self.groups)
        for a, b in product(*map(range, kernel)):
            (x0, y0), (x1, y1) = (self._seen(axis, tap, x, y) for axis, tap in enumerate((a, b)))
            for g in range(self.groups):
                inputs, outputs = slice(g * i, (g + 1) * i), slice(g * o, (g + 1) * o)
                everything = slice(None)
                yield Tap(
                    (everything, x0, x1, inputs),
                    (everything, y0, y1, outputs),
                    (a, b, everything, outputs),
                )

    def _seen(self, axis: int, tap: int, x: Shape, y: Shape) -> tuple[slice, slice]:
        """Return the pixels of x that a tap sees along an axis, and those of y that it sees them for."""
        stride, offset = self.stride[axis], tap * self.dilation[axis] - self.padding[axis]
        first = max(0, -(offset // stride))
        last = min(y[axis + 1], (x[axis + 1] - 1 - offset) // stride + 1)
        last = max(first, last)
        seen = slice(first * stride + offset, max(0, (last - 1) * stride + offset + 1), stride)
        return seen, slice(first, last)


def by(numbers: Sequence[int]) -> str:
    """Return sizes in words.

    >>> by((4, 3))
    '4 x 3'
    """
    return " x ".join(map(str, numbers))
