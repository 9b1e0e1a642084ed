"""Tables as pandas, spreadsheets and NumPy write them: no row is lost, invented or misread."""

import gzip

import numpy as np
import pytest

from npgan.data import is_table, load, table
from npgan.errors import LARGEST, InputError

TABLE = [[1.5, 2], [3, 4]]


def read(tmp_path, text, encoding="utf-8"):
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    return load(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("1.5,2\n3,4\n", ""),
        ("a,b\n1.5,2\n3,4", ""),
        ("a,b\r\n1.5,2\r\n3,4\r\n\r\n", ""),
        ('"a","b"\n"1.5","2"\n"3","4"\n', ""),
        ('"a;c",b\n1.5,2\n3,4\n', ""),
        ("a;b\n1.5;2\n3;4\n", "between semicolons"),
        ("a;b\n1,5;2,0\n3;4\n", "between semicolons"),
        ("a\tb\n1.5\t2\n3\t4\n", "between tabs"),
        ("# made by hand\n# a,b\n1.5,2\n3,4\n", "left out: lines that begin with # (2)"),
        (",a,b\n0,1.5,2\n1,3,4\n", "left out: the first column"),
        (",0,1\n7,1.5,2\n3,3,4\n", "left out: the first column"),
        ("Unnamed: 0,a,b\n0,1.5,2\n1,3,4\n", "left out: the first column"),
        ("0,1\n1.5,2.0\n3.0,4.0\n", "the numbers in line 1 name the columns"),
        ("Größe,b\n1.5,2\n3,4\n", ""),
        ("Label,b\n1.5,2\n3,4\n", "the column Label was taken for data"),
    ],
)
def test_every_way_to_write_a_table_is_read(tmp_path, text, note):
    for encoding in ("utf-8", "utf-8-sig", "latin-1"):
        data = read(tmp_path, text, encoding)
        assert data.train.tolist() == TABLE
        assert note in data.summary()


@pytest.mark.parametrize(
    ("text", "rows", "labels"),
    [
        ("label,a,b\n7,1.5,2\n3,3,4\n", TABLE, [7, 3]),
        ("a;b;Class\n1,5;2;7,0\n3;4;3\n", TABLE, [7, 3]),
        (",a,TARGET,b\n0,1.5,7,2\n1,3,3,4\n", TABLE, [7, 3]),
        (
            "labels,a,b\n9007199254740991,1.5,2\n9007199254740990,3,4\n",
            TABLE,
            [2**53 - 1, 2**53 - 2],
        ),
        ("label,a\n9007199254740993,2\n3,4\n", [[2**53, 2], [3, 4]], None),
        ("label,class\n1,2\n3,4\n", [[1, 2], [3, 4]], None),
        ("label,a\n1.5,2\n3,4\n", TABLE, None),
        (",label\n0,2\n1,4\n", [[2], [4]], None),
        ("labelled,a\n1.5,2\n3,4\n", TABLE, None),
    ],
)
def test_the_one_column_of_labels_has_the_labels(tmp_path, text, rows, labels):
    data = read(tmp_path, text)
    assert data.train.tolist() == rows
    if labels is None:
        assert data.train_labels is None
        assert ("taken for data" in data.summary()) == ("labelled" not in text)
    else:
        assert data.given(data.train_labels).tolist() == labels
        assert "has the labels" in data.summary()


