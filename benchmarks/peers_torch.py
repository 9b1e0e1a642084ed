"""The training step as PyTorch does it well on a CPU: eager, and compiled.

One step is what npgan's is: rows gathered from the images as bytes and scaled, noise from the
framework's own generator; D's update on real and on generated data as two passes, then G's through
D on new noise.

Eager is what its users write: autograd, the fused Adam, D frozen while G learns. Compiled is one
graph: losses, ``torch.func``'s gradients and Adam. (Compiling only the networks or the losses, with
autograd and the fused Adam around them, was slower than eager where we tried it.)

With penalties on D's slope, real and generated data are one batch: one pass through D has the
logits, and the gradient with respect to the data, which can be differentiated again.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from parity import torch_network
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from npgan.models.config import Config

Weights = Mapping[str, np.ndarray]
Step = Callable[..., tuple[Tensor, ...]]

LOSSES = {"mse": nn.functional.mse_loss, "l1": nn.functional.l1_loss}


def networks(config: Config, weights: Weights) -> dict[str, nn.Sequential]:
    """Build a Config's networks with npgan's weights, which torch keeps transposed."""
    modules = {}
    for name, specs in config.networks.items():
        modules[name] = torch_network(specs)
        with torch.no_grad():
            for parameter, tensor in modules[name].named_parameters():
                tensor.copy_(torch.from_numpy(transposed(weights[f"{name}.{parameter}"])))
        modules[name].to(memory_format=torch.channels_last)
    return modules


def transposed(weight: np.ndarray) -> np.ndarray:
    """Return a weight (i, o) as (o, i), one of a convolution, (rows, columns, i, o), as (o, i, rows, columns)."""
    return weight.transpose(3, 2, 0, 1) if weight.ndim == 4 else weight.T


def latent_dim(config: Config) -> int:
    """Return the width of z."""
    return int(config.networks["generator"][0].split()[1])


class Feed:
    """Endless batches in a shuffled order, (n, d) float32; bytes are scaled to the range."""

    def __init__(self, data: np.ndarray, batch_size: int, value_range: tuple[float, float]) -> None:
        self.data, self.batch_size = torch.from_numpy(data.copy()), batch_size
        low, high = value_range
        self.low, self.scale = low, (high - low) / 255
        self.position = len(data)

    def next(self) -> Tensor:
        """Return the next batch."""
        if self.position + self.batch_size > len(self.data):
            self.position, self.order = 0, torch.randperm(len(self.data))
        rows = self.order[self.position : self.position + self.batch_size]
        self.position += self.batch_size
        batch = self.data.index_select(0, rows)
        if batch.dtype != torch.uint8:
            return batch
        batch = batch.float().mul_(self.scale)
        return batch.add_(self.low) if self.low else batch


Network = Callable[[Tensor], Tensor]
Slopes = Callable[[Network, Tensor], tuple[Tensor, Tensor]]


def d_loss_of(config: Config, slopes: Slopes) -> Callable[[Network, Tensor, Tensor], Tensor]:
    """Return (D, real, fake) -> D's loss; ``slopes`` returns D(x) and its gradient with respect to x."""
    n, penalties = config.batch_size, config.settings.get("penalties", {})
    ones, zeros = torch.ones(n, 1), torch.zeros(n, 1)
    labels = torch.cat([ones, zeros])
    c = torch.cat([penalties.get(name, 0.0) / n * ones[:, 0] for name in ("r1", "r2")])

    def plain(D: Network, real: Tensor, fake: Tensor) -> Tensor:
        return bce(D(real), ones) + bce(D(fake), zeros)

    def penalized(D: Network, real: Tensor, fake: Tensor) -> Tensor:
        logits, g = slopes(D, torch.cat([real, fake]))
        return bce(logits, labels, reduction="sum") / n + g.square().sum(1) @ c / 2

    return penalized if penalties else plain


# Eager.


def adam(
    *modules: nn.Module, name: str, lr: float, beta1: float = 0.9, beta2: float = 0.999
) -> torch.optim.Adam:
    """Return the fused Adam over the networks, with the settings of a Config's optimiser."""
    if name != "adam":
        raise ValueError(f"the benchmark's optimiser is adam, not {name}")
    parameters = [parameter for module in modules for parameter in module.parameters()]
    return torch.optim.Adam(parameters, lr=lr, betas=(beta1, beta2), fused=True)


