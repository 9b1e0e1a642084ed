"""Principal components: the best linear code, to compare others with."""

import numpy as np

from npgan.errors import array, count
from npgan.metrics.checks import sets
from npgan.ops.normalisation import centre

__all__ = ["PCA"]


class PCA:
    r"""The k directions in which data varies most: the linear code of least squared error.

    With the data's mean m and the eigenvectors V (d, k) of its covariance that have the largest
    eigenvalues, the code is :math:`c = (x - m)V`, and :math:`\hat x = m + cV^\top`.
    Source: Pearson 1901; Hotelling 1933.

    Parameters
    ----------
    x : (n, d), n >= 2
    k : width of the code, at most d

    Examples
    --------
    >>> x = np.array([[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]])
    >>> line = PCA(x, 1)
    >>> line.decode(line.encode(x)).round(6)
    array([[0., 0.],
           [1., 2.],
           [2., 4.]])
    """

    def __init__(self, x: np.ndarray, k: int) -> None:
        (x,) = sets(rows=2, x=x)
        k = count("the width of a code of principal components", k, 1, x.shape[1])
        centred, mean = centre(np.asarray(x, np.float64), 0)
        self.mean = mean[0]
        self.directions = _directions(centred, k)

    def encode(self, x: np.ndarray) -> np.ndarray:
        """Return the code (n, k) of x (n, d)."""
        return (array("x", x, ("n", len(self.mean))) - self.mean) @ self.directions

    def decode(self, code: np.ndarray) -> np.ndarray:
        """Return what a code (n, k) stands for, (n, d)."""
        code = array("code", code, ("n", self.directions.shape[1]))
        return self.mean + code @ self.directions.T


def _directions(centred: np.ndarray, k: int) -> np.ndarray:
    r"""Return the first k eigenvectors of the covariance :math:`X^\top X/(n - 1)`, (d, k).

    They are the right singular vectors of X, and with fewer rows than columns found sooner so.
    """
    n, d = centred.shape
    if k <= n < d:
        return np.linalg.svd(centred, full_matrices=False)[2][:k].T
    return np.linalg.eigh(centred.T @ centred / (n - 1))[1][:, : -k - 1 : -1]
