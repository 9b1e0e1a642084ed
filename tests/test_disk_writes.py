"""Files that are written: their names, their modes, and writes that fail."""

import os

import pytest

from npgan.system import disk


def test_files_get_the_mode_that_the_umask_leaves(tmp_path):
    before = os.umask(0o027)
    try:
        disk.write_atomically(tmp_path / "f", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o640


def test_a_system_that_cannot_sync_a_folder_can_train(tmp_path, monkeypatch):
    open_file = os.open

    def unable(path, flags, *mode):
        if os.path.isdir(path):
            raise PermissionError(13, "Permission denied", str(path))
        return open_file(path, flags, *mode)

    monkeypatch.setattr(os, "open", unable)
    disk.write_atomically(tmp_path / "f", b"x")
    assert (tmp_path / "f").read_bytes() == b"x"


@pytest.mark.parametrize("name", ["open", "write", "fsync", "replace"])
def test_a_failed_write_names_its_file(tmp_path, monkeypatch, name):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, name, full)
    with pytest.raises(OSError, match="No space") as caught:
        disk.write_atomically(tmp_path / "f", b"x")
    assert caught.value.filename == str(tmp_path / "f")


def test_a_file_of_any_name_that_a_folder_can_hold_is_written(tmp_path):
    disk.write_atomically(tmp_path / ("f" * 255), b"x")
