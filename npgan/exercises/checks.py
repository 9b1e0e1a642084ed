"""What each exercise's answer must do: its values first, then its gradients by the checker."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from npgan import ops
from npgan.check.gradcheck import gradcheck
from npgan.exercises.answer import Answer, Wrong, same

Given = dict[str, np.ndarray]


def drawn(*shapes: tuple[int, ...], seed: int = 0) -> list[np.ndarray]:
    """Return arrays of random numbers."""
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) for shape in shapes]


def slopes(name: str, target: Callable, names: Sequence[str], *inputs: np.ndarray) -> None:
    """Refuse gradients that are not those of the value; say what the mistake looks like."""
    report = gradcheck(target, *inputs)
    if report:
        return
    called = {f"x{i}" if len(names) > 1 else "x": name for i, name in enumerate(names)}

    def renamed(words: object) -> str:
        return re.sub(r"\bx\d*\b", lambda found: called.get(found[0], found[0]), str(words))

    wrong = ", ".join(f"d{renamed(array)}" for array in report.failed)
    looks = [renamed(mistake).removeprefix("backward of ") for mistake in report.mistakes]
    verb = "is" if len(report.failed) == 1 else "are"
    raise Wrong(
        f"{name}(): {wrong} {verb} wrong. " + ("; ".join(looks) or "It looks like nothing known")
    )


@dataclass(frozen=True)
class Layer:
    """Forward and backward: the backward pass is given dy and some of what is known by its name.

    Attributes
    ----------
    given : what forward takes
    right : forward, by npgan
    takes : what backward takes besides dy
    wrt : whose gradients it returns
    makes : what forward returns
    """

    given: Given
    right: Callable
    takes: tuple[str, ...]
    wrt: tuple[str, ...]
    makes: tuple[str, ...] = ("y",)

    def __call__(self, answer: Answer) -> None:
        """Judge an answer."""
        right = self.right(**self.given)
        right = dict(zip(self.makes, right if len(self.makes) > 1 else (right,), strict=True))
        shapes = {name: value.shape for name, value in right.items()}
        wanted = {f"d{name}": self.given[name].shape for name in self.wrt}

        def forward(given: Given) -> Given:
            made = answer("forward", shapes, *given.values())
            return dict(zip(shapes, made if len(shapes) > 1 else (made,), strict=True))

        for name, found in forward(self.given).items():
            same("forward", name, found, right[name])

        def target(*inputs: np.ndarray) -> Any:
            given = self.given | dict(zip(self.wrt, inputs, strict=True))
            known = given | (made := forward(given))
            kept = [known[name] for name in self.takes]
            return made[self.makes[0]], lambda dy: answer("backward", wanted, dy, *kept)

        slopes("backward", target, self.wrt, *(self.given[name] for name in self.wrt))


@dataclass(frozen=True)
class Loss:
    """A value and its gradient, two functions of the same arguments.

    Attributes
    ----------
    name : of the value's function; the other is called gradient
    given : what both take
    right : the value, by npgan or in plain words
    wrt : whose gradients are returned
    large : arguments for which nothing may overflow
    """

    name: str
    given: dict[str, Any]
    right: Callable
    wrt: tuple[str, ...]
    large: dict[str, Any] | None = None

    def __call__(self, answer: Answer) -> None:
        """Judge an answer."""
        wanted = {f"d{name}": self.given[name].shape for name in self.wrt}
        self._value(answer, self.given)

        def target(*inputs: np.ndarray) -> Any:
            given = (self.given | dict(zip(self.wrt, inputs, strict=True))).values()
            value = answer(self.name, {"the value": ()}, *given)
            return value, answer("gradient", wanted, *given)

        slopes("gradient", target, self.wrt, *(self.given[name] for name in self.wrt))
        if self.large:
            shapes = {f"d{name}": self.large[name].shape for name in self.wrt}
            try:
                self._value(answer, self.large)
                answer("gradient", shapes, *self.large.values())
            except Wrong as wrong:
                raise Wrong(f"{wrong}, if it is given numbers of 1000 or -1000") from None

    def _value(self, answer: Answer, given: dict[str, Any]) -> None:
        value = answer(self.name, {"the value": ()}, *given.values())
        same(self.name, "the value", value, self.right(**given))


def adam(answer: Answer) -> None:
    """Judge three steps of Adam, with gradients of very different sizes."""
    w, *gradients = drawn((4,), (4,), (4,), (4,))
    m, v, settings = np.zeros(4), np.zeros(4), (0.1, 0.9, 0.99, 1e-8)
    for t, g in enumerate(np.array(gradients) * [1, 100, 0.01, 1], 1):
        made = answer("update", {"w": (4,), "m": (4,), "v": (4,)}, w, g, m, v, t, *settings)
        ops.adam_update(w, g, m, v, t, *settings)
        for name, found, right in zip("mvw", (*made[1:], made[0]), (m, v, w), strict=True):
            same("update", f"in step {t}, {name}", found, right)


def differences(answer: Answer) -> None:
    """Judge derivatives by number, of a function whose differences are known: d(h) = 3 t^2 + h^2."""
    t, h, number = 2.0, 0.5, {"the value": ()}
    rights = {"central": 3 * t**2 + h**2, "richardson": 3 * t**2, "complex_step": 3 * t**2 - h**2}
    for name, right in rights.items():
        found = answer(name, number, _cube, t, h)
        same(name, "for f(t) = t^3, t = 2 and h = 0.5, the value", found, right)
    tiny = answer("complex_step", number, np.exp, 1.0, 1e-30)
    same("complex_step", "for f(t) = e^t, t = 1 and h = 1e-30, the value", tiny, np.e)


def _cube(t: complex) -> complex:
    return t * t * t


def dirac(answer: Answer) -> None:
    """Judge the players' derivatives, each by its own loss, and a step of both."""
    theta, psi, gamma, h = 1.5, -0.5, 0.3, 0.2

    def own(i: int, theta: Any, psi: Any) -> np.ndarray:
        return answer("derivatives", {"dtheta": (), "dpsi": ()}, float(theta), float(psi), gamma)[i]

    def generator(theta: np.ndarray) -> Any:
        return -np.log1p(np.exp(psi * theta)), own(0, theta, psi)

    def discriminator(psi: np.ndarray) -> Any:
        return np.log1p(np.exp(psi * theta)) + gamma / 2 * psi**2, own(1, theta, psi)

    slopes("derivatives", generator, ("theta",), np.array(theta))
    slopes("derivatives", discriminator, ("psi",), np.array(psi))
    made = answer("step", {"theta": (), "psi": ()}, theta, psi, gamma, h)
    for i, name in enumerate(("theta", "psi")):
        right = (theta, psi)[i] - h * own(i, theta, psi)
        same("step", f"from theta = {theta:g} and psi = {psi:g}, the new {name}", made[i], right)


