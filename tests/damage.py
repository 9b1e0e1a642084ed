"""Ways to damage a run's folder by somebody who knows what its files are made of.

Each way takes the folder and a generator and damages a file; it returns whether what it changed is free: a
number that nothing else in the folder tells, a weight say. Then the run may become another. All else must be
refused, or change nothing.
"""

import copy
import json
import os
import re
import shutil
from pathlib import Path

import numpy as np

from npgan.training import checkpoint

TENSORS = "checkpoint.safetensors", "weights.safetensors"
FILES = *TENSORS, "config.toml", "history.csv", "losses.png", ".lock", "samples"
FREE = (
    "seconds",
    r"sums\..*\.[01]",
    r"history\..*",
    r".*\.state\.state",
    r".*\.(has_uint32|uinteger)",
)
"""Names of numbers that no other number of a checkpoint tells: of them all that can be said is what is odd."""
ODD = [np.nan, np.inf, -np.inf, -0.0, 1e-45, 1e38, -1e38]
DTYPES = "BF16", "F16", "F64", "BOOL", "I64", "U8", "F8_E4M3", "F4", "C64", "X"
NUMBERS = [-1, 0, 1, 2, 7, 9, 2**31, 2**63, 2**64, 10**400, 0.5, 1e308, True, None, "1", [], {}]
NUMBERS += [[[[[[8]]]]], {"a": {"a": {}}}, "\x1b[2J\n", "x" * 5000, [0] * 5000]


def pick(rng, values):
    return values[int(rng.integers(len(values)))]


# --- bytes ---------------------------------------------------------------------------------------


def bytes_of_any_file(folder, rng):
    """Bits flipped; a stretch cut out, zeroed, repeated, or the rest of the file lost."""
    name = pick(rng, FILES[:5])
    path = folder / name
    content = path.read_bytes() or b"\0"
    a, b = sorted(int(i) for i in rng.integers(0, len(content) + 1, 2))
    b = min(b, a + int(rng.integers(1, 64)))
    flipped = bytes(c ^ (1 << int(rng.integers(8))) for c in content[a : a + 1])
    path.write_bytes(
        pick(
            rng,
            [
                content[:a] + flipped + content[a + 1 :],
                content[:a] + content[b:],
                content[:a] + bytes(b - a) + content[b:],
                content[:b] + content[a:],
                content[:a],
                content + bytes(8),
            ],
        )
    )
    return name == "config.toml"  # whose numbers are a user's


# --- files of safetensors ------------------------------------------------------------------------


def parts(path):
    """Return the header of a file of safetensors, as a table, and its body."""
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + size]), content[8 + size :]


def write(path, header, body):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)


def signed(path, arrays, numbers):
    """Write arrays and numbers with their digest, NaN as well, which npgan refuses to write."""
    from safetensors.numpy import save

    text = numbers if isinstance(numbers, str) else json.dumps(numbers)
    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    words = f"{checkpoint._digest(whole, text)} {text}"
    path.write_bytes(save(whole, {"npgan": words}))


def header_of_tensors(folder, rng):
    """Offsets, shapes, types and names that are not those of the body; the digest removed or as it was."""
    path = folder / pick(rng, TENSORS)
    header, body = parts(path)
    names = [name for name in header if name != "__metadata__"]
    name, other = pick(rng, names), pick(rng, names)
    entry, (low, high) = header[name], header[name]["data_offsets"]
    if rng.integers(2):
        header["__metadata__"] = {"npgan": header["__metadata__"]["npgan"].partition(" ")[2]}
    odd = pick(rng, [-1, 0, 1, 2**31, 2**63, 2**64, 10**30, 0.5, "1", None])
    shapes = [entry["shape"][::-1], [*entry["shape"], 1], [1, *entry["shape"]], [], [0], [odd], odd]
    changes = [
        lambda: entry.update(data_offsets=[low + 4, high + 4]),
        lambda: entry.update(data_offsets=header[other]["data_offsets"]),
        lambda: entry.update(data_offsets=[high, low]),
        lambda: entry.update(data_offsets=[low, odd]),
        lambda: entry.update(data_offsets=[odd, high]),
        lambda: entry.update(data_offsets=[low]),
        lambda: entry.update(dtype=pick(rng, DTYPES)),
        lambda: entry.update(dtype="F16", shape=[*entry["shape"], 2]),
        lambda: entry.update(dtype="BF16", shape=[*entry["shape"], 2]),
        lambda: entry.update(shape=pick(rng, shapes)),
        lambda: entry.pop(pick(rng, ["dtype", "shape", "data_offsets"])),
        lambda: header.pop(name),
        lambda: header.update({"more": entry}),
        lambda: header.update({"more": {**entry, "shape": [0], "data_offsets": [high, high]}}),
        lambda: header.update({name: odd}),
        lambda: header.pop("__metadata__"),
        lambda: header["__metadata__"].update(npgan=odd),
        lambda: header["__metadata__"].update(npgan="{" * 2000),
    ]
    before = json.dumps(header)
    which = int(rng.integers(len(changes) + 2))
    if which < len(changes):
        changes[which]()
        write(path, header, body)
    elif which == len(changes):  # the same name twice
        again = json.dumps({name: header[other]})[1:]
        write(path, f"{before[:-1]}, {again}".encode(), body)
    else:
        path.write_bytes(int(rng.integers(2**63)).to_bytes(8, "little") + path.read_bytes()[8:])
    return False


