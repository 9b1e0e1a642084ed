"""A history of training: its rows, its table, its CSV file."""

import os
from types import SimpleNamespace

import numpy as np
import pytest
from loops import run

from npgan import InputError
from npgan.training import CSVHistory, History


def test_a_failing_rewrite_leaves_the_old_history(small_gan, points, tmp_path, monkeypatch):
    run(small_gan, points, tmp_path, 5)
    before = (tmp_path / "h.csv").read_bytes()

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        run(small_gan, points, tmp_path, 9, resume=True)
    assert (tmp_path / "h.csv").read_bytes() == before


@pytest.mark.parametrize(
    "text",
    [
        "step,loss\n1,abc\n",
        "step\ninf\n",
        "loss\n1\n",
        "step,x\n,1\n",
        "step\n2\n2\n",
        "step\n-1\n",
        "step\n0\n",
        "step\n1.5\n",
        "step\nnan\n",
        "step,x\n1\n",
        "step,x\n1,2,3\n",
        "step\n1\n\0\0\n",
    ],
)
def test_a_file_that_is_not_a_table_of_numbers_with_steps_is_refused(tmp_path, text):
    path = tmp_path / "h.csv"
    path.write_text(text)
    with pytest.raises(InputError, match="not a history"):
        History.read_csv(path)


def test_each_row_is_in_the_file_as_soon_as_it_is_there(tmp_path):
    path, loop = tmp_path / "h.csv", SimpleNamespace(history=History())
    table = CSVHistory(path)
    table.on_train_begin(loop)
    for step in range(1, 5):
        loop.history.append({"step": step})
        table.on_log(loop)
        assert path.read_text().split() == ["step", *map(str, range(1, step + 1))]


@pytest.mark.parametrize("end", [b"2,0.2", b"2,0.25\r", b"2", b""])
def test_a_last_row_that_is_cut_off_is_none(tmp_path, end):
    path = tmp_path / "h.csv"
    path.write_bytes(b"step,loss\r\n1,0.5\r\n" + end)
    assert History.read_csv(path).rows == [{"step": 1, "loss": 0.5}]


def test_a_row_is_appended_and_a_new_column_has_the_file_written_anew(tmp_path):
    path, loop = tmp_path / "h.csv", SimpleNamespace(history=History())
    table = CSVHistory(path)
    table.on_train_begin(loop)
    for row in ({"step": 1, "loss": 0.5}, {"step": 2}, {"step": 3, "val": 1.0}):
        loop.history.append(row)
        file = path.stat().st_ino
        table.on_log(loop)
        assert (path.stat().st_ino == file) == (row["step"] == 2)
    assert path.read_bytes() == b"step,loss,val\r\n1,0.5,\r\n2,,\r\n3,,1.0\r\n"


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([1, 2, 5], None),
        ([1, 1], "row 2 has the step 1.0 after 1"),
        ([0], "row 1 has the step 0.0 after 0"),
        ([1, 2.5], "row 2 has the step 2.5 after 1"),
        ([np.inf], "row 1 has the step inf after 0"),
        ([np.nan], "row 1 has the step nan after 0"),
    ],
)
def test_steps_of_a_history_are_whole_and_rise(steps, message):
    rows = [{"step": float(step), "epoch": 0.0, "loss": 2.0} for step in steps]
    if message is None:
        history = History.of(rows)
        assert history["step"] == steps
        assert [type(v) for v in history.rows[0].values()] == [int, int, float]
        assert repr(history) == "History(3 rows: step, epoch, loss)"
    else:
        with pytest.raises(ValueError, match=message):
            History.of(rows)


@pytest.mark.parametrize(
    ("columns", "table", "message"),
    [
        (["step", "loss"], np.array([[1, np.nan], [2, 0.5]]), None),
        (["step", "loss"], np.array([[1, 2.0]], np.float32), "float32"),
        (["step", "loss"], np.array([[1.0]]), r"a history of 2 columns is float64 \(1, 1\)"),
        (["step", "loss"], np.array([1.0, 2.0]), r"float64 \(2,\)"),
        (["step", "step"], np.array([[1.0, 2.0]]), "a history of 2 columns"),
        (["step", "step"], np.array([[1.0]]), "longer|shorter"),
        (["step", "a\nb"], np.array([[1.0, 2.0]]), "a column is called"),
    ],
)
def test_a_table_is_a_history_if_its_columns_fit(columns, table, message):
    if message is None:
        history = History.of_table(columns, table)
        assert history.rows == [{"step": 1}, {"step": 2, "loss": 0.5}]
        assert (list(history), len(history)) == (history.rows, 2)
    else:
        with pytest.raises(ValueError, match=message):
            History.of_table(columns, table)


def test_a_history_has_a_maximum_size_and_its_incomplete_last_row_is_left_out(
    tmp_path, monkeypatch
):
    (tmp_path / "h.csv").write_text("step,loss\n1,\n2,0.5\n3,0.2")
    monkeypatch.setattr("npgan.training.history.MOST", 24)
    assert History.read_csv(tmp_path / "h.csv").rows == [{"step": 1}, {"step": 2, "loss": 0.5}]
    monkeypatch.setattr("npgan.training.history.MOST", 23)
    with pytest.raises(InputError, match="at most 23 belong there"):
        History.read_csv(tmp_path / "h.csv")


@pytest.mark.parametrize(("size", "fits"), [(2**26, True), (2**26 + 1, False)])
def test_a_file_larger_than_any_history_is_not_read(tmp_path, size, fits):
    path = tmp_path / "h.csv"
    with path.open("wb") as file:
        file.write(b"step\n1\n")
        file.truncate(size)
    if fits:
        assert History.read_csv(path).rows == [{"step": 1}]
        return
    with pytest.raises(InputError):
        History.read_csv(path)


def test_the_costs_of_what_is_to_rise_are_its_negative_numbers():
    rows = [{"step": i, "val_loss": v, "recall": v} for i, v in enumerate([0.5, 2.0], 1)]
    history = History.of([*rows, {"step": 3}])
    assert history.costs("val_loss") == history["recall"] == [0.5, 2.0]
    assert history.costs("recall") == [-0.5, -2.0]
    for name in ("val_accuracy", "precision", "modes", "high_quality"):
        assert History.of([{"step": 1, name: 3.0}]).costs(name) == [-3.0], name
