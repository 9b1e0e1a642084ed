"""Models in files: what a model is made of, in words and numbers, beside all that training changes.

A file of safetensors holds the arrays; its metadata hold a :class:`~npgan.models.config.Config` and the
counts. Nothing in it is run: classes, layers and rules are names that are looked up in npgan's tables.
"""

import inspect
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from npgan import layers
from npgan.errors import InputError, as_path, chosen, shown
from npgan.layers.layer import Array
from npgan.models.config import Config
from npgan.models.kinds import CODERS, MODELS, PLAYERS
from npgan.optim import OPTIMIZERS, Optimizer
from npgan.optim.schedules import Schedule
from npgan.training import checkpoint

if TYPE_CHECKING:
    from npgan.models.model import Model

TYPES = {"float32": np.float32, "float64": np.float64}
MADE_OF = {"self", "players", "networks", "optimizers", "classifier", *PLAYERS, *CODERS}
"""Parameters of models that are no settings."""
DESCRIBED = ("model", "networks", "optimizers", "settings")
NOWHERE = {"data": "none", "batch_size": 1, "steps": 1}
"""What a configuration needs only for a run."""
OWN = (
    "npgan.training.checkpoint.save(path, *model.state()) saves its numbers alone, and "
    "model.load_state(*checkpoint.load(path)) takes them up"
)


def save(model: "Model", path: Path | str) -> None:
    """Write a model to a file; see :meth:`npgan.models.Model.save`."""
    arrays, numbers = model.state()
    config = describe(model)
    described = {name: getattr(config, name) for name in DESCRIBED}
    described |= {"dtype": _dtype(model), "state": numbers}
    if describe(_restored(arrays, described)) != config:
        raise InputError(f"the {type(model).__name__} is not as its settings would make it: {OWN}")
    checkpoint.save(as_path(path), arrays, described)


def load(path: Path | str) -> "Model":
    """Return the model that :meth:`npgan.models.Model.save` wrote: it trains on to the same bits.

    >>> import tempfile
    >>> from npgan import GAN, Dense, Sequential
    >>> gan = GAN(Sequential(Dense(2, 3), rng=0), Sequential(Dense(3, 1), rng=1), ema=0.9)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     gan.save(f"{folder}/gan.safetensors")
    ...     twin = load(f"{folder}/gan.safetensors")
    >>> bool((twin.sample(5, rng=0) == gan.sample(5, rng=0)).all())
    True

    Raises InputError if the file is missing, damaged, or not of a model.
    """
    arrays, described = checkpoint.load(as_path(path))
    if "dtype" not in described:
        raise InputError(f"{path} is no file of Model.save; npgan.runs.load takes a run's folder")
    try:
        return _restored(arrays, described)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise InputError(f"{path} is damaged: {type(error).__name__}: {error}") from None


def _restored(arrays: Mapping[str, Array], described: Mapping[str, Any]) -> "Model":
    """Return the model that is described, with these arrays."""
    config = Config.from_dict({**NOWHERE, **{name: described[name] for name in DESCRIBED}})
    config.check()
    for name, size in config.weights().items():
        there = sum(array.size for key, array in arrays.items() if key.startswith(f"{name}."))
        if size > there:
            raise InputError(f"it does not hold the weights of the {name} that it speaks of")
    model = config.build(rows=1).astype(chosen("type", described["dtype"], TYPES))
    model.load_state(arrays, described["state"])
    return model


def describe(model: "Model") -> Config:
    """Return the configuration that a model would be built by, apart from data and length.

    Raises InputError if something about it has no name, or is no number, so that it cannot be said.
    """
    if MODELS.get(model.name) is not type(model):
        raise InputError(f"a {type(model).__name__} is no model of npgan's own: {OWN}")
    return Config(
        model.name,
        networks={player: layers.words(network) for player, network in model.networks.items()},
        optimizers={player: _rule(player, rule) for player, rule in model.optimizers.items()},
        settings=_settings(f"the {type(model).__name__}", model),
        **NOWHERE,  # type: ignore[arg-type]
    )


def _dtype(model: "Model") -> str:
    found = {network.parameters.flat.dtype.name for network in model.networks.values()}
    if len(found) > 1 or not found <= TYPES.keys():
        raise InputError(f"networks to save must be all float32 or all float64, not {found}")
    return found.pop()


def _rule(player: str, rule: Optimizer) -> dict[str, Any]:
    if type(rule) not in OPTIMIZERS.values():
        raise InputError(f"the {player}'s {type(rule).__name__} is no rule of npgan's own: {OWN}")
    return {"name": rule.name, **_settings(f"the {player}'s {type(rule).__name__}", rule)}


def _settings(whose: str, made: Any) -> dict[str, Any]:
    """Return what an object was made with and still has, by the names of its parameters."""
    found = {}
    for kind in type(made).__mro__:
        for name, parameter in inspect.signature(kind.__init__).parameters.items():  # type: ignore
            variable = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
            if not variable and name not in MADE_OF and getattr(made, name) is not None:
                value, table = getattr(made, name), getattr(made, "tables", {}).get(name, {})
                value = next((key for key, row in table.items() if row == value), value)
                found[name] = _plain(f"{name} of {whose}", value)
    return found


def _plain(what: str, value: Any) -> Any:
    """Return a setting as JSON has it."""
    if isinstance(value, Schedule):
        return asdict(value)
    if isinstance(value, Mapping):
        return {key: _plain(f"{key}, {what},", inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(what, inner) for inner in value]
    if not isinstance(value, str | bool | int | float):
        raise InputError(f"{what} has no name and is no number, {shown(value)}: {OWN}")
    return value
