"""Files of arrays that survive a power cut and cannot run code: safetensors, written atomically."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from npgan.errors import InputError


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that at any moment either the old or the new content is there, whole.

    The content goes to a temporary file in the same folder, to the disk, and then over the old one.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def save(path: Path, arrays: Mapping[str, np.ndarray], numbers: Mapping[str, Any]) -> None:
    """Save arrays, and numbers as JSON in the file's metadata.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(Path(folder) / "a.safetensors", {"w": np.ones(2)}, {"step": 3})
    ...     load(Path(folder) / "a.safetensors")
    ({'w': array([1., 1.])}, {'step': 3})
    """
    from safetensors.numpy import save as to_bytes

    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    write_atomically(path, to_bytes(whole, {"npgan": json.dumps(numbers)}))


def load(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Load what :func:`save` wrote.

    No array is larger than the file that holds it, so that a file cannot ask for more memory than
    it takes on the disk.

    Raises
    ------
    InputError
        If the file is missing, truncated, corrupted, or not of npgan's.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    try:
        with safe_open(path, framework="numpy") as file:
            numbers = json.loads((file.metadata() or {}).get("npgan", ""))
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise InputError(f"{path} is damaged or not a file of npgan's: {error}") from None
    if not isinstance(numbers, dict):
        raise InputError(f"{path} is damaged or not a file of npgan's: no numbers in its metadata")
    return arrays, numbers


def check_same(numbers: Mapping[str, Any], mine: Mapping[str, Any]) -> None:
    """Raise an InputError unless a file's numbers have all of mine among them."""
    for name, value in mine.items():
        if name not in numbers:
            raise InputError(f"the checkpoint does not say its {name}")
        if numbers[name] != value:
            raise InputError(f"the checkpoint's {name} is {numbers[name]}, this run's {value}")