def arrays_of_tensors(folder, rng):
    """Arrays of other numbers, shapes, types and names, behind a right digest."""
    path = folder / pick(rng, TENSORS)
    arrays, numbers = checkpoint.load(path)
    name = pick(rng, sorted(arrays.keys() - {"history"}))
    array = arrays[name]
    place = tuple(int(rng.integers(n)) for n in array.shape)
    which = int(rng.integers(7))
    if which <= 1:
        array[place] = pick(rng, ODD)
    elif which == 2:
        arrays[name] = array.astype(pick(rng, ["f8", "f2", "i4", "?", ">f4"]))
    elif which == 3:
        arrays[name] = pick(rng, [array.T.copy(), array[None], array[:1], array.ravel()])
    elif which == 4:
        del arrays[name]
    elif which == 5:
        arrays[pick(rng, ["more", "generator.9.weight", "\x1b[2J", ""])] = array
    else:
        arrays[f"{name}?"] = arrays.pop(name)
    signed(path, arrays, numbers)
    return which <= 1


# --- what a checkpoint says ----------------------------------------------------------------------


def leaves(table, path=()):
    """Yield the paths of all that is in nested tables and lists."""
    pairs = table.items() if isinstance(table, dict) else enumerate(table)
    for key, value in pairs:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from leaves(value, (*path, key))


def put(table, path, value):
    *before, last = path
    for key in before:
        table = table[key]
    table[last] = copy.deepcopy(value)


def get(table, path):
    for key in path:
        table = table[key]
    return table


def is_free(path):
    return any(re.fullmatch(pattern, ".".join(map(str, path))) for pattern in FREE)


def numbers_of_a_checkpoint(folder, rng):
    """One number, or two, changed; a part removed, or NaN: behind a right digest."""
    path = folder / TENSORS[0]
    arrays, numbers = checkpoint.load(path)
    free = False
    for _ in range(int(rng.integers(1, 3))):
        place = pick(rng, list(leaves(numbers)))
        old = get(numbers, place)
        near = [old + 1, old - 1, -old, float(old)] if type(old) is int and old < 2**60 else []
        put(numbers, place, pick(rng, NUMBERS + 3 * near + [float("nan"), float("inf")]))
        free |= is_free(place)
    text = json.dumps(numbers)
    if not rng.integers(8):
        text = pick(
            rng, [text[:-1], text + "}", "[1]", '{"step": 1}', text.replace("8", "8" * 5000)]
        )
        free = True
    signed(path, arrays, text)
    return free


def history_of_a_checkpoint(folder, rng):
    """Rows that are repeated, lost, unordered, or after the checkpoint; odd numbers and columns."""
    path = folder / TENSORS[0]
    arrays, numbers = checkpoint.load(path)
    table, columns = arrays["history"], numbers["history"]
    row, column = int(rng.integers(len(table))), int(rng.integers(table.shape[1]))
    which = int(rng.integers(9))
    if which <= 2:
        table[row, column] = pick(rng, [*ODD, -1, 0, 2.5, 1e300, 2.0**63])
    elif which == 3:
        table = np.concatenate([table, table[row : row + 1]])
    elif which == 4:
        table = table[::-1]
    elif which == 5:
        table = table[:0]
    elif which == 6:
        table = table.astype("f4")
    elif which == 7:
        table = table[:, :-1]
    else:
        columns = [*columns]
        columns[column] = pick(rng, ["x", "$\\frac", "_x", "", "a\nb", 5, None, [], columns[0]])
    signed(path, {**arrays, "history": table}, {**numbers, "history": columns})
    return True


# --- files ---------------------------------------------------------------------------------------


def kind_of_file(folder, rng):
    """Another kind of file in the place of one: a link, a folder, a pipe, nothing, an endless or a huge one."""
    name = pick(rng, FILES)
    path, outside = folder / name, folder.parent / "outside"
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    kinds = [
        lambda: path.symlink_to(outside / "file"),
        lambda: path.symlink_to(outside),
        lambda: path.symlink_to(outside / "new"),
        lambda: path.symlink_to(path.name),
        lambda: path.symlink_to("/dev/zero"),
        lambda: os.link(outside / "file", path),
        lambda: path.mkdir(),
        lambda: os.mkfifo(path),
        lambda: path.write_bytes(b""),
        lambda: os.truncate(path, os.open(path, os.O_CREAT) and 10**9),
        lambda: None,
    ]
    pick(rng, kinds)()
    return name in (TENSORS[0], "history.csv")  # without a checkpoint a run may begin anew


def link_to_a_part(folder, rng):
    """The same content, but behind a link to it."""
    name = pick(rng, FILES)
    path, target = folder / name, folder.parent / "outside" / f"moved-{name}"
    shutil.move(path, target)
    path.symlink_to(target)
    return False


WAYS = {
    way.__name__: way
    for way in (
        bytes_of_any_file,
        header_of_tensors,
        arrays_of_tensors,
        numbers_of_a_checkpoint,
        history_of_a_checkpoint,
        kind_of_file,
        link_to_a_part,
    )
}


def snapshot(folder: Path):
    """Return what is in a folder: paths, kinds, contents and times of writing."""
    found = {}
    for path in sorted(folder.rglob("*")):
        info = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        found[str(path)] = (info.st_mode, info.st_mtime_ns, content)
    return found
