"""Every public function with arguments that are right, and what must hold of whatever it returns."""

import inspect
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np
import pyarrow as pa

from npgan import (
    GAN,
    IWAE,
    SGD,
    VAE,
    VAEGAN,
    AdversarialAutoencoder,
    Autoencoder,
    BiGAN,
    Classifier,
    ConditionalGAN,
    ConditionalVAE,
    Dense,
    MultiGAN,
    Sequential,
    Sigmoid,
    TableGAN,
    TableVAE,
    Translator,
    init,
    metrics,
    models,
    plotting,
    plotting_tables,
)
from npgan import data as data_sets
from npgan.data import batches, images, outlines, rows, stacked, toys
from npgan.metrics import mixtures
from npgan.models import Model
from npgan.objectives import losses, penalties, regularisers
from npgan.study import anomaly, attacks, evaluation, features, latent, sample_metrics, table_report
from npgan.training import History


class Call(NamedTuple):
    """A function, arguments by name, and what holds of a result for these arguments, or for others."""

    function: Callable
    arguments: dict[str, Any]
    holds: Callable[[Any, dict], Any]


N, M, D, K, C = 6, 7, 4, 2, 3  # rows, other rows, the data's width, the code's, classes


def random(*shape, seed=0):
    return np.random.default_rng(seed).random(shape, np.float32)


def generator():
    return np.random.default_rng(0)


def net(*widths, last=()):
    layers = [Dense(a, b) for a, b in pairwise(widths)]
    return Sequential(*layers, *last, rng=0)


X, KNOWN, MANY, CODES = random(N, D), random(M, D, seed=1), random(4 * M, D), random(N, K)
LABELS, LOGITS = np.arange(N) % C, random(N, 1)
POINTS, IMAGES = random(N, 2), random(3, 144)
SET = data_sets.Dataset("d", MANY, MANY[:12], np.arange(4 * M) % C, np.arange(12) % C, (2, 2, 1))
TABLE = data_sets.load_table(
    pa.table({name: random(40, seed=i).astype(np.float64) for i, name in enumerate("abcd")}), 0.5
)
TO_UNIT = (Sigmoid(),)
MODELS = {
    GAN: lambda: GAN(net(K, D, last=TO_UNIT), net(D, 3, 1), ema=0.9),
    TableGAN: lambda: TableGAN(net(K + 1, D), net(D + 1, 1), widths=[1] * D),
    TableVAE: lambda: TableVAE(net(D, 2 * K), net(K, 2 * D), widths=[1] * D),
    ConditionalGAN: lambda: ConditionalGAN(
        net(K + C, D, last=TO_UNIT), net(D + C, 1), classes=C, objective="relativistic"
    ),
    MultiGAN: lambda: MultiGAN(
        {"generator": net(K, D), "generator2": net(K, D), "discriminator": net(D, 1)}
    ),
    Autoencoder: lambda: Autoencoder(net(D, K), net(K, D, last=TO_UNIT)),
    VAE: lambda: VAE(net(D, 2 * K), net(K, D, last=TO_UNIT)),
    IWAE: lambda: IWAE(net(D, 2 * K), net(K, D, last=TO_UNIT), samples=2),
    ConditionalVAE: lambda: ConditionalVAE(
        net(D + C, 2 * K), net(K + C, D, last=TO_UNIT), classes=C
    ),
    VAEGAN: lambda: VAEGAN(net(D, 2 * K), net(K, D), net(D, 2, 1), hidden_layers=1),
    AdversarialAutoencoder: lambda: AdversarialAutoencoder(net(D, K), net(K, D), net(K, 1)),
    BiGAN: lambda: BiGAN(net(D, K), net(K, D), net(D + K, 1)),
    Translator: lambda: Translator(net(1, D - 1), net(D, 1)),
    Classifier: lambda: Classifier(net(D, C)),
}


def anything(result, arguments):
    return True


def finite(result, arguments):
    """Whether every number in it is finite."""
    if isinstance(result, dict):
        return finite(list(result.values()), arguments)
    if isinstance(result, tuple | list):
        return all(finite(part, arguments) for part in result)
    return result is None or bool(np.isfinite(result).all())


def follows(result, arguments):
    """Whether every number in it is finite, or none was to be expected."""
    if finite(result, arguments):
        return True
    numbers = [v for v in arguments.values() if isinstance(v, np.ndarray | float | int)]
    return not all(np.all(abs(np.asarray(v)) < 100) for v in numbers)


def within(low, high):
    """Whether every number in it lies within limits."""

    def holds(result, arguments):
        if isinstance(result, tuple):
            return all(holds(part, arguments) for part in result)
        return bool(np.min(result, initial=high) >= low and np.max(result, initial=low) <= high)

    return holds