def test_row_numbers_that_float32_would_merge_are_told_apart(tmp_path):
    assert read(tmp_path, ",a\n16777216,1\n16777217,2\n").train.tolist() == [[1], [2]]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("0,1\n2,3\n", [[0, 1], [2, 3]]),
        ("0,1\n-1,-3\n", [[0, 1], [-1, -3]]),
        ("0,1\n1e3,2e3\n", [[0, 1], [1000, 2000]]),
        ("0,1\n0.5,-2.5\n", [[0.5, -2.5]]),
        ("0;1\n0,5;-2,5\n", [[0.5, -2.5]]),
        ("1,5;2,5\n3,5;4,5\n", [[1.5, 2.5], [3.5, 4.5]]),
        ("1,5\t2\n3,5\t4\n", [[1.5, 2], [3.5, 4]]),
        ("0,1,2\n3,4,5\n", [[3, 4, 5]]),
        ("1,2,3\n3,4,5\n", [[1, 2, 3], [3, 4, 5]]),
        (",a\n0.5,1\n0.5,2\n", [[0.5, 1], [0.5, 2]]),
        ("a\n1\n2\n", [[1], [2]]),
        ("0,1,2\n", [[0, 1, 2]]),
        ("1,2\n\n3,4\n", [[1, 2], [3, 4]]),
        ("Unnamed: 0\n1\n2\n", [[1], [2]]),
    ],
)
def test_numbers_are_names_only_where_they_count_columns_or_rows(tmp_path, text, rows):
    assert read(tmp_path, text).train.tolist() == rows


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n1,\n", "line 3, column 2 has a gap, ''"),
        ("NA,NA\n1,2\n", "line 1, column 1 has a gap, 'NA'"),
        ("a\n1\n\n2\n", "line 3 is empty"),
        ('a\n1\n""\n2\n', "line 3, column 1 has a gap"),
        ("a,b\n1,2\n#3,4\n", "line 3, column 1 has '#3', which is no number"),
        ("a,b\n1,2 # x\n", "line 2, column 2 has '2 # x'"),
        ("a,b\n1,2,3\n4,5,6\n", "line 2 has 3 cells, line 1 has 2 columns"),
        ("a,b\n\n1,2\n1\n", "line 4 has 1 cells"),
        ("# x\na,b\n1,2\n1,y\n", "line 4, column 2 has 'y'"),
        ('a,b\n"1\n",2\n1,y\n', "line 4, column 2 has 'y'"),
        ('a,b\n"1\r2",2\n', r"column 1 has '1\r2', which is no number"),
        ("a,b\n1_0,2\n", "'1_0', which is no number"),
        (f"a,b\n{LARGEST!r},x\n", "column 2 has 'x', which is no number"),
        ("a,b\n١,2\n", "which is no number"),
        ("a,b\n1e39,2\n", "'1e39', which is not within the range"),
        ("a,b\n1,inf\n", "'inf', which is not within the range"),
        ("a;b\n1.000,5;2\n", "line 2, column 1"),
        ('a,b\n1,"2\n', "line 2"),
        ("a b\n1 2\n", "line 2, column 1 has '1 2'"),
        ("# only\n", "no data"),
        ("\n\n", "no data"),
        ("a;b\n1,234;5.5\n", "decimal commas and decimal points"),
        ("a\tb\n1.5\t2\n1,5\t2\n", "decimal commas and decimal points"),
        ("1234567," * 2**20, "a row has more than 4,194,304 letters"),
        ('"123456\n",' * 2**19, "a row has more than 4,194,304 letters"),
    ],
)
def test_what_is_no_number_is_named_by_its_line(tmp_path, text, message):
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert message in str(caught.value)


def test_what_numpy_writes_comes_back(tmp_path):
    x = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    np.savetxt(tmp_path / "a.csv", x, delimiter=",", header="a,b,c")
    np.testing.assert_array_equal(load(tmp_path / "a.csv").train, x)


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("1,2\n3,4\n", ()),
        ("# a\n1,2\n3,4\n", ("left out: lines that begin with # (1)",)),
        ("a;b\n1;2\n", ("cells between semicolons",)),
        ("# a\n0;1;2\n1;2;3\n", (
            "left out: lines that begin with # (1)",
            "cells between semicolons",
            "the numbers in line 2 name the columns",
        )),
        ("label,target,a\n1,2,3\n", ("2 columns with names of labels were taken for data",)),
        (
            ",class,a\n5,7,1\n6,8,2\n",
            (
                "left out: the first column, without a name, which numbers the rows",
                "the column class has the labels",
            ),
        ),
        (",a\n5,1\n5,2\n", ("the first column has no name",)),
        (
            "label\n5\n6\n",
            ("the column label was taken for data: labels are whole numbers, beside data",),
        ),
    ],
)  # fmt: skip
def test_what_was_made_of_a_table_is_said_and_nothing_else(tmp_path, text, notes):
    assert read(tmp_path, text).notes == notes


