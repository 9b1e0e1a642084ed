"""The operations, each by all its inputs."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from npgan.backend import run
from npgan.check.catalogue.case import Case
from npgan.check.gradcheck import Function


def operations(rng: np.random.Generator) -> Iterator[Case]:
    """Yield every operation that is no layer."""
    x, weight, bias = (rng.standard_normal(shape) for shape in ((4, 3), (3, 2), (2,)))

    def dense(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, Callable]:
        def vjp(dy: np.ndarray) -> tuple[np.ndarray, ...]:
            dweight, dbias = np.zeros((3, 2)), np.zeros(2)
            run.dense_backward_parameters(dy, x.real, dweight, dbias)
            return run.dense_backward_input(dy, weight.real), dweight, dbias

        return run.dense_forward(x, weight, bias), vjp

    yield Case("dense", dense, (x, weight, bias), analytic=True)
    yield Case("chain", _chain, (x, rng.standard_normal(26)))
    target = rng.uniform(0.1, 0.9, (4, 3))
    labels = np.array([0, 2, 1, 2])
    losses = {
        "mse": (x, target),
        "l1": (x, target),
        "bce_with_logits": (x, target),
        "softmax_cross_entropy": (x, labels),
    }
    for name, (prediction, truth) in losses.items():
        yield Case(f"{name} loss", _loss(name, truth), (prediction,), analytic=name != "l1")
    yield from _likelihoods(rng)
    mean, log_var = rng.standard_normal((2, 4, 3))
    yield Case("kl_standard_normal loss", _kl, (mean, log_var), analytic=True)
    u, v = (rng.standard_normal(n) for n in (3, 2))

    def spectral_norm(weight: np.ndarray) -> tuple[np.ndarray, Callable]:
        normal, sigma = run.spectral_norm_forward(weight, u, v)
        return normal, lambda dy: run.spectral_norm_backward(dy, normal.real, sigma.real, u, v)

    yield Case("spectral_norm", spectral_norm, (weight,), analytic=True)


def _likelihoods(rng: np.random.Generator) -> Iterator[Case]:
    """Yield the operations with a value a row."""
    x = rng.uniform(0.1, 0.9, (4, 3))
    mean, log_var, eps = rng.standard_normal((3, 4, 3))

    def of(name: str, *rest: np.ndarray) -> Function:
        def function(x: np.ndarray) -> tuple[np.ndarray, Callable]:
            y = getattr(run, f"{name}_forward")(x, *rest)
            return y, lambda dy: getattr(run, f"{name}_backward")(dy, x.real, *rest)

        return function

    def ratio(z: np.ndarray, log_var: np.ndarray) -> tuple[np.ndarray, Callable]:
        y = run.log_prior_ratio_forward(z, log_var, eps)
        return y, lambda dy: run.log_prior_ratio_backward(dy, z.real)

    likelihood = of("log_bernoulli_with_logits", x)
    yield Case("log_bernoulli_with_logits", likelihood, (mean,), analytic=True)
    yield Case("log_gaussian", of("log_gaussian", x), (mean,), analytic=True)
    yield Case("log_prior_ratio", ratio, (mean, log_var), analytic=True)
    yield Case("log_mean_exp", of("log_mean_exp"), (mean,), analytic=True)


PLAN = np.array([[3, 4, 0, 12, 2, 0], [4, 2, 16, 24, 4, 4]])  # 3 -> 4 leaky ReLU -> 2 tanh
ARGUMENTS = np.array([0.3, 0.0])


def _chain(x: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, Callable]:
    y = run.chain_forward(x, w, PLAN, ARGUMENTS)

    def vjp(dy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        grads = np.zeros(w.shape)
        return run.chain_backward(dy, x, y, w, PLAN, ARGUMENTS, grads, True), grads

    return y[4 * 4 :].reshape(4, 2), vjp


def _loss(name: str, target: np.ndarray) -> Function:
    def function(x: np.ndarray) -> tuple[Any, np.ndarray]:
        value = getattr(run, f"{name}_forward")(x, target)
        return value, getattr(run, f"{name}_backward")(x.real, target)

    return function


def _kl(mean: np.ndarray, log_var: np.ndarray) -> tuple[Any, tuple[np.ndarray, np.ndarray]]:
    value = run.kl_standard_normal_forward(mean, log_var)
    return value, run.kl_standard_normal_backward(mean.real, log_var.real)