def a_row_for(name):
    """Whether it is finite and has a row for each row of an argument."""
    return lambda result, given: finite(result, given) and len(result) == len(given[name])


def shares(*names):
    """Whether these entries are shares."""
    return lambda result, given: (
        finite(result, given) and all(0 <= result[name] <= 1 for name in names)
    )


def within_k(result, arguments):
    """Return whether so many of k modes can be covered."""
    return 1 <= result["modes"] <= arguments["k"] and result["reverse_kl"] >= -1e-12


def of_metrics() -> Iterator[Call]:
    p, unit = np.eye(C)[LABELS], within(0, 1)
    pair = {"x": X, "known": KNOWN}
    yield Call(
        metrics.class_statistics, {"probabilities": p, "real": p[:4]}, shares("total_variation")
    )
    yield Call(
        metrics.confusion,
        {"predicted": LABELS, "labels": LABELS[::-1].copy(), "classes": C},
        lambda result, given: result.sum() == len(given["labels"]),
    )
    yield Call(metrics.PCA, {"x": X, "k": 2}, lambda pca, _: finite(pca.directions, _))
    pca = metrics.PCA(X, 2)
    yield Call(pca.encode, {"x": KNOWN}, a_row_for("x"))
    yield Call(pca.decode, {"code": CODES}, a_row_for("code"))
    yield Call(metrics.frechet_distance, {"a": X, "b": KNOWN}, within(-1e-6, np.inf))
    yield Call(metrics.psnr, {"x": IMAGES, "truth": IMAGES[::-1]}, within(0, 100))
    yield Call(metrics.ssim, {"x": IMAGES, "truth": IMAGES[::-1], "shape": (12, 12)}, within(-1, 1))
    colours = {"x": random(2, 432), "truth": random(2, 432, seed=1), "shape": (12, 12, 3)}
    yield Call(metrics.ssim, colours, within(-1, 1))
    yield Call(
        metrics.mode_statistics,
        {"samples": POINTS, "centres": POINTS[:3], "std": 0.5},
        shares("high_quality", "total_variation"),
    )
    yield Call(metrics.coverage_statistics, {"modes": LABELS, "k": C}, within_k)
    yield Call(
        mixtures.relative_spread, {"samples": POINTS, "modes": LABELS, "std": 0.5}, within(0, 1e9)
    )
    yield Call(
        metrics.neighbour_statistics,
        {"samples": X, "real": KNOWN, "k": 2},
        shares("precision", "recall", "coverage"),
    )
    yield Call(
        metrics.copy_statistics,
        {"samples": X, "held_out": X[:4], "train": KNOWN},
        shares("closer"),
    )
    yield Call(
        metrics.copied_share,
        {"samples": X, "held_out": X[:4], "train": KNOWN},
        lambda result, given: finite(result, given) and result["copied"] <= 1,
    )
    yield Call(
        metrics.neighbour_accuracy,
        {**pair, "labels": LABELS, "known_labels": np.arange(M) % C, "k": 2},
        unit,
    )
    yield Call(metrics.neighbour_distance, {**pair, "k": 2}, a_row_for("x"))
    yield Call(metrics.nearest_rows, pair, a_row_for("x"))
    yield from of_tables()
    alarms = {"scores": X[:, 0], "positive": LABELS > 0}
    yield Call(metrics.roc_curve, alarms, unit)
    yield Call(metrics.auroc, alarms, unit)


def of_tables() -> Iterator[Call]:
    unit, numbers = within(0, 1), {"real": X[:, 0], "made": KNOWN[:, 0]}
    codes, pairs = np.arange(M) % C, np.arange(2 * M).reshape(M, 2) % C
    yield Call(metrics.ks_complement, numbers, unit)
    yield Call(metrics.tv_complement, {"real": LABELS, "made": codes}, unit)
    yield Call(metrics.correlation_similarity, {"real": POINTS, "made": KNOWN[:, :2]}, unit)
    yield Call(metrics.contingency_similarity, {"real": pairs[:4], "made": pairs}, unit)
    yield Call(
        metrics.cut, {"values": X[:, 0], "real": KNOWN[:, 0], "bins": 3}, a_row_for("values")
    )
    yield Call(metrics.correlation, {"x": X[:, 0], "y": X[:, 1]}, within(-1, 1))
    yield Call(metrics.correlation_ratio, {"categories": LABELS, "values": X[:, 0]}, unit)
    yield Call(metrics.cramers_v, {"a": LABELS, "b": LABELS[::-1].copy()}, unit)


