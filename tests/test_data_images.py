"""Pictures as people keep them: none is left out, misread or black in silence."""

import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from npgan.data import Dataset, from_arrays, load, picture
from npgan.data.images import read_image, read_images
from npgan.data.outlines import outlines
from npgan.data.png import check_rows, read_png
from npgan.errors import InputError

GREY = np.arange(1, 13, dtype=np.uint8).reshape(3, 4) * 20


@pytest.mark.parametrize("dtype", [np.uint8, np.int64])
@pytest.mark.parametrize("white", [1, 16, 127])
def test_the_brightest_of_dark_images_becomes_white(white, dtype):
    images = np.array([[[0, white]], [[0, 1]]], dtype)
    data = from_arrays("d", {"train": images, "test": images[1:]})
    assert data.train.tolist() == [[0, 255], [0, round(255 / white)]]
    assert data.test.tolist() == data.train[1:].tolist()
    assert f"pixels of 0 to {white} became 0 to 255" in data.summary()


def test_images_that_reach_half_of_a_bytes_range_are_left_as_they_are():
    assert from_arrays("d", {"train": np.array([[[0, 128]]])}).train.tolist() == [[0, 128]]


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_pixels_of_16_bits_are_taken_for_as_many_as_they_use(tmp_path, bits):
    Image.fromarray(np.array([[0, 2 ** (bits - 1), 2**bits - 1]], np.uint16)).save(
        tmp_path / "a.png"
    )
    data = load(tmp_path)
    assert data.train.tolist() == [[0, 128, 255]]
    assert f"16-bit pixels up to {2**bits - 1} were read as {bits}-bit (1)" in data.summary()


def transparent(mode):
    """Return a picture of black pixels, of which the second cannot be seen."""
    image = Image.new("LA", (2, 1), (0, 255))
    image.putpixel((1, 0), (0, 0))
    return image.convert("RGBA").convert(mode)


def palette():
    image = Image.new("P", (2, 1))
    image.putpalette([0, 0, 0, 9, 9, 9])
    image.putpixel((1, 0), 1)
    image.info["transparency"] = b"\xff\x00"
    return image


PICTURES = {
    "transparent grey": (lambda: transparent("LA"), [0, 255], "transparent"),
    "transparent colours": (lambda: transparent("RGBA"), [0, 255], "transparent"),
    "transparent palette": (palette, [0, 255], "transparent"),
    "opaque": (lambda: Image.new("LA", (2, 1), (200, 255)), [200, 200], None),
    "one bit": (lambda: Image.fromarray(np.array([[False, True]])), [0, 255], None),
    "grey in colours": (lambda: Image.new("RGB", (2, 1), (200, 200, 200)), [200, 200], None),
    "hidden colours": (
        lambda: Image.new("RGBA", (2, 1), (255, 0, 0, 0)),
        [255, 255],
        "transparent",
    ),
}


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_without_colours_are_grey(tmp_path, name):
    make, grey, note = PICTURES[name]
    make().save(tmp_path / "a.png")
    data = load(tmp_path)
    assert (data.shape, data.train.tolist()) == ((1, 2, 1), [grey])
    assert ("transparent" in data.summary()) == (note is not None)


def test_a_photograph_is_turned_as_it_was_taken(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    Image.fromarray(GREY).save(tmp_path / "a.jpg", exif=exif)
    assert load(tmp_path).image_shape == (4, 3)


def test_a_folder_says_what_of_it_is_left_out(tmp_path):
    folder = tmp_path / "photos"
    (folder / "cats").mkdir(parents=True)
    for name in ("b.png", "a.JPEG", ".c.png", "cats/d.png", "../outside.png"):
        Image.fromarray(GREY).save(folder / name)
    (folder / "e.eps").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0")
    (folder / "link.png").symlink_to("../outside.png")
    (folder / "own.png").symlink_to("b.png")
    (folder / "gone.png").symlink_to("nowhere")
    data = load(folder)
    assert data.train.shape == (3, 12)
    assert data.summary() == (
        f"photos: 3 training images of 3 x 4, no test data; values 20 to {data.train.max()}; "
        "left out: hidden files (1): .c.png; folders (1): cats; other files (1): e.eps; "
        "what is no regular file (1): gone.png; links out of the folder (1): link.png"
    )


def test_folders_without_pictures_are_named_in_the_refusal(tmp_path):
    (tmp_path / "cats").mkdir()
    with pytest.raises(InputError, match=r"no data; left out: folders \(1\): cats"):
        load(tmp_path)


def test_a_mask_of_zeros_and_ones_is_not_all_black(tmp_path):
    Image.fromarray(np.array([[0, 1]], np.uint8)).save(tmp_path / "mask.png")
    assert read_image(tmp_path / "mask.png").tolist() == [[0, 255]]


def test_a_picture_that_pillow_would_warn_of_as_a_bomb_is_refused(tmp_path, monkeypatch):
    Image.fromarray(GREY).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)  # it has twelve
    with pytest.raises(InputError, match=r"cannot read .*a\.png: .*decompression bomb"):
        read_image(tmp_path / "a.png")


