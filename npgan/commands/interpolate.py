"""Interpolate: the images on the way from one to another through the latent space.

A straight way and one along the sphere (:func:`npgan.study.latent.slerp`), each between the same ends: codes of
test images where there is an encoder, else points of the noise. How long the codes half-way are, beside
those at the ends, says how far the straight way leaves what the decoder was trained on.
"""

import argparse
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from npgan.commands.common import check_out, image_shape, path, run_argument, seed_argument
from npgan.errors import count

SUMMARY = "draw the way from one image to another through the latent space"
EXAMPLES = """
  npgan interpolate runs/gan-mnist --out ways.png
  npgan interpolate runs/vae --pairs 3 --out ways.png
  npgan interpolate runs/gan-mnist --pairs 8 --out loop.gif     a loop through 8 images
"""
MIDPOINTS = 2000


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    run_argument(parser)
    parser.add_argument("--pairs", type=int, default=4, metavar="N", help="ways to draw; default 4")
    parser.add_argument(
        "--steps", type=int, default=12, metavar="K", help="images a way; default 12"
    )
    seed_argument(parser)
    parser.add_argument("--out", type=path, required=True, metavar="FILE.png|FILE.gif")


def ends(model: Any, config: Any, folder: Path, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return n codes: of a run's test images, or of the noise where there is no encoder."""
    from npgan import runs
    from npgan.models import GAN

    if isinstance(model, GAN):
        return model.latent(n, rng)
    rows = runs.load_data(config, folder).held_out[0]
    return model.encode(rows[rng.choice(len(rows), n, replace=n > len(rows))])


def run(a: argparse.Namespace) -> dict[str, Any]:
    """Draw the ways, or a loop as an animation, and return how long codes are half-way."""
    from npgan import plotting, runs
    from npgan.metrics import frechet_distance
    from npgan.models import GAN, NOT_OF_ONE_CODE, RECONSTRUCTORS
    from npgan.study.features import PIXELS, features
    from npgan.study.latent import lerp, slerp
    from npgan.study.pictures import to_unit

    check_out(a.out, ".png", ".gif")
    count("--pairs", a.pairs, 2 if a.out.suffix == ".gif" else 1, 100)
    count("--steps", a.steps, 2, 1000)
    model, config = runs.load_for(
        "interpolate", a.run_folder, GAN | RECONSTRUCTORS, but=NOT_OF_ONE_CODE
    )
    shape, rng = image_shape("interpolate", config), np.random.default_rng(a.seed)

    def pictures(z: np.ndarray) -> np.ndarray:
        return to_unit(model, config, model.decode(z.astype(np.float32)))

    drawn = ends(model, config, a.run_folder, 3 * MIDPOINTS, rng).astype(np.float64)
    ways = {"straight": lerp}
    if drawn.shape[1] > 1:  # a line's sphere is two points
        ways["sphere"] = slerp
    many, others = drawn[: 2 * MIDPOINTS], drawn[2 * MIDPOINTS :]
    if a.out.suffix == ".gif":
        stops = many[np.arange(a.pairs + 1) % a.pairs]
        t = np.arange(a.steps) / a.steps
        way = ways.get("sphere", lerp)
        loop = [way(b, c, t) for b, c in pairwise(stops)]
        plotting.save_animation(a.out, pictures(np.concatenate(loop)), shape)
    else:
        t = np.linspace(0, 1, a.steps)
        rows = {
            f"{i + 1}, {name}": pictures(way(many[2 * i], many[2 * i + 1], t))
            for i in range(a.pairs)
            for name, way in ways.items()
        }
        plotting.save_rows(a.out, rows, shape)
    both = list(zip(many[::2], many[1::2], strict=True))
    codes = {"ends": many[:MIDPOINTS]} | {
        name: np.concatenate([way(b, c, np.array([0.5])) for b, c in both])
        for name, way in ways.items()
    }
    result = {
        name: {"mean_length": float(np.linalg.norm(z, axis=1).mean())} for name, z in codes.items()
    }
    if model.features == PIXELS:
        real = features(pictures(others))
        for name, z in codes.items():
            found = features(pictures(z))
            result[name]["frechet_distance_from_other_ends"] = frechet_distance(found, real)
    return result
