"""Data files, whole and spoilt: they read as a slow and obvious reader says, or are refused in one line.

A failure names the kind and the number of its file, which are all that `written` and `spoilt` need.
"""

import contextlib
import os
import re
import signal
import traceback
import tracemalloc
import warnings
from typing import NamedTuple

import fuzz
import fuzz_arrays
import fuzz_pictures
import naive_readers as naive
import numpy as np
import pytest
import written_data as written
from fuzz import pick

from npgan.data import from_arrays, images, load, reading
from npgan.errors import InputError

SHORT, LONG = 40, 2_500
"""Mutants of each kind, in every run and in the campaign."""
SMALL = 2**20
"""What a file may take, lowered so that small files come to the bound."""
SLACK = 2**21
SECONDS = 20
LETTERS = 500
NEVER = MemoryError, RecursionError, AssertionError


class Kind(NamedTuple):
    """How files of a kind are named, written, spoilt and read, and what lies beside them."""

    name: str
    write: object
    mutators: tuple
    read: object
    beside: tuple = ()


def rows(read):
    return lambda content: {"train": read(content)}


ROWS = np.full((3, 2, 2), 200, np.uint8)
IMAGES = "train-images-idx3-ubyte", written.idx_content(ROWS)


def labels(rng):
    found = written.numbers(rng, pick(rng, ("u1", "i1", ">i2", ">i4")), 3)
    return written.idx_content(found), {"train": ROWS, "train_labels": found}


def labelled(content):
    return {"train": ROWS, "train_labels": naive.idx(content)}


KINDS = {
    "png": Kind("folder/a.png", written.png, fuzz_pictures.PNG, naive.png),
    "jpeg": Kind("folder/a.jpg", written.jpeg, fuzz_pictures.JPEG, naive.of_pillow),
    **{
        form.lower(): Kind(f"folder/a.{end}", written.picture(form), fuzz.BYTES, naive.of_pillow)
        for form, end in fuzz_pictures.ENDS.items()
    },
    "idx": Kind("a.gz", written.idx, fuzz_arrays.IDX, rows(naive.idx)),
    "idx labels": Kind("idx/train-labels-idx1-ubyte.gz", labels, fuzz_arrays.IDX, labelled, IMAGES),
    "npy": Kind("a.npy", written.npy, fuzz_arrays.NPY, rows(naive.npy)),
    "npz": Kind("a.npz", written.npz, fuzz_arrays.NPZ, naive.npz),
    "csv": Kind("a.csv", written.table, fuzz.CSV, naive.table),
}


class Hang(BaseException):
    """Raised by the alarm; no parser's net catches it."""


@contextlib.contextmanager
def watched(packed):
    """Let nothing be waited for, warned of, or kept in more memory than a file of so many bytes may take."""

    def ring(*_):
        raise Hang

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS)
    tracemalloc.start()
    try:
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            yield
        assert not found, found[0].message
        peak = tracemalloc.get_traced_memory()[1]
        assert peak <= 2 * max(SMALL, reading.RATIO * packed) + SLACK, f"{peak} bytes for {packed}"
    finally:
        tracemalloc.stop()
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def is_mistake(cause):
    """Whether an error comes out of npgan's own lines, and is none that they raise on purpose."""
    if not isinstance(
        cause, LookupError | TypeError | AttributeError | NameError | ArithmeticError
    ):
        return False
    place = traceback.extract_tb(cause.__traceback__)[-1].filename
    return place.startswith(os.path.dirname(reading.__file__))


def outcome(path, packed):
    """Return the data set in a file, or None where it is refused as it should be."""
    with watched(packed):
        try:
            data = load(path)
            assert data.summary().isprintable()
            assert str(data)
        except InputError as error:
            line, cause = str(error), error.__cause__
            assert line.isprintable()
            assert len(line.replace(str(path.parent), "")) <= LETTERS, line
            assert not isinstance(cause, NEVER), line
            assert not is_mistake(cause), line
            return None
    kept = data.keep_back(0.5)
    assert sum(len(part) for part in (kept.train, kept.test) if part is not None) >= len(data.train)
    for part, labels in ((data.train, data.train_labels), (data.test, data.test_labels)):
        if part is not None:
            assert part.ndim == 2
            assert part.size
            assert part.dtype in (np.uint8, np.float32)
            assert np.isfinite(part).all()
        if labels is not None:
            assert labels.shape == part.shape[:1]
            assert labels.min() >= 0
    return data


def same(data, arrays):
    """Whether a data set is what `from_arrays` makes of arrays."""
    wanted = from_arrays(data.name, arrays)
    fields = "train", "test", "train_labels", "test_labels", "shape", "classes"
    for field in fields:
        np.testing.assert_array_equal(
            getattr(data, field), getattr(wanted, field), field, strict=True
        )


