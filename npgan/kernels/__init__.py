"""The kernels: the operations of :mod:`npgan.ops` by the same names, compiled by Numba.

Importing this package imports Numba; :mod:`npgan.backend` does so when the backend is first used.
A docstring here says only what makes the kernel fast: the mathematics is in the reference. What a kernel is
given has passed the reference's border: arrays of the right shapes, contiguous and of one type.
"""

from collections.abc import Callable
from typing import Any

from npgan import ops
from npgan.kernels import elementwise, update
from npgan.kernels.batch import gather
from npgan.kernels.chain import chain_backward, chain_forward
from npgan.kernels.dense import dense_backward_input, dense_backward_parameters, dense_forward
from npgan.kernels.elementwise import (
    all_finite,
    mean_heaviside,
    mean_sigmoid,
)
from npgan.kernels.fourier import fourier_backward, fourier_forward
from npgan.kernels.likelihood import (
    log_bernoulli_with_logits_backward,
    log_bernoulli_with_logits_forward,
)
from npgan.kernels.loss import LOSSES, loss
from npgan.kernels.noise import (
    dropout_forward,
    gaussian_sample_backward,
    gaussian_sample_forward,
    kl_standard_normal_backward,
    kl_standard_normal_forward,
)
from npgan.kernels.random import dropout_mask, standard_normal
from npgan.kernels.softmax import softmax_backward, softmax_cross_entropy, softmax_forward
from npgan.ops.kinds import KINDS

_INSIDE: dict[str, Callable[..., Any]] = {
    kernel.__name__: kernel
    for kernel in (
        all_finite,
        chain_backward,
        chain_forward,
        dense_backward_input,
        dense_backward_parameters,
        dense_forward,
        dropout_forward,
        dropout_mask,
        fourier_backward,
        fourier_forward,
        gather,
        gaussian_sample_backward,
        gaussian_sample_forward,
        kl_standard_normal_backward,
        kl_standard_normal_forward,
        log_bernoulli_with_logits_backward,
        log_bernoulli_with_logits_forward,
        mean_heaviside,
        mean_sigmoid,
        softmax_backward,
        softmax_cross_entropy,
        softmax_forward,
        standard_normal,
    )
}
_INSIDE |= {"dropout_backward": dropout_forward}
_INSIDE |= {name: update.kernel(name) for name in update.UPDATES}
for name in KINDS:
    _INSIDE |= {f"{name}_forward": elementwise.forward(name)}
    _INSIDE |= {f"{name}_backward": elementwise.backward(name)}
_INSIDE |= {name: loss(name) for name in LOSSES}
KERNELS = {name: getattr(ops, name).border.around(kernel) for name, kernel in _INSIDE.items()}
"""Operation -> its kernel, behind the operation's :class:`~npgan.shapes.Border`."""
