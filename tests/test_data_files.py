"""The user's own files: every accepted kind is read, every bad one refused in one line."""

import io
import struct
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from npgan.data import from_arrays, load, load_path
from npgan.errors import InputError

IMAGES = (11 * np.arange(24, dtype=np.uint8)).reshape(2, 3, 4)
LABELS = np.array([5, 7], np.uint8)


def save_png(path, pixels):
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(path)


def npy_bytes(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("array", "dtype", "image_shape"),
    [
        (np.full((2, 3, 4), 128, np.uint8), np.uint8, (3, 4)),
        (np.full((2, 3, 4), 200), np.uint8, (3, 4)),
        (np.full((2, 3, 4), 256), np.float32, (3, 4)),
        (np.full((2, 3, 4), -1), np.float32, (3, 4)),
        (np.ones((2, 3, 4), bool), np.float32, (3, 4)),
        (np.ones((2, 3, 4)), np.float32, (3, 4)),
        (np.zeros((2, 16), np.uint8), np.uint8, (4, 4)),
        (np.ones((2, 15), np.uint8), np.float32, None),
        (np.ones((2, 16), np.int64), np.float32, None),
        (np.ones((2, 16), np.float16), np.float32, None),
    ],
)
def test_arrays_become_pixels_or_float32(array, dtype, image_shape):
    data = from_arrays("some", {"train": array})
    assert data.train.dtype == dtype
    assert data.image_shape == image_shape
    np.testing.assert_array_equal(data.train, array.reshape(2, -1))


@pytest.mark.parametrize(
    ("arrays", "fragment"),
    [
        ({}, "no training data, only nothing"),
        ({"test": IMAGES}, "no training data, only test"),
        ({"train": IMAGES, "trian_labels": LABELS}, "did you mean 'train_labels'"),
        ({"train": np.array([["a"]])}, r"real numbers, not <U1 \(1, 1\)"),
        ({"train": IMAGES.astype(complex)}, "real numbers, not complex128"),
        ({"train": LABELS}, r"shape \(2,\): it must be \(n, d\) or \(n, h, w\)"),
        ({"train": IMAGES[:0]}, "n at least 1"),
        ({"train": np.full((1, 1), 1e300)}, "train has inf in row 0, column 0"),
        (
            {"train": IMAGES, "test": IMAGES.reshape(2, 4, 3)},
            r"\(3, 4, 1\), test samples \(4, 3, 1\)",
        ),
        (
            {"train": np.ones((2, 15)), "test": np.ones((2, 14))},
            r"training samples are \(15,\), test samples \(14,\)",
        ),
        ({"train": IMAGES, "train_labels": np.full(2, 0.5)}, "labels are whole numbers, or text"),
    ],
)
def test_arrays_of_another_kind_are_refused(arrays, fragment):
    with pytest.raises(InputError, match=fragment):
        from_arrays("some", arrays)


@pytest.mark.parametrize("folder", [".", "raw", "MNIST/raw"])
def test_a_folder_of_idx_files_is_read_in_its_known_layouts(tmp_path, folder):
    place = tmp_path / folder
    place.mkdir(parents=True, exist_ok=True)
    header = struct.pack(">HBB3I", 0, 8, 3, 2, 3, 4)
    (place / "train-images-idx3-ubyte").write_bytes(header + IMAGES.tobytes())
    data = load_path(tmp_path)
    assert data.image_shape == (3, 4)
    np.testing.assert_array_equal(data.train, IMAGES.reshape(2, -1))


@pytest.mark.parametrize("order", ["C", "F"])
def test_an_npy_file_is_the_training_data(tmp_path, order):
    np.save(tmp_path / "a.npy", np.asarray(IMAGES, order=order))
    np.testing.assert_array_equal(load_path(tmp_path / "a.npy").train, IMAGES.reshape(2, -1))


@pytest.mark.parametrize("end", ["(2, 2), }", "(2,2), }", "(2, 2)}", "(2, 2,), }", "(2, 2), }\n"])
def test_an_npy_file_may_be_written_by_others(tmp_path, end):
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {end}"
    start = b"\x93NUMPY\1\0" + struct.pack("<H", len(header))
    (tmp_path / "a.npy").write_bytes(start + header.encode() + bytes([1, 2, 3, 4]))
    assert load_path(tmp_path / "a.npy").train.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(
    "keys",
    [("train", "test", "train_labels", "test_labels"), ("x_train", "x_test", "y_train", "y_test")],
)
def test_an_npz_file_has_our_keys_or_those_of_keras(tmp_path, save, keys):
    arrays = [IMAGES, IMAGES[:1], LABELS, LABELS[:1]]
    save(tmp_path / "a.npz", **dict(zip(keys, arrays, strict=True)))
    data = load(str(tmp_path / "a.npz"))
    np.testing.assert_array_equal(data.test, IMAGES[:1].reshape(1, -1))
    assert data.given(data.train_labels).tolist() == [5, 7]
    assert data.given(data.test_labels).tolist() == [5]


