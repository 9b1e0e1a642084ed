"""Pictures in colour, of any format and size, and folders of them, one for each class."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
from fuzz_pictures import grey_png, png_file
from PIL import Image

from npgan.data import Dataset, from_arrays, load, load_split
from npgan.data.fit import FITS, as_size, fitted
from npgan.data.icon import largest
from npgan.data.picture import FORMATS, read_picture
from npgan.data.png import SIGNATURE
from npgan.errors import InputError

COLOURS = np.random.default_rng(0).integers(128, 256, (5, 4, 3), np.uint8)
GREY = COLOURS[..., 0]
LOSSY = {"JPEG", "WEBP"}


def save(folder, **pictures):
    """Write pictures as PNG files into a folder that may be new; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, pixels in pictures.items():
        Image.fromarray(pixels).save(folder / f"{name}.png")
    return folder


# --- arrays --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32])
@pytest.mark.parametrize("channels", [1, 3])
def test_channels_of_an_array_lie_side_by_side(tmp_path, channels, dtype):
    images = COLOURS[None, ..., :channels].repeat(2, axis=0).astype(dtype)
    np.save(tmp_path / "x.npy", images)
    data = load(tmp_path / "x.npy")
    assert data.shape == (5, 4, channels)
    assert data.train.dtype == (np.uint8 if dtype != np.float32 else np.float32)
    np.testing.assert_array_equal(data.train, images.reshape(2, -1))
    assert (" colour images of 5 x 4" in data.summary()) == (channels == 3)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 5, 4, 2), "of 1 or 3 channels"),
        ((2, 5, 4, 4), "of 1 or 3 channels"),
        ((2, 3, 5, 4), r"np\.moveaxis\(x, 1, -1\) puts channels last"),
        ((2, 2, 5, 4, 3), "of 1 or 3 channels"),
        ((0, 5, 4, 3), "n at least 1"),
    ],
)
def test_arrays_of_other_channels_are_refused(shape, message):
    with pytest.raises(InputError, match=message):
        from_arrays("d", {"train": np.zeros(shape, np.uint8)})


def test_labels_may_be_text():
    words = np.array(["dog", "cat", "dog"])
    data = from_arrays("d", {"train": COLOURS[:3], "train_labels": words})
    assert (data.classes, data.train_labels.tolist()) == (("cat", "dog"), [1, 0, 1])
    assert data.given(data.train_labels).tolist() == words.tolist()
    assert (data.class_of("dog"), data.only("cat").name, data.as_given()) == (1, "d:cat", data)
    with pytest.raises(InputError, match="d has no class cow: there are cat, dog"):
        data.class_of("cow")
    arrays = {"train": COLOURS, "test": COLOURS, "train_labels": np.array([*"abcde"])}
    with pytest.raises(InputError, match="labels are all whole numbers or all text"):
        from_arrays("d", {**arrays, "test_labels": np.arange(5)})


# --- formats -------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", FORMATS)
@pytest.mark.parametrize("pixels", [GREY, COLOURS], ids=["grey", "colours"])
def test_pictures_of_every_format_keep_their_colours(tmp_path, end, pixels):
    form = FORMATS[end]
    if end in (".pgm", ".pbm") and pixels.ndim == 3:
        pixels = GREY
    settings = {"sizes": [(4, 5)]} if form == "ICO" else {}
    Image.fromarray(pixels).save(tmp_path / f"a{end.upper()}", form, **settings)
    data = load(tmp_path)
    if form not in LOSSY:
        np.testing.assert_array_equal(data.train[0].reshape(pixels.shape), pixels)
    assert data.shape == (5, 4, 3 if pixels.ndim == 3 else 1)
    assert data.notes == ()


def test_grey_and_coloured_pictures_together_are_colours(tmp_path):
    deep = GREY.astype(np.uint16) << 8
    save(tmp_path, a=GREY, b=COLOURS, c=deep, d=GREY)
    data = load(tmp_path)
    assert data.shape == (5, 4, 3)
    greys = GREY[..., None].repeat(3, axis=2)
    wanted = np.stack([greys, COLOURS, greys, greys]).reshape(4, -1)
    np.testing.assert_array_equal(data.train, wanted)
    assert load(save(tmp_path / "grey", a=GREY, b=deep)).shape == (5, 4, 1)


@pytest.mark.parametrize("mode", ["P", "CMYK", "RGBA", "YCbCr"])
def test_colours_of_every_mode_are_red_green_and_blue(tmp_path, mode):
    image = Image.new("RGB", (2, 1), (200, 0, 0))
    image = image.quantize(2) if mode == "P" else image.convert(mode)
    image.save(tmp_path / "a.tif")
    assert abs(load(tmp_path).train.astype(int) - [200, 0, 0, 200, 0, 0]).max() <= 2


