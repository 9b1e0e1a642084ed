"""The operations that no layer stands for, each by the inputs that it has gradients for."""

from collections.abc import Callable, Iterator
from inspect import signature
from typing import Any

import numpy as np

from npgan import ops
from npgan.backend import run
from npgan.check.catalogue.case import Case
from npgan.check.gradcheck import Function


def operations(rng: np.random.Generator) -> Iterator[Case]:
    """Yield every operation that is no layer."""
    x, mean, log_var, eps = rng.standard_normal((4, 4, 3))
    target, labels = rng.uniform(0.1, 0.9, (4, 3)), np.array([0, 2, 1, 2])
    losses = {
        "mse": target,
        "l1": target,
        "bce_with_logits": target,
        "softmax_cross_entropy": labels,
    }
    for name, truth in losses.items():
        yield Case(f"{name} loss", _operation(name, truth), (x,), analytic=name != "l1")
    kl = _operation("kl_standard_normal")
    yield Case("kl_standard_normal loss", kl, (mean, log_var), analytic=True)
    for name in ("log_bernoulli_with_logits", "log_gaussian"):
        yield Case(name, _operation(name, target), (mean,), analytic=True)
    widths, row = np.array([1, 2, 1]), np.array([[0.3, 0.0, 1.0, -0.5], [0.1, 1.0, 0.0, 2.0]])
    described = rng.standard_normal((2, 6))  # two means, two logits, two log-variances
    yield Case("log_table", _operation("log_table", row, widths), (described,), analytic=True)
    ratio = _operation("log_prior_ratio", eps)
    yield Case("log_prior_ratio", ratio, (mean, log_var), analytic=True)
    yield Case("log_mean_exp", _operation("log_mean_exp"), (mean,), analytic=True)
    u, v = (rng.standard_normal(n) for n in (3, 2))

    def spectral_norm(weight: np.ndarray) -> tuple[np.ndarray, Callable]:
        normal, sigma = run.spectral_norm_forward(weight, u, v)
        return normal, lambda dy: run.spectral_norm_backward(dy, normal.real, sigma.real, u, v)

    yield Case("spectral_norm", spectral_norm, (rng.standard_normal((3, 2)),), analytic=True)


def _operation(name: str, *rest: np.ndarray) -> Function:
    """Return an operation as a function of its first arguments; ``rest`` are those that follow.

    Its backward pass takes some of the forward pass's arguments, and ``dy`` unless it is a loss.
    """
    forward, backward = (getattr(ops, f"{name}_{way}") for way in ("forward", "backward"))

    def function(*inputs: np.ndarray) -> tuple[Any, Any]:
        given = dict(zip(signature(forward).parameters, (*inputs, *rest), strict=True))
        wanted = signature(backward).parameters

        def vjp(dy: Any) -> Any:
            known = {"dy": dy, **{name: array.real for name, array in given.items()}}
            return getattr(run, f"{name}_backward")(*(known[name] for name in wanted))

        y = getattr(run, f"{name}_forward")(*given.values())
        return y, vjp if "dy" in wanted else vjp(None)

    return function