def test_an_npz_file_may_hold_one_array_of_any_name(tmp_path):
    np.savez(tmp_path / "a.npz", faces=IMAGES)
    assert load_path(tmp_path / "a.npz").image_shape == (3, 4)


@pytest.mark.parametrize("header", ["", "a,b\n", "\ufeffa,b\n", "# a,b\n"])
def test_a_csv_file_may_name_its_columns(tmp_path, header):
    (tmp_path / "a.csv").write_text(f"{header}1,2\n3,4.5\n", encoding="utf-8")
    np.testing.assert_array_equal(load_path(tmp_path / "a.csv").train, [[1, 2], [3, 4.5]])


def test_png_images_are_read_as_greyscale_in_the_order_of_their_names(tmp_path):
    save_png(tmp_path / "b.png", np.full((2, 3, 3), 255, np.uint8))
    save_png(tmp_path / "a.PNG", np.full((2, 3), 7, np.uint8))
    save_png(tmp_path / "c.png", np.full((2, 3), 9 * 256, np.uint16))
    save_png(tmp_path / "d.png", np.full((2, 3), 65535, np.uint16))
    data = load_path(tmp_path)
    assert data.image_shape == (2, 3)
    np.testing.assert_array_equal(data.train, np.repeat([[7], [255], [9], [255]], 6, axis=1))


def test_png_images_of_another_size_are_named(tmp_path):
    for name, shape in {"a": (2, 3), "b": (2, 3), "c": (3, 2), "d": (4, 4)}.items():
        save_png(tmp_path / f"{name}.png", np.zeros(shape, np.uint8))
    with pytest.raises(InputError, match=r"c.png has \(height, width\) \(3, 2\) but a.png"):
        load_path(tmp_path)


def test_an_image_pillow_takes_for_a_bomb_is_refused(tmp_path, monkeypatch):
    save_png(tmp_path / "a.png", np.zeros((10, 10), np.uint8))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 99)
    with pytest.raises(InputError, match="decompression bomb"):
        load_path(tmp_path)


def lying(content, old, new):
    assert content.count(old) == 1
    return content.replace(old, new)


ZEROS = npy_bytes(np.zeros((2, 2)))
LYING = lying(ZEROS, b"(2, 2), }" + b" " * 12, b"(900000, 900000), }  ")


