"""Data sets: validation, names, MNIST inside the package, and the downloaded ones."""

import functools
import gzip
import hashlib
import http.server
import struct
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import npgan.data
from npgan.data import Dataset, load
from npgan.data.download import SOURCES, Source
from npgan.data.mnist_files import FILES
from npgan.errors import InputError

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