def of_data() -> Iterator[Call]:
    yield Call(
        data_sets.from_arrays,
        {"name": "d", "arrays": {"train": X}},
        lambda found, _: found.train.ndim == 2,
    )
    modes = {"modes": KNOWN, "std": 0.5, "shape": (2, 2, 1)}
    parts = {"train": X, "test": X[:4], "train_labels": LABELS, "test_labels": LABELS[:4]}
    yield Call(
        data_sets.Dataset,
        {"name": "d", **parts, **modes},
        lambda found, _: np.prod(found.shape) == found.train.shape[1],
    )
    yield Call(
        SET.only, {"label": 1}, lambda found, given: set(found.train_labels) == {given["label"]}
    )
    yield Call(SET.class_of, {"label": 1}, lambda found, given: found == given["label"])
    yield Call(SET.keep_back, {"share": 0.5}, lambda found, _: found is SET)
    yield Call(data_sets.is_table, {"name_or_path": "ring"}, lambda found, _: found is False)
    opened = {"table": "penguins", "least": 2}
    yield Call(rows.open_table, opened, anything)
    table = {"table": "penguins", "share": 0.5}
    yield Call(data_sets.load_table, table, lambda found, _: found.table is not None)
    yield Call(data_sets.split_class, {"name_or_path": "ring:3"}, anything)
    yield Call(data_sets.load_split, {"name_or_path": "ring", "share": 0.5}, anything)
    for load, name in ((data_sets.load, "name_or_path"), (data_sets.load_path, "path")):
        yield Call(load, {name: Path("nowhere"), "size": (4, 6), "fit": "pad"}, None)
    for load in (data_sets.read_idx, images.read_image, models.load):
        (name,) = inspect.signature(load).parameters
        yield Call(load, {name: Path("nowhere.npy")}, None)
    yield Call(
        batches.Batches,
        {"data": X, "batch_size": 2, "rng": generator(), "value_range": (0.0, 1.0)},
        lambda found, given: found.next().shape == (given["batch_size"], found.data.shape[1]),
    )
    yield Call(
        outlines.outlines, {"images": (255 * X).astype(np.uint8), "shape": (2, 2)}, within(0, 255)
    )
    yield Call(toys.grid_centres, {"side": 3, "spacing": 0.5}, finite)
    yield Call(toys.load_toy, {"name": "ring"}, anything)
    given = {"images": (255 * X).astype(np.uint8), "digits": LABELS, "n": 4, "rng": generator()}
    yield Call(stacked.stack, given, lambda result, given: len(result[0]) == given["n"])
    for sampler in toys.SAMPLERS.values():
        yield Call(
            sampler,
            {"n": 5, "rng": generator()},
            lambda result, given: finite(result, given) and result.shape == (given["n"], 2),
        )


def of_uses() -> Iterator[Call]:
    attacked = {"model": MODELS[Classifier](), "x": X, "labels": LABELS, "epsilon": 0.1}

    def in_the_box(result, given):
        return finite(result, given) and abs(result - given["x"]).max() <= 1.001 * given["epsilon"]

    yield Call(attacks.fgsm, attacked, in_the_box)
    yield Call(attacks.pgd, {**attacked, "steps": 2, "step": 0.1, "rng": generator()}, in_the_box)
    for score in anomaly.SCORES.values():
        kinds = get_args(score.kind) or (score.kind,)
        model = MODELS[GAN if score.kind is Model else kinds[0]]()
        rows = {"x": X, "train": MANY, "rng": generator()}
        yield Call(score, {"model": model, **rows, "shape": (2, 2)}, a_row_for("x"))
    yield Call(anomaly.directions, {"x": X, "shape": (2, 2)}, within(-1.001, 1.001))
    yield Call(anomaly.blurred, {"x": X, "shape": (2, 2)}, a_row_for("x"))
    asked = {"model": MODELS[GAN](), "shape": (2, 2)}
    yield Call(anomaly.scores_for, asked, lambda result, _: "critic" in result)
    lengths = {"steps": 2, "restarts": 2, "lr": 0.1, "prior": 0.01}
    yield Call(
        latent.search,
        {"decoder": net(K, D), "x": X, "rng": generator(), "known": np.ones(D), **lengths},
        a_row_for("x"),
    )
    for way in (latent.lerp, latent.slerp):
        yield Call(way, {"a": X[0], "b": X[1], "t": np.array([0.0, 0.5])}, a_row_for("t"))
    yield Call(features.features, {"images": random(2, 784)}, a_row_for("images"))
    yield Call(features.probabilities, {"images": random(2, 784)}, within(0, 1))
    yield Call(features.digits, {"images": random(2, 784)}, within(0, 9))
    yield Call(features.Reader, {"network": net(D, K, 2)}, anything)
    asked = {"dataset": SET, "n": 3, "rng": generator()}
    yield Call(sample_metrics.draw_samples, {"model": MODELS[ConditionalGAN](), **asked}, finite)
    yield Call(sample_metrics.SampleMetrics, {"model": MODELS[GAN](), **asked, "n": 8}, anything)
    ours = sample_metrics.SampleMetrics(MODELS[GAN](), SET, 8, generator())
    for measure in (ours.on_data_scale, ours.represent, ours.measure, ours.columns):
        holds = anything if measure == ours.represent else finite
        yield Call(measure, {"rows": MANY}, holds)
    asked = {"dataset": SET, "samples": 8, "rng": generator()}
    yield Call(evaluation.evaluate, {"model": MODELS[Classifier](), **asked}, shares("accuracy"))
    asked, model = {"dataset": TABLE, "n": 8, "rng": generator()}, MODELS[TableGAN]()
    model.rows(TABLE.train)  # which tells it how frequent its conditions are
    yield Call(
        table_report.report,
        {"model": model, **asked},
        lambda result, _: 0 <= result["pair_trends"] <= 1,
    )