def test_what_shines_through_is_white_in_colour_too(tmp_path):
    image = Image.new("RGBA", (2, 1), (200, 0, 0, 255))
    image.putpixel((1, 0), (200, 0, 0, 0))
    image.save(tmp_path / "a.webp", lossless=True)
    data = load(tmp_path)
    assert data.train.tolist() == [[200, 0, 0, 255, 255, 255]]
    assert "transparent pixels became white (1)" in data.summary()


@pytest.mark.parametrize("end", [".gif", ".webp", ".tif"])
def test_of_moving_pictures_the_first_is_taken_and_that_is_said(tmp_path, end):
    first, second = (Image.fromarray(x) for x in (GREY, GREY[::-1]))
    first.save(tmp_path / f"a{end}", save_all=True, append_images=[second])
    data = load(tmp_path)
    assert data.train.shape[0] == 1
    assert "of several pictures in a file the first was taken (1)" in data.summary()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_tiff_is_turned_as_it_was_taken(tmp_path, orientation):
    from naive_readers import TURNS

    exif = Image.Exif()
    exif[0x0112] = orientation
    for end in ("tif", "webp"):
        path = tmp_path / f"a.{end}"
        Image.fromarray(COLOURS).save(
            path, exif=exif, **{"lossless": True} if end == "webp" else {}
        )
        turned = TURNS.get(orientation, lambda x: x)(COLOURS)
        np.testing.assert_array_equal(read_picture(path).pixels, turned)


def icon(*pictures):
    """Return an icon of (width, height, content) each."""
    place, entries = 6 + 16 * len(pictures), b""
    for width, height, content in pictures:
        entries += struct.pack("<BBBBHHII", width, height, 0, 0, 1, 32, len(content), place)
        place += len(content)
    head = struct.pack("<HHH", 0, 1, len(pictures))
    return head + entries + b"".join(content for *_, content in pictures)


def test_the_largest_picture_of_an_icon_is_its_picture(tmp_path):
    small, large = grey_png(GREY[:2, :2]), grey_png(GREY)
    (tmp_path / "a.ico").write_bytes(icon((2, 2, small), (4, 5, large), (1, 1, small)))
    np.testing.assert_array_equal(read_picture(tmp_path / "a.ico").pixels, GREY)


LARGEST_FIRST = [
    [(2, 9), (3, 1)],
    [(255, 255), (254, 0)],  # 0 is 256
    [(255, 255), (0, 254)],
    [(0, 1), (1, 255)],
    [(1, 0), (255, 1)],
]


@pytest.mark.parametrize("sizes", LARGEST_FIRST, ids=str)
def test_of_an_icons_pictures_that_with_the_most_pixels_is_the_largest(sizes):
    pictures = [(*size, SIGNATURE + bytes(size)) for size in sizes]
    for order in (pictures, pictures[::-1]):
        assert largest(icon(*order)) == SIGNATURE + bytes(sizes[0])


@pytest.mark.parametrize("shape", [(256, 2), (2, 256)])
def test_a_bitmap_in_an_icon_may_have_sides_of_256_pixels(tmp_path, shape):
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
    image = Image.fromarray(pixels).convert("RGBA")
    image.save(tmp_path / "a.ico", bitmap_format="bmp", sizes=[image.size])
    np.testing.assert_array_equal(read_picture(tmp_path / "a.ico").pixels, pixels)


def content_of(pixels, form, **settings):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form, **settings)
    return file.getvalue()


