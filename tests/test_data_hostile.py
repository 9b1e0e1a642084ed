"""Files that nobody vouches for: no bomb goes off, nothing is waited for, nothing is lost in silence."""

import gzip
import io
import os
import struct
import tracemalloc
import warnings
import zipfile
import zlib
from contextlib import suppress

import numpy as np
import pytest

from npgan.data import load, reading
from npgan.data.npy import _read_header
from npgan.errors import InputError

MANY = 2**29


def npy(shape, content=b"", descr="|u1"):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header.encode("latin-1") + content


def packed_npz(path, method):
    with zipfile.ZipFile(path, "w", method) as archive, archive.open("train.npy", "w") as file:
        file.write(npy((MANY, 1)))
        for _ in range(4):
            file.write(bytes(2**20))


def bomb_npz(path):
    packed_npz(path, zipfile.ZIP_DEFLATED)


def bomb_lzma(path):
    packed_npz(path, zipfile.ZIP_LZMA)


def bomb_gz(path):
    header = struct.pack(">HBB3I", 0, 8, 3, MANY, 1, 1)
    path.write_bytes(gzip.compress(header + bytes(2**22)))


def bomb_png(path):
    """Forty pictures of 80 million pixels each, all within what Pillow takes for sound."""
    path.mkdir()
    rows = zlib.compress(bytes(2**20))
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", 8000, 8000, 8, 0, 0, 0, 0)),
        (b"IDAT", rows),
        (b"IEND", b""),
    ]
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    for i in range(40):
        (path / f"{i}.png").write_bytes(content)


