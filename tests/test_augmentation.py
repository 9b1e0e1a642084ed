"""Layers that change images at random: what they draw, and discriminators that begin with them."""

import numpy as np
import pytest

from npgan import GAN, InputError, backend, gradcheck
from npgan.layers import LAYERS, build
from npgan.objectives.penalties import PENALTIES

COLOURS = "random_brightness 0.5", "random_saturation 1.0", "random_contrast 0.5"
PLACES = "random_flip", "random_shift 1", "random_block 1"


def one(spec):
    return build([spec]).layers[0]


def rng(seed=0):
    return np.random.default_rng(seed)


# --- what is drawn ---------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", [*PLACES, COLOURS[0]])
def test_an_image_has_one_draw_for_all_channels_and_others_another(spec):
    x = np.repeat(rng().random((1, 4, 3, 1)), 3, axis=3)
    y = one(spec)(np.repeat(x, 40, axis=0), rng(1)) - x
    np.testing.assert_array_equal(y, np.repeat(y[..., :1], 3, axis=3))
    assert len(np.unique(y, axis=0)) >= (2 if spec == "random_flip" else 8)


def test_half_of_the_images_are_flipped():
    n, x = 10_000, np.zeros((1, 1, 2, 3))
    x[:, :, 1] = 1
    y = one("random_flip")(np.repeat(x, n, axis=0), rng())
    assert (y.sum(axis=2) == 1).all()
    assert abs(y[:, 0, 0, 0].mean() - 1 / 2) < 5 * np.sqrt(1 / 4 / n)


def test_all_pixels_become_brighter_by_as_much():
    y = one("random_brightness")(np.zeros((5, 2, 3, 3)), rng())
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1, :1, :1], y.shape))


LIMITS = {
    "random_brightness": (-0.5, 0.5),
    "random_saturation": (0.0, 2.0),
    "random_contrast": (0.5, 1.5),
}


@pytest.mark.parametrize("name", LIMITS)
def test_numbers_are_drawn_evenly_between_their_limits(name):
    n, (low, high) = 20_000, LIMITS[name]
    x = np.zeros((n, 1, 1, 2))
    x[..., 0], x[..., 1] = (0, 0) if name == "random_brightness" else (-1, 1)  # the mean is 0
    drawn = one(name)(x, rng())[..., 1].ravel()
    share = (drawn - low) / (high - low)
    assert 0 <= share.min() < 1e-3 < 1 - 1e-3 < share.max() <= 1
    for power in (1, 2, 3):  # of a uniform number u, E u**p = 1 / (p + 1)
        expected, square = 1 / (power + 1), 1 / (2 * power + 1)
        assert abs((share**power).mean() - expected) < 5 * np.sqrt((square - expected**2) / n)


@pytest.mark.parametrize("spec", [*COLOURS, *PLACES, "pixelate 2"])
def test_both_backends_draw_the_same_numbers(spec):
    drawn = []
    for name in backend.BACKENDS:
        backend.use(name)
        drawn.append(one(spec)(rng().random((9, 4, 6, 3), np.float32), rng(1)))
    np.testing.assert_array_equal(*drawn)
    assert drawn[0].dtype == np.float32


def test_grey_images_have_no_saturation_and_even_ones_no_contrast():
    grey = np.repeat(rng().random((5, 4, 4, 1)), 3, axis=3)
    np.testing.assert_allclose(one("random_saturation")(grey, rng()), grey, rtol=0, atol=1e-15)
    even = np.full((5, 4, 4, 3), 0.25)
    np.testing.assert_array_equal(one("random_contrast")(even, rng()), even)


# --- what does not fit -----------------------------------------------------------------------------

UNFIT = {
    "random_shift 5": r"RandomShift\(5\) does not fit images of 4 x 6 pixels",
    "random_block 5": r"RandomBlock\(5\) does not fit images of 4 x 6 pixels",
    "pixelate 3": r"Pixelate\(3\) does not fit images of 4 x 6 pixels",
    "random_saturation 1.5": r"strength of a random_saturation must be a number in \[0, 1\], not 1.5",
    "random_brightness 0": "what a random_brightness adds at most must be a positive number, not 0",
}