LARGE = struct.pack(">IIBBBBB", 2**15, 2**15, 8, 0, 0, 0, 0)
BITMAP = struct.pack("<Iii", 40, 9, 18) + bytes(28)
HOSTILE = {
    "an icon without pictures": (icon(), "the icon has no picture"),
    "an icon cut short": (icon((4, 5, b""))[:-4], "requires a buffer"),
    "an icon whose picture is cut short": (
        icon((4, 5, grey_png(GREY)))[:-20],
        "the icon is cut short",
    ),
    "an icon that lies of a bitmap": (icon((8, 9, BITMAP)), "a bitmap of 9 x 9 where it says"),
    "an icon whose picture has fewer rows": (icon((4, 5, grey_png(GREY)[:-20])), "cut short"),
    "an icon of a bomb": (
        icon((1, 1, png_file([(b"IHDR", LARGE), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]))),
        "announces|bomb",
    ),
    "a huge GIF": (b"GIF89a" + struct.pack("<HH", 65535, 65535) + bytes(9), "does not begin as"),
    "a huge BMP": (
        content_of(GREY, "BMP").replace(struct.pack("<ii", 4, 5), struct.pack("<ii", 30000, 30000)),
        "announces|bomb",
    ),
    "a huge PPM": (b"P6 60000 60000 255\n" + bytes(99), "announces|bomb"),
    "PostScript": (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 2 2\nshowpage",
        "does not begin as",
    ),
    "floats": (content_of(GREY.astype(np.float32), "TIFF"), "floating-point numbers: store them"),
    "32 bits": (content_of(GREY.astype(np.int32) << 12, "TIFF"), "beyond 0 to 65535"),
    "a GIF cut short": (content_of(COLOURS, "GIF")[:-20], "truncated|cannot read"),
    "a TIFF cut short": (content_of(COLOURS, "TIFF", compression="tiff_lzw")[:60], "cannot read"),
    "nothing": (b"", "does not begin as"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_sound_picture_is_refused_whatever_it_is_called(tmp_path, capfd, name):
    content, message = HOSTILE[name]
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(InputError, match=message) as error:
        load(tmp_path)
    assert "a.png" in str(error.value)
    assert capfd.readouterr() == ("", "")


# --- sizes ---------------------------------------------------------------------------------------

WIDE = np.repeat([[0, 0, 90, 90, 180, 180, 255, 255]], 4, axis=0).astype(np.uint8)
"""Eight pixels wide, four high."""


@pytest.mark.parametrize(
    ("fit", "pixels"),
    [
        ("crop", [[90, 180], [90, 180]]),
        ("stretch", [[45, 218], [45, 218]]),
        ("pad", [[45, 218], [0, 0]]),
    ],
)
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_wide_picture_is_cut_stretched_or_padded(fit, pixels, kind):
    """Bicubic weights reach over the edges that they blur: what is near counts most."""
    scale = 257 if kind == np.uint16 else 1
    found = fitted(WIDE.astype(kind) * kind(scale), (2, 2), fit)
    assert found.dtype == kind
    assert abs(found.astype(float) / scale - pixels).max() < 16
    high = fitted(WIDE.T.astype(kind) * kind(scale), (2, 2), fit)
    np.testing.assert_allclose(high.T.astype(float), found, atol=scale)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("size", [(1, 1), (3, 3), (2, 7), (9, 1), (40, 30)])
@pytest.mark.parametrize("shape", [(1, 300), (300, 1), (5, 4), (3, 7)])
def test_a_picture_of_one_colour_stays_so_wherever_it_is(fit, size, shape):
    found = fitted(np.full((*shape, 3), (200, 100, 50), np.uint8), size, fit)
    assert found.shape == (*size, 3)
    inside = found[found.any(axis=2)] if fit == "pad" else found.reshape(-1, 3)
    assert (inside == [200, 100, 50]).all()
    assert len(inside)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("pixels", [GREY, COLOURS], ids=["grey", "colours"])
def test_a_picture_that_has_the_size_is_left_as_it_is(fit, pixels):
    assert fitted(pixels, pixels.shape[:2], fit) is pixels


def test_the_middle_is_cut_out_and_the_longer_side_is_in_the_middle():
    row = np.arange(9, dtype=np.uint8)[None] * 20
    assert fitted(row, (1, 3), "crop")[0].tolist() == [60, 80, 100]
    assert fitted(row.T, (3, 1), "crop")[:, 0].tolist() == [60, 80, 100]
    assert fitted(row[:, 5:8], (1, 7), "pad")[0].tolist() == [0, 0, 100, 120, 140, 0, 0]


def test_what_swings_over_the_ends_of_the_range_is_cut_off():
    for kind in (np.uint8, np.uint16):
        most = np.iinfo(kind).max
        found = fitted(np.array([[0, 0, most, most]], kind), (1, 16), "stretch")[0]
        assert (np.diff(found.astype(int)) >= 0).all()
        assert (found[0], found[-1]) == (0, most)


def test_pictures_of_several_sizes_are_brought_to_one(tmp_path):
    save(tmp_path, a=COLOURS, b=COLOURS[:3], c=COLOURS[:4])
    with pytest.raises(
        InputError, match=r"b\.png has .*\(3, 4\) but a\.png has \(5, 4\): .* --size"
    ):
        load(tmp_path)
    data = load(tmp_path, size=4)
    assert (data.shape, data.train.shape) == ((4, 4, 3), (3, 48))
    assert (
        "brought to 4 x 4 by crop: the shorter side was scaled, the middle cut out (2)"
        in data.notes
    )
    np.testing.assert_array_equal(data.train[2].reshape(4, 4, 3), COLOURS[:4])
    assert load(tmp_path, size=(6, 2), fit="pad").image_shape == (6, 2)
    assert load_split(tmp_path, 0.3, "6x2").test.shape == (1, 36)


def test_a_size_is_for_folders_of_pictures(tmp_path):
    np.save(tmp_path / "x.npy", COLOURS)
    (tmp_path / "idx").mkdir()
    images = struct.pack(">HBB3I", 0, 8, 3, 1, 5, 4) + GREY.tobytes()
    (tmp_path / "idx" / "train-images-idx3-ubyte").write_bytes(images)
    assert load(tmp_path / "idx").image_shape == (5, 4)
    for source in ("mnist", "ring", tmp_path / "x.npy", tmp_path / "idx"):
        with pytest.raises(InputError, match="a size is for folders of pictures"):
            load(source, size=8)
    with pytest.raises(InputError, match="unknown fit 'corp': did you mean 'crop'"):
        load(save(tmp_path / "p", a=GREY), size=8, fit="corp")


def test_many_pictures_that_unpack_to_much_are_refused_together(tmp_path, monkeypatch):
    black = np.zeros((100, 100), np.uint8)
    save(tmp_path, **{f"p{i}": black for i in range(9)})
    packed = sum(path.stat().st_size for path in tmp_path.iterdir())
    monkeypatch.setattr("npgan.data.reading.SMALL", 80_000)  # as one of them takes
    monkeypatch.setattr("npgan.data.reading.RATIO", 80_000 // packed)
    with pytest.raises(InputError, match="announces 90,000 bytes in"):
        load(tmp_path)
    assert load(tmp_path, size=99).shape == (99, 99, 1)


def test_a_size_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    save(tmp_path, a=COLOURS, b=COLOURS)
    monkeypatch.setattr("npgan.data.reading.MAX_BYTES", 10_000)
    assert load(tmp_path, size=40).train.shape == (2, 4800)
    with pytest.raises(InputError, match="announces 10,086 bytes; at most 10,000"):
        load(tmp_path, size=41)


@pytest.mark.parametrize(
    "wrong",
    [0, -1, 4097, 1.5, True, "", "x", "3x", "1x2x3", (1, 2, 3), (2,), [0, 2], "9" * 10, "٣"],
)
def test_what_is_no_size_is_refused(wrong):
    with pytest.raises(InputError, match="size"):
        as_size(wrong)


# --- a folder a class ----------------------------------------------------------------------------


def test_folders_of_pictures_are_classes_in_the_order_of_their_names(tmp_path):
    save(tmp_path / "dogs", a=GREY, b=GREY)
    save(tmp_path / "cats", c=COLOURS)
    save(tmp_path / ".hidden", d=COLOURS)
    save(tmp_path / "cats" / "more", e=COLOURS)
    (tmp_path / "empty").mkdir()
    (tmp_path / "readme.txt").touch()
    (tmp_path / "cats" / "more" / "notes.txt").touch()
    (tmp_path / "dogs" / "again").symlink_to(tmp_path / "dogs")
    (tmp_path / "out").symlink_to(save(tmp_path.parent / f"{tmp_path.name} out", a=GREY))
    data = load(tmp_path)
    assert (data.classes, data.train_labels.tolist()) == (("cats", "dogs"), [0, 0, 1, 1])
    np.testing.assert_array_equal(data.train[0].reshape(COLOURS.shape), COLOURS)
    assert "2 classes, with the labels cats, dogs" in data.summary()
    said = "hidden files (1): .hidden; folders (2): empty, out; other files (1): readme.txt"
    assert data.notes == (
        f"left out: {said}",
        "with the pictures in folders within the classes' own (1)",
        "from the classes left out: other files (1): notes.txt; folders (1): again",
    )
    assert len(load(f"{tmp_path}:dogs").train) == 2
    with pytest.raises(InputError, match="has no class cows: there are cats, dogs"):
        load(f"{tmp_path}:cows")


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        (["0", "1", "2"], None),
        (["10", "9"], (9, 10)),
        (["01", "2"], ("01", "2")),
        (["a", "2"], ("2", "a")),
        (["-1", "1"], ("-1", "1")),
    ],
)
def test_names_that_are_whole_numbers_are_numbers(tmp_path, names, classes):
    for i, name in enumerate(names):
        save(tmp_path / name, a=GREY[: 2 + i])
    data = load(tmp_path, size=3)
    assert data.classes == classes
    assert sorted(map(str, data.given(data.train_labels))) == sorted(names)
    for name in names if classes else ():
        assert data.class_of(name) == list(map(str, classes)).index(name)


def test_a_folder_whose_name_is_no_text_is_a_class(tmp_path):
    name = os.fsdecode(b"\xff\n$x")
    save(tmp_path / name, a=GREY)
    save(tmp_path / "b", a=GREY)
    data = load(tmp_path)
    assert set(data.classes) == {"b", name}
    assert data.summary().isprintable()


def test_a_data_set_has_classes_of_one_kind():
    for wrong in ((), ("a", 1), ("",), ["a"], (0.5,)):
        with pytest.raises(InputError, match="classes"):
            Dataset("d", np.zeros((1, 1), np.float32), train_labels=np.zeros(1, int), classes=wrong)