@pytest.mark.parametrize(
    ("text", "rows", "labels"),
    [
        ("label,a\n9007199254740991,2\n", [[2]], [2**53 - 1]),
        ("label,a\n9007199254740992,2\n", [[2**53, 2]], None),
        ("label,a\n-9007199254740991,2\n", [[2]], [1 - 2**53]),
        ("label,a\n-9007199254740992,2\n", [[-(2**53), 2]], None),
        (",label,a\n0,3,2\n1,4,5\n", [[2], [5]], [3, 4]),
        (",label\n0.5,3\n1,4\n", [[0.5], [1]], [3, 4]),
        ("a,label\n2,0.5\n", [[2, 0.5]], None),
        ("a, label \n2,3\n", [[2]], [3]),
    ],
)
def test_labels_are_whole_numbers_that_are_exact_beside_data(tmp_path, text, rows, labels):
    data = read(tmp_path, text)
    assert data.train.tolist() == rows
    given = data.given(data.train_labels)
    assert (None if given is None else given.tolist()) == labels


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (",0,1\n5,2,3\n6,2,3\n", [[2, 3], [2, 3]]),
        (",0,2\n5,2,3\n6,2,3\n", [[2, 3], [2, 3]]),
        ("0\n1.5\n", [[1.5]]),
        ("0\n1\n", [[0], [1]]),
        ("0,1\n1,1.5\n", [[0, 1], [1, 1.5]]),
        ("0,1\n1.0,1.5\n", [[1, 1.5]]),
        ("0,1,2\n5,6,7\n", [[5, 6, 7]]),
        ("a,1\n", None),
        ("-,na\n1,2\n", None),
        ("-,a\n1,2\n", [[1, 2]]),
    ],
)
def test_a_first_row_names_columns_or_is_one_of_numbers(tmp_path, text, rows):
    if rows is None or text.startswith(",0,2"):
        with pytest.raises(InputError, match=r"which is no number|has a gap"):
            read(tmp_path, text)
    else:
        assert read(tmp_path, text).train.tolist() == rows


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("cells", [1, 4, 5])
def test_a_table_is_read_a_part_at_a_time(tmp_path, monkeypatch, rows, cells):
    monkeypatch.setattr("npgan.data.table.CELLS", cells)
    parts, block = [], table._block
    monkeypatch.setattr(table, "_block", lambda rows: parts.append(len(rows)) or block(rows))
    wanted = [[2.0 * i, i + 0.5] for i in range(rows)]
    text = "label,a,b\n" + "".join(f"{i % 2},{a},{b}\n" for i, (a, b) in enumerate(wanted))
    data = read(tmp_path, text)
    assert data.train.tolist() == wanted
    assert data.train_labels.tolist() == [i % 2 for i in range(rows)]
    assert parts == [1] * rows


@pytest.mark.parametrize("more", [0, 1])
@pytest.mark.parametrize("start", ["", "# " + "x" * 37 + "\n", "5,6\n", "5,6\n\n"])
def test_a_row_has_a_longest_length(tmp_path, monkeypatch, more, start):
    """Those before it do not count."""
    monkeypatch.setattr("npgan.data.table.LONGEST", 40)
    text = start + "0" * (36 + more) + "1,2\n3,4\n"
    if more:
        with pytest.raises(InputError, match="a row has more than 40 letters"):
            read(tmp_path, text)
    else:
        assert read(tmp_path, text).train.tolist()[-2:] == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("number", "sound"), [("3.4028234e38", True), ("3.5e38", False), ("-3.5e38", False)]
)
def test_a_number_is_within_the_range_of_float32(tmp_path, number, sound):
    if sound:
        assert np.isfinite(read(tmp_path, f"a\n{number}\n").train).all()
    else:
        with pytest.raises(InputError, match="not within the range of float32"):
            read(tmp_path, f"a\n{number}\n")


@pytest.mark.parametrize(("size", "sound"), [(2 * 8, True), (2 * 8 - 1, False)])
def test_a_cell_of_a_letter_takes_four_bytes(tmp_path, monkeypatch, size, sound):
    monkeypatch.setattr("npgan.data.reading.MAX_BYTES", size)
    if sound:
        assert read(tmp_path, "1,2\n3,4\n").train.tolist() == [[1, 2], [3, 4]]
    else:
        with pytest.raises(InputError, match="announces 16 bytes"):
            read(tmp_path, "1,2\n3,4\n")


