"""A full training step, the same for all: npgan's, PyTorch's and JAX's; and a matrix product."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

import numpy as np

from npgan import backend
from npgan.data import load
from npgan.data.batches import Batches
from npgan.models.config import Config
from npgan.models.model import Model
from npgan.models.presets import preset
from npgan.models.recipes import both, doubling, halving, mlp, small
from npgan.training import work
from npgan.training.steps import Steps

VARIANTS = {"gan-large-r1r2": ("gan-large", {"penalties": {"r1": 1.0, "r2": 1.0}})}


def normalised(specs: Sequence[str], first: int) -> list[str]:
    """Return a network with batch normalisation before its activations, but for the first ones."""
    made: list[str] = []
    for spec, after in zip(specs, [*specs[1:], ""], strict=True):
        made.append(spec)
        if after in ("relu", "leaky_relu 0.2"):
            first -= 1
            made += [f"batch_norm {spec.split()[2]}"] if first < 0 else []
    return made


def dcgan(latent: int, *widths: int, **more: Any) -> Config:
    """Return a GAN of convolutions (Radford et al. 2016); with penalties D is not normalised."""
    generator = [f"dense latent {small(*widths)}", "relu", *doubling(*widths[::-1], hidden="relu")]
    discriminator = [*halving(*widths, hidden="leaky_relu 0.2"), f"dense {small(*widths)} 1"]
    penalized = "penalties" in more.get("settings", {})
    return Config(
        model="gan",
        latent=latent,
        batch_size=64,
        steps=10_000,
        networks={
            "generator": [*normalised(generator, 0), "tanh"],
            "discriminator": discriminator if penalized else normalised(discriminator, 1),
        },
        optimizers=both("generator", "discriminator", lr=2e-4, beta1=0.5),
        **more,
    )


SLOPES = {"settings": {"penalties": {"r1": 1.0, "r2": 1.0}}}
DCGANS = {
    "dcgan-28": partial(dcgan, 64, 64, 128, data="mnist", shape=[28, 28, 1]),
    "dcgan-32": partial(dcgan, 128, 64, 128, 256, data="mnist in colour", shape=[32, 32, 3]),
}
OWN = {
    "ring": Config(
        model="gan",
        data="ring",
        batch_size=256,
        steps=10_000,
        networks={
            "generator": mlp(2, 128, 128, 2, hidden="relu"),
            "discriminator": mlp(2, 128, 128, 1, hidden="relu"),
        },
        optimizers={
            "generator": {"name": "adam", "lr": 1e-3, "beta1": 0.5},
            "discriminator": {"name": "adam", "lr": 3e-4, "beta1": 0.5},
        },
    ),
    **{name: make() for name, make in DCGANS.items()},
    **{f"{name}-r1r2": make(**SLOPES) for name, make in DCGANS.items()},
}
"""Networks that are no preset: a plain GAN in two dimensions, and GANs of convolutions."""
PRESETS = ("gan-small", "gan-medium", "gan-large", "autoencoder", *OWN, *VARIANTS)
CHECKED_STEPS = 3
CUBE = 1024
SCAN = 50

Arrays = Sequence[np.ndarray]


# What a step is.


def config_of(name: str) -> Config:
    """Return a preset, a variant of one, or a configuration of this file's own."""
    base, changes = VARIANTS.get(name, (name, {}))
    config = OWN.get(name) or preset(base)
    return replace(config, settings={**config.settings, **changes}).in_numbers()


def rows_of(config: Config) -> np.ndarray:
    """Return the training rows; digits in colour are MNIST's in a frame, three times."""
    if config.data != "mnist in colour":
        return load(config.data).train
    framed = np.pad(load("mnist").train.reshape(-1, 28, 28, 1), ((0, 0), (2, 2), (2, 2), (0, 0)))
    return framed.repeat(3, axis=3).reshape(len(framed), -1)


def operations(config: Config) -> int:
    """Return the operations of a step's matrix products (:mod:`npgan.training.work`): all that are needed.

    With R1 and R2 one product a layer makes the weights' gradient of loss and penalty together (see
    :func:`npgan.ops.chain_double_backward`); whoever computes the two apart needs more.
    """
    data = rows_of(config)
    model = config.build(len(data))
    batches = Batches(data, config.batch_size, np.random.default_rng(0), model.value_range)
    return work.operations(model, batches)


