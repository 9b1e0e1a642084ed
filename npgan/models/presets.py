"""The presets: a network, its optimisers and its data by name, all of it as data.

Five come from articles; docs/articles.md says what their programs got wrong.
"""

from dataclasses import replace
from functools import partial
from typing import Any

from npgan.errors import chosen
from npgan.models.config import Config
from npgan.models.convolutional import CONVOLUTIONAL
from npgan.models.kinds import CODERS, PLAYERS
from npgan.models.recipes import (
    DEEP,
    LEAKY,
    RELU,
    SHRINKING,
    TORCH,
    both,
    coders,
    falling,
    mlp,
    on_mnist,
    players,
)


def _mixture(data: str, scale: float) -> Config:
    """Return a GAN for a mixture in the plane, whose standard deviation on each axis is ``scale``.

    The generator moves each point of noise, which is as wide as the data, to a mode. Fourier features let it
    pass from one mode to the next quickly, and let the discriminator see how wide a mode is. Small first
    weights keep the high frequencies weak until the modes are equally full. docs/quality.md has what each
    part does.
    """
    hidden = {"hidden": RELU, "init": "normal"}
    generator = ["fourier data 8 0.5 128.0", *mlp("17*data", 64, 64, "data", **hidden)]
    discriminator = ["fourier data 8 0.5 32.0", *mlp("17*data", 64, 64, 1, **hidden)]
    falls = {"start": 0.3, "end": 0.0001}
    return Config(
        model="gan",
        data=data,
        shape=[2],
        batch_size=256,
        steps=60_000,
        networks={
            "generator": [generator, f"scale {scale}"],
            "discriminator": [f"scale {1 / scale:.4g}", *discriminator],
        },
        optimizers=both(*PLAYERS, lr=1e-3, beta1=0.5, beta2=0.99, schedule="cosine"),
        settings={"penalties": {"r1": falls, "r2": falls}, "ema": 0.999},
    )


def _digits(batch_size: int, lr: float, penalty: float, spread: float, **length: Any) -> Config:
    """Return the recommended dense GAN on MNIST: networks of gan-large's size, the discriminator ahead.

    A rate that falls to 0 lets both come to rest, and the discriminator learns twice as fast: what it
    sees, the generator has to learn (two time scales, Heusel et al. 2017). Small batches get there
    sooner, larger ones further.
    """
    return on_mnist(
        model="gan",
        latent=64,
        batch_size=batch_size,
        networks=players([256, 256, 476], [512, 256, 128], hidden=LEAKY),
        optimizers=falling(generator=lr, discriminator=2 * lr),
        settings={
            "objective": "relativistic",
            "penalties": {"r1": penalty, "r2": penalty},
            "ema": 0.999,
            "spread": spread,
        },
        **length,
    )


def _vae(latent: int, epochs: int) -> Config:
    """Return a variational autoencoder of digits."""
    return on_mnist(
        model="vae",
        latent=latent,
        epochs=epochs,
        networks=coders(400, code="2*latent", hidden=RELU, init=TORCH),
        optimizers=both(*CODERS, lr=3e-3, schedule="linear"),
    )


def _classifier(**more: Any) -> Config:
    """Return a dense classifier of digits."""
    return on_mnist(
        model="classifier",
        batch_size=256,
        networks={
            "classifier": [
                "random_shift 1",
                *("dense data 512 he_normal", "relu", "dropout 0.2"),
                *("dense 512 512 he_normal", "relu", "dropout 0.2"),
                "dense 512 classes",
            ]
        },
        optimizers=both("classifier", lr=2e-3, schedule="cosine"),
        **more,
    )


def _code(hidden: str, **settings: Any) -> Config:
    """Return an autoencoder of one layer each way, whose code has 64 units of one kind."""
    return on_mnist(
        model="autoencoder",
        latent=64,
        epochs=10,
        networks={
            "encoder": ["dense data latent", hidden],
            "decoder": ["dense latent data", "sigmoid"],
        },
        optimizers=both(*CODERS, lr=2e-3, schedule="cosine"),
        settings=settings,
    )


def _undo(spoil: str) -> Config:
    """Return a denoising autoencoder: it returns the image that was there before it was spoiled."""
    hidden = {"hidden": LEAKY, "init": "he_normal"}
    return on_mnist(
        model="autoencoder",
        latent=256,
        epochs=10,
        networks={
            "encoder": [spoil, *mlp("data", 512, "latent", **hidden), LEAKY],
            "decoder": mlp("latent", 512, "data", **hidden, output="sigmoid"),
        },
        optimizers=both(*CODERS, lr=1e-3, schedule="cosine"),
        settings={"loss": "bce"},
    )


