"""Defend a classifier: how often it is right when its images were changed to make it wrong.

The attacks are :mod:`npgan.attacks`. A defence is what the images pass through first: an autoencoder
(MagNet, Meng and Chen 2017), or a generator, by the image of its that is nearest (Defense-GAN,
Samangouei et al. 2018). The attacker does not know of it, which flatters it; a classifier that was
trained on attacked images is attacked itself.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from npgan.errors import InputError, count, not_negative
from npgan.uses.common import check_out, image_shape, out_argument, progress, seed_argument

SUMMARY = "attack a classifier, and say what a defence restores that the attack knows nothing of"
EXAMPLES = """
  npgan defend runs/classifier --out attacked.png
  npgan defend runs/classifier --through runs/denoiser --through runs/gan-mnist --out attacked.png
  npgan defend runs/classifier --beside runs/classifier-robust --curve accuracy.png --out attacked.png
"""
SHOWN = 12


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--epsilon",
        type=float,
        nargs="+",
        default=[0.05, 0.1, 0.2, 0.3],
        metavar="E",
        help="the most that a pixel may change, of [0, 1]; default .05 .1 .2 .3",
    )
    parser.add_argument("--images", type=int, default=500, metavar="N", help="default 500")
    parser.add_argument(
        "--steps", type=int, default=20, metavar="K", help="of the attack; default 20"
    )
    parser.add_argument(
        "--through",
        type=Path,
        action="append",
        default=[],
        metavar="RUN",
        help="a run that images pass through first",
    )
    parser.add_argument("--beside", type=Path, metavar="RUN", help="another classifier's run")
    parser.add_argument("--curve", type=Path, metavar="FILE.png", help="draw accuracy over epsilon")
    seed_argument(parser)
    out_argument(parser)


def defence(folder: Path, rng: np.random.Generator) -> Callable[[np.ndarray], np.ndarray]:
    """Return what images (n, d) become on their way through a run."""
    from npgan import runs
    from npgan.latent import search
    from npgan.models import GAN, RECONSTRUCTORS, ConditionalGAN
    from npgan.models.model import in_chunks

    model, _ = runs.load_for("defend --through", folder, GAN | RECONSTRUCTORS, but=ConditionalGAN)
    if not isinstance(model, GAN):
        return model.reconstruct
    generator = model.average or model.generator

    def project(x: np.ndarray) -> np.ndarray:
        z = search(generator, x, rng, prior=0.0, progress=progress(f"through {folder.name}"))
        return in_chunks(generator, z)

    return project


def run(a: argparse.Namespace) -> dict[str, Any]:
    """Draw attacked images, and return the accuracy for each epsilon and each defence."""
    from npgan import data, runs
    from npgan.attacks import fgsm, pgd
    from npgan.metrics import auroc
    from npgan.models import Classifier

    check_out(a.out)
    if a.curve:
        check_out(a.curve, option="--curve")
    count("--images", a.images, 1)
    count("--steps", a.steps, 1)
    epsilons = sorted({not_negative("--epsilon", epsilon) for epsilon in a.epsilon})
    model, config = runs.load_for("defend", a.run_folder, Classifier)
    shape = image_shape("defend", config)
    ways = {f"through {f}": defence(f, np.random.default_rng(a.seed)) for f in a.through}
    rows, labels = data.load(config.data).held_out
    if labels is None:
        raise InputError(f"{config.data} has no labels to be right about")
    x, labels = model.scaled(rows[: a.images]), labels[: a.images]
    classifiers = {"pgd": model}
    if a.beside:
        classifiers[f"pgd, {a.beside.name}"] = runs.load_for("defend", a.beside, Classifier)[0]
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
        measured = {name: classifiers[name].accuracy(attacks[name], labels) for name in classifiers}
        measured["fgsm"] = model.accuracy(fgsm(model, x, labels, epsilon), labels)
        attacked, strange = attacks["pgd"], np.repeat([False, True], len(x))
        restored = {name: way(attacked) for name, way in ways.items()}
        for name, images in restored.items():
            measured[name] = model.accuracy(images, labels)
            errors = np.square(np.concatenate([x - back[name], attacked - images])).sum(axis=1)
            measured[f"{name}: auroc of detection"] = auroc(errors, strange)
        result[str(epsilon)] = measured
    draw(
        a.out,
        model,
        {
            "clean": x,
            "change": 0.5 + attacked - x,
            f"attacked, ε {epsilon:g}": attacked,
            **restored,
        },
        shape,
    )
    if a.curve:
        draw_curve(a.curve, result)
    return result


def draw(path: Path, model: Any, rows: dict[str, np.ndarray], shape: tuple[int, int]) -> None:
    """Save some images, the class that each is taken for in its corner."""
    from npgan import plotting

    some = {name: images[:SHOWN] for name, images in rows.items()}
    notes = {name: model.predict(images) for name, images in some.items() if name != "change"}
    plotting.save_rows(path, some, shape, notes)


def draw_curve(path: Path, result: dict[str, dict[str, float]]) -> None:
    """Save accuracy against epsilon, a line for each way."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 5), layout="constrained")
    axes = figure.subplots()
    for name in result["0"]:
        axes.plot(
            list(map(float, result)), [row[name] for row in result.values()], ".-", label=name
        )
    axes.set(xlabel="the most that a pixel changes, ε", ylabel="accuracy", ylim=(0, 1.02))
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2)
    figure.savefig(path, format="png", dpi=100)
