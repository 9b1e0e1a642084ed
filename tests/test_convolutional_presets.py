"""Presets with convolutions fit images of any size and number of channels, and refuse what they cannot take."""

import numpy as np
import pytest

from npgan import InputError
from npgan.data import Dataset
from npgan.layers import build
from npgan.models.convolutional import CONVOLUTIONAL
from npgan.models.recipes import doubling, halving, small
from npgan.models.refit import in_numbers


def images(height, width, channels, n=24):
    """Return a data set of random images of two classes."""
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 256, (n, height * width * channels)).astype(np.uint8)
    shape = height, width, channels
    return Dataset("photos", rows, train_labels=np.arange(n) % 2, shape=shape)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_a_preset_trains_on_images_of_another_size(name, channels):
    data = images(16, 8, channels)
    config = CONVOLUTIONAL[name].for_data(data).override(steps=2, batch_size=8)
    model = config.build(len(data.train))
    before = {key: array.copy() for key, array in model.weights().items()}
    model.fit(data, steps=2, batch_size=8, rng=0, callbacks=[])
    changed = [key for key, array in model.weights().items() if (array != before[key]).any()]
    weights = [key for key in before if key.endswith("weight")]
    assert set(weights) <= set(changed)


UNFIT = {
    "height": (images(18, 16, 1), "needs a height that is a multiple of 4, not 18: --size"),
    "width": (images(16, 18, 3), "needs a width that is a multiple of 4, not 18: --size"),
    "a table": (
        Dataset("t", np.ones((9, 4), np.float32)),
        "is for images: t has rows of 4 numbers",
    ),
}
U = "denoiser-conv", "superresolver-conv", "completer-conv", "translator-conv"


@pytest.mark.parametrize("name", [name for name in CONVOLUTIONAL if name not in U])
@pytest.mark.parametrize("why", UNFIT)
def test_what_does_not_fit_is_one_line(name, why):
    data, message = UNFIT[why]
    with pytest.raises(InputError, match=message):
        CONVOLUTIONAL[name].for_data(data).build(len(data.train))


@pytest.mark.parametrize("name", U)
@pytest.mark.parametrize("why", UNFIT)
def test_what_a_u_does_not_fit_is_refused(name, why):
    data, _ = UNFIT[why]
    with pytest.raises(InputError, match=r"^[^\n]+$"):
        CONVOLUTIONAL[name].for_data(data).build(len(data.train))


def dark_squares(n, side=8):
    """Return rows of two equal images, of a white square each; six in seven pixels are black."""
    images = np.zeros((n, side, side), np.float32)
    for one, i, j in zip(
        images, *np.random.default_rng(0).integers(0, side - 2, (2, n)), strict=True
    ):
        one[i : i + 3, j : j + 3] = 1
    return np.tile(images.reshape(n, -1), 2)


def test_the_translator_of_dark_images_draws_more_than_the_median_which_is_black():
    pairs = dark_squares(512)
    source, target = np.split(pairs, 2, axis=1)
    config = CONVOLUTIONAL["translator-conv"].for_data(Dataset("dark", pairs, shape=(16, 8, 1)))
    model = config.build(len(pairs))
    model.fit(pairs, steps=100, batch_size=32, rng=0, callbacks=[])
    assert abs(model.translate(source) - target).mean() < 0.75 * target.mean()


@pytest.mark.parametrize("word", ["height/0", "height/x", "height/", "3/4*height"])
def test_a_part_of_a_size_is_a_whole_number(word):
    with pytest.raises(InputError):
        in_numbers([f"dense 2 {word}"], {"height": 8})


def test_every_stage_doubles_the_images():
    assert doubling(8, 4, 2, hidden="relu")[0] == "reshape height/8 width/8 8"


@pytest.mark.parametrize("widths", [[6], [4, 6], [3, 4, 6]])
def test_an_image_is_halved_and_doubled_once_for_each_width(widths):
    sizes = {"height": 16, "width": 24, "channels": 2}
    few = (16 >> len(widths)) * (24 >> len(widths)) * 6
    assert in_numbers(small(*widths), sizes) == str(few)
    for specs, ends in (
        (halving(*widths, hidden="relu"), (16 * 24 * 2, few)),
        (doubling(*widths[::-1], hidden="relu"), (few, 16 * 24 * 2)),
    ):
        network = build(in_numbers(specs, sizes))
        assert (network.in_width, network.out_width) == ends
