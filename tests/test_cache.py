"""Compiled code: where it is kept, and that nothing which happens to it there stops a training."""

import errno
import os
import shutil
from pathlib import Path

import pytest

import npgan

cache = pytest.importorskip("npgan.kernels.cache")
from npgan.kernels import jit  # noqa: E402
from npgan.program import prepare, replay  # noqa: E402

PACKAGE = Path(npgan.__file__).parent
pytestmark = pytest.mark.skipif(bool(jit.interpreted), reason="nothing is compiled then")


def successor(x):
    return x + 1


def hits(argument=1) -> int:
    """Call the function as another process would; return how often its code was found."""
    compiled = jit.jit(successor)
    assert compiled(argument) == 2
    return sum(compiled.stats.cache_hits.values())


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A folder in which the function's code is."""
    folder = tmp_path_factory.mktemp("cache") / "key"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "FOLDER", folder)
        assert hits() == 0
    return folder


@pytest.fixture
def folder(full, tmp_path, monkeypatch):
    """A copy of it, in use."""
    path = shutil.copytree(full, tmp_path / "base" / "key")
    monkeypatch.setattr(cache, "FOLDER", path)
    return path


def cut(path, to):
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * to)])


def flip(path):
    code = bytearray(path.read_bytes())
    code[len(code) // 2] ^= 1
    path.write_bytes(code)


DAMAGES = {
    "empty": lambda path: cut(path, 0),
    "cut short": lambda path: cut(path, 0.7),
    "a bit is wrong": flip,
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "removed": os.remove,
}


@pytest.mark.parametrize("kind", ["nbi", "nbc"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_written_anew(folder, damage, kind):
    assert hits() == 1
    (path,) = folder.glob(f"*.{kind}")
    DAMAGES[damage](path)
    assert hits() == 0
    assert hits() == 1


def test_code_of_another_signature_is_not_run(folder, tmp_path, monkeypatch):
    (mine,) = folder.glob("*.nbc")
    monkeypatch.setattr(cache, "FOLDER", tmp_path / "other")
    hits(1.0)
    shutil.copy(cache.FOLDER / mine.name, mine)  # two processes wrote at once
    monkeypatch.setattr(cache, "FOLDER", folder)
    assert hits() == 0
    assert hits() == 1


def to_a_file(folder):
    shutil.rmtree(folder.parent)
    folder.parent.write_text("")


@pytest.mark.parametrize(
    "spoil",
    [to_a_file, lambda folder: folder.chmod(0o777), lambda folder: folder.chmod(0o720)],
    ids=["a file", "all may write", "a group may write"],
)
@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="POSIX")
def test_such_a_folder_is_not_used(folder, spoil):
    spoil(folder)
    assert not cache.usable()
    assert not cache.holds("test_cache.successor")
    assert hits() == 0
    assert hits() == 0


def test_who_waits_each_time_is_told_why(folder, monkeypatch, capsys):
    made = []
    monkeypatch.setattr(
        prepare, "pieces", lambda dtype: ([lambda: made.append(1)], [lambda: made.append(2)])
    )
    monkeypatch.setattr(prepare, "whole", lambda: None)
    to_a_file(folder)
    prepare.prepare()
    assert capsys.readouterr().err == f"compiling kernels (each time: {folder} cannot be used)\n"
    assert made == [1, 2], "and waits for all of it now, not in the first step"


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="POSIX")
def test_a_folder_of_another_user_is_not_used(folder, monkeypatch):
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    assert hits() == 0


def test_a_full_disk_stops_nothing(folder, monkeypatch):
    def full_disk(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    for path in folder.iterdir():
        cut(path, 0)
    monkeypatch.setattr("numba.core.caching.IndexDataCacheFile._open_for_write", full_disk)
    assert hits() == 0


def test_a_folder_that_is_removed_in_use_comes_again(folder):
    compiled = jit.jit(successor)
    shutil.rmtree(folder)
    assert compiled(1) == 2
    assert hits() == 1
    assert folder.stat().st_mode & 0o777 == 0o700 or os.name == "nt"


def test_old_keys_are_removed(tmp_path, monkeypatch):
    days = {f"{cache.NAME}{age:02}": age for age in range(20)}
    for name, age in {**days, "other": 99}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "kernel.nbc").touch()
        then = (tmp_path / name).stat().st_mtime - (age + 0.5) * cache.DAY
        os.utime(tmp_path / name, (then, then))
    monkeypatch.setattr(cache, "FOLDER", tmp_path / f"{cache.NAME}new")
    assert cache.usable()
    last = [name for name, age in days.items() if age < cache.KEPT - 1]
    assert {path.name for path in tmp_path.iterdir()} == {*last, f"{cache.NAME}new", "other"}


def test_keys_of_today_stay(tmp_path, monkeypatch):
    for i in range(20):
        (tmp_path / f"{cache.NAME}{i}").mkdir()
    monkeypatch.setattr(cache, "FOLDER", tmp_path / f"{cache.NAME}new")
    assert cache.usable()
    assert len(list(tmp_path.iterdir())) == 21


def test_loading_counts_as_use(folder):
    os.utime(folder, (0, 0))
    assert hits() == 1
    assert folder.stat().st_mtime > 0


def test_where(tmp_path, monkeypatch):
    assert PACKAGE not in cache.FOLDER.parents
    assert replay.work.stats.cache_path == str(cache.FOLDER)
    monkeypatch.setattr(cache.config, "CACHE_DIR", str(tmp_path))
    assert cache._base() == tmp_path
    monkeypatch.setattr(cache.config, "CACHE_DIR", "")
    monkeypatch.setattr(cache, "user_cache_path", lambda name: tmp_path / name)
    assert cache._base() == tmp_path / "npgan"


def test_what_the_key_depends_on(monkeypatch):
    before = cache._key()
    assert before == cache.FOLDER.name.removeprefix(cache.NAME)
    for name in ("NUMBA_CACHE_DIR", "NUMBA_NUM_THREADS"):
        monkeypatch.setenv(name, "3")
    assert cache._key() == before
    keys = {before}
    with monkeypatch.context() as patch:
        patch.setenv("NUMBA_BOUNDSCHECK", "1")
        keys.add(cache._key())
    for module in (cache.numba, cache.llvmlite, cache.np):
        with monkeypatch.context() as patch:
            patch.setattr(module, "__version__", "0")
            keys.add(cache._key())
    with monkeypatch.context() as patch:
        patch.setattr(cache.llvm, "get_host_cpu_name", lambda: "another")
        keys.add(cache._key())
    sources = list(cache._sources())
    for i in range(len(sources)):
        with monkeypatch.context() as patch:
            other = [*sources[:i], sources[i] + b"\n", *sources[i + 1 :]]
            patch.setattr(cache, "_sources", lambda other=other: other)
            keys.add(cache._key())
    assert len(keys) == 6 + len(sources)


def test_constants_from_elsewhere_are_in_the_key():
    sources = list(cache._sources())
    for name in ("system/memory.py", "ops/random.py", "ops/fourier.py", "ops/chain.py"):
        assert (PACKAGE / name).read_bytes() in sources


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners here")
@pytest.mark.parametrize(
    ("mode", "trusted"),
    [
        (0o700, True),
        (0o755, True),
        (0o711, True),
        (0o775, False),
        (0o757, False),
        (0o720, False),
        (0o702, False),
    ],
)
def test_kernels_are_loaded_from_a_folder_that_only_the_user_may_write(
    tmp_path, monkeypatch, mode, trusted
):
    monkeypatch.setattr(cache, "FOLDER", tmp_path)
    tmp_path.chmod(mode)
    assert cache.trusted() == trusted


def test_a_folder_that_cannot_be_removed_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "FOLDER", tmp_path / f"{cache.NAME}-new")
    monkeypatch.setattr(cache, "KEPT", 1)
    monkeypatch.setattr(cache, "DAY", 0)
    tried = []
    for name in ("old", "new"):
        (tmp_path / f"{cache.NAME}-{name}").mkdir()
    monkeypatch.setattr(cache, "_last_use", lambda folder: float(folder.name.endswith("new")))
    monkeypatch.setattr(cache.shutil, "rmtree", lambda path, **how: tried.append((path.name, how)))
    cache._remove_old()
    assert tried == [(f"{cache.NAME}-old", {"ignore_errors": True})]
