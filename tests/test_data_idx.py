"""IDX files: what is written comes back; what is damaged is refused in one line."""

import gzip
import io
import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from npgan.data import load, read_idx
from npgan.data.idx import DTYPES
from npgan.data.reading import read_array
from npgan.errors import InputError


def idx_bytes(array: np.ndarray) -> bytes:
    code = {dtype: code for code, dtype in DTYPES.items()}[array.dtype]
    return struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("idx") / "file"


stored_arrays = st.sampled_from(list(DTYPES.values())).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0))
)


def test_the_types_are_those_of_the_format():
    """http://yann.lecun.com/exdb/mnist, "the IDX file format"."""
    codes = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
    assert {code: np.dtype(name) for code, name in codes.items()} == DTYPES


@given(stored=stored_arrays, compressed=st.booleans())
def test_what_is_written_comes_back_in_native_order(path, stored, compressed):
    content = idx_bytes(stored)
    path.write_bytes(gzip.compress(content) if compressed else content)
    array = read_idx(path)
    assert array.dtype == stored.dtype.newbyteorder("=")
    assert array.dtype.isnative
    np.testing.assert_array_equal(array, stored)


@given(stored=stored_arrays, compressed=st.booleans(), data=st.data())
def test_any_truncation_is_refused(path, stored, compressed, data):
    content = idx_bytes(stored)
    content = gzip.compress(content) if compressed else content
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(InputError, match="file"):
        read_idx(path)


headers = st.builds(bytes.__add__, st.sampled_from([b"", b"\0\0\x08", b"\x1f\x8b"]), st.binary())


@given(content=headers, compressed=st.booleans())
def test_random_bytes_are_refused_or_an_array(path, content, compressed):
    path.write_bytes(gzip.compress(content) if compressed else content)
    with suppress(InputError):
        assert isinstance(read_idx(path), np.ndarray)


@given(stored=stored_arrays, data=st.data())
def test_a_changed_byte_of_a_gzip_file_never_escapes_as_another_error(path, stored, data):
    content = bytearray(gzip.compress(idx_bytes(stored)))
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    with suppress(InputError):
        read_idx(path)


GOOD = idx_bytes(np.arange(6, dtype=np.uint8).reshape(2, 3))
GZIPPED = gzip.compress(GOOD, mtime=0)


@pytest.mark.parametrize(
    ("content", "fragment"),
    [
        (b"", "magic number is empty"),
        (b"\x89PNG", "magic number is 89504e47"),
        (b"\0\0\x08\x02\0\0", "header of 2 dimensions is cut short"),
        (GOOD[:-1], "announces 6 bytes of data, it holds only 5"),
        (GOOD + b"x", "announces 6 bytes of data, it holds more"),
        (GZIPPED[:-9], "ended before"),
        (GZIPPED[:-8] + b"00000000", "CRC check failed"),
        (GZIPPED + b"xx", "Not a gzipped file"),
        (b"\0\0\x08\x01\0\xff\xff\xff", "holds only 0"),
        (b"\0\0\x0e\x01\xff\xff\xff\xff", "at most 4,294,967,296 are read"),
        (b"\0\0\x08\xff" + b"\0\0\0\1" * 255 + b"x", "dimension"),
    ],
)
def test_a_bad_file_is_named_with_what_is_wrong(path, content, fragment):
    path.write_bytes(content)
    with pytest.raises(InputError, match=fragment) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)


ONE, TWO = idx_bytes(np.full((2, 3, 3), 200, np.uint8)), idx_bytes(np.array([4, 7], np.uint8))


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize(
    ("images", "labels", "test"),
    [
        ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte"),
        ("train-images.idx3-ubyte", "train-labels.idx1-ubyte", "t10k-images.idx3-ubyte"),
        ("TRAIN-IMAGES.IDX3-UBYTE", "train-labels-idx1-ubyte", "test-images-idx3-ubyte"),
        *[
            tuple(f"emnist-letters-{part}" for part in parts)
            for parts in [
                ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "test-images-idx3-ubyte")
            ]
        ],
    ],
)
def test_idx_files_are_found_by_the_names_that_people_have(tmp_path, images, labels, test, suffix):
    for name, content in {images: ONE, labels: TWO, test: ONE}.items():
        content = gzip.compress(content) if suffix else content
        (tmp_path / f"{name}{suffix}").write_bytes(content)
    (tmp_path / "emnist-letters-mapping.txt").write_text("1 65")
    (tmp_path / "t10k-images-idx3-ubyte-of-old").mkdir()
    data = load(tmp_path)
    assert (data.train.shape, data.test.shape, data.classes) == ((2, 9), (2, 9), (4, 7))
    assert "other files (1): emnist-letters-mapping.txt" in data.summary()


def test_several_idx_data_sets_in_a_folder_are_named(tmp_path):
    for name in ("emnist-letters", "emnist-digits"):
        (tmp_path / f"{name}-train-images-idx3-ubyte").write_bytes(ONE)
    with pytest.raises(InputError, match="several data sets, emnist-digits, emnist-letters: put"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("emnist-digits-train-images-idx3-ubyte", "."),
        ("emnist-digits-train-images-idx3-ubyte", "emnist-digits-train-images-idx3-ubyte"),
        ("EMNIST-test.gz", "EMNIST-test.gz"),
    ],
)
def test_images_of_emnist_are_turned_upright(tmp_path, name, path):
    upright = np.arange(200, 212, dtype=np.uint8).reshape(2, 3, 2)
    (tmp_path / name).write_bytes(idx_bytes(np.ascontiguousarray(upright.swapaxes(1, 2))))
    (tmp_path / "emnist-digits-train-labels-idx1-ubyte").write_bytes(TWO)
    data = load(tmp_path / path)
    assert data.image_shape == (3, 2)
    assert data.train.tolist() == upright.reshape(2, -1).tolist()
    assert data.summary().count("EMNIST's images were turned upright") == 1


@pytest.mark.parametrize("name", ["images-idx3-ubyte", "a.idx3-ubyte", "a.gz", "a"])
def test_a_single_idx_file_is_the_training_data(tmp_path, name):
    (tmp_path / name).write_bytes(gzip.compress(ONE) if name == "a.gz" else ONE)
    assert load(tmp_path / name).image_shape == (3, 3)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*absent: No such file"):
        read_idx(tmp_path / "absent")


def test_a_gzip_bomb_is_not_decompressed_beyond_what_the_header_announces(path, monkeypatch):
    path.write_bytes(gzip.compress(GOOD + bytes(50_000_000)))
    read = io.BytesIO()
    monkeypatch.setattr(gzip, "open", lambda file: Recorder(gzip.GzipFile(fileobj=file), read))
    with pytest.raises(InputError, match="holds more"):
        read_idx(path)
    assert len(read.getvalue()) == len(GOOD) + 1


def test_one_byte_more_than_announced_is_read_to_see_that_there_is_more(path):
    file = io.BytesIO(bytes(9))
    with pytest.raises(ValueError, match="announces 6 bytes of data, it holds more"):
        read_array(file, path, (2, 3), np.dtype("u1"), 9)
    assert file.tell() == 7


class Recorder:
    """A file that writes down what is read from it."""

    def __init__(self, file, log):
        self.file, self.log = file, log

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def read(self, size):
        chunk = self.file.read(size)
        self.log.write(chunk)
        return chunk
