"""Defend a classifier: how often it is right when its images were changed to make it wrong.

The attacks are :mod:`npgan.study.attacks`. A defence is what the images pass through first: an autoencoder
(MagNet, Meng and Chen 2017), or a generator, by the image of its that is nearest (Defense-GAN,
Samangouei et al. 2018); beside them pixels are rounded to black and white, without a model. The attacker
does not know of it, which flatters it; an autoencoder is also attacked together with the classifier, and
a classifier that was trained on attacked images is attacked itself.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from npgan.commands.common import (
    check_out,
    image_shape,
    out_argument,
    path,
    progress,
    run_argument,
    seed_argument,
    test_part,
)
from npgan.errors import InputError, count, positive

SUMMARY = "attack a classifier, and say what a defence restores that the attack knows nothing of"
EXAMPLES = """
  npgan defend runs/classifier --out attacked.png
  npgan defend runs/classifier --through runs/denoiser --through runs/gan-mnist --out attacked.png
  npgan defend runs/classifier --beside runs/classifier-robust --curve accuracy.png --out attacked.png
"""
SHOWN = 12
NAMES = {"pgd": "PGD, undefended", "fgsm": "FGSM, undefended"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    run_argument(parser)
    parser.add_argument(
        "--epsilon",
        type=float,
        nargs="+",
        default=[0.05, 0.1, 0.2, 0.3],
        metavar="E",
        help="the most that a pixel may change, of [0, 1]; default .05 .1 .2 .3",
    )
    parser.add_argument(
        "--images", type=int, default=500, metavar="N", help="the first N test images; default 500"
    )
    parser.add_argument(
        "--steps", type=int, default=20, metavar="K", help="of the attack; default 20"
    )
    parser.add_argument(
        "--through",
        type=path,
        action="append",
        default=[],
        metavar="RUN",
        help="a run that images pass through first",
    )
    parser.add_argument("--beside", type=path, metavar="RUN", help="another classifier's run")
    parser.add_argument("--curve", type=path, metavar="FILE.png", help="draw accuracy over epsilon")
    seed_argument(parser)
    out_argument(parser)


def companion(option: str, folder: Path, model: Any, kinds: Any, but: Any = ()) -> Any:
    """Return the model of a run that sees the images of ``model``, or refuse it."""
    from npgan import runs

    other, config = runs.load_for(f"defend {option}", folder, kinds, but=but)
    if other.features != model.features:
        raise InputError(
            f"{option} {folder}: its rows of {config.data} have {other.features} numbers, the "
            f"classifier's images {model.features}"
        )
    return other


def moved(x: np.ndarray, here: tuple[float, float], there: tuple[float, float]) -> np.ndarray:
    """Return values of one range in another.

    >>> moved(np.array([0.0, 0.5, 1.0]), (0, 1), (-1, 1))
    array([-1.,  0.,  1.])
    """
    return (x - here[0]) * ((there[1] - there[0]) / (here[1] - here[0])) + there[0]


def defence(
    folder: Path, other: Any, classifier: Any, rng: np.random.Generator
) -> Callable[[np.ndarray], np.ndarray]:
    """Return what a classifier's images (n, d) become on their way through a run's model."""
    from npgan.models import GAN
    from npgan.models.model import in_chunks
    from npgan.study.latent import search

    ranges = classifier.value_range, other.value_range

    def nearest(x: np.ndarray) -> np.ndarray:
        generator = other.average or other.generator
        z = search(generator, x, rng, prior=0.0, progress=progress(f"through {folder.name}"))
        return in_chunks(generator, z)

    way = nearest if isinstance(other, GAN) else other.reconstruct
    return lambda x: moved(way(moved(x, *ranges)), *ranges[::-1])


def rounded(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return each pixel's nearer end of the range: one bit of it (feature squeezing, Xu et al. 2018)."""
    return np.where(x >= (low + high) / 2, high, low).astype(x.dtype)


