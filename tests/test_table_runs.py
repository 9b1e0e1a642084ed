"""Runs on tables: from a file to a model, and from a model to a table like it."""

import csv
import re
import shutil
from importlib import import_module
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from npgan import data, runs, tables
from npgan.commands import sample
from npgan.commands.cli import main
from npgan.errors import InputError
from npgan.models.presets import preset
from npgan.study.generated import generate
from npgan.tables import condition

COLUMNS = [
    "species",
    "island",
    "bill_length_mm",
    "bill_depth_mm",
    "flipper_length_mm",
    "body_mass_g",
    "sex",
    "year",
]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return the folder of a run on penguins that was too short to learn much."""
    folder = tmp_path_factory.mktemp("runs") / "table"
    main(["train", "table", "--steps", "30", "--quiet", "--out", str(folder)])
    return folder


def rows_of(file):
    with file.open(newline="") as text:
        return list(csv.DictReader(text))


def test_a_sample_has_the_columns_the_decimals_and_the_ranges_of_the_table(run, tmp_path):
    file = tmp_path / "made.csv"
    main(["sample", str(run), "-n", "500", "--out", str(file)])
    made, real = rows_of(file), rows_of(data.rows.TABLES["penguins"])
    assert len(made) == 500
    assert list(made[0]) == COLUMNS
    for name in ("species", "island", "sex", "year"):
        words = {row[name] if row[name] != "NA" else "" for row in real}
        assert {row[name] for row in made} <= words
    for name, decimals in (("bill_length_mm", 1), ("body_mass_g", 0)):
        known = [float(row[name]) for row in real if row[name] != "NA"]
        found = [row[name] for row in made if row[name]]
        assert all(min(known) <= float(cell) <= max(known) for cell in found)
        assert max(len(cell.partition(".")[2]) for cell in found) == decimals


def test_a_sample_may_have_any_ending_that_a_table_is_written_with():
    assert {*sample.TABLES} == {*import_module("npgan.tables.write").ENDINGS}


@pytest.mark.parametrize("ending", [".tsv", ".parquet"])
def test_a_sample_may_be_of_another_format(ending, run, tmp_path):
    file = tmp_path / f"made{ending}"
    main(["sample", str(run), "-n", "5", "--out", str(file)])
    if ending == ".parquet":
        table = pyarrow.parquet.read_table(file)
        assert (table.num_rows, table.column_names) == (5, COLUMNS)
        assert [
            str(table.schema.field(name).type) for name in ("bill_depth_mm", "body_mass_g")
        ] == ["double", "int64"]
    else:
        assert file.read_text().split("\n")[0].split("\t") == COLUMNS


def test_the_same_seed_gives_the_same_table(run, tmp_path):
    texts = []
    for seed in (1, 1, 2):
        main(
            ["sample", str(run), "-n", "20", "--seed", str(seed), "--out", str(tmp_path / "a.csv")]
        )
        texts.append((tmp_path / "a.csv").read_text())
    assert texts[0] == texts[1] != texts[2]


HOLD = {
    "sex=female": lambda row: row["sex"] == "female",
    "sex!=female": lambda row: row["sex"] != "female",
    "sex=": lambda row: row["sex"] == "",
    "species = Gentoo": lambda row: row["species"] == "Gentoo",
    "year=2009": lambda row: row["year"] == "2009",
    "body_mass_g>4000": lambda row: row["body_mass_g"] and float(row["body_mass_g"]) > 4000,
    "bill_length_mm <= 40.5": lambda row: (
        row["bill_length_mm"] and float(row["bill_length_mm"]) <= 40.5
    ),
}


@pytest.mark.parametrize("first", HOLD)
@pytest.mark.parametrize("second", [(), ("island!=Dream",)])
def test_rows_fulfil_all_conditions(first, second, run, tmp_path):
    words = [word for one in (first, *second) for word in ("--where", one)]
    assert main(["sample", str(run), "-n", "7", *words, "--out", str(tmp_path / "a.csv")]) == 0
    made = rows_of(tmp_path / "a.csv")
    assert len(made) == 7
    assert all(HOLD[first](row) for row in made)
    assert not second or all(row["island"] != "Dream" for row in made)


def test_a_rare_category_is_asked_for_and_not_waited_for(run):
    model, encoding = runs.load(run)[0], runs.read_table(run)
    asked, sample = [], model.sample
    model.sample = lambda n, rng, **how: asked.append(how) or sample(n, rng, **how)
    where = [condition(text, encoding) for text in ("sex=male", "species=Chinstrap", "year!=2007")]
    generate(model, encoding, 3, 0, where)
    names = ["any", *(f"species {c}" for c in encoding.schema.column("species").categories)]
    assert names[asked[0]["label"]] == "species Chinstrap"


@pytest.fixture(scope="module")
def vae(tmp_path_factory):
    """Return the folder of a VAE of penguins."""
    folder = tmp_path_factory.mktemp("runs") / "vae"
    main(["train", "table-vae", "--steps", "700", "--quiet", "--out", str(folder)])
    return folder


def test_a_row_whose_values_do_not_go_together_has_a_high_score(vae, tmp_path):
    lines = data.rows.TABLES["penguins"].read_text().splitlines()
    odd = "Gentoo,Torgersen,36.0,21.0,180,3000,male,2007"  # all seen, never together
    (tmp_path / "new.csv").write_text("\n".join([*lines[:40], odd]))
    words = ["--data", str(tmp_path / "new.csv"), "--out", str(tmp_path / "scores.csv")]
    assert main(["score", str(vae), *words]) == 0
    scored = rows_of(tmp_path / "scores.csv")
    assert list(scored[0]) == [*COLUMNS, "score"]
    given = rows_of(tmp_path / "new.csv")
    assert [row["bill_length_mm"] for row in scored] == [
        "" if row["bill_length_mm"] == "NA" else row["bill_length_mm"] for row in given
    ]
    scores = [float(row["score"]) for row in scored if all(row.values())]  # gaps are unusual, too
    assert scores[-1] > max(scores[:-1])


def test_scores_are_minus_the_bounds(vae, tmp_path):
    words = ["--data", str(data.rows.TABLES["penguins"]), "--seed", "5"]
    assert main(["score", str(vae), *words, "--out", str(tmp_path / "s.csv")]) == 0
    model, encoding = runs.load(vae)[0], runs.read_table(vae)
    rows = encoding.rows(tables.open_source(data.rows.TABLES["penguins"]), 5)
    expected = -model.bound(rows, 5, 10)
    found = [float(row["score"]) for row in rows_of(tmp_path / "s.csv")]
    assert found == pytest.approx(expected, rel=1e-5)


def test_gaps_are_filled_by_what_goes_with_the_rest_and_no_other_cell_is_touched(vae, tmp_path):
    real = [row for row in rows_of(data.rows.TABLES["penguins"]) if "NA" not in row.values()]
    holed = [dict(row) for row in real]
    for i, row in enumerate(holed):
        row[("body_mass_g", "sex")[i % 2]] = ""
    with (tmp_path / "gaps.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(holed)
    found = []
    for seed in (0, 0, 1):
        words = [
            "--data",
            str(tmp_path / "gaps.csv"),
            "--seed",
            str(seed),
            "--out",
            str(tmp_path / "f.csv"),
        ]
        assert main(["complete", str(vae), *words]) == 0
        found.append(rows_of(tmp_path / "f.csv"))
    assert found[0] == found[1] != found[2]
    for row, gaps in zip(found[0], holed, strict=True):
        assert all(row[name] == gaps[name] for name in COLUMNS if gaps[name])
        assert all(row.values())
    filled, true = ([float(row["body_mass_g"]) for row in rows[::2]] for rows in (found[0], real))
    assert np.corrcoef(filled, true)[0, 1] > 0.6  # of draws, not of means
    sex = np.mean(
        [row["sex"] == one["sex"] for row, one in zip(found[0][1::2], real[1::2], strict=True)]
    )
    assert sex > 0.65


def test_the_presets_know_the_widths_of_the_penguins():
    for name in ("table", "table-vae"):
        assert tuple(preset(name).widths) == data.load("penguins").table.widths


WRONG = {
    "score RUN --data penguins.csv --out s.csv": "is a run of table-gan; score takes ",
    "sample RUN --out a.npy": "is a run of a table: use --out FILE.csv",
    "sample RUN --out a.csv --label 1": "without classes: no --label",
    "sample RUN --out a.csv --where sex=femal": "the column sex has no 'femal'; it has male, female",
    "sample RUN --out a.csv --where sex>male": "can only be said with = or !=",
    "sample RUN --out a.csv --where sx=male": "did you mean 'sex'",
    "sample RUN --out a.csv --where sex": "a condition is sex=female or age>=40, say",
    "sample RUN --out a.csv --where body_mass_g>big": "'big' in the column body_mass_g is no whole number",
    "sample RUN --out a.csv --where body_mass_g>": "a whole number is needed behind the >",
    "sample RUN --out a.csv --where body_mass_g>6300": "none fulfils body_mass_g>6300",
    "train gan-mnist --data penguins": "cannot be trained on penguins, a table: npgan train table",
    "train table --data ring": "ring is no table that can be read",
    "train gan-conv --schema s.toml": "gan-conv learns from no table: no --schema",
    "train table --schema s.toml": "s.toml: there is no such file",
    "train --resume RUN --schema s.toml": "--schema cannot be changed",
    "data penguins --out a.png": "penguins is a table",
}


@pytest.mark.parametrize("words", WRONG)
def test_what_does_not_fit_is_refused_in_one_line(words, run, capsys, in_an_empty_folder):
    assert main(words.replace("RUN", str(run)).split()) == 2
    error = capsys.readouterr().err
    assert WRONG[words] in error
    assert error.count("\n") == 1


def test_the_schema_that_is_printed_can_be_changed_and_given(capsys, in_an_empty_folder):
    assert main(["data", "penguins", "--schema"]) == 0
    said = capsys.readouterr().out
    wanted = said.replace(
        'kind = "category"\ncategories = [\n    "2009"',
        'kind = "whole number"\ncategories = [\n    "2009"',
    )
    plain = re.sub(r"categories = \[.*?\]\n", "", wanted, flags=re.DOTALL)
    assert plain != said
    Path("schema.toml").write_text(plain)
    assert (
        main(["train", "table", "--schema", "schema.toml", "--steps", "2", "--quiet", "--out", "r"])
        == 0
    )
    kinds = {column.name: column.kind for column in runs.read_table(Path("r")).schema.columns}
    assert (kinds["year"], kinds["species"]) == ("whole number", "category")


def test_data_of_words_are_a_table_and_train_one(capsys, in_an_empty_folder):
    rows = [f"{kind},{i % 7}.5" for i in range(40) for kind in ("cat", "dog")]
    Path("pets.csv").write_text("\n".join(["kind,weight", *rows]))
    assert main(["data", "pets.csv"]) == 0
    assert "kind: category, cat 40, dog 40" in capsys.readouterr().out
    assert main(["train", "--data", "pets.csv", "--steps", "2", "--quiet", "--out", "r"]) == 0
    config = runs.read_config(Path("r"))
    assert (config.model, config.widths, config.batch_size) == ("table-gan", [2, 1], 32)


@pytest.mark.parametrize(("scale", "model"), [(3, "table-gan"), (1, "gan")])
def test_numbers_that_a_sigmoid_does_not_reach_are_a_table(scale, model, in_an_empty_folder):
    numbers = scale * np.random.default_rng(0).random((200, 3))
    np.savetxt("numbers.csv", numbers, delimiter=",", header="a,b,c", comments="")
    assert main(["train", "--data", "numbers.csv", "--steps", "2", "--quiet", "--out", "r"]) == 0
    assert runs.read_config(Path("r")).model == model


def test_a_resumed_run_reads_the_table_as_it_did(run, in_an_empty_folder, capsys):
    rows = [f"{kind},{i % 7}.5" for i in range(40) for kind in ("cat", "dog")]
    Path("pets.csv").write_text("\n".join(["kind,weight", *rows]))
    assert main(["train", "--data", "pets.csv", "--steps", "2", "--quiet", "--out", "r"]) == 0
    assert main(["train", "--resume", "r", "--steps", "4", "--quiet"]) == 0
    Path("pets.csv").write_text("\n".join(["kind,weight", *rows[:-1], "cow,1.5"]))
    capsys.readouterr()
    assert main(["train", "--resume", "r", "--steps", "6", "--quiet"]) == 2
    assert "line 81" in (error := capsys.readouterr().err)
    assert "'cow' in the column kind is none of its categories" in error


@pytest.mark.parametrize("spoil", ["{", "[]", '{"schema": ""}', "[" * 100_000])
def test_a_damaged_table_is_refused(spoil, run, tmp_path, capsys):
    folder = tmp_path / "r"
    shutil.copytree(run, folder)
    (folder / "table.json").write_text(spoil)
    assert main(["sample", str(folder), "--out", str(tmp_path / "a.csv")]) == 2
    assert "table.json" in capsys.readouterr().err
    (folder / "table.json").unlink()
    assert main(["sample", str(folder), "--out", str(tmp_path / "a.csv")]) == 2
    assert "holds no table" in capsys.readouterr().err


@pytest.mark.parametrize("steps", [20, 200])
def test_the_vae_learns_from_a_small_table_and_fills_it_without_a_warning(steps, tmp_path):
    lines = [f"{i % 7 / 7},{i * 37 % 100 or ''},{'xy'[i % 3 % 2]}" for i in range(40)]
    (tmp_path / "a.csv").write_text("\n".join(["a,b,c", *lines]))
    folder, given = str(tmp_path / "run"), ["--data", str(tmp_path / "a.csv")]
    train = ["train", "table-vae", *given, "--steps", str(steps), "--quiet", "--out", folder]
    assert main(train) == 0
    for command in ("score", "complete"):
        file = tmp_path / f"{command}.csv"
        assert main([command, folder, *given, "--out", str(file)]) == 0
        assert all(cell for row in rows_of(file)[1:] for cell in row.values()) or command == "score"


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("a.csv.gz", b"", True),
        ("a.txt", b"", True),
        ("train-images-idx3-ubyte.gz", b"", False),
        ("a.csv", "a,b\n1,x\n2,é\n".encode("latin-1"), True),
        ("a.csv", b"a,b\n1,x\n", True),
        ("a.csv", b"1,2\n3,4\n", False),
        ("a.csv", b"a,a\n1,2.5\n3,nan\n", False),
    ],
)
def test_a_file_is_a_table_by_its_name_or_its_words(name, content, found, tmp_path):
    (tmp_path / name).write_bytes(content)
    assert data.is_table(tmp_path / name) == found


def test_a_folder_is_no_table(tmp_path):
    (tmp_path / "photos.txt").mkdir()
    assert not data.is_table(tmp_path / "photos.txt")


def test_a_damaged_date_is_refused():
    table = pyarrow.table({"day": ["2024-01-01", "2024-01-03"], "n": [1, 2]})
    encoding = data.load_table(table).table
    said = encoding.to_dict()
    assert type(encoding).from_dict(said).widths == encoding.widths
    for name, value in (("day", 1e17), ("n", 1e17)):
        said = encoding.to_dict()
        said["numbers"][name]["x"][-1] = value
        with pytest.raises(InputError, match=f"column {name} are no "):
            type(encoding).from_dict(said)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("id=3", "id is of the kind identifier: nothing of it is learned"),
        ("k=1", "k is of the kind constant"),
        ("day=", "'day=': a date is needed behind the ="),
    ],
)
def test_a_condition_says_why_it_cannot_hold(text, why):
    days = [f"2024-01-{i + 1:02}" for i in range(12)]
    table = pyarrow.table({"id": range(12), "k": [1] * 12, "day": days})
    encoding = data.load_table(table).table
    with pytest.raises(InputError, match=why):
        condition(text, encoding)


def test_one_row_is_scored_and_filled_and_so_is_a_table_by_its_name(vae, tmp_path):
    file, one = tmp_path / "out.csv", tmp_path / "one.csv"
    lines = data.rows.TABLES["penguins"].read_text().splitlines()
    one.write_text("\n".join([lines[0], "Adelie,Torgersen,39.1,18.7,,3750,,2007"]))
    for command in ("score", "complete"):
        for given, rows in ((str(one), 1), ("penguins", len(lines) - 1)):
            assert main([command, str(vae), "--data", given, "--out", str(file)]) == 0
            assert len(rows_of(file)) == rows