def given(config: Config, model: Model) -> tuple[list[np.ndarray], list[list[np.ndarray]]]:
    """Return the batches, and each step's noise (D's and G's), that losses are compared on."""
    rng = np.random.default_rng(0)
    data = Batches(rows_of(config), config.batch_size, rng, model.value_range)
    batches = [data.next() for _ in range(CHECKED_STEPS)]
    if config.model != "gan":
        return batches, [[] for _ in batches]
    shape = config.batch_size, model.latent_dim
    noise = [[rng.standard_normal(shape, np.float32) for _ in range(2)] for _ in batches]
    return batches, noise


# Contestants.


def use(name: str) -> None:
    """Let npgan run on a backend; one that cannot be used is an error, not NumPy."""
    backend.use(name)
    if backend.run.name != name:
        raise RuntimeError(f"{name} cannot be used here")


class Contestant(Protocol):
    """What a worker runs."""

    def losses(self, batches: Arrays, noise: Sequence[Arrays]) -> list[list[float]]:
        """Return the losses of steps on given batches and noise, from the first weights."""

    def run(self, steps: int) -> int:
        """Train for at least so many steps, data feeding included; return how many they were."""


class Npgan:
    """npgan on one of its backends, as its training loop calls it."""

    def __init__(self, config: Config, name: str) -> None:
        use(name)
        data = rows_of(config)
        self.build = lambda: config.build(len(data))
        self.model = self.build()
        order, self.noise = np.random.default_rng(0).spawn(2)
        data = self.model.check_data(data)
        batches = Batches(data, config.batch_size, order, self.model.value_range)
        self.step = Steps(self.model, batches, self.noise)

    def losses(self, batches: Arrays, noise: Sequence[Arrays]) -> list[list[float]]:
        """Return the losses of steps on given batches and noise."""
        model, found = self.build(), []
        draws = iter([z for zs in noise for z in zs])
        model.latent = lambda n, rng: next(draws)
        for batch in batches:
            metrics = model.train_step(batch, self.noise)
            found.append([float(value) for name, value in metrics.items() if name.endswith("loss")])
        return found

    def run(self, steps: int) -> int:
        """Train for so many steps."""
        for _ in range(steps):
            with np.errstate(all="ignore"):
                self.step()
        return steps


class Product:
    """A square matrix product, NumPy's or a backend's: what this machine could do."""

    def __init__(self, name: str) -> None:
        rng = np.random.default_rng(0)
        a, b = rng.standard_normal((2, CUBE, CUBE), np.float32)
        out, bias = np.empty_like(a), np.zeros(CUBE, np.float32)
        use(name)
        dense = backend.run.dense_forward
        self.multiply = (
            (lambda: np.matmul(a, b, out)) if name == "numpy" else (lambda: dense(a, b, bias))
        )

    def run(self, steps: int) -> int:
        """Multiply so many times."""
        for _ in range(steps):
            self.multiply()
        return steps


def torch_peer(config: Config, model: Model, threads: int, **settings: Any) -> Contestant:
    """Return PyTorch's contestant."""
    from peers_torch import Peer

    data = rows_of(config)
    return Peer(config, model.weights(), data, model.value_range, threads=threads, **settings)


def jax_peer(config: Config, model: Model, threads: int, **settings: Any) -> Contestant:
    """Return JAX's contestant; its threads are set by :func:`workers.environment`."""
    from peers_jax import Peer

    return Peer(config, model.weights(), rows_of(config), model.value_range, **settings)


Maker = Callable[[Config, Model, int], Contestant]

OURS: dict[str, Maker] = {
    f"npgan {name}": lambda config, *_, name=name: Npgan(config, name) for name in backend.BACKENDS
}
RATES: dict[str, Maker] = {
    f"product {name}": lambda *_, name=name: Product(name) for name in backend.BACKENDS
}
PEERS: dict[str, dict[str, Maker]] = {
    "torch": {"torch": torch_peer},
    "torch-compile": {"torch-compile": lambda *a: torch_peer(*a, compiled=True)},
    "jax": {"jax-step": jax_peer, "jax-scan": lambda *a: jax_peer(*a, scan=SCAN)},
}
MAKERS = OURS | RATES | {name: make for makers in PEERS.values() for name, make in makers.items()}
REFERENCE = next(iter(OURS))