def sides(a: argparse.Namespace, model: Any) -> tuple[dict[str, Any], dict[str, Callable]]:
    """Return the classifiers that are attacked, and what images pass through that attack the first.

    An autoencoder and the classifier behind it are one network, which can be attacked itself.
    """
    from npgan.layers import Sequential
    from npgan.models import GAN, NOT_OF_ONE_CODE, RECONSTRUCTORS, Autoencoder, Classifier

    classifiers = {"pgd": model}
    ways: dict[str, Callable] = {"rounded": lambda x: rounded(x, *model.value_range)}
    for folder in a.through:
        kinds = GAN | RECONSTRUCTORS
        other = companion("--through", folder, model, kinds, but=NOT_OF_ONE_CODE)
        rng = np.random.default_rng(a.seed)
        ways[f"through {folder}"] = defence(folder, other, model, rng)
        if isinstance(other, Autoencoder) and other.value_range == model.value_range:
            networks = other.encoder, other.decoder, model.classifier
            whole = Sequential(*(layer for network in networks for layer in network))
            classifiers[f"pgd that knows {folder}"] = Classifier(whole)
    if a.beside:
        beside = companion("--beside", a.beside, model, Classifier)
        if beside.classes != model.classes:
            raise InputError(
                f"--beside {a.beside} knows {beside.classes} classes, {a.run_folder} {model.classes}"
            )
        classifiers[f"pgd on {a.beside}"] = beside
    return classifiers, ways


def run(a: argparse.Namespace) -> dict[str, Any]:
    """Draw attacked images, and return the accuracy for each epsilon and each defence."""
    from npgan import plotting, runs
    from npgan.metrics import auroc
    from npgan.models import Classifier
    from npgan.study.attacks import fgsm, pgd
    from npgan.study.pictures import to_unit

    check_out(a.out)
    if a.curve:
        check_out(a.curve, option="--curve")
    if a.curve == a.out:
        raise InputError(f"--curve and --out are both {a.out}: one picture would be lost")
    count("--images", a.images, 1)
    count("--steps", a.steps, 1, 10_000)
    epsilons = sorted({positive("--epsilon", epsilon) for epsilon in a.epsilon})
    model, config = runs.load_for("defend", a.run_folder, Classifier)
    shape = image_shape("defend", config)
    classifiers, ways = sides(a, model)
    dataset = runs.load_data(config, a.run_folder)
    rows, labels = test_part(dataset)
    if labels is None:
        raise InputError(f"{config.data} has no labels to be right about")
    x, labels = model.scaled(rows[: a.images]), labels[: a.images]
    if epsilons[-1] > np.ptp(x):
        raise InputError(f"--epsilon {epsilons[-1]:g}: pixels differ by {np.ptp(x):g} at most")
    back = {name: way(x) for name, way in ways.items()}
    clean = {name: net.accuracy(x, labels) for name, net in classifiers.items()}
    clean |= {"fgsm": clean["pgd"]} | {n: model.accuracy(b, labels) for n, b in back.items()}
    result: dict[str, Any] = {"0": clean}
    for epsilon in epsilons:
        rng = np.random.default_rng(a.seed)
        attacks = {
            name: pgd(net, x, labels, epsilon, steps=a.steps, rng=rng)
            for name, net in classifiers.items()
        }
        measured = {n: net.accuracy(attacks[n], labels) for n, net in classifiers.items()}
        measured["fgsm"] = model.accuracy(fgsm(model, x, labels, epsilon), labels)
        attacked, strange = attacks["pgd"], np.repeat([False, True], len(x))
        restored = {name: way(attacked) for name, way in ways.items()}
        for name, images in restored.items():
            measured[name] = model.accuracy(images, labels)
            errors = np.square(np.concatenate([x - back[name], attacked - images])).sum(axis=1)
            measured[f"{name}: auroc of detection"] = auroc(errors, strange)
        result[str(epsilon)] = measured
    grey = sum(model.value_range) / 2
    drawn = {"clean": x, "change": grey + attacked - x, f"attacked, ε {epsilon:g}": attacked}
    shown = {name: images[:SHOWN] for name, images in (drawn | restored).items()}
    taken_for = {
        name: dataset.given(model.predict(x)).tolist()
        for name, x in shown.items()
        if name != "change"
    }
    pictures = {name: to_unit(model, config, images) for name, images in shown.items()}
    plotting.save_rows(a.out, pictures, shape, taken_for)
    if a.curve:
        draw_curve(a.curve, result)
    return result


def draw_curve(path: Path, result: dict[str, dict[str, float]]) -> None:
    """Save accuracy against epsilon, a line for each way."""
    from matplotlib.figure import Figure

    from npgan.plotting import as_text

    figure = Figure(figsize=(6.4, 5), layout="constrained")
    axes = figure.subplots()
    for name in result["0"]:
        axes.plot(
            list(map(float, result)),
            [row[name] for row in result.values()],
            ".-",
            label=as_text(NAMES.get(name, name)),
        )
    axes.set(xlabel="the most that a pixel changes, ε", ylabel="accuracy", ylim=(0, 1.02))
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2)
    figure.savefig(path, format="png", dpi=100)
