"""Runs on people's pictures: in colour, of any size, a folder for each class; what each command makes of them."""

import json
import shutil
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from commands import picture, run
from PIL import Image

from npgan import InputError, runs
from npgan.commands import complete, enhance, evaluate
from npgan.commands.evaluate import _far
from npgan.data import load, load_split
from npgan.metrics import ssim

RNG = np.random.default_rng(0)
WORDS = ("--data", "pets", "--steps", 3, "--batch-size", 8, "--backend", "numpy", "--quiet")
CLASSES = {"cat": (220, 40, 40), "dog": (40, 40, 220)}

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")


@pytest.fixture
def pictures(in_an_empty_folder):
    """Pictures of two colours and many sizes, a folder for each colour."""
    for name, colour in CLASSES.items():
        folder = Path("pets", name)
        folder.mkdir(parents=True)
        for i in range(20):
            shape = (*RNG.integers(12, 30, 2), 3)
            pixels = np.clip(RNG.normal(colour, 20, shape), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{i}.{('png', 'bmp', 'tif')[i % 3]}")


@pytest.fixture
def pets(pictures, undrawn):
    """The same, of which a run draws nothing while it is trained."""


def ok(capsys, *words):
    code, out, err = run(capsys, *words)
    assert code == 0, err
    return json.loads(out) if out.startswith("{") else err


def coloured(path):
    """Whether a picture that was drawn has colours."""
    pixels = picture(path)
    return pixels.ndim == 3 and bool((pixels[..., 0] != pixels[..., 2]).any())


def test_a_gan_of_pictures_in_colour_draws_them_in_colour(capsys, pictures, few_steps):
    words = ("--size", "16x12", "--validation", 0.3, "--out", "r")
    said = ok(capsys, "train", "gan-small", *WORDS, *words)
    assert "pets: 28 training colour images of 16 x 12, 12 to test" in said
    assert (
        "brought to 16 x 12 by crop: the shorter side was scaled, the middle cut out (40)" in said
    )
    table = tomllib.loads(Path("r/config.toml").read_text())
    assert (table["shape"], table["size"], table["fit"]) == ([16, 12, 3], [16, 12], "crop")
    assert table["labels"] == ["cat", "dog"]
    assert all(map(coloured, Path("r/samples").iterdir()))
    ok(capsys, "sample", "r", "-n", 5, "--out", "s.npy")
    assert np.load("s.npy").shape == (5, 576)
    ok(capsys, "sample", "r", "--out", "s.png")
    assert coloured("s.png")
    found = ok(capsys, "evaluate", "r", "--samples", 30)
    assert {"frechet_distance", "neighbours", "copies"} <= found.keys()
    assert found["features"] == "of a classifier of such data"  # cats and dogs have labels


def test_a_run_goes_on_with_its_pictures_in_its_size(capsys, pets):
    ok(capsys, "train", "gan-small", *WORDS, "--size", 12, "--fit", "pad", "--out", "r")
    before = runs.load_data(runs.read_config(Path("r")), Path("r"))
    ok(capsys, "train", "--resume", "r", "--steps", 5, "--quiet")
    shutil.move("pets", "elsewhere")
    code, _, err = run(capsys, "evaluate", "r")
    assert (code, "is not there any more" in err) == (2, True)
    ok(capsys, "train", "--resume", "r", "--steps", 6, "--quiet", "--data", "elsewhere")
    after = runs.load_data(runs.read_config(Path("r")), Path("r"))
    padded = load_split("elsewhere", 0.1, 12, "pad")
    for data in (before, after):
        assert data.shape == (12, 12, 3)
        np.testing.assert_array_equal(data.train, padded.train)


@pytest.mark.parametrize("option", [("--size", 8), ("--fit", "pad")])
def test_a_run_keeps_the_size_that_it_began_with(capsys, pets, option):
    ok(capsys, "train", "gan-small", *WORDS, "--size", 12, "--out", "r")
    code, _, err = run(capsys, "train", "--resume", "r", *option)
    assert (code, f"{option[0]} cannot be changed" in err) == (2, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "all pictures must have one size, as --size 32 (in Python, size=32) makes them"),
        (("--fit", "pad"), "--fit pad says how pictures are brought to a size: give --size, too"),
        (("--size", 8, "--fit", "corp"), "unknown fit 'corp': did you mean 'crop'"),
        (("--size", "8x"), "a size is 32 or 32x48, height x width, say, not '8x'"),
    ],
)
def test_pictures_that_have_no_one_size_are_refused(capsys, pets, words, message):
    for command in (("train", *WORDS, "--out", "r"), ("data", "pets")):
        code, _, err = run(capsys, *command, *words)
        assert (code, err.count("\n"), message in err) == (2, 1, True), err
    assert not Path("r").exists()