def bomb_members(path):
    """Sixteen arrays, each within bounds, that together are not."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for i in range(16):
            archive.writestr(f"x{i}.npy", npy((2**22, 1), bytes(2**22)))


BOMBS = {
    "a.npz": (bomb_npz, "more than 200 times as many"),
    "lzma.npz": (bomb_lzma, "compressed as no .npz file is"),
    "a.gz": (bomb_gz, "more than 200 times as many"),
    "pictures": (bomb_png, "more than 200 times as many"),
    "members.npz": (bomb_members, "more than 200 times as many"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch, name):
    make, message = BOMBS[name]
    make(tmp_path / name)
    if name == "members.npz":  # or they would have to be large
        monkeypatch.setattr(reading, "SMALL", 2**25)
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=message):
            load(tmp_path / name)
        assert tracemalloc.get_traced_memory()[1] < 2**26
    finally:
        tracemalloc.stop()


def test_floats_that_bytes_become_are_counted():
    assert reading.footprint((10, 3), np.dtype("u1")) == 10 * 3 * (1 + 4)
    assert reading.footprint((10, 3, 3), np.dtype("u1")) == 10 * 9
    assert reading.footprint((10, 3, 3, 3), np.dtype("u1")) == 10 * 27


@pytest.mark.parametrize("name", ["a.csv", "a.npy", "a.npz", "a", "folder/a.png"])
def test_only_regular_files_are_read(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    os.mkfifo(path)
    with pytest.raises(InputError, match="no regular file"):
        load(path.parent if "/" in name else path)
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(InputError, match="no regular file"):
        load(path.parent if "/" in name else path)


HEADERS = {
    "negative sizes": (npy("(-1, -1)", bytes(1)), "not that of an array of numbers"),
    "a long header": (npy(f"({'1, ' * 3000})"), "its header has .* bytes"),
    "nested brackets": (npy("(" * 300 + ")" * 300), "not that of an array"),
    "a huge number": (npy(f"({'9' * 500},)"), "not that of an array"),
    "a record": (npy("(1,)", bytes(8), "[('a', '<f8')]"), "not that of an array"),
    "numbers without a size": (npy("(9,)", b"", "|V0"), "cannot read"),
    "more than is announced": (npy("(1, 2)", bytes(3)), "announces 2 bytes of data, it holds more"),
    "less than is announced": (npy("(1, 2)", bytes(1)), "it holds only 1"),
    "a type that there is not": (npy("(1,)", b"", "|u3"), "its type is '.u3'"),
    "a size that is no tuple": (npy("(1)", bytes(1)), "not that of an array of numbers"),
    "octal sizes": (npy("(01, 1)", bytes(1)), "not that of an array of numbers"),
    "lines behind the header": (npy("(1, 1), }\n\n", bytes(1)), "not that of an array of numbers"),
    "spaces that are none": (npy("(1, 2)\xa0", bytes(2)), "not that of an array"),
    "other first letters": (
        b"\x93NUMPI" + npy("(1, 1)", bytes(1))[6:],
        "does not begin as an .npy",
    ),
    "another version": (npy("(1,)")[:6] + b"\7\0" + npy("(1,)")[8:], "version"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_an_npy_header_is_read_by_a_pattern(tmp_path, name):
    content, message = HEADERS[name]
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(InputError, match=message):
        load(tmp_path / "a.npy")


@pytest.mark.parametrize("dtype", ["<f8", ">i2", "|b1", "|i1", "<f2", "<u8"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (1, 2, 3)])
@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.filterwarnings("ignore:Stored array in format")
def test_the_pattern_is_that_of_what_numpy_writes(dtype, shape, version):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.zeros(shape, dtype), version)
    file.seek(0)
    assert _read_header(file) == (shape, False, np.dtype(dtype))


ARCHIVES = {
    "a key twice": ([("train", [[1.0]]), ("train", [[2.0]])], "holds train twice"),
    "a key of each kind": ([("train", [[1.0]]), ("x_train", [[2.0]])], "holds train twice"),
    "a lone test": ([("test", [[1.0]])], "no training data, only test"),
    "lone labels": ([("y_train", [[1]])], "no training data, only train_labels"),
    "labels beyond int64": (
        [("train", [[1.0]]), ("y_train", np.array([2**64 - 1], np.uint64))],
        "labels up to 9223372036854775807",
    ),
}


@pytest.mark.parametrize("name", ARCHIVES)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_an_npz_holds_is_not_taken_for_something_else(tmp_path, name):
    members, message = ARCHIVES[name]
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for key, value in members:
            file = io.BytesIO()
            np.save(file, np.asarray(value))
            archive.writestr(f"{key}.npy", file.getvalue())
    with pytest.raises(InputError, match=message):
        load(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("descr", "number"), [("<f8", b"\1" + bytes(5) + b"\xf0\x7f"), ("<f16", b"#" * 16)]
)
def test_a_number_that_is_none_is_refused_without_a_warning(tmp_path, descr, number):
    """A signalling NaN: the processor objects where it is made shorter."""
    (tmp_path / "a.npy").write_bytes(npy("(1, 1)", number, descr))
    with warnings.catch_warnings(record=True) as caught, suppress(InputError):
        warnings.simplefilter("always")
        load(tmp_path / "a.npy")
    assert not caught


def test_what_a_parser_says_of_a_file_is_shortened(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("\n" * 30_000, b"")
    with pytest.raises(InputError) as caught:
        load(tmp_path / "a.npz")
    assert len(str(caught.value).replace(str(tmp_path), "")) < 300


def test_links_lead_to_idx_files_of_the_folder_only(tmp_path):
    (tmp_path / "private").write_bytes(struct.pack(">HBB3I", 0, 8, 3, 1, 1, 1) + b"\7")
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "train-images-idx3-ubyte").symlink_to("../private")
    with pytest.raises(InputError, match=r"links out of the folder \(1\): train-images-idx3-ubyte"):
        load(folder)


def test_a_class_of_thousands_of_digits_is_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in (f"mnist:{'9' * 200}", f"mnist:{'9' * 5000}"):
        with pytest.raises(InputError):
            load(name)


@pytest.mark.parametrize(
    ("size", "packed", "message"),
    [
        (100, 0, None),
        (101, 0, "announces 101 bytes in 0, more than 200 times as many"),
        (800, 4, None),
        (801, 4, "announces 801 bytes in 4, more than 200 times as many"),
        (2000, 2000, None),
        (2001, 2000, "announces 2,001 bytes; at most 2,000 are read"),
    ],
)
def test_a_size_has_a_limit_and_another_in_proportion_to_its_file(
    monkeypatch, size, packed, message
):
    monkeypatch.setattr(reading, "MAX_BYTES", 2000)
    monkeypatch.setattr(reading, "SMALL", 100)
    if message is None:
        reading.check_size("a", size, packed)
    else:
        with pytest.raises(InputError, match=message):
            reading.check_size("a", size, packed)


@pytest.mark.parametrize(
    ("dtype", "shape", "size"),
    [
        ("f4", (3, 4), 48),
        ("f4", (2, 3, 4), 96),
        ("f2", (3,), 18),
        ("u1", (4,), 20),
        ("i1", (2, 3, 4), 120),
    ],
)
def test_an_array_takes_its_bytes_and_those_of_floats_unless_it_stays_as_it_is(dtype, shape, size):
    assert reading.footprint(shape, np.dtype(dtype)) == size


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 25])
@pytest.mark.parametrize("limit", [0, 1, 10, 20, 21])
def test_a_file_is_read_up_to_a_limit_a_part_at_a_time(monkeypatch, size, limit):
    monkeypatch.setattr(reading, "CHUNK", 10)
    asked, file = [], io.BytesIO(bytes(range(size)))
    read = file.read
    content = reading.read_at_most(
        type("File", (), {"read": lambda _, n: asked.append(n) or read(n)})(), limit
    )
    assert content == bytes(range(min(size, limit)))
    assert max(asked) <= 10


@pytest.mark.parametrize(("letters", "shortened"), [(200, False), (201, True)])
def test_a_message_of_two_hundred_letters_is_whole(letters, shortened):
    with pytest.raises(InputError) as caught, reading.reading("a"):
        raise ValueError(("abc " * 60)[: letters - 1] + "d")
    assert str(caught.value).endswith("abc ..." if shortened else "abcd")
    assert len(str(caught.value)) == len("cannot read a: ") + 200 + 3 * shortened


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(2, "No such file", "b"), "No such file"),
        (ValueError(" a\n  b "), "a b"),
        (KeyError(), "KeyError"),
    ],
)
def test_a_reason_is_what_the_system_or_the_parser_says_or_the_errors_name(error, reason):
    with pytest.raises(InputError) as caught, reading.reading("a"):
        raise error
    assert str(caught.value) == f"cannot read a: {reason}"


def test_a_refusal_is_passed_on_as_it_is():
    refusal = InputError("no")
    with pytest.raises(InputError) as caught, reading.reading("a"):
        raise refusal
    assert caught.value is refusal


@pytest.mark.parametrize("limit", [2 * 48, 2 * 48 - 1])
def test_arrays_of_an_npz_are_counted_together(tmp_path, monkeypatch, limit):
    np.savez(
        tmp_path / "a.npz", train=np.ones((3, 4), np.float32), test=np.ones((3, 4), np.float32)
    )
    monkeypatch.setattr(reading, "MAX_BYTES", limit)
    if limit == 96:
        assert load(tmp_path / "a.npz").test.shape == (3, 4)
    else:
        with pytest.raises(InputError, match="announces 96 bytes; at most 95"):
            load(tmp_path / "a.npz")


@pytest.mark.parametrize("names", [["x"], ["test"], ["x", "y"], ["x", "train"]])
def test_one_array_alone_may_have_any_name(tmp_path, names):
    np.savez(tmp_path / "a.npz", **{name: np.ones((2, 3)) for name in names})
    if names == ["x"]:
        assert load(tmp_path / "a.npz").train.shape == (2, 3)
    else:
        with pytest.raises(InputError, match=r"no training data, only test|unknown array"):
            load(tmp_path / "a.npz")


@pytest.mark.parametrize("length", [1024, 1025])
@pytest.mark.parametrize("version", [1, 2])
def test_a_header_has_a_longest_length(tmp_path, length, version):
    start, whole = npy("(1, 1)", bytes(1)), f"<{'H' if version == 1 else 'I'}"
    text = start[10:-1].rstrip()
    header = text + b" " * (length - len(text) - 1) + b"\n"
    content = start[:6] + bytes([version, 0]) + struct.pack(whole, len(header)) + header + b"\xc8"
    (tmp_path / "a.npy").write_bytes(content)
    if length == 1024:
        assert load(tmp_path / "a.npy").train.tolist() == [[200]]
    else:
        with pytest.raises(InputError, match="its header has 1025 bytes; an array's has at most"):
            load(tmp_path / "a.npy")
