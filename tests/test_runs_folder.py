"""A run's folder: its table, where its data are, and which callbacks watch its training."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest

from npgan.data import load_table
from npgan.errors import InputError
from npgan.models.presets import preset
from npgan.runs import folder, train
from npgan.system import disk
from npgan.tables import Encoding, infer, open_source
from npgan.training import Best, EarlyStopping, StopDiverged
from npgan.training.lock import LOCK


@pytest.fixture
def encoding():
    source = open_source(pa.table({"a": [1.5, 2, 4], "b": ["x", "y", None]}))
    return Encoding.fit(infer(source), source)


# --- tables --------------------------------------------------------------------------------------


def test_a_table_is_read_as_it_was_written(tmp_path, encoding):
    folder.write_table(tmp_path, encoding)
    assert [file.name for file in tmp_path.iterdir()] == ["table.json"]
    found = folder.read_table(tmp_path)
    assert found.schema == encoding.schema
    assert found.to_dict()["numbers"] == encoding.to_dict()["numbers"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "holds no table: there is no table.json in it"),
        ("{", "table.json is damaged: Expecting property name"),
        ("[" * 100_000, "table.json is damaged: maximum recursion depth"),
        ("{}", "table.json: an encoding must say its schema, numbers and others"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(tmp_path, content, said):
    if content is not None:
        (tmp_path / "table.json").write_text(content)
    with pytest.raises(InputError, match=said):
        folder.read_table(tmp_path)


@pytest.mark.parametrize("more", [0, -1])
def test_a_table_has_a_largest_size(tmp_path, encoding, monkeypatch, more):
    folder.write_table(tmp_path, encoding)
    size = (tmp_path / "table.json").stat().st_size
    monkeypatch.setattr(folder, "LARGEST_TABLE", size + more)
    if not more:
        assert folder.read_table(tmp_path).widths == encoding.widths
        return
    with pytest.raises(InputError, match=f"has {size:,} bytes, where at most {size - 1:,}"):
        folder.read_table(tmp_path)


def test_a_spoilt_table_is_named_by_its_file(tmp_path, encoding):
    said = encoding.to_dict()
    said["numbers"]["a"]["z"] = [7.0]
    (tmp_path / "table.json").write_text(json.dumps(said))
    with pytest.raises(InputError, match=r"table\.json: the quantiles of a column must be"):
        folder.read_table(tmp_path)


# --- where data are ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "run", "kept"),
    [
        ("here/d.npy", "here/runs/r", "./../../d.npy"),
        ("here/runs/r/d.npy", "here/runs/r", "./d.npy"),
        ("elsewhere/d.npy", "here/runs/r", None),
        ("here/d.npy", "elsewhere/r", None),
    ],
)
def test_data_below_the_working_directory_are_kept_as_the_way_to_them(
    tmp_path, monkeypatch, source, run, kept
):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    source, run = str(tmp_path / source), tmp_path / run
    found = folder._beside(source, run)
    assert found == (source if kept is None else kept)
    assert folder._from_folder(found, run) == source


def test_names_of_data_sets_are_kept_as_they_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("mnist", "mnist:3", "ring"):
        assert folder.place_of(name) == folder._beside(name, tmp_path / "r") == name
        assert folder._from_folder(name, tmp_path / "r") == name
    assert folder.place_of("d.npy:3") == str(tmp_path / "d.npy:3")
    assert folder._from_folder("../d.npy", tmp_path / "r") == str(tmp_path / "d.npy")


def test_an_error_begins_with_the_file_that_caused_it():
    with pytest.raises(InputError, match=r"^a/b: no$"), folder.naming(Path("a/b")):
        raise InputError("no")
    with pytest.raises(KeyError), folder.naming(Path("a/b")):
        raise KeyError("no")


# --- what watches --------------------------------------------------------------------------------


def watching(best=None, patience=None, metrics_every=None, held_out="val_loss"):
    config = SimpleNamespace(
        best=best, patience=patience, metrics_every=metrics_every, identity=dict
    )
    found = train._watching(SimpleNamespace(held_out=held_out), config, Path("r"))
    return [type(one) for one in found]


def test_the_best_weights_are_kept_and_a_run_ends_that_does_not_improve():
    assert watching() == watching(patience=3) == [StopDiverged]
    assert watching("val_loss") == watching("frechet", metrics_every=1) == [StopDiverged, Best]
    assert watching("val_loss", 1) == [StopDiverged, Best, EarlyStopping]


@pytest.mark.parametrize(
    ("best", "metrics_every", "held_out", "known"),
    [
        ("frechet", None, "val_loss", "known: val_loss;"),
        ("x", 1, "val_loss", "known: val_loss, .*frechet"),
        ("x", None, None, "known: none;"),
        ("val_loss", None, None, "known: none;"),
    ],
)
def test_what_is_best_must_be_in_the_history(best, metrics_every, held_out, known):
    with pytest.raises(InputError, match=f"have no measure {best} .{known}"):
        watching(best, metrics_every=metrics_every, held_out=held_out)


def test_the_picture_of_a_table_is_drawn_once_at_the_end(tmp_path):
    drawn = []
    picture = train.LastPicture(tmp_path, drawn.append)
    loop = SimpleNamespace(step=0, failed=False)
    picture.on_train_begin(loop)
    for loop.step in (1, 2):
        picture.on_log(loop)
    assert drawn == []
    picture.on_train_end(loop)
    assert drawn == [tmp_path / "step-0000002.png"]


def test_only_what_a_killed_run_leaves_may_lie_in_a_new_runs_folder(tmp_path):
    train._check_free(tmp_path / "none")
    train._check_free(tmp_path)
    (tmp_path / LOCK).touch()
    (tmp_path / disk.TEMPORARY.replace("*", "x")).touch()
    train._check_free(tmp_path)
    (tmp_path / "a").touch()
    for place in (tmp_path, tmp_path / "a"):
        with pytest.raises(train.Taken, match=f"{place} exists: go on with --resume {place}"):
            train._check_free(place)


def test_samples_are_measured_if_that_was_asked_for():
    config = SimpleNamespace(metrics_every=None, model="table-gan", seed=0)
    model = SimpleNamespace(of_tables=True)
    assert train._measures(model, config, np.zeros(1)) == []
    config.metrics_every = 1
    with pytest.raises(InputError, match="there are no samples of a model table-gan to measure"):
        train._measures(model, config, np.zeros(1))


def people(rows):
    return pa.table({"a": [float(i % 17) for i in range(rows)], "b": ["x", "y"] * (rows // 2)})


def test_a_runs_data_are_read_by_its_own_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pa_csv.write_csv(people(60), "t.csv")
    config, dataset = train.read(preset("table").override(data="t.csv", batch_size=8, steps=1))
    drawn = []
    monkeypatch.setattr(train, "draw", lambda *given, **more: drawn.append(more))
    train.start(config, Path("r"), dataset=dataset)
    assert [more["table"].widths for more in drawn] == [dataset.table.widths]
    pa_csv.write_csv(people(20), "t.csv")  # other quantiles
    again = folder.load_data(folder.read_config(Path("r")), Path("r"))
    assert again.table.to_dict()["numbers"] == dataset.table.to_dict()["numbers"]


def test_weights_that_are_missing_are_written_without_training(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.savez("d.npz", train=np.random.default_rng(0).random((40, 3), np.float32))
    config, dataset = train.read(preset("gan-small").override(data="d.npz", batch_size=8, steps=3))
    train.start(config, Path("r"), dataset=dataset)
    (weights := Path("r/weights.safetensors")).unlink()
    told = []
    watching = SimpleNamespace(on_train_begin=told.append)
    capsys.readouterr()
    train.resume(Path("r"), [watching], steps=3)
    assert weights.exists()
    assert told == []


def test_pictures_of_a_table_are_drawn_by_it(tmp_path, monkeypatch):
    table = load_table(people(60), 0.1)
    config = preset("table").override(batch_size=8, steps=1).for_data(table)
    given = []
    monkeypatch.setattr(train, "draw", lambda *rows, **more: given.append((rows, more)))
    loop = train._loop(config.build(54), config, table, tmp_path)
    (pictures,) = (c for c in loop.callbacks if isinstance(c, train.Pictures))
    pictures.draw(tmp_path / "p.png")
    (((_, its, real, labels, path), more),) = given
    assert (its, labels, path.name, more) == (config, None, "p.png", {"table": table.table})
    assert real is table.train
