"""The kernels: the operations of :mod:`npgan.ops` by the same names, as rows that Numba's code performs.

Importing this package imports Numba; :mod:`npgan.backend` does so when the backend is first used.
A docstring here says only what makes the kernel fast: the mathematics is in the reference. What a kernel is
given has passed the reference's border: arrays of the right shapes, contiguous and of one type.
"""

from npgan.kernels import (
    batch,
    categories,
    chain,
    conv,
    dense,
    elementwise,
    fourier,
    gumbel,
    likelihood,
    loss,
    noise,
    normalisation,
    pooling,
    random,
    softmax,
    update,
)
