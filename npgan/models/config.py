"""Configurations: all that determines a run, in plain tables and lists, which a TOML file holds."""

import math
import operator
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from types import UnionType
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

import numpy as np

from npgan import layers, optim
from npgan.backend import BACKENDS
from npgan.data.conditions import TableBatches, conditions
from npgan.data.dataset import Dataset, class_of
from npgan.data.fit import FITS, as_size
from npgan.errors import InputError, chosen, class_labels, count, fraction, shown, unknown
from npgan.models.kinds import MODELS, role
from npgan.models.refit import IMAGE, corruptions, for_images, in_numbers, named
from npgan.objectives.penalties import scheduled
from npgan.ops.categories import WIDEST
from npgan.optim import Optimizer

if TYPE_CHECKING:
    from npgan.models.model import Model


LABELLED = "conditional-gan", "conditional-vae", "classifier"
"""Models that learn from labels."""
LARGEST = 100_000_000
MOST_CLASSES = 1000
DEPTH, MANY, LONGEST = 20, 2000, 4096
"""The most in a configuration: lists in lists, values at the same depth, letters of a text."""
IN_WORDS = {
    str: "text",
    int: "a whole number",
    float: "a decimal number",
    dict: "a table",
    list: "a list",
}


@dataclass(frozen=True)
class Config:
    """All that determines a run.

    Attributes
    ----------
    model : a name of :data:`npgan.models.kinds.MODELS`
    data : a data set's name or a path
    batch_size : rows a step
    epochs, steps : how long; one of them
    seed : of the weights, the order of the data and all noise
    networks : network -> its layers in words, see :func:`npgan.layers.build`; a size may be a name of
        :data:`npgan.models.refit.SIZES`
    optimizers : network -> ``{name, lr, ...}``, see :func:`npgan.optim.build`
    settings : further arguments of the model; a penalty may be a table ``{start, end}``
    backend : what computes it, see :mod:`npgan.backend`
    preset : where it came from
    shape : of a sample of the data, (features,) or (height, width, channels)
    latent, classes : how large the latent code is and how many classes there are, where the networks'
        words name these sizes
    image_range : the least and the largest value of images that are floats; None: bytes, or no images
    metrics_every : measure samples after so many epochs; None: never
    labels : the data's own label of each class; None: 0, 1, ...
    validation : the share of training rows held out where the data have no test rows; None: what
        :func:`npgan.runs.read` chooses
    widths : of the blocks of a table's rows, 1 for a number, k for a category of k; None: the data are no table
    best : the column of the history whose best row says which weights are kept; None: the last
    patience : end after so many rows in which that column has not improved; None: never
    size, fit : the height and the width that a folder's pictures are brought to, and how; None: as they are
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
    shape: list[int] | None = None
    latent: int | None = None
    classes: int | None = None
    image_range: list[float] | None = None
    metrics_every: int | None = None
    labels: list[int] | list[str] | None = None
    validation: float | None = None
    widths: list[int] | None = None
    best: str | None = None
    patience: int | None = None
    size: list[int] | None = None
    fit: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what a TOML file holds: all that is set."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> "Config":
        """Return the configuration in a table; an InputError names what is wrong with it."""
        _check_bounds(table)
        table = dict(table)
        if isinstance(table.get("image_shape"), list):  # as earlier versions wrote it
            table["shape"] = [*table.pop("image_shape"), 1]
        for name, value in table.items():
            kind = chosen("setting", name, TYPES)
            if not isinstance(value, kind) or isinstance(value, bool):
                raise InputError(f"{name} must be {IN_WORDS[kind]}, not {shown(value)}")
        for entry in fields(cls):
            if entry.default is entry.default_factory is MISSING and entry.name not in table:
                raise InputError(f"the configuration lacks {entry.name}")
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

    @property
    def image_shape(self) -> tuple[int, int] | None:
        """The height and the width of images; None: the data are none."""
        return (self.shape[0], self.shape[1]) if self.shape and len(self.shape) == 3 else None

    def in_numbers(self) -> "Config":
        """Return a copy with numbers in place of the names of sizes.

        >>> from npgan.models.presets import preset
        >>> preset("gan-small").networks["generator"][0]
        'dense latent 128 fan_in_uniform'
        >>> preset("gan-small").in_numbers().networks["generator"][0]
        'dense 100 128 fan_in_uniform'
        """
        settings = dict(self.settings)
        classes = self.classes or settings.get("classes")
        sizes: dict[str, Any] = {"latent": self.latent, "classes": classes}
        if self.widths:
            for width in self.widths:
                count("the width of a block", width, 1, WIDEST)
            settings["widths"] = self.widths
            sizes |= {"data": sum(self.widths), "classes": conditions(self.widths)}
            sizes["widths"] = ",".join(map(str, self.widths))
        elif self.shape and all(isinstance(n, int) for n in self.shape):
            d = math.prod(self.shape)
            sizes |= {"data": d, "source": d // 2, "target": d - d // 2}
            if len(self.shape) == 3:
                sizes |= dict(zip(IMAGE, self.shape, strict=True))
        if classes and self.model in LABELLED and self.model != "classifier":
            settings["classes"] = classes  # a classifier's last layer says how many
        known = {name: size for name, size in sizes.items() if _is_size(size)}
        if self.widths:
            known["numbers"] = self.widths.count(1)  # there may be none
        networks = in_numbers(self.networks, known)
        return replace(self, networks=networks, settings=settings, latent=None, classes=None)

    def for_data(self, data: Dataset) -> "Config":
        """Return a copy for other data: their shape, their classes, and networks of these sizes.

        Layers that corrupt square images are fitted to the data's, or left out where the data are no such
        images, unless undoing what they do is all that the model learns. Pairs of images must lie one above
        the other.

        >>> from npgan.models.presets import preset
        >>> config = preset("gan-small").for_data(Dataset("d", np.zeros((9, 3), np.float32)))
        >>> config.networks["generator"][-2], config.networks["discriminator"][0]
        ('dense 128 3 fan_in_uniform', 'dense 3 128 fan_in_uniform')
        """
        kind = chosen("model", self.model, MODELS)
        if kind.of_tables != (data.table is not None):
            what = (
                "a table: npgan train table" if data.table else "no table, which this learns from"
            )
            raise InputError(
                f"{self.preset or self.model} cannot be trained on {data.name}, {what}"
            )
        labels: Any = data.classes and list(data.classes)
        if labels and len(labels) > MOST_CLASSES:
            labels = None  # they are none to be learned
        if not data.image_shape and named(self.networks) & set(IMAGE):
            raise InputError(
                f"{self.preset or self.model} is for images: {data.name} has {data.of_what}"
            )
        floats = data.image_shape is not None and data.train.dtype != np.uint8
        config = replace(
            self,
            batch_size=min(self.batch_size, len(data.train)) if data.table else self.batch_size,
            shape=list(data.shape),
            image_range=[float(data.train.min()), float(data.train.max())] if floats else None,
            classes=_classes(data) if self.model in LABELLED else None,
            labels=labels,
            widths=list(data.table.widths) if data.table else None,
        )
        config.check()
        shape = data.image_shape if data.shape[-1] == 1 else None  # of colours none is fitted
        networks = {n: for_images(specs, shape) for n, specs in self.networks.items()}
        if self.model == "autoencoder":
            self._check_corruption(networks["encoder"], data)
        if self.model == "translator":
            _check_pairs(data)
        return replace(config, networks=networks).in_numbers()

    def _check_corruption(self, encoder: list, data: Dataset) -> None:
        """Refuse data whose rows leave a denoising autoencoder nothing to undo."""
        corrupting = corruptions(self.networks["encoder"], layers.Layer)
        if corrupting and not corruptions(encoder, layers.Layer):
            raise InputError(
                f"{self.preset or self.model} learns to undo {corrupting[0]}, which needs square images, grey ones: "
                f"{data.name} has {data.of_what}"
            )

    def class_of(self, label: int | str) -> int:
        """Return the class with a label of the data's own."""
        if self.labels is None and isinstance(label, int):
            return label
        return class_of(label, self.labels, self.data)

    def identity(self) -> dict[str, Any]:
        """Return what a checkpoint must agree in with the run that takes it up."""
        config, names = self.in_numbers(), ("seed", "networks", "optimizers")
        result = {"kind of model": self.model} | {name: getattr(config, name) for name in names}
        return result | {"settings": dict(sorted(config.settings.items()))}  # TOML puts tables last

    def weights(self) -> dict[str, int]:
        """Return how many weights each network has, before it is built."""
        networks, sizes = self.in_numbers().networks, {}
        for name, specs in networks.items():
            try:
                sizes[name] = layers.count_weights(specs)
            except InputError as error:
                raise InputError(f"the network {name}: {error}") from None
        return sizes

    def total_steps(self, rows: int) -> int:
        """Return the number of steps that the run takes on so many rows of data."""
        tables = MODELS[self.model].of_tables
        epoch = TableBatches.in_epoch if tables else operator.floordiv
        return self.steps or (self.epochs or 1) * epoch(rows, self.batch_size)

    def check(self) -> None:
        """Raise an InputError unless there is all that a run needs, none of it out of range."""
        if self.backend not in BACKENDS:
            raise unknown("backend", self.backend, BACKENDS)
        kind, names = chosen("model", self.model, MODELS), set(self.networks)
        roles = set(map(role, names)) if kind.several else names
        if roles != set(kind.made_of) or set(self.optimizers) != names:
            raise InputError(
                f"the model {self.model} needs networks and optimizers for {', '.join(kind.made_of)}"
            )
        for name, size in self.weights().items():
            if size > LARGEST:
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
        if self.patience is not None:
            count("patience, a number of rows of the history,", self.patience, 1)
            if self.best is None:
                raise InputError("patience needs best, the column of the history to look at")
        if self.validation is not None:
            fraction("validation", self.validation)
        if self.labels is not None:
            class_labels("labels", self.labels)
        if self.size is not None:
            as_size(self.size)
        if self.fit is not None:
            chosen("fit", self.fit, FITS)
        if self.seed < 0:
            raise InputError(f"the seed must not be negative, as {self.seed} is")

    def build(self, rows: int) -> "Model":
        """Build the model, its weights drawn by the seed; ``rows`` of data, for the schedules.

        Raises InputError for an unknown model, network, layer, optimiser or setting, and for networks of more
        than 100 million weights.
        """
        self.check()
        config, kind = self.in_numbers(), MODELS[self.model]
        names = tuple(self.networks) if kind.several else kind.made_of
        networks = {
            name: layers.build(config.networks[name], np.random.default_rng([self.seed, i]))
            for i, name in enumerate(names)
        }
        given = [networks] if kind.several else networks.values()
        try:
            optimizers, settings = config.rules(rows)
            model = kind(*given, **settings, optimizers=optimizers)  # type: ignore
        except TypeError as error:
            raise InputError(f"the settings do not fit the model {self.model}: {error}") from None
        _check_shape(self.shape, model.features)
        _check_range(self.image_range)
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


