"""Training in a run's folder: a run is started, or goes on from its checkpoint."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from npgan import backend, data, plotting
from npgan.data.dataset import Dataset
from npgan.errors import InputError, count, shown
from npgan.models import GENERATORS, Model
from npgan.models.config import MODELS, Config
from npgan.models.refit import corruptions
from npgan.optim.schedules import Schedule
from npgan.runs.folder import (
    BEST,
    CHECKPOINT,
    CURVES,
    HISTORY,
    HISTORY_TABLE,
    SAMPLES,
    WEIGHTS,
    built,
    load_data,
    naming,
    place_of,
    read_config,
    read_data,
    read_state,
    write_config,
    write_table,
)
from npgan.study.pictures import draw
from npgan.study.sample_metrics import COLUMNS, SampleMetrics, draw_samples
from npgan.system import disk
from npgan.training import (
    Best,
    Callback,
    Checkpoints,
    CSVHistory,
    EarlyStopping,
    History,
    Loop,
    Measures,
    Pictures,
    StopDiverged,
    StopOnInterrupt,
    checkpoint,
)
from npgan.training.interval import Interval
from npgan.training.lock import LOCK, Locked, locked

__all__ = ["Taken", "read", "resume", "start"]

KEPT_BACK = 0.1
"""The share of its training rows that is held out of a data set without test rows."""
MEASURED = 2000


class Taken(InputError):
    """The folder for a new run is not empty, or another process has begun a run in it."""


class Curves(Callback):
    """Draws the curves of the history once training has ended."""

    def __init__(self, path: Path, model: Model) -> None:
        self.path, self.model = path, model

    def on_train_end(self, loop: Loop) -> None:
        """Draw and save the curves."""
        plotting.save_curves(self.path, loop.history, self.model.reports, self.model.equilibrium())


class LastPicture(Pictures):
    """A picture once training has ended: those of tables take seconds."""

    def on_train_begin(self, loop: Loop) -> None:
        """Draw nothing, but be ready to."""
        self.interval = Interval(0.0)

    def on_log(self, loop: Loop) -> None:
        """Draw nothing."""


def read(config: Config, schema: Any = None) -> tuple[Config, Dataset]:
    """Return a configuration with the share of the rows that is held out, and its data.

    Without a share of its own it holds out a tenth, but nothing if the rest does not fill a minibatch. ``schema``
    says what the columns of a table are; None: they are recognised.

    Raises InputError if there is no such data, or it cannot be read.
    """
    share = KEPT_BACK if config.validation is None else config.validation
    if MODELS[config.model].of_tables:
        return replace(config, validation=share), read_data(config, share, schema=schema)
    dataset = read_data(config, share)
    if config.validation is None and len(dataset.train) < config.batch_size:
        share, dataset = 0.0, read_data(config, 0.0)
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

    Every ``metrics_every`` epochs, metrics of 2000 samples, but no more than there are training rows, of stacked digits
    26,000, are added to the history (:meth:`npgan.study.sample_metrics.SampleMetrics.columns`).

    Raises Taken if the folder holds anything already, and InputError if the configuration is invalid.
    """
    if dataset is None:
        config, dataset = read(config)
    preset, place = config, place_of(config.data)
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
    words += dataset.table.lines() if dataset.table else []
    words += _fitted(preset, config)
    loop.callbacks[1:1] = [*_measures(model, config, dataset), *callbacks]
    _check_free(folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with locked(folder):
            _check_free(folder)
            disk.remove_temporary(folder)
            write_config(folder, config)
            if dataset.table:
                write_table(folder, dataset.table)
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
        return _resume(folder, callbacks, **changes, data=data and place_of(data))


def _resume(folder: Path, callbacks: Iterable[Callback], **changes: Any) -> Loop:
    before = read_config(folder)
    config = before.override(**changes)
    config.check()
    dataset = load_data(config, folder)
    model = built(config, folder, len(dataset.train))
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
    write_config(folder, config)
    if loop.step >= total and not unwritten:
        return loop
    words: Iterable[str] = []
    if loop.step < total:
        loop.callbacks[1:1] = [*measures, *callbacks]
        words = _moved(before, model, len(dataset.train))
    return _run(loop, model, config, folder, words)


def _written(path: Path, model: Model) -> bool:
    """Return whether a file holds the model's weights."""
    try:
        arrays, mine = read_state(path, model)[0], model.weights()
    except InputError:
        return False
    return arrays.keys() == mine.keys() and all(
        np.array_equal(arrays[name], array) for name, array in mine.items()
    )


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
    if not isinstance(model, GENERATORS) or model.of_tables:
        raise InputError(f"there are no samples of a model {config.model} to measure in training")
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
    arrays, numbers = read_state(path, model)
    for name in ("rows", "checksum of the data"):
        if numbers.get(name, loop.identity[name]) != loop.identity[name]:
            raise InputError(
                f"{source} is not the data that {folder} was trained on: {name} "
                f"{loop.identity[name]}, not {shown(numbers[name])}"
            )
    first = _streams(loop)
    with naming(path):
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


def _loop(model: Model, config: Config, dataset: Dataset, folder: Path) -> Loop:
    table = dataset.table
    shown = (dataset.train, None) if table else dataset.held_out  # held-out rows may be few
    pictures, drawn = (LastPicture, partial(draw, table=table)) if table else (Pictures, draw)
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
            *_watching(model, config, folder),
            pictures(folder / SAMPLES, lambda path: drawn(model, config, *shown, path)),
            Curves(folder / CURVES, model),
            Checkpoints(folder / CHECKPOINT),  # the first to be told that training ends
        ],
    )


def _watching(model: Model, config: Config, folder: Path) -> Iterator[Callback]:
    """Yield the callbacks that look at the history: which weights are best, and whether it is time to end."""
    yield StopDiverged()
    if config.best is None:
        return
    known = (model.held_out, *(COLUMNS if config.metrics_every else ()))
    if config.best not in known:
        have = ", ".join(filter(None, known)) or "none"
        raise InputError(
            f"best: the rows of this run's history have no measure {config.best} (known: {have}; "
            "--metrics-every adds those of samples)"
        )
    yield Best(folder / BEST, config.best, config.identity())
    if config.patience is not None:
        yield EarlyStopping(config.best, config.patience)


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
            f"the last checkpoint is intact. Resume with:\n  npgan train --resume {folder}"
        )
        raise
    return loop