@pytest.mark.parametrize(
    ("name", "content", "fragment"),
    [
        ("a.npy", b"", "cannot read .*a.npy"),
        ("a.npy", b"1,2,3", "cannot read .*a.npy"),
        ("a.npy", LYING, "announces 9,720,000,000,000 bytes; at most"),
        ("a.npy", ZEROS[:-3], "cannot read .*a.npy"),
        ("a.npy", npy_bytes(np.array([None, 1])), "Python objects, which are never unpickled"),
        ("a.npy", npy_bytes(np.zeros((0, 2))), r"train has shape \(0, 2\)"),
        ("a.npz", b"PK", "cannot read .*a.npz: File is not a zip file"),
        ("a.csv", b"", "no data"),
        ("a.csv", b"x,y\n", "no data"),
        ("a.csv", b"1,2\n3\n", "cannot read .*a.csv.*columns"),
        ("a.csv", b"1,2\n3,x\n", "line 2, column 2 has 'x', which is no number"),
        ("a.csv", b"1,x\n3,4\n", "line 1, column 2 has 'x', which is no number"),
        ("a.csv", b"1,2\n3,nan\n", "line 2, column 2 has a gap, 'nan'"),
        ("a.csv", b"\xff\xfe", "cannot read .*a.csv"),
        ("a.txt", b"1", "a.txt is of no known kind: accepted are a file .*npz"),
        ("dir/a.txt", b"1", r"dir holds no data; left out: other files \(1\): a.txt; accepted"),
        ("dir/a.png", b"JFIF", "cannot read .*a.png: it does not begin as a picture"),
        ("dir/t10k-labels-idx1-ubyte", b"\0\0\x08\1\0\0\0\1\7", "only test_labels"),
    ],
)
def test_a_bad_file_is_refused_with_one_line(tmp_path, name, content, fragment):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    with pytest.raises(InputError, match=fragment) as caught:
        load_path(path.parent if "/" in name else path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.csv", "dir"])
def test_more_than_the_greatest_size_is_refused_before_it_is_read(tmp_path, monkeypatch, name):
    np.save(tmp_path / "a.npy", np.zeros((100, 100)))
    np.savez_compressed(tmp_path / "a.npz", train=np.zeros((100, 100)))
    np.savetxt(tmp_path / "a.csv", np.zeros((100, 100)), delimiter=",")
    save_png(tmp_path / "dir" / "a.png", np.zeros((100, 100), np.uint8))
    monkeypatch.setattr("npgan.data.reading.MAX_BYTES", 9_999)
    with pytest.raises(InputError, match=r"announces .* bytes; at most 9,999 are read"):
        load_path(tmp_path / name)


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a"])
@pytest.mark.parametrize("more", [0, 1])
def test_an_array_of_the_greatest_size_is_read(tmp_path, monkeypatch, name, more):
    x = np.full((3, 10, 10), 200, np.uint8)
    np.save(tmp_path / "a.npy", x)
    np.savez(tmp_path / "a.npz", train=x)
    (tmp_path / "a").write_bytes(struct.pack(">HBB3I", 0, 8, 3, *x.shape) + x.tobytes())
    monkeypatch.setattr("npgan.data.reading.MAX_BYTES", 300 - more)
    if more:
        with pytest.raises(InputError, match="announces 300 bytes; at most 299 are read"):
            load_path(tmp_path / name)
    else:
        assert len(load_path(tmp_path / name).train) == 3


def test_an_npz_member_whose_header_lies_allocates_nothing(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("train.npy", LYING)
    with pytest.raises(InputError, match="announces 9,720,000,000,000 bytes"):
        load_path(tmp_path / "a.npz")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


SAVERS = {
    "a.npy": np.save,
    "a.npz": np.savez_compressed,
    "a.csv": lambda path, x: np.savetxt(path, x[0], "%d", delimiter=",", header="a,b,c,d"),
    "png/a.png": lambda path, x: save_png(path, x[0]),
    "jpg/a.jpg": lambda path, x: save_png(path, x[0]),
}


@pytest.mark.parametrize("name", SAVERS)
@given(data=st.data())
def test_a_changed_byte_never_escapes_as_another_error(folder, name, data):
    path = folder / name
    SAVERS[name](path, IMAGES)
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    with suppress(InputError):
        load_path(path.parent if "/" in name else path)


@pytest.mark.parametrize(
    "labels",
    [
        np.array([[5], [9], [5]]),
        np.array([5.0, 9.0, 5.0]),
        np.array([5, 9, 5], np.uint8),
        np.array([[5.0], [9.0], [5.0]], np.float32),
    ],
)
def test_labels_are_whole_numbers_of_any_type_in_a_column_or_not(labels):
    dataset = from_arrays("d", {"train": np.zeros((3, 2)), "train_labels": labels})
    assert (dataset.classes, dataset.train_labels.tolist()) == ((5, 9), [0, 1, 0])


@pytest.mark.parametrize("labels", [[["b"], ["a"], ["b"]], ["b", "a", "b"]])
@pytest.mark.parametrize("kind", [str, object])
def test_labels_are_text_in_a_column_or_not(labels, kind):
    dataset = from_arrays("d", {"train": np.zeros((3, 2)), "train_labels": np.array(labels, kind)})
    assert (dataset.classes, dataset.train_labels.tolist()) == (("a", "b"), [1, 0, 1])


def test_labels_are_truth_values():
    labels = np.array([True, False, True])
    dataset = from_arrays("d", {"train": np.zeros((3, 2)), "train_labels": labels})
    assert (dataset.classes, dataset.train_labels.tolist()) == (None, [1, 0, 1])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0.5, 1, 2], "some are not whole"),
        ([np.nan, 1, 2], "some are not whole"),
        ([np.inf, 1, 2], "has inf: labels up to"),
        ([1e30, 1, 2], "labels up to"),
        ([[0, 1]] * 3, "one int64 for each"),
    ],
)
def test_other_numbers_are_no_labels(labels, message):
    with pytest.raises(InputError, match=message):
        from_arrays("d", {"train": np.zeros((3, 2)), "train_labels": np.array(labels)})


@pytest.mark.parametrize("content", ["a,b\nx,2\ny,3\n", "1,1,good\n2,0\n3,1\n", "1,2\n,3\n"])
def test_what_only_models_of_tables_read_is_sent_to_them(tmp_path, content):
    for name in ("a.csv", "a.tsv"):
        (tmp_path / name).write_text(content)
        with pytest.raises(InputError, match="for the preset table"):
            load(tmp_path / name)
    (tmp_path / "a.csv").write_text("a,b\n1,2\n3\n")
    with pytest.raises(InputError, match=r"cells, line 1 has 2 columns$"):
        load(tmp_path / "a.csv")
