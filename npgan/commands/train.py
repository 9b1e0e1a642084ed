"""Train a preset or go on with a run."""

import argparse
import inspect
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from npgan.commands.common import FIT, SIZE, either, fit_of, number, option, path, text
from npgan.errors import InputError, count, not_negative, positive
from npgan.system import signals

if TYPE_CHECKING:
    from npgan.data.dataset import Dataset
    from npgan.models.config import Config

LARGEST = 2**24  # the most bytes of a schema
RESUMED = "resume", "epochs", "steps", "data", "metrics_every", "threads", "quiet", "run"
"""What may be given with --resume."""


def penalty(argument: str) -> tuple[str, float]:
    """Return a penalty's name and its coefficient.

    >>> penalty("r1=0.3")
    ('r1', 0.3)
    """
    name, _, coefficient = argument.partition("=")
    try:
        return name, not_negative("the coefficient", float(coefficient))
    except ValueError:
        raise argparse.ArgumentTypeError("it must be NAME=COEFFICIENT, such as r1=1") from None


SUMMARY = "train a model and keep everything in a folder"
EXAMPLES = """
  npgan train                               the recommended GAN on MNIST
  npgan train gan-small --epochs 20 --out runs/mine
  npgan train grid100 --seed 1              a hundred modes in the plane
  npgan train autoencoder --data fashion-mnist
  npgan train vae --latent 2 --width 0.5    a shorter code, hidden layers half as wide
  npgan train --penalty r1=1 --ema 0.99     other settings of a GAN
  npgan train classifier --data leaves/ --size 64 --best val_accuracy --patience 20
  npgan train --metrics-every 1             and precision, recall, ... in history.csv
  npgan train --data photos/                your own images: a folder of pictures of one size
  npgan train --data photos/ --size 32      of any sizes: the middle of each, in 32 x 32 pixels
  npgan train table --data people.csv       a table: numbers, categories, dates, missing values
  npgan train table --data people.csv --schema schema.toml   with its columns as the file describes them
  npgan train --resume runs/mine            go on where it stopped
  npgan train --resume runs/mine --epochs 40
  npgan train --resume runs/mine --data elsewhere/photos/   its data was moved
"""
OPTIONS = (
    option(
        "preset",
        type=text,
        nargs="?",
        metavar="PRESET|FILE.toml",
        help="see npgan presets, or a file as npgan new prints it; default gan-conv, dcgan-few for fewer than 10,000 "
        "images in colour, gan-mnist for data other than images whose sides are multiples of 4, table for tables",
    ),
    option(
        "--data",
        type=text,
        metavar="NAME|PATH",
        help="a data set, or files of your own; with --resume, where the run's data is now",
    ),
    SIZE,
    FIT,
    option(
        "--schema",
        type=path,
        metavar="FILE.toml",
        help="what the columns of a table are; default: they are recognised",
    ),
    either(
        option("--epochs", type=int, metavar="N", help="passes through the data"),
        option("--steps", type=int, metavar="N", help="batches"),
    ),
    option(
        "--validation",
        type=float,
        metavar="SHARE",
        help="of the training rows to hold out where the data has no test rows; default 0.1",
    ),
    option("--batch-size", type=int, metavar="N", help="rows a step"),
    option("--lr", type=float, metavar="RATE", help="learning rate of every network"),
    option("--latent", type=number(int, count, 1), metavar="N", help="numbers of a code, or of z"),
    option(
        "--width",
        type=number(float, positive),
        metavar="FACTOR",
        help="hidden layers so many times as wide as the preset's",
    ),
    option(
        "--penalty",
        type=penalty,
        action="append",
        metavar="NAME=C",
        help="a GAN's penalty and its coefficient, in place of the preset's: r1, r2, ...; 0 for none; can be given "
        "several times",
    ),
    option(
        "--ema", type=float, metavar="DECAY", help="of the mean of a GAN's weights, near 1; 0: none"
    ),
    option(
        "--best",
        metavar="COLUMN",
        help="keep the weights of the row of history.csv in which this is best: val_loss, val_accuracy, ..., or with "
        "--metrics-every frechet, ...; of data of your own that is the measure of held-out rows, where there is one",
    ),
    option(
        "--patience",
        type=int,
        metavar="ROWS",
        help="end after so many rows of history.csv in which it has not improved",
    ),
    option("--seed", type=int, metavar="S", help="of all randomness; default 0"),
    option("--out", type=path, metavar="DIR", help="default: runs/PRESET"),
    option("--resume", type=path, metavar="DIR", help="go on with this run"),
    option("--threads", type=number(int, count, 1), metavar="N", help="default: all cores"),
    option("--backend", metavar="NAME", help="numba (the default) or numpy"),
    option(
        "--metrics-every",
        type=int,
        metavar="N",
        help="measure 2000 samples after every N epochs and at the end, a fraction of a second each, into "
        "history.csv: Frechet distance, precision, recall, classes; or modes",
    ),
    option("--quiet", action="store_true", help="no progress"),
)