def test_data_shows_pictures_as_they_will_be(capsys, pets):
    code, out, _ = run(capsys, "data", "pets", "--size", 9, "--fit", "stretch", "--out", "p.png")
    assert code == 0
    assert "colour images of 9 x 9" in out
    assert "training rows a class: cat: 20, dog: 20" in out
    assert coloured("p.png")


def test_classes_have_the_names_of_their_folders(capsys, pets):
    ok(capsys, "train", "cgan-mnist", *WORDS, "--size", 8, "--out", "r")
    ok(capsys, "sample", "r", "-n", 3, "--label", "dog", "--out", "dog.npy")
    ok(capsys, "sample", "r", "-n", 3, "--label", "cat", "--out", "cat.npy")
    assert (np.load("dog.npy") != np.load("cat.npy")).any()
    for label in ("cow", "1"):
        code, _, err = run(capsys, "sample", "r", "--label", label, "--out", "s.npy")
        assert (code, f"has no class {label}: there are cat, dog" in err) == (2, True)
    ok(capsys, "train", "classifier", *WORDS, "--size", 8, "--out", "c")
    found = ok(capsys, "evaluate", "c")
    assert (found["labels"], np.shape(found["confusion"])) == (["cat", "dog"], (2, 2))
    Path("pets/cat").rename("pets/ape")
    code, _, err = run(capsys, "evaluate", "c")
    assert (code, "has other labels than c was trained with" in err) == (2, True)


def test_one_class_is_learned_and_the_others_are_anomalies(capsys, pets):
    data = ("--data", "pets:cat", *WORDS[2:])
    ok(capsys, "train", "detector", *data, "--size", 8, "--validation", 0.3, "--out", "r")
    assert runs.load_data(runs.read_config(Path("r")), Path("r")).name == "pets:cat"
    for words in ((), ("--normal", "dog")):
        assert ok(capsys, "detect", "r", *words, "--out", "p.png")["nearest rows"]["auroc"] == 1
    code, _, err = run(capsys, "detect", "r", "--normal", "cow", "--out", "p.png")
    assert (code, "has no class cow: there are cat, dog" in err) == (2, True)


USES = {
    "vae": ("reconstruct", "explore", "interpolate", "complete", "reduce"),
    "gan-small": ("explore", "interpolate", "complete"),
    "denoiser": ("enhance", "reconstruct"),
    "denoiser-conv": ("enhance", "reconstruct"),
    "superresolver-conv": ("enhance",),
    "completer-conv": ("complete",),
    "translator": ("translate",),
}


@pytest.mark.parametrize("preset", USES)
def test_every_use_takes_colours(capsys, pets, preset):
    ok(capsys, "train", preset, *WORDS, "--size", 16, "--out", "r")
    for use in USES[preset]:
        ok(capsys, use, "r", "--out", "p.png")
        assert use == "reduce" or coloured("p.png"), use


