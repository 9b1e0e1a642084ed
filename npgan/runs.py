"""Runs on disk: a folder that holds everything that defines a training run, and everything that it makes.

::

    config.toml             everything that determines the run
    history.csv             the losses, and the metrics that were asked for
    samples/step-*.png      what the model makes, before training and after each epoch
    losses.png              the history as curves
    checkpoint.safetensors  the whole state, with the history, from which a run resumes
    weights.safetensors     the networks, whenever training ends without an error

A run begins with its configuration and the state before the first step; one process writes to it at a time.
"""

import sys
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from npgan import backend, data, plotting
from npgan.data.dataset import Dataset
from npgan.data.fit import DEFAULT
from npgan.errors import InputError, count, shown
from npgan.models import GENERATORS, Model
from npgan.models.config import LABELLED, MODELS, Config
from npgan.models.refit import corruptions
from npgan.optim.schedules import Schedule
from npgan.study.pictures import draw
from npgan.study.sample_metrics import SampleMetrics, draw_samples
from npgan.system import disk
from npgan.training import (
    Callback,
    Checkpoints,
    CSVHistory,
    History,
    Loop,
    Measures,
    Pictures,
    StopOnInterrupt,
    checkpoint,
)
from npgan.training.lock import LOCK, Locked, locked
from npgan.training.loop import HISTORY as HISTORY_TABLE

CONFIG, HISTORY, CURVES = "config.toml", "history.csv", "losses.png"
CHECKPOINT, WEIGHTS, SAMPLES = "checkpoint.safetensors", "weights.safetensors", "samples"
KEPT_BACK = 0.1
"""The share of its training rows that is held out of a data set without test rows."""
MEASURED = 2000
LARGEST_CONFIG, DOTS = 2**20, 200  # bytes of a configuration, and dots in one of its lines
BESIDE = 2**26
"""The most bytes that a checkpoint may hold besides the model: the history, and numbers."""


class Taken(InputError):
    """The folder for a new run is not empty, or another process has begun a run in it."""


class Curves(Callback):
    """Draws the curves of the history once training has ended."""

    def __init__(self, path: Path, model: Model) -> None:
        self.path, self.model = path, model

    def on_train_end(self, loop: Loop) -> None:
        """Draw and save the curves."""
        plotting.save_curves(self.path, loop.history, self.model.reports, self.model.equilibrium())


def read(config: Config) -> tuple[Config, Dataset]:
    """Return a configuration with the share of the rows that is held out, and its data.

    Without a share of its own it holds out a tenth, but nothing if the rest does not fill a minibatch.

    Raises InputError if there is no such data, or it cannot be read.
    """
    share = KEPT_BACK if config.validation is None else config.validation
    dataset = _read_data(config, share)
    if config.validation is None and len(dataset.train) < config.batch_size:
        share, dataset = 0.0, _read_data(config, 0.0)
    return replace(config, validation=share), dataset


