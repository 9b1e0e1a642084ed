"""Complete steps of models of a kind, and of every preset."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from zlib import crc32

import numpy as np

from npgan.catalogue.case import Case
from npgan.models import (
    GAN,
    VAE,
    VAEGAN,
    AdversarialAutoencoder,
    Autoencoder,
    BiGAN,
    Classifier,
    ConditionalVAE,
    Model,
    MultiGAN,
    Translator,
)
from npgan.models.config import CODERS
from npgan.models.presets import PRESETS
from npgan.parameters import Parameters


def _step_case(name: str, model: Model, step: Callable, options: Mapping[str, Any]) -> Case:
    """Check ``step(rng, grads) -> loss`` by every parameter of the networks that it trains."""
    networks = options["wrt"]
    wrt = {f"{n}.{p}": w for n in networks for p, w in model.networks[n].parameters.items()}
    buffers = [(net.buffers.flat, net.buffers.flat.copy()) for net in model.networks.values()]

    def function() -> tuple[Any, dict[str, np.ndarray]]:
        for mine, start in buffers:
            mine[...] = start
        grads = {n: model.networks[n].parameters.like() for n in networks}
        loss = step(np.random.default_rng(0), grads)
        return loss, {f"{n}.{p}": g for n in networks for p, g in grads[n].items()}

    return Case(name, function, (), {**options, "wrt": wrt})


def gan_steps(name: str, gan: GAN, real: np.ndarray, options: Mapping) -> Iterator[Case]:
    """Yield one complete step of each of a GAN's players, on real data and fixed noise."""
    real = gan.rows(real, np.arange(len(real)) % 2)
    z = np.random.default_rng(1).standard_normal((len(real), gan.generator.in_width))
    z[:, gan.latent_dim :] = real[:, gan.features :]  # the labels, if there are any
    yield _step_case(
        f"{name}, discriminator step",
        gan,
        lambda rng, grads: gan.discriminator_step(real, z, grads["discriminator"], rng).loss,
        {**options, "wrt": ["discriminator"]},
    )
    yield _step_case(
        f"{name}, generator step",
        gan,
        lambda rng, grads: gan.generator_step(z, grads["generator"], rng, real).loss,
        {**options, "wrt": ["generator"]},
    )


def multi_steps(
    name: str, gan: MultiGAN, real: np.ndarray, options: Mapping[str, Any]
) -> Iterator[Case]:
    """Yield a step of each discriminator, and one of all generators together."""
    z = np.random.default_rng(1).standard_normal((len(real), gan.latent_dim))
    for critic in gan.discriminators:
        yield _step_case(
            f"{name}, {critic} step",
            gan,
            lambda rng, grads, critic=critic: (
                gan.discriminator_step(real, z, grads[critic], rng, critic).loss
            ),
            {**options, "wrt": [critic]},
        )

    def generators() -> tuple[Any, Parameters]:
        grads = gan.generator.parameters.like()
        return gan.generator_step(z, grads, np.random.default_rng(0), real).loss, grads

    yield Case(
        f"{name}, generators' step", generators, (), {**options, "wrt": gan.generator.parameters}
    )


def autoencoder_steps(
    name: str, model: Autoencoder, x: np.ndarray, options: Mapping
) -> Iterator[Case]:
    """Yield one complete step of an autoencoder."""
    yield _step_case(
        f"{name}, step",
        model,
        lambda rng, grads: model.reconstruction_step(x, grads, rng),
        {**options, "wrt": ["encoder", "decoder"]},
    )


def vaegan_steps(name: str, model: VAEGAN, x: np.ndarray, options: Mapping) -> Iterator[Case]:
    """Yield one complete step of each side of a VAE-GAN, the sampling noise replayed."""
    yield _step_case(
        f"{name}, discriminator step",
        model,
        lambda rng, grads: model.discriminator_step(x, rng, grads["discriminator"])[0],
        {**options, "wrt": ["discriminator"]},
    )
    spare = {name: model.networks[name].parameters.like() for name in CODERS}
    for side, loss in (("encoder", "loss"), ("decoder", "decoder_loss")):

        def step(rng: np.random.Generator, grads: Any, loss: str = loss) -> Any:
            return model.generator_step(x, rng, {**spare, **grads})[loss]

        yield _step_case(f"{name}, {side} step", model, step, {**options, "wrt": [side]})