PENGUINS = partial(
    Config, data="penguins", shape=[12], widths=[3, 3, 1, 2, 1, 2, 1, 2, 1, 2, 3, 3], batch_size=128
)
"""A configuration for the table of penguins, with what the sizes in the networks' words are for it."""


def _table() -> Config:
    """Return a GAN of tables. Its batches are few rows and its networks small: a step costs little."""
    ends = {"hidden": LEAKY, "init": "he_normal"}
    return PENGUINS(
        model="table-gan",
        latent=64,
        epochs=16,
        networks={
            "generator": [
                *mlp("latent+classes", 128, 128, "data", **ends),
                "gumbel_softmax widths 0.5",
            ],
            "discriminator": mlp("data+classes", 128, 128, 1, **ends),
        },
        optimizers=falling(generator=2e-3, discriminator=2e-3),
        settings={"objective": "relativistic", "penalties": {"r1": 0.1, "r2": 0.1}, "ema": 0.99},
    )


def _table_vae() -> Config:
    """Return a variational autoencoder of tables."""
    ends = {"hidden": LEAKY, "init": "he_normal"}
    return PENGUINS(
        model="table-vae",
        latent=16,
        epochs=30,
        networks={
            "encoder": mlp("data", 128, 128, "2*latent", **ends),
            "decoder": mlp("latent", 128, 128, "data+numbers", **ends),
        },
        optimizers=both(*CODERS, lr=3e-3, schedule="cosine"),
    )