@pytest.mark.parametrize("spec", UNFIT)
def test_a_layer_that_does_not_fit_images_is_refused_before_training(spec):
    with pytest.raises(InputError, match=UNFIT[spec]):
        build(["reshape 4 6 3", spec])


@pytest.mark.parametrize("name", [spec.split()[0] for spec in COLOURS])
def test_of_no_images_none_are_made(name):
    assert one(name)(np.zeros((0, 4, 4, 3)), rng()).shape == (0, 4, 4, 3)


def test_rows_have_no_saturation():
    with pytest.raises(InputError, match="takes images, but the layer before it makes rows of 4"):
        build(["dense 3 4", "random_saturation"])


@pytest.mark.parametrize("shape", [(3, 4), (2, 2, 2, 2)])
def test_what_is_no_image_is_refused(shape):
    with pytest.raises(InputError, match=r"rows of pixels, not \(|3 is no square|takes x"):
        one("random_flip")(np.zeros((5, *shape)), rng())


@pytest.mark.parametrize("name", [spec.split()[0] for spec in COLOURS])
def test_colours_stay_for_images_of_any_shape(name):
    assert LAYERS[name]().for_images((5, 4)).spec() == LAYERS[name]().spec()


# --- discriminators that begin with them --------------------------------------------------------------


def gan(*first, **settings):
    """Return a GAN of images of 2 x 3 pixels with 3 channels, whose discriminator begins with these layers."""
    generator = build(["dense 3 5", "tanh", "dense 5 18"], rng=0)
    critic = ["conv2d 3 2 2", "tanh", "flatten", "dense 4 1"]
    discriminator = build(["reshape 2 3 3", *first, *critic], rng=1)
    return GAN(generator.astype(np.float64), discriminator.astype(np.float64), **settings)


@pytest.mark.parametrize("penalty", [None, *PENALTIES])
@pytest.mark.parametrize("first", [COLOURS, PLACES])
def test_steps_have_the_gradients_of_their_losses(first, penalty):
    model = gan(*first, penalties={penalty: 0.7} if penalty else {})
    steps = model.gradient_steps(rng(2).random((6, 18)))
    assert [step.name for step in steps] == ["discriminator step", "generator step"]
    for step in steps:
        assert gradcheck(step.function, wrt=step.parameters), step.name


def test_real_and_generated_images_are_drawn_apart():
    """Of a batch of equal images, real and generated, D sees no two alike; without rng, all alike."""
    model = gan(*COLOURS)
    x = np.repeat(rng().random((1, 18)), 8, axis=0)
    logits = model.discriminator(np.concatenate([x, x]), rng(1))
    assert len(np.unique(logits)) == 16
    assert np.ptp(model.discriminator(np.concatenate([x, x]))) < 1e-12


def test_a_penalty_is_of_the_slope_before_augmentation():
    """D = w · contrast(x): by the chain rule the slope is s w + (1 - s) mean(w), of each image's own s."""
    net = build(["random_contrast 0.5", "dense 4 1"], rng=0).astype(np.float64)
    x, w = rng().random((6, 4)), net.parameters["1.weight"][:, 0]
    _, cache = net.forward(x, rng(1))
    value = net.penalized_backward(np.zeros((6, 1)), np.ones((6, 1)), cache)
    s = rng(1).uniform(0.5, 1.5, (6, 1))
    assert value == pytest.approx(np.square(s * w + (1 - s) * w.mean()).sum() / 2, rel=1e-12)


def test_what_is_shifted_out_of_the_image_has_no_gradient():
    net = build(["reshape 2 3 3", "random_shift 2", "flatten", "dense 18 1"], rng=1)
    y, cache = net.forward(rng().random((200, 18), np.float32), rng(4))
    dx = net.backward(np.ones_like(y), cache).reshape(200, 2, 3, 3)
    down, right = abs(rng(4).integers(-2, 2, (200, 2), endpoint=True)).T
    seen = np.maximum(2 - down, 0) * (3 - right)
    np.testing.assert_array_equal((dx != 0).any(axis=3).sum(axis=(1, 2)), seen)
