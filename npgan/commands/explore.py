"""Explore a latent space: what its directions change.

In the plane a grid of codes lies at the quantiles, along each axis, of the codes of test data or of the
noise (as Kingma and Welling 2014, fig. 4, have it for the normal distribution). In more dimensions each
row follows one direction, from three standard deviations below to three above: those in which the codes of
test data vary most, or the noise's first coordinates.
"""

import argparse
from typing import Any

import numpy as np

from npgan.commands.common import check_out, image_shape, out_argument, run_argument, seed_argument
from npgan.errors import count

SUMMARY = "draw what directions of the latent space change"
EXAMPLES = """
  npgan explore runs/vae --out directions.png
  npgan explore runs/gan-mnist --rows 12 --out directions.png
"""
REACH = 3.0
NOISE = 10_000  # draws whose quantiles a plane has


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    run_argument(parser)
    parser.add_argument("--rows", type=int, default=8, metavar="N", help="directions; default 8")
    parser.add_argument(
        "--steps", type=int, default=11, metavar="K", help="images a row; default 11"
    )
    seed_argument(parser)
    out_argument(parser)


def plane(codes: np.ndarray, steps: int) -> np.ndarray:
    """Return a grid of codes (steps², 2), row by row from the top, at the quantiles of codes (n, 2).

    >>> plane(np.array([[0.0, 10.0], [8.0, 30.0]]), 2)
    array([[ 2., 25.],
           [ 6., 25.],
           [ 2., 15.],
           [ 6., 15.]])
    """
    across, up = np.quantile(codes, (np.arange(steps) + 0.5) / steps, axis=0).T
    return np.array([[x, y] for y in reversed(up) for x in across])


def run(a: argparse.Namespace) -> dict[str, Any]:
    """Draw the grid or the rows, and return how much of test codes' variance each direction has."""
    from npgan import plotting, runs
    from npgan.metrics import PCA
    from npgan.models import GAN, NOT_OF_ONE_CODE, RECONSTRUCTORS
    from npgan.study.pictures import to_unit

    check_out(a.out)
    count("--rows", a.rows, 1, 100)
    count("--steps", a.steps, 2, 1000)
    model, config = runs.load_for(
        "explore", a.run_folder, GAN | RECONSTRUCTORS, but=NOT_OF_ONE_CODE
    )
    shape = image_shape("explore", config)

    def pictures(z: np.ndarray) -> np.ndarray:
        return to_unit(model, config, model.decode(z.astype(np.float32)))

    result: dict[str, Any] = {}
    if isinstance(model, GAN):
        codes = model.latent(NOISE, np.random.default_rng(a.seed))
        directions, deviations = np.eye(codes.shape[1]), np.ones(codes.shape[1])
        middles, names = codes[0] * (1 - directions), [f"z{i}" for i in range(len(directions))]
    else:
        codes = model.encode(runs.load_data(config, a.run_folder).held_out[0])
        pca = PCA(codes, codes.shape[1])
        directions, deviations = pca.directions.T, pca.encode(codes).std(axis=0)
        middles = np.broadcast_to(pca.mean, directions.shape)
        shares = np.square(deviations) / np.square(deviations).sum()
        names = [f"{i + 1}, {share:.0%} of the variance" for i, share in enumerate(shares)]
        result = {"share_of_variance": shares[: a.rows].tolist()}
    if directions.shape[1] == 2:
        plotting.save_grid(a.out, pictures(plane(codes, a.steps)), shape, a.steps)
    else:
        along = np.linspace(-REACH, REACH, a.steps)[:, None]
        rows = {
            names[i]: pictures(middles[i] + along * deviations[i] * directions[i])
            for i in range(min(a.rows, len(directions)))
        }
        plotting.save_rows(a.out, rows, shape)
    return result