def of_pictures() -> Iterator[Call]:
    path, images = {"path": Path("p.png")}, {"images": X, "shape": (2, 2)}
    history = History()
    history.append({"step": 1, "loss": 0.5})
    yield Call(plotting.as_text, {"words": "$a$"}, anything)
    yield Call(plotting.to_unit, {"x": X, "low": -1.0, "high": 2.0}, within(0, 1))
    yield Call(plotting.tile, {**images, "columns": 3}, within(0, 255))
    colours = {"images": random(N, 12), "shape": (2, 2, 3)}
    yield Call(plotting.tile, {**colours, "columns": 3}, within(0, 255))
    yield Call(plotting.save_animation, {**path, **colours, "scale": 2}, anything)
    yield Call(plotting.save_grid, {**path, **images, "columns": 3}, anything)
    yield Call(
        plotting.save_image,
        {**path, "image": images["images"][0], "shape": images["shape"]},
        anything,
    )
    rows = {"rows": {"a": X}, "shape": (2, 2), "notes": {"a": "abc"}}
    yield Call(plotting.save_rows, {**path, **rows}, anything)
    yield Call(plotting.save_animation, {**path, **images, "scale": 2}, anything)
    yield Call(plotting.save_points, {**path, "samples": POINTS, "real": POINTS}, anything)
    matrix = {"matrix": np.eye(3, dtype=int), "labels": [0, 5, 9]}
    yield Call(plotting.new_figure, {"width": 3.0, "height": 2.0}, anything)
    yield Call(plotting.save_figure, {**path, "figure": plotting.new_figure(3, 2)}, anything)
    yield Call(plotting.save_confusion, {**path, **matrix}, anything)
    named = {**matrix, "labels": ["cat", "dog", "emu"]}
    yield Call(plotting.save_confusion, {**path, **named}, anything)
    yield Call(plotting.save_curves, {**path, "history": history}, anything)
    tables = dict.fromkeys(("real", "made"), pa.table({"a": [1.5, None], "b": [1, 2]}))
    yield Call(plotting_tables.save_table, {**path, **tables, "categories": ["b"]}, anything)


def of_objectives() -> Iterator[Call]:
    for rule in (init.no_bias, *(r for pair in init.INITIALIZERS.values() for r in pair)):
        yield Call(rule, {"rng": generator(), "shape": (3, 2)}, finite)
    given = {"real_logits": LOGITS, "fake_logits": LOGITS, "real_label": 0.9, "fake_label": 0.1}
    for name, loss in inspect.getmembers(losses, inspect.isfunction):
        if name.endswith(("_discriminator", "_generator")):
            names = inspect.signature(loss).parameters
            yield Call(loss, {name: given[name] for name in names}, follows)
    for measure in (penalties.squared_norm, penalties.distance_from_one):
        yield Call(measure, {"g": X}, follows)
    for points, _ in penalties.PENALTIES.values():
        yield Call(points, {"real": X, "fake": X[::-1].copy(), "rng": generator()}, follows)
    yield Call(
        penalties.gradient_penalty,
        {
            "discriminator": net(D, 1),
            "x": X,
            "measure": penalties.squared_norm,
            "coefficient": 2.0,
        },
        within(0, np.inf),
    )
    yield Call(
        penalties.geometric,
        {"start": 0.1, "end": 0.01, "steps": 5},
        lambda coefficient, _: coefficient(3) > 0,
    )
    yield Call(
        penalties.scheduled, {"penalties": {"r1": {"start": 1, "end": 2}}, "steps": 5}, anything
    )
    yield Call(
        penalties.check_penalties, {"penalties": {"r1": 1.0}, "discriminator": net(D, 1)}, anything
    )
    yield Call(regularisers.l1, {"code": CODES}, follows)
    yield Call(regularisers.kl, {"logits": CODES}, follows)
    for loss in (losses.mse, losses.bce, losses.l1):
        named = {"logits" if loss is losses.bce else "x": CODES, "target": CODES[::-1]}
        yield Call(loss, named, follows)
    encoder = net(D, K)
    seen = {"encoder": encoder, "cache": encoder.forward(X)[1], "shape": (N, K), "weight": 0.5}
    yield Call(regularisers.contraction, seen, within(0, np.inf))


