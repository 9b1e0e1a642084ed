"""Generate samples from a run, as a picture or as an array."""

import argparse
import io

import numpy as np

from npgan.commands import common
from npgan.errors import InputError, count, positive

SUMMARY = "generate samples from a run"
EXAMPLES = """
  npgan sample runs/gan-mnist -n 100 --out digits.png
  npgan sample runs/gan-mnist -n 10000 --seed 7 --out digits.npy   float32 (n, 784) in [0, 1]
  npgan sample runs/gan-mnist --spread 0.7 --out clean.png
  npgan sample runs/cgan-mnist --label 7 --out sevens.png
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    common.run_argument(parser)
    common.count_argument(parser, "-n", 64, "how many")
    common.seed_argument(parser)
    spread, what = (
        common.number(float, positive),
        "of a GAN's z: less is likelier, more is more varied",
    )
    parser.add_argument("--spread", type=spread, metavar="S", help=what)
    what = "of this class; by default all take turns, from 0 on"
    parser.add_argument("--label", type=int, metavar="C", help=what)
    common.out_argument(parser, "a picture or an array", endings=(".png", ".npy"))


def run(a: argparse.Namespace) -> None:
    """Generate and save."""
    from npgan import disk, plotting, runs
    from npgan.models import CONDITIONAL, GAN, GENERATORS
    from npgan.study import pictures

    model, config = runs.load_for("sample", a.run_folder, GENERATORS)
    if a.spread is not None:
        if not isinstance(model, GAN):
            raise InputError(f"{a.run_folder} is a run of {config.model}, no GAN: no --spread")
        model.spread = a.spread
    count("-n", a.n, most=common.LARGEST // model.features)
    if a.out.suffix == ".png" and not pictures.drawable(model, config):
        raise InputError(f"samples of {model.features} features are no picture: use --out FILE.npy")
    columns = int(np.ceil(np.sqrt(a.n)))
    if a.label is not None:
        if not isinstance(model, CONDITIONAL):
            raise InputError(
                f"{a.run_folder} is a run of {config.model}, without classes: no --label"
            )
        samples = model.sample(a.n, rng=a.seed, label=config.class_of(a.label))
    elif isinstance(model, CONDITIONAL):
        columns = model.classes
        samples = model.sample(a.n, rng=a.seed, label=np.arange(a.n) % columns)
    else:
        samples = model.sample(a.n, rng=a.seed)
    if config.image_shape and (a.out.suffix == ".png" or config.image_range is None):
        samples = pictures.to_unit(model, config, samples)
    if a.out.suffix == ".npy":
        content = io.BytesIO()
        np.save(content, samples.astype(np.float32), allow_pickle=False)
        disk.write_atomically(a.out, content.getbuffer())
    elif config.image_shape:
        shape = (config.image_shape[0], config.image_shape[1])
        plotting.save_grid(a.out, samples, shape, columns)
    else:
        plotting.save_points(a.out, samples, runs.load_data(config, a.run_folder).train)
