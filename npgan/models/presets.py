"""The presets: a network, its optimisers and its data by name, all of it as data.

Four articles gave most of the networks; docs/articles.md says what their programs got wrong. The
first is npgan's own: what ``npgan train`` trains.
"""

from dataclasses import replace
from itertools import pairwise
from typing import Any

from npgan.errors import unknown
from npgan.models.config import CODERS, PLAYERS, Config


def mlp(*widths: int, hidden: str, output: str | None = None, init: str = "") -> list[str]:
    """Return a chain of dense layers with an activation between them and one at the end.

    >>> mlp(2, 3, 1, hidden="relu")
    ['dense 2 3', 'relu', 'dense 3 1']
    """
    specs = []
    for a, b in pairwise(widths):
        specs += [f"dense {a} {b} {init}".rstrip(), hidden]
    return specs[:-1] + ([output] if output else [])


def _both(*names: str, **settings: Any) -> dict[str, dict[str, Any]]:
    return {name: {"name": "adam", **settings} for name in names}


def _players(**rates: float) -> dict[str, dict[str, Any]]:
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
"""For deep autoencoders: steps that follow how large the gradient was lately, and weights that shrink,
so that what is learned of the training images holds for others."""
TORCH = "fan_in_uniform"  # the article's program is PyTorch's, the others are Keras's: Glorot
LARGE = {
    "generator": mlp(100, 128, 256, 512, 784, hidden=LEAKY, output="sigmoid"),
    "discriminator": mlp(784, 512, 256, 128, 1, hidden=LEAKY),
}


def _mixture(data: str, scale: float) -> Config:
    """Return a GAN for a mixture in the plane, whose standard deviation on each axis is ``scale``.

    The generator moves points of the noise to a mode, and needs waves to go over from one to the
    next quickly; the discriminator needs them to see how wide a mode is. Small first weights keep
    the fast ones down until the modes are equally full. docs/quality.md has what each part does.
    """
    hidden = {"hidden": RELU, "init": "normal"}
    generator = ["fourier 2 8 0.5 128.0", *mlp(34, 64, 64, 2, **hidden)]
    discriminator = ["fourier 2 8 0.5 32.0", *mlp(34, 64, 64, 1, **hidden)]
    falls = {"start": 0.3, "end": 0.0001}
    return Config(
        model="gan",
        data=data,
        batch_size=256,
        steps=60_000,
        networks={
            "generator": [generator, f"scale {scale}"],
            "discriminator": [f"scale {1 / scale:.4g}", *discriminator],
        },
        optimizers=_both(*PLAYERS, lr=1e-3, beta1=0.5, beta2=0.99, schedule="cosine"),
        settings={"penalties": {"r1": falls, "r2": falls}, "ema": 0.999},
    )


def _digits(batch_size: int, lr: float, penalty: float, spread: float, **length: Any) -> Config:
    """Return the recommended GAN on MNIST: networks of gan-large's size, the discriminator ahead.

    A rate that falls to 0 lets both come to rest, and the discriminator learns twice as fast: what it
    sees, the generator has to learn (two time scales, Heusel et al. 2017). Small batches get there
    sooner, larger ones further.
    """
    return Config(
        model="gan",
        data="mnist",
        batch_size=batch_size,
        networks={
            "generator": mlp(64, 256, 256, 476, 784, hidden=LEAKY, output="sigmoid"),
            "discriminator": LARGE["discriminator"],
        },
        optimizers=_players(generator=lr, discriminator=2 * lr),
        settings={
            "objective": "relativistic",
            "penalties": {"r1": penalty, "r2": penalty},
            "ema": 0.999,
            "spread": spread,
        },
        **length,
    )


def _vae(codes: int, epochs: int) -> Config:
    """Return a variational autoencoder of digits."""
    ends = {"hidden": RELU, "init": TORCH}
    return Config(
        model="vae",
        data="mnist",
        batch_size=128,
        epochs=epochs,
        networks={
            "encoder": mlp(784, 400, 2 * codes, **ends),
            "decoder": mlp(codes, 400, 784, **ends, output="sigmoid"),
        },
        optimizers=_both(*CODERS, lr=3e-3, schedule="linear"),
    )


def _classifier(**more: Any) -> Config:
    """Return a dense classifier of digits."""
    return Config(
        model="classifier",
        data="mnist",
        batch_size=256,
        networks={
            "classifier": [
                "random_shift 1",
                *("dense 784 512 he_normal", "relu", "dropout 0.2"),
                *("dense 512 512 he_normal", "relu", "dropout 0.2"),
                "dense 512 10",
            ]
        },
        optimizers=_both("classifier", lr=2e-3, schedule="cosine"),
        **more,
    )


