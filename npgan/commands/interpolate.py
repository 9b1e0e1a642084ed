"""Interpolate: draw the images along a path from one code to another through the latent space.

There are two paths between the same ends, a straight one and one along the sphere
(:func:`npgan.study.latent.slerp`). The ends are codes of test images or, for a GAN, draws of the noise. The length
of the codes half-way, compared with that at the ends, says how far the straight path strays from the codes
that the decoder was trained on.
"""

import argparse
from itertools import pairwise
from typing import Any

import numpy as np

from npgan.commands import common
from npgan.errors import count

SUMMARY = "draw paths from one image to another through the latent space"
EXAMPLES = """
  npgan interpolate runs/gan-conv --out ways.png
  npgan interpolate runs/vae --pairs 3 --out ways.png
  npgan interpolate runs/gan-conv --pairs 8 --out loop.gif      a loop through 8 images
"""
MIDPOINTS = 2000
OPTIONS = (
    common.RUN,
    common.whole("--pairs", 4, "pairs of ends, or images of a loop", 1, 100),
    common.whole("--steps", 12, "images a path", 2, 1000),
    common.SEED,
    common.out("paths as rows, or a loop as an animation", endings=(".png", ".gif")),
)


def codes_of(trained: common.Trained, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return n codes: draws of a GAN's noise, or the codes of a run's test images."""
    from npgan.models import GAN

    if isinstance(trained.model, GAN):
        return trained.model.latent(n, rng)
    rows = trained.dataset.held_out[0]
    return trained.model.encode(rows[rng.choice(len(rows), n, replace=n > len(rows))])


def run(a: argparse.Namespace) -> dict[str, Any]:
    """Draw the paths, or a loop as an animation, and return how long the codes half-way are."""
    from npgan import plotting
    from npgan.metrics import frechet_distance
    from npgan.models import GAN, NOT_OF_ONE_CODE, RECONSTRUCTORS
    from npgan.study.features import PIXELS, features
    from npgan.study.latent import lerp, slerp

    is_loop = a.out.suffix == ".gif"
    count("--pairs", a.pairs, 2 if is_loop else 1)
    trained = common.Trained("interpolate", a.run_folder, GAN | RECONSTRUCTORS, but=NOT_OF_ONE_CODE)
    shape, rng = trained.shape, np.random.default_rng(a.seed)
    codes = codes_of(trained, 3 * MIDPOINTS, rng).astype(np.float64)
    ends, others = codes[: 2 * MIDPOINTS], codes[2 * MIDPOINTS :]
    paths = {"straight": lerp}
    if codes.shape[1] > 1:  # a sphere in one dimension is two points
        paths["sphere"] = slerp
    if is_loop:
        stops = ends[np.arange(a.pairs + 1) % a.pairs]
        t, path = np.arange(a.steps) / a.steps, paths.get("sphere", lerp)
        loop = [path(start, end, t) for start, end in pairwise(stops)]
        plotting.save_animation(a.out, trained.decode(np.concatenate(loop)), shape)
    else:
        t = np.linspace(0, 1, a.steps)
        rows = {
            f"{i + 1}, {name}": trained.decode(path(ends[2 * i], ends[2 * i + 1], t))
            for i in range(a.pairs)
            for name, path in paths.items()
        }
        plotting.save_rows(a.out, rows, shape)
    measured, half = {"ends": ends[:MIDPOINTS]}, np.array([0.5])
    for name, path in paths.items():
        pairs = zip(ends[::2], ends[1::2], strict=True)
        measured[name] = np.concatenate([path(start, end, half) for start, end in pairs])
    result = {
        name: {"mean_length": float(np.linalg.norm(z, axis=1).mean())}
        for name, z in measured.items()
    }
    if trained.model.features == PIXELS:
        real = features(trained.decode(others))
        for name, z in measured.items():
            distance = frechet_distance(features(trained.decode(z)), real)
            result[name]["frechet_distance_from_other_ends"] = distance
    return result