def test_attacks_on_colours_are_drawn_with_the_names_of_classes(capsys, pets, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "npgan.commands.common.draw_rows", lambda path, rows, *rest: drawn.append(rest)
    )
    for preset in ("classifier", "autoencoder"):
        ok(capsys, "train", preset, *WORDS, "--size", 8, "--out", preset)
    ok(capsys, "defend", "classifier", "--through", "autoencoder", "--out", "p.png")
    shape, notes = drawn[0]
    assert shape == (8, 8, 3)
    assert {name for row in notes.values() for name in row} <= CLASSES.keys()


@pytest.mark.parametrize("name", ["denoiser-conv", "superresolver-conv", "completer-conv"])
@pytest.mark.parametrize(("size", "what"), [("18x16", "height"), ("16x18", "width")])
def test_images_that_cannot_be_halved_twice_are_refused_before_training(
    capsys, pets, name, size, what
):
    code, _, err = run(capsys, "train", name, *WORDS, "--size", size, "--out", "r")
    assert (code, f"needs a {what} that is a multiple of 4" in err) == (2, True), err
    assert not Path("r").exists()


@pytest.mark.parametrize("preset", ["superresolver", "completer"])
def test_layers_of_grey_images_are_refused_before_training(capsys, pets, preset):
    code, _, err = run(capsys, "train", preset, *WORDS, "--size", 16, "--out", "r")
    assert (code, "grey ones: pets has colour images of 16 x 16" in err) == (2, True)
    assert not Path("r").exists()


DATA = {
    "another shape": np.zeros((40, 4, 9, 1), np.uint8),
    "other labels": np.zeros((40, 6, 6, 1), np.uint8),
    "another range": np.linspace(0, 1, 1440, dtype=np.float32).reshape(40, 6, 6, 1),
}


@pytest.mark.parametrize("other", DATA)
def test_a_classifier_of_other_data_compares_no_samples(capsys, undrawn, other):
    labels = np.arange(40) % 2
    images = RNG.integers(0, 256, (40, 6, 6, 1), np.uint8)
    np.savez("d.npz", train=images, train_labels=labels, test=images, test_labels=labels)
    others = np.where(labels == 1, 7, 0) if other == "other labels" else labels
    np.savez("e.npz", train=DATA[other], train_labels=others)
    short = ("--steps", 2, "--batch-size", 8, "--quiet", "--data")
    ok(capsys, "train", "gan-small", *short, "d.npz", "--out", "r")
    for data, out in (("d.npz", "c"), ("e.npz", "o")):
        ok(capsys, "train", "classifier", *short, data, "--out", out)
    assert "classifier_accuracy" in ok(
        capsys, "evaluate", "r", "--samples", 20, "--classifier", "c"
    )
    code, _, err = run(capsys, "evaluate", "r", "--samples", 20, "--classifier", "o")
    assert (code, "--classifier o was trained on other data: its" in err) == (2, True), err


def test_ranges_are_others_if_they_differ_by_more_than_a_tenth():
    assert not _far(None, None)
    assert _far(None, [0.0, 1.0])
    assert not _far([2.0, 4.0], [1.9, 4.1])
    assert _far([2.0, 4.0], [1.7, 4.0])
    assert not _far([0.0, 10.0], [1.0, 10.0])  # a tenth


def test_the_width_of_which_ranges_differ_by_a_tenth_is_the_classifiers(monkeypatch):
    """Its range is [0, 1]: its features mean less of what lies further outside."""
    its, config = (
        SimpleNamespace(image_range=[0.0, n], shape=[2, 2, 1], data="d") for n in (1, 1.105)
    )
    monkeypatch.setattr(runs, "load_for", lambda *_: ("model", its))
    with pytest.raises(InputError, match=r"its image_range is \[0.0, 1\], that of d is"):
        evaluate._classifier(Path("c"), config, SimpleNamespace(test_labels=None))


