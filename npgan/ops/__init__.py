r"""The mathematics: pure NumPy functions, each forward directly above its backward.

Conventions, the same in every file:

- ``x, y`` are a function's input and output, rows are samples: shape ``(n, features)``.
- ``dx, dy`` are the derivatives of the (scalar) training loss by ``x`` and ``y``; ``dy`` comes from
  above, a backward function turns it into ``dx``: :math:`dx_i = \sum_j dy_j\,\partial y_j/\partial x_i`.
- The result has the dtype of the input: float32 trains, float64 checks gradients, and complex128
  goes through every analytic function (``where`` looks at the real part only), so that the
  complex-step derivative can be taken.
"""

from npgan.ops.activation import (
    elu_backward,
    elu_forward,
    identity_backward,
    identity_forward,
    leaky_relu_backward,
    leaky_relu_forward,
    mean_sigmoid,
    relu_backward,
    relu_forward,
    sigmoid_backward,
    sigmoid_forward,
    softmax_backward,
    softmax_forward,
    softplus_backward,
    softplus_forward,
    tanh_backward,
    tanh_forward,
)
from npgan.ops.batch import gather
from npgan.ops.chain import chain_backward, chain_forward
from npgan.ops.dense import dense_backward_input, dense_backward_parameters, dense_forward
from npgan.ops.loss import (
    bce,
    bce_backward,
    bce_forward,
    bce_with_logits,
    bce_with_logits_backward,
    bce_with_logits_forward,
    kl_standard_normal_backward,
    kl_standard_normal_forward,
    l1,
    l1_backward,
    l1_forward,
    mse,
    mse_backward,
    mse_forward,
    softmax_cross_entropy,
    softmax_cross_entropy_backward,
    softmax_cross_entropy_forward,
)
from npgan.ops.noise import (
    dropout_backward,
    dropout_forward,
    gaussian_sample_backward,
    gaussian_sample_forward,
)
from npgan.ops.random import dropout_mask, standard_normal
from npgan.ops.update import (
    adam_update,
    adamw_update,
    all_finite,
    clip_by_norm,
    clip_by_value,
    ema_update,
    momentum_update,
    rmsprop_update,
    sgd_update,
)

__all__ = [
    "adam_update",
    "adamw_update",
    "all_finite",
    "bce",
    "bce_backward",
    "bce_forward",
    "bce_with_logits",
    "bce_with_logits_backward",
    "bce_with_logits_forward",
    "chain_backward",
    "chain_forward",
    "clip_by_norm",
    "clip_by_value",
    "dense_backward_input",
    "dense_backward_parameters",
    "dense_forward",
    "dropout_backward",
    "dropout_forward",
    "dropout_mask",
    "elu_backward",
    "elu_forward",
    "ema_update",
    "gather",
    "gaussian_sample_backward",
    "gaussian_sample_forward",
    "identity_backward",
    "identity_forward",
    "kl_standard_normal_backward",
    "kl_standard_normal_forward",
    "l1",
    "l1_backward",
    "l1_forward",
    "leaky_relu_backward",
    "leaky_relu_forward",
    "mean_sigmoid",
    "momentum_update",
    "mse",
    "mse_backward",
    "mse_forward",
    "relu_backward",
    "relu_forward",
    "rmsprop_update",
    "sgd_update",
    "sigmoid_backward",
    "sigmoid_forward",
    "softmax_backward",
    "softmax_cross_entropy",
    "softmax_cross_entropy_backward",
    "softmax_cross_entropy_forward",
    "softmax_forward",
    "softplus_backward",
    "softplus_forward",
    "standard_normal",
    "tanh_backward",
    "tanh_forward",
]
