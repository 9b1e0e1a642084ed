"""Whole files of random arrays, in every dialect that people and programs write."""

import gzip
import io
import struct
import warnings
import zlib

import naive_readers as naive
import numpy as np
from fuzz import pick
from fuzz_arrays import zipped
from fuzz_pictures import png_file
from PIL import Image

# --- pictures ------------------------------------------------------------------------------------


def png(rng):
    """Write a PNG of any colour type and depth, filtered and interlaced at random; return its pixels."""
    if rng.random() < 0.25:
        return png_of_pillow(rng)
    colour = int(rng.choice([0, 2, 3, 4, 6]))
    depth, interlaced = int(rng.choice(naive.DEPTHS[colour])), int(rng.integers(2))
    height, width = rng.integers(1, 12, 2).tolist()
    samples = rng.integers(0, 2**depth, (height, width, naive.CHANNELS[colour]))
    palette, clear = None, None
    if colour == 3:
        palette = rng.bytes(3 * int(rng.integers(1, 2**depth + 1)))
        samples %= len(palette) // 3
    if colour == 3 and rng.random() < 0.5:
        clear = rng.bytes(int(rng.integers(1, len(palette) // 3 + 1)))
    if colour in (0, 2) and depth <= 8 and rng.random() < 0.4:
        clear = struct.pack(f">{samples.shape[2]}H", *samples[0, 0])
    data = b""
    for x, y, right, down in naive.PASSES if interlaced else [(0, 0, 1, 1)]:
        data += filtered(samples[y::down, x::right], depth, rng)
    packed = zlib.compress(data, int(rng.integers(10)))
    at = int(rng.integers(len(packed)))
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    chunks = [
        (b"IHDR", header),
        (b"gAMA", struct.pack(">I", 45455)),
        (b"PLTE", palette),
        (b"tRNS", clear),
    ]
    chunks += [(b"IDAT", packed[:at]), (b"IDAT", packed[at:]), (b"tEXt", b"a\0b"), (b"IEND", b"")]
    found = naive.pixels_of(samples, depth, colour, palette, clear)
    return png_file([(kind, part) for kind, part in chunks if part is not None]), found


def filtered(part, depth, rng):
    """Return a pass's rows, each behind its filter."""
    _, width, channels = part.shape
    back, data = max(1, channels * depth // 8), b""
    above = np.zeros((width * channels * depth + 7) // 8 + back, int)
    for row in part if width else ():
        bits = (row.reshape(-1, 1) >> np.arange(depth)[::-1]) & 1
        line = np.append(np.zeros(back, int), np.packbits(bits.astype(np.uint8)))
        a, b, c = line[:-back], above[back:], above[:-back]
        far = abs(np.stack([b - c, a - c, a + b - 2 * c]))
        paeth = np.choose(far.argmin(0), [a, b, c])
        kind = int(rng.integers(5))
        guess = (0 * a, a, b, (a + b) // 2, paeth)[kind]
        data += bytes([kind]) + ((line[back:] - guess) % 256).astype(np.uint8).tobytes()
        above = line
    return data


def pixels(rng, *channels):
    return rng.integers(0, 256, (*rng.integers(1, 12, 2), *channels)).astype(np.uint8)


def png_of_pillow(rng):
    channels = pick(rng, ((), (2,), (3,), (4,)))
    found, file = pixels(rng, *channels), io.BytesIO()
    Image.fromarray(found).save(file, "PNG", optimize=bool(rng.integers(2)))
    samples = found[..., None] if not channels else found
    return file.getvalue(), naive.pixels_of(
        samples.astype(int), 8, {1: 0, 2: 4, 3: 2, 4: 6}[samples.shape[2]], None, None
    )


def jpeg(rng):
    """Write a JPEG, which keeps no pixel as it was: its pixels are those that Pillow finds in it."""
    file, exif = io.BytesIO(), Image.Exif()
    if rng.random() < 0.5:
        exif[0x0112] = int(rng.integers(1, 9))
    image = Image.fromarray(pixels(rng, *pick(rng, ((), (3,)))))
    image = image.convert("CMYK") if rng.random() < 0.1 else image
    image.save(
        file, "JPEG", exif=exif, progressive=bool(rng.integers(2)), quality=int(rng.integers(1, 96))
    )
    return file.getvalue(), naive.of_pillow(file.getvalue())


MODES = {
    "GIF": ("1", "L", "P", "RGB"),
    "BMP": ("1", "L", "P", "RGB", "RGBA"),
    "WEBP": ("L", "RGB", "RGBA"),
    "TIFF": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16"),
    "PPM": ("1", "L", "RGB", "I"),
    "ICO": ("RGB", "RGBA"),
}
"""Format -> the modes of Pillow that it keeps."""


def picture(form):
    """Return what writes a picture of a format in a mode and with settings at random; return its pixels."""

    def write(rng):
        mode, file = pick(rng, MODES[form]), io.BytesIO()
        if mode in ("I;16", "I"):
            image = Image.fromarray(pixels(rng).astype(np.uint16) * 257)
        else:
            image = (
                Image.fromarray(pixels(rng, 4))
                .convert("RGB" if mode != "RGBA" else mode)
                .convert(mode)
            )
        image.save(file, form, **settings(form, rng, image.size))
        return file.getvalue(), naive.of_pillow(file.getvalue())

    return write


def settings(form, rng, size):
    known = {
        "GIF": {"transparency": [None, 0, 1], "interlace": [0, 1]},
        "TIFF": {"compression": ["raw", "tiff_lzw", "tiff_deflate", "packbits"]},
        "WEBP": {"lossless": [False, True], "quality": [1, 80]},
        "ICO": {"bitmap_format": ["png", "bmp"], "sizes": [[size], [(1, 1), size]]},
    }
    return {name: pick(rng, values) for name, values in known.get(form, {}).items()}


# --- arrays --------------------------------------------------------------------------------------


def numbers(rng, dtype, shape):
    """Return any numbers of a type, but no halves of the range of those that float32 lacks."""
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return (rng.normal(size=shape) * 10.0 ** rng.integers(-3, 4)).astype(dtype)
    if dtype.kind == "b":
        return rng.integers(0, 2, shape).astype(dtype)
    top = int(pick(rng, (2, 17, 127, min(255, np.iinfo(dtype).max), np.iinfo(dtype).max)))
    low = 0 if dtype.kind == "u" or rng.random() < 0.5 else -top
    return rng.integers(low, top, shape, dtype.newbyteorder("="), endpoint=True).astype(dtype)


def shape(rng, n=None):
    n = int(rng.integers(1, 6)) if n is None else n
    return (n, *rng.integers(1, 5, int(rng.integers(1, 3))).tolist())


def idx_content(array):
    code = {dtype: code for code, dtype in naive.IDX_TYPES.items()}[f">{array.dtype.str[1:]}"]
    return (
        struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)
        + array.astype(array.dtype.newbyteorder(">")).tobytes()
    )


def idx(rng):
    array = numbers(rng, pick(rng, list(naive.IDX_TYPES.values())), shape(rng))
    content = idx_content(array)
    if rng.random() < 0.5:
        at = int(rng.integers(len(content)))
        parts = pick(rng, ([content], [content[:at], content[at:]], [b"", content]))
        content = b"".join(gzip.compress(part, mtime=0) for part in parts) + bytes(
            int(pick(rng, (0, 0, 9)))
        )
    return content, {"train": array}


TYPES = ("?", "i1", "u1", "<i2", ">u2", "<i4", ">i8", "<u8", "<f2", ">f4", "<f4", "<f8", ">f8", "g")


def npy_content(rng, array):
    file = io.BytesIO()
    array = np.asarray(array, order=pick(rng, "CF"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of version 2, which old NumPy cannot read
        np.lib.format.write_array(file, array, version=pick(rng, ((1, 0), (2, 0), (3, 0), None)))
    return file.getvalue()


def npy(rng):
    array = numbers(rng, pick(rng, TYPES), shape(rng))
    return npy_content(rng, array), {"train": array}


def npz(rng):
    keys = pick(
        rng,
        (
            ("train", "test", "train_labels", "test_labels"),
            tuple(naive.RENAMED),
            ("x",),
            ("a/b c",),
        ),
    )
    train = numbers(rng, pick(rng, TYPES), shape(rng))
    test = numbers(rng, train.dtype, (2, *train.shape[1:]))
    labels = [numbers(rng, pick(rng, TYPES[1:7]), len(rows)) for rows in (train, test)]
    arrays = dict(zip(keys, (train, test, *labels), strict=False))
    if len(keys) > 1:
        for key in pick(rng, ((), keys[3:], keys[1::2], keys[2:])):
            del arrays[key]
    found = {naive.RENAMED.get(key, key): array for key, array in arrays.items()}
    found = {"train": train} if len(keys) == 1 else found
    members = [(f"{key}.npy", npy_content(rng, array)) for key, array in arrays.items()]
    if rng.random() < 0.3:
        file = io.BytesIO()
        pick(rng, (np.savez, np.savez_compressed))(file, **arrays)
        return file.getvalue(), found
    return zipped(members, rng, (0, 8)), found


# --- tables --------------------------------------------------------------------------------------

FORMATS = "{:.0f}", "{:d}", "{:.3f}", "{!r}", "{:e}", "{:+.2f}", "{:.9g}"


def table(rng):
    """Write a table as pandas, spreadsheets or NumPy do; return its rows and labels."""
    n, d = int(rng.integers(1, 8)), int(rng.integers(1, 6))
    form = pick(rng, FORMATS)
    values = rng.normal(size=(n, d)) * 10.0 ** rng.integers(-2, 5)
    cells = [[form.format(int(v) if form == "{:d}" else float(v)) for v in row] for row in values]
    found = {"train": np.array([[float(cell) for cell in row] for row in cells], np.float32)}
    mark, end = pick(rng, ",,,;\t"), pick(rng, ("\n", "\r\n", "\r"))
    if mark != "," and d > 1 and rng.random() < 0.5:
        cells = [[cell.replace(".", ",") for cell in row] for row in cells]
    names = pick(
        rng,
        (
            None,
            [f"x{i}" for i in range(d)],
            [f"a{mark} {i}" for i in range(d)],
            [str(i) for i in range(d)],
        ),
    )
    if names and d > 1 and rng.random() < 0.3:
        labels, i = rng.integers(-3, 9, n), int(rng.integers(d + 1))
        names = [*names[:i], pick(rng, ("label", "Class", "TARGET", "labels")), *names[i:]]
        cells = [[*row[:i], str(label), *row[i:]] for row, label in zip(cells, labels, strict=True)]
        found["train_labels"] = labels
    if names and rng.random() < 0.3:
        names = [pick(rng, ("", "Unnamed: 0")), *names]
        cells = [[str(i), *row] for i, row in zip(rng.permutation(n), cells, strict=True)]
    lines = [*([names] if names else []), *cells]
    if naive.are_names(lines[0], [*lines, lines[0]][1]) != bool(names):
        return table(rng)  # numbers that count the columns, or do not
    text = end.join(written(line, mark, rng) for line in lines)
    before = pick(rng, ("", "", "\ufeff", f"# made by hand{end}"))
    between = pick(rng, ("", end, f"{end}{end}"))
    return f"{before}{text}{between}".encode(), found


def written(cells, mark, rng):
    quoted = rng.random() < 0.3
    space = pick(rng, ("", "", " "))
    return (mark + space).join(
        f'"{cell}"' if quoted or mark in cell or not cell else cell for cell in cells
    )
