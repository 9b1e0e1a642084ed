"""Pictures of tables: each column, real and generated, and how the columns are associated."""

from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from npgan.errors import InputError, as_path, instance, shown
from npgan.metrics import correlation, correlation_ratio, cramers_v
from npgan.plotting import as_text, new_figure, save_figure

if TYPE_CHECKING:
    from matplotlib.figure import SubFigure

__all__ = ["save_table"]

COLUMNS, ACROSS = 40, 5
BINS, BARS = 30, 12
LETTERS, WORD = 30, 14  # the most letters of a column's name, and of a category
TAIL = 0.01
NUMBERS_IN = 10  # the most columns of a matrix whose numbers are written in
WIDTH, HEIGHT = 3.1, 2.3  # inches of a panel
CURVES, MIDDLE = 20, 0.9  # how many series are drawn, and which share of all of them a band holds
REAL, MADE = {"color": "0.75"}, {"color": "C3"}


class Both(NamedTuple):
    """A column of real and of generated rows; numbers (n,) with NaN for missing, or texts with None."""

    name: str
    real: Any
    made: Any
    kind: str

    @property
    def coded(self) -> bool:
        """Whether it is a category."""
        return self.kind == "category"


def save_table(
    path: Path | str,
    real: pa.Table,
    made: pa.Table,
    categories: Collection[str] = (),
    series: Collection[str] = (),
) -> None:
    """Save a picture of generated rows beside real ones as a PNG.

    Numbers and dates have histograms with the same bins; if a column has long tails, only the middle 98 % of the real
    values are shown. Categories have bars: the 12 most frequent of the real ones, and one for all others. Below are the
    associations of all pairs: Pearson's correlation of numbers, Cramér's V of categories, and the correlation ratio of
    a number and a category; missing values are left out. Of more than 40 columns the first 40 are drawn. Columns of a
    series are curves above them all: the first 20 rows, and the mean and middle 90 % of all rows.

    Parameters
    ----------
    path : where the picture is saved
    real, made : tables of the same columns, with a row or more
    categories : names of columns that are categories, though their values are numbers; text is always one
    series : names of columns that are one series of numbers
    """
    path = as_path(path)
    for name, table in (("real", real), ("made", made)):
        instance(name, table, pa.Table)
        if not table.num_rows or not table.num_columns:
            raise InputError(f"{name} must have rows and columns")
    instance("categories", categories, Collection)
    if real.schema.names != made.schema.names:
        raise InputError(f"both tables must have the columns {shown(real.schema.names)}")
    instance("series", series, Collection)
    curves = [_both(name, real[name], made[name], False) for name in series]
    names = [name for name in real.column_names if name not in series]
    columns = [_both(name, real[name], made[name], name in categories) for name in names[:COLUMNS]]
    _draw(path, columns, len(names), curves)


def _draw(path: Path, columns: list[Both], n: int, curves: list[Both]) -> None:
    across = max(1, min(len(columns), 4 if len(columns) <= 12 else ACROSS))
    down = -(-len(columns) // across)
    width = max(WIDTH * across, 9)
    wide = max(5.3, min(0.2 * len(columns) + 2, width / 2))
    parts: list[tuple[float, Callable[[Any], None]]] = []
    if curves:
        parts.append((1.4 * HEIGHT, lambda part: _curves(part, curves)))
    if columns:
        parts.append((HEIGHT * down, lambda part: _panels(part, columns, n, down, across)))
    if len(columns) > 1:
        parts.append((wide, lambda part: _matrices(part, columns)))
    heights = [height for height, _ in parts]
    figure = new_figure(width, sum(heights))
    subfigures: Any = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)
    for (_, draw), part in zip(parts, subfigures[:, 0], strict=True):
        draw(part)
    save_figure(path, figure)


def _curves(figure: "SubFigure", columns: list[Both]) -> None:
    """Draw the first rows of a series, real and generated, and how all of them are spread."""
    panels = figure.subplots(1, 3, sharey=True)
    each = {"real": [c.real for c in columns], "generated": [c.made for c in columns]}
    for axes, (word, values), style in zip(panels, each.items(), (REAL, MADE), strict=False):
        rows, places = np.column_stack(values), np.arange(len(columns))
        axes.plot(places, rows[:CURVES].T, linewidth=0.7)
        axes.set_title(f"{word}, {min(CURVES, len(rows))} rows", fontsize=9)
        low, high = np.quantile(rows, [(1 - MIDDLE) / 2, (1 + MIDDLE) / 2], axis=0)
        panels[2].fill_between(places, low, high, **style, alpha=0.4, linewidth=0)
        panels[2].plot(places, rows.mean(axis=0), **style, label=f"{word}, {len(rows):,} rows")
    panels[2].set_title(f"mean and middle {MIDDLE:.0%}", fontsize=9)
    panels[2].legend(fontsize=7)
    for axes in panels:
        axes.set_xlabel(f"{columns[0].name} to {columns[-1].name}", fontsize=7)
        axes.tick_params(labelsize=7)
    figure.suptitle(f"A series of {len(columns)} columns", fontsize=11, x=0.01, ha="left")


