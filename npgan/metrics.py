r"""How good generated samples are: pure functions of samples, or of their features.

All is computed in float64, rows are samples.
"""

import numpy as np

from npgan.errors import InputError


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    r"""Return the (squared) Fréchet distance of the Gaussians fitted to two sets of features.

    .. math:: d^2 = |\mu_a - \mu_b|^2
        + \operatorname{tr}\bigl(\Sigma_a + \Sigma_b - 2(\Sigma_a\Sigma_b)^{1/2}\bigr)

    :math:`\mu` are the means and :math:`\Sigma` the unbiased covariances. The product's root is
    not symmetric, but its trace is the sum of the singular values of
    :math:`\Sigma_a^{1/2}\Sigma_b^{1/2}`: their squares are the eigenvalues of
    :math:`\Sigma_a^{1/2}\Sigma_b\Sigma_a^{1/2}`, which are those of :math:`\Sigma_a\Sigma_b`.
    Sources: Dowson and Landau 1982; Heusel et al. 2017, eq. 6.

    Parameters
    ----------
    a : (n, d)
    b : (m, d)

    Examples
    --------
    >>> a = np.array([[-1.0], [0.0], [1.0]])
    >>> round(frechet_distance(a, 3 * a + 5), 9)  # 5² + (3 - 1)²
    29.0

    Raises
    ------
    InputError
        For fewer than 2 rows, different widths or values that are not finite.
    """
    a, b = (np.asarray(x, np.float64) for x in (a, b))
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        raise InputError(
            f"the features' shapes are {a.shape} and {b.shape}: they must be (n, d) and (m, d) "
            "with at least 2 rows each"
        )
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise InputError("every feature must be finite")
    root_a, root_b = _root_of_covariance(a), _root_of_covariance(b)
    means = np.square(a.mean(axis=0) - b.mean(axis=0)).sum()
    traces = np.square(root_a).sum() + np.square(root_b).sum()
    return float(means + traces - 2 * np.linalg.norm(root_a @ root_b, "nuc"))


def _root_of_covariance(x: np.ndarray) -> np.ndarray:
    r"""Return :math:`\Sigma^{1/2} = V\operatorname{diag}(\sqrt\lambda)V^\top`, (d, d)."""
    centred = x - x.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred / (len(x) - 1))
    return vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T


def mode_statistics(samples: np.ndarray, centres: np.ndarray, std: float) -> dict[str, int | float]:
    r"""Say how well samples cover a mixture of k equal, round Gaussians in two dimensions.

    A sample belongs to its nearest centre and is of high quality within :math:`3\sigma` of it; of
    the mixture itself a share :math:`1 - e^{-9/2} \approx 98.89\,\%` is.
    Source of the first two: Srivastava et al. 2017, sec. 4.1.

    Parameters
    ----------
    samples : (n, 2)
    centres : (k, 2)
    std : :math:`\sigma`, the standard deviation of each mode

    Returns
    -------
    modes : the number of centres with a sample of high quality
    high_quality : the share of such samples
    total_variation : :math:`\frac12\sum_i |n_i/n - 1/k|` for :math:`n_i` samples of centre i: 0 if
        all have as many, :math:`1 - 1/k` if one has all

    Examples
    --------
    >>> centres = np.array([[0.0, 0.0], [9.0, 0.0]])
    >>> mode_statistics(np.array([[0.1, 0.0], [0.0, 0.2], [8.0, 0.0], [0.0, 0.0]]), centres, 0.1)
    {'modes': 1, 'high_quality': 0.75, 'total_variation': 0.25}

    Raises
    ------
    InputError
        For shapes other than those above, or a standard deviation that is not positive.
    """
    samples, centres = (np.asarray(x, np.float64) for x in (samples, centres))
    if any(x.ndim != 2 or x.shape[1] != 2 or not len(x) for x in (samples, centres)):
        raise InputError(
            f"the shapes of samples and centres are {samples.shape} and {centres.shape}: "
            "they must be (n, 2) and (k, 2)"
        )
    if not 0 < std < np.inf:
        raise InputError(f"the standard deviation must be a positive number, not {std}")
    distances = np.linalg.norm(samples[:, None] - centres, axis=2)
    nearest = distances.argmin(axis=1)
    good = distances.min(axis=1) <= 3 * std
    shares = np.bincount(nearest, minlength=len(centres)) / len(samples)
    return {
        "modes": len(np.unique(nearest[good])),
        "high_quality": float(good.mean()),
        "total_variation": float(np.abs(shares - 1 / len(centres)).sum() / 2),
    }