def _is_size(size: Any) -> bool:
    """Return whether a size of the data is known, in words or as a positive number."""
    return isinstance(size, str) or (isinstance(size, int) and size > 0)


def _check_bounds(table: Any) -> None:
    """Refuse a table that is deeper or larger, or has longer numbers and text, than any configuration."""
    level = [table]
    for _ in range(DEPTH):
        inner = [list(v.values()) if isinstance(v, Mapping) else v for v in level]
        level = [value for values in inner if isinstance(values, list) for value in values]
        if len(level) > MANY:
            raise InputError(f"the configuration has more than {MANY} values at one depth")
        for value in level:
            if isinstance(value, int) and not abs(value) < 2**63:
                raise InputError("the configuration has a whole number of more than 64 bits")
            if isinstance(value, str) and (len(value) > LONGEST or "\0" in value):
                raise InputError(
                    f"the configuration has a text of more than {LONGEST} letters, or with a NUL"
                )
    if level:
        raise InputError(f"the configuration is nested more than {DEPTH} deep")


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
            f"a translator learns from pairs one above the other, (n, 2 h, w), the source on top, not images of "
            f"{height} x {width}; from left and right halves, np.concatenate(np.split(images, 2, axis=2), "
            "axis=1) makes such pairs"
        )


def _check_shape(shape: list | None, features: int) -> None:
    if shape is None:
        return
    if len(shape) not in (1, 3) or not all(isinstance(n, int) and n > 0 for n in shape):
        raise InputError(f"shape must be [features] or [height, width, channels], not {shape}")
    if math.prod(shape) != features:
        raise InputError(
            f"the networks are for rows of {features} numbers, but the data's shape {shape} makes "
            f"{math.prod(shape)}: where the networks say {features}, let them say data"
        )


def _check_range(limits: list | None) -> None:
    if limits is not None and not (
        len(limits) == 2
        and all(isinstance(x, int | float) for x in limits)
        and -math.inf < limits[0] <= limits[1] < math.inf
    ):
        raise InputError(f"image_range must be a least and a largest value, not {limits}")


def _type(hint: Any) -> type:
    """Return the type that a TOML file has for a field of this type."""
    if isinstance(hint, UnionType):  # with None
        hint = get_args(hint)[0]
    kind = get_origin(hint) or hint
    return dict if kind is Mapping else kind


TYPES = {name: _type(hint) for name, hint in get_type_hints(Config).items()}
