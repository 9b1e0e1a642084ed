"""Files are written whole, reach the disk, and are closed again."""

import os
from pathlib import Path

import pytest

from npgan import disk

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
