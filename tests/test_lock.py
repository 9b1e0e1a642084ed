"""The lock of a run's folder."""

import errno
import os

import pytest

from npgan.training.lock import Locked, locked


def test_a_folder_whose_system_has_no_locks_is_trusted(tmp_path, monkeypatch):
    def take(file):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("npgan.training.lock._take", take)
    before = set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else set()
    with locked(tmp_path):
        pass
    after = set(os.listdir("/proc/self/fd")) if before else set()
    assert len(after) == len(before)


@pytest.mark.parametrize("code", [errno.EAGAIN, errno.EACCES, errno.EDEADLK])
def test_a_lock_that_somebody_holds_is_named_and_its_file_closed(tmp_path, monkeypatch, code):
    def take(file):
        opened.append(file)
        raise OSError(code, "held")

    opened = []
    monkeypatch.setattr("npgan.training.lock._take", take)
    with pytest.raises(Locked, match="trained by another process"), locked(tmp_path):
        pytest.fail("it is held")
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(opened[0])


def test_a_lock_is_given_back_and_follows_no_link(tmp_path):
    for _ in range(2):
        with locked(tmp_path), pytest.raises(Locked), locked(tmp_path):
            pytest.fail("it is held")
    (tmp_path / ".lock").unlink()
    (tmp_path / ".lock").symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="symbolic"), locked(tmp_path):
        pytest.fail("it is a link")
    assert not (tmp_path / "other").exists()
