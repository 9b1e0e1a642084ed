"""The lock of a run's folder."""

import errno
import os
import sys
from importlib.util import module_from_spec
from types import SimpleNamespace

import pytest

from npgan.training import lock
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


def test_where_windows_has_locks_a_byte_of_the_file_is_taken_without_waiting(monkeypatch):
    taken = []
    windows = SimpleNamespace(LK_NBLCK=2, locking=lambda *given: taken.append(given))
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delattr(os, "O_NOFOLLOW", raising=False)
    monkeypatch.setitem(sys.modules, "msvcrt", windows)
    there = module_from_spec(lock.__spec__)
    lock.__spec__.loader.exec_module(there)
    there._take(5)
    assert taken == [(5, windows.LK_NBLCK, 1)]
    assert there.OPEN == os.O_RDWR | os.O_CREAT


def test_a_locks_file_is_no_program(tmp_path):
    before = os.umask(0)
    try:
        with locked(tmp_path):
            assert (tmp_path / ".lock").stat().st_mode & 0o777 == 0o666
    finally:
        os.umask(before)


def test_a_lock_is_given_back_and_follows_no_link(tmp_path):
    for _ in range(2):
        with locked(tmp_path), pytest.raises(Locked), locked(tmp_path):
            pytest.fail("it is held")
    (tmp_path / ".lock").unlink()
    (tmp_path / ".lock").symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="symbolic"), locked(tmp_path):
        pytest.fail("it is a link")
    assert not (tmp_path / "other").exists()
