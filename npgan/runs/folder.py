"""What is in a run's folder, and how it is read: the configuration, the data, the model."""

import json
import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from npgan import data
from npgan.data.dataset import Dataset
from npgan.data.fit import DEFAULT
from npgan.errors import InputError
from npgan.models import Model
from npgan.models.config import LABELLED, MODELS, Config
from npgan.system import disk
from npgan.training import checkpoint
from npgan.training.loop import HISTORY as HISTORY_TABLE

if TYPE_CHECKING:
    from npgan.tables import Encoding

__all__ = [
    "CONFIG",
    "CURVES",
    "SAMPLES",
    "load",
    "load_data",
    "load_for",
    "read_config",
    "read_config_file",
    "read_table",
]

CONFIG, HISTORY, CURVES, TABLE = "config.toml", "history.csv", "losses.png", "table.json"
CHECKPOINT, WEIGHTS, SAMPLES = "checkpoint.safetensors", "weights.safetensors", "samples"
BEST = "best.safetensors"
LARGEST_CONFIG, DOTS = 2**20, 200  # bytes of a configuration, and dots in one of its lines
LARGEST_TABLE = 2**28  # bytes of an encoding: 1000 columns with 1000 quantiles each take 40 million
BESIDE = 2**26
"""The most bytes that a checkpoint may hold besides the model: the history, and numbers."""


def read_config(folder: Path) -> Config:
    """Read a run's configuration.

    Raises InputError if the folder is not a run's, or the file is damaged.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise InputError(f"{folder} holds no run: there is no {CONFIG} in it")
    config = read_config_file(path)
    return replace(config, data=_from_folder(config.data, folder))


def read_config_file(path: Path) -> Config:
    """Read a configuration from a TOML file; an InputError if it cannot be read, or is none."""
    disk.check_regular(path, LARGEST_CONFIG)
    try:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
        if any(line.count(".") > DOTS for line in text.splitlines()):
            raise ValueError("a line of it has too many points")  # tomllib would take for ever
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError also for an integer too long to read
        raise InputError(f"{path} is damaged: {error}") from None
    with naming(path):
        config = Config.from_dict(table)
        config.check()
    return config


def write_config(folder: Path, config: Config) -> None:
    """Write a run's configuration.

    Data and runs of a project move together: a path to data below the working directory, as the run is, is
    written as the way from the run's folder.
    """
    import tomli_w

    text = tomli_w.dumps(replace(config, data=_beside(config.data, folder)).to_dict())
    disk.write_atomically(folder / CONFIG, text.encode(errors="surrogateescape"))


def write_table(folder: Path, encoding: "Encoding") -> None:
    """Write how the rows of a run's table are made."""
    disk.write_atomically(folder / TABLE, json.dumps(encoding.to_dict(), indent=1).encode())


def read_table(folder: Path) -> "Encoding":
    """Read how the rows of a run's table are made."""
    from npgan.tables import Encoding

    path = folder / TABLE
    if not path.is_file():
        raise InputError(f"{folder} holds no table: there is no {TABLE} in it")
    disk.check_regular(path, LARGEST_TABLE)
    try:
        table = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is damaged: {error}") from None
    with naming(path):
        return Encoding.from_dict(table)


def load(folder: Path | str) -> tuple[Model, Config]:
    """Return a run's trained model: with the best weights, where the run kept them, else the last ones.

    Raises InputError if the folder is not a run's, or its files are damaged.
    """
    folder = Path(folder)
    config = read_config(folder)
    model = built(config, folder, config.batch_size)
    path = next((p for name in _files(config) if (p := folder / name).exists()), None)
    if path is None:
        raise InputError(f"{folder} has no weights yet: npgan train --resume {folder}")
    arrays, numbers = read_state(path, model)
    if numbers.get("step") == 0:
        raise InputError(f"{folder} has made no step yet: npgan train --resume {folder}")
    other = [name for name in arrays if name.startswith("optimizer.") or name == HISTORY_TABLE]
    with naming(path):
        checkpoint.check_same(numbers, config.identity())
        model.load_weights({name: arrays[name] for name in arrays.keys() - other})
    return model, config


