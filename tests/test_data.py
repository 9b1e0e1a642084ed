"""Data sets: validation, names, MNIST inside the package, and the downloaded ones."""

import dataclasses
import functools
import gzip
import hashlib
import http.server
import re
import struct
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import npgan.data
from npgan.data import Dataset, from_arrays, load
from npgan.data.arrays import brightened
from npgan.data.download import SOURCES, Source, _download, load_download
from npgan.data.mnist_files import FILES
from npgan.errors import InputError
from npgan.system import environment

ROWS = np.zeros((3, 4), np.float32)
LABELS = np.arange(3)
NAN = ROWS.copy()
NAN[1, 2] = np.nan


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        ({"train": np.zeros(3, np.float32)}, r"train has shape \(3,\)"),
        ({"train": np.zeros((0, 4), np.float32)}, r"train has shape \(0, 4\)"),
        ({"train": ROWS.astype(np.float64)}, "train has dtype float64"),
        ({"train": NAN}, "train has nan in row 1, column 2"),
        ({"train": ROWS, "test": NAN}, "test has nan in row 1, column 2"),
        ({"train": ROWS, "test": ROWS[:, :3]}, "columns and dtype must agree"),
        ({"train": ROWS, "test": ROWS.astype(np.uint8)}, "columns and dtype must agree"),
        ({"train": ROWS, "train_labels": LABELS[:2]}, "each of the 3 rows"),
        ({"train": ROWS, "train_labels": LABELS.astype(float)}, "one int64 for each"),
        ({"train": ROWS, "train_labels": LABELS - 1}, r"in \[0, inf\]; they lie in \[-1, 1\]"),
        ({"train": ROWS, "shape": (-2, -2, 1)}, "each size in bad: shape must be .* not -2"),
        ({"train": ROWS.tolist()}, "train must be of the class ndarray"),
        ({"train": ROWS, "modes": ROWS[:, :2]}, r"modes must be numbers \(k, 4\)"),
        ({"train": ROWS, "test_labels": LABELS}, "test_labels are given without their rows"),
        ({"train": ROWS, "shape": (2, 3, 1)}, r"make 4 numbers, or \(4,\), not \(2, 3, 1\)"),
    ],
)
def test_a_data_set_that_does_not_fit_together_is_refused(arguments, fragment):
    with pytest.raises(InputError, match=fragment):
        Dataset("bad", **arguments)


@pytest.mark.parametrize(
    ("name", "fragment"),
    [
        ("minst", "unknown data set 'minst': did you mean 'mnist'"),
        ("no/such/place", "there is nothing at no/such/place: accepted are a file"),
        ("absent.npy", "there is nothing at absent.npy"),
        (Path("absent"), "there is nothing at absent"),
        ("nul\0.npy", "null"),
    ],
)
def test_an_unknown_name_or_a_missing_path_says_what_is_accepted(name, fragment):
    with pytest.raises(InputError, match=fragment):
        load(name)


def test_importing_the_package_loads_neither_pooch_nor_pillow():
    code = "import sys, npgan.data; print({'pooch', 'PIL', 'requests'} & set(sys.modules))"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert output.stdout.strip() == b"set()"


def test_mnist_is_the_published_one():
    data = load("mnist")
    assert repr(data) == (
        "Dataset('mnist', train=(60000, 784) uint8, test=(10000, 784) uint8, "
        "train_labels=(60000,) int64, test_labels=(10000,) int64, shape=(28, 28, 1))"
    )
    assert np.bincount(data.test_labels).tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
    ]  # fmt: skip


@pytest.mark.parametrize("name", FILES.values())
def test_the_packaged_files_have_the_published_md5_sums(name):
    folder = Path(npgan.data.__file__).with_name("mnist")
    content = gzip.decompress((folder / f"{name}.gz").read_bytes())
    assert f"{hashlib.md5(content).hexdigest()}  {name}" in (folder / "LICENSE").read_text()


@pytest.fixture
def published(tmp_path, monkeypatch):
    """Put a tiny data set into a folder, and let it be what KMNIST's sums say."""
    folder = tmp_path / "published"
    folder.mkdir()
    images = struct.pack(">HBB3I", 0, 8, 3, 2, 2, 2) + bytes(range(8))
    labels = struct.pack(">HBBI", 0, 8, 1, 2) + b"\3\4"
    sums = {}
    for field, name in FILES.items():
        content = gzip.compress(labels if "labels" in field else images)
        (folder / f"{name}.gz").write_bytes(content)
        sums[field] = hashlib.sha256(content).hexdigest()
    monkeypatch.setitem(SOURCES, "kmnist", Source("http://localhost:1", "KMNIST/raw", sums))
    monkeypatch.setenv("NPGAN_DATA", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "*")
    return folder


