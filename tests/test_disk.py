"""Files are written whole, reach the disk, and are closed again."""

import os
from pathlib import Path

import pytest

from npgan import InputError
from npgan.system import disk

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="no list of open files")


def test_a_whole_file_is_brought_to_the_disk_and_a_row_is_not(tmp_path, monkeypatch):
    synced, path = [], tmp_path / "a.csv"
    monkeypatch.setattr(
        os, "fsync", lambda file: synced.append(os.readlink(f"/proc/self/fd/{file}"))
    )
    disk.write_atomically(path, b"step\n")
    assert len(synced) == 2
    assert Path(synced[0]).match(disk.TEMPORARY)
    assert synced[1] == str(tmp_path)
    disk.append(path, b"1\n")
    assert len(synced) == 2
    assert path.read_bytes() == b"step\n1\n"


def test_no_file_stays_open(tmp_path):
    before = os.listdir("/proc/self/fd")
    for _ in range(3):
        disk.write_atomically(tmp_path / "a", b"a")
        disk.append(tmp_path / "a", b"b")
        disk.check_regular(tmp_path / "a", 9)
    assert os.listdir("/proc/self/fd") == before


def test_what_is_written_by_halves_is_written_to_its_end(tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, content: write(file, content[:2]))
    disk.write_atomically(tmp_path / "a", b"abcde")
    disk.append(tmp_path / "a", b"fgh")
    assert (tmp_path / "a").read_bytes() == b"abcdefgh"


def test_a_new_file_may_be_read_and_written_and_not_executed(tmp_path):
    before = os.umask(0)
    try:
        disk.write_atomically(tmp_path / "a", b"a")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o666


@pytest.mark.parametrize("number", [28, None])
def test_a_file_that_cannot_be_written_is_named_and_nothing_is_left(tmp_path, monkeypatch, number):
    def fail(*_):
        raise OSError(number, "No space") if number else OSError("strange")

    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(os, "write", fail)
    for write in (disk.write_atomically, disk.append):
        with pytest.raises(OSError, match="No space" if number else "^strange$") as caught:
            write(tmp_path / "a", b"new")
        assert (caught.value.errno, caught.value.filename) == (
            (number, str(tmp_path / "a")) if number else (None, None)
        )
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_a_row_is_written_only_to_a_file_that_is_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        disk.append(tmp_path / "a", b"x")


def test_only_what_writers_left_is_removed(tmp_path):
    for name in (".npgan-1.tmp", "a.tmp", ".npgan-1", "npgan-1.tmp"):
        (tmp_path / name).touch()
    disk.remove_temporary(tmp_path)
    disk.remove_temporary(tmp_path / "none")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".npgan-1", "a.tmp", "npgan-1.tmp"]


def test_a_file_has_as_many_bytes_as_are_allowed(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 1000)
    disk.check_regular(tmp_path / "a", 1000)
    with pytest.raises(InputError, match="has 1,000 bytes, where at most 999 belong there"):
        disk.check_regular(tmp_path / "a", 999)
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(InputError, match=r"no such file|no regular file"):
            disk.check_regular(path, 9)