def vae_steps(
    name: str, model: VAE | ConditionalVAE, x: np.ndarray, options: Mapping
) -> Iterator[Case]:
    """Yield one complete step of a variational autoencoder, the noise of its codes replayed."""
    yield _step_case(
        f"{name}, step",
        model,
        lambda rng, grads: model.bound_step(x, rng, grads, beta=0.7)["loss"],
        {**options, "wrt": CODERS},
    )


def conditional_vae_steps(
    name: str, model: ConditionalVAE, x: np.ndarray, options: Mapping
) -> Iterator[Case]:
    """Yield one complete step of a conditional variational autoencoder."""
    yield from vae_steps(name, model, model.rows(x, np.arange(len(x)) % model.classes), options)


def bidirectional_steps(
    name: str, model: AdversarialAutoencoder | BiGAN, x: np.ndarray, options: Mapping
) -> Iterator[Case]:
    """Yield the steps of a discriminator, and of encoder and decoder together, the noise replayed."""
    yield _step_case(
        f"{name}, discriminator's step",
        model,
        lambda rng, grads: model.discriminator_step(x, rng, grads["discriminator"])[0],
        {**options, "wrt": ["discriminator"]},
    )

    yield _step_case(
        f"{name}, coders' step",
        model,
        lambda rng, grads: model.generator_step(x, rng, grads)["loss"],
        {**options, "wrt": CODERS},
    )


def classifier_steps(
    name: str, model: Classifier, x: np.ndarray, options: Mapping
) -> Iterator[Case]:
    """Yield one complete step of a classifier."""
    labels = np.arange(len(x)) % model.classes
    yield _step_case(
        f"{name}, step",
        model,
        lambda rng, grads: model.classification_step(x, labels, grads["classifier"], rng)[0],
        {**options, "wrt": ["classifier"]},
    )


def translator_steps(
    name: str, model: Translator, x: np.ndarray, options: Mapping
) -> Iterator[Case]:
    """Yield each network's complete step."""
    yield _step_case(
        f"{name}, discriminator's step",
        model,
        lambda rng, grads: model.discriminator_step(x, grads["discriminator"], rng)[0],
        {**options, "wrt": ["discriminator"]},
    )
    yield _step_case(
        f"{name}, generator's step",
        model,
        lambda rng, grads: model.generator_step(x, grads["generator"], rng)["g_loss"],
        {**options, "wrt": ["generator"]},
    )


STEPS: dict[str, Callable[..., Iterator[Case]]] = {
    "gan": gan_steps,
    "conditional-gan": gan_steps,
    "autoencoder": autoencoder_steps,
    "vae": vae_steps,
    "iwae": vae_steps,
    "vae-gan": vaegan_steps,
    "conditional-vae": conditional_vae_steps,
    "adversarial-autoencoder": bidirectional_steps,
    "bigan": bidirectional_steps,
    "translator": translator_steps,
    "classifier": classifier_steps,
}


def presets(_: np.random.Generator) -> Iterator[Case]:
    """Yield complete steps of every preset's model, each of random numbers of its own."""
    for name, config in PRESETS.items():
        rng = np.random.default_rng(crc32(name.encode()))
        model = config.build(rows=config.batch_size)
        in_float64(model)
        for network in model.networks.values():
            # Small first weights leave all near their corners; large ones bring probabilities so near 0
            # and 1 that their logarithms lose digits.
            widest = max(array.shape[0] for array in network.parameters.values())
            flat = network.parameters.flat
            flat += rng.standard_normal(flat.size) / max(10, np.sqrt(widest))
            flat *= 0.9
        x = rng.random((3, model.features))
        yield from STEPS[config.model](f"preset {name}", model, x, {"directions": 2})


def in_float64(model: Model) -> None:
    """Move a model's networks to float64, in place."""
    for network in model.networks.values():
        twin = network.astype(np.float64)
        network.bind(twin.parameters, twin.buffers)
