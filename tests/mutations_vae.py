"""Deliberate mistakes in variational autoencoders; see mutations.py."""

import numpy as np
from mutations import Mutation, Silent

BERNOULLI = "log_bernoulli_with_logits_backward"
STEP, WEIGHTED = "VAE (bernoulli), step", "IWAE (gaussian), step"


def likelihood(name, old, new, case, parameter="x"):
    return Mutation(f"ops.likelihood.{name}", old, new, case, parameter)


def vae(name, old, new, case=STEP, parameter="encoder.0.weight", kind="vae.Variational"):
    return Mutation(f"models.{kind}.{name}", old, new, case, parameter)


def weighted(old, new, parameter="encoder.0.weight"):
    return vae("bound_step", old, new, WEIGHTED, parameter, "iwae.IWAE")


def gaussian(old, new):
    return vae("backward", old, new, WEIGHTED, kind="gaussian.GaussianEncoder")


TABLE = "test_categories.test_steps_have_the_gradients_of_what_they_report"


def _table_vae():
    from test_categories import vae

    return vae(np.float64)


MUTATIONS = [
    likelihood(BERNOULLI, "-dy[:, None]", "dy[:, None]", "log_bernoulli_with_logits"),
    likelihood(BERNOULLI, "cross_entropy_slopes(logits, x)", "logits", "log_bernoulli_with_logits"),
    likelihood(
        BERNOULLI,
        "-dy[:, None] * cross_entropy_slopes(logits, x)",
        "-cross_entropy_slopes(logits, x)",
        "log_bernoulli_with_logits",
    ),
    *(
        likelihood("log_table_backward", old, new, "log_table")
        for old, new in [
            ("dy * away * precision", "dy * away"),
            ("np.square(away) * precision - 1", "np.square(away) * precision + 1"),
            ("np.square(away) * precision - 1", "np.square(away) * precision"),
            ("x[:, block] - softmax_forward(output[:, block])", "x[:, block]"),
        ]
    ),
    likelihood(
        "log_table_forward", "math.log(2 * math.pi) + log_var", "math.log(2 * math.pi)", "log_table"
    ),
    likelihood("log_gaussian_backward", "2 * dy[:, None]", "dy[:, None]", "log_gaussian"),
    likelihood("log_prior_ratio_backward", "-dy[:, None]", "dy[:, None]", "log_prior_ratio", "x0"),
    likelihood(
        "log_prior_ratio_backward", "dy[:, None] / 2", "dy[:, None]", "log_prior_ratio", "x1"
    ),
    likelihood(
        "log_mean_exp_backward",
        "dy[:, None] * w / w.sum(axis=1, keepdims=True)",
        "dy[:, None] * w",
        "log_mean_exp",
    ),
    likelihood(
        "log_mean_exp_forward",
        "np.log(np.exp(a - top).mean(axis=1)) + top[:, 0]",
        "np.log(np.exp(a - top).mean(axis=1)) - top[:, 0]",
        "log_mean_exp",
    ),
    vae(
        "bound_step",
        'self.gaussian.backward(dz[:, : z.shape[1]], drawn, grads["encoder"], beta)',
        'self.gaussian.backward(dz[:, : z.shape[1]], drawn, grads["encoder"], 1.0)',
    ),
    vae("bound_step", "-1 / n", "-1", parameter="decoder.0.weight"),
    vae("bound_step", "error + beta * kl", "error + kl"),
    gaussian("through_z + dlog_var", "through_z"),
    gaussian("[dmean, through_z + dlog_var]", "[dmean + dlog_var, through_z]"),
    weighted("dz + through_x", "through_x"),
    gaussian("deach.reshape(n, codes, -1).sum", "deach.reshape(n, codes, -1).mean"),
    weighted(
        "self.likelihood.backward(dlog_w, output, x)",
        "self.likelihood.backward(dlog_w * 0 + 1, output, x)",
        "decoder.0.weight",
    ),
]

BOUND = "test_vae.test_with_the_true_posterior_the_bound_is_the_likelihood_of_a_single_code"
RATIO = "test_vae.test_the_ratio_is_that_of_the_prior_to_what_the_code_was_drawn_from"
LIKELY = "test_vae.test_likelihoods_are_products_over_the_pixels"
STABLE = "test_vae.test_a_mean_of_exponentials_does_not_overflow"
WARM = "test_vae.test_beta_weighs_the_divergence_and_warms_up"
DRAWN = "test_vae.test_pixels_are_drawn_anew_with_their_value_as_the_probability"
SILENT = [
    Silent(
        "ops.likelihood.log_bernoulli_with_logits_forward",
        "cross_entropies(logits, x)",
        "cross_entropies(-logits, x)",
        LIKELY,
    ),
    Silent(
        "ops.likelihood.log_gaussian_forward",
        "-np.square(x - mean).sum(axis=1)",
        "-0.5 * np.square(x - mean).sum(axis=1)",
        LIKELY,
    ),
    Silent(
        "ops.likelihood.log_gaussian_forward",
        "-np.square(x - mean).sum(axis=1) - math.log(math.pi) / 2 * x.shape[1]",
        "-np.square(x - mean).sum(axis=1)",
        LIKELY,
    ),
    Silent("ops.likelihood.log_prior_ratio_forward", "np.square(eps) + log_var", "log_var", RATIO),
    Silent(
        "ops.likelihood.log_mean_exp_forward",
        "np.log(np.exp(a - top).mean(axis=1)) + top[:, 0]",
        "np.log(np.exp(a - top).mean(axis=1)) - top[:, 0]",
        STABLE,
    ),
    Silent(
        "models.vae.Variational._weigh",
        "log_p + log_ratio",
        "log_ratio",
        BOUND,
    ),
    Silent(
        "models.vae.Variational.beta_now",
        "min(1.0, self.step / self.warm_up)",
        "max(0.0, self.step / self.warm_up)",
        WARM,
    ),
    Silent(
        "models.vae.binarized",
        "rng.random(x.shape, x.dtype) < x",
        "rng.random(x.shape, x.dtype) > x",
        DRAWN,
    ),
    *(
        Silent("models.table_vae.bounded_backward", old, new, TABLE, (_table_vae,))
        for old, new in [
            ("1 - np.square(within[:, d:] * (1 / BOUND))", "1.0"),
            ("1 - np.square(within[:, d:] * (1 / BOUND))", "1 - np.square(within[:, d:])"),
            ("dwithin[:, d:] * slope", "slope"),
        ]
    ),
    Silent("models.vae.Variational._training_batch", "self.binarize", "not self.binarize", DRAWN),
]