PRESETS: dict[str, Config] = {
    "table": _table(),
    "table-vae": _table_vae(),
    "gan-mnist": _digits(64, 1.4e-3, penalty=0.1, spread=1.0, epochs=26),
    "gan-mnist-long": _digits(128, 2e-3, penalty=0.3, spread=1.05, steps=53_000),
    "gan-small": on_mnist(
        model="gan",
        latent=100,
        batch_size=50,
        epochs=10,
        networks=players([128], [128], hidden=RELU, init=TORCH),
        optimizers=both(*PLAYERS, lr=2e-4),
    ),
    "gan-medium": on_mnist(
        model="gan",
        latent=100,
        epochs=5,
        networks=players([128, 64], [64, 128], hidden=RELU, output="tanh"),
        optimizers=both(*PLAYERS, lr=2e-4),
    ),
    "gan-large": on_mnist(
        model="gan",
        latent=100,
        epochs=20,
        networks=players([128, 256, 512], [512, 256, 128], hidden=LEAKY),
        optimizers=both(*PLAYERS, lr=2e-4),
    ),
    "autoencoder": on_mnist(
        model="autoencoder",
        latent=64,
        batch_size=256,
        epochs=10,
        networks={
            "encoder": mlp("data", "latent", hidden=RELU, output="relu"),
            "decoder": mlp("latent", 64, "data", hidden=RELU),
        },
        optimizers=both("encoder", "decoder", lr=1e-3),
        settings={"loss": "mse"},
    ),
    "autoencoder-deep": on_mnist(
        model="autoencoder",
        latent=30,
        epochs=120,
        networks=coders(1000, 500, 250, **DEEP),
        optimizers=both(*CODERS, **SHRINKING),
        settings={"loss": "mse"},
    ),
    "sparse": _code("sigmoid", loss="bce", sparsity={"kl": 0.002}),
    "contractive": _code("sigmoid", loss="bce", contraction=0.002),
    "tied": _code(RELU, loss="bce", tied=True),
    "denoiser": _undo("gaussian_noise 0.5"),
    "superresolver": _undo("pixelate 2"),
    "completer": _undo("random_block 14"),
    "detector": on_mnist(
        model="autoencoder",
        data="mnist:3",
        latent=32,
        steps=1500,
        networks={
            "encoder": [
                "random_block 10",
                "gaussian_noise 0.3",
                *mlp("data", 256, "latent", hidden=LEAKY),
            ],
            "decoder": mlp("latent", 256, "data", hidden=LEAKY, output="sigmoid"),
        },
        optimizers=both(*CODERS, lr=2e-3, schedule="cosine"),
        settings={"loss": "bce"},
    ),
    "vae-gan": on_mnist(
        model="vae-gan",
        latent=64,
        batch_size=256,
        epochs=10,
        networks={
            "encoder": mlp("data", 64, "2*latent", hidden=RELU),
            "decoder": mlp("latent", "data", hidden=RELU),
            "discriminator": mlp("data", 64, 1, hidden=RELU),
        },
        optimizers=both(*CODERS, "discriminator", lr=1e-3),
    ),
    "vae-gan-deep": on_mnist(
        model="vae-gan",
        latent=32,
        epochs=20,
        networks={
            **coders(512, 256, code="2*latent", hidden=LEAKY),
            "discriminator": mlp("data", 512, 256, 1, hidden=LEAKY),
        },
        optimizers=falling(encoder=1e-3, decoder=1e-3, discriminator=1e-3),
        settings={"objective": "relativistic", "hidden_layers": 2},
    ),
    "ring": _mixture("ring", scale=0.707),
    "grid": _mixture("grid", scale=2.83),
    "grid100": _mixture("grid100", scale=4.31),
    "adversarial-autoencoder": on_mnist(
        model="adversarial-autoencoder",
        latent=10,
        epochs=20,
        networks={
            **coders(512, 256, hidden="elu"),
            "discriminator": mlp("latent", 256, 256, 1, hidden="elu"),
        },
        optimizers=falling(encoder=1e-3, decoder=1e-3, discriminator=1e-3),
        settings={"loss": "bce", "adversarial_weight": 10.0},
    ),
    "bigan": on_mnist(
        model="bigan",
        latent=50,
        epochs=12,
        networks={
            **coders(512, 256, hidden=LEAKY),
            "discriminator": mlp("data+latent", 1024, 1024, 256, 1, hidden=LEAKY),
        },
        optimizers=falling(encoder=1e-3, decoder=1e-3, discriminator=2e-3),
        settings={"objective": "relativistic", "penalties": {"r1": 1.0, "r2": 1.0}},
    ),
    "conditional-vae": on_mnist(
        model="conditional-vae",
        latent=8,
        epochs=20,
        networks=coders(512, 256, code="2*latent", beside="+classes", **DEEP),
        optimizers=both(*CODERS, **SHRINKING | {"weight_decay": 0.03}),
    ),
    "vae": _vae(20, epochs=10),
    "vae-2d": _vae(2, epochs=20),
    "vae-deep": on_mnist(
        model="vae",
        latent=40,
        epochs=60,
        networks=coders(1000, 500, code="2*latent", **DEEP),
        optimizers=both(*CODERS, **SHRINKING),
    ),
    "iwae": on_mnist(
        model="iwae",
        latent=50,
        batch_size=20,
        epochs=10,
        networks=coders(200, 200, code="2*latent", hidden="tanh"),
        optimizers=both(*CODERS, lr=1e-3, schedule="cosine"),
        settings={"samples": 50, "binarize": True},
    ),
    "classifier": _classifier(epochs=20),
    "classifier-robust": replace(
        _classifier(epochs=10, settings={"adversarial": 0.2, "attack_steps": 7}),
        networks={"classifier": mlp("data", 512, 512, "classes", hidden=RELU, init="he_normal")},
    ),
    "translator": on_mnist(
        model="translator",
        data="mnist-outlines",
        shape=[56, 28, 1],
        classes=None,
        epochs=10,
        networks={
            "generator": mlp("source", 512, 512, "target", hidden=LEAKY, output="sigmoid"),
            "discriminator": mlp("data", 256, 128, 1, hidden=LEAKY),
        },
        optimizers=falling(generator=1e-3, discriminator=1e-3),
        settings={"objective": "relativistic", "penalties": {"r1": 0.1, "r2": 0.1}},
    ),
    "cgan-mnist": on_mnist(
        model="conditional-gan",
        latent=100,
        epochs=20,
        networks=players([128, 256, 512], [512, 256, 128], "+classes", hidden=LEAKY),
        optimizers=falling(generator=1e-3, discriminator=1e-3),
        settings={
            "objective": "relativistic",
            "penalties": {"r1": 1.0, "r2": 1.0},
            "ema": 0.999,
        },
    ),
    **CONVOLUTIONAL,
}
DEFAULT, DENSE_DEFAULT, FEW_DEFAULT = "gan-conv", "gan-mnist", "dcgan-few"
FEW = 10_000
"""Images in colour, below which a discriminator soon knows each of them unless it sees them changed."""


def default(shape: tuple[int, ...], rows: int = 60_000) -> str:
    """Return the preset that is trained on so many samples of this shape if none is named.

    Convolutions need images that can be halved twice.

    >>> default((28, 28, 1)), default((32, 32, 3), 400), default((30, 30, 3)), default((2,))
    ('gan-conv', 'dcgan-few', 'gan-mnist', 'gan-mnist')
    """
    halved = len(shape) == 3 and all(side % 4 == 0 for side in shape[:2])
    if not halved:
        return DENSE_DEFAULT
    return FEW_DEFAULT if shape[2] == 3 and rows < FEW else DEFAULT


def preset(name: str) -> Config:
    """Return a preset by name.

    >>> preset("gan-small").batch_size
    50

    Raises InputError if there is none of that name; the nearest is suggested.
    """
    return replace(chosen("preset", name, PRESETS), preset=name)
