"""Compare training with PyTorch, step by step in float64: losses, gradients and weights.

Both sides start from the same weights and see the same real batches and the same noise; then each
trains on its own. After every step all losses, all gradients (as the optimisers used them) and all
weights must agree to 1e-10: a loss relative to itself, a gradient or weight array relative to its
own largest element. npgan's side is `train_step`, the one that `fit` calls.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from npgan.data import load
from npgan.models.config import Config
from npgan.models.model import Model
from npgan.models.presets import preset
from npgan.ops import standard_normal

try:
    import torch
    from torch import nn
except ModuleNotFoundError:  # npgan's own half, and the golden file's check, need none of it
    torch = None

TOLERANCE = 1e-10
STEPS = 100
PRESETS = ("gan-small", "gan-medium", "gan-large", "autoencoder")
ROWS = 60_000

EXAMPLES = """
examples:
  python benchmarks/parity.py
  python benchmarks/parity.py gan-large --steps 500
  python benchmarks/parity.py --write-golden tests/golden/parity.npz
"""


class Snapshot(NamedTuple):
    """What a training step computed, by name."""

    losses: dict[str, float]
    grads: dict[str, np.ndarray]
    weights: dict[str, np.ndarray]


class Worst(NamedTuple):
    """The largest relative error, and the first step and name at which it occurred."""

    error: float
    step: int
    name: str


# Both sides: weights, batches and noise.


def float64_model(config: Config) -> Model:
    """Return the preset's model with float64 copies of its first weights."""
    return config.build(ROWS).astype(np.float64)


def inputs(model: Model, batch_size: int) -> Iterator[tuple[np.ndarray, np.random.Generator]]:
    """Yield real batches of MNIST without end, each with the generator of that step's noise."""
    images = load("mnist").train
    rng = np.random.default_rng(0)
    low, high = model.value_range
    while True:
        rows = images[rng.integers(len(images), size=batch_size)]
        yield low + (high - low) * (rows / 255), rng.spawn(1)[0]


def keeping(used: np.ndarray, step: Callable[[np.ndarray, np.ndarray], None]) -> Callable:
    """Return an optimiser's step that keeps a copy of the gradient, which it uses up."""

    def step_and_keep(w: np.ndarray, g: np.ndarray) -> None:
        used[:] = g
        step(w, g)

    return step_and_keep


def npgan_training(name: str) -> Iterator[Snapshot]:
    """Train a preset with npgan; the arrays are the live ones, the gradients those last used."""
    config = preset(name).in_numbers()
    model = float64_model(config)
    used = {network: parameters.like() for network, parameters in model.grads.items()}
    for network, optimizer in model.optimizers.items():
        optimizer.step = keeping(used[network].flat, optimizer.step)
    grads = {
        f"{network}.{parameter}": array
        for network, parameters in used.items()
        for parameter, array in parameters.items()
    }
    for batch, rng in inputs(model, config.batch_size):
        yield Snapshot(model.train_step(batch, rng), grads, model.weights())


# PyTorch's side.


def torch_network(specs: list[str]) -> nn.Sequential:
    """Build a network, with torch's initial weights, from the layers of a Config."""
    import images_torch  # needs torch

    kinds = {
        "dense": lambda a, b, *_: nn.Linear(int(a), int(b)),
        "relu": nn.ReLU,
        "leaky_relu": lambda slope: nn.LeakyReLU(float(slope)),
        "sigmoid": nn.Sigmoid,
        "tanh": nn.Tanh,
        **images_torch.KINDS,
    }
    layers = (spec.split() for spec in specs)
    return nn.Sequential(*(kinds[name](*arguments) for name, *arguments in layers))


def torch_adam(
    network: nn.Module, name: str, lr: float, beta1: float = 0.9, beta2: float = 0.999
) -> torch.optim.Adam:
    """Return torch's Adam in its plain form, with the settings of a Config's optimiser."""
    if name != "adam":
        raise ValueError(f"the presets use adam, not {name}")
    settings = {"betas": (beta1, beta2), "foreach": False, "fused": False}
    return torch.optim.Adam(network.parameters(), lr=lr, **settings)


class TorchModel:
    """Networks and their optimisers, by name."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.networks = {name: torch_network(specs) for name, specs in config.networks.items()}
        self.optimizers = {
            name: torch_adam(self.networks[name], **settings)
            for name, settings in config.optimizers.items()
        }

    def parameters(self) -> dict[str, torch.Tensor]:
        """Return every parameter by npgan's name for it; a weight's shape is (out, in)."""
        return {
            f"{network}.{parameter}": tensor
            for network, module in self.networks.items()
            for parameter, tensor in module.named_parameters()
        }


class TorchGAN(TorchModel):
    """A GAN as PyTorch's tutorials train it."""

    def sample(self, n: int, rng: np.random.Generator, like: torch.Tensor) -> torch.Tensor:
        """Return G(z), (n, d), for z drawn as npgan draws it, in the float type of ``like``."""
        generator = self.networks["generator"]
        z = standard_normal(rng, (n, generator[0].in_features), like.numpy().dtype)
        return generator(torch.from_numpy(z))

    def train_step(self, real: torch.Tensor, rng: np.random.Generator) -> dict[str, float]:
        """Update D on real and generated data, then G, through a frozen D, on new noise."""
        discriminator, bce = self.networks["discriminator"], nn.BCEWithLogitsLoss()
        ones, zeros = real.new_ones(len(real), 1), real.new_zeros(len(real), 1)

        self.optimizers["discriminator"].zero_grad()
        fake = self.sample(len(real), rng, real).detach()
        d_loss = bce(discriminator(real), ones) + bce(discriminator(fake), zeros)
        d_loss.backward()
        self.optimizers["discriminator"].step()

        discriminator.requires_grad_(False)
        self.optimizers["generator"].zero_grad()
        g_loss = bce(discriminator(self.sample(len(real), rng, real)), ones)
        g_loss.backward()
        self.optimizers["generator"].step()
        discriminator.requires_grad_(True)
        return {"d_loss": d_loss.item(), "g_loss": g_loss.item()}