def start(
    config: Config,
    folder: Path,
    callbacks: Iterable[Callback] = (),
    *,
    metrics_every: int | None = None,
    dataset: Dataset | None = None,
) -> Loop:
    """Train in a new folder and return the finished loop.

    The data is what :func:`read` returns; with ``dataset`` it was read already.

    Every ``metrics_every`` epochs, metrics of 2000 samples, of stacked digits 26,000, are added to the history
    (:meth:`npgan.study.sample_metrics.SampleMetrics.columns`).

    Raises Taken if the folder holds anything already, and InputError if the configuration is invalid.
    """
    if dataset is None:
        config, dataset = read(config)
    preset, place = config, _place(config.data)
    config = replace(config, data=place, metrics_every=metrics_every)
    config = config.for_data(dataset)
    count(
        "batch_size (--batch-size), a number of training rows,",
        config.batch_size,
        1,
        len(dataset.train),
    )
    model = config.build(len(dataset.train))
    loop = _loop(model, config, dataset, folder)
    words = [] if config.data in data.DATASETS else [dataset.summary()]
    words += _fitted(preset, config)
    loop.callbacks[1:1] = [*_measures(model, config, dataset), *callbacks]
    _check_free(folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with locked(folder):
            _check_free(folder)
            disk.remove_temporary(folder)
            _write_config(folder, config)
            return _run(loop, model, config, folder, words)
    except Locked as error:
        raise Taken(str(error)) from None


def _check_free(folder: Path) -> None:
    """Raise Taken if a folder holds more than the leftovers of a run that was killed as it began."""
    if folder.exists() and not (folder.is_dir() and all(map(_left_over, folder.iterdir()))):
        raise Taken(
            f"{folder} exists: go on with --resume {folder}, or choose another folder with --out"
        )


def _left_over(path: Path) -> bool:
    return path.name == LOCK or path.match(disk.TEMPORARY)


def resume(
    folder: Path,
    callbacks: Iterable[Callback] = (),
    *,
    epochs: int | None = None,
    steps: int | None = None,
    metrics_every: int | None = None,
    data: str | None = None,
) -> Loop:
    """Continue from a folder's checkpoint, as if the run had not stopped; return the finished loop.

    ``epochs`` or ``steps`` set a new end, counted from the run's beginning. Schedules that last as long as the run
    then last until the new end, and a line on standard error gives their new values. ``data`` is where the run's
    data is now, if it was moved; if the run has ended, only this path is saved. If a run made all its steps but
    stopped before it wrote its weights, they are written now.

    Raises InputError if the folder holds no run, its files are damaged, the data is not the run's, there is nothing
    left to do, or another process writes to the folder.
    """
    read_config(folder)
    if (folder / SAMPLES).is_symlink():
        raise InputError(f"{folder / SAMPLES} is a link: a run writes into its own folder only")
    changes = {"epochs": epochs, "steps": steps, "metrics_every": metrics_every}
    with locked(folder):
        for place in (folder, folder / SAMPLES):
            disk.remove_temporary(place)
        return _resume(folder, callbacks, **changes, data=data and _place(data))


def _resume(folder: Path, callbacks: Iterable[Callback], **changes: Any) -> Loop:
    before = read_config(folder)
    config = before.override(**changes)
    config.check()
    dataset = load_data(config, folder)
    model = _build(config, folder, len(dataset.train))
    loop = _loop(model, config, dataset, folder)
    measures = _measures(model, config, dataset)
    _take_up(loop, model, folder, config.data)
    total = config.total_steps(len(dataset.train))
    unwritten = loop.step == total and not _written(folder / WEIGHTS, model)
    if loop.step >= total and not unwritten and changes["data"] is None:
        raise InputError(
            f"{folder} is at step {loop.step} already, and {total} are asked for: give a larger "
            "--epochs or --steps to train longer"
        )
    _write_config(folder, config)
    if loop.step >= total and not unwritten:
        return loop
    words: Iterable[str] = []
    if loop.step < total:
        loop.callbacks[1:1] = [*measures, *callbacks]
        words = _moved(before, model, len(dataset.train))
    return _run(loop, model, config, folder, words)


def _build(config: Config, folder: Path, rows: int) -> Model:
    """Build a run's model, unless its files are too small to hold the weights."""
    size = sum(config.weights().values())
    for name in (CHECKPOINT, WEIGHTS):
        path = folder / name
        if path.exists() and path.stat().st_size < size:
            raise InputError(
                f"{path} is damaged: it cannot hold the {size:,} weights that {CONFIG} speaks of"
            )
    with _naming(folder / CONFIG):
        return config.build(rows)


def _read(path: Path, model: Model) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Load a file, unless it is larger than any file of this model can be."""
    arrays = model.state()[0].values()
    return checkpoint.load(path, sum(array.nbytes for array in arrays) + BESIDE)


def _written(path: Path, model: Model) -> bool:
    """Return whether a file holds the model's weights."""
    try:
        arrays, mine = _read(path, model)[0], model.weights()
    except InputError:
        return False
    return arrays.keys() == mine.keys() and all(
        np.array_equal(arrays[name], array) for name, array in mine.items()
    )


def _place(source: str) -> str:
    """Return a data set's name as it is, and a path to data as an absolute path."""
    named = data.split_class(source)[0] in data.DATASETS
    return source if named else str(Path(source).resolve())


def _read_data(config: Config, share: float) -> Dataset:
    return data.load_split(config.data, share, config.size, config.fit or DEFAULT)


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
    dataset = _read_data(config, config.validation or 0.0)
    if config.labels is not None and dataset.classes != tuple(config.labels):
        raise InputError(f"{source} has other labels than {folder} was trained with")
    if config.labels is None and config.model in LABELLED:
        return dataset.as_given()  # a run of an earlier version, which used labels as classes
    return dataset


def _fitted(before: Config, now: Config) -> Iterator[str]:
    """Yield a line for each image-corrupting layer that was changed to fit the data's images."""
    for name, specs in before.networks.items():
        for old, new in zip_longest(corruptions(specs), corruptions(now.networks[name])):
            if old != new:
                yield f"the {name}'s {old} {f'becomes {new}' if new else 'is left out'}, to fit the data"


def _moved(before: Config, model: Model, rows: int) -> Iterator[str]:
    """Yield a line about the schedules that change because the run's length has changed."""
    optimizers, settings = before.rules(rows)
    now = [(f"the {n}'s rate", optimizers[n].lr, o.lr, o.t) for n, o in model.optimizers.items()]
    now += [
        (f"the penalty {name}", settings["penalties"][name], coefficient, model.step)
        for name, coefficient in model.penalties.items()
    ]
    moved = [
        f"{what} is {mine(step):.3g} where it would have been {old(step):.3g}"
        for what, old, mine, step in now
        if isinstance(old, Schedule) and isinstance(mine, Schedule) and old != mine
    ]
    if moved:
        yield f"schedules now end with the run that was asked for: {', '.join(moved)}"


def _measures(model: Model, config: Config, dataset: Dataset) -> Iterable[Callback]:
    """Return the callback that measures samples, if that was asked for."""
    every = config.metrics_every
    if every is None:
        return []
    if not isinstance(model, GENERATORS):
        raise InputError(f"there are no samples of a model {config.model} to measure")
    metrics = SampleMetrics(model, dataset, MEASURED, np.random.default_rng(config.seed))
    rng, n = partial(np.random.default_rng, config.seed), metrics.wanted(MEASURED)
    return [Measures(every, lambda: metrics.columns(draw_samples(model, dataset, n, rng())[0]))]


def _take_up(loop: Loop, model: Model, folder: Path, source: str) -> None:
    """Load the state of the folder's run into the loop; ``source`` is the name of its data."""
    path, table = folder / CHECKPOINT, folder / HISTORY
    if not path.exists():
        if (folder / WEIGHTS).exists() or (table.exists() and len(History.read_csv(table))):
            raise InputError(
                f"{folder} has no {CHECKPOINT} to go on from: train anew, in another folder"
            )
        return
    arrays, numbers = _read(path, model)
    for name in ("rows", "checksum of the data"):
        if numbers.get(name, loop.identity[name]) != loop.identity[name]:
            raise InputError(
                f"{source} is not the data that {folder} was trained on: {name} "
                f"{loop.identity[name]}, not {shown(numbers[name])}"
            )
    first = _streams(loop)
    with _naming(path):
        loop.load_state(arrays, numbers)
        _check(loop, model, numbers)
        if _streams(loop) != first:
            raise InputError("the checkpoint is damaged: its random generators have other seeds")
    if HISTORY_TABLE not in arrays and table.exists():  # from an earlier version
        try:
            rows = History.read_csv(table)
        except InputError as error:
            raise InputError(f"{error}; remove it to go on without its rows") from None
        for row in rows:
            if row["step"] <= loop.step:
                loop.history.append(row)


def _check(loop: Loop, model: Model, numbers: dict[str, Any]) -> None:
    """Raise an InputError unless a checkpoint's model has made as many steps and updates as the loop."""
    mine, theirs = (loop.step, model.updates(loop.step)), numbers["model"]
    if (theirs["step"], theirs["updates"]) != mine:
        raise InputError(
            f"the checkpoint is damaged: at step {loop.step} its model has made {shown(theirs)}"
        )


def _streams(loop: Loop) -> list[Any]:
    """Return the parts of a loop's random states that drawing numbers does not change."""
    states: Any = loop.noise.bit_generator.state, loop.batches.rng.bit_generator.state
    return [(state["bit_generator"], state["state"]["inc"]) for state in states]


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Begin the message of an InputError with the file that caused it."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _loop(model: Model, config: Config, dataset: Dataset, folder: Path) -> Loop:
    shown = dataset.held_out
    unlabelled = model.labels is not None and dataset.test_labels is None
    return Loop(
        model,
        dataset.train,
        labels=dataset.train_labels,
        batch_size=config.batch_size,
        rng=np.random.default_rng([config.seed, len(model.networks)]),
        validation=None if unlabelled else dataset.test,
        validation_labels=dataset.test_labels,
        settings=config.identity(),
        callbacks=[
            StopOnInterrupt(),  # the last to be told that training ends
            CSVHistory(folder / HISTORY),
            Pictures(folder / SAMPLES, lambda path: draw(model, config, *shown, path)),
            Curves(folder / CURVES, model),
            Checkpoints(folder / CHECKPOINT),  # the first to be told that training ends
        ],
    )


def _run(loop: Loop, model: Model, config: Config, folder: Path, words: Iterable[str]) -> Loop:
    """Print the lines ``words`` on standard error, of a new run also remarks, then train to the end."""
    backend.use(config.backend)
    if loop.step == 0:
        checkpoint.save(folder / CHECKPOINT, *loop.state())
        remarks = [(name, one) for name, net in model.networks.items() for one in net.remarks()]
        words = [*words, *(f"{name}: {one}" for name, one in remarks)]
    (folder / SAMPLES).mkdir(exist_ok=True)
    for line in words:
        print(line, file=sys.stderr)
    try:
        loop.run(epochs=config.epochs, steps=config.steps)
        checkpoint.save(folder / WEIGHTS, model.weights(), config.identity())
    except KeyboardInterrupt as error:
        error.add_note(
            f"what was saved last is whole. Go on with:\n  npgan train --resume {folder}"
        )
        raise
    return loop


def _write_config(folder: Path, config: Config) -> None:
    import tomli_w

    text = tomli_w.dumps(config.to_dict())
    disk.write_atomically(folder / CONFIG, text.encode(errors="surrogateescape"))


def read_config(folder: Path) -> Config:
    """Read a run's configuration.

    Raises InputError if the folder is not a run's, or the file is damaged.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise InputError(f"{folder} holds no run: there is no {CONFIG} in it")
    disk.check_regular(path, LARGEST_CONFIG)
    try:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
        if any(line.count(".") > DOTS for line in text.splitlines()):
            raise ValueError("a line of it has too many points")  # tomllib would take for ever
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError also for an integer too long to read
        raise InputError(f"{path} is damaged: {error}") from None
    with _naming(path):
        config = Config.from_dict(table)
        config.check()
    return config


def load(folder: Path) -> tuple[Model, Config]:
    """Return a run's trained model, from its checkpoint or, where that was removed, its weights.

    Raises InputError if the folder is not a run's, or its files are damaged.
    """
    config = read_config(folder)
    model = _build(config, folder, config.batch_size)
    path = next((p for name in (CHECKPOINT, WEIGHTS) if (p := folder / name).exists()), None)
    if path is None:
        raise InputError(f"{folder} has no weights yet: npgan train --resume {folder}")
    arrays, numbers = _read(path, model)
    if numbers.get("step") == 0:
        raise InputError(f"{folder} has made no step yet: npgan train --resume {folder}")
    other = [name for name in arrays if name.startswith("optimizer.") or name == HISTORY_TABLE]
    with _naming(path):
        checkpoint.check_same(numbers, config.identity())
        model.load_weights({name: arrays[name] for name in arrays.keys() - other})
    return model, config


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
