"""The presets with convolutions, for images grey or in colour, of sides that are multiples of 4."""

from dataclasses import replace
from typing import Any

from npgan.models.config import Config
from npgan.models.kinds import CODERS, PLAYERS
from npgan.models.recipes import (
    LEAKY,
    SHRINKING,
    both,
    bottleneck,
    doubling,
    falling,
    halving,
    mlp,
    on_mnist,
    small,
)

HIDDEN = {"hidden": LEAKY, "init": "he_normal"}
STEADY = {"lr": 3e-3, "beta1": 0.0, "beta2": 0.99, "schedule": "cosine"}
"""Adam without momentum: momentum makes two networks that learn from each other oscillate."""

COLOURS = "random_brightness 0.25", "random_saturation 1.0", "random_contrast 0.5"
"""Zhao et al.'s, with half of their brightness, since their images are in [-1, 1] and these in [0, 1]."""


def _relativistic(penalty: float) -> dict[str, Any]:
    """Return the settings of a GAN with R1 and R2."""
    penalties = {"r1": penalty, "r2": penalty}
    return {"objective": "relativistic", "penalties": penalties, "ema": 0.999}


def _painter(*widths: int, latent: str = "latent", hidden: str = LEAKY) -> list:
    """Return a generator of two dense layers, then transposed convolutions that each double the image."""
    return [
        *mlp(latent, 256, small(*widths), hidden=hidden, init="he_normal", output=hidden),
        *doubling(*widths[::-1], hidden=hidden),
        "sigmoid",
    ]


def _digits(steps: int, penalty: float) -> Config:
    """Return a generator of convolutions against a dense discriminator; a longer training needs a larger penalty."""
    return on_mnist(
        model="gan",
        latent=64,
        batch_size=64,
        steps=steps,
        networks={
            "generator": _painter(16, 32),
            "discriminator": mlp("data", 512, 256, 128, 1, hidden=LEAKY),
        },
        optimizers=both(*PLAYERS, **STEADY),
        settings=_relativistic(penalty),
    )


def _dcgan(*widths: int, **more: Any) -> Config:
    """Return a GAN of convolutions, with two dense layers at z and at the logit.

    What convolutions see is local. The dense layers let a network see, and draw, the whole image.
    """
    return on_mnist(
        model="gan",
        batch_size=64,
        networks={
            "generator": _painter(*widths),
            "discriminator": [
                *halving(*widths, hidden=LEAKY),
                *mlp(small(*widths), 256, 1, **HIDDEN),
            ],
        },
        settings=_relativistic(0.1),
        **more,
    )


def _augmented(config: Config) -> Config:
    """Return a GAN whose discriminator sees each image in other colours and elsewhere every time (Zhao et al. 2020)."""
    image, *layers = config.networks["discriminator"]
    seen = [image, *COLOURS, "random_shift 4", *layers]
    return replace(config, networks={**config.networks, "discriminator": seen})


def _r3gan(a: int, b: int, **more: Any) -> Config:
    """Return a GAN of residual blocks without normalisation, in the manner of R3GAN (Huang et al. 2024).

    A block begins as the identity, since its last weights are 0 (fix-up initialisation, Zhang et al. 2019; with so
    few blocks its other factors are close to 1, and left out). Its middle convolution has groups of 16 channels.
    Between the blocks the images are halved and doubled.
    """
    middle = small(a, b)
    return on_mnist(
        model="gan",
        batch_size=64,
        networks={
            "generator": [
                *mlp("latent", 256, middle, **HIDDEN),
                *(f"reshape height/4 width/4 {b}", bottleneck(b)),
                *(f"conv_transpose2d {b} {a} 4 2 1", bottleneck(a), LEAKY),
                *(f"conv_transpose2d {a} channels 4 2 1", "flatten", "sigmoid"),
            ],
            "discriminator": [
                *("reshape height width channels", f"conv2d channels {a} 4 2 1", bottleneck(a)),
                *(f"conv2d {a} {b} 4 2 1", bottleneck(b), LEAKY, "flatten"),
                *mlp(middle, 256, 1, **HIDDEN),
            ],
        },
        settings=_relativistic(0.1),
        **more,
    )


def _coders(code: str, hidden: str = LEAKY) -> dict[str, list]:
    """Return an encoder and a decoder of convolutions, with two dense layers on the code's side."""
    widths = 16, 32
    return {
        "encoder": [
            *halving(*widths, hidden=hidden),
            *mlp(small(*widths), 256, code, hidden=hidden, init="he_normal"),
        ],
        "decoder": _painter(*widths, hidden=hidden),
    }


def _undo(spoil: str) -> Config:
    """Return a denoising autoencoder of convolutions with skip connections: what is there need not be drawn anew.

    An image is halved twice and doubled twice; at each size, what came down is added to what goes up (the
    U-shaped network of Ronneberger et al. 2015, which joins the two instead).
    """
    return on_mnist(
        model="autoencoder",
        epochs=3,
        networks={
            "encoder": ["reshape height/4*4 width/4*4 channels", spoil, *_u(), "flatten"],
            "decoder": [
                "reshape height width 24",
                "conv2d 24 channels 3 1 1",
                "flatten",
                "sigmoid",
            ],
        },
        optimizers=both(*CODERS, lr=2e-3, schedule="cosine"),
        settings={"loss": "bce"},
    )