def minimize(
    loss: Tensor, optimizer: torch.optim.Adam, inputs: Sequence[Tensor] | None = None
) -> None:
    """Update by the gradients of a loss: by all that has one, or by ``inputs`` alone."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward(inputs=inputs)
    optimizer.step()


def slopes(D: Network, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return D(x) and its gradient with respect to x, to be differentiated again."""
    logits = D(x.requires_grad_())
    (g,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    return logits, g


def gan_step(config: Config, weights: Weights) -> Step:
    """Return (real, z_d, z_g) -> losses: update D, then G."""
    generator, discriminator = networks(config, weights).values()
    g_adam = adam(generator, **config.optimizers["generator"])
    d_adam = adam(discriminator, **config.optimizers["discriminator"])
    ones, d_loss = torch.ones(config.batch_size, 1), d_loss_of(config, slopes)
    penalized = "penalties" in config.settings  # then the data, too, would get a gradient
    inputs = list(discriminator.parameters()) if penalized else None

    def step(real: Tensor, z_d: Tensor, z_g: Tensor) -> tuple[Tensor, ...]:
        with torch.no_grad():
            fake = generator(z_d)
        d_value = d_loss(discriminator, real, fake)
        minimize(d_value, d_adam, inputs)
        discriminator.requires_grad_(False)
        g_value = bce(discriminator(generator(z_g)), ones)
        minimize(g_value, g_adam)
        discriminator.requires_grad_(True)
        return d_value.detach(), g_value.detach()

    return step


def autoencoder_step(config: Config, weights: Weights) -> Step:
    """Return x -> losses: update both networks, under one Adam."""
    encoder, decoder = networks(config, weights).values()
    settings = list(config.optimizers.values())
    if settings[0] != settings[1]:
        raise ValueError("one Adam for both networks needs one set of settings")
    optimizer = adam(encoder, decoder, **settings[0])
    loss_of = LOSSES[config.settings["loss"]]

    def step(x: Tensor) -> tuple[Tensor, ...]:
        loss = loss_of(decoder(encoder(x)), x)
        minimize(loss, optimizer)
        return (loss.detach(),)

    return step


# Compiled.


class AdamState(NamedTuple):
    """A network's weights and moments by parameter name, changed in place."""

    w: dict[str, Tensor]
    m: dict[str, Tensor]
    v: dict[str, Tensor]

    @classmethod
    def of(cls, module: nn.Module) -> "AdamState":
        """Start from a network's weights."""
        w = {name: parameter.detach().clone() for name, parameter in module.named_parameters()}
        m, v = ({name: torch.zeros_like(x) for name, x in w.items()} for _ in range(2))
        return cls(w, m, v)

    def update(
        self,
        grads: dict[str, Tensor],
        t: Tensor,
        *,
        name: str,
        lr: float,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
    ) -> None:
        """Make Adam's update number t (from 1)."""
        if name != "adam":
            raise ValueError(f"the benchmark's optimiser is adam, not {name}")
        rate, scale = lr / (1 - beta1**t), (1 - beta2**t) ** -0.5
        for key, g in grads.items():
            w, m, v = self.w[key], self.m[key], self.v[key]
            m.mul_(beta1).add_(g, alpha=1 - beta1)
            v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
            w.sub_(rate * m / (v.sqrt() * scale + eps))


def functional_slopes(D: Network, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return D(x) and its gradient with respect to x, to be differentiated again."""

    def summed(x: Tensor) -> tuple[Tensor, Tensor]:
        logits = D(x)
        return logits.sum(), logits

    g, (_, logits) = grad_and_value(summed, has_aux=True)(x)
    return logits, g


def compiled_gan_step(config: Config, weights: Weights) -> Step:
    """Return (real, z_d, z_g) -> losses, compiled as one graph."""
    modules = networks(config, weights)
    states = {name: AdamState.of(module) for name, module in modules.items()}
    ones, d_loss_by = torch.ones(config.batch_size, 1), d_loss_of(config, functional_slopes)

    def G(w: dict[str, Tensor], z: Tensor) -> Tensor:
        return functional_call(modules["generator"], w, (z,))

    def D(w: dict[str, Tensor], x: Tensor) -> Tensor:
        return functional_call(modules["discriminator"], w, (x,))

    def d_loss(d: dict[str, Tensor], real: Tensor, fake: Tensor) -> Tensor:
        return d_loss_by(lambda x: D(d, x), real, fake)

    def g_loss(g: dict[str, Tensor], d: dict[str, Tensor], z: Tensor) -> Tensor:
        return bce(D(d, G(g, z)), ones)

    def step(
        g: AdamState, d: AdamState, t: Tensor, real: Tensor, z_d: Tensor, z_g: Tensor
    ) -> tuple[Tensor, ...]:
        grads, d_value = grad_and_value(d_loss)(d.w, real, G(g.w, z_d))
        d.update(grads, t, **config.optimizers["discriminator"])
        grads, g_value = grad_and_value(g_loss)(g.w, d.w, z_g)
        g.update(grads, t, **config.optimizers["generator"])
        return d_value, g_value

    return counted(step, states["generator"], states["discriminator"])


def compiled_autoencoder_step(config: Config, weights: Weights) -> Step:
    """Return x -> losses, compiled as one graph."""
    modules = networks(config, weights)
    states = {name: AdamState.of(module) for name, module in modules.items()}
    loss_of = LOSSES[config.settings["loss"]]

    def loss(w: tuple[dict[str, Tensor], ...], x: Tensor) -> Tensor:
        code = functional_call(modules["encoder"], w[0], (x,))
        return loss_of(functional_call(modules["decoder"], w[1], (code,)), x)

    def step(encoder: AdamState, decoder: AdamState, t: Tensor, x: Tensor) -> tuple[Tensor, ...]:
        grads, value = grad_and_value(loss)((encoder.w, decoder.w), x)
        encoder.update(grads[0], t, **config.optimizers["encoder"])
        decoder.update(grads[1], t, **config.optimizers["decoder"])
        return (value,)

    return counted(step, states["encoder"], states["decoder"])


def counted(step: Callable[..., tuple[Tensor, ...]], *states: AdamState) -> Step:
    """Compile a step over states and hand it the number of the update, as a tensor."""
    options = {"cpp_wrapper": True}  # calls the kernels from C++
    fast = torch.compile(step, dynamic=False, fullgraph=True, options=options)
    t = torch.zeros(())

    @torch.no_grad()
    def run(*inputs: Tensor) -> tuple[Tensor, ...]:
        return fast(*states, t.add_(1), *inputs)

    return run


# The contestant.

STEPS = {
    ("gan", False): gan_step,
    ("gan", True): compiled_gan_step,
    ("autoencoder", False): autoencoder_step,
    ("autoencoder", True): compiled_autoencoder_step,
}


class Peer:
    """A contestant of ``step.py``."""

    def __init__(
        self,
        config: Config,
        weights: Weights,
        data: np.ndarray,
        value_range: tuple[float, float],
        *,
        threads: int = 1,
        compiled: bool = False,
    ) -> None:
        torch.set_num_threads(threads)
        self.step = STEPS[config.model, compiled](config, weights)
        self.feed = Feed(data, config.batch_size, value_range)
        latent = [latent_dim(config)] if config.model == "gan" else []
        self.noise = [(config.batch_size, width) for width in 2 * latent]

    def losses(
        self, batches: Sequence[np.ndarray], noise: Sequence[Sequence[np.ndarray]]
    ) -> list[list[float]]:
        """Return the losses of steps on given batches and noise."""
        steps = (map(torch.from_numpy, [x, *zs]) for x, zs in zip(batches, noise, strict=True))
        return [[float(loss) for loss in self.step(*inputs)] for inputs in steps]

    def run(self, steps: int) -> int:
        """Train for so many steps, data feeding included; return how many they were."""
        for _ in range(steps):
            self.step(self.feed.next(), *map(torch.randn, self.noise))
        return steps
