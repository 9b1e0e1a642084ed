r"""Winograd's minimal filtering: a convolution with fewer multiplications.

**One axis.** Two outputs of two taps, :math:`y_j = d_j g_0 + d_{j+1} g_1`, need four products. Three are enough:

.. math:: M_1 = (d_0 - d_1) g_0, \quad M_2 = d_1 (g_0 + g_1), \quad M_3 = (d_1 - d_2) g_1, \qquad
    y_0 = M_1 + M_2, \quad y_1 = M_2 - M_3.

Additions take their place, but few: with many channels each d and y is a vector and each g a matrix, so a product
is one of a vector and a matrix, and nearly all additions are of vectors.

**Where this comes from.** :math:`F(m, r)` makes m outputs of r taps and :math:`n = m + r - 1` pixels. Let u be any m
numbers, and look at one number that holds everything:

.. math:: \sum_j u_j y_j = \sum_{i,j} d_{i+j}\, g_i\, u_j = \sum_k d_k s_k, \qquad s_k = \sum_{i+j=k} g_i u_j.

The :math:`s_k` are the coefficients of the product of two polynomials, :math:`s(z) = g(z) u(z)`. It has degree
:math:`n - 1`, so n values determine it: n - 1 points a and, as the value at infinity, the coefficient of
:math:`z^{n-1}`. At each point one product makes :math:`s(a)` of :math:`g(a)` and :math:`u(a)` (Toom 1963, Cook 1966).
So there are matrices G and A of powers of the points, and a matrix B that interpolates, :math:`s = B [Gg \odot Au]`:

.. math:: \sum_{i,j} d_{i+j}\, g_i\, u_j = \sum_p (B^\top d)_p\, (G g)_p\, (A u)_p.

The first column of B holds the Lagrange polynomial that is 1 at the first point and 0 at the others, and so on; the
last one holds :math:`\prod (z - a)`. For F(2, 2) with the points 0, 1 and infinity

.. math:: B^\top = \begin{pmatrix} 1 & -1 & 0 \\ 0 & 1 & 0 \\ 0 & -1 & 1 \end{pmatrix}, \quad
    G = \begin{pmatrix} 1 & 0 \\ 1 & 1 \\ 0 & 1 \end{pmatrix}, \quad
    A = \begin{pmatrix} 1 & 0 \\ 1 & 1 \\ 0 & 1 \end{pmatrix},

which are the three products above, with the last one's sign turned.

**One form, three products.** The sum is linear in d, in g and in u. Its derivative with respect to each of them is
what a convolution needs: with respect to u it is y, and where u is the gradient dy, the other two are dx and dW:

.. math:: y = A^\top [Gg \odot B^\top d], \qquad dx = B\,[Gg \odot A\,dy], \qquad dW = G^\top [B^\top d \odot A\,dy].

So all three multiply at the same n points, and use the same matrices, or their transposes.

**The plane.** Rows and columns are filtered one inside the other, :math:`Y = A^\top [G g G^\top \odot B^\top D B] A`,
and the savings multiply: F(2 x 2, 2 x 2) has 9 products for 16, F(3 x 3, 2 x 2) 16 for 36, and F(4 x 4, 2 x 2) 25
for 64. An image is cut into tiles of m x m outputs, whose windows overlap. Where m does not divide it the last tile is
smaller, e < m. F(e, r) needs fewer points, the first ones and infinity, so that it shares the transformed weights: 7
outputs are tiles of 4 and 3 with 5 + 4 points, and 81 products replace 196.

**Strides.** A weight of 4 x 4 taps with a stride of 2 sees every second pixel with every second tap. So it is one of
2 x 2 taps and stride 1 on four images, those of the even and odd rows and columns (its *planes*), with four times the
channels. In the same way, any stride that divides the number of taps goes away.

**Rounding.** Additions before the products let large numbers cancel after them. Hence an error is not bounded by the
:math:`|d||g|` of a pixel's own window, but by those of its tile, in the same formulas with absolute values: for sums
over k products, with the machine's :math:`\epsilon`

.. math:: |\hat y - y| \le \gamma_{k+16}\; |A|^\top [\,|G||g| \odot |B|^\top |d|\,], \qquad
    \gamma_q = q\epsilon / (2 - q\epsilon),

and alike for dx and dW: 16 roundings, at most, lie in the transforms, if there are at most four points in an axis. Then
all numbers of the matrices are 0, 1 or 1/2 and signs, and the bound is at most 16 times that of the direct way, if all
pixels of a tile are as large as its largest. For normal numbers the errors are like the direct way's, whose
sums have more terms: smaller, or at most a tenth larger.

With five points there are 40 roundings, and the bound is at most 62 times that of the direct way. Errors of normal
numbers are 1.3 to 2 times as large; how large depends on the points. Think of a point a as the direction (1, a) in the
plane, and of infinity as (0, 1). A polynomial has nearly the same value at directions that are close to each other, and
their difference is lost in rounding. So equal angles between them are best,
:math:`a = \tan(\tfrac\pi2 + \tfrac{j\pi}n)`: for n = 4 that is 0, 1, -1 and infinity, and for n = 5 it is
:math:`\pm .325`, :math:`\pm 1.376` and infinity, close to 1/3 and 4/3. With 0, 1, -1 and 1/2 the errors are twice as
large again. A number that is not finite spreads to the tiles that see it.

Source: Winograd 1980, *Arithmetic complexity of computations*; Lavin and Gray 2016.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

import numpy as np

from npgan.ops.windows import Geometry, Pair
from npgan.shapes import Array

__all__: list[str] = []
POINTS = {
    1: (),
    2: (0.0,),
    3: (0.0, 1.0),
    4: (0.0, 1.0, -1.0),
    5: (1 / 3, -4 / 3, 4 / 3, -1 / 3),
}
"""How many points a tile has -> those but for infinity; a smaller last tile uses the first of them."""
ROUNDINGS = {4: 16, 5: 40}
"""How many roundings the transforms of a product have at most, for tiles of at most so many points in an axis."""


class Filter(NamedTuple):
    """The matrices of F(m, r): a row for each of the n points.

    Attributes
    ----------
    pixels : (n, n), the transpose of B
    taps : (n, r), G
    results : (n, m), A
    """

    pixels: Array
    taps: Array
    results: Array


@cache
def minimal(m: int, r: int, most: int = 0) -> Filter:
    """Return the matrices for m outputs of r taps, at the first of ``most`` points; 0: of m + r - 1.

    >>> d, g, f = np.array([1.0, 2.0, 4.0]), np.array([3.0, 5.0]), minimal(2, 2)
    >>> f.results.T @ ((f.taps @ g) * (f.pixels @ d))  # 1 3 + 2 5 and 2 3 + 4 5
    array([13., 26.])
    """
    finite = np.array(POINTS[most or m + r - 1][: m + r - 2])
    pixels = np.zeros((m + r - 1, m + r - 1))
    pixels[-1] = _vanishing(finite)
    for p, point in enumerate(finite):
        others = np.delete(finite, p)
        pixels[p, :-1] = _vanishing(others) / np.prod(point - others)
    return Filter(pixels, _values(finite, r), _values(finite, m))


def _vanishing(points: Array) -> Array:
    """Return the coefficients of the polynomial that is 0 at the points; the last one is 1."""
    return np.atleast_1d(np.poly(points))[::-1]


def _values(points: Array, count: int) -> Array:
    """Return the matrix from so many coefficients to a polynomial's values at the points, and at infinity."""
    return np.vstack([points[:, None] ** np.arange(count), np.eye(count)[-1:]])


