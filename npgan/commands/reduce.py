"""Reduce dimensions: draw a map of the codes, beside a map by principal components.

Two numbers say how much a code keeps: the squared error of reconstructions, and the accuracy of predicting a
row's class from its nearest neighbours' codes. Principal components are the best linear code of the same width.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from npgan.commands import common
from npgan.errors import count

SUMMARY = "map test data by its codes, beside principal components"
EXAMPLES = """
  npgan reduce runs/autoencoder --out map.png
  npgan reduce runs/vae -k 10 --out map.png      classes by the votes of 10 neighbours
"""
KNOWN = 10_000  # training rows, drawn at random, among which neighbours are sought
POINTS = 5000  # in a map
OPTIONS = (common.RUN, common.whole("-k", 5, "neighbours"), common.out("the maps"))


def run(a: argparse.Namespace) -> dict[str, Any]:
    """Draw both maps, and return how much each code keeps."""
    from npgan.metrics import PCA, neighbour_accuracy
    from npgan.models import RECONSTRUCTORS

    trained = common.Trained("reduce", a.run_folder, RECONSTRUCTORS)
    model, dataset = trained.model, trained.dataset
    test, labels = trained.test()
    count("-k", a.k, 1, most=min(KNOWN, len(dataset.train)))
    train = trained.train
    components = PCA(train, min(model.encode(test[:1]).shape[1], train.shape[1]))
    coders = {
        trained.config.model: model,
        f"{components.directions.shape[1]} principal components": components,
    }
    low, high = model.bounds or (-np.inf, np.inf)
    chosen = np.random.default_rng(0).permutation(len(train))[:KNOWN]
    result, maps = {}, {}
    for name, coder in coders.items():
        code = coder.encode(test)
        errors = np.clip(coder.decode(code), low, high) - test
        result[name] = {"mean_squared_error": float(np.square(errors).mean())}
        if labels is not None and dataset.train_labels is not None:
            known = coder.encode(train[chosen]), dataset.train_labels[chosen]
            result[name]["neighbour_accuracy"] = neighbour_accuracy(code, labels, *known, a.k)
        maps[name] = code if code.shape[1] == 2 else PCA(code, min(2, code.shape[1])).encode(code)
    draw(a.out, maps, dataset.given(labels))
    return result


def draw(path: Path, maps: dict[str, np.ndarray], labels: np.ndarray | None) -> None:
    """Save the first rows of maps (n, 2), or (n, 1), side by side, a colour for each class."""
    from npgan.plotting import as_text, new_figure, save_figure

    figure = new_figure(6 * len(maps), 6.4)
    for axes, (name, points) in zip(figure.subplots(1, len(maps)), maps.items(), strict=True):
        x, y = points[:POINTS, 0], points[:POINTS, -1]
        classes = [None] if labels is None else np.unique(labels)
        for i, c in enumerate(classes):
            group = slice(None) if labels is None else labels[:POINTS] == c
            axes.plot(x[group], y[group], ".", ms=3, color=f"C{i % 10}", label=as_text(str(c)))
        axes.set(title=name, xlabel="first direction of the code", ylabel="second direction")
    if labels is not None:
        entries = axes.get_legend_handles_labels()
        figure.legend(*entries, loc="outside right upper", title="class", markerscale=3)
    save_figure(path, figure)
