"""The training step as JAX does it well on a CPU: all of it in one compiled call.

The call gathers the rows from the images as bytes, scales them, draws the noise, differentiates the
losses and applies Adam; its state is donated. A call makes one step, or ``lax.scan`` makes many.
Rows are drawn with replacement, which is cheaper than a shuffled order.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.nn import softplus

from npgan.models.config import Config

GENERATORS = {False: "unsafe_rbg", True: "threefry2x32"}  # the faster one, by whether it scans
LOSSES = {"mse": lambda y, x: jnp.mean((y - x) ** 2), "l1": lambda y, x: jnp.mean(abs(y - x))}
ACTIVATIONS: dict[str, Callable[..., Array]] = {
    "relu": jax.nn.relu,
    "leaky_relu": jax.nn.leaky_relu,
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
}

Tree = Any


def network(specs: Sequence[str]) -> Callable[[Tree, Array], Array]:
    """Return the function (parameters by name, x) -> y of a network's layers."""

    def apply(parameters: Tree, x: Array) -> Array:
        for i, spec in enumerate(specs):
            name, *arguments = spec.split()
            if name == "dense":
                x = x @ parameters[f"{i}.weight"] + parameters[f"{i}.bias"]
            else:
                x = ACTIVATIONS[name](x, *map(float, arguments))
        return x

    return apply