@pytest.mark.parametrize(
    "x", [np.ones((3, 2), np.float32), np.full((3, 2, 2), 255, np.uint8)], ids=["rows", "images"]
)
def test_rows_of_float32_and_bright_images_are_not_copied(x):
    assert np.shares_memory(from_arrays("d", {"train": x}).train, x)


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_has_an_address_a_folder_and_the_sums_of_all_its_files(name):
    source = SOURCES[name]
    assert source.url.startswith(("http://", "https://"))
    assert source.torchvision.endswith("/raw")
    assert source.sha256.keys() == FILES.keys()
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in source.sha256.values())
    with pytest.raises(dataclasses.FrozenInstanceError):
        source.url = "http://elsewhere"


@pytest.mark.parametrize("place", ["kmnist", "KMNIST/raw"])
def test_files_put_there_by_hand_are_used(published, place):
    (published.parent / place).parent.mkdir(exist_ok=True)
    published.rename(published.parent / place)
    data = load("kmnist")
    assert data.image_shape == (2, 2)
    assert data.given(data.test_labels).tolist() == [3, 4]


def test_a_file_put_there_by_hand_that_is_not_the_published_one_is_refused(published):
    own = published.rename(published.parent / "kmnist") / "t10k-labels-idx1-ubyte.gz"
    own.write_bytes(b"something else")
    with pytest.raises(InputError, match=rf"{own} is not the published file"):
        load("kmnist")
    assert own.read_bytes() == b"something else"


def test_a_failed_download_says_which_and_where_to_put_the_file(published):
    with pytest.raises(InputError) as caught:
        load("kmnist")
    message = str(caught.value)
    assert "could not download http://localhost:1/train-images-idx3-ubyte.gz" in message
    assert f"put it at {published.parent / 'kmnist'}/train-images-idx3-ubyte.gz" in message
    assert "\n" not in message


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_download_shows_its_progress_on_a_terminal_alone(published, monkeypatch, is_terminal):
    asked = []
    monkeypatch.setattr("pooch.retrieve", lambda *_, **settings: asked.append(settings))
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal, raising=False)
    _download("http://localhost:1/a.gz", published / "a.gz", "")
    (settings,) = asked
    assert (settings["progressbar"], settings["fname"]) == (is_terminal, "a.gz")


def test_what_is_no_download_is_refused():
    with pytest.raises(InputError, match="unknown download 'kmnits': did you mean 'kmnist'"):
        load_download("kmnits")


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def server(published, monkeypatch):
    """Serve the published files for the time of a test."""
    handler = functools.partial(QuietHandler, directory=published)
    with http.server.ThreadingHTTPServer(("localhost", 0), handler) as server:
        monkeypatch.setattr(server, "daemon_threads", True)
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        url = f"http://localhost:{server.server_port}"
        source = SOURCES["kmnist"]
        monkeypatch.setitem(SOURCES, "kmnist", Source(url, source.torchvision, source.sha256))
        yield
        server.shutdown()


@pytest.mark.usefixtures("server")
def test_a_download_is_kept(published):
    assert len(load("kmnist").train) == 2
    kept = sorted(path.name for path in (published.parent / "kmnist").iterdir())
    assert kept == sorted(f"{name}.gz" for name in FILES.values())


@pytest.mark.usefixtures("server")
def test_a_download_with_another_hash_is_refused(published):
    (published / "t10k-images-idx3-ubyte.gz").write_bytes(b"tampered with")
    with pytest.raises(InputError, match=r"could not download .*t10k-images.* hash"):
        load("kmnist")


DEBIAN = Path("/usr/share/datasets/fashion-mnist")
# Debian took the name and the time out of the files' gzip headers
TIMES = {"train": 1504176606, "test": 1504176627}