def run(a: argparse.Namespace) -> int:
    """Train, and say where all of it is."""
    from npgan import runs
    from npgan.training import Progress, Work

    callbacks = [] if a.quiet else [Work(), Progress()]
    if a.resume:
        for name, value in vars(a).items():
            if name not in RESUMED and value is not None:
                option = "PRESET" if name == "preset" else f"--{name.replace('_', '-')}"
                raise InputError(f"--resume goes on as the run began: {option} cannot be changed")
        folder = a.resume
        changes = {"epochs": a.epochs, "steps": a.steps, "data": a.data}
        loop = runs.resume(folder, callbacks, **changes, metrics_every=a.metrics_every)
    else:
        folder, loop = _begin(a, callbacks)
    if loop.stop in signals.REASONS.values() and loop.step < loop.total_steps:
        print(
            f"stopped at step {loop.step} of {loop.total_steps}; all is saved. Go on with:\n"
            f"  npgan train --resume {folder}",
            file=sys.stderr,
        )
        return 128 + next(n for n, reason in signals.REASONS.items() if reason == loop.stop)
    if not a.quiet:
        for line in _summary(loop, folder):
            print(line, file=sys.stderr)
    return 0


def _summary(loop: Any, folder: Path) -> Iterator[str]:
    """Yield lines about a run that has ended."""
    from npgan import runs
    from npgan.models.presets import PRESETS
    from npgan.study.trivial import no_better
    from npgan.training import best

    config, pictures, model = runs.read_config(folder), folder / runs.SAMPLES, loop.model
    seen = f"{pictures} and " if any(pictures.iterdir()) else ""
    why = f", since {loop.stop}" if loop.stop else ""
    yield f"{loop.step} steps in {loop.seconds:.1f} s of training{why}; look at {seen}{folder / runs.CURVES}"
    if config.best and loop.history[config.best]:
        row = best(loop.history, config.best)
        yield (
            f"kept: the weights of step {row['step']}, where {config.best} was best, {row[config.best]:.4g}; at the "
            f"end it is {loop.history[config.best][-1]:.4g}"
        )
        model = runs.load(folder)[0]
    lacking = loop.validation is not None and no_better(model, loop.batches.data, loop.validation)
    if lacking:
        yield f"nothing was learned: {lacking}. Train longer, or with another --lr"
    usual = PRESETS[config.preset].steps if config.preset in PRESETS else None
    if usual and 10 * loop.step < usual and not loop.stop:
        yield (
            f"these are few steps: {config.preset} makes {usual:,}, and may have learned little so far. Go on with:\n"
            f"  npgan train --resume {folder} --steps {usual}"
        )


def _begin(a: argparse.Namespace, callbacks: list[Any]) -> tuple[Path, Any]:
    """Start a run, and return its folder and its loop."""
    from npgan import runs

    config, dataset = _asked(a)
    while True:
        folder = a.out or _new_folder(Path("runs"), config.preset)
        try:
            options = {"metrics_every": a.metrics_every, "dataset": dataset}
            return folder, runs.start(config, folder, callbacks, **options)
        except runs.Taken:  # by a run that began at the same time
            if a.out:
                raise