def _u(normalised: bool = False) -> list:
    """Return the layers of a U, from images to 24 channels of their size, whose sides are multiples of 4.

    With batch normalisation no channel can be driven to one value for all images. Without it the absolute error of
    dark pictures, whose median is black, soon makes all pixels black, and a sigmoid that far down has no slope.
    """

    def then(width: int) -> list[str]:
        return [f"batch_norm {width}", LEAKY] if normalised else [LEAKY]

    bottom = [
        *("conv2d 48 64 4 2 1", *then(64)),
        *("conv2d 64 64 3 1 1", *then(64)),
        "conv_transpose2d 64 48 4 2 1",
    ]
    middle = ["conv2d 24 48 4 2 1", *then(48), bottom, LEAKY, "conv_transpose2d 48 24 4 2 1"]
    return ["conv2d channels 24 3 1 1", *then(24), middle, *then(24)]


CONVOLUTIONAL: dict[str, Config] = {
    "gan-conv": _digits(steps=8500, penalty=0.1),
    "gan-conv-long": _digits(steps=80_000, penalty=0.3),
    "dcgan-mnist": _dcgan(
        *(16, 32),
        latent=64,
        steps=15_000,
        optimizers=both(*PLAYERS, **STEADY),
    ),
    "dcgan": _dcgan(
        *(32, 64),
        data="stacked-mnist",
        shape=[28, 28, 3],
        latent=128,
        steps=6000,
        optimizers=falling(generator=1e-3, discriminator=2e-3),
    ),
    "dcgan-few": _augmented(
        _dcgan(
            *(32, 64),
            data="stacked-mnist",
            shape=[28, 28, 3],
            latent=64,
            steps=15_000,
            optimizers=both(*PLAYERS, **STEADY),
        )
    ),
    "r3gan-mnist": _r3gan(
        *(16, 32),
        latent=64,
        steps=6000,
        optimizers=falling(generator=1.4e-3, discriminator=2.8e-3),
    ),
    "cgan-conv": on_mnist(
        model="conditional-gan",
        latent=64,
        batch_size=64,
        steps=6000,
        networks={
            "generator": _painter(16, 32, latent="latent+classes"),
            "discriminator": [
                {"sequential": halving(16, 32, hidden=LEAKY), "beside": "classes"},
                *mlp(f"{small(16, 32)}+classes", 256, 1, **HIDDEN),
            ],
        },
        optimizers=falling(generator=1.4e-3, discriminator=2.8e-3),
        settings=_relativistic(0.1),
    ),
    "vae-gan-conv": on_mnist(
        model="vae-gan",
        latent=32,
        epochs=5,
        networks={
            **_coders("2*latent"),
            "discriminator": [
                *halving(16, 32, hidden=LEAKY),
                *mlp(small(16, 32), 128, 1, **HIDDEN),
            ],
        },
        optimizers=falling(encoder=1e-3, decoder=1e-3, discriminator=1e-3),
        settings={"objective": "relativistic", "hidden_layers": 5},
    ),
    "autoencoder-conv": on_mnist(
        model="autoencoder",
        latent=32,
        epochs=5,
        networks=_coders("latent"),
        optimizers=both(*CODERS, lr=2e-3, schedule="cosine"),
        settings={"loss": "bce"},
    ),
    "vae-conv": on_mnist(
        model="vae",
        latent=32,
        epochs=60,
        networks=_coders("2*latent", "silu"),
        optimizers=both(*CODERS, **SHRINKING | {"lr": 7e-3, "weight_decay": 0.12}),
    ),
    "denoiser-conv": _undo("gaussian_noise 0.5"),
    "superresolver-conv": _undo("pixelate 2"),
    "completer-conv": _undo("random_block width/2"),
    "classifier-conv": on_mnist(
        model="classifier",
        batch_size=64,
        epochs=6,
        networks={
            "classifier": [
                "reshape height width channels",
                "random_shift 1",
                *("conv2d channels 16 5 1 2", "max_pool2d 2", "relu"),
                *("conv2d 16 32 5 1 2", "max_pool2d 2", "relu"),
                "flatten",
                *("dropout 0.3", f"dense {small(16, 32)} 128 he_normal", "relu", "dropout 0.3"),
                "dense 128 classes",
            ]
        },
        optimizers=both("classifier", lr=2e-3, schedule="cosine"),
    ),
    "translator-conv": Config(
        model="translator",
        data="mnist-outlines",
        shape=[56, 28, 1],
        batch_size=64,
        steps=1200,
        networks={
            "generator": [
                "reshape height/8*4 width/4*4 channels",
                *_u(normalised=True),
                *("conv2d 24 channels 3 1 1", "flatten", "sigmoid"),
            ],
            "discriminator": [
                *halving(16, 32, hidden=LEAKY),
                *mlp(small(16, 32), 128, 1, **HIDDEN),
            ],
        },
        optimizers=falling(generator=2e-3, discriminator=2e-3),
        settings={"objective": "relativistic", "penalties": {"r1": 0.1, "r2": 0.1}},
    ),
}
"""Name of a preset -> its configuration."""