@pytest.mark.skipif(not DEBIAN.exists(), reason="Debian's dataset-fashion-mnist is not installed")
def test_fashion_mnist_is_the_published_one(tmp_path, monkeypatch):
    monkeypatch.setenv("NPGAN_DATA", str(tmp_path))
    (tmp_path / "fashion-mnist").mkdir()
    for field, name in FILES.items():
        body = (DEBIAN / f"{name}.gz").read_bytes()[10:]
        header = struct.pack("<4BIBB", 0x1F, 0x8B, 8, 8, TIMES[field.removesuffix("_labels")], 0, 3)
        original = header + name.encode() + b"\0" + body
        (tmp_path / "fashion-mnist" / f"{name}.gz").write_bytes(original)
    data = load("fashion-mnist")
    assert data.train.shape == (60_000, 784)
    assert np.bincount(data.test_labels).tolist() == [1000] * 10


@pytest.mark.parametrize("name", [None, 5, ["mnist"], ""])
def test_what_is_neither_text_nor_a_path_is_refused(name):
    with pytest.raises(InputError, match="a data set is a name or a path, not"):
        load(name)


MORE = np.arange(24, dtype=np.float32).reshape(6, 4)


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        ({"classes": [5, 9, 11]}, "classes must be of the class tuple"),
        ({"classes": ()}, "classes must be whole numbers"),
        ({"classes": (5, 9)}, "train_labels|classes' numbers"),
        ({"classes": (5, 9, 11), "test": ROWS, "test_labels": LABELS + 1}, "classes' numbers"),
        ({"notes": ["read"]}, "notes must be of the class tuple"),
        ({"std": 0.0}, "std must be a positive number"),
        ({"modes": ROWS[:0]}, "modes must be"),
        ({"shape": [2, 2, 1]}, "shape must be of the class tuple"),
        ({"shape": (4, 1)}, r"make 4 numbers, or \(4,\), not \(4, 1\)"),
        ({"shape": (5,)}, r"not \(5,\)"),
        ({"shape": (0, 4, 1)}, "at least 1, not 0"),
        (
            {"test_labels": LABELS.tolist(), "test": ROWS},
            "test_labels must be of the class ndarray",
        ),
        ({"test": ROWS[0]}, r"test has shape \(4,\)"),
        ({"test": ROWS, "test_labels": LABELS[:1]}, "each of the 3 rows"),
        ({"train_labels": LABELS[:, None]}, "one int64 for each"),
    ],
)
def test_what_is_known_of_a_data_set_must_fit_its_rows(arguments, fragment):
    with pytest.raises(InputError, match=fragment):
        Dataset("bad", **{"train": ROWS, "train_labels": LABELS, **arguments})


def test_a_name_is_text():
    with pytest.raises(InputError, match="name must be of the class str"):
        Dataset(5, ROWS)


def test_a_data_set_of_one_row_and_one_column_is_one():
    data = Dataset("d", ROWS[:1, :1], modes=ROWS[:1, :1], std=0.5, train_labels=LABELS[:1])
    assert (data.shape, data.image_shape, data.of_what) == ((1,), None, "rows of 1 numbers")
    assert repr(data) == (
        "Dataset('d', train=(1, 1) float32, train_labels=(1,) int64, modes=(1, 1) float32, std=0.5)"
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({}, "d: 6 training rows of 4 numbers, no test data; values 0 to 23"),
        ({"test": MORE[:2]}, "d: 6 training rows of 4 numbers, 2 to test; values 0 to 23"),
        (
            {"train_labels": np.array([0, 1, 0, 1, 0, 0]), "shape": (2, 2, 1)},
            "d: 6 training images of 2 x 2, no test data; values 0 to 23; 2 classes",
        ),
        (
            {"train_labels": np.array([0, 1, 0, 1, 0, 0]), "classes": (5, 9), "notes": ("a", "b")},
            "d: 6 training rows of 4 numbers, no test data; values 0 to 23; "
            "2 classes, with the labels 5, 9; a; b",
        ),
    ],
)
def test_a_summary_is_a_line_of_what_there_is(arguments, line):
    assert Dataset("d", MORE, **arguments).summary() == line


def test_held_out_rows_are_those_to_test_with_or_else_those_of_training():
    labels = np.arange(6)
    alone = Dataset("d", MORE, train_labels=labels)
    assert [part is given for part, given in zip(alone.held_out, (MORE, labels), strict=True)]
    rows, own = alone.held_out
    assert (rows is MORE, own is labels) == (True, True)
    both = Dataset("d", MORE, MORE[:2], labels, labels[:2])
    assert [part.tolist() for part in both.held_out] == [MORE[:2].tolist(), [0, 1]]


