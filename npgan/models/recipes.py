"""What presets are made of: chains of layers in words, their optimisers, and a configuration for digits."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from npgan.models.config import Config

MNIST = 60_000  # training images


def on_mnist(
    *, batch_size: int = 128, epochs: int | None = None, steps: int | None = None, **more: Any
) -> Config:
    """Return a configuration for MNIST, with what the sizes in the networks' words are for it.

    Epochs become steps: on other data, of which there may be less, a run is as long as on MNIST.

    >>> on_mnist(model="gan", epochs=2, networks={}, optimizers={}).steps
    936
    """
    steps = steps or (epochs or 1) * (MNIST // batch_size)
    given: dict[str, Any] = {"data": "mnist", "shape": [28, 28, 1], "classes": 10} | more
    return Config(batch_size=batch_size, steps=steps, **given)


def mlp(*widths: int | str, hidden: str, output: str | None = None, init: str = "") -> list[str]:
    """Return a chain of dense layers with an activation between them and one at the end.

    >>> mlp("latent", 3, "data", hidden="relu")
    ['dense latent 3', 'relu', 'dense 3 data']
    """
    specs = []
    for a, b in pairwise(widths):
        specs += [f"dense {a} {b} {init}".rstrip(), hidden]
    return specs[:-1] + ([output] if output else [])


def coders(*widths: int, code: str = "latent", beside: str = "", **ends: str) -> dict[str, list]:
    """Return an encoder and, with the same widths in reverse order, a decoder of pixels.

    >>> coders(9, code="2*latent", hidden="relu")["encoder"]
    ['dense data 9', 'relu', 'dense 9 2*latent']
    """
    return {
        "encoder": mlp(f"data{beside}", *widths, code, **ends),
        "decoder": mlp(f"latent{beside}", *reversed(widths), "data", **ends, output="sigmoid"),
    }


def players(
    generator: Sequence[int],
    discriminator: Sequence[int],
    beside: str = "",
    output: str = "sigmoid",
    **ends: str,
) -> dict[str, list]:
    """Return a generator of pixels and a discriminator of them, by the widths of their hidden layers.

    >>> players([9], [7], hidden="relu", beside="+classes")["discriminator"]
    ['dense data+classes 7', 'relu', 'dense 7 1']
    """
    return {
        "generator": mlp(f"latent{beside}", *generator, "data", **ends, output=output),
        "discriminator": mlp(f"data{beside}", *discriminator, 1, **ends),
    }


def both(*names: str, **settings: Any) -> dict[str, dict[str, Any]]:
    """Return the same rule, Adam, for several networks."""
    return {name: {"name": "adam", **settings} for name in names}


def falling(**rates: float) -> dict[str, dict[str, Any]]:
    """Return Adam for each network, with little momentum and a rate that falls to 0."""
    return {
        name: {"name": "adam", "lr": rate, "beta1": 0.5, "schedule": "cosine"}
        for name, rate in rates.items()
    }


RELU, LEAKY = "relu", "leaky_relu 0.2"
DEEP = {"hidden": "leaky_relu 0.1", "init": "he_normal"}
SHRINKING = {
    "name": "adamw",
    "lr": 2e-3,
    "beta2": 0.95,
    "weight_decay": 0.3,
    "schedule": "cosine",
}
"""For deep autoencoders: a second moment of short memory, and weight decay, so that what is learned of the
training images holds for others."""
TORCH = "fan_in_uniform"  # PyTorch's; where none is named it is Keras's, Glorot


def halving(*widths: int, hidden: str) -> list[str]:
    """Return convolutions that halve an image, one for each width, and then its numbers as a row.

    >>> halving(16, 32, hidden="relu")
    ['reshape height width channels', 'conv2d channels 16 4 2 1', 'relu', 'conv2d 16 32 4 2 1', 'relu', 'flatten']
    """
    specs = ["reshape height width channels"]
    for a, b in pairwise(("channels", *widths)):
        specs += [f"conv2d {a} {b} 4 2 1", hidden]
    return [*specs, "flatten"]


def doubling(*widths: int, hidden: str) -> list[str]:
    """Return transposed convolutions that double an image, one for each width, of a row as :func:`small` says.

    >>> doubling(32, 16, hidden="relu")[:2]
    ['reshape height/4 width/4 32', 'conv_transpose2d 32 16 4 2 1']
    >>> doubling(32, 16, hidden="relu")[2:]
    ['relu', 'conv_transpose2d 16 channels 4 2 1', 'flatten']
    """
    parts = 2 ** len(widths)
    specs = [f"reshape height/{parts} width/{parts} {widths[0]}"]
    for a, b in pairwise((*widths, "channels")):
        specs += [f"conv_transpose2d {a} {b} 4 2 1", hidden]
    return [*specs[:-1], "flatten"]


def bottleneck(width: int) -> list[str]:
    """Return a residual block that mixes channels, then pixels of 16 channels at a time, then channels.

    Its last weights are 0: it begins as the identity.

    >>> bottleneck(32)
    ['conv2d 32 32 1', 'leaky_relu 0.2', 'conv2d 32 32 3 1 1 1 2', 'leaky_relu 0.2', 'conv2d 32 32 1 1 0 1 1 zeros']
    """
    w = width
    return [
        *(f"conv2d {w} {w} 1", LEAKY, f"conv2d {w} {w} 3 1 1 1 {w // 16}", LEAKY),
        f"conv2d {w} {w} 1 1 0 1 1 zeros",
    ]


def small(*widths: int) -> str:
    """Return the size of an image halved once for each width, with the last width's channels.

    >>> small(16, 32)
    'height/4*width/4*32'
    """
    parts = 2 ** len(widths)
    return f"height/{parts}*width/{parts}*{widths[-1]}"