def test_labels_that_are_text_are_no_digits_to_a_classifier(capsys, undrawn, few_steps):
    images = RNG.integers(0, 256, (30, 28, 28), np.uint8)
    names = np.array(["one", "two"])[np.arange(30) % 2]
    np.savez("d.npz", train=images, train_labels=names, test=~images, test_labels=names)
    ok(capsys, "train", "cgan-mnist", "--data", "d.npz", *WORDS[2:], "--out", "r")
    found = ok(capsys, "evaluate", "r", "--samples", 20)
    assert found["features"].startswith("none")
    assert not {"feature_frechet_distance", "classifier_accuracy"} & found.keys()


# --- a pixel's channels --------------------------------------------------------------------------

COLOURS = RNG.random((2, 12 * 13 * 3))


def channels(x):
    return [x.reshape(-1, 12, 13, 3)[..., c].reshape(len(x), -1) for c in range(3)]


def test_the_structural_similarity_of_colours_is_the_mean_of_their_channels():
    truth = np.clip(COLOURS + 0.2 * RNG.random(COLOURS.shape), 0, 1)
    pairs = zip(channels(COLOURS), channels(truth), strict=True)
    alone = [ssim(x, t, (12, 13)) for x, t in pairs]
    np.testing.assert_allclose(ssim(COLOURS, truth, (12, 13, 3)), np.mean(alone, axis=0))


def test_each_channel_is_filtered_alone():
    found = enhance.wiener(COLOURS, (12, 13, 3), 0.2)
    for ours, channel in zip(channels(found), channels(COLOURS), strict=True):
        np.testing.assert_allclose(ours, enhance.wiener(channel, (12, 13), 0.2))


def test_a_pixel_is_hidden_in_all_its_channels():
    grey = complete.known_pixels("left", (2, 4))
    assert complete.known_pixels("left", (2, 4, 3)).tolist() == grey.repeat(3).tolist()
    Image.new("RGB", (4, 2), "red").save("hole.png")
    image = Image.open("hole.png")
    image.putpixel((1, 0), (255, 255, 255))
    image.save("hole.png")
    known = complete.known_pixels("hole.png", (2, 4, 3)).reshape(8, 3)
    assert known.tolist() == [[float(i == 1)] * 3 for i in range(8)]


def test_each_image_can_have_a_file_of_its_own_which_train_takes(capsys, pets):
    ok(capsys, "train", "cgan-mnist", *WORDS, "--size", 8, "--out", "r")
    ok(capsys, "sample", "r", "-n", 12, "--each", "made")
    names = sorted(str(path) for path in Path("made").rglob("*.png"))
    assert names == sorted(f"made/{'dog' if i % 2 else 'cat'}/{i:02}.png" for i in range(12))
    ok(capsys, "sample", "r", "-n", 12, "--out", "s.npy")
    made = load("made")
    assert made.classes == ("cat", "dog")
    drawn = np.rint(255 * np.load("s.npy"))
    np.testing.assert_array_equal(made.train, np.concatenate([drawn[::2], drawn[1::2]]))
    code, _, err = run(capsys, "sample", "r", "--each", "made")
    assert (code, "made exists: --each makes a new folder" in err) == (2, True)


def test_rows_of_numbers_can_be_a_csv_file(capsys):
    np.save("x.npy", np.random.default_rng(0).random((60, 3)).astype(np.float32))
    ok(capsys, "train", "gan-small", "--data", "x.npy", "--steps", 1, "--quiet", "--out", "r")
    for ending in ("csv", "npy"):
        ok(capsys, "sample", "r", "-n", 5, "--out", f"s.{ending}")
    assert Path("s.csv").read_text().startswith("x1,x2,x3\n")
    rows = np.loadtxt("s.csv", delimiter=",", skiprows=1)
    np.testing.assert_allclose(rows, np.load("s.npy"), rtol=1e-6)
    code, _, err = run(capsys, "sample", "r", "--each", "made")
    assert (code, "needs images" in err) == (2, True)