class TorchAutoencoder(TorchModel):
    """An autoencoder as PyTorch's tutorials train it."""

    def train_step(self, x: torch.Tensor, rng: np.random.Generator) -> dict[str, float]:
        """Update both networks on the reconstruction's loss."""
        loss_of = {"mse": nn.MSELoss(), "l1": nn.L1Loss()}[self.config.settings["loss"]]
        for optimizer in self.optimizers.values():
            optimizer.zero_grad()
        loss = loss_of(self.networks["decoder"](self.networks["encoder"](x)), x)
        loss.backward()
        for optimizer in self.optimizers.values():
            optimizer.step()
        return {"loss": loss.item()}


TORCH_MODELS = {"gan": TorchGAN, "autoencoder": TorchAutoencoder}


def torch_training(name: str) -> Iterator[Snapshot]:
    """Train a preset with PyTorch, from npgan's first weights; the arrays are the live ones."""
    config = preset(name).in_numbers()
    start = float64_model(config)
    model = TORCH_MODELS[config.model](config)
    for network in model.networks.values():
        network.double()
    tensors = model.parameters()
    with torch.no_grad():
        for parameter, weight in start.weights().items():
            tensors[parameter].copy_(torch.from_numpy(weight.T))
    weights = {parameter: tensor.detach().numpy().T for parameter, tensor in tensors.items()}
    for batch, rng in inputs(start, config.batch_size):
        losses = model.train_step(torch.from_numpy(batch), rng)
        grads = {parameter: tensor.grad.numpy().T for parameter, tensor in tensors.items()}
        yield Snapshot(losses, grads, weights)


# The comparison.


def relative_error(x: np.ndarray | float, reference: np.ndarray | float) -> float:
    """Return the largest difference over the largest element of the reference."""
    largest = float(np.max(np.abs(reference)))
    return float(np.max(np.abs(np.subtract(x, reference)))) / (largest or 1.0)


def compare(name: str, steps: int) -> dict[str, Worst]:
    """Train a preset on both sides and return the worst errors of losses, grads and weights."""
    worst = {kind: Worst(0.0, 0, "-") for kind in Snapshot._fields}
    both = zip(range(1, steps + 1), npgan_training(name), torch_training(name), strict=False)
    for step, ours, theirs in both:
        for kind in Snapshot._fields:
            a, b = getattr(ours, kind), getattr(theirs, kind)
            if kind != "losses" and a.keys() != b.keys():
                raise ValueError(f"{name}: the {kind} differ in name: {a.keys() ^ b.keys()}")
            found = (Worst(relative_error(a[key], b[key]), step, key) for key in b)
            worst[kind] = max(worst[kind], *found, key=lambda w: np.nan_to_num(w.error, nan=np.inf))
    return worst


def trace(training: Iterator[Snapshot], steps: int) -> dict[str, np.ndarray]:
    """Return the losses and the norms of the gradients, each (steps,), by name."""
    rows = []
    for _, (losses, grads, _) in zip(range(steps), training, strict=False):
        losses = {name: value for name, value in losses.items() if name.endswith("loss")}
        rows.append(losses | {name: np.linalg.norm(g) for name, g in grads.items()})
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def write_golden(path: Path) -> None:
    """Write PyTorch's traces, for those who have no PyTorch."""
    arrays = {
        f"{name}/{key}": values
        for name in PRESETS
        for key, values in trace(torch_training(name), STEPS).items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays)
    print(f"wrote {path}: {len(arrays)} series, {path.stat().st_size:,} bytes")


def print_table(names: list[str], steps: int) -> bool:
    """Print a row for each preset; return whether every error is within the tolerance."""
    print(f"{'preset':12} {'steps':>5}  {'worst loss':>10}  {'worst weight':>12}  worst gradient")
    all_good = True
    for name in names:
        losses, grads, weights = compare(name, steps).values()
        good = all(worst.error <= TOLERANCE for worst in (losses, grads, weights))
        all_good &= good
        print(
            f"{name:12} {steps:5}  {losses.error:10.1e}  {weights.error:12.1e}  "
            f"{grads.error:.1e} {grads.name} at step {grads.step}{'' if good else '  TOO LARGE'}"
        )
    return all_good


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "presets", nargs="*", metavar="PRESET", help=f"default: {' '.join(PRESETS)}"
    )
    parser.add_argument("--steps", type=int, default=STEPS, help=f"default: {STEPS}")
    parser.add_argument(
        "--write-golden", type=Path, metavar="FILE", help="only write PyTorch's traces there"
    )
    arguments = parser.parse_args()
    for name in set(arguments.presets) - set(PRESETS):
        parser.error(f"unknown preset {name!r}; known are {', '.join(PRESETS)}")
    if arguments.steps < 1:
        parser.error(f"--steps must be at least 1, not {arguments.steps}")
    if torch is None:
        parser.error("this needs PyTorch: pip install torch")
    torch.set_num_threads(1)
    if arguments.write_golden:
        write_golden(arguments.write_golden)
        return 0
    return 0 if print_table(arguments.presets or list(PRESETS), arguments.steps) else 1


if __name__ == "__main__":
    sys.exit(main())