def _files(config: Config) -> tuple[str, ...]:
    """Return the files that may hold a run's weights, in the order in which they are looked for."""
    return (BEST,) * (config.best is not None) + (CHECKPOINT, WEIGHTS)


def load_for(task: str, folder: Path, kinds: Any, but: Any = ()) -> tuple[Any, Config]:
    """Return a run's model and configuration, as :func:`load` does, if the model is of these kinds.

    ``but`` are exceptions among these kinds.

    Raises InputError if it is not; the message lists the models that fit the task.
    """
    model, config = load(folder)
    fitting = [
        name
        for name, kind in MODELS.items()
        if issubclass(kind, kinds) and not issubclass(kind, but)
    ]
    if config.model not in fitting:
        raise InputError(f"{folder} is a run of {config.model}; {task} takes {', '.join(fitting)}")
    return model, config


def built(config: Config, folder: Path, rows: int) -> Model:
    """Build a run's model, unless its files are too small to hold the weights."""
    size = sum(config.weights().values())
    for name in _files(config):
        path = folder / name
        if path.exists() and path.stat().st_size < size:
            raise InputError(
                f"{path} is damaged: it cannot hold the {size:,} weights that {CONFIG} speaks of"
            )
    with naming(folder / CONFIG):
        return config.build(rows)


def read_state(path: Path, model: Model) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Load a file, unless it is larger than any file of this model can be."""
    arrays = model.state()[0].values()
    return checkpoint.load(path, sum(array.nbytes for array in arrays) + BESIDE)


def load_data(config: Config, folder: Path) -> Dataset:
    """Return the data of a folder's run, from its name or path, with the run's classes.

    Raises InputError if the data is not there any more, cannot be read, or has other labels.
    """
    source = config.data
    path = Path(data.split_class(source)[0])
    if path.is_absolute() and not (path.exists() or Path(source).exists()):
        raise InputError(
            f"{source}, the data of {folder}, is not there any more: say where it is now by "
            f"npgan train --resume {folder} --data PATH"
        )
    encoding = read_table(folder) if MODELS[config.model].of_tables else None
    dataset = read_data(config, config.validation or 0.0, encoding=encoding)
    if config.labels is not None and dataset.classes != tuple(config.labels):
        raise InputError(f"{source} has other labels than {folder} was trained with")
    if config.labels is None and config.model in LABELLED:
        return dataset.as_given()  # a run of an earlier version, which used labels as classes
    return dataset


def read_data(config: Config, share: float, **how: Any) -> Dataset:
    """Read a configuration's data, and hold out a share of the rows where they have no test rows.

    ``how`` is the schema or the encoding of a table.
    """
    if MODELS[config.model].of_tables:
        return data.load_table(config.data, share, **how)
    return data.load_split(config.data, share, config.size, config.fit or DEFAULT)


def _beside(source: str, folder: Path) -> str:
    """Return the place of data as a run's configuration has it."""
    here, run = Path.cwd(), folder.resolve()
    if not Path(source).is_absolute() or not all(here in p.parents for p in (Path(source), run)):
        return source
    return f"{os.curdir}{os.sep}{os.path.relpath(source, run)}"


def _from_folder(source: str, folder: Path) -> str:
    """Return the place of a run's data, which its configuration may give as the way from its folder."""
    if not source.startswith((f"{os.curdir}{os.sep}", f"{os.pardir}{os.sep}")):
        return source
    return os.path.normpath(folder.resolve() / source)


def place_of(source: str) -> str:
    """Return a data set's name as it is, and a path to data as an absolute path."""
    named = data.split_class(source)[0] in data.DATASETS
    return source if named else str(Path(source).resolve())


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Begin the message of an InputError with the file that caused it."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
