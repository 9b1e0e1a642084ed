"""Configurations: all that determines a run, in plain tables and lists, which a TOML file holds."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from npgan import layers, optim
from npgan.backend import BACKENDS
from npgan.data.dataset import Dataset
from npgan.errors import InputError, array, count, fraction, shown, unknown
from npgan.models.adversarial import AdversarialAutoencoder
from npgan.models.autoencoder import Autoencoder
from npgan.models.bigan import BiGAN
from npgan.models.classifier import Classifier
from npgan.models.conditional import ConditionalGAN
from npgan.models.conditional_vae import ConditionalVAE
from npgan.models.gan import GAN
from npgan.models.iwae import IWAE
from npgan.models.model import Model
from npgan.models.multi import MultiGAN, role
from npgan.models.refit import NOISY, WIDTHS, Sizes, for_images, refit, spoilers
from npgan.models.translator import Translator
from npgan.models.vae import VAE
from npgan.models.vaegan import VAEGAN
from npgan.objectives.penalties import scheduled
from npgan.optim import Optimizer


class Kind(NamedTuple):
    """A kind of model.

    Attributes
    ----------
    model : its class
    networks : the names of its networks
    several : whether there may be more of each: generator2, generator3, ...
    """

    model: type[Model]
    networks: tuple[str, ...]
    several: bool = False


TOLD = "conditional-gan", "conditional-vae", "classifier"
"""Models that learn from labels."""
PLAYERS, CODERS = ("generator", "discriminator"), ("encoder", "decoder")
MODELS: dict[str, Kind] = {
    "gan": Kind(GAN, PLAYERS),
    "conditional-gan": Kind(ConditionalGAN, PLAYERS),
    "multi-gan": Kind(MultiGAN, PLAYERS, several=True),
    "autoencoder": Kind(Autoencoder, CODERS),
    "vae": Kind(VAE, CODERS),
    "iwae": Kind(IWAE, CODERS),
    "conditional-vae": Kind(ConditionalVAE, CODERS),
    "vae-gan": Kind(VAEGAN, (*CODERS, "discriminator")),
    "adversarial-autoencoder": Kind(AdversarialAutoencoder, (*CODERS, "discriminator")),
    "bigan": Kind(BiGAN, (*CODERS, "discriminator")),
    "translator": Kind(Translator, PLAYERS),
    "classifier": Kind(Classifier, ("classifier",)),
}
LARGEST = 100_000_000
MOST_CLASSES = 1000
DEPTH, MANY, LONGEST, DIGITS = 20, 2000, 4096, 18
"""Of a configuration: lists in lists, values as deep as each other, letters of a text, digits of a size."""
SIZES = {
    "dense": ["IN", "OUT"],
    "spectral_dense": ["IN", "OUT"],
    "layer_norm": ["WIDTH"],
    "batch_norm": ["WIDTH"],
    "minibatch_discrimination": ["IN", "KERNELS", "DIM"],
}
TYPES = {
    "model": str,
    "data": str,
    "batch_size": int,
    "networks": dict,
    "optimizers": dict,
    "epochs": int,
    "steps": int,
    "seed": int,
    "settings": dict,
    "backend": str,
    "preset": str,
    "image_shape": list,
    "image_range": list,
    "metrics_every": int,
    "labels": list,
    "validation": float,
}
IN_WORDS = {
    str: "text",
    int: "a whole number",
    float: "a number with a point",
    dict: "a table",
    list: "a list",
}


@dataclass(frozen=True)
class Config:
    """All that determines a run.

    Attributes
    ----------
    model : a name of :data:`MODELS`
    data : a data set's name or a path
    batch_size : rows a step
    epochs, steps : how long; one of them
    seed : of the weights, the order of the data and all noise
    networks : network -> its layers, each ``name argument ...``, or a list: a residual block
    optimizers : network -> ``{name, lr, ...}``, see :func:`npgan.optim.build`
    settings : further arguments of the model; a penalty may be a table ``{start, end}``
    backend : what computes it, see :mod:`npgan.backend`
    preset : where it came from
    image_shape : (height, width) of a row of the data, to draw it; None: the rows are not images
    image_range : the least and the largest value of images that are floats; None: they are bytes
    metrics_every : measure samples after so many epochs; None: never
    labels : the data's own label of each class; None: 0, 1, ...
    validation : the share of training rows that is kept back where the data have no test rows; None: none
    """

    model: str
    data: str
    batch_size: int
    networks: Mapping[str, list]
    optimizers: Mapping[str, Mapping[str, Any]]
    epochs: int | None = None
    steps: int | None = None
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    backend: str = "numba"
    preset: str = ""
    image_shape: list[int] | None = None
    image_range: list[float] | None = None
    metrics_every: int | None = None
    labels: list[int] | None = None
    validation: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what a TOML file holds: all that is set."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> "Config":
        """Return the configuration in a table; an InputError names what is wrong with it."""
        _check_bounds(table)
        for name, value in table.items():
            if name not in TYPES:
                raise unknown("setting", name, TYPES)
            if not isinstance(value, TYPES[name]) or isinstance(value, bool):
                raise InputError(f"{name} must be {IN_WORDS[TYPES[name]]}, not {shown(value)}")
        required = ("model", "data", "batch_size", "networks", "optimizers")
        for name in required:
            if name not in table:
                raise InputError(f"the configuration lacks {name}")
        return cls(**table)

    def override(self, **changes: Any) -> "Config":
        """Return a copy with other values; None leaves one as it is, ``lr`` goes to all networks.

        Giving ``steps`` removes ``epochs`` and the other way round.
        """
        lr = changes.pop("lr", None)
        changes = {name: value for name, value in changes.items() if value is not None}
        if "epochs" in changes or "steps" in changes:
            changes = {"epochs": None, "steps": None, **changes}
        if lr is not None:
            changes["optimizers"] = {n: {**o, "lr": lr} for n, o in self.optimizers.items()}
        return replace(self, **changes)

    def for_data(self, data: Dataset) -> "Config":
        """Return a copy whose networks take and make rows as wide as the data's, and its images' shape.

        Layers that spoil square images are fitted to them, or left out where the rows are none, unless
        undoing what they do is all that the model learns. Pairs of images must lie one above the other.

        >>> from npgan.models.presets import preset
        >>> config = preset("gan-small").for_data(Dataset("d", np.zeros((9, 3), np.float32)))
        >>> config.networks["generator"][-2], config.networks["discriminator"][0]
        ('dense 128 3 fan_in_uniform', 'dense 3 128 fan_in_uniform')
        """
        self.check()
        networks, settings = dict(self.networks), dict(self.settings)
        networks = {name: for_images(specs, data.image_shape) for name, specs in networks.items()}
        if self.model == "autoencoder":
            self._check_spoiling(networks["encoder"], data)
        if self.model == "translator":
            _check_pairs(data)
        classes = 0
        if self.model in TOLD:
            classes = _classes(data)
            if self.model != "classifier":  # whose last layer says how many
                settings["classes"] = classes
        widths = WIDTHS[self.model](Sizes(networks, self.settings, data.train.shape[1], classes))
        for name, specs in networks.items():
            taken, made = widths.get(role(name), (0, 0))
            specs = refit(specs, "input", taken) if taken else specs
            networks[name] = refit(specs, "output", made) if made else specs
        shape = list(data.image_shape) if data.image_shape else None
        floats = shape is not None and data.train.dtype != np.uint8
        limits = [float(data.train.min()), float(data.train.max())] if floats else None
        return replace(
            self,
            networks=networks,
            settings=settings,
            image_shape=shape,
            image_range=limits,
            labels=list(data.classes) if data.classes else None,
        )

    def _check_spoiling(self, encoder: list, data: Dataset) -> None:
        """Refuse data whose rows leave a denoising autoencoder nothing to undo."""
        spoiled = spoilers(self.networks["encoder"], NOISY)
        if spoiled and not spoilers(encoder, NOISY):
            what = "rows of numbers"
            if data.image_shape:
                what = f"images of {data.image_shape[0]} x {data.image_shape[1]}"
            raise InputError(
                f"{self.preset or self.model} learns to undo {spoiled[0]}, which needs square images: "
                f"{data.name} has {what}"
            )

    def class_of(self, label: int) -> int:
        """Return the class with a label of the data's own."""
        if self.labels is None:
            return label
        if label not in self.labels:
            raise InputError(f"there is no class {label}: the labels are {shown(self.labels)}")
        return self.labels.index(label)

    def identity(self) -> dict[str, Any]:
        """Return what a checkpoint must agree in with the run that takes it up."""
        names = ("seed", "networks", "optimizers")
        result = {"kind of model": self.model} | {name: getattr(self, name) for name in names}
        return result | {"settings": dict(sorted(self.settings.items()))}  # TOML puts tables last

    def total_steps(self, rows: int) -> int:
        """Return the number of steps that the run takes on so many rows of data."""
        return self.steps or (self.epochs or 1) * (rows // self.batch_size)

    def check(self) -> None:
        """Raise an InputError unless there is all that a run needs, none of it out of range."""
        if self.backend not in BACKENDS:
            raise unknown("backend", self.backend, BACKENDS)
        if self.model not in MODELS:
            raise unknown("model", self.model, MODELS)
        kind, names = MODELS[self.model], set(self.networks)
        roles = set(map(role, names)) if kind.several else names
        if roles != set(kind.networks) or set(self.optimizers) != names:
            raise InputError(
                f"the model {self.model} needs networks and optimizers for {', '.join(kind.networks)}"
            )
        for name in names:
            if (size := size_of(name, self.networks[name])) > LARGEST:
                raise InputError(f"the network {name} has {size:,} weights; at most {LARGEST:,}")
            settings = self.optimizers[name]
            if not isinstance(settings, Mapping) or not {"name", "lr"} <= settings.keys():
                raise InputError(f"the optimizer of the {name} must be a table with name and lr")
        for name in ("epochs", "steps", "batch_size"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} must be at least 1, not {value}")
        if self.metrics_every is not None:
            count("the number of epochs between measures", self.metrics_every, 1)
        if (self.epochs is None) == (self.steps is None):
            raise InputError("the configuration must have either epochs or steps")
        if self.validation is not None:
            fraction("validation", self.validation)
        if self.labels is not None:
            array("labels", self.labels, ("classes",), "whole numbers", rows=1)
        if self.seed < 0:
            raise InputError(f"the seed must not be negative, as {self.seed} is")

    def build(self, rows: int) -> Model:
        """Build the model, its weights drawn by the seed; ``rows`` of data, for the schedules.

        Raises
        ------
        InputError
            For an unknown model, network, layer, optimiser or setting, and for networks of more
            than 100 million weights.
        """
        self.check()
        kind = MODELS[self.model]
        names = tuple(self.networks) if kind.several else kind.networks
        networks = {
            name: layers.build(self.networks[name], np.random.default_rng([self.seed, i]))
            for i, name in enumerate(names)
        }
        given = [networks] if kind.several else networks.values()
        try:
            optimizers, settings = self.rules(rows)
            model = kind.model(*given, **settings, optimizers=optimizers)  # type: ignore
        except TypeError as error:
            raise InputError(f"the settings do not fit the model {self.model}: {error}") from None
        _check_images(self.image_shape, self.image_range, model.features)
        return model

    def rules(self, rows: int) -> tuple[dict[str, Optimizer], dict[str, Any]]:
        """Return the optimisers and the settings, whose schedules are as long as the run on so many rows."""
        total, settings = self.total_steps(rows), dict(self.settings)
        if "penalties" in settings:
            settings["penalties"] = scheduled(settings["penalties"], total)
        critic = count("n_critic", settings.get("n_critic", 1), 1)
        optimizers = {}
        for name, rule in self.optimizers.items():
            updates = max(1, total // critic) if role(name) == "generator" else total
            optimizers[name] = optim.build(steps=updates, **rule)
        return optimizers, settings


def _check_bounds(table: Any) -> None:
    """Refuse a table that is deeper or larger, or has longer numbers and text, than any configuration."""
    level = [table]
    for _ in range(DEPTH):
        inner = [list(v.values()) if isinstance(v, Mapping) else v for v in level]
        level = [value for values in inner if isinstance(values, list) for value in values]
        if len(level) > MANY:
            raise InputError(f"the configuration has more than {MANY} values as deep as each other")
        for value in level:
            if isinstance(value, int) and not abs(value) < 2**63:
                raise InputError("the configuration has a whole number of more than 64 bits")
            if isinstance(value, str) and (len(value) > LONGEST or "\0" in value):
                raise InputError(
                    f"the configuration has a text of more than {LONGEST} letters, or with a character 0"
                )
    if level:
        raise InputError(f"the configuration is nested more than {DEPTH} deep")


def _is_size(word: str) -> bool:
    return word.isdecimal() and len(word) <= DIGITS


def _classes(data: Dataset) -> int:
    """Return how many classes there are to learn, each of which needs rows to be learned from."""
    if data.train_labels is None:
        raise InputError(f"the data set {data.name} has no labels to learn from")
    present = np.unique(data.train_labels)
    classes = len(data.classes) if data.classes else int(present[-1]) + 1
    if len(present) < classes:
        raise InputError(
            f"{data.name} has training rows of {len(present)} of the classes 0 to {classes - 1}: each needs "
            "some; npgan.data.from_arrays numbers the labels that there are"
        )
    return count(f"the number of classes of {data.name}", classes, 1, MOST_CLASSES)


def _check_pairs(data: Dataset) -> None:
    """Refuse images whose upper and lower halves are no pair."""
    height, width = data.image_shape or (2, 1)
    if height % 2 or width > height:
        raise InputError(
            f"a translator learns from pairs one above the other, (n, 2 h, w), what is given on top: images of "
            f"{height} x {width} are none; of left and right halves np.concatenate(np.split(images, 2, axis=2), "
            "axis=1) makes such pairs"
        )


def _check_images(shape: list | None, limits: list | None, features: int) -> None:
    if shape is not None and not (
        len(shape) == 2
        and all(isinstance(n, int) and n > 0 for n in shape)
        and math.prod(shape) == features
    ):
        raise InputError(
            f"image_shape must be a height and a width that make {features} pixels, not {shape}"
        )
    if limits is not None and not (
        len(limits) == 2
        and all(isinstance(x, int | float) for x in limits)
        and -math.inf < limits[0] <= limits[1] < math.inf
    ):
        raise InputError(f"image_range must be a least and a largest value, not {limits}")


def size_of(name: str, specs: Any) -> int:
    """Return how many weights a network has, before it is built."""
    biases = len(SIZES["dense"])  # layers of so many sizes, or of one, have a bias
    return sum(
        math.prod(sizes) + (sizes[-1] if len(sizes) <= biases else 0)
        for sizes in _sizes(name, specs)
    )


def _sizes(name: str, specs: Any) -> Iterator[list[int]]:
    """Yield the sizes of all layers with weights, those of networks in the network included."""
    if not isinstance(specs, list):
        raise InputError(
            f"the network {name} must be a list of layers, each 'name argument ...', or a list of "
            "the layers of a residual block"
        )
    for spec in specs:
        if isinstance(spec, Mapping) and spec.keys() == {"sequential"}:
            spec = spec["sequential"]
        if not isinstance(spec, str):
            yield from _sizes(name, spec)
            continue
        words = spec.split()
        form = SIZES.get(words[0] if words else "", [])
        numbers = words[1 : 1 + len(form)]
        if len(numbers) < len(form) or not all(map(_is_size, numbers)):
            raise InputError(
                f"the network {name} has {spec!r}: it must be '{' '.join([words[0], *form])}'"
            )
        if form:
            yield list(map(int, numbers))