def compare(kind, path, data, wanted):
    """Compare what was read to what should be; pictures before they are made brighter."""
    if not KINDS[kind].name.startswith("folder/"):
        same(data, wanted)
        return
    pixels = wanted.astype(int)
    if wanted.dtype == np.uint16:
        pixels >>= next(bits for bits in (8, 10, 12, 14, 16) if pixels.max() < 2**bits) - 8
    read, _ = images.read_images([path])
    assert read[0].shape[:2] == pixels.shape[:2]
    assert data.shape == (*read[0].shape, 1)[:3]
    rounded = [x if x.ndim == 3 else x[..., None] for x in (read[0], pixels)]  # on a white page
    assert abs(rounded[0] - rounded[1]).max() <= 1


def place(kind, folder, content):
    """Write a file and return what to load, and the file."""
    path = folder / KINDS[kind].name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    if beside := KINDS[kind].beside:
        (path.parent / beside[0]).write_bytes(beside[1])
    return (path.parent if path.parent != folder else path), path


def whole(kind, i, folder):
    """Read the i-th whole file of a kind; it must come back as it was written."""
    content, wanted = KINDS[kind].write(fuzz.generator(kind, i))
    where, path = place(kind, folder, content)
    data = outcome(where, len(content))
    assert data is not None, "refused"
    compare(kind, path, data, wanted)


def spoilt(kind, i, folder):
    """Read the i-th spoilt file of a kind; return whether it was taken."""
    rng = fuzz.generator(kind, i)
    content, _ = KINDS[kind].write(rng)
    other, _ = KINDS[kind].write(rng)
    content = fuzz.mutant(content, rng, KINDS[kind].mutators, other)
    where, path = place(kind, folder, content)
    data = outcome(where, len(content))
    if data is None:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wanted = KINDS[kind].read(content)
    except Exception as error:
        raise AssertionError(f"taken, but the naive reader finds {error!r}") from error
    compare(kind, path, data, wanted)
    return True


def campaign(kind, folder, n):
    """Read n whole and n spoilt files; return how many of the latter were taken."""
    taken = 0
    for i in range(n):
        for read in (whole, spoilt):
            try:
                taken += bool(read(kind, i, folder))
            except (Hang, Exception) as error:
                pytest.fail(f"{read.__name__}({kind!r}, {i}): {type(error).__name__}: {error}")
    return taken


NAMES = (
    "a.png",
    "b.PNG",
    "c.jpg",
    ".d.png",
    "e.txt",
    b"\xff.png",
    "f\n\x1b[2J.png",
    "g" * 99 + ".jpeg",
    "10.png",
    "9.png",
)


def folder_of(rng, folder):
    """Put things into a folder; return the grey values of what are its pictures, or None if they differ in size."""
    found = {}
    for name in rng.permutation(np.array(NAMES, object))[: rng.integers(1, len(NAMES))]:
        name = os.fsdecode(name)
        path, what = folder / name, int(rng.integers(8))
        content = fuzz_pictures.grey_png(
            rng.integers(0, 256, (2, 2) if rng.random() < 0.97 else (2, 3))
        )
        if what == 0:
            path.mkdir()
        elif what == 1:
            (folder.parent / "outside").write_bytes(content)
            path.symlink_to("../outside")
        elif what == 2:
            path.symlink_to("nowhere")
        elif what == 3:
            os.mkfifo(path)
        else:
            path.write_bytes(content)
            if name.lower().endswith((".png", ".jpg", ".jpeg")) and not name.startswith("."):
                found[name] = naive.png(content)
    pictures = [found[name] for name in sorted(found)]
    return np.stack(pictures) if len({picture.shape for picture in pictures}) == 1 else None


def folders(i, folder):
    """Read the i-th folder: pictures in the order of their names, and everything else is named."""
    folder = folder / f"folder {i}"
    folder.mkdir()
    wanted = folder_of(fuzz.generator("folder", i), folder)
    data = outcome(folder, 10_000)
    assert (data is None) == (wanted is None)
    if wanted is not None:
        same(data, {"train": wanted})
        said = sum(int(n) for n in re.findall(r"\((\d+)\)", "; ".join(data.notes)))
        assert said == len(os.listdir(folder)) - len(wanted)


@pytest.fixture(autouse=True)
def _bound(monkeypatch):
    monkeypatch.setattr(reading, "SMALL", SMALL)


@pytest.mark.parametrize("kind", KINDS)
def test_files_read_as_they_are_written_or_are_refused(tmp_path, capfd, kind):
    taken = campaign(kind, tmp_path, SHORT)
    assert 0 < taken < SHORT
    assert capfd.readouterr() == ("", "")


def test_a_folder_is_read_in_order_and_what_is_left_out_is_counted(tmp_path, capfd):
    for i in range(SHORT):
        folders(i, tmp_path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
@pytest.mark.campaign
@pytest.mark.parametrize("kind", KINDS)
def test_many_files_read_as_they_are_written_or_are_refused(tmp_path, capfd, kind):
    campaign(kind, tmp_path, LONG)
    assert capfd.readouterr() == ("", "")
