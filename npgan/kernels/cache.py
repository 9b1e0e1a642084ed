"""Where compiled kernels are kept: in the user's cache folder, or NUMBA_CACHE_DIR, never in the package.

Each folder has a key: a digest of the sources, the versions, the processor and the user. So its code is
never out of date, and installations with the same key share it. A damaged or missing folder costs
time but never stops a training: code that cannot be read is compiled again and written again, and
code that cannot be written is not kept.
"""

import hashlib
import os
import re
import shutil
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm
import numba
import numpy as np
from numba.core import caching, config
from numba.core.sigutils import normalize_signature
from platformdirs import user_cache_path

from npgan.ops.kinds import KINDS

NAME = "npgan-kernels-"
KEPT = 8  # folders: so two versions of npgan that are used in turn both keep their code
CHECKSUM = 4  # bytes
DAY = 24 * 3600.0  # seconds: a folder that was used within a day is not removed either
PACKAGE = Path(__file__).parents[1]
COMPILED = "kernels", "program"  # packages with compiled code
CONSTANTS = re.compile(rb"^from npgan\.((?:ops|system\.memory)\b[\w.]*) import", re.MULTILINE)
NOT_COMPILED_IN = "NUMBA_CACHE_DIR", "NUMBA_NUM_THREADS"


def _sources() -> Iterator[bytes]:
    """Yield the sources of compiled code, of the modules whose constants it uses, and the activations."""
    compiled = [p.read_bytes() for room in COMPILED for p in sorted((PACKAGE / room).glob("*.py"))]
    yield from compiled
    for module in sorted(set(CONSTANTS.findall(b"".join(compiled)))):
        yield PACKAGE.joinpath(*module.decode().split(".")).with_suffix(".py").read_bytes()
    yield repr(KINDS).encode()


def _key() -> str:
    """Return a digest of everything that compiled code depends on, and of the user."""
    settings = sorted(
        (name, value)
        for name, value in os.environ.items()
        if name.startswith("NUMBA_") and name not in NOT_COMPILED_IN
    )
    versions = sys.version, numba.__version__, llvmlite.__version__, np.__version__
    processor = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    user = os.geteuid() if hasattr(os, "geteuid") else None
    digest = hashlib.sha256(repr((settings, versions, processor, user)).encode())
    for source in _sources():
        digest.update(source)
    return digest.hexdigest()[:16]


def _base() -> Path:
    """Return the folder in which the folders of all keys lie."""
    chosen = config.CACHE_DIR  # type: ignore[attr-defined]
    return Path(chosen).absolute() if chosen else user_cache_path("npgan")


FOLDER = _base() / f"{NAME}{_key()}"


def trusted() -> bool:
    """Return whether the folder exists and only the user may write to it: loaded code is run."""
    try:
        status = FOLDER.stat()
    except OSError:
        return False
    if not hasattr(os, "geteuid"):  # Windows, where others cannot write to a user's folders
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & 0o022


def usable() -> bool:
    """Return whether code can be kept; make the folder if it is missing, and remove old ones."""
    with suppress(OSError):
        if FOLDER.is_absolute() and not FOLDER.exists():  # "~/.cache" where the home is unknown
            FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
            _remove_old()
    return trusted() and os.access(FOLDER, os.W_OK)


def holds(name: str) -> bool:
    """Return whether there is code of a kernel, ``<module>.<function>``, in the folder."""
    return trusted() and any(FOLDER.glob(f"{name}-*.nbi"))


def _remove_old() -> None:
    """Remove folders that are not among the KEPT used last, nor were used within a day.

    A process that still uses one of them compiles what it lacks.
    """
    used = {folder: _last_use(folder) for folder in FOLDER.parent.glob(f"{NAME}*")}
    for folder in sorted(used, key=used.__getitem__)[:-KEPT]:
        if time.time() - used[folder] > DAY:
            shutil.rmtree(folder, ignore_errors=True)


def _last_use(folder: Path) -> float:
    with suppress(OSError):
        return folder.stat().st_mtime
    return 0.0  # another process has just removed it


class _Place(caching._CacheLocator):
    """The folder. Its name, not a time stamp, tells whether code is out of date."""

    def get_cache_path(self) -> str:
        return str(FOLDER)

    def get_source_stamp(self) -> str:
        return ""

    def get_disambiguator(self) -> str:
        return "kernel"


class _Code(caching.CompileResultCacheImpl):
    """What the cache stores for a function, under the function's name."""

    def __init__(self, function: Callable) -> None:
        self._lineno, self._locator = function.__code__.co_firstlineno, _Place()
        name = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}"
        self._filename_base = self.get_filename_base(name, getattr(sys, "abiflags", ""))


class _Files(caching.IndexDataCacheFile):
    """The files of a function. Each ends with a checksum, since damaged code would crash the process."""

    def _dump(self, content: Any) -> bytes:
        code: bytes = super()._dump(content)
        return code + _checksum(code)

    def _load_data(self, name: str) -> Any:
        code = Path(self._data_path(name)).read_bytes()
        if code[-CHECKSUM:] != _checksum(code[:-CHECKSUM]):
            raise ValueError("damaged")
        return super()._load_data(name)


def _checksum(code: bytes) -> bytes:
    return zlib.crc32(code).to_bytes(CHECKSUM, "big")


class Cache(caching.FunctionCache):
    """Numba's cache of a function, which never raises."""

    _impl_class = _Code

    def __init__(self, function: Callable) -> None:
        super().__init__(function)
        self._cache_file = _Files(self._cache_path, self._impl.filename_base, "")

    def load_overload(self, signature: Any, context: Any) -> Any:
        """Return the code for a signature, or None if it is missing or damaged."""
        if not trusted():
            return None
        with suppress(OSError):
            os.utime(FOLDER)  # marks it as used now
        try:
            result = super().load_overload(signature, context)
            arguments, _ = normalize_signature(signature)
            if result is None or result.signature.args == arguments:
                return result
        except Exception:  # a damaged pickle may raise anything
            pass
        with suppress(OSError):
            self.flush()  # so that it is written anew, even if two processes wrote at once
        return None

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep the code for a signature, if that is possible."""
        if usable():
            with suppress(Exception):  # the disk is full, or a damaged index could not be replaced
                super().save_overload(signature, result)
