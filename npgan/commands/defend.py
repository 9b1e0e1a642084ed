"""Defend a classifier: measure its accuracy on adversarial examples, and what defences restore.

The attacks are those of :mod:`npgan.study.attacks`. A defence maps images before the classifier sees them: to
their reconstruction by an autoencoder (MagNet, Meng and Chen 2017), to the nearest image that a generator can
make (Defense-GAN, Samangouei et al. 2018) or, without a model, to black and white. The attacker does not know of
these defences, which makes them look better than they are. So an autoencoder is also attacked together with the
classifier, as one network, and a classifier that was trained on adversarial examples is attacked directly.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from npgan.commands import common
from npgan.errors import InputError, positive

SUMMARY = "attack a classifier, and measure what defences restore"
EXAMPLES = """
  npgan defend runs/classifier --out attacked.png
  npgan defend runs/classifier --through runs/denoiser --through runs/gan-conv --out attacked.png
  npgan defend runs/classifier --beside runs/classifier-robust --curve accuracy.png --out attacked.png
"""
NAMES = {"pgd": "PGD, undefended", "fgsm": "FGSM, undefended"}
OPTIONS = (
    common.RUN,
    common.option(
        "--epsilon",
        type=common.number(float, positive),
        nargs="+",
        default=[0.05, 0.1, 0.2, 0.3],
        metavar="E",
        help="the most that a pixel may change, of [0, 1]; default .05 .1 .2 .3",
    ),
    common.whole("--images", 500, "the first N test images"),
    common.whole("--steps", 20, "of the attack", 1, 10_000),
    common.option(
        "--through",
        action="append",
        default=[],
        type=common.path,
        metavar="RUN",
        help="a run whose model is the defence; may be repeated",
    ),
    common.option("--beside", type=common.path, metavar="RUN", help="another classifier's run"),
    common.option(
        "--curve",
        type=common.picture(".png"),
        metavar="FILE.png",
        help="draw accuracy over epsilon",
    ),
    common.SEED,
    common.out(),
)


def other_model(option: str, folder: Path, model: Any, kinds: Any, but: Any = ()) -> Any:
    """Return the model of another run, which must take images of the size that ``model`` takes."""
    other = common.Trained(f"defend {option}", folder, kinds, but=but)
    if other.model.features != model.features:
        raise InputError(
            f"{option} {folder}: its rows of {other.config.data} have {other.model.features} numbers, "
            f"the classifier's images {model.features}"
        )
    return other.model


def rescale(x: np.ndarray, here: tuple[float, float], there: tuple[float, float]) -> np.ndarray:
    """Map values linearly from one range to another.

    >>> rescale(np.array([0.0, 0.5, 1.0]), (0, 1), (-1, 1))
    array([-1.,  0.,  1.])
    """
    return (x - here[0]) * ((there[1] - there[0]) / (here[1] - here[0])) + there[0]


def defence(
    folder: Path, other: Any, classifier: Any, rng: np.random.Generator
) -> Callable[[np.ndarray], np.ndarray]:
    """Return the defence by a run's model: a function of the classifier's images (n, d)."""
    from npgan.models import GAN
    from npgan.models.checks import in_chunks
    from npgan.study.latent import search

    ranges = classifier.value_range, other.value_range

    def nearest(x: np.ndarray) -> np.ndarray:
        generator = other.average or other.generator
        z = search(generator, x, rng, prior=0.0, progress=common.progress(f"through {folder.name}"))
        return in_chunks(generator, z)

    purify = nearest if isinstance(other, GAN) else other.reconstruct
    return lambda x: rescale(purify(rescale(x, *ranges)), *ranges[::-1])


def rounded(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """Round each pixel to the nearer end of the range: one bit each (feature squeezing, Xu et al. 2018)."""
    return np.where(x >= (low + high) / 2, high, low).astype(x.dtype)


def contestants(a: argparse.Namespace, model: Any) -> tuple[dict[str, Any], dict[str, Callable]]:
    """Return the classifiers to attack, by name, and the defences of the first one, by name.

    An autoencoder followed by the classifier is one network, which can be attacked as well.
    """
    from npgan.layers import Sequential
    from npgan.models import GAN, NOT_OF_ONE_CODE, RECONSTRUCTORS, Autoencoder, Classifier

    classifiers = {"pgd": model}
    defences: dict[str, Callable] = {"rounded": lambda x: rounded(x, *model.value_range)}
    for folder in a.through:
        kinds = GAN | RECONSTRUCTORS
        other = other_model("--through", folder, model, kinds, but=NOT_OF_ONE_CODE)
        rng = np.random.default_rng(a.seed)
        defences[f"through {folder}"] = defence(folder, other, model, rng)
        if isinstance(other, Autoencoder) and other.value_range == model.value_range:
            networks = other.encoder, other.decoder, model.classifier
            whole = Sequential(*(layer for network in networks for layer in network))
            classifiers[f"pgd that knows {folder}"] = Classifier(whole)
    if a.beside:
        beside = other_model("--beside", a.beside, model, Classifier)
        if beside.classes != model.classes:
            raise InputError(
                f"--beside {a.beside} knows {beside.classes} classes, {a.run_folder} {model.classes}"
            )
        classifiers[f"pgd on {a.beside}"] = beside
    return classifiers, defences


def run(a: argparse.Namespace) -> dict[str, Any]:
    """Draw attacked images, and return the accuracy for each epsilon and each defence."""
    from npgan.metrics import auroc
    from npgan.models import Classifier
    from npgan.study.attacks import fgsm, pgd

    if a.curve == a.out:
        raise InputError(f"--curve and --out are both {a.out}: one picture would be lost")
    epsilons = sorted(set(a.epsilon))
    trained = common.Trained("defend", a.run_folder, Classifier)
    model, shape = trained.model, trained.shape
    classifiers, defences = contestants(a, model)
    x, labels = trained.test(a.images)
    if labels is None:
        raise InputError(f"{trained.config.data} has no labels to score against")
    if epsilons[-1] > np.ptp(x):
        raise InputError(f"--epsilon {epsilons[-1]:g}: pixels differ by {np.ptp(x):g} at most")
    purified = {name: purify(x) for name, purify in defences.items()}
    clean = {name: net.accuracy(x, labels) for name, net in classifiers.items()}
    clean["fgsm"] = clean["pgd"]
    clean |= {name: model.accuracy(images, labels) for name, images in purified.items()}
    result: dict[str, Any] = {"0": clean}
    for epsilon in epsilons:
        rng = np.random.default_rng(a.seed)
        attacks = {
            name: pgd(net, x, labels, epsilon, steps=a.steps, rng=rng)
            for name, net in classifiers.items()
        }
        measured = {n: net.accuracy(attacks[n], labels) for n, net in classifiers.items()}
        measured["fgsm"] = model.accuracy(fgsm(model, x, labels, epsilon), labels)
        attacked, is_attacked = attacks["pgd"], np.repeat([False, True], len(x))
        restored = {name: purify(attacked) for name, purify in defences.items()}
        for name, images in restored.items():
            measured[name] = model.accuracy(images, labels)
            changes = np.square(np.concatenate([x - purified[name], attacked - images])).sum(axis=1)
            measured[f"{name}: auroc of detection"] = auroc(changes, is_attacked)
        result[str(epsilon)] = measured
    grey = sum(model.value_range) / 2
    rows = {"clean": x, "change": grey + attacked - x, f"attacked, ε {epsilon:g}": attacked}
    rows = {name: images[: common.COLUMNS] for name, images in (rows | restored).items()}
    predicted = {
        name: trained.dataset.given(model.predict(images)).tolist()
        for name, images in rows.items()
        if name != "change"
    }
    common.draw_rows(
        a.out, {name: trained.unit(images) for name, images in rows.items()}, shape, predicted
    )
    if a.curve:
        draw_curve(a.curve, result)
    return result


def draw_curve(path: Path, result: dict[str, dict[str, float]]) -> None:
    """Save accuracy against epsilon as a PNG, a line for each attack and each defence."""
    from npgan.plotting import as_text, new_figure, save_figure

    figure = new_figure(6.4, 5)
    axes = figure.subplots()
    epsilons = list(map(float, result))
    for name in result["0"]:
        accuracies = [row[name] for row in result.values()]
        axes.plot(epsilons, accuracies, ".-", label=as_text(NAMES.get(name, name)))
    axes.set(xlabel="largest change of a pixel, ε", ylabel="accuracy", ylim=(0, 1.02))
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2)
    save_figure(path, figure)