def _asked(a: argparse.Namespace) -> "tuple[Config, Dataset | None]":
    """Return the configuration that was asked for, and its data, if they had to be looked at."""
    from npgan import runs
    from npgan.data import DATASETS, split_class
    from npgan.models.kinds import MODELS
    from npgan.models.sizing import FEWEST_ROWS, sized

    place = {
        "data": a.data,
        "size": a.size and list(a.size),
        "fit": fit_of(a.size, a.fit),
    }

    def read(config: "Config") -> "tuple[Config, Dataset]":
        few = a.batch_size or min(config.batch_size, FEWEST_ROWS)
        schema = a.schema and _schema(a.schema)
        held_out, dataset = runs.read(config.override(batch_size=few), schema)
        return replace(config, validation=held_out.validation), dataset

    config = _configuration(a.preset or _preset_for(a)).override(**place, validation=a.validation)
    if a.schema is not None and not MODELS[config.model].of_tables:
        raise InputError(f"{config.preset} learns from no table: no --schema")
    if a.data is None and not MODELS[config.model].of_tables:
        return _changed(a, config), None
    config, dataset = read(config)
    if a.preset is None and (fitting := _default(a.data, dataset)) != config.preset:
        config = _configuration(fitting).override(**place, validation=config.validation)
        if MODELS[config.model].of_tables:
            config, dataset = read(config)
    if not str(a.preset).endswith(".toml"):
        config = sized(config, dataset)
    if a.data is None:
        return _changed(a, config), dataset
    if split_class(a.data)[0] not in DATASETS and dataset.test is not None:
        config = replace(config, best=config.best or MODELS[config.model].held_out)
    return _changed(a, config), dataset


def _changed(a: argparse.Namespace, config: "Config") -> "Config":
    """Return a configuration with what the options say of the model and its training."""
    from npgan import backend
    from npgan.models.kinds import MODELS
    from npgan.models.refit import named
    from npgan.models.sizing import widened

    if a.latent is not None and "latent" not in named(config.networks):
        raise InputError(f"{config.preset} has no code whose length could be chosen: no --latent")
    takes = inspect.signature(MODELS[config.model]).parameters
    for name, setting in ("penalty", "penalties"), ("ema", "ema"):
        if getattr(a, name) is not None and setting not in takes:
            raise InputError(f"{config.preset} is no GAN that takes {setting}: no --{name}")
    given = {"epochs", "steps", "batch_size", "lr", "seed", "latent", "best", "patience"}
    changes = {name: getattr(a, name) for name in given}
    config = config.override(**changes, backend=a.backend or backend.choice())
    settings = dict(config.settings)
    if a.penalty is not None:
        penalties = {**settings.get("penalties", {}), **dict(a.penalty)}
        settings["penalties"] = {name: value for name, value in penalties.items() if value}
    if a.ema is not None:
        settings["ema"] = a.ema
    config = replace(config, settings=settings)
    return config if a.width is None else widened(config, a.width)


def _configuration(name: str) -> "Config":
    """Return a preset, or the configuration in a file."""
    from npgan import runs
    from npgan.models.presets import preset

    if not name.endswith(".toml"):
        return preset(name)
    return replace(runs.read_config_file(Path(name)), preset=Path(name).stem)


def _preset_for(a: argparse.Namespace) -> str:
    """Return the preset when none is named: "table" if the data are a table whose cells are not all numbers."""
    from npgan.data import is_table
    from npgan.models.presets import DEFAULT

    return "table" if a.schema or (a.data is not None and is_table(a.data)) else DEFAULT


def _default(source: str, dataset: "Dataset") -> str:
    """Return the preset for data that have been read: numbers of any size in a file are a table."""
    from npgan.models.presets import default

    if dataset.table:
        return "table"
    numbers = Path(source).suffix == ".csv" and dataset.image_shape is None
    beyond = numbers and (dataset.train.min() < 0 or dataset.train.max() > 1)
    return "table" if beyond else default(dataset.shape, len(dataset.train))


def _schema(file: Path) -> Any:
    """Read a schema."""
    from npgan.system import disk
    from npgan.tables import Schema

    disk.check_regular(file, LARGEST)
    try:
        return Schema.from_toml(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, InputError) as error:
        raise InputError(f"{file}: {error}") from None


def _new_folder(parent: Path, name: str) -> Path:
    """Return a folder that does not exist: name, name-2, name-3, ..."""
    folder, number = parent / name, 1
    while folder.exists():
        number += 1
        folder = parent / f"{name}-{number}"
    return folder