def network_loss(x: np.ndarray, W1: np.ndarray, W2: np.ndarray) -> Any:
    """Return the loss of chapter 2's network, for the label 1."""
    return np.logaddexp(0, -(ops.relu_forward(x @ W1) @ W2))


def windows(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return a convolution, all windows at once."""
    view = np.lib.stride_tricks.sliding_window_view(x, weight.shape[:2], axis=(1, 2))
    return np.einsum("nhwckl,klco->nhwo", view, weight)


def generator_loss(z: np.ndarray, A: np.ndarray, W: np.ndarray, u: np.ndarray) -> Any:
    """Return the non-saturating loss of the exercise's generator."""
    logits = ops.relu_forward(np.tanh(z @ A) @ W) @ u
    return ops.bce_with_logits_forward(logits, 1.0)


def r1(x: np.ndarray, W: np.ndarray, u: np.ndarray, gamma: float) -> Any:
    """Return R1 of the exercise's discriminator, sample by sample."""
    g = [(u * (1 - np.tanh(row @ W) ** 2)) @ W.T for row in x]
    return gamma / 2 * np.mean([row @ row for row in g])


def batch_norm(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return x with mean 0 and variance 1, and the inverse standard deviations."""
    inverse = 1 / np.sqrt(x.var(axis=0) + 1e-5)
    return (x - x.mean(axis=0)) * inverse, inverse


def _network() -> Loss:
    x, W1, W2 = drawn((3,), (3, 4), (4,), seed=1)
    given = {"x": x, "W1": W1, "W2": W2}
    return Loss("loss", given, network_loss, ("x", "W1", "W2"))


def _dense() -> Layer:
    x, weight, bias = drawn((5, 3), (3, 2), (2,))
    given = {"x": x, "weight": weight, "bias": bias}
    return Layer(given, ops.dense_forward, ("x", "weight"), ("x", "weight", "bias"))


def _softmax() -> Loss:
    (logits,) = drawn((5, 4))
    labels = {"labels": np.array([0, 3, 1, 1, 2])}
    large = {"logits": np.array([[1000.0, -1000.0]]), "labels": np.array([1])}
    right = ops.softmax_cross_entropy_forward
    return Loss("loss", {"logits": logits, **labels}, right, ("logits",), large)


def _bce() -> Loss:
    (logits,) = drawn((5,))
    large = {"logits": np.array([1000.0, -1000.0]), "labels": np.array([0.0, 1.0])}

    def right(logits: np.ndarray, labels: np.ndarray) -> Any:
        return ops.bce_with_logits_forward(logits, labels)

    given = {"logits": logits, "labels": np.array([0.0, 1.0, 1.0, 0.0, 1.0])}
    return Loss("loss", given, right, ("logits",), large)


def _gaussian() -> Layer:
    mean, log_var, eps = drawn((4, 3), (4, 3), (4, 3))
    given = {"mean": mean, "log_var": log_var, "eps": eps}
    return Layer(
        given, ops.gaussian_sample_forward, ("log_var", "eps"), ("mean", "log_var"), ("z",)
    )


def _kl() -> Loss:
    mean, log_var = drawn((4, 3), (4, 3))
    given = {"mean": mean, "log_var": log_var}
    return Loss("divergence", given, ops.kl_standard_normal_forward, ("mean", "log_var"))


def _convolution() -> Layer:
    x, weight = drawn((2, 5, 4, 2), (3, 2, 2, 3))
    return Layer({"x": x, "weight": weight}, windows, ("x", "weight"), ("x", "weight"))


def _generator() -> Loss:
    z, A, W, u = drawn((6, 2), (2, 3), (3, 4), (4,))
    return Loss("loss", {"z": z, "A": A, "W": W, "u": u}, generator_loss, ("A",))


def _r1() -> Loss:
    x, W, u = drawn((4, 3), (3, 5), (5,))
    return Loss("penalty", {"x": x, "W": W, "u": u, "gamma": 0.7}, r1, ("W", "u"))


def _iwae() -> Loss:
    (a,) = drawn((4, 3))
    right = lambda a: ops.log_mean_exp_forward(a).mean()  # noqa: E731
    return Loss("bound", {"a": a}, right, ("a",), {"a": np.array([[-1000.0, -1001.0]])})


CHECKS: dict[str, Callable[[Answer], None]] = {
    "differences": differences,
    "network": _network(),
    "dense": _dense(),
    "activation": Layer(
        {"x": drawn((3, 4))[0]}, lambda x: x * ops.sigmoid_forward(x), ("x",), ("x",)
    ),
    "softmax_cross_entropy": _softmax(),
    "bce_from_logits": _bce(),
    "adam": adam,
    "reparameterisation": _gaussian(),
    "kl": _kl(),
    "iwae": _iwae(),
    "generator_step": _generator(),
    "dirac": dirac,
    "r1": _r1(),
    "convolution": _convolution(),
    "sigmoid": Layer({"x": drawn((3, 4))[0]}, ops.sigmoid_forward, ("y",), ("x",)),
    "batch_norm": Layer(
        {"x": drawn((6, 3))[0]}, batch_norm, ("normal", "inverse"), ("x",), ("normal", "inverse")
    ),
}
"""Name of an exercise, without ``bug_`` -> what judges its answer."""


def check(name: str, answer: Answer) -> None:
    """Judge the answer to an exercise; raise :class:`Wrong` with what is wrong."""
    CHECKS[name.removeprefix("bug_")](answer)