SOME = np.array([1, 0, 1, 1, 0, 1])


def test_a_class_has_the_rows_of_its_label():
    data = Dataset("d", MORE, MORE[:3], SOME, SOME[:3], classes=(5, 9))
    nine = data.only(9)
    assert nine.name == "d:9"
    assert (nine.train[:, 0].tolist(), nine.train_labels.tolist()) == ([0, 8, 12, 20], [1] * 4)
    assert (nine.test[:, 0].tolist(), nine.test_labels.tolist()) == ([0, 8], [1, 1])
    assert (data.class_of(5), data.class_of(9)) == (0, 1)
    with pytest.raises(InputError, match="d has no class 1: there are 5, 9"):
        data.class_of(1)


def test_a_class_without_rows_to_test_with_has_none():
    ones = Dataset("d", MORE, MORE[:1], SOME, SOME[:1]).only(0)
    assert (ones.test, ones.test_labels, len(ones.train)) == (None, None, 2)
    unlabelled = Dataset("d", MORE, MORE[:2], SOME).only(0)
    assert (len(unlabelled.test), unlabelled.test_labels) == (2, None)


@pytest.mark.parametrize(
    ("arguments", "label", "message"),
    [
        ({}, 0, "d has no labels: it has no class 0"),
        ({"train_labels": SOME}, 2, "d has no rows of class 2"),
        ({"train_labels": SOME}, -1, "a class must be a whole number, at least 0"),
    ],
)
def test_a_class_that_there_is_not_is_refused(arguments, label, message):
    with pytest.raises(InputError, match=message):
        Dataset("d", MORE, **arguments).only(label)


def test_labels_are_given_back_as_they_were():
    data = Dataset("d", MORE, MORE[:2], SOME, SOME[:2], classes=(5, 9))
    assert data.given(SOME).tolist() == [9, 5, 9, 9, 5, 9]
    assert data.given(None) is None
    old = data.as_given()
    assert (old.classes, old.train_labels.tolist()) == (None, [9, 5, 9, 9, 5, 9])
    assert old.test_labels.tolist() == [9, 5]
    assert old.as_given() is old
    assert old.given(SOME) is SOME
    assert Dataset("d", MORE, train_labels=SOME, classes=(5, 9)).as_given().test_labels is None
    alone = Dataset("d", ROWS, train_labels=np.zeros(3, int), classes=(7,)).as_given()
    assert alone.train_labels.tolist() == [7, 7, 7]


def test_no_share_is_kept_back_of_what_has_rows_to_test_with_or_has_but_one():
    for data in (Dataset("d", MORE, MORE[:2]), Dataset("d", MORE[:1])):
        assert data.keep_back(0.5) is data
    data = Dataset("d", MORE, notes=("read",))
    assert data.keep_back(0.0) is data
    assert data.keep_back(0.5).notes == ("read", "3 of 6 rows are kept back to test with")
    with pytest.raises(InputError, match="the share that is kept back"):
        data.keep_back(1.0)


def test_rows_that_are_kept_back_are_chosen_at_random_and_always_the_same():
    data = Dataset("d", np.arange(200, dtype=np.float32)[:, None])
    kept = [data.keep_back(0.25).test.ravel().tolist() for _ in range(2)]
    assert kept[0] == kept[1]
    assert len(kept[0]) == 50
    assert len(set(np.diff(kept[0]))) > 4
    assert min(kept[0]) < 50 < 150 < max(kept[0])


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("mnist:3", ("mnist", 3)),
        ("a:b:-12", ("a:b", -12)),
        ("a:", ("a:", None)),
        (":3", (":3", None)),
        (f"a:{'9' * 18}", ("a", int("9" * 18))),
        (f"a:{'9' * 19}", (f"a:{'9' * 19}", None)),
        ("a\nb:3", ("a\nb", 3)),
        (Path("x.npy:2"), ("x.npy", 2)),
        ("./mnist:3", ("./mnist", 3)),
    ],
)
def test_a_class_stands_behind_a_colon(name, parts):
    assert npgan.data.split_class(name) == parts


def test_a_file_whose_name_ends_as_a_class_does_is_a_file(tmp_path):
    np.savez(tmp_path / "d.npz", train=MORE, train_labels=SOME)
    assert len(load(tmp_path / "d.npz:0").train) == 2
    np.savez(tmp_path / "e.npz", train=MORE)
    (tmp_path / "e.npz").rename(tmp_path / "d.npz:0")
    with pytest.raises(InputError, match="no known kind"):
        load(tmp_path / "d.npz:0")


