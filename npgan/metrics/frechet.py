"""The Fréchet distance: how far apart the Gaussians fitted to two sets of features lie."""

from collections.abc import Iterator

import numpy as np

from npgan.metrics.checks import sets
from npgan.ops.normalisation import centre

__all__ = ["frechet_distance"]

BLOCK = 2**24  # numbers of both sets held in float64 at a time, 128 MiB


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    r"""Return the (squared) Fréchet distance of the Gaussians fitted to two sets of features.

    .. math:: d^2 = |\mu_a - \mu_b|^2
        + \operatorname{tr}\bigl(\Sigma_a + \Sigma_b - 2(\Sigma_a\Sigma_b)^{1/2}\bigr)

    :math:`\mu` are the means and :math:`\Sigma` the unbiased covariances. The product's root is
    not symmetric, but its trace is the sum of the singular values of
    :math:`\Sigma_a^{1/2}\Sigma_b^{1/2}`: their squares are the eigenvalues of
    :math:`\Sigma_a^{1/2}\Sigma_b\Sigma_a^{1/2}`, which are those of :math:`\Sigma_a\Sigma_b`. In place of the roots
    any factors do, :math:`\Sigma = FF^\top`: the singular values are then those of :math:`F_a^\top F_b`.
    Sources: Dowson and Landau 1982; Heusel et al. 2017, eq. 6.

    Parameters
    ----------
    a, b : (n, d) and (m, d), with at least two rows each

    Examples
    --------
    >>> a = np.array([[-1.0], [0.0], [1.0]])
    >>> round(frechet_distance(a, 3 * a + 5), 9)  # 5² + (3 - 1)²
    29.0
    """
    a, b = sets(rows=2, a=a, b=b)
    means = traces = 0.0
    for x, y, apart in _centred(a, b):
        means += np.square(apart).sum()
        traces += sum(np.square(z).sum() / (len(z) - 1) for z in (x, y))
    return float(means + traces - 2 * np.linalg.norm(_cross(a, b), "nuc"))


def frechet_of_parts(a: np.ndarray, b: np.ndarray, parts: np.ndarray) -> np.ndarray:
    r"""Return the distances (r,) of a (n, d) from parts of b (m, d), whose rows are ``parts`` (r, k), 1 < k <= m.

    All is computed once, but for singular values: with :math:`X = F_a^\top B^\top` (at most m rows: others are made
    fewer by a QR decomposition), the columns of X that belong to a part, centred, over :math:`\sqrt{k - 1}`, are its
    :math:`F_a^\top F_b`. Its mean and trace follow from :math:`K = BB^\top` and :math:`B(\mu_a - \mu_b)`.
    """
    n, m, k = len(a), len(b), parts.shape[1]
    gram, towards, apart, trace = np.zeros((m, m)), np.zeros(m), 0.0, 0.0
    for x, y, difference in _centred(a, b):
        gram += y @ y.T
        towards += y @ difference[0]
        apart += np.square(difference).sum()
        trace += np.square(x).sum() / (n - 1)
    products, found = _products(a, b), np.empty(len(parts))
    for i, part in enumerate(parts):
        moved = gram[np.ix_(part, part)].mean()
        means = apart - 2 * towards[part].mean() + moved
        traces = trace + (gram[part, part].sum() - k * moved) / (k - 1)
        cross = centre(products[:, part], 1)[0] / np.sqrt(k - 1)
        found[i] = means + traces - 2 * np.linalg.norm(cross, "nuc")
    return found


def _products(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    r"""Return :math:`F_a^\top B^\top`, or its triangular factor R if that is smaller: (at most m, m)."""
    (n, d), m = a.shape, len(b)
    if min(n, m) < d:
        found = _cross(a, b) * np.sqrt(m - 1)
    else:
        whole_a, whole_b = _whole(a, b)
        found = _root_of_covariance(whole_a) @ whole_b.T
    return np.linalg.qr(found)[1] if len(found) > m else found


def _centred(a: np.ndarray, b: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield some columns at a time in float64, centred, and the difference of their means: large images fill memory."""
    width = max(1, BLOCK // (len(a) + len(b)))
    for i in range(0, a.shape[1], width):
        x, y = (np.asarray(z[:, i : i + width], np.float64) for z in (a, b))
        origin = x.mean(axis=0)
        (x, mean_x), (y, mean_y) = (centre(z - origin, 0) for z in (x, y))
        yield x, y, mean_x - mean_y


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    r"""Return :math:`F_a^\top F_b`, of sets that are not centred yet.

    If one set has fewer rows than columns, centred rows X are the factors, :math:`F = X^\top/\sqrt{n - 1}`: this is
    :math:`AB^\top/\sqrt{(n - 1)(m - 1)}`, (n, m). Otherwise they are
    :math:`\Sigma^{1/2} = V\operatorname{diag}(\sqrt\lambda)V^\top`, (d, d).
    """
    (n, d), m = a.shape, len(b)
    if min(n, m) < d:
        products = (x @ y.T for x, y, _ in _centred(a, b))
        return sum(products, np.zeros((n, m))) / np.sqrt((n - 1) * (m - 1))
    root_a, root_b = map(_root_of_covariance, _whole(a, b))
    return root_a @ root_b


def _whole(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both sets in float64, centred."""
    blocks = list(_centred(a, b))
    return np.hstack([x for x, _, _ in blocks]), np.hstack([y for _, y, _ in blocks])


def _root_of_covariance(x: np.ndarray) -> np.ndarray:
    """Return the symmetric root of the covariance of x (n, d) of mean 0."""
    values, vectors = np.linalg.eigh(x.T @ x / (len(x) - 1))
    return vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