def _panels(figure: "SubFigure", columns: list[Both], n: int, down: int, across: int) -> None:
    """Draw each column in a panel of its own, and a legend for all."""
    more = f": the first {len(columns)} of {n} columns" if n > len(columns) else ""
    title = f"Shares of real and generated rows{more}"
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    panels = [*figure.subplots(down, across, squeeze=False).flat]
    for axes, column in zip(panels, columns, strict=False):
        KINDS[column.kind](axes, column)
        axes.set_title(_short(column.name, LETTERS), fontsize=9)
        axes.tick_params(labelsize=7)
        axes.xaxis.label.set_fontsize(7)
    for axes in panels[len(columns) :]:
        axes.set_axis_off()
    sizes = {"real": len(columns[0].real), "generated": len(columns[0].made)}
    handles = [
        _patch(**style, label=f"{word} ({size:,} rows)")
        for style, (word, size) in zip((REAL, MADE), sizes.items(), strict=True)
    ]
    figure.legend(handles=handles, loc="outside upper right", ncols=2, fontsize=8, frameon=False)


def _patch(**how: Any) -> Any:
    from matplotlib.patches import Patch  # slow to import

    return Patch(**how)


def _both(name: str, real: pa.ChunkedArray, made: pa.ChunkedArray, coded: bool) -> Both:
    kind = "category" if coded else _kind(real.type)
    read = READ[kind]
    try:
        return Both(name, read(real), read(made), kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise InputError(f"the column {name} cannot be drawn as a {kind}") from None


def _kind(kind: pa.DataType) -> str:
    for test, name in ((pa.types.is_date, "date"), (pa.types.is_timestamp, "date"),
                       (pa.types.is_time, "time"), (pa.types.is_integer, "whole number"),
                       (pa.types.is_floating, "number")):  # fmt: skip
        if test(kind):
            return name
    return "category"


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    return pc.fill_null(column.cast(pa.float64()), np.nan).to_numpy()


def _days(column: pa.ChunkedArray) -> np.ndarray:
    return _numbers(column.cast(pa.timestamp("s")).cast(pa.int64())) / 86400


def _hours(column: pa.ChunkedArray) -> np.ndarray:
    return _numbers(column.cast(pa.time64("us")).cast(pa.int64())) / 3.6e9


def _texts(column: pa.ChunkedArray) -> list[str | None]:
    return column.cast(pa.string()).to_pylist()


READ: dict[str, Callable[[pa.ChunkedArray], Any]] = {
    "number": _numbers,
    "whole number": _numbers,
    "date": _days,
    "time": _hours,
    "category": _texts,
}
"""Kind of a column -> its values as what is drawn: dates as days since 1970, times as hours."""


def _short(text: str, most: int) -> str:
    """Return a text, shortened in the middle by dots if it is too long."""
    tail = most // 3
    short = text if len(text) <= most else f"{text[: most - tail - 3]}...{text[-tail:]}"
    return as_text(short)


def _missing(column: Both) -> list[str]:
    """Return the note on missing numbers."""
    missing = [np.isnan(x).mean() for x in (column.real, column.made)]
    return ["missing: real {:.1%}, generated {:.1%}".format(*missing)] if any(missing) else []


def _edges(column: Both) -> tuple[np.ndarray, list[str]]:
    """Return the edges of bins for both, and a note on them; no whole number is at an edge."""
    real = column.real[~np.isnan(column.real)]
    both = np.concatenate([real, column.made[~np.isnan(column.made)]])
    if not len(both):
        return np.linspace(0, 1, 2), []
    low, high = both.min(), both.max()
    a, b = np.quantile(real if len(real) else both, [TAIL, 1 - TAIL])
    long = 0 < b - a < (high - low) / 5
    if long:
        low, high = a, b
    note = [f"the middle {1 - 2 * TAIL:.0%} of real rows"] if long else []
    if column.kind == "whole number":
        step = max(1, int(np.ceil((high - low) / BINS)))
        return np.arange(np.floor(low) - 0.5, high + 0.5 + step, step), note
    return np.linspace(low, high if high > low else low + 1, BINS + 1), note


def _histogram(axes: Any, column: Both, *unit: str) -> None:
    edges, note = _edges(column)
    for x, style in ((column.real, REAL | {"histtype": "stepfilled"}),
                     (column.made, MADE | {"histtype": "step", "linewidth": 1.2})):  # fmt: skip
        known = x[~np.isnan(x)]
        axes.hist(known, edges, weights=np.full(len(known), 1 / max(len(known), 1)), **style)
    axes.set(xlabel="\n".join([*unit, *note, *_missing(column)]), xlim=(edges[0], edges[-1]))
    _as_shares(axes.yaxis)
    axes.locator_params(axis="both", nbins=5)


def _dates(axes: Any, column: Both) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(maxticks=5)
    _histogram(axes, column)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def _times(axes: Any, column: Both) -> None:
    _histogram(axes, column, "hour")


def _bars(axes: Any, column: Both) -> None:
    counts = [Counter(texts) for texts in (column.real, column.made)]
    known = [text for text, _ in counts[0].most_common() if text is not None][:BARS]
    labels = [_short(text, WORD) for text in known]
    shares = np.array([[mine[text] for text in known] for mine in counts], np.float64)
    rest = [sum(mine.values()) - mine[None] - found for mine, found in
            zip(counts, shares.sum(axis=1), strict=True)]  # fmt: skip
    for label, found in (("(others)", rest), ("(missing)", [mine[None] for mine in counts])):
        if any(found):
            labels, shares = [*labels, label], np.column_stack([shares, found])
    places = np.arange(len(labels))
    for mine, at, style in zip(shares, (-0.2, 0.2), (REAL, MADE), strict=True):
        axes.barh(places + at, mine / mine.sum(), 0.4, **style)
    axes.set_yticks(places, labels)
    axes.invert_yaxis()
    _as_shares(axes.xaxis)
    axes.locator_params(axis="x", nbins=4)


def _as_shares(axis: Any) -> None:
    axis.set_major_formatter(lambda x, _: f"{100 * x:.3g}%")


KINDS: dict[str, Callable[[Any, Both], None]] = {
    "number": _histogram,
    "whole number": _histogram,
    "date": _dates,
    "time": _times,
    "category": _bars,
}
"""Kind of a column -> what draws it."""


def associations(columns: list[Any], coded: list[bool]) -> np.ndarray:
    """Return the associations (c, c) of columns: numbers (n,), missing NaN, and codes (n,), missing -1.

    >>> associations([np.array([1.0, 2, 3, np.nan]), np.array([0, 0, 1, 1])], [False, True]).round(3)
    array([[1.   , 0.866],
           [0.866, 1.   ]])
    """
    found = np.eye(len(columns))
    there = [x >= 0 if code else ~np.isnan(x) for x, code in zip(columns, coded, strict=True)]
    for i, j in zip(*np.triu_indices(len(columns), 1), strict=True):
        first, second = sorted((i, j), key=lambda k: not coded[k])  # a category comes first
        both = there[i] & there[j]
        if both.any():
            measure = MEASURES[bool(coded[i]) + bool(coded[j])]
            found[i, j] = found[j, i] = measure(columns[first][both], columns[second][both])
    return found


MEASURES = (correlation, correlation_ratio, cramers_v)
"""How many of two columns are categories -> their association."""


def _codes(texts: list[str | None]) -> np.ndarray:
    values = pa.array(texts, pa.string()).dictionary_encode().indices
    return pc.fill_null(values, -1).to_numpy(zero_copy_only=False)


def _matrices(figure: "SubFigure", columns: list[Both]) -> None:
    """Draw the associations of real and generated rows side by side."""
    both, n = figure.subplots(1, 2, sharey=True), len(columns)
    coded, labels = [c.coded for c in columns], [_short(c.name, 20) for c in columns]
    size = 8 if n <= 20 else 6
    for axes, name, rows in zip(both, ("real", "generated"), ("real", "made"), strict=True):
        values = [_codes(x) if code else x for x, code in
                  zip([getattr(c, rows) for c in columns], coded, strict=True)]  # fmt: skip
        found = associations(values, coded)
        image = axes.imshow(found, cmap="RdBu_r", vmin=-1, vmax=1)
        axes.set_title(f"associations, {name}", fontsize=9)
        axes.set_xticks(range(n), labels, rotation=90, fontsize=size)
        axes.set_yticks(range(n), labels, fontsize=size)
        for (i, j), x in np.ndenumerate(found if n <= NUMBERS_IN else np.empty((0, 0))):
            color = "white" if abs(x) > 0.6 else "black"
            axes.text(j, i, f"{x:.2f}", ha="center", va="center", color=color, fontsize=7)
    bar = figure.colorbar(image, ax=both, shrink=0.9)
    bar.set_label(
        "correlation; of categories Cramér's V;\nof both the correlation ratio", fontsize=8
    )
    bar.ax.tick_params(labelsize=7)