def test_notes_of_a_camera_that_are_damaged_do_not_matter(tmp_path):
    damaged = b"Exif\0\0II*\0\x08\0\0\0\x03\0"  # three entries are announced, and none is there
    Image.fromarray(GREY).save(tmp_path / "a.jpg", exif=damaged)
    with pytest.warns(UserWarning, match="Corrupt EXIF"), Image.open(tmp_path / "a.jpg") as image:
        image.getexif()
    assert read_image(tmp_path / "a.jpg").shape == GREY.shape


def png(pixels, **options):
    from io import BytesIO

    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG", **options)
    return file.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


WHOLE = png(GREY)
HEADER = struct.pack(">IIBBBBB", 4, 9, 8, 0, 0, 0, 0)
MORE_ROWS = WHOLE[:8] + chunk(b"IHDR", HEADER) + WHOLE[33:]


@pytest.mark.parametrize("cut", range(1, len(WHOLE)))
def test_a_png_cut_anywhere_is_refused(cut):
    with pytest.raises(ValueError, match="cut short"):
        read_png(WHOLE[:-cut])


def test_a_png_damaged_anywhere_is_refused():
    for i in range(8, len(WHOLE)):
        damaged = bytearray(WHOLE)
        damaged[i] ^= 1
        with pytest.raises(ValueError, match="PNG"):
            read_png(bytes(damaged))


def test_rows_that_a_png_lacks_are_not_black(tmp_path):
    (tmp_path / "a.png").write_bytes(MORE_ROWS)
    with pytest.raises(InputError, match="15 bytes of rows; its header announces 45"):
        load(tmp_path)


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (9, 8), (17, 2)])
@pytest.mark.parametrize("colour", [(), (3,), (4,)])
def test_whole_pngs_are_whole(shape, colour):
    check_rows(read_png(png(np.zeros((*shape, *colour), np.uint8))))


@pytest.mark.parametrize("behind", [b"", b"x", bytes(2**17)])
def test_what_follows_a_pngs_rows_is_not_waited_for(behind):
    """Of more rows than are unpacked at once, zlib hands back what it has not looked at, ever again."""
    large = png(np.zeros((1200, 1200), np.uint8))
    at = large.index(b"IDAT")
    rows = large[at + 4 : -16]
    check_rows(read_png(large[: at - 4] + chunk(b"IDAT", rows + behind) + chunk(b"IEND", b"")))


