"""Train a preset or go on with a run."""

import argparse
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from npgan.commands.common import FIT, SIZE, either, fit_of, number, option, path, text
from npgan.errors import InputError, count
from npgan.system import signals

if TYPE_CHECKING:
    from npgan.data.dataset import Dataset
    from npgan.models.config import Config

LARGEST = 2**24  # the most bytes of a schema
SUMMARY = "train a model and keep everything in a folder"
EXAMPLES = """
  npgan train                               the recommended GAN on MNIST
  npgan train gan-small --epochs 20 --out runs/mine
  npgan train grid100 --seed 1              a hundred modes in the plane
  npgan train autoencoder --data fashion-mnist
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
        help="see npgan presets, or a file as npgan new prints it; default gan-conv, but gan-mnist for data other than "
        "images whose sides are multiples of 4, and table for tables",
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
        given = {"PRESET": a.preset, "--batch-size": a.batch_size, "--lr": a.lr}
        given |= {"--seed": a.seed, "--out": a.out, "--backend": a.backend}
        given |= {"--validation": a.validation, "--size": a.size, "--fit": a.fit}
        given |= {"--schema": a.schema}
        for option, value in given.items():
            if value is not None:
                raise InputError(f"--resume goes on as the run began: {option} cannot be changed")
        folder = a.resume
        changes = {"epochs": a.epochs, "steps": a.steps, "data": a.data}
        loop = runs.resume(folder, callbacks, **changes, metrics_every=a.metrics_every)
    else:
        folder, loop = _begin(a, callbacks)
    if loop.step < loop.total_steps:
        print(
            f"stopped at step {loop.step} of {loop.total_steps}; all is saved. Go on with:\n"
            f"  npgan train --resume {folder}",
            file=sys.stderr,
        )
        reasons = signals.REASONS.items()
        return 128 + next((n for n, reason in reasons if reason == loop.stop), signal.SIGINT)
    if not a.quiet:
        pictures = folder / runs.SAMPLES
        seen = f"{pictures} and " if any(pictures.iterdir()) else ""
        print(
            f"{loop.step} steps in {loop.seconds:.1f} s of training; "
            f"look at {seen}{folder / runs.CURVES}",
            file=sys.stderr,
        )
    return 0


def _begin(a: argparse.Namespace, callbacks: list[Any]) -> tuple[Path, Any]:
    """Start a run, and return its folder and its loop."""
    from npgan import backend, runs
    from npgan.models.kinds import MODELS

    def asked(name: str) -> "Config":
        return _configuration(name).override(
            data=a.data,
            validation=a.validation,
            size=a.size and list(a.size),
            fit=fit_of(a.size, a.fit),
            epochs=a.epochs,
            steps=a.steps,
            batch_size=a.batch_size,
            lr=a.lr,
            seed=a.seed,
            backend=a.backend or backend.choice(),
        )

    config, dataset = asked(a.preset or _preset_for(a)), None
    if a.preset is None and a.data is not None and not MODELS[config.model].of_tables:
        held_out, dataset = runs.read(config)
        config = replace(asked(_default(a.data, dataset)), validation=held_out.validation)
    if MODELS[config.model].of_tables:
        config, dataset = runs.read(config, a.schema and _schema(a.schema))
    elif a.schema is not None:
        raise InputError(f"{config.preset} learns from no table: no --schema")
    while True:
        folder = a.out or _new_folder(Path("runs"), config.preset)
        try:
            options = {"metrics_every": a.metrics_every, "dataset": dataset}
            return folder, runs.start(config, folder, callbacks, **options)
        except runs.Taken:  # by a run that began at the same time
            if a.out:
                raise


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

    numbers = Path(source).suffix == ".csv" and dataset.image_shape is None
    beyond = numbers and (dataset.train.min() < 0 or dataset.train.max() > 1)
    return "table" if beyond else default(dataset.shape)


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