def networks_of(model):
    """Return the networks that a model's class is given, by the names of its arguments."""
    if isinstance(model, MultiGAN):
        return {"players": model.networks}
    return model.networks


def of_models() -> Iterator[Call]:
    """Yield the classes of models, with all their settings as they are by default."""
    for kind, make in MODELS.items():
        settings = {
            parameter.name: parameter.default
            for base in reversed(kind.__mro__)
            if issubclass(base, Model)
            for parameter in inspect.signature(base.__init__).parameters.values()
            if parameter.default not in (inspect.Parameter.empty, None)
        }
        known = {"classes": C, "widths": [1] * D}
        told = {n: known[n] for n in known.keys() & inspect.signature(kind).parameters.keys()}
        model = make()
        rules = {"optimizers": {name: SGD(0.1) for name in model.networks}}
        yield Call(kind, networks_of(model) | told | settings | rules, anything)


# what a training loop asks of a model, and what has no argument that could be wrong
ELSEWHERE = {
    "against", "astype", "batches", "beta_now", "coefficients", "equilibrium", "latent_for", "load_state",
    "load_weights", "losses", "not_recorded", "pattern", "state", "steps", "summary", "targets", "tie",
    "unrolled", "update", "updates", "weights", "zero_grads",
}  # fmt: skip
OF_STEPS = {
    "grads",
    "beta",
    "name",
    "epochs",
    "possible",
}  # arguments that are left at their defaults


def right(model: Any, method: str) -> dict[str, Any]:
    """Return right arguments of a model's method, by their names."""
    told = hasattr(model, "classes")
    joined = model.rows(X, LABELS if told else None)
    real, joined = joined, model._batch(joined)
    seen = joined if method == "discriminator_input" and isinstance(model, GAN) else X
    known = {
        "x": seen,
        "output": X,
        "fake": joined,
        "data": SET if method == "fit" and told else X,
        "real": real,
        **dict.fromkeys(("rows", "batch", "pairs"), joined),
        "source": X[:, :1],
        "labels": LABELS * (len(getattr(model, "widths", ())) == 0),
        "z": CODES,
        "n": 4,
        "label": 0 if isinstance(model, TableGAN) else 1,
        "rng": generator(),
        "samples": 2,
        "batch_size": 2,
        "steps": 1,
        "callbacks": [],
        "validation": X,
        "validation_labels": LABELS if told else None,
        "which": LABELS % 2,
        "path": Path("m.safetensors"),
    }
    names = inspect.signature(getattr(model, method)).parameters.keys() - OF_STEPS
    assert names <= known.keys(), f"{method}: what is a right {names - known.keys()}?"
    return {name: known[name] for name in names}


MADE = {
    "sample": lambda result, given: result.shape == (given["n"], D) and finite(result, given),
    "decode": a_row_for("z"),
    "encode": a_row_for("x"),
    "reconstruct": a_row_for("x"),
    "scaled": a_row_for("data"),
    "bound": a_row_for("data"),
    "accuracy": within(0, 1),
    "probabilities": within(0, 1),
    "predict": within(0, C - 1),
}


def of_methods() -> Iterator[Call]:
    """Yield every public method of every kind of model, once wherever it is inherited."""
    seen = set()
    for kind, make in MODELS.items():
        for name, function in inspect.getmembers(kind, inspect.isfunction):
            if not name.startswith("_") and name not in ELSEWHERE and function not in seen:
                seen.add(function)
                model = make()
                holds = MADE.get(name, anything if name in ("fit", "gradient_steps") else follows)
                yield Call(getattr(model, name), right(model, name), holds)


CALLS = [
    call
    for family in (
        of_metrics, of_data, of_uses, of_pictures, of_objectives, of_models, of_methods
    )
    for call in family()
]  # fmt: skip