def test_an_interlaced_png_is_whole():
    """Nine by nine pixels in seven passes, each row behind the byte of its filter."""
    rows = b"".join(
        bytes((1 + w) * h) for w, h in [(2, 2), (1, 2), (3, 1), (2, 3), (5, 2), (4, 5), (9, 4)]
    )
    header = struct.pack(">IIBBBBB", 9, 9, 8, 0, 0, 0, 1)
    start = WHOLE[:8] + chunk(b"IHDR", header)
    check_rows(read_png(start + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")))
    with pytest.raises(ValueError, match="announces"):
        check_rows(read_png(start + chunk(b"IDAT", zlib.compress(rows[1:])) + chunk(b"IEND", b"")))


def written(size, depth, colour, rows, *others, end=b""):
    """Return a PNG of such a header, with chunks before and behind its rows, uncompressed."""
    header = struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, 0)
    packed = rows if end else zlib.compress(rows)
    before = b"".join(chunk(*other) for other in others)
    return WHOLE[:8] + chunk(b"IHDR", header) + before + chunk(b"IDAT", packed) + end + END


END = chunk(b"IEND", b"")
CLEAR = {
    "grey": (written((2, 1), 8, 0, b"\0\5\xc8", (b"tRNS", b"\0\5")), [255, 200]),
    "grey of two bits": (written((2, 1), 2, 0, b"\0\xb0", (b"tRNS", b"\0\2")), [255, 255]),
    "grey of one bit": (written((2, 1), 1, 0, b"\0\x40", (b"tRNS", b"\0\0")), [255, 255]),
    "bits that do not count": (written((2, 1), 8, 0, b"\0\5\xc8", (b"tRNS", b"\7\5")), [255, 200]),
    "a colour": (
        written((2, 1), 8, 2, b"\0\1\2\3\xc8\xc8\xc8", (b"tRNS", b"\0\1\0\2\0\3")),
        [255, 200],
    ),
}


@pytest.mark.parametrize("name", CLEAR)
def test_pixels_of_the_transparent_colour_become_white(tmp_path, name):
    content, grey = CLEAR[name]
    (tmp_path / "a.png").write_bytes(content)
    data = load(tmp_path)
    assert data.train.tolist() == [grey]
    assert "transparent pixels became white (1)" in data.summary()


ROW, BLACK = b"\0\xc8", (b"PLTE", bytes(3))
SPOILT = {
    "a transparent colour of 16 bits": (
        written((1, 1), 16, 0, b"\0\0\1", (b"tRNS", b"\0\1")),
        "transparent colour has 16 bits or is damaged: use an alpha channel",
    ),
    "a colour that no palette has": (written((1, 1), 8, 3, b"\0\1", BLACK), "pixels of colour 1"),
    "no palette": (written((1, 1), 8, 3, b"\0\0"), "a palette of 0 bytes"),
    "transparency of more than the palette": (
        written((1, 1), 8, 3, b"\0\0", BLACK, (b"tRNS", bytes(2))),
        "does not fit its palette",
    ),
    "transparency before the palette": (
        written((1, 1), 8, 3, b"\0\0", (b"tRNS", bytes(1)), BLACK),
        "IHDR, tRNS, PLTE, IDAT, IEND: that is no order",
    ),
    "more rows": (written((1, 1), 8, 0, 2 * ROW), "has more bytes of rows; its header announces 2"),
    "rows without their checksum": (
        written((1, 1), 8, 0, zlib.compress(ROW)[:-4], end=chunk(b"tEXt", b"a\0b")),
        "rows are cut short",
    ),
    "rows apart": (
        written((1, 1), 8, 0, ROW, end=chunk(b"tEXt", b"a\0b") + chunk(b"IDAT", b"")),
        "IHDR, IDAT, tEXt, IDAT, IEND: that is no order",
    ),
    "many chunks": (
        written((1, 1), 8, 0, ROW, *[(b"aBCD", b"")] * 5, (b"QUIT", b"")),
        "IHDR, aBCD, aBCD, aBCD, aBCD, aBCD, QUIT, IDAT, ...: that is no order",
    ),
    "a chunk that must be known": (written((1, 1), 8, 0, ROW, (b"QUIT", b"")), "no order"),
    "two headers": (written((1, 1), 8, 0, ROW, (b"IHDR", WHOLE[16:29])), "no order"),
    "no pixels": (written((0, 1), 8, 0, b"\0"), "no pixels"),
    "three bits": (written((1, 1), 3, 0, ROW), r"no known kind, \(3, 0, 0, 0, 0\)"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_png_that_says_two_things_is_refused(tmp_path, name):
    content, message = SPOILT[name]
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(InputError, match=message):
        load(tmp_path)


@pytest.mark.parametrize("kind", ["PNG", "MPO"])
def test_that_there_are_more_pictures_in_a_file_is_said(tmp_path, kind):
    first, second = Image.fromarray(GREY), Image.fromarray(GREY[::-1])
    name = "a.png" if kind == "PNG" else "a.jpg"
    first.save(tmp_path / name, kind, save_all=True, append_images=[second])
    data = load(tmp_path)
    assert data.train.shape == (1, 12)
    assert "of several pictures in a file the first was taken (1)" in data.summary()


def test_outlines_have_pairs_to_test_with_as_well():
    outlines, mnist = load("mnist-outlines"), load("mnist")
    for pairs, digits in ((outlines.train, mnist.train), (outlines.test, mnist.test)):
        assert pairs.shape == (len(digits), 2 * 784)
        np.testing.assert_array_equal(pairs[:, 784:], digits)


def test_an_image_that_is_all_black_stays_so_and_nothing_is_said():
    data = from_arrays("d", {"train": np.zeros((2, 1, 2), int)})
    assert (data.train.tolist(), data.train.dtype, data.notes) == ([[0, 0]] * 2, np.uint8, ())


def test_every_one_of_many_dark_images_is_brightened():
    images = np.arange(600).reshape(600, 1, 1) % 100
    data = from_arrays("d", {"train": images})
    assert data.train.ravel().tolist() == [round(255 * (i % 100) / 99) for i in range(600)]


PALETTE = {
    "two colours of one bit": (1, 6, None, 2, None),
    "three colours of one bit": (1, 9, None, None, "a palette of 9 bytes"),
    "four bytes": (8, 4, None, None, "a palette of 4 bytes"),
    "as many as bits say": (8, 768, None, 256, None),
    "more than bits say": (8, 771, None, None, "a palette of 771 bytes"),
    "transparency of all": (8, 6, 2, 2, None),
    "transparency of one": (8, 6, 1, 2, None),
    "transparency of more": (8, 6, 3, None, "does not fit its palette"),
    "transparency of none": (8, 6, 0, None, "does not fit its palette"),
}


@pytest.mark.parametrize("name", PALETTE)
def test_a_palette_has_as_many_colours_as_its_bits_say_at_most(name):
    depth, size, clear, colours, message = PALETTE[name]
    others = [(b"PLTE", bytes(size))] + ([] if clear is None else [(b"tRNS", bytes(clear))])
    content = written((1, 1), depth, 3, b"\0\0", *others)
    if message is None:
        found = read_png(content)
        assert (found.colours, found.clear) == (colours, None)
        check_rows(found)
    else:
        with pytest.raises(ValueError, match=message):
            read_png(content)


@pytest.mark.parametrize(
    ("depth", "colour", "kept"),
    [
        (8, 3, [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"]),
        (8, 2, [b"IHDR", b"IDAT", b"IEND"]),
        (8, 6, [b"IHDR", b"IDAT", b"IEND"]),
    ],
)
def test_a_png_is_decoded_without_what_may_say_something_else(depth, colour, kept):
    parts = (b"gAMA", bytes(4)), (b"PLTE", bytes(3)), (b"acTL", bytes(8)), (b"eXIf", b"II")
    clear = (b"tRNS", bytes(6 if colour == 2 else 1))
    found = read_png(written((1, 1), depth, colour, ROW, *parts[:2], clear, *parts[2:]))
    kinds = [
        kind for kind in (b"gAMA", b"acTL", b"PLTE", b"tRNS", b"eXIf") if kind in found.content
    ]
    assert kinds == [kind for kind in kept if kind in (b"PLTE", b"tRNS")] + [b"eXIf"]
    assert found.content.startswith(WHOLE[:8])
    assert read_png(found.content).rows == found.rows
    assert (found.is_animated, read_png(found.content).is_animated) == (True, False)
    assert found.clear == ((0, 0, 0) if colour == 2 else None)


def test_a_png_is_turned_as_it_was_taken(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    Image.fromarray(GREY).save(tmp_path / "a.png", exif=exif)
    assert read_image(tmp_path / "a.png").tolist() == GREY[::-1].T.tolist()


@pytest.mark.parametrize(
    ("depth", "sample", "grey"),
    [(1, 1, 255), (2, 2, 170), (4, 1, 17), (4, 15, 255), (8, 200, 200)],
)
def test_a_transparent_colour_is_one_of_a_byte(depth, sample, grey):
    clear = struct.pack(">H", sample)
    assert read_png(written((1, 1), depth, 0, ROW, (b"tRNS", clear))).clear == (grey,)


@pytest.mark.parametrize(
    ("depth", "colour", "size"),
    [(8, 0, 3), (8, 0, 6), (8, 2, 2), (8, 2, 5), (16, 0, 2), (16, 2, 6)],
)
def test_a_transparent_colour_has_two_bytes_a_channel_and_eight_bits(depth, colour, size):
    with pytest.raises(
        ValueError, match="transparent colour has 16 bits or is damaged: use an alpha channel"
    ):
        read_png(written((1, 1), depth, colour, ROW, (b"tRNS", bytes(size))))


HEADERS = {
    "twelve bytes": (bytes(12), "not one of 13 bytes"),
    "fourteen bytes": (bytes(14), "not one of 13 bytes"),
    "no rows": (struct.pack(">IIBBBBB", 1, 0, 8, 0, 0, 0, 0), "no pixels"),
    "another method": (struct.pack(">IIBBBBB", 1, 1, 8, 0, 1, 0, 0), r"\(8, 0, 1, 0, 0\)"),
    "another filter": (struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 1, 0), r"\(8, 0, 0, 1, 0\)"),
    "another interlacing": (struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 2), r"\(8, 0, 0, 0, 2\)"),
    "another colour": (struct.pack(">IIBBBBB", 1, 1, 8, 1, 0, 0, 0), r"\(8, 1, 0, 0, 0\)"),
    "colours of one bit": (struct.pack(">IIBBBBB", 1, 1, 1, 2, 0, 0, 0), r"\(1, 2, 0, 0, 0\)"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_of_no_known_kind_is_refused(name):
    header, message = HEADERS[name]
    content = WHOLE[:8] + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(ROW)) + END
    with pytest.raises(ValueError, match=message):
        read_png(content)


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 2), (3, 3), (4, 5), (5, 4), (8, 8), (17, 9)])
@pytest.mark.parametrize(
    ("depth", "colour", "bits"), [(1, 0, 1), (8, 0, 8), (2, 0, 2), (16, 6, 64)]
)
@pytest.mark.parametrize("interlaced", [0, 1])
def test_rows_are_as_long_as_their_pixels(size, depth, colour, bits, interlaced):
    """Of the passes of interlacing each takes what those before have left, at twice as many places."""
    header = struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, interlaced)
    pixels = np.zeros(size[::-1])
    first = [pixels[y::8, x::8] for x, y in ((0, 0), (4, 0))]
    others = [
        pixels[4::8, ::4],
        pixels[::4, 2::4],
        pixels[2::4, ::2],
        pixels[::2, 1::2],
        pixels[1::2],
    ]
    rows = 0
    for h, w in (part.shape for part in ([*first, *others] if interlaced else [pixels])):
        rows += h * (1 + -(-w * bits // 8)) if w else 0
    for more in (-1, 0, 1):
        data = chunk(b"IDAT", zlib.compress(bytes(rows + more)))
        png = read_png(WHOLE[:8] + chunk(b"IHDR", header) + data + END)
        if more:
            with pytest.raises(ValueError, match=f"announces {rows}"):
                check_rows(png)
        else:
            check_rows(png)


@pytest.mark.parametrize(
    ("most", "bits"), [(255, 8), (256, 10), (1023, 10), (1024, 12), (65535, 16)]
)
def test_deep_pixels_have_as_few_bits_as_hold_the_brightest(tmp_path, most, bits):
    for name, pixels in {"a": [[0, 5]], "b": [[most, 0]]}.items():
        Image.fromarray(np.array(pixels, np.uint16)).save(tmp_path / f"{name}.png")
    Image.fromarray(np.array([[9, 200]], np.uint8)).save(tmp_path / "c.png")
    data = load(tmp_path)
    assert data.train.tolist() == [[0, 5 >> bits - 8], [most >> bits - 8, 0], [9, 200]]
    assert f"16-bit pixels up to {most} were read as {bits}-bit (2)" in data.summary()


def test_grey_in_colours_is_no_colour(tmp_path):
    Image.new("RGB", (2, 1), (200, 200, 200)).save(tmp_path / "a.png")
    assert load(tmp_path).notes == ()


@pytest.mark.parametrize(("value", "sound"), [(0, True), (1, False)])
def test_pixels_have_colours_of_the_palette(tmp_path, value, sound):
    (tmp_path / "a.png").write_bytes(
        written((1, 1), 8, 3, bytes([0, value]), (b"PLTE", b"\xc8\xc8\xc8"))
    )
    if sound:
        assert read_image(tmp_path / "a.png").tolist() == [[200]]
    else:
        with pytest.raises(InputError, match="pixels of colour 1, its palette 1 colours"):
            read_image(tmp_path / "a.png")


def test_a_lone_picture_is_not_said_to_be_the_first_of_several(tmp_path):
    Image.fromarray(GREY).save(tmp_path / "a.png")
    Image.fromarray(GREY).save(tmp_path / "b.jpg")
    assert load(tmp_path).notes == ()


@pytest.mark.parametrize(
    ("limit", "message"),
    [(95, r"a\.png announces 96 bytes"), (96, None), (11, r"a\.png announces")],
)
def test_a_picture_takes_eight_bytes_a_pixel_while_it_is_decoded(
    tmp_path, monkeypatch, limit, message
):
    (tmp_path / "a.png").write_bytes(WHOLE)
    assert len(WHOLE) < 96
    monkeypatch.setattr("npgan.data.reading.MAX_BYTES", limit)
    if message is None:
        assert read_image(tmp_path / "a.png").shape == (3, 4)
    else:
        with pytest.raises(InputError, match=message):
            read_image(tmp_path / "a.png")


def test_pictures_of_a_folder_are_counted_together(tmp_path, monkeypatch):
    for i in range(9):
        (tmp_path / f"{i}.png").write_bytes(WHOLE)
    monkeypatch.setattr("npgan.data.reading.MAX_BYTES", 9 * 12)
    assert load(tmp_path).train.shape == (9, 12)
    (tmp_path / "9.png").write_bytes(WHOLE)
    with pytest.raises(InputError, match=r"announces 120 bytes; at most 108"):
        load(tmp_path)


def test_pairs_are_outlines_and_digits_of_training_and_of_test(monkeypatch):
    digits = np.zeros((3, 28, 28), np.uint8)
    digits[:, 5, 5], digits[2, 9, 9] = 200, 127
    known = {"train_labels": np.arange(2), "test_labels": np.zeros(1, int), "shape": (28, 28, 1)}
    rows = digits.reshape(3, 784)
    small = Dataset("mnist", rows[:2], rows[2:], **known)
    monkeypatch.setattr("npgan.data.outlines.load_mnist", lambda: small)
    data = load("mnist-outlines")
    assert (data.name, data.image_shape) == ("mnist-outlines", (56, 28))
    for pairs, n in ((data.train, 2), (data.test, 1)):
        above, below = pairs.reshape(n, 2, 28, 28).swapaxes(0, 1)
        assert below.tolist() == digits[-n:].tolist() if n == 1 else digits[:2].tolist()
        for line in above:
            assert sorted(map(tuple, np.argwhere(line == 255))) == [(4, 5), (5, 4), (5, 6), (6, 5)]


def test_standard_error_is_kept_off_and_comes_back(capfd):
    with picture._quiet():
        os.write(2, b"lost")
    os.write(2, b"seen")
    assert capfd.readouterr().err == "seen"


def test_no_file_stays_open_where_standard_error_was_kept_off():
    def free():
        """Return the numbers that the next files get."""
        numbers = [os.dup(2) for _ in range(4)]
        for number in numbers:
            os.close(number)
        return numbers

    before = free()
    with picture._quiet():
        pass
    assert free() == before


def test_no_pictures_are_no_images():
    images, notes = read_images([])
    assert (len(images), notes) == (0, [])


@pytest.mark.parametrize("value", [255, 256, -1])
def test_outlines_are_of_bytes(value):
    images = np.array([[0, value]])
    if value == 255:
        assert outlines(images, (1, 2)).tolist() == [[255, 0]]
    else:
        with pytest.raises(InputError, match=r"images must be whole numbers in \[0, 255\]"):
            outlines(images, (1, 2))
