"""A DCGAN in PyTorch (Radford et al. 2016) of the size of one of npgan's presets.

It has the preset's networks with batch normalisation before each activation but the discriminator's first, images
in [-1, 1], weights from N(0, 0.02^2), the non-saturating loss, and Adam with a rate of 2e-4 and a beta1 of 0.5.
Layers that change images at random are left out.
"""

import time

import numpy as np
import torch
from parity import torch_network
from peers_torch import Feed, bce, latent_dim, minimize
from torch import nn

from npgan import backend
from npgan.models.config import Config

RANDOM = "random_"


class Dcgan:
    """PyTorch's side: the networks, and the seconds that their steps took."""

    def __init__(self, config: Config, data: np.ndarray) -> None:
        torch.manual_seed(config.seed)
        torch.set_num_threads(backend.threads())
        self.generator = normalised(config.networks["generator"][:-1])
        self.discriminator = normalised(config.networks["discriminator"], first=1)
        players = self.generator, self.discriminator
        self.rules = [torch.optim.Adam(p.parameters(), 2e-4, (0.5, 0.999)) for p in players]
        self.feed = Feed(data, config.batch_size, (-1.0, 1.0))
        self.z = config.batch_size, latent_dim(config)
        self.seconds, self.steps = 0.0, 0

    def train(self, until: float) -> None:
        """Make steps until they have taken so many seconds."""
        one, zero = torch.ones(self.z[0], 1), torch.zeros(self.z[0], 1)
        D, (g_rule, d_rule) = self.discriminator, self.rules
        while self.seconds < until:
            start = time.perf_counter()
            fake = torch.tanh(self.generator(torch.randn(self.z)))
            minimize(bce(D(self.feed.next()), one) + bce(D(fake.detach()), zero), d_rule)
            minimize(bce(D(fake), one), g_rule)
            self.steps += 1
            self.seconds += time.perf_counter() - start

    def sample(self, n: int) -> np.ndarray:
        """Return n images (n, d) in [0, 1]."""
        with torch.no_grad():
            z = torch.randn(n, self.z[1]).split(self.z[0])
            images = torch.cat([torch.tanh(self.generator(part)) for part in z])
        return (images.numpy() + 1) / 2


def normalised(specs: list[str], first: int = 0) -> nn.Sequential:
    """Return a network with batch normalisation before its activations, from activation number ``first`` on."""
    words: list[str] = []
    width, activations = "", 0
    for spec in specs:
        name, *sizes = spec.split()
        if name.startswith(RANDOM):
            continue
        if name.endswith("relu"):
            words += [f"batch_norm {width}"] if activations >= first else []
            activations += 1
        if name in ("dense", "conv2d", "conv_transpose2d"):
            width, spec = sizes[1], spec.replace(" he_normal", "")
        words.append(spec)
    return torch_network(words).apply(initialise)


def initialise(layer: nn.Module) -> None:
    """Draw a layer's weights as the paper does."""
    if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, 0.0, 0.02)
        nn.init.zeros_(layer.bias)
