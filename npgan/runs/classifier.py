"""A classifier of a run's labels, in the run's folder: what it sees in images measures the images of the run."""

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from npgan.data.dataset import Dataset
from npgan.models import Classifier
from npgan.models.config import Config
from npgan.models.presets import preset
from npgan.models.sizing import sized
from npgan.runs.folder import CONFIG, load_for
from npgan.runs.train import resume, start
from npgan.system.signals import REASONS
from npgan.training import Callback

__all__ = ["own_classifier"]

FOLDER, UNFINISHED = "classifier", "classifier-unfinished"
WORK, PASSES, LEAST = 3e12, 100, 500
"""The most floating-point operations of a training, about a minute, and passes through the data; the least steps."""


def own_classifier(
    folder: Path, config: Config, dataset: Dataset, callbacks: Iterable[Callback] = ()
) -> Classifier:
    """Return a classifier of the labels of a run's data; at first it is trained, in ``folder / "classifier"``.

    A training that was interrupted goes on at the next call.
    """
    place, unfinished = folder / FOLDER, folder / UNFINISHED
    if not place.exists():
        if (unfinished / CONFIG).exists():
            loop = resume(unfinished, callbacks, data=config.data)
        else:
            words = f"samples are measured by what a classifier of their labels sees: {place}"
            print(words, file=sys.stderr)
            loop = start(_like(config, dataset), unfinished, callbacks, dataset=dataset)
        if loop.step < loop.total_steps:
            raise KeyboardInterrupt(next(n for n, why in REASONS.items() if why == loop.stop))
        unfinished.rename(place)
    return load_for("the classifier of a run", place, Classifier)[0]


def _like(config: Config, dataset: Dataset) -> Config:
    """Return the preset of a classifier for a run's data, as long as `WORK` allows."""
    its: dict[str, Any] = {
        name: getattr(config, name)
        for name in ("data", "size", "fit", "validation", "seed", "backend")
    }
    found = replace(sized(preset("classifier"), dataset), **its)
    model = found.for_data(dataset).build(len(dataset.train))
    step = 6 * found.batch_size * model.networks["classifier"].parameters.flat.size
    passes = PASSES * (len(dataset.train) // found.batch_size)
    return found.override(steps=max(LEAST, min(int(WORK / step), passes)))