# --- rows of pixels ------------------------------------------------------------------------------


def digits(n=30, side=8, most=16):
    """Return images with a dark border, and their labels, 3 to 5."""
    images = np.zeros((n, side, side), int)
    images[:, 1:-1, 1:-1] = np.random.default_rng(0).integers(0, most + 1, (n, side - 2, side - 2))
    return images.reshape(n, -1), 3 + np.arange(n) % 3


def as_text(rows, header=""):
    return header + "".join(",".join(map(str, row)) + "\n" for row in rows)


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
@pytest.mark.parametrize("place", ["first", "last", "named", "none"])
def test_rows_of_pixels_are_images_and_the_cell_beside_them_their_label(tmp_path, place, ending):
    images, labels = digits()
    rows, header = images, ""
    if place != "none":
        parts = (labels[:, None], images)
        rows = np.concatenate(parts[:: -1 if place == "last" else 1], axis=1)
    if place == "named":
        header = ",".join(["label", *(f"pixel{i}" for i in range(64))]) + "\n"
    path = tmp_path / f"a.{ending}"
    content = as_text(rows, header).encode()
    path.write_bytes(gzip.compress(content) if ending == "csv.gz" else content)
    assert not is_table(path)
    data = load(path)
    assert (data.shape, data.train.max()) == ((8, 8, 1), 255)
    np.testing.assert_array_equal(data.train > 0, images > 0)
    assert "rows of 8 x 8 pixels were taken for images" in data.notes
    if place == "none":
        assert data.train_labels is None
    else:
        assert data.given(data.train_labels).tolist() == labels.tolist()
        assert (f"the {place} column has the labels" in data.notes) == (place != "named")


PIXELS, MARKS = digits()


@pytest.mark.parametrize(
    "rows",
    [
        PIXELS + 0.5,
        PIXELS - 1,
        PIXELS * 20,
        PIXELS % 8,
        PIXELS[:, :63],
        PIXELS[:, :49],
        np.column_stack([MARKS, PIXELS, MARKS]),
        np.column_stack([MARKS * 0, PIXELS]),
        np.column_stack([MARKS, PIXELS + MARKS[:, None]]),
    ],
    ids=["fractions", "negative", "large", "answers", "63", "7 x 7", "two ends", "constant", "no corner"],
)  # fmt: skip
def test_what_may_be_no_image_is_left_as_it_is(tmp_path, rows):
    data = read(tmp_path, as_text(rows.tolist()))
    assert (data.image_shape, data.train.shape) == (None, rows.shape)


def test_names_of_their_own_are_no_pixels(tmp_path):
    words = "".join(f"{chr(97 + i % 26) * (1 + i // 26)}," for i in range(64))[:-1] + "\n"
    assert read(tmp_path, as_text(PIXELS, words)).image_shape is None


def test_a_compressed_table_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "SMALL", 2**12)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"1.5,2\n" * 2**16))
    with pytest.raises(InputError, match="out of proportion"):
        load(tmp_path / "a.csv.gz")


@pytest.mark.parametrize(
    ("classes", "alike", "found"),
    [(2, 1000, True), (1, 1000, False), (100, 900, True), (101, 900, False), (2, 899, False)],
)
def test_a_label_has_some_classes_and_stands_beside_a_corner(classes, alike, found):
    column, other = np.arange(1000) % classes, np.arange(1000)
    other[:alike] = 0
    assert table._is_label(column, other) is found


@pytest.mark.parametrize(("last", "sound"), [("10,20", True), ("10,200", False)])
def test_a_compressed_table_has_half_as_many_letters_as_bytes(tmp_path, monkeypatch, last, sound):
    monkeypatch.setattr(table, "SMALL", 100)
    monkeypatch.setattr(table, "RATIO", 1)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"1,2\n" * 11 + last.encode() + b"\n"))
    if sound:
        assert table.read_csv(tmp_path / "a.csv.gz")[0]["train"].shape == (12, 2)
        return
    with pytest.raises(ValueError, match="it holds more than 50 letters"):
        table.read_csv(tmp_path / "a.csv.gz")
