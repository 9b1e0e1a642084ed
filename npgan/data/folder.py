"""The files in a folder that are read, and which are left out, and why."""

from collections.abc import Iterable
from pathlib import Path

from npgan.errors import listed

SHOWN = 3


def reason(path: Path, folder: Path) -> str | None:
    """Return why an entry of a folder (resolved) is not read, or None if it is."""
    if path.name.startswith("."):
        return "hidden files"
    if path.is_dir():
        return "folders"
    if not path.is_file():
        return "what is no regular file"
    if path.is_symlink() and not path.resolve().is_relative_to(folder):
        return "links out of the folder"
    return None


def regular_files(folder: Path) -> list[Path]:
    """Return the files of a folder that are read, in the order of their names."""
    whole = folder.resolve()
    return [path for path in sorted(folder.iterdir()) if reason(path, whole) is None]


def open_folders(folder: Path) -> list[Path]:
    """Return the folders in a folder that may be read, in the order of their names."""
    whole = folder.resolve()
    return [
        path
        for path in sorted(folder.iterdir())
        if reason(path, whole) == "folders" and path.resolve().is_relative_to(whole)
    ]


def within(folder: Path) -> list[Path]:
    """Return a folder and all folders within it at any depth, in the order of their names; links are not followed."""
    found = [folder]
    for path in open_folders(folder):
        found += [] if path.is_symlink() else within(path)
    return found


def left_out(
    places: Path | Iterable[Path], used: Iterable[Path], other: str = "other files"
) -> list[str]:
    """Return in at most one line which entries of folders were not used, and why."""
    places = [places] if isinstance(places, Path) else list(places)
    names, used = dict[str, list[str]](), {*used, *places}
    for folder in places:
        whole = folder.resolve()
        for path in sorted(folder.iterdir()):
            if path not in used:
                names.setdefault(reason(path, whole) or other, []).append(path.name)
    parts = [f"{why} ({len(found)}): {listed(found, SHOWN)}" for why, found in names.items()]
    return [f"left out: {'; '.join(parts)}"] if parts else []
