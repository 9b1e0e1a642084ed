"""Say of each row, each picture or each row of a table how unusual it is."""

import argparse

import numpy as np

from npgan.commands import common
from npgan.commands.given import given
from npgan.errors import chosen

SUMMARY = "score rows, pictures or a table's rows by how unusual they are"
EXAMPLES = """
  npgan train table-vae --data people.csv
  npgan score runs/table-vae --data new.csv --out scores.csv            its rows, with a column "score"
  npgan score runs/detector --data photos --out scores.csv              a line for each picture
  npgan score runs/vae --data rows.npy --by latent --out scores.csv
"""
NAMES = (
    *("angle", "reconstruction", "bound", "latent", "search", "features", "critic"),
    *("principal components", "principal components, angle", "nearest rows", "nearest directions"),
)
"""The scores of :data:`npgan.study.anomaly.SCORES`, which is slow to import."""
OPTIONS = (
    common.RUN,
    common.data("what to score: pictures, rows, or a table with the run's columns", required=True),
    common.option(
        "--by",
        type=common.text,
        metavar="SCORE",
        help=f"{', '.join(NAMES)}; default: the first of these that the run has",
    ),
    common.SEED,
    common.out("a score for each row", endings=common.TABLES),
)


def run(a: argparse.Namespace) -> None:
    """Score the rows and save the scores: the higher, the more unusual."""
    from npgan.models import NOT_OF_ONE_CODE
    from npgan.study.anomaly import SCORED, scores_for

    trained = common.Trained("score", a.run_folder, SCORED, but=NOT_OF_ONE_CODE)
    scores = scores_for(trained.model, trained.images)
    score = chosen("score", a.by or next(iter(scores)), scores)
    new = given(trained, a.data, a.seed)
    train = trained.taken(trained.dataset.train) if score.compares else new.rows
    rng = np.random.default_rng(a.seed)
    new.write({"score": score(trained.model, new.rows, train, rng, trained.images)}, a.out)