def adam(
    w: Tree,
    g: Tree,
    moments: tuple[Tree, Tree],
    t: Array,
    *,
    name: str,
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> tuple[Tree, tuple[Tree, Tree]]:
    """Return the weights and moments after update number t (from 1)."""
    if name != "adam":
        raise ValueError(f"the benchmark's optimiser is adam, not {name}")
    each = jax.tree.map
    m = each(lambda m, g: beta1 * m + (1 - beta1) * g, moments[0], g)
    v = each(lambda v, g: beta2 * v + (1 - beta2) * g * g, moments[1], g)
    rate, scale = lr / (1 - beta1**t), 1 / jnp.sqrt(1 - beta2**t)
    return each(lambda w, m, v: w - rate * m / (jnp.sqrt(v) * scale + eps), w, m, v), (m, v)


def penalized_loss(
    D: Callable[[Array], Array], real: Array, fake: Array, *, r1: float = 0.0, r2: float = 0.0
) -> Array:
    """Return D's loss with penalties on its slope, from one pass through D."""
    logits, back = jax.vjp(D, jnp.concatenate([real, fake]))
    (g,) = back(jnp.ones_like(logits))
    (on_real, on_fake), slopes = jnp.split(logits, 2), jnp.sum(g**2, axis=1).reshape(2, -1)
    penalty = slopes.mean(axis=1) @ jnp.array([r1, r2]) / 2
    return softplus(-on_real).mean() + softplus(on_fake).mean() + penalty


def gan_step(config: Config) -> Callable[..., tuple[Tree, tuple[Array, ...]]]:
    """Return (state, real, z_d, z_g) -> (state, losses): D's update, then G's."""
    G, D = (network(config.networks[name]) for name in ("generator", "discriminator"))
    optimizers = config.optimizers

    penalties = config.settings.get("penalties", {})

    def d_loss(d: Tree, real: Array, fake: Array) -> Array:
        if penalties:
            return penalized_loss(lambda x: D(d, x), real, fake, **penalties)
        return softplus(-D(d, real)).mean() + softplus(D(d, fake)).mean()

    def g_loss(g: Tree, d: Tree, z: Array) -> Array:
        return softplus(-D(d, G(g, z))).mean()

    def step(state: Tree, real: Array, z_d: Array, z_g: Array) -> tuple[Tree, tuple[Array, ...]]:
        t, (g, g_moments), (d, d_moments) = (state[k] for k in ("t", "generator", "discriminator"))
        t = t + 1
        d_value, grads = jax.value_and_grad(d_loss)(d, real, G(g, z_d))
        d, d_moments = adam(d, grads, d_moments, t, **optimizers["discriminator"])
        g_value, grads = jax.value_and_grad(g_loss)(g, d, z_g)
        g, g_moments = adam(g, grads, g_moments, t, **optimizers["generator"])
        state = {"t": t, "generator": (g, g_moments), "discriminator": (d, d_moments)}
        return state, (d_value, g_value)

    return step


def autoencoder_step(config: Config) -> Callable[..., tuple[Tree, tuple[Array, ...]]]:
    """Return (state, x) -> (state, losses)."""
    E, R = (network(config.networks[name]) for name in ("encoder", "decoder"))
    loss_of = LOSSES[config.settings["loss"]]

    def loss(parameters: Tree, x: Array) -> Array:
        return loss_of(R(parameters["decoder"], E(parameters["encoder"], x)), x)

    def step(state: Tree, x: Array) -> tuple[Tree, tuple[Array, ...]]:
        t = state["t"] + 1
        parameters = {name: state[name][0] for name in config.networks}
        value, grads = jax.value_and_grad(loss)(parameters, x)
        updated = {
            name: adam(*(tree[name] for tree in (parameters, grads)), state[name][1], t, **settings)
            for name, settings in config.optimizers.items()
        }
        return {"t": t, **updated}, (value,)

    return step


STEPS = {"gan": gan_step, "autoencoder": autoencoder_step}


def first_state(config: Config, weights: Mapping[str, np.ndarray]) -> Tree:
    """Return the state before training: npgan's weights, and moments of zero."""
    state: dict[str, Any] = {"t": jnp.zeros((), jnp.int32)}
    for name in config.networks:
        mine = {key: w for key, w in weights.items() if key.startswith(f"{name}.")}
        parameters = {key.removeprefix(f"{name}."): jnp.array(w) for key, w in mine.items()}
        zeros = [jax.tree.map(jnp.zeros_like, parameters) for _ in range(2)]
        state[name] = parameters, tuple(zeros)
    return state


def gather(data: Array, rows: Array, value_range: tuple[float, float]) -> Array:
    """Return rows of the data, bytes scaled to the range."""
    batch = data.at[rows].get(mode="promise_in_bounds")
    if batch.dtype != jnp.uint8:
        return batch
    low, high = value_range
    return batch.astype(jnp.float32) * ((high - low) / 255) + low


class Peer:
    """A contestant of ``step.py``; ``scan`` steps a call, or one."""

    def __init__(
        self,
        config: Config,
        weights: Mapping[str, np.ndarray],
        data: np.ndarray,
        value_range: tuple[float, float],
        *,
        scan: int = 1,
    ) -> None:
        step = STEPS[config.model](config)
        n, latent = config.batch_size, 0
        if config.model == "gan":
            latent = int(config.networks["generator"][0].split()[1])

        def fed(carry: Tree, images: Array) -> tuple[Tree, tuple[Array, ...]]:
            state, key = carry
            key, for_rows, *for_noise = jax.random.split(key, 4 if latent else 2)
            rows = jax.random.randint(for_rows, (n,), 0, len(images))
            noise = [jax.random.normal(k, (n, latent)) for k in for_noise]
            state, losses = step(state, gather(images, rows, value_range), *noise)
            return (state, key), losses

        def many(carry: Tree, images: Array) -> tuple[Tree, tuple[Array, ...]]:
            return lax.scan(lambda c, _: fed(c, images), carry, None, length=scan)

        self.scan = scan
        self.step = jax.jit(step)
        self.call = jax.jit(many if scan > 1 else fed, donate_argnums=0)
        self.images = jax.device_put(data)
        self.start = lambda: first_state(config, weights)
        self.carry = self.start(), jax.random.key(0, impl=GENERATORS[scan > 1])

    def losses(
        self, batches: Sequence[np.ndarray], noise: Sequence[Sequence[np.ndarray]]
    ) -> list[list[float]]:
        """Return the losses of steps on given batches and noise."""
        state, found = self.start(), []
        for batch, zs in zip(batches, noise, strict=True):
            state, losses = self.step(state, batch, *zs)
            found.append([float(loss) for loss in losses])
        return found

    def run(self, steps: int) -> int:
        """Train for at least so many steps, data feeding included; return how many they were."""
        calls = -(-steps // self.scan)
        for _ in range(calls):
            self.carry, losses = self.call(self.carry, self.images)
        jax.block_until_ready((self.carry, losses))
        return calls * self.scan
