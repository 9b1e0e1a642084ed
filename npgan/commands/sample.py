"""Generate samples from a run, as a picture, as an array or as a table."""

import argparse
import io
from collections.abc import Sequence

import numpy as np

from npgan.commands import common
from npgan.errors import InputError, positive

SUMMARY = "generate samples from a run"
EXAMPLES = """
  npgan sample runs/gan-conv -n 100 --out digits.png
  npgan sample runs/gan-conv -n 10000 --seed 7 --out digits.npy    float32 (n, 784) in [0, 1]
  npgan sample runs/gan-conv -n 500 --each digits/                 digits/0000.png to digits/0499.png
  npgan sample runs/wine -n 178 --out made.csv                     rows of numbers
  npgan sample runs/gan-conv --spread 0.7 --out clean.png
  npgan sample runs/cgan-mnist --label 7 --out sevens.png
  npgan sample runs/pets --label cat --out cats.png         the folder's name, where each class has one
  npgan sample runs/table -n 1000 --out synthetic.csv       rows of a table, with its columns
  npgan sample runs/table --where "sex=female" --where "age>=40" --out women.csv
"""
TABLES = *common.TABLES, ".parquet"
LONGEST = 100  # letters of a folder's name
OPTIONS = (
    common.RUN,
    common.whole("-n", 64, "how many"),
    common.SEED,
    common.option(
        "--spread",
        type=common.number(float, positive),
        metavar="S",
        help="of a GAN's z: less is likelier, more is more varied",
    ),
    common.option(
        "--label",
        type=common.label,
        metavar="C",
        help="of this class, a number or a name; by default all take turns, from 0 on",
    ),
    common.option(
        "--where",
        action="append",
        type=common.text,
        metavar="CONDITION",
        help="only rows of a table that fulfil it, such as sex=female or age>=40; can be given several times",
    ),
    common.either(
        common.out("a picture, an array or a table", (".png", ".npy", *TABLES), required=False),
        common.option(
            "--each",
            type=common.path,
            metavar="FOLDER",
            help="a new folder for a file of each image; classes have folders of their own in it",
        ),
        required=True,
    ),
)


def run(a: argparse.Namespace) -> None:
    """Generate and save."""
    from npgan.models import CONDITIONAL, GAN, GENERATORS

    trained = common.Trained("sample", a.run_folder, GENERATORS)
    model, config = trained.model, trained.config
    ending = a.out.suffix if a.out else ""
    fits = ending in TABLES if model.of_tables else ending not in (".tsv", ".parquet")
    if not fits:
        kind = "a table" if model.of_tables else "no table"
        raise InputError(
            f"{a.run_folder} is a run of {kind}: use --out FILE{'.csv' if model.of_tables else '.npy'}"
        )
    if a.where and not model.of_tables:
        raise InputError(f"{a.run_folder} is a run of {config.model}, no table: no --where")
    if a.spread is not None:
        if not isinstance(model, GAN):
            raise InputError(f"{a.run_folder} is a run of {config.model}, no GAN: no --spread")
        model.spread = a.spread
    most = common.LARGEST // model.features
    if a.n > most:
        raise InputError(
            f"-n {a.n} is too many: at most {most} samples of {model.features} numbers, 4 GiB"
        )
    if a.label is not None and not isinstance(model, CONDITIONAL):
        raise InputError(f"{a.run_folder} is a run of {config.model}, without classes: no --label")
    (_save_table if model.of_tables else _save_rows)(a, trained)


def _save_rows(a: argparse.Namespace, trained: common.Trained) -> None:
    """Generate samples and save them as a picture or an array."""
    from npgan.study import pictures
    from npgan.system import disk

    model, config = trained.model, trained.config
    label = None if a.label is None else config.class_of(a.label)
    if a.each:
        _save_each(a, trained, label)
        return
    if a.out.suffix == ".png" and not pictures.drawable(model, config):
        raise InputError(f"samples of {model.features} features are no picture: use --out FILE.npy")
    samples, columns = pictures.sampled(model, a.n, a.seed, label)
    if a.out.suffix == ".png":
        real = samples if config.image_shape else trained.dataset.train
        pictures.save(a.out, model, config, samples, columns, real)
        return
    if config.image_shape and config.image_range is None:
        samples = trained.unit(samples)
    content, samples = io.BytesIO(), samples.astype(np.float32)
    if a.out.suffix == ".csv":
        names = ",".join(f"x{i}" for i in range(1, model.features + 1))
        np.savetxt(content, samples, "%.7g", ",", header=names, comments="")
    else:
        np.save(content, samples, allow_pickle=False)
    disk.write_atomically(a.out, content.getbuffer())


def _save_each(a: argparse.Namespace, trained: common.Trained, label: int | None) -> None:
    """Generate images and save each in a file of its own."""
    from npgan.models import CONDITIONAL
    from npgan.plotting import save_image
    from npgan.study import pictures

    model, config, shape = trained.model, trained.config, trained.shape
    if a.each.exists():
        raise InputError(f"{a.each} exists: --each makes a new folder")
    images = trained.unit(pictures.sampled(model, a.n, a.seed, label)[0])
    folders = [a.each] * a.n
    if isinstance(model, CONDITIONAL):
        classes = np.arange(a.n) % model.classes if label is None else np.full(a.n, label)
        folders = [a.each / _folder_of(c, config.labels) for c in classes.tolist()]
    for folder in set(folders):
        folder.mkdir(parents=True)
    digits = len(str(a.n - 1))
    for i, (folder, image) in enumerate(zip(folders, images, strict=True)):
        save_image(folder / f"{i:0{digits}}.png", image, shape)


def _folder_of(number: int, labels: Sequence[int | str] | None) -> str:
    """Return the name of a class's folder: its label, unless that is no name of a folder.

    >>> _folder_of(0, ["cat"]), _folder_of(0, ["../cat"]), _folder_of(3, None)
    ('cat', 'class-0', '3')
    """
    name = str(number if labels is None else labels[number])
    plain = name.isprintable() and not name.startswith(".") and not set(name) & set('/\\:*?"<>|')
    return name if plain and len(name) < LONGEST else f"class-{number}"


def _save_table(a: argparse.Namespace, trained: common.Trained) -> None:
    """Generate rows and save them with the columns of the run's table."""
    from npgan import runs, tables
    from npgan.study.generated import generate

    encoding, rng = runs.read_table(a.run_folder), np.random.default_rng(a.seed)
    where = [tables.condition(text, encoding) for text in a.where or ()]
    rows = generate(trained.model, encoding, a.n, rng, where)
    tables.write(encoding.decode(rows, rng), a.out, encoding.schema)
