"""Losses of two players, and complete steps of every kind of model."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from npgan.check.catalogue.case import Case
from npgan.check.catalogue.layers import prepared
from npgan.layers import Sequential, build
from npgan.models import (
    GAN,
    IWAE,
    VAE,
    VAEGAN,
    AdversarialAutoencoder,
    Autoencoder,
    BiGAN,
    Classifier,
    ConditionalGAN,
    ConditionalVAE,
    MultiGAN,
    Translator,
)
from npgan.models.multi import AGAINST
from npgan.models.vae import LIKELIHOODS
from npgan.objectives.losses import OBJECTIVES, RECONSTRUCTIONS
from npgan.objectives.penalties import PENALTIES


def objectives(rng: np.random.Generator) -> Iterator[Case]:
    """Yield the losses of two players."""
    real, fake = rng.standard_normal((2, 5, 1))
    for name, objective in OBJECTIVES.items():
        labels = (0.9, 0.2) if objective.labels else ()
        loss = partial(_of_both, objective.discriminator, labels)
        yield Case(f"objective {name}, discriminator", loss, (real, fake))
        others = (real,) if objective.relativistic else ()
        yield Case(
            f"objective {name}, generator",
            lambda fake, loss=objective.generator, others=others: loss(fake, *others),
            (fake,),
        )
    x, target = rng.uniform(0.1, 0.9, (2, 4, 3))
    for name, reconstruction in RECONSTRUCTIONS.items():
        yield Case(f"reconstruction {name}", lambda x, loss=reconstruction: loss(x, target), (x,))


def _of_both(loss: Callable, labels: tuple, real: np.ndarray, fake: np.ndarray) -> tuple[Any, Any]:
    result = loss(real, fake, *labels)
    return result.value, (result.dreal, result.dfake)


def _networks(*specs: list[str]) -> list[Sequential]:
    return [build(spec, rng=i).astype(np.float64) for i, spec in enumerate(specs)]


BEAR = "layers that bear a penalty"
AUGMENTED = "augmented images"
R1_AND_R2 = {"r1": 0.5, "r2": 0.7}
NORMALIZED = {
    "batch_norm": (
        ["dense 3 5", "batch_norm 5", "tanh", "layer_norm 5", "dense 5 4", "sigmoid"],
        ["dense 4 6", "batch_norm 6", "leaky_relu 0.2", "dense 6 1"],
    ),
    BEAR: (
        ["dense 3 5", "tanh", "spectral_dense 5 4", "sigmoid"],
        [
            *("spectral_dense 4 6", "tanh", "layer_norm 6", "minibatch_discrimination 6 2 2"),
            *("spectral_dense 8 5", "elu", "minibatch_stddev", "dense 6 1"),
        ],
    ),
    AUGMENTED: (
        ["dense 3 5", "tanh", "dense 5 18"],
        [
            *(
                "reshape 2 3 3",
                "random_brightness 0.5",
                "random_saturation 1.0",
                "random_contrast 0.5",
            ),
            *(
                "random_flip",
                "random_shift 1",
                "random_block 1",
                "conv2d 3 2 2",
                "tanh",
                "flatten",
                "dense 4 1",
            ),
        ],
    ),
}


def steps(rng: np.random.Generator) -> Iterator[Case]:
    """Yield complete steps of models of every kind, and the layers that only a model makes."""
    own = {"conditional GAN": "labelled", "multi-GAN (mean)": "mixture"}
    for name, model in _models():
        x = rng.random((6, model.features))
        labels = np.arange(len(x)) % getattr(model, "classes", 1)
        for step in model.gradient_steps(x, labels):
            yield Case(f"{name}, {step.name}", step.function, (), {"wrt": step.parameters})
        if name in own:
            z = rng.standard_normal((7, model.generator.in_width))
            yield Case(f"layer {own[name]}", model.generator, (z,))


def _models() -> Iterator[tuple[str, Any]]:
    """Yield models of every kind, with every objective and penalty, by name."""
    generator = ["dense 3 5", "relu", "dense 5 4", "sigmoid"]
    critic = ["dense 4 6", "leaky_relu 0.2", "dropout 0.3", "dense 6 1"]
    gans: dict[str, dict[str, Any]] = {name: {"objective": name} for name in OBJECTIVES}
    for name in gans:
        if OBJECTIVES[name].labels:
            gans[name] |= {"label_smoothing": 0.1, "fake_label_smoothing": 0.2}
    gans["all penalties, instance noise"] = {
        "penalties": {name: 0.5 + i for i, name in enumerate(PENALTIES)},
        "instance_noise": 0.3,
    }
    gans["batch_norm"] = {}
    gans[BEAR] = gans[AUGMENTED] = {"penalties": dict.fromkeys(PENALTIES, 0.5)}
    for name, settings in gans.items():
        players = _networks(*NORMALIZED.get(name, (generator, critic)))
        yield f"GAN ({name})", GAN(*map(prepared, players), **settings)
    yield from _families()
    encoder = ["dense 4 5", "elu 1.0", "dense 5 2"]
    decoder = ["dense 2 5", "tanh", "dense 5 4", "sigmoid"]
    for loss in RECONSTRUCTIONS:
        yield f"autoencoder ({loss})", Autoencoder(*_networks(encoder, decoder), loss=loss)
    smooth = ["dense 4 5", "tanh", "dense 5 2", "sigmoid"]
    regular: dict[str, dict[str, Any]] = {
        "sparse, l1": {"sparsity": {"l1": 0.3}},
        "sparse, kl": {"sparsity": {"kl": 0.3}},
        "contractive": {"contraction": 0.7},
        "tied": {"tied": True, "contraction": 0.2},
    }
    for name, settings in regular.items():
        mirrored = _networks(smooth, ["dense 2 5", "elu", "dense 5 4"])
        yield f"autoencoder ({name})", Autoencoder(*mirrored, **settings)
    encoder = ["dense 4 5", "relu", "dense 5 4"]
    variants: dict[str, dict[str, Any]] = {
        "VAE-GAN": {},
        "VAE-GAN (relativistic)": {"objective": "relativistic"},
        "VAE-GAN (hidden layers)": {"hidden_layers": 2},
    }
    for name, more in variants.items():
        networks = _networks(encoder, decoder, critic)
        yield name, VAEGAN(*networks, adversarial_weight=0.7, penalties=R1_AND_R2, **more)
    variational: list[tuple[Any, dict[str, int]]] = [(VAE, {}), (IWAE, {"samples": 3})]
    for kind, settings in variational:
        for likelihood, last in (("bernoulli", [*decoder, "sigmoid"]), ("gaussian", decoder)):
            vae = kind(*_networks(encoder, last), likelihood=likelihood, **settings)
            yield f"{kind.__name__} ({likelihood})", vae
    yield "classifier", Classifier(*_networks(["dense 4 5", "tanh", "dropout 0.3", "dense 5 3"]))
    yield from _joined()
    translator = Translator(
        *_networks(["dense 3 5", "tanh", "dense 5 1", "sigmoid"], critic),
        l1_weight=3.0,
        adversarial_weight=0.7,
        objective="relativistic",
        penalties=dict.fromkeys(PENALTIES, 0.5),
    )
    yield "translator", translator


def _joined() -> Iterator[tuple[str, Any]]:
    """Yield autoencoders with labels, or with a discriminator."""
    coders = ["dense 4 5", "tanh", "dense 5 2"], ["dense 2 5", "elu", "dense 5 4", "sigmoid"]
    for objective in ("non-saturating", "relativistic"):
        settings: dict[str, Any] = {"objective": objective, "penalties": R1_AND_R2}
        networks = _networks(*coders, ["dense 2 6", "softplus", "dense 6 1"])
        aae = AdversarialAutoencoder(*networks, adversarial_weight=0.7, **settings)
        yield f"adversarial autoencoder ({objective})", aae
        networks = _networks(*coders, ["dense 6 6", "softplus", "dropout 0.3", "dense 6 1"])
        yield f"BiGAN ({objective})", BiGAN(*networks, **settings)
    labelled = ["dense 7 5", "tanh", "dense 5 4"], ["dense 5 5", "elu", "dense 5 4", "sigmoid"]
    for likelihood in LIKELIHOODS:
        cvae = ConditionalVAE(*_networks(*labelled), classes=3, likelihood=likelihood)
        yield f"conditional VAE ({likelihood})", cvae


def _families() -> Iterator[tuple[str, Any]]:
    """Yield GANs with packs of samples, with labels, or with several networks of each kind."""
    generator = ["dense 3 5", "relu", "dense 5 4", "sigmoid"]
    settings: dict[str, Any] = {"penalties": {"r1": 0.5, "wgan-gp": 2.0}, "instance_noise": 0.3}
    networks = _networks(generator, ["dense 8 6", "leaky_relu 0.2", "dense 6 1"])
    yield "GAN (packing)", GAN(*networks, packing=2, **settings)
    labelled = ["dense 5 5", "tanh", "dense 5 4", "sigmoid"]
    conditional = ConditionalGAN(
        *_networks(labelled, ["dense 6 6", "softplus", "dropout 0.3", "dense 6 1"]),
        classes=2,
        objective="relativistic",
        penalties=dict.fromkeys(PENALTIES, 0.5),
        instance_noise=0.3,
    )
    yield "conditional GAN", conditional
    names = "generator", "generator2", "generator3", "discriminator", "discriminator2"
    for against in AGAINST:
        networks = _networks(*[generator] * 3, *[["dense 4 6", "elu", "dense 6 1"]] * 2)
        several = MultiGAN(dict(zip(names, networks, strict=True)), against=against, **settings)
        yield f"multi-GAN ({against})", several
