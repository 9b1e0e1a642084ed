"""Files of arrays that survive a power cut and cannot run code: safetensors, written atomically."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from npgan.data.reading import MAX_BYTES
from npgan.errors import InputError, shown
from npgan.system.disk import check_regular, write_atomically


def save(path: Path, arrays: Mapping[str, np.ndarray], numbers: Mapping[str, Any]) -> None:
    """Save arrays, and numbers as JSON in the file's metadata, behind a digest of both.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(Path(folder) / "a.safetensors", {"w": np.ones(2)}, {"step": 3})
    ...     load(Path(folder) / "a.safetensors")
    ({'w': array([1., 1.])}, {'step': 3})
    """
    from safetensors.numpy import save as to_bytes

    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    text = json.dumps(numbers, allow_nan=False)
    write_atomically(path, to_bytes(whole, {"npgan": f"{_digest(whole, text)} {text}"}))


def _digest(arrays: Mapping[str, np.ndarray], text: str) -> str:
    """Return a digest of everything that a file says."""
    digest = hashlib.blake2b(text.encode(), digest_size=16)
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(repr((name, array.dtype.str, array.shape)).encode())
        digest.update(array.data if array.size else b"")
    return digest.hexdigest()


def load(path: Path, most: int = MAX_BYTES) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Load what :func:`save` wrote; files of earlier versions have no digest.

    No array is larger than the file that holds it, and a file of more than ``most`` bytes is not read.

    Raises InputError if the file is missing, truncated, corrupted, too large, or not of npgan's.
    """
    from safetensors import SafetensorError, safe_open

    check_regular(path, most)
    try:
        with safe_open(path, framework="numpy") as file:
            digest, brace, text = (file.metadata() or {}).get("npgan", "").partition("{")
            text = brace + text
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if digest and digest != f"{_digest(arrays, text)} ":
            raise ValueError("it is not as it was written")
        numbers = json.loads(text, parse_constant=_no_number)
    except (SafetensorError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise InputError(f"{path} is damaged or not a file of npgan's: {error}") from None
    if not isinstance(numbers, dict):
        raise InputError(f"{path} is damaged or not a file of npgan's: no numbers in its metadata")
    return arrays, numbers


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} among its numbers")


def check_same(numbers: Mapping[str, Any], mine: Mapping[str, Any]) -> None:
    """Raise an InputError unless a file's numbers have all of mine among them."""
    for name, value in mine.items():
        if name not in numbers:
            raise InputError(f"the checkpoint does not say its {name}")
        if numbers[name] != value:
            raise InputError(
                f"the checkpoint's {name} is {shown(numbers[name])}, this run's {shown(value)}"
            )
