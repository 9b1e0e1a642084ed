"""Explore a latent space: draw what its directions change.

A two-dimensional latent space is drawn as a grid, whose codes are at the quantiles of the test data's codes,
or of the noise, along each axis (Kingma and Welling 2014, fig. 4, do so for the normal distribution). In more
dimensions each row of images follows one direction, from three standard deviations below the mean to three
above: a direction in which the test data's codes vary most, or a coordinate of the noise.
"""

import argparse
from typing import Any

import numpy as np

from npgan.commands import common

SUMMARY = "draw what directions of the latent space change"
EXAMPLES = """
  npgan explore runs/vae --out directions.png
  npgan explore runs/gan-conv --rows 12 --out directions.png
"""
REACH = 3.0
NOISE = 10_000  # draws, for the quantiles of a grid
OPTIONS = (
    common.RUN,
    common.whole("--rows", 8, "directions", 1, 100),
    common.whole("--steps", 11, "images a row", 2, 1000),
    common.SEED,
    common.out(),
)


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
    """Draw the grid or the rows, and return each direction's share of the variance of test codes."""
    from npgan import plotting
    from npgan.metrics import PCA
    from npgan.models import GAN, NOT_OF_ONE_CODE, RECONSTRUCTORS

    trained = common.Trained("explore", a.run_folder, GAN | RECONSTRUCTORS, but=NOT_OF_ONE_CODE)
    model, shape = trained.model, trained.shape
    result: dict[str, Any] = {}
    if isinstance(model, GAN):
        codes = model.latent(NOISE, np.random.default_rng(a.seed))
        directions, deviations = np.eye(codes.shape[1]), np.ones(codes.shape[1])
        centres, names = codes[0] * (1 - directions), [f"z{i}" for i in range(len(directions))]
    else:
        codes = model.encode(trained.dataset.held_out[0])
        pca = PCA(codes, codes.shape[1])
        directions, deviations = pca.directions.T, pca.encode(codes).std(axis=0)
        centres = np.broadcast_to(pca.mean, directions.shape)
        shares = np.square(deviations) / np.square(deviations).sum()
        names = [f"{i + 1}, {share:.0%} of the variance" for i, share in enumerate(shares)]
        result = {"share_of_variance": shares[: a.rows].tolist()}
    if directions.shape[1] == 2:
        plotting.save_grid(a.out, trained.decode(plane(codes, a.steps)), shape, a.steps)
    else:
        t = np.linspace(-REACH, REACH, a.steps)[:, None]
        rows = {
            names[i]: trained.decode(centres[i] + t * deviations[i] * directions[i])
            for i in range(min(a.rows, len(directions)))
        }
        plotting.save_rows(a.out, rows, shape)
    return result
