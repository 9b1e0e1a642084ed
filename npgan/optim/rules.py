"""Optimisers: each is an update rule (:mod:`npgan.ops.update`) and a visible state, over flat vectors.

They come in order of increasing complexity. A learning rate is a number or a schedule (:mod:`npgan.optim.schedules`):
a function of the number of updates made so far.
"""

import copy
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from npgan.backend import run
from npgan.errors import InputError, chosen, fraction, not_negative, positive
from npgan.optim.schedules import SCHEDULES, Varying, read
from npgan.shapes import takes
from npgan.system.memory import aligned_zeros

__all__ = ["OPTIMIZERS", "SGD", "Adam", "AdamW", "Momentum", "Optimizer", "RMSProp", "build"]


class Optimizer:
    """What all optimisers share: the learning rate, clipping, the count of updates, the state.

    From its first update on, an optimiser holds one vector's moments and must update no other. So each network
    of each model needs its own optimiser, never one that another model has used. Without a model, :meth:`init`
    resets an optimiser for any vector. A copy of a model has copies of its optimisers.

    Parameters
    ----------
    lr : learning rate, a positive number or a schedule
    clip_norm : shorten the gradient to this norm (:func:`clip_by_norm`); None: do not
    clip_value : clip the gradient's elements (:func:`clip_by_value`); None: do not
    clip_weights : clip the weights after each update (Arjovsky et al. 2017); None: do not

    Attributes
    ----------
    t : the number of updates made
    state : name -> flat vector, as the rule needs them
    squares : the names of the vectors in the state that are means of squares
    operation : the name of the rule's operation, and the names of its arguments after w and g
    serves : the size and dtype of the weights that the state is for; None: there are none yet
    """

    name = "optimizer"
    moments: Sequence[str] = ()
    squares: Sequence[str] = ()
    operation: Sequence[str] = ()

    def __init__(
        self,
        lr: Varying,
        *,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        clip_weights: float | None = None,
    ) -> None:
        if not callable(lr):
            positive("lr", lr)
        given = {"clip_norm": clip_norm, "clip_value": clip_value, "clip_weights": clip_weights}
        for name, value in given.items():
            if value is not None:
                positive(name, value)
        self.lr = lr
        self.clip_norm, self.clip_value, self.clip_weights = clip_norm, clip_value, clip_weights
        self.t = 0
        self.state: dict[str, np.ndarray] = {}
        self.serves: tuple[int, np.dtype] | None = None

    def init(self, w: np.ndarray) -> None:
        """Reset the state to what weights like ``w`` (size,) need, in the same memory if it fits."""
        if self.serves != (w.size, w.dtype):
            self.state = {name: aligned_zeros(w.size, w.dtype) for name in self.moments}
        for moment in self.state.values():  # a recorded step goes on using them
            moment.fill(0)
        self.t, self.serves = 0, (w.size, w.dtype)

    @takes("w (p,) changed, g (p,) changed")
    def step(self, w: np.ndarray, g: np.ndarray) -> None:
        """Update the weights ``w`` (size,) in place from their gradient ``g``, which is then set to 0.

        Raises InputError unless both are vectors of one size and dtype, the same at every update.
        """
        if self.t == 0:
            self.init(w)
        elif self.serves != (w.size, w.dtype):
            size, dtype = self.serves or (0, None)
            raise InputError(
                f"{self!r} holds the moments of {size} weights, {dtype}, not of {w.size}, {w.dtype}: "
                "make another for them"
            )
        if self.clip_norm is not None:
            run.clip_by_norm(g, self.clip_norm)
        if self.clip_value is not None:
            run.clip_by_value(g, self.clip_value)
        self.update(w, g, run.each(lambda: self.t + 1), run.each(self._rate))
        if self.clip_weights is not None:
            run.clip_by_value(w, self.clip_weights)
        run.after(self._advance)

    def _rate(self) -> float:
        return self.lr(self.t) if callable(self.lr) else self.lr

    def _advance(self) -> None:
        self.t += 1

    def update(self, w: np.ndarray, g: np.ndarray, t: int, lr: float) -> None:
        """Apply the rule's operation; t = 1, 2, ... is the number of this update."""
        rule, *arguments = self.operation
        known = {**vars(self), **self.state, "t": t, "lr": lr}
        getattr(run, rule)(w, g, *(known[name] for name in arguments))

    def __copy__(self) -> Self:
        """Return a deep copy, which has moments of its own."""
        return copy.deepcopy(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(lr={self.lr})"


class SGD(Optimizer):
    """Stochastic gradient descent, :func:`npgan.ops.sgd_update`.

    >>> w = np.array([1.0, 2.0])
    >>> SGD(lr=0.5).step(w, g=2 * w)
    >>> w
    array([0., 0.])
    """

    name = "sgd"
    operation = ("sgd_update", "lr")


class Momentum(Optimizer):
    """Gradient descent with heavy-ball momentum, :func:`npgan.ops.momentum_update`."""

    name = "momentum"
    moments = ("v",)
    operation = ("momentum_update", "v", "lr", "momentum")

    def __init__(self, lr: Varying, momentum: float = 0.9, **clipping: Any) -> None:
        super().__init__(lr, **clipping)
        self.momentum = fraction("momentum", momentum)


class RMSProp(Optimizer):
    """Steps divided by the gradient's recent size, :func:`npgan.ops.rmsprop_update`."""

    name = "rmsprop"
    moments = squares = ("v",)
    operation = ("rmsprop_update", "v", "lr", "decay", "eps")

    def __init__(
        self, lr: Varying, decay: float = 0.99, eps: float = 1e-8, **clipping: Any
    ) -> None:
        super().__init__(lr, **clipping)
        self.decay, self.eps = fraction("decay", decay), positive("eps", eps)


class Adam(Optimizer):
    """Momentum divided by the gradient's recent size, both corrected for bias, :func:`npgan.ops.adam_update`."""

    name = "adam"
    moments, squares = ("m", "v"), ("v",)
    operation: Sequence[str] = ("adam_update", "m", "v", "t", "lr", "beta1", "beta2", "eps")

    def __init__(
        self,
        lr: Varying,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        **clipping: Any,
    ) -> None:
        super().__init__(lr, **clipping)
        self.beta1, self.beta2 = fraction("beta1", beta1), fraction("beta2", beta2)
        self.eps = positive("eps", eps)


class AdamW(Adam):
    """Adam with decoupled weight decay, :func:`npgan.ops.adamw_update`."""

    name = "adamw"
    operation = ("adamw_update", *Adam.operation[1:], "weight_decay")

    def __init__(self, lr: Varying, weight_decay: float = 0.01, **adam: Any) -> None:
        super().__init__(lr, **adam)
        self.weight_decay = not_negative("weight_decay", weight_decay)


OPTIMIZERS: dict[str, type[Optimizer]] = {
    rule.name: rule for rule in (SGD, Momentum, RMSProp, Adam, AdamW)
}


def build(
    name: str, *, lr: Any, steps: int = 1, schedule: str | None = None, **settings: Any
) -> Optimizer:
    """Build an optimiser from its name, learning rate and settings.

    ``schedule``, a name in :data:`SCHEDULES`, changes the learning rate over ``steps`` updates. A rate
    may also be a schedule itself, or a table of its parameters.

    >>> build("adam", lr=2e-4, beta1=0.5)
    Adam(lr=0.0002)

    Raises InputError for an unknown name, an unknown setting or a value outside its range.
    """
    rule = chosen("optimiser", name, OPTIMIZERS)
    if schedule is not None:
        lr = chosen("schedule", schedule, SCHEDULES)(positive("lr", lr), steps)
    try:
        return rule(read(lr), **settings)
    except TypeError as error:
        raise InputError(f"optimiser {name!r} cannot take {settings}: {error}") from None