def test_a_share_is_kept_back_of_the_users_own_rows_and_of_no_set_that_has_some(tmp_path):
    np.save(tmp_path / "x.npy", MORE)
    assert len(npgan.data.load_split(str(tmp_path / "x.npy"), 0.5).test) == 3
    assert load(tmp_path / "x.npy").test is None
    assert npgan.data.load_split("ring", 0.5).test.shape == (10_000, 2)
    with pytest.raises(InputError, match="the share that is kept back"):
        npgan.data.load_split("ring", 1.0)


@pytest.mark.parametrize("most", [1, 2, 64])
@pytest.mark.parametrize(
    ("wanted", "threads"),
    [(None, 64), ("1", 1), ("007", 7), ("64", 64), ("65", 65), ("9" * 18, 100), ("9" * 19, 100)],
)
def test_as_many_threads_are_used_as_are_wanted_and_there(monkeypatch, most, wanted, threads):
    monkeypatch.delenv("NPGAN_NUM_THREADS", raising=False)
    if wanted is not None:
        monkeypatch.setenv("NPGAN_NUM_THREADS", wanted)
    assert environment.threads(most) == min(most, threads)


@pytest.mark.parametrize(
    ("wanted", "sound"),
    [
        (None, True),
        ("1", True),
        ("9999", True),
        ("0" * 17 + "1", True),
        ("0" * 18 + "1", False),
        ("10000", False),
        ("0", False),
        ("", False),
        ("-1", False),
        ("²", False),
    ],
)
def test_numba_gets_a_number_of_threads_that_it_can_have(monkeypatch, wanted, sound):
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    if wanted is not None:
        monkeypatch.setenv("NUMBA_NUM_THREADS", wanted)
    if sound:
        environment.check()
    else:
        with pytest.raises(InputError, match="NUMBA_NUM_THREADS must be from 1 to 9999, not"):
            environment.check()


def test_a_data_set_stays_as_it_is_and_is_itself_alone():
    data, twin = Dataset("d", ROWS), Dataset("d", ROWS)
    with pytest.raises(dataclasses.FrozenInstanceError):
        data.name = "e"
    assert data != twin
    assert len({data, twin}) == 2


@pytest.mark.parametrize("dtype", [np.uint8, np.int64])
def test_images_lie_in_memory_row_by_row(dtype):
    images = np.asfortranarray(np.arange(24, dtype=dtype).reshape(2, 3, 4) * 10)
    (bright,) = brightened([images])
    assert (bright.flags.c_contiguous, bright.dtype) == (True, np.uint8)
    assert bright.tolist() == images.tolist()
    for order in "CF":
        rows = from_arrays("d", {"train": np.asarray(np.eye(3), np.float32, order=order)}).train
        assert rows.flags.c_contiguous


@pytest.mark.parametrize("label", [2**63 - 1, 2**63])
def test_labels_have_a_largest_number(label):
    arrays = {"train": ROWS[:2], "train_labels": np.array([0, label], np.uint64)}
    if label < 2**63:
        assert from_arrays("d", arrays).classes == (0, label)
    else:
        with pytest.raises(InputError, match="labels up to 9223372036854775807 are read"):
            from_arrays("d", arrays)
    assert from_arrays("d", {"train": ROWS[:2]}).classes is None


def test_the_rows_that_are_kept_back_are_chosen_by_their_order_within_a_class():
    labels = np.arange(300) % 3
    kept = Dataset("d", np.arange(300, dtype=np.float32)[:, None], train_labels=labels).keep_back(
        0.1
    )
    order = np.random.default_rng(0).permutation(300)
    order = np.concatenate([order[labels[order] == label] for label in range(3)])
    assert sorted(kept.test.ravel()) == sorted(order[9::10])


def test_modes_are_numbers_that_can_be_squared():
    with pytest.raises(InputError, match="modes must be"):
        Dataset("d", np.ones((3, 2), np.float32), modes=np.full((1, 2), 1e200), std=1.0)


def test_a_data_set_is_equal_to_itself_alone_and_a_key():
    one, other = (Dataset("two", ROWS) for _ in range(2))
    assert one == one
    assert one != other
    assert len({one, one, other}) == 2
