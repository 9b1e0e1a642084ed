"""What models of tables are used for: scores, anomalies, gaps and codes, as a user meets them."""

import contextlib
import csv
import shutil
from pathlib import Path

import numpy as np
import pyarrow
import pytest
from commands import picture, run
from drawings import answer

from npgan import data, metrics, runs
from npgan.commands import reduce
from npgan.commands.cli import main
from npgan.models import TableVAE
from npgan.study import anomaly
from npgan.tables import open_source

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")


def write(name, rows, header="a,b,kind"):
    Path(name).write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")


def read(name):
    with open(name, newline="") as file:
        return list(csv.DictReader(file))


def rows_of(n, seed, sign=1):
    """Return rows in which b is a, or its opposite, and kind says whether a is positive."""
    a = np.random.default_rng(seed).normal(size=n)
    return [(f"{x:.3f}", f"{sign * x:.3f}", "yes" if x > 0 else "no") for x in a]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Return a folder with normal rows and a run of a VAE of them."""
    folder = tmp_path_factory.mktemp("project")
    with contextlib.chdir(folder):
        write("normal.csv", rows_of(300, 0))
        words = ["--data", "normal.csv", "--steps", "600", "--quiet", "--out", "r"]
        assert main(["train", "table-vae", *words]) == 0
    return folder


@pytest.fixture
def trained(project):
    """Return the run, in a copy of the folder."""
    shutil.copytree(project, ".", dirs_exist_ok=True)
    return "r"


def test_anomalies_of_a_table_are_told_by_a_column_that_the_model_has_not_seen(capsys, trained):
    new = [(*row, "ok") for row in rows_of(60, 1)] + [(*row, "odd") for row in rows_of(60, 2, -1)]
    write("new.csv", new, "a,b,kind,state")
    words = ("--data", "new.csv", "--seed", 3, "--out", "roc.png")
    result = answer(capsys, "detect", trained, *words, "--normal", "state=ok")
    model, dataset = runs.load(trained)[0], runs.load_data(runs.read_config(Path("r")), Path("r"))
    write("same.csv", [row[:3] for row in new])
    rows = dataset.table.rows(open_source("same.csv"), 3)
    areas = {
        name: metrics.auroc(
            score(model, rows, dataset.train, np.random.default_rng(3)), np.arange(120) >= 60
        )
        for name, score in anomaly.scores_for(model).items()
    }
    assert {name: one["auroc"] for name, one in result.items()} == pytest.approx(areas)
    assert [one["auroc"] for one in result.values()] == sorted(areas.values(), reverse=True)
    assert result["bound"]["auroc"] > 0.8
    assert picture("roc.png").std() > 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("detect r --out p.png", "say --data FILE and --normal COLUMN=VALUE"),
        ("detect r --data new.csv --normal ok --out p.png", "say --data FILE and --normal"),
        ("detect r --normal state=ok --out p.png", "say --data FILE and --normal"),
        ("detect r --data new.csv --normal stat=ok --out p.png", "new.csv has no column stat"),
        ("detect r --data new.csv --normal kind=no --out p.png", "r learned the column kind"),
        (
            "detect r --data new.csv --normal state=no --out p.png",
            "must be of state=no and of others",
        ),
        ("score r --data new.csv --out s.csv", "has a column state, which the schema has not"),
        ("score r --data normal.csv --by angle --out s.csv", "unknown score 'angle'"),
        ("complete r --data normal.csv --out p.png", "is a run of a table: use --out FILE.csv"),
        ("complete r --out p.csv", "--data says which is filled"),
        ("complete r --data normal.csv --mask top --out p.csv", "no --mask, no --images"),
        ("complete r --data normal.csv --images 3 --out p.csv", "no --mask, no --images"),
        ("reduce r --out codes.csv", "say which by --data"),
        ("reduce r --by a --out map.png", "the column a is a number: only categories"),
        ("reduce r --by kin --out map.png", "did you mean 'kind'"),
    ],
)
def test_what_does_not_fit_a_table_is_refused_in_one_line(capsys, trained, words, message):
    write("new.csv", [(1, 1, "yes", "ok"), (2, 2, "yes", "odd")], "a,b,kind,state")
    code, _, err = run(capsys, *words.split())
    assert (code, err.count("\n")) == (2, 1)
    assert message in err


def test_a_table_may_be_scored_by_another_score_and_without_the_training_rows(capsys, trained):
    model, table = runs.load(trained)[0], runs.read_table(Path(trained))
    write("new.csv", rows_of(9, 1))
    rows = table.rows(open_source("new.csv"))
    train = runs.load_data(runs.read_config(Path("r")), Path("r")).train
    score = ("score", trained, "--data", "new.csv", "--out", "s.csv")
    assert run(capsys, *score, "--by", "latent")[0] == 0
    expected = anomaly.latent(model, rows, train, np.random.default_rng(0))
    assert [float(row["score"]) for row in read("s.csv")] == pytest.approx(expected, rel=1e-4)
    Path("normal.csv").unlink()
    assert run(capsys, *score)[0] == 0
    expected = -model.bound(rows, 0, 10)
    assert [float(row["score"]) for row in read("s.csv")] == pytest.approx(expected, rel=1e-4)
    assert "is not there any more" in run(capsys, *score, "--by", "latent")[2]


def test_codes_of_a_table_stand_beside_its_rows(capsys, trained):
    write("new.csv", rows_of(9, 1))
    assert run(capsys, "reduce", trained, "--data", "new.csv", "--out", "c.csv")[0] == 0
    model, table = runs.load(trained)[0], runs.read_table(Path(trained))
    codes = model.encode(table.rows(open_source("new.csv")))
    names = [f"code_{i + 1}" for i in range(codes.shape[1])]
    found = read("c.csv")
    assert list(found[0]) == ["a", "b", "kind", *names]
    assert [tuple(row.values())[:3] for row in found] == rows_of(9, 1)
    np.testing.assert_allclose(
        [[float(row[name]) for name in names] for row in found], codes, rtol=1e-4, atol=1e-6
    )
    again = run(capsys, "reduce", trained, "--data", "c.csv", "--out", "d.csv")
    assert "c.csv has a column code_1, which the schema has not" in again[2]


@pytest.mark.parametrize("words", [(), ("--data", "normal.csv")])
def test_codes_of_a_table_are_mapped_beside_principal_components(capsys, trained, words):
    result = answer(capsys, "reduce", trained, *words, "--out", "map.png")
    model = runs.load(trained)[0]
    dataset = runs.load_data(runs.read_config(Path("r")), Path("r"))
    rows = dataset.table.rows(open_source("normal.csv")) if words else dataset.test
    errors = model.decode(model.encode(rows)) - model.scaled(rows)
    ours, theirs = result.values()
    assert ours["mean_squared_error"] == pytest.approx(np.square(errors).mean(), rel=1e-4)
    assert ours["mean_squared_error"] < 0.25, "of numbers of variance 1 and of categories"
    assert theirs["mean_squared_error"] == pytest.approx(0, abs=1e-6)
    assert picture("map.png").std() > 0


@pytest.mark.parametrize("words", [(), ("--data", "new.csv")])
def test_a_map_of_a_table_has_a_colour_for_each_category(capsys, trained, monkeypatch, words):
    drawn = []
    monkeypatch.setattr(reduce, "draw", lambda *given: drawn.append(given))
    write("new.csv", rows_of(70, 1))
    result = answer(capsys, "reduce", trained, *words, "--by", "kind", "--out", "map.png")
    model, config = runs.load(trained)[0], runs.read_config(Path("r"))
    dataset = runs.load_data(config, Path("r"))
    rows = dataset.table.rows(open_source("new.csv")) if words else dataset.test
    names = np.array(dataset.table.schema.column("kind").categories)
    np.testing.assert_array_equal(drawn[0][2], names[rows[:, 2].astype(int)])
    codes = (model.encode(rows), rows[:, 2].astype(int))
    known = (model.encode(dataset.train), dataset.train[:, 2].astype(int))
    expected = metrics.neighbour_accuracy(*codes, *known, 5)
    assert result["table-vae"]["neighbour_accuracy"] == pytest.approx(expected)


def test_missing_and_rare_values_are_classes_too():
    words = [f"w{i:03}" for i in range(260)]
    dataset = data.load_table(pyarrow.table({"k": [*words[:255] * 9, *words[255:], None]}))
    labelled = reduce._by("k", dataset, dataset.table)
    found = labelled.given(labelled.train_labels)
    assert found.tolist() == [*words[:255] * 9, *["others"] * 5, "missing"]


def test_what_a_table_vae_decodes_are_means_and_probabilities(capsys, trained):
    model = runs.load(trained)[0]
    made = model.decode(model.latent(50, np.random.default_rng(0)))
    assert isinstance(model, TableVAE)
    assert made.shape == (50, 4)
    np.testing.assert_allclose(made[:, 2:].sum(axis=1), 1, rtol=1e-5)
    assert (made[:, 2:] >= 0).all()


def test_numbers_beside_a_table_have_its_decimal_mark(capsys):
    rows = [f"{i % 7},5;{i % 5},25;{'xy'[i % 2]}" for i in range(60)]
    Path("a.csv").write_text("\n".join(["a;b;c", *rows]))
    words = ("--data", "a.csv", "--steps", 2, "--quiet", "--out", "r")
    assert run(capsys, "train", "table-vae", *words)[0] == 0
    assert run(capsys, "score", "r", "--data", "a.csv", "--out", "s.csv")[0] == 0
    header, first, *_ = Path("s.csv").read_text().splitlines()
    assert header == "a;b;c;score"
    assert first.startswith("0,5;0,25;x;")
    assert "." not in first
    assert data.load_table("s.csv").train.shape[1] == 4


def test_a_score_is_not_put_beside_another(capsys):
    write("a.csv", [(i % 7, "xy"[i % 2], i % 3) for i in range(60)], "a,b,score")
    words = ("--data", "a.csv", "--steps", 2, "--quiet", "--out", "r")
    assert run(capsys, "train", "table-vae", *words)[0] == 0
    code, _, err = run(capsys, "score", "r", "--data", "a.csv", "--out", "s.csv")
    assert (code, "a.csv has a column score already" in err) == (2, True)


def test_a_column_can_be_left_out_of_a_source():
    source = open_source(pyarrow.table({"": ["1", "2"], "a": [3, 4], "b": [5, 6], "c": [7, 8]}))
    left = source.without("b")
    assert left.names == ("a", "c")
    assert next(left.batches()).to_pylist()[1] == {"a": "4", "c": "8"}
