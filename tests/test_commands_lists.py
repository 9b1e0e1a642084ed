"""What presets and data sets are said to be, word for word."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from npgan import plotting
from npgan.commands import data, presets
from npgan.errors import InputError


def preset(**more):
    config = {
        "model": "gan",
        "data": "ring",
        "epochs": None,
        "steps": 70,
        "batch_size": 5,
        "settings": {},
        "networks": {"generator": ["dense 2 3", ["relu", "dense 3 3"], "tanh"]},
        "optimizers": {"generator": {"name": "adam", "lr": 0.1}},
    }
    return SimpleNamespace(in_numbers=lambda: SimpleNamespace(**{**config, **more}))


def test_a_preset_is_said_with_its_networks_and_settings(monkeypatch, capsys):
    known = {"a": preset(), "b": preset(epochs=2, settings={"ema": 0.9, "latent": 2})}
    monkeypatch.setattr("npgan.models.presets.PRESETS", known)
    monkeypatch.setattr("npgan.models.presets.DEFAULT", "b")
    presets.run(None)
    network = "  generator: dense 2 3 -> x + (relu -> dense 3 3) -> tanh\n    name adam, lr 0.1\n"
    assert capsys.readouterr().out == (
        f"a: gan on ring, 70 steps, batch 5\n{network}"
        f"b (the default): gan on ring, 2 epochs, batch 5\n{network}  ema 0.9, latent 2\n"
    )


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        (["a", "b"], "a -> b"),
        ([["a", "b"]], "x + (a -> b)"),
        ([{"sequential": ["a", ["b"]], "beside": "c"}], "[a -> x + (b), c]"),
        ([{"residual": ["a", "b"], "shortcut": ["c"]}, "d"], "(a -> b) + (c) -> d"),
    ],
)
def test_a_network_is_read_from_left_to_right(layers, words):
    assert presets._in_words(layers) == words


# --- data ----------------------------------------------------------------------------------------


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    calls = []
    monkeypatch.setattr(plotting, "save_grid", lambda *a, **more: calls.append((*a, more)))
    monkeypatch.setattr(plotting, "save_points", lambda *a: calls.append(a))
    return calls


def describe(name, **more):
    options = {"name": name, "schema": False, "size": None, "fit": None, "out": None}
    data.run(SimpleNamespace(**{**options, **more}))


def test_the_first_64_images_are_drawn_in_8_columns(drawn, capsys):
    images = np.arange(70 * 4, dtype=np.float32).reshape(70, 2, 2)
    np.savez("d.npz", train=images, train_labels=np.repeat([5, 3], [30, 40]))
    describe("d.npz", out="d.png")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == (
        "Dataset('d.npz', train=(70, 4) float32, train_labels=(70,) int64, shape=(2, 2, 1), classes=(3, 5))"
    )
    assert lines[1].startswith("d.npz: 70 training images of 2 x 2, no test data; values 0 to 279")
    assert lines[2:] == ["training rows a class: 3: 40, 5: 30"]
    ((file, seen, shape, more),) = drawn
    assert (file, shape, more) == ("d.png", (2, 2, 1), {"columns": 8})
    np.testing.assert_allclose(seen, images[:64].reshape(64, 4) / 255, rtol=1e-6)


def test_bytes_are_drawn_from_0_to_255(drawn, capsys):
    np.save("d.npy", np.full((3, 2, 2), 204, np.uint8))
    describe("d.npy", out="d.png")
    np.testing.assert_allclose(drawn[0][1], np.full((3, 4), 0.8), rtol=1e-6)
    assert "training rows a class" not in capsys.readouterr().out


def test_points_are_drawn_and_other_rows_are_not(drawn):
    for width in (2, 3):
        np.save(f"{width}.npy", np.ones((4, width)))
    describe("2.npy", out="d.png")
    ((file, none, points),) = drawn
    assert (file, none.shape, points.shape) == ("d.png", (0, 2), (4, 2))
    describe("3.npy")
    assert len(drawn) == 1
    with pytest.raises(InputError, match="rows of 3 numbers are no picture"):
        describe("3.npy", out="d.png")


def test_a_table_is_said_in_lines_or_as_a_schema(drawn, capsys, tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1.5,x\n2,y\n2.5,x\n")
    describe("t.csv")
    assert capsys.readouterr().out.splitlines() == [
        "t.csv: 3 training rows of 2 columns, no test data",
        "a: number, 1.5 to 2.5",
        "b: category, x 2, y 1",
    ]
    describe("t.csv", schema=True)
    assert capsys.readouterr().out.startswith('rows = 3\ndelimiter = ","\ndecimal = "."\n')
    for wrong in ({"size": (2, 2)}, {"out": "d.png"}):
        with pytest.raises(InputError, match=r"t\.csv is a table: --size and --out are for"):
            describe("t.csv", **wrong)
    (tmp_path / "n.csv").write_text("a,b\n1,2\n3,4\n")
    describe("n.csv", schema=True)
    assert 'kind = "whole number"' in capsys.readouterr().out
    describe("n.csv")
    assert capsys.readouterr().out.startswith("Dataset('n.csv', train=(2, 2) float32)\n")
    assert drawn == []


def test_what_is_imported_for_hints_alone_is_not_imported_when_commands_are():
    words = "import pkgutil, sys, npgan.commands as c\n"
    words += "for m in pkgutil.iter_modules(c.__path__): __import__(f'npgan.commands.{m.name}')\n"
    words += "print([name for name in ('pyarrow', 'npgan.tables') if name in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"