@cache
def absolute(m: int, r: int, most: int = 0) -> Filter:
    """Return the matrices' absolute values, which bound the rounding errors."""
    return Filter(*map(np.abs, minimal(m, r, most)))


def tiles(size: int, m: int) -> list[Pair]:
    """Return where the tiles of an axis begin, and how many outputs they have.

    >>> tiles(7, 3)
    [(0, 3), (3, 3), (6, 1)]
    """
    return [(first, min(m, size - first)) for first in range(0, size, m)]


Matrices = Callable[[int, int, int], Filter]
Axes = tuple[Filter, Filter]


def suits(geometry: Geometry, taps: Pair) -> bool:
    """Return whether the stride divides the taps, and there is neither dilation nor more than one group.

    >>> suits(Geometry.of(2, 1), (4, 4)), suits(Geometry.of(2, 1), (3, 3))
    (True, False)
    """
    plain = geometry.dilation == (1, 1) and geometry.groups == 1
    return plain and all(k % s == 0 for k, s in zip(taps, geometry.stride, strict=True))


class Filtering(NamedTuple):
    """How a weight of (rows, columns) taps makes y of images x, in tiles of at most m x m pixels of y."""

    geometry: Geometry
    taps: Pair
    x: Pair
    y: Pair
    m: int
    matrices: Matrices = minimal

    @property
    def r(self) -> Pair:
        """How many taps each plane has along rows and columns."""
        rows, columns = (k // s for k, s in zip(self.taps, self.geometry.stride, strict=True))
        return rows, columns

    def tiles(self) -> Iterator[tuple[tuple, tuple, Axes]]:
        """Yield for each tile its pixels in the planes and in y, and the matrices for rows and columns."""
        (r, q), (height, width) = self.r, self.y
        for i, a in tiles(height, self.m):
            for j, b in tiles(width, self.m):
                seen = slice(None), slice(i, i + a + r - 1), slice(j, j + b + q - 1)
                made = slice(None), slice(i, i + a), slice(j, j + b)
                rows = self.matrices(a, r, self.m + r - 1)
                yield seen, made, (rows, self.matrices(b, q, self.m + q - 1))

    def planes(self, x: Array) -> Array:
        """Return the planes of x as channels, with the padding that windows see, and without what none sees."""
        (s, t), (top, left) = self.geometry.stride, self.geometry.padding
        height, width = (n + r - 1 for n, r in zip(self.y, self.r, strict=True))
        padded = np.zeros((len(x), s * height, t * width, x.shape[3]), x.dtype)
        seen = x[:, : s * height - top, : t * width - left]
        padded[:, top : top + seen.shape[1], left : left + seen.shape[2]] = seen
        split = padded.reshape(len(x), height, s, width, t, x.shape[3])
        return split.transpose(0, 1, 3, 2, 4, 5).reshape(len(x), height, width, -1)

    def joined(self, planes: Array) -> Array:
        """Return the images that planes make: the transpose of :meth:`planes`."""
        (s, t), (top, left), (n, height, width, _) = (*self.geometry[:2], planes.shape)
        split = planes.reshape(n, height, width, s, t, -1).transpose(0, 1, 3, 2, 4, 5)
        padded = split.reshape(n, s * height, t * width, -1)[:, top:, left:][
            :, : self.x[0], : self.x[1]
        ]
        x = np.zeros((n, *self.x, padded.shape[3]), planes.dtype)
        x[:, : padded.shape[1], : padded.shape[2]] = padded
        return x

    def weight(self, weight: Array) -> Array:
        """Return a weight's taps plane by plane: (rows, columns, channels of all planes, out)."""
        (r, q), (s, t), (i, o) = self.r, self.geometry.stride, weight.shape[2:]
        return weight.reshape(r, s, q, t, i, o).transpose(0, 2, 1, 3, 4, 5).reshape(r, q, -1, o)

    def taps_of(self, planes: Array) -> Array:
        """Return the weight whose taps these are: the transpose of :meth:`weight`."""
        (r, q), (s, t) = self.r, self.geometry.stride
        split = planes.reshape(r, q, s, t, -1, planes.shape[3]).transpose(0, 2, 1, 3, 4, 5)
        return split.reshape(*self.taps, -1, planes.shape[3])


def transformed(rows: Array, columns: Array, array: Array, first: int) -> Array:
    """Return matrices times two neighbouring axes of an array: for rows, and for columns."""
    half = np.moveaxis(np.tensordot(rows, array, (1, first)), 0, first)
    made = np.moveaxis(np.tensordot(columns, half, (1, first + 1)), 0, first + 1)
    return made.astype(array.dtype)


def outputs(x: Array, weight: Array, way: Filtering) -> Array:
    """Return y, as :func:`~npgan.ops.conv2d_forward` does without a bias.

    >>> x, weight = np.arange(9.0).reshape(1, 3, 3, 1), np.ones((2, 2, 1, 1))
    >>> way = Filtering(Geometry.of(), (2, 2), (3, 3), (2, 2), 2)
    >>> outputs(x, weight, way)[0, :, :, 0]
    array([[ 8., 12.],
           [20., 24.]])
    """
    planes, weight = way.planes(x), way.weight(weight)
    y = np.zeros((len(x), *way.y, weight.shape[3]), x.dtype)
    for seen, made, (f, g) in way.tiles():
        pixels = transformed(f.pixels, g.pixels, planes[seen], 1)
        products = np.einsum("npqc,pqco->npqo", pixels, transformed(f.taps, g.taps, weight, 0))
        y[made] = transformed(f.results.T, g.results.T, products, 1)
    return y


def inputs(dy: Array, weight: Array, way: Filtering) -> Array:
    """Return dx, as :func:`~npgan.ops.conv2d_backward_input` does; tiles that overlap add up.

    >>> way = Filtering(Geometry.of(), (2, 2), (3, 3), (2, 2), 2)
    >>> dy = np.array([[1.0, 2.0], [10.0, 20.0]]).reshape(1, 2, 2, 1)
    >>> inputs(dy, np.ones((2, 2, 1, 1)), way)[0, :, :, 0]
    array([[ 1.,  3.,  2.],
           [11., 33., 22.],
           [10., 30., 20.]])
    """
    weight, (r, q) = way.weight(weight), way.r
    planes = np.zeros((len(dy), way.y[0] + r - 1, way.y[1] + q - 1, weight.shape[2]), dy.dtype)
    for seen, made, (f, g) in way.tiles():
        results = transformed(f.results, g.results, dy[made], 1)
        products = np.einsum("npqo,pqco->npqc", results, transformed(f.taps, g.taps, weight, 0))
        planes[seen] += transformed(f.pixels.T, g.pixels.T, products, 1)
    return way.joined(planes)


def gradient(x: Array, dy: Array, way: Filtering) -> Array:
    """Return dW, which :func:`~npgan.ops.conv2d_backward_parameters` adds.

    >>> x, dy = np.arange(9.0).reshape(1, 3, 3, 1), np.zeros((1, 2, 2, 1))
    >>> dy[0, 0, 0, 0] = 1
    >>> gradient(x, dy, Filtering(Geometry.of(), (2, 2), (3, 3), (2, 2), 2))[:, :, 0, 0]
    array([[0., 1.],
           [3., 4.]])
    """
    planes = way.planes(x)
    dweight = np.zeros((*way.r, planes.shape[3], dy.shape[3]), x.dtype)
    for seen, made, (f, g) in way.tiles():
        pixels = transformed(f.pixels, g.pixels, planes[seen], 1)
        results = transformed(f.results, g.results, dy[made], 1)
        products = np.einsum("npqc,npqo->pqco", pixels, results)
        dweight += transformed(f.taps.T, g.taps.T, products, 0)
    return way.taps_of(dweight)


def gamma(terms: int, most: int = 4, dtype: np.typing.DTypeLike = np.float32) -> float:
    """Return the bound's factor for sums of so many products in tiles of ``most`` points, see the top of this file.

    >>> round(gamma(1024) / np.finfo(np.float32).eps)
    520
    """
    rounded = (terms + ROUNDINGS[max(most, 4)]) * float(np.finfo(dtype).eps) / 2
    return rounded / (1 - rounded)