def _code(hidden: str, **settings: Any) -> Config:
    """Return an autoencoder of one layer each way, whose code has 64 units of one kind."""
    return Config(
        model="autoencoder",
        data="mnist",
        batch_size=128,
        epochs=10,
        networks={
            "encoder": ["dense 784 64", hidden],
            "decoder": ["dense 64 784", "sigmoid"],
        },
        optimizers=_both(*CODERS, lr=2e-3, schedule="cosine"),
        settings=settings,
    )


def _undo(spoil: str) -> Config:
    """Return a denoising autoencoder: it returns the image that was there before it was spoiled."""
    hidden = {"hidden": LEAKY, "init": "he_normal"}
    return Config(
        model="autoencoder",
        data="mnist",
        batch_size=128,
        epochs=10,
        networks={
            "encoder": [spoil, *mlp(784, 512, 256, **hidden), LEAKY],
            "decoder": mlp(256, 512, 784, **hidden, output="sigmoid"),
        },
        optimizers=_both(*CODERS, lr=1e-3, schedule="cosine"),
        settings={"loss": "bce"},
    )


PRESETS: dict[str, Config] = {
    "gan-mnist": _digits(64, 1.4e-3, penalty=0.1, spread=1.0, epochs=26),
    "gan-mnist-long": _digits(128, 2e-3, penalty=0.3, spread=1.05, steps=53_000),
    "gan-small": Config(
        model="gan",
        data="mnist",
        batch_size=50,
        epochs=10,
        networks={
            "generator": mlp(100, 128, 784, hidden=RELU, output="sigmoid", init=TORCH),
            "discriminator": mlp(784, 128, 1, hidden=RELU, init=TORCH),
        },
        optimizers=_both(*PLAYERS, lr=2e-4),
    ),
    "gan-medium": Config(
        model="gan",
        data="mnist",
        batch_size=128,
        epochs=5,
        networks={
            "generator": mlp(100, 128, 64, 784, hidden=RELU, output="tanh"),
            "discriminator": mlp(784, 64, 128, 1, hidden=RELU),
        },
        optimizers=_both(*PLAYERS, lr=2e-4),
    ),
    "gan-large": Config(
        model="gan",
        data="mnist",
        batch_size=128,
        epochs=20,
        networks=LARGE,
        optimizers=_both(*PLAYERS, lr=2e-4),
    ),
    "autoencoder": Config(
        model="autoencoder",
        data="mnist",
        batch_size=256,
        epochs=10,
        networks={
            "encoder": mlp(784, 64, hidden=RELU, output="relu"),
            "decoder": mlp(64, 64, 784, hidden=RELU),
        },
        optimizers=_both("encoder", "decoder", lr=1e-3),
        settings={"loss": "mse"},
    ),
    "autoencoder-deep": Config(
        model="autoencoder",
        data="mnist",
        batch_size=128,
        epochs=120,
        networks={
            "encoder": mlp(784, 1000, 500, 250, 30, **DEEP),
            "decoder": mlp(30, 250, 500, 1000, 784, **DEEP, output="sigmoid"),
        },
        optimizers=_both(*CODERS, **SHRINKING),
        settings={"loss": "mse"},
    ),
    "sparse": _code("sigmoid", loss="bce", sparsity={"kl": 0.002}),
    "contractive": _code("sigmoid", loss="bce", contraction=0.002),
    "tied": _code(RELU, loss="bce", tied=True),
    "denoiser": _undo("gaussian_noise 0.5"),
    "superresolver": _undo("pixelate 2"),
    "completer": _undo("random_block 14"),
    "detector": Config(
        model="autoencoder",
        data="mnist:3",
        batch_size=128,
        steps=1500,
        networks={
            "encoder": [
                "random_block 10",
                "gaussian_noise 0.3",
                *mlp(784, 256, 32, hidden=LEAKY),
            ],
            "decoder": mlp(32, 256, 784, hidden=LEAKY, output="sigmoid"),
        },
        optimizers=_both(*CODERS, lr=2e-3, schedule="cosine"),
        settings={"loss": "bce"},
    ),
    "vae-gan": Config(
        model="vae-gan",
        data="mnist",
        batch_size=256,
        epochs=10,
        networks={
            "encoder": mlp(784, 64, 128, hidden=RELU),
            "decoder": mlp(64, 784, hidden=RELU),
            "discriminator": mlp(784, 64, 1, hidden=RELU),
        },
        optimizers=_both(*CODERS, "discriminator", lr=1e-3),
    ),
    "vae-gan-deep": Config(
        model="vae-gan",
        data="mnist",
        batch_size=128,
        epochs=20,
        networks={
            "encoder": mlp(784, 512, 256, 64, hidden=LEAKY),
            "decoder": mlp(32, 256, 512, 784, hidden=LEAKY, output="sigmoid"),
            "discriminator": mlp(784, 512, 256, 1, hidden=LEAKY),
        },
        optimizers=_players(encoder=1e-3, decoder=1e-3, discriminator=1e-3),
        settings={"objective": "relativistic", "hidden_layers": 2},
    ),
    "ring": _mixture("ring", scale=0.707),
    "grid": _mixture("grid", scale=2.83),
    "grid100": _mixture("grid100", scale=4.31),
    "adversarial-autoencoder": Config(
        model="adversarial-autoencoder",
        data="mnist",
        batch_size=128,
        epochs=20,
        networks={
            "encoder": mlp(784, 512, 256, 10, hidden="elu"),
            "decoder": mlp(10, 256, 512, 784, hidden="elu", output="sigmoid"),
            "discriminator": mlp(10, 256, 256, 1, hidden="elu"),
        },
        optimizers=_players(encoder=1e-3, decoder=1e-3, discriminator=1e-3),
        settings={"loss": "bce", "adversarial_weight": 10.0},
    ),
    "bigan": Config(
        model="bigan",
        data="mnist",
        batch_size=128,
        epochs=12,
        networks={
            "encoder": mlp(784, 512, 256, 50, hidden=LEAKY),
            "decoder": mlp(50, 256, 512, 784, hidden=LEAKY, output="sigmoid"),
            "discriminator": mlp(834, 1024, 1024, 256, 1, hidden=LEAKY),
        },
        optimizers=_players(encoder=1e-3, decoder=1e-3, discriminator=2e-3),
        settings={"objective": "relativistic", "penalties": {"r1": 1.0, "r2": 1.0}},
    ),
    "conditional-vae": Config(
        model="conditional-vae",
        data="mnist",
        batch_size=128,
        epochs=20,
        networks={
            "encoder": mlp(794, 512, 256, 16, **DEEP),
            "decoder": mlp(18, 256, 512, 784, **DEEP, output="sigmoid"),
        },
        optimizers=_both(*CODERS, **SHRINKING | {"weight_decay": 0.03}),
        settings={"classes": 10},
    ),
    "vae": _vae(20, epochs=10),
    "vae-2d": _vae(2, epochs=20),
    "vae-deep": Config(
        model="vae",
        data="mnist",
        batch_size=128,
        epochs=60,
        networks={
            "encoder": mlp(784, 1000, 500, 80, **DEEP),
            "decoder": mlp(40, 500, 1000, 784, **DEEP, output="sigmoid"),
        },
        optimizers=_both(*CODERS, **SHRINKING),
    ),
    "iwae": Config(
        model="iwae",
        data="mnist",
        batch_size=20,
        epochs=10,
        networks={
            "encoder": mlp(784, 200, 200, 100, hidden="tanh"),
            "decoder": mlp(50, 200, 200, 784, hidden="tanh", output="sigmoid"),
        },
        optimizers=_both(*CODERS, lr=1e-3, schedule="cosine"),
        settings={"samples": 50, "binarize": True},
    ),
    "classifier": _classifier(epochs=20),
    "classifier-robust": replace(
        _classifier(epochs=10, settings={"adversarial": 0.2, "attack_steps": 7}),
        networks={"classifier": mlp(784, 512, 512, 10, hidden=RELU, init="he_normal")},
    ),
    "translator": Config(
        model="translator",
        data="mnist-outlines",
        batch_size=128,
        epochs=10,
        networks={
            "generator": mlp(784, 512, 512, 784, hidden=LEAKY, output="sigmoid"),
            "discriminator": mlp(1568, 256, 128, 1, hidden=LEAKY),
        },
        optimizers=_players(generator=1e-3, discriminator=1e-3),
        settings={"objective": "relativistic", "penalties": {"r1": 0.1, "r2": 0.1}},
    ),
    "cgan-mnist": Config(
        model="conditional-gan",
        data="mnist",
        batch_size=128,
        epochs=20,
        networks={
            "generator": mlp(110, 128, 256, 512, 784, hidden=LEAKY, output="sigmoid"),
            "discriminator": mlp(794, 512, 256, 128, 1, hidden=LEAKY),
        },
        optimizers=_players(generator=1e-3, discriminator=1e-3),
        settings={
            "classes": 10,
            "objective": "relativistic",
            "penalties": {"r1": 1.0, "r2": 1.0},
            "ema": 0.999,
        },
    ),
}
DEFAULT = "gan-mnist"


def preset(name: str) -> Config:
    """Return a preset by name.

    >>> preset("gan-small").batch_size
    50

    Raises
    ------
    InputError
        If there is none of that name; the nearest is suggested.
    """
    if name not in PRESETS:
        raise unknown("preset", name, PRESETS)
    return replace(PRESETS[name], preset=name)
