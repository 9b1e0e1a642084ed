"""Which rows of points and of tables are drawn, and which of their columns."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from npgan import GAN, Dense, InputError, Sequential, TableGAN, plotting, plotting_tables
from npgan.data import Dataset
from npgan.study import pictures
from npgan.study.sample_metrics import SampleMetrics
from npgan.tables import Column, Encoding, Schema, open_source

PATH = Path("p.png")
TABLE = pa.table({"id": ["1", "2", "3"], "a": ["-1.5", "0", "2"], "k": ["u", "u", "u"], "c": ["x", "y", "x"],
                  "n": ["3", "4", "3"]})  # fmt: skip
SCHEMA = Schema(
    (
        Column("id", "identifier"),
        Column("a", "number", decimals=1),
        Column("k", "constant", categories=("u",)),
        Column("c", "category", categories=("x", "y")),
        Column("n", "whole number"),
    )
)


def gan(width):
    return GAN(Sequential(Dense(1, width, rng=0)), Sequential(Dense(width, 1, rng=1)))


@pytest.mark.parametrize(("width", "drawn"), [(2, True), (3, False)])
def test_rows_of_a_known_number_of_features_are_no_images(monkeypatch, width, drawn):
    found = []
    monkeypatch.setattr(plotting, "save_points", lambda *given: found.append(given))
    config = SimpleNamespace(image_shape=None, shape=[width], image_range=None, seed=4)
    model, real = gan(width), np.zeros((5, width), np.float32)
    rows = model.sample(7, rng=0)
    pictures.save(PATH, model, config, rows, 3, real)
    assert found == ([(PATH, rows, real)] if drawn else [])
    assert pictures.drawable(model, config) == drawn


class Told(TableGAN):
    """A model whose samples are the last of the given rows."""

    def __init__(self, rows):
        self.rows = rows

    def sample(self, n, rng):
        assert rng.random() == np.random.default_rng(6).random()
        return self.rows[-n:]


@pytest.mark.parametrize("most", [2, 3, 9])
def test_what_was_learned_of_the_first_rows_of_a_table_is_drawn(monkeypatch, most):
    found = []
    monkeypatch.setattr(pictures, "ROWS", most)
    monkeypatch.setattr(plotting_tables, "save_table", lambda *given: found.append(given))
    encoding = Encoding.fit(SCHEMA, open_source(TABLE))
    rows = encoding.rows(open_source(TABLE))
    config = SimpleNamespace(seed=6)
    pictures.draw(Told(rows), config, rows, None, PATH, encoding)
    ((path, real, made, categories, series),) = found
    assert (path, categories, series) == (PATH, ["c"], ())
    assert real.column_names == made.column_names == ["a", "c", "n"]
    assert real["c"].to_pylist() == ["x", "y", "x"][:most]
    assert made["c"].to_pylist() == ["x", "y", "x"][-most:]
    assert made["n"].to_pylist() == [3, 4, 3][-most:]


def test_modes_of_no_rows_are_not_counted():
    octets = np.zeros((9, 2352), np.uint8)
    measures = SampleMetrics(gan(2352), Dataset("own", octets, octets), 9, 0)
    with pytest.raises(InputError, match="modes are counted in stacked digits"):
        measures.coverage(octets)
    measures.has_stacks, measures.shape = True, (28, 28, 3)
    with pytest.raises(InputError, match="rows must be"):
        measures.coverage(octets[:0])


def test_what_only_tables_need_is_imported_for_them_alone():
    code = (
        "import sys, npgan.study.evaluation, npgan.study.pictures;"
        "print({'matplotlib', 'pyarrow'} & {*sys.modules})"
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
